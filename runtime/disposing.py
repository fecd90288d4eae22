"""The last step of a disposal, composed for the API: it makes a document and takes files out of the store, and the API
does neither. It is handed a `Disposer`, as it is handed a composer (docs/decisions/0038)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from activities import disposing
from activities.deps import Deps
from models.decisions import Officer
from models.disposals import DisposalView
from models.refusals import Refusal


@dataclass(frozen=True, slots=True)
class Disposer:
    """`dispose(disposal id, witness)`: everything that follows from the witness's word; called again, it goes on where
    it stopped. None: no such disposal."""

    deps: Deps
    clock: Callable[[], datetime]

    def __call__(self, identity: str, witness: Officer) -> DisposalView | Refusal | None:
        return disposing.witnessed(self.deps, identity, witness, self.clock())
