"""A sound file opens the register; a faulty one opens nothing and says where."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import load_workbook
from sqlmodel import Session, func, select

from ledger.db import Database
from ledger.intake import check, import_file, template
from ledger.intake.columns import ACCOUNTS, BODIES, PERSONS, SHEETS, UNITS
from ledger.intake.marked import MAX_NOTES
from models.enums import UnitKind
from models.intake import ImportReport
from models.register import Account, Holder, InternalBody, Journal, Occupancy, Person, Unit
from models.rulebook import Rulebook
from sample_data.big import write_workbook
from sample_data.codes import unit_code

from .book import AT, BIRTH, BUREAU, CENTRE, FIRST, Rows, sound, write


def run(database: Database, path: Path, *, accept: bool = False) -> ImportReport:
    return import_file(database, Rulebook(), path, accept_over_quota=accept, at=AT)


def count(session: Session, table: type) -> int:
    return session.exec(select(func.count()).select_from(table)).one()


def assert_nothing_stands(database: Database) -> None:
    with database.read() as session:
        assert [
            count(session, table) for table in (Unit, Holder, InternalBody, Account, Journal, Person, Occupancy)
        ] == [0] * 7


def test_a_sound_workbook_opens_the_register(database: Database, tmp_path: Path) -> None:
    report = run(database, write(tmp_path / "sound.xlsx", sound()))
    assert report == ImportReport(units=2, bodies=1, accounts=3, persons=3, imported=True)
    with database.read() as session:
        unit = session.get(Unit, CENTRE)
        assert unit is not None
        assert (unit.parent, unit.holder, unit.kind) == (BUREAU, CENTRE, "institution")
        account = session.exec(
            select(Account).where(Account.holder == BUREAU, Account.resource == "headcount:administrative")
        ).one()
        assert (account.authorised, account.occupied, account.tolerated_over) == (3, 2, 0)
        assert count(session, Person) == 3
        assert count(session, Occupancy) == 4
        opened = session.exec(select(Journal).where(Journal.basis_no == "示编〔2020〕1号")).one()
        assert (opened.kind, opened.d_authorised, opened.basis_date) == ("OPENING", 3, date(2020, 3, 1))
        assert opened.effective_on == date(2026, 11, 20)


def test_importing_again_is_a_fault_and_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "sound.xlsx", sound())
    run(database, path)
    report = run(database, path)
    assert not report.imported
    reasons = {(fault.sheet, fault.row, fault.column) for fault in report.faults}
    assert reasons == {
        (UNITS, 2, "统一社会信用代码"),
        (UNITS, 3, "统一社会信用代码"),
        (UNITS, 2, "机构编制管理证号"),
        (UNITS, 3, "机构编制管理证号"),
        (PERSONS, 2, "身份证号"),
        (PERSONS, 3, "身份证号"),
        (PERSONS, 4, "身份证号"),
    }
    with database.read() as session:
        assert count(session, Unit) == 2
        assert count(session, Person) == 3


def test_a_later_file_may_name_a_parent_of_the_register(database: Database, tmp_path: Path) -> None:
    run(database, write(tmp_path / "first.xlsx", sound()))
    rows: Rows = {name: [] for name in SHEETS}
    code = unit_code(9, UnitKind.INSTITUTION)
    rows[UNITS] = [
        {"code": code, "name": "示范市后设中心", "kind": "事业单位", "parent": BUREAU, "certificate_no": "示编证9号"}
    ]
    assert run(database, write(tmp_path / "second.xlsx", rows)).imported


def test_units_under_one_quota_share_a_holder(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[UNITS][1] |= {"kind": "机关", "shares": BUREAU}
    rows[ACCOUNTS].pop()
    rows[PERSONS][2]["headcount"] = "行政编制"
    assert run(database, write(tmp_path / "joint.xlsx", rows)).imported
    with database.read() as session:
        units = session.exec(select(Unit)).all()
        assert {unit.holder for unit in units} == {BUREAU}
        assert {unit.relation for unit in units} == {"合署办公"}
        account = session.exec(select(Account).where(Account.resource == "headcount:administrative")).one()
        assert account.occupied == 3


def _put(sheet: str, row: int, key: str, value: object) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        rows[sheet][row - 2][key] = value

    return spoil


def _again(sheet: str, row: int, **changes: object) -> Callable[[Rows], None]:
    def spoil(rows: Rows) -> None:
        rows[sheet].append(rows[sheet][row - 2] | changes)

    return spoil


FAULTS: list[tuple[str, Callable[[Rows], None], str, int, str, str]] = [
    ("bad check digit of a code", _put(UNITS, 3, "code", CENTRE[:-1] + "0"), UNITS, 3, "统一社会信用代码", "校验位"),
    ("malformed code", _put(UNITS, 3, "code", "12345"), UNITS, 3, "统一社会信用代码", "18位"),
    ("code twice", _again(UNITS, 2, name="别名", certificate_no="3"), UNITS, 4, "统一社会信用代码", "重复"),
    ("name missing", _put(UNITS, 2, "name", None), UNITS, 2, "机构名称", "必填"),
    ("name twice", _put(UNITS, 3, "name", "示范市测试局"), UNITS, 3, "机构名称", "重复"),
    ("unknown kind", _put(UNITS, 2, "kind", "公司"), UNITS, 2, "机构类型", "选项"),
    ("unknown parent", _put(UNITS, 3, "parent", unit_code(77, UnitKind.ORGAN)), UNITS, 3, "主管部门代码", "主管部门"),
    ("own parent", _put(UNITS, 2, "parent", BUREAU), UNITS, 2, "主管部门代码", "互为上下级"),
    ("circle of parents", _put(UNITS, 2, "parent", CENTRE), UNITS, 2, "主管部门代码", "互为上下级"),
    (
        "unknown joint unit",
        _put(UNITS, 2, "shares", unit_code(78, UnitKind.ORGAN)),
        UNITS,
        2,
        "合署共用编制机构代码",
        "无此机构",
    ),
    ("no such day", _put(UNITS, 2, "basis_date", "2020-02-30"), UNITS, 2, "机构设立日期", "没有这一天"),
    (
        "body of an unknown unit",
        _put(BODIES, 2, "unit", unit_code(79, UnitKind.ORGAN)),
        BODIES,
        2,
        "统一社会信用代码",
        "无此机构",
    ),
    ("body twice", _again(BODIES, 2), BODIES, 3, "内设机构名称", "重复"),
    ("negative number", _put(ACCOUNTS, 2, "authorised", -3), ACCOUNTS, 2, "核定数", "负数"),
    ("negative number as text", _put(ACCOUNTS, 2, "authorised", "-3"), ACCOUNTS, 2, "核定数", "负数"),
    ("broken number", _put(ACCOUNTS, 2, "authorised", 2.5), ACCOUNTS, 2, "核定数", "整数"),
    ("number in words", _put(ACCOUNTS, 2, "authorised", "三"), ACCOUNTS, 2, "核定数", "整数"),
    ("truth value", _put(ACCOUNTS, 2, "authorised", True), ACCOUNTS, 2, "核定数", "逻辑值"),
    (
        "category of another kind",
        _put(ACCOUNTS, 2, "resource", "全额拨款事业编制"),
        ACCOUNTS,
        2,
        "编制或职数类别",
        "不得使用",
    ),
    ("account twice", _again(ACCOUNTS, 2), ACCOUNTS, 5, "编制或职数类别", "重复"),
    ("half a basis", _put(ACCOUNTS, 2, "basis_body", None), ACCOUNTS, 2, "批准机关", "同填或同空"),
    ("over quota", _put(ACCOUNTS, 2, "authorised", 1), ACCOUNTS, 2, "核定数", "超编1"),
    ("over leader posts", _put(ACCOUNTS, 3, "authorised", 0), ACCOUNTS, 3, "核定数", "超职数1"),
    (
        "identity check digit",
        _put(PERSONS, 2, "identity_no", FIRST[:-1] + ("0" if FIRST[-1] != "0" else "1")),
        PERSONS,
        2,
        "身份证号",
        "校验位",
    ),
    (
        "identity as a number",
        _put(PERSONS, 2, "identity_no", int(FIRST[:17] + "0")),
        PERSONS,
        2,
        "身份证号",
        "文本格式",
    ),
    ("other birth date", _put(PERSONS, 2, "birth_date", date(1990, 1, 2)), PERSONS, 2, "身份证号", "出生日期"),
    ("other sex", _put(PERSONS, 2, "sex", "男"), PERSONS, 2, "身份证号", "性别"),
    (
        "person twice",
        _again(PERSONS, 2, unit=CENTRE, headcount="全额拨款事业编制", post=None),
        PERSONS,
        5,
        "身份证号",
        "一人只能占一个编制",
    ),
    ("one number, two names", _put(PERSONS, 3, "identity_no", FIRST), PERSONS, 3, "身份证号", "姓名不同"),
    (
        "person of an unknown unit",
        _put(PERSONS, 2, "unit", unit_code(80, UnitKind.ORGAN)),
        PERSONS,
        2,
        "统一社会信用代码",
        "无此机构",
    ),
    ("no such account", _put(PERSONS, 3, "headcount", "机关工勤编制"), PERSONS, 3, "编制类别", "未登记"),
    ("neither headcount nor post", _put(PERSONS, 3, "headcount", None), PERSONS, 3, "编制类别", "至少填一项"),
    ("unknown body", _put(PERSONS, 3, "internal_body", "规划处"), PERSONS, 3, "所在内设机构", "无此内设机构"),
    ("entered as a child", _put(PERSONS, 3, "entered_on", date(2001, 1, 1)), PERSONS, 3, "落编日期", "不满16周岁"),
    ("entered tomorrow", _put(PERSONS, 3, "entered_on", date(2026, 11, 21)), PERSONS, 3, "落编日期", "今日之后"),
    ("formula", _put(PERSONS, 3, "name", '=HYPERLINK("http://x")'), PERSONS, 3, "姓名", "公式"),
    ("command", _put(PERSONS, 3, "position", "@SUM(1)"), PERSONS, 3, "职务", "公式"),
    ("zero-width character", _put(PERSONS, 3, "name", "李\u200b示范"), PERSONS, 3, "姓名", "U+200B"),
    ("line break", _put(PERSONS, 3, "name", "李\n示范"), PERSONS, 3, "姓名", "换行"),
    ("spreadsheet error", _put(PERSONS, 3, "position", "#REF!"), PERSONS, 3, "职务", "错误值"),
]


@pytest.mark.parametrize(
    ("spoil", "sheet", "row", "column", "reason"), [case[1:] for case in FAULTS], ids=[case[0] for case in FAULTS]
)
def test_a_fault_is_located_and_nothing_is_imported(
    database: Database, tmp_path: Path, spoil: Callable[[Rows], None], sheet: str, row: int, column: str, reason: str
) -> None:
    rows = sound()
    spoil(rows)
    report = run(database, write(tmp_path / "faulty.xlsx", rows))
    assert not report.imported
    assert any((f.sheet, f.row, f.column) == (sheet, row, column) and reason in f.reason for f in report.faults), (
        report.faults
    )
    assert_nothing_stands(database)


def test_every_fault_is_listed_at_once_and_marked_in_a_private_copy(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[UNITS][0]["name"] = "=1+1"
    rows[ACCOUNTS][0]["authorised"] = -1
    rows[PERSONS][1]["sex"] = "女"
    report = run(database, write(tmp_path / "region.xlsx", rows))
    assert {(fault.sheet, fault.row) for fault in report.faults} >= {(UNITS, 2), (ACCOUNTS, 2), (PERSONS, 3)}
    copy = tmp_path / "region.faults.xlsx"
    assert report.faults_file == str(copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    book = load_workbook(copy)
    assert book.sheetnames == ["错误清单", UNITS, BODIES, ACCOUNTS, PERSONS]
    assert book["错误清单"].max_row == 1 + len(report.faults)
    marked = book[PERSONS].cell(row=3, column=5)
    assert marked.fill.start_color.rgb == "FFFFC7CE"
    assert "性别" in marked.comment.text
    assert book[PERSONS].cell(row=4, column=5).comment is None
    assert book[UNITS].cell(row=2, column=2).value == "'=…"
    assert book[UNITS].cell(row=2, column=2).data_type == "s"


def test_the_corrected_copy_is_accepted(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[ACCOUNTS][0]["authorised"] = -1
    run(database, write(tmp_path / "region.xlsx", rows))
    book = load_workbook(tmp_path / "region.faults.xlsx")
    book[ACCOUNTS].cell(row=2, column=3).value = 3
    book.save(tmp_path / "corrected.xlsx")
    assert run(database, tmp_path / "corrected.xlsx").imported


def test_over_quota_is_accepted_only_when_asked(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[ACCOUNTS][0]["authorised"] = 1
    path = write(tmp_path / "over.xlsx", rows)
    assert not run(database, path).imported
    assert run(database, path, accept=True).imported
    with database.read() as session:
        account = session.exec(select(Account).where(Account.resource == "headcount:administrative")).one()
        assert (account.authorised, account.occupied, account.tolerated_over) == (1, 2, 1)


def test_a_row_of_an_unknown_unit_does_not_hide_the_faults_of_its_identity_number(
    database: Database, tmp_path: Path
) -> None:
    rows = sound()
    wrong = FIRST[:-1] + ("0" if FIRST[-1] != "0" else "1")
    elsewhere = unit_code(80, UnitKind.ORGAN)
    rows[PERSONS][0] |= {"unit": elsewhere, "identity_no": wrong}
    rows[PERSONS][1] |= {"unit": elsewhere, "identity_no": wrong, "birth_date": None, "sex": None}
    rows[PERSONS][2] |= {"unit": elsewhere, "birth_date": None}
    faults = run(database, write(tmp_path / "faulty.xlsx", rows)).faults
    assert {fault.row for fault in faults if "校验位" in fault.reason} == {2, 3}
    assert not [fault for fault in faults if fault.row == 4 and fault.column == "身份证号"]


def test_a_faulty_row_does_not_make_its_unit_look_over_quota(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[ACCOUNTS][0]["authorised"] = 1
    rows[PERSONS][1]["identity_no"] = FIRST
    faults = run(database, write(tmp_path / "faulty.xlsx", rows)).faults
    assert {(fault.sheet, fault.row) for fault in faults} == {(PERSONS, 3)}


def test_unnamed_persons_count(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[ACCOUNTS][0]["unnamed"] = 1
    assert run(database, write(tmp_path / "unnamed.xlsx", rows)).imported
    with database.read() as session:
        account = session.exec(select(Account).where(Account.resource == "headcount:administrative")).one()
        assert account.occupied == 3


def test_unknown_and_missing_headings_and_sheets_are_named(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "headings.xlsx", sound())
    book = load_workbook(path)
    book[PERSONS]["B1"] = "名字"
    del book[BODIES]
    book.create_sheet("附表")
    book.save(path)
    faults = {
        (fault.sheet, fault.row, fault.column, fault.reason.split(" · ")[0]) for fault in run(database, path).faults
    }
    assert (PERSONS, 1, "名字", "未知列名") in faults
    assert (PERSONS, 1, "姓名", "缺少必填列") in faults
    assert (BODIES, 0, "", "缺少工作表") in faults
    assert ("附表", 0, "", "未知工作表") in faults


def test_an_unreadable_sheet_does_not_fault_the_rows_of_others(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "headings.xlsx", sound())
    book = load_workbook(path)
    book[UNITS]["A1"] = "代码"
    book.save(path)
    assert {fault.sheet for fault in run(database, path).faults} == {UNITS}


def test_content_without_a_heading_is_a_fault(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "beyond.xlsx", sound())
    book = load_workbook(path)
    book[UNITS]["Z3"] = "另注"
    book[PERSONS].insert_cols(3)
    book[PERSONS]["C2"] = "曾用名"
    book.save(path)
    faults = {(fault.sheet, fault.row) for fault in run(database, path).faults}
    assert faults == {(UNITS, 3), (PERSONS, 2)}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_folder_of_csv_files_is_taken_as_a_workbook(database: Database, tmp_path: Path, encoding: str) -> None:
    folder = tmp_path / "region"
    folder.mkdir()
    for name, rows in sound().items():
        with (folder / f"{name}.csv").open("w", encoding=encoding, newline="") as file:
            writer = csv.writer(file)
            writer.writerow([column.heading for column in SHEETS[name]])
            writer.writerows([[row.get(column.key) for column in SHEETS[name]] for row in rows])
    assert run(database, folder).imported


def test_faults_of_a_csv_folder_come_back_as_a_workbook(database: Database, tmp_path: Path) -> None:
    folder = tmp_path / "region"
    folder.mkdir()
    (folder / f"{UNITS}.csv").write_text(
        "统一社会信用代码,机构名称,机构类型,机构编制管理证号\n1,=x,机关,1\n", encoding="utf-8"
    )
    report = run(database, folder)
    assert report.faults_file == str(tmp_path / "region.faults.xlsx")
    assert load_workbook(report.faults_file)[UNITS]["B2"].value == "'=x"


def test_the_template_is_sound_and_empty(database: Database, tmp_path: Path) -> None:
    path = template(tmp_path / "template.xlsx")
    report = run(database, path)
    assert not report.imported
    assert [fault.reason for fault in report.faults] == ["没有填写任何机构 · no unit is filled in"]
    book = load_workbook(path)
    assert book.sheetnames == [*SHEETS, "选项"]
    assert [book[name]["A2"].value[:2] for name in SHEETS] == ["示例"] * 4
    assert all(book[name].max_row == 2 for name in SHEETS)
    assert book["选项"].sheet_state == "hidden"
    heading = book[PERSONS]["E1"]
    assert heading.value == "*身份证号"
    assert "999999199001010016" in heading.comment.text
    assert book[PERSONS].column_dimensions["E"].number_format == "@"
    assert len(book[PERSONS].data_validations.dataValidation) == 3


def test_a_filled_template_is_imported(database: Database, tmp_path: Path) -> None:
    book = load_workbook(template(tmp_path / "template.xlsx"))
    for name, rows in sound().items():
        for row in rows:
            book[name].append([row.get(column.key) for column in SHEETS[name]])
    book.save(tmp_path / "filled.xlsx")
    assert run(database, tmp_path / "filled.xlsx").persons == 3


def test_progress_is_told(database: Database, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    import_file(
        database, Rulebook(), write(tmp_path / "a.xlsx", sound()), at=AT, progress=lambda *step: told.append(step)
    )
    assert told[-1] == ("登记 · writing", 3, 3)
    assert any(phase == "核对 · checking 人员" for phase, _, _ in told)


def test_twenty_thousand_persons_are_a_matter_of_seconds(database: Database, tmp_path: Path) -> None:
    path = write_workbook(tmp_path / "big.xlsx", 20_000)
    started = time.perf_counter()
    report = run(database, path)
    seconds = time.perf_counter() - started
    assert (report.imported, report.persons, report.units) == (True, 20_000, 200)
    # Some 5 s on an idle core; the limit only tells a quadratic check from a linear one.
    assert seconds < 60
    with database.read() as session:
        assert (
            session.exec(select(func.sum(Account.occupied)).where(Account.resource.startswith("headcount"))).one()
            == 20_000
        )


def test_the_fault_list_names_no_identity_number(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[PERSONS][0]["birth_date"] = date(1991, 1, 1)
    rows[PERSONS][1]["identity_no"] = FIRST
    report = run(database, write(tmp_path / "faulty.xlsx", rows))
    assert FIRST not in report.model_dump_json()
    assert str(BIRTH) not in report.model_dump_json()


def test_an_identity_number_in_the_wrong_place_is_not_shown(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "faulty.xlsx", sound() | {})
    book = load_workbook(path)
    book[PERSONS]["C3"] = FIRST
    book[PERSONS]["Z1"] = FIRST
    book.create_sheet(FIRST)
    book.save(path)
    report = run(database, path)
    assert {fault.sheet for fault in report.faults} >= {PERSONS, FIRST[:6] + "*" * 12}
    assert FIRST not in report.model_dump_json()
    book[PERSONS]["Z1"] = None
    book.save(path)
    report = run(database, path)
    assert any(fault.column == "性别" and FIRST[:6] in fault.reason for fault in report.faults)
    assert FIRST not in report.model_dump_json()


def test_many_faults_are_all_in_the_last_column_and_the_first_have_notes(database: Database, tmp_path: Path) -> None:
    rows = sound()
    someone = rows[PERSONS][1]
    rows[PERSONS] = [someone | {"sex": "无" if number % 2 else "男"} for number in range(6_000)]
    report = run(database, write(tmp_path / "faulty.xlsx", rows))
    wrong = [fault for fault in report.faults if fault.column == "性别"]
    assert len(wrong) == 3_000
    book = load_workbook(tmp_path / "faulty.faults.xlsx")
    sheet = book[PERSONS]
    assert sheet.max_row == 6_001
    assert sheet["L1"].value == "问题"
    assert "不在选项中" in sheet["L6001"].value
    assert sheet.auto_filter.ref == "A1:L6001"
    assert sheet["C6001"].fill.start_color.rgb == "FFFFC7CE"
    assert sum(1 for row in sheet.iter_rows() for cell in row if cell.comment) == MAX_NOTES
    assert book["错误清单"].max_row == 1 + len(report.faults)


def test_a_copy_that_is_corrected_by_halves_is_marked_anew(database: Database, tmp_path: Path) -> None:
    rows = sound()
    rows[PERSONS][0]["sex"] = rows[PERSONS][1]["sex"] = "无"
    run(database, write(tmp_path / "region.xlsx", rows))
    book = load_workbook(tmp_path / "region.faults.xlsx")
    assert [bool(book[PERSONS].cell(row=row, column=12).value) for row in (2, 3, 4)] == [True, True, False]
    book[PERSONS]["C2"] = "女"
    book.save(tmp_path / "again.xlsx")
    assert {fault.row for fault in run(database, tmp_path / "again.xlsx").faults if fault.sheet == PERSONS} == {3}
    book = load_workbook(tmp_path / "again.faults.xlsx")
    assert [cell.value for cell in book[PERSONS][1]].count("问题") == 1
    assert [bool(book[PERSONS].cell(row=row, column=12).value) for row in (2, 3, 4)] == [False, True, False]
    book[PERSONS]["C3"] = "男"
    book.save(tmp_path / "sound.xlsx")
    assert run(database, tmp_path / "sound.xlsx").imported


def test_a_file_wrong_throughout_is_not_listed_without_end(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "MAX_FAULTS", 10)
    rows = sound()
    rows[PERSONS] = [rows[PERSONS][0] | {"sex": "无"}] * 50
    report = run(database, write(tmp_path / "faulty.xlsx", rows))
    assert len(report.faults) == 11
    assert "其余未列" in report.faults[-1].reason
    assert not report.imported
    assert_nothing_stands(database)


def test_progress_knows_how_many_rows_there_are(database: Database, tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    path = write_workbook(tmp_path / "big.xlsx", 3_000)
    import_file(database, Rulebook(), path, at=AT, progress=lambda *step: told.append(step))
    assert [step[1:] for step in told if step[0] == "核对 · checking 人员"] == [
        (1_000, 3_000), (2_000, 3_000), (3_000, 3_000), (3_000, 3_000),
    ]  # fmt: skip
