"""The package's own page: every case and document, readable in any browser, without a script or a network."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import jinja2

from models.docket import Docket
from models.enums import RenditionKind
from models.packages import PackageFacts, RecordLine
from rules.deadlines import SHANGHAI

from .archive_metadata import algorithm

_ENVIRONMENT = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
_TEMPLATE = Path(__file__).with_name("archive_view.html")


def overview(facts: PackageFacts, dockets: Sequence[Docket], lines: Sequence[RecordLine], names: dict[str, str]) -> str:
    """`index.html`. `names`: case id → name of its file in `cases/`."""
    of_case: dict[str, list[RecordLine]] = defaultdict(list)
    for line in lines:
        of_case[line.case_id].append(line)
    known = {docket.case_id for docket in dockets}
    return _ENVIRONMENT.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        facts=facts,
        dockets=dockets,
        of_case=of_case,
        others=[line for line in lines if line.case_id not in known],
        names=names,
        zone=SHANGHAI,
        algorithm=algorithm(facts.hash),
        labels={kind.value: kind.label for kind in RenditionKind},
    )
