"""The table of numbers in a package, which a person opens in a spreadsheet program."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from models.enums import DocumentKind, RecordState
from models.packages import RecordLine
from records.archive import _registers


@pytest.mark.parametrize("lead", ["=", "+", "-", "@", "＝"])
def test_a_title_that_reads_as_a_formula_is_escaped_there_and_kept_in_the_data(tmp_path: Path, lead: str) -> None:
    title = f"{lead}HYPERLINK(1)"
    line = RecordLine(
        id="r", series="示编", year=2026, seq=1, number="示编〔2026〕1号", kind=next(iter(DocumentKind)).value,
        title=title, case_id="c", step="s", round=1, subject="", unit="u", issued_on=date(2026, 1, 1), issuer="示范市",
        officers="", code="c", template_digest="", retention="永久", state=next(iter(RecordState)).value,
    )  # fmt: skip
    (tmp_path / "registers").mkdir()
    _registers(tmp_path, [line])
    with (tmp_path / "registers" / "numbers.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["标题"] for row in rows] == [f"'{title}"]
    kept = (tmp_path / "registers" / "records.jsonl").read_text(encoding="utf-8")
    assert RecordLine.model_validate_json(kept).title == title
