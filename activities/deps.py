"""What activities are given: built once in the worker's composition root."""

from __future__ import annotations

from dataclasses import dataclass

from docket.cases import Office
from ledger.db import Database
from models.rulebook import Calendar, Rulebook
from records.render import Renderer
from records.store import RecordStore


@dataclass(frozen=True, slots=True)
class Deps:
    """Database, store of records, renderer of documents, rules, calendar and the public address of QR codes."""

    database: Database
    store: RecordStore
    renderer: Renderer
    rulebook: Rulebook
    calendar: Calendar
    public_url: str

    @property
    def office(self) -> Office:
        return Office(self.rulebook, self.calendar)
