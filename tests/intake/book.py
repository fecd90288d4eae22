"""A small sound workbook that a test spoils in one place."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from ledger.intake.columns import ACCOUNTS, BODIES, PERSONS, SHEETS, UNITS
from ledger.intake.template import heading_text
from models.enums import Sex, UnitKind
from sample_data.codes import IdentityNumbers, unit_code

AT = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
BUREAU = unit_code(1, UnitKind.ORGAN)
CENTRE = unit_code(2, UnitKind.INSTITUTION)
_numbers = IdentityNumbers(300)
BIRTH = date(1990, 1, 1)
FIRST = _numbers.take(BIRTH, Sex.FEMALE)
SECOND = _numbers.take(BIRTH, Sex.MALE)
THIRD = _numbers.take(BIRTH, Sex.MALE)

Rows = dict[str, list[dict[str, Any]]]


def sound() -> Rows:
    """Two units, a body, three accounts, three persons of whom one leads."""
    person = {"birth_date": BIRTH, "entered_on": date(2015, 7, 1), "basis_no": "示人社〔2015〕8号"}
    return {
        UNITS: [
            {"code": BUREAU, "name": "示范市测试局", "kind": "机关", "certificate_no": "示编证1号"},
            {
                "code": CENTRE,
                "name": "示范市测试中心",
                "kind": "事业单位",
                "parent": BUREAU,
                "certificate_no": "示编证2号",
            },
        ],
        BODIES: [{"unit": BUREAU, "name": "综合处", "other_name": "法规处", "chief_posts": 1, "deputy_posts": 1}],
        ACCOUNTS: [
            {
                "unit": BUREAU,
                "resource": "行政编制",
                "authorised": 3,
                "basis_no": "示编〔2020〕1号",
                "basis_body": "示范市编委",
                "basis_date": "2020-03-01",
            },
            {"unit": BUREAU, "resource": "单位领导正职", "authorised": "1"},
            {"unit": CENTRE, "resource": "全额拨款事业编制", "authorised": 1.0, "unnamed": 0},
        ],
        PERSONS: [
            person
            | {"unit": BUREAU, "name": "王示范", "sex": "女", "identity_no": FIRST, "headcount": "行政编制"}
            | {"post": "单位领导正职", "position": "局长"},
            person
            | {"unit": BUREAU, "name": "李示范", "sex": "男", "identity_no": SECOND, "headcount": "行政编制"}
            | {"internal_body": "综合处"},
            person
            | {"unit": CENTRE, "name": "张示范", "sex": "男", "identity_no": THIRD, "headcount": "全额拨款事业编制"},
        ],
    }


def write(path: Path, rows: Rows) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, columns in SHEETS.items():
        sheet = book.create_sheet(name)
        sheet.append([heading_text(column) for column in columns])
        for row in rows[name]:
            sheet.append([row.get(column.key) for column in columns])
    book.save(path)
    return path
