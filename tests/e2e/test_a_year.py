"""One year of an office: what it leaves behind is proved by the package alone, where there is nothing else."""

from __future__ import annotations

import hashlib
import io
import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from docx import Document
from sqlmodel import col, select

from models.enums import DocumentKind, Procedure, RecordState, Resource, State
from models.phrasing import TITLE_CHARS, heading
from models.register import Record, Unit
from records.register import context_of
from rules.deadlines import chinese_date, local_day
from tests.support.engines import ENGINES, fresh_database
from tests.support.year import package, played
from tests.support.year_city import YEAR

pytestmark = pytest.mark.xdist_group("year")  # a year takes long to live through: one process does it for all

TOOLS = Path(sys.executable).parent
TIME_LIMIT_S = 120

NOT_IN_A_CASE = {DocumentKind.CERTIFICATE_BOOKLET, DocumentKind("disposal_list")}
"""Made when somebody asks, and when retention periods have ended: no case issues them."""

LATIN = re.compile(r"[A-Za-z][A-Za-z_-]{2,}")
KNOWN = {"RFC"}
"""The only Latin word that a document prints: the name of the log's standard, in the case file."""

FORMER = {"示范市政务服务中心": "示范市公共服务中心", "示范市农业技术推广中心": "示范市农业技术推广站"}
"""Units that were renamed in the year: an earlier paper has the name of its day."""

TITLED = (DocumentKind.CHANGE_REPLY.value, DocumentKind.INSPECTION_REPORT.value)
"""With a title of their own in 2号, over more than one line."""

CODES = re.compile(r"https?://[^\s，。；）]+|\b[0-9a-f]{16,}\b|\b[0-9A-Z]{18}\b|\b[0-9A-Z]{4}(?:-[0-9A-Z]{4}){2,}\b")
UUID = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
DAY = re.compile(r"(\d{4})年(\d{1,2})月(\d{1,2})日")


@dataclass(frozen=True)
class Year:
    """The package of the year, what was read of the register before it was deleted, and every secret in it."""

    package: Path
    next_year: list[tuple[str, int]]
    titles: list[str]
    units: list[str]
    secrets: list[str]

    @property
    def data(self) -> Path:
        return self.package / "data"

    def records(self) -> list[dict[str, Any]]:
        with (self.data / "registers" / "records.jsonl").open(encoding="utf-8") as rows:
            return [json.loads(row) for row in rows]

    def cases(self) -> dict[str, dict[str, Any]]:
        found = [json.loads(path.read_text("utf-8")) for path in (self.data / "cases").glob("*.json")]
        return {case["case_no"]: case for case in found}


@pytest.fixture(scope="module", params=ENGINES)
def year(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Year]:
    """Lived through once. Register, store and keyring are gone when the tests begin; the package cannot be written."""
    folder = tmp_path_factory.mktemp("year")
    with fresh_database(request.param, folder) as url:
        with played(folder / "register", url) as (y, parts):
            package(parts, folder / "package", lambda _what, _done, _of: None)
            with parts.database.read() as s:
                rows = select(Record.series, Record.seq).where(col(Record.year) == YEAR + 1).order_by("series", "seq")
                next_year = [(series, seq) for series, seq in s.exec(rows)]
                titled = select(Record).where(col(Record.kind).in_(TITLED))
                titles = [context_of(s, record).model_dump()["title"] for record in s.exec(titled)]
                units = [*s.exec(select(Unit.name)), *FORMER.values()]
            secrets = y.secrets
        shutil.rmtree(folder / "register")
        for left in folder.glob("register.db*"):
            left.unlink()
    assert [path.name for path in folder.iterdir()] == ["package"]
    _locked(folder / "package")
    yield Year(folder / "package", next_year, titles, units, secrets)
    _locked(folder / "package", 0o200)


def _locked(folder: Path, more: int = 0) -> None:
    for path in (folder, *folder.rglob("*")):
        path.chmod((0o500 if path.is_dir() else 0o400) | more)


@pytest.fixture(scope="module")
def texts(year: Year) -> dict[str, str]:
    """Number → everything that its document says: body, tables, head and foot of the page."""
    return {record["number"]: said(year.data / record["file"]) for record in year.records() if record["file"]}


def said(path: Path) -> str:
    """Every text of every part of a .docx, paragraph by paragraph."""
    Document(io.BytesIO(path.read_bytes()))  # as any program that opens it
    with zipfile.ZipFile(path) as parts:
        inside = [name for name in parts.namelist() if re.fullmatch(r"word/(document|header\d*|footer\d*)\.xml", name)]
        paragraphs = [each for name in inside for each in parts.read(name).decode("utf-8").split("</w:p>")]
    return "\n".join("".join(re.findall(r"<w:t(?: [^>]*)?>([^<]*)</w:t>", each)) for each in paragraphs)


def test_no_title_tears_a_name_or_a_label(year: Year) -> None:
    whole = {*year.units, *(resource.label for resource in Resource), "学校安全科", "校园安全管理科", "批复"}
    assert len(year.titles) >= 10
    for title in year.titles:
        lines = title.split("\n")
        assert all(4 <= len(line) <= TITLE_CHARS for line in lines), title
        assert len("".join(lines)) <= TITLE_CHARS or len(lines) > 1
        for word in whole:
            assert "".join(lines).count(word) == sum(line.count(word) for line in lines), (title, word)


def test_a_document_is_registered_under_the_title_that_it_prints(year: Year, texts: dict[str, str]) -> None:
    for record in year.records():
        if record["number"] not in texts:
            continue
        title = heading(record["title"])
        parts = ("机构编制管理证", "登记页") if record["kind"] == DocumentKind.CERTIFICATE.value else (title,)
        text = texts[record["number"]].replace("\n", "")
        assert "".join(parts) == title, record["number"]
        assert all(part in text for part in parts), (record["number"], title)


# --- proved from the package alone -----------------------------------------------------------------------------------


def alone(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run where nothing else is: an empty home, another working folder, no setting."""
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home), "LC_ALL": "C.UTF-8"}
    found = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT_S, check=False
    )
    assert list(home.rglob("*.db")) == []
    return found


def test_dingbian_verify_proves_the_year_from_the_package_alone(year: Year, tmp_path: Path) -> None:
    before = digests(year.package)
    found = alone([str(TOOLS / "dingbian"), "verify", "--json", str(year.package)], tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    report = json.loads(found.stdout)
    assert report["intact"]
    assert all(report["examined"][check] > 0 for check in ("authenticity", "integrity", "usability", "security"))
    assert digests(year.package) == before


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_program_of_others_calls_it_a_valid_bag(year: Year, tmp_path: Path) -> None:
    found = alone([sys.executable, str(TOOLS / "bagit.py"), "--validate", str(year.package)], tmp_path)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize("kind", [DocumentKind.VERIFICATION_SLIP, DocumentKind.CHANGE_REPLY, DocumentKind.CERTIFICATE])
def test_one_changed_byte_of_one_document_is_found_and_named(year: Year, tmp_path: Path, kind: DocumentKind) -> None:
    copy = Path(shutil.copytree(year.package, tmp_path / "copy"))
    _locked(copy, 0o200)
    chosen = next(record for record in year.records() if record["kind"] == kind.value)
    document = copy / "data" / chosen["file"]
    content = bytearray(document.read_bytes())
    content[len(content) // 2] ^= 1
    document.write_bytes(bytes(content))
    found = alone([str(TOOLS / "dingbian"), "verify", "--json", str(copy)], tmp_path)
    assert found.returncode == 1
    assert found.stdout, found.stderr
    report = json.loads(found.stdout)
    assert not report["intact"]
    assert any(chosen["number"] in fault["where"] for fault in report["faults"]), report["faults"]


def test_its_page_opens_without_network_and_script_and_leads_to_every_document(year: Year) -> None:
    page = Page((year.data / "index.html").read_text("utf-8"))
    assert not page.tags & {"script", "iframe", "object", "embed", "form"}
    assert page.events == []
    targets = {unquote(urlsplit(link).path) for link in page.links if not link.startswith("#")}
    assert all(not urlsplit(link).scheme and not urlsplit(link).netloc for link in page.links), page.links
    assert all((year.data / target).is_file() for target in targets)
    assert {record["file"] for record in year.records() if record["file"]} <= targets


class Page(HTMLParser):
    """Tags, handlers of events, and everything that a page refers to."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []
        self.events: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.events += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value for name, value in attrs if name in ("href", "src", "action") and value]


def test_no_identity_number_is_anywhere_in_it(year: Year) -> None:
    assert len(year.secrets) > 500
    wanted = re.compile("|".join(sorted(year.secrets)).encode())
    for path in year.package.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            if path.suffix == ".docx":
                with zipfile.ZipFile(io.BytesIO(content)) as parts:
                    content = b"\n".join(parts.read(name) for name in parts.namelist())
            assert not wanted.search(content), path


# --- a whole year ----------------------------------------------------------------------------------------------------


def test_every_document_that_a_case_issues_is_there(year: Year) -> None:
    kinds = {DocumentKind(record["kind"]) for record in year.records()}
    assert kinds == set(DocumentKind) - NOT_IN_A_CASE


def test_every_procedure_and_every_end_is_there(year: Year) -> None:
    cases = year.cases().values()
    assert 50 <= len(cases) <= 80
    assert {case["procedure"] for case in cases} == {each.value for each in Procedure}
    assert {case["state"] for case in cases} == {state.value for state in State if state.final}
    assert {local_day(datetime.fromisoformat(case["closed_at"])).month for case in cases} >= set(range(2, 13))


def test_numbers_leave_no_gap_and_follow_the_days(year: Year) -> None:
    series: dict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
    for record in year.records():
        series[record["series"], record["year"]].append(record)
    last = json.loads((year.data / "package.json").read_text("utf-8"))["series"]
    assert {(each["series"], each["year"]): each["last"] for each in last} == {
        key: len(records) for key, records in series.items()
    }
    for records in series.values():
        assert [record["seq"] for record in records] == list(range(1, len(records) + 1))
        days = [record["issued_on"] for record in records]
        assert days == sorted(days)
    void = [record for record in year.records() if record["state"] == RecordState.VOID.value]
    assert void
    assert all(record["void_reason"] for record in void)


def test_numbers_begin_again_with_the_next_year(year: Year) -> None:
    places: dict[str, list[int]] = defaultdict(list)
    for series, seq in year.next_year:
        places[series].append(seq)
    assert len(places) >= 3
    assert all(found == list(range(1, len(found) + 1)) for found in places.values())


def test_papers_of_a_case_lie_between_its_opening_and_its_end(year: Year, texts: dict[str, str]) -> None:
    cases = year.cases()
    for record in year.records():
        text = texts[record["number"]]
        on = date.fromisoformat(record["issued_on"])
        assert chinese_date(on) in text, record["number"]
        case = cases.get(record["case_no"])
        if case is None:
            continue  # it goes on in the next year
        opened, closed = (local_day(datetime.fromisoformat(case[name])) for name in ("opened_at", "closed_at"))
        assert opened <= on <= closed, record["number"]
        assert all(found < closed + timedelta(days=400) for found in days_in(text)), record["number"]


def days_in(text: str) -> list[date]:
    return [date(*(int(part) for part in found)) for found in DAY.findall(text)]


def test_papers_of_a_case_follow_each_other(year: Year) -> None:
    """What a later step issues is not dated before what an earlier one issued."""
    later = {
        "acceptance_notice": ["verification_slip", "entry_notice", "change_reply"],
        "verification_slip": ["entry_notice", "revocation_notice"],
        "evaluation_sheet": ["change_reply"],
        "rectification_notice": ["site_check_record", "suspension_notice", "resumption_notice"],
        "warning_letter": ["suspension_notice"],
        "suspension_notice": ["exceptional_acceptance", "resumption_notice"],
        "inspection_notice": ["inspection_report"],
    }
    first: dict[tuple[str, str], str] = {}
    final: dict[tuple[str, str], str] = {}
    for record in year.records():
        key = record["case_no"], record["kind"]
        first[key] = min(first.get(key, record["issued_on"]), record["issued_on"])
        final[key] = max(final.get(key, record["issued_on"]), record["issued_on"])
    compared = 0
    for (case_no, kind), on in first.items():
        for following in later.get(kind, []):
            if (case_no, following) in final:
                assert on <= final[case_no, following], (case_no, kind, following)
                compared += 1
        if kind != "case_file" and (case_no, "case_file") in first:
            assert final[case_no, kind] <= first[case_no, "case_file"], (case_no, kind)
    assert compared > 40


# --- as an office writes ---------------------------------------------------------------------------------------------


def test_every_document_says_whose_it_is_and_no_machine_speaks_in_it(year: Year, texts: dict[str, str]) -> None:
    for record in year.records():
        text = texts[record["number"]]
        assert record["number"] in text
        names = {record["unit_name"], FORMER.get(record["unit_name"], record["unit_name"])}
        assert any(name in text for name in names), record["number"]
        assert "None" not in text
        assert not re.search(r"\{\{|\{%|\}\}|%\}", text), record["number"]
        plain = CODES.sub("", text)
        assert not UUID.search(plain), record["number"]
        words = set(LATIN.findall(plain)) - KNOWN
        assert not words, (record["number"], words)


def test_counts_are_never_negative_in_words_and_numbers_keep_their_brackets(texts: dict[str, str]) -> None:
    for number, text in texts.items():
        assert not re.search(r"空余-\d|超出-\d|-\d+名", text), number
        assert not re.search(r"[\[(（]20\d\d[\])）]\s*\d+号", text), number


def test_sheets_count_right(texts: dict[str, str], year: Year) -> None:
    """核定 = 实有 + 已核未落 + 预留 + 空余 in every line of every account that a paper shows."""
    counted = 0
    for record in year.records():
        if record["kind"] not in ("entry_notice", "exit_notice", "certificate", "evaluation_sheet"):
            continue
        for authorised, occupied, reserved, aside, vacant in accounts_in(year.data / record["file"]):
            assert authorised == occupied + reserved + aside + vacant, record["number"]
            counted += 1
    assert counted > 100


def accounts_in(path: Path) -> Iterator[list[int]]:
    """核定, 实有, 已核未落, 预留, 空余 of every line below such a heading."""
    for table in Document(io.BytesIO(path.read_bytes())).tables:
        place: int | None = None
        for row in table.rows:
            cells = list(dict.fromkeys((cell._tc, cell.text.strip()) for cell in row.cells))
            values = [text for _, text in cells]
            if values[-5:] == ["核定", "实有", "已核未落", "预留", "空余"]:
                place = len(values)
            elif place is not None and len(values) == place and all(re.fullmatch(r"-?\d+", v) for v in values[-5:]):
                yield [int(value) for value in values[-5:]]
            else:
                place = None
