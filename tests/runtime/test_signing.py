"""The signing hook against real programs and a real HTTP server: what is kept, what is refused, what is told."""

from __future__ import annotations

import json
import logging
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest
from sqlmodel import select

import cli
from models.archives import Rendition
from models.docket import RecordView
from models.enums import RenditionKind
from models.register import Record
from models.renditions import DOCX, PDF
from models.sealing import digest
from records import archive_renditions, preview, register, renditions
from records.signed import MOST_BYTES, SigningFault
from records.store import FolderStore, StoreFault
from runtime.faults import StartFault
from runtime.renditions import PdfMaker, Shelf
from runtime.settings import Settings, check_profile, load_settings
from runtime.signing import Signer, signer_of
from tests.support import signing
from tests.support.office import Office, keyring
from tests.support.signing import plain_pdf, signed_docx, signed_pdf

Call = Callable[..., tuple[int, str, str]]
PROVIDER = f"{sys.executable} {Path(signing.__file__).resolve()} {{input}} {{output}}"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path / "office")
    yield made
    made.database.close()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "office").mkdir()


@pytest.fixture(autouse=True)
def _without_libreoffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test here waits for LibreOffice: a PDF is one of its own for each document."""

    def made(data: bytes) -> bytes:
        return plain_pdf(b"pdfaid:part>2 " + digest(data).encode())

    monkeypatch.setattr(preview, "to_pdf", lambda data, beat=None: made(data))
    monkeypatch.setattr(preview, "to_pdfs", lambda many, beat=None: [made(each) for each in many])
    monkeypatch.setattr(preview, "provider", lambda: "LibreOffice 7.4.7.2")


@pytest.fixture
def record(office: Office) -> RecordView:
    office.issued(office.opened())
    return _slip(office)


def _slip(office: Office) -> RecordView:
    with office.database.read() as s:
        row = s.exec(select(Record).where(Record.kind == "verification_slip")).one()
        found = register.get(s, row.id)
    assert found is not None
    return found


def signer(office: Office, **settings: Any) -> Signer:
    values = {"signing_seconds": 20.0} | settings
    made = signer_of(
        Settings(data_dir=office.folder, **values), PdfMaker(Shelf(office.database, office.store, lambda: office.now))
    )
    assert made is not None
    return made


def command(folder: Path, body: str) -> str:
    """The setting that runs a program of the test: it sees `source` and `target`."""
    program = folder / "sign.py"
    head = "import os, sys, time\nfrom pathlib import Path\nsource, target = map(Path, sys.argv[1:3])\n"
    program.write_text(head + body, "utf-8")
    return f"{sys.executable} {program} {{input}} {{output}}"


def kept(office: Office) -> list[Rendition]:
    with office.database.read() as s:
        return list(s.exec(select(Rendition).where(Rendition.kind == "signed")))


def store_files(office: Office) -> set[str]:
    return {path.name for path in office.store.root.rglob("*") if path.is_file()}


# --- a command -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "media_type"), [("pdf", PDF), ("docx", DOCX)])
def test_a_command_signs_and_the_copy_is_kept_beside_the_original(
    office: Office, record: RecordView, form: str, media_type: str
) -> None:
    original = office.store.get(str(record.digest))
    made = signer(office, signing_command=PROVIDER, signing_format=form)(record, "registrar")
    assert (made.kind, made.media_type, made.made_by) == (RenditionKind.SIGNED, media_type, "registrar")
    data = office.store.get(made.digest, made.ending)
    assert b"/ByteRange" in data if form == "pdf" else data != original
    assert office.store.get(str(record.digest)) == original
    assert _slip(office) == record


def test_what_was_signed_is_not_signed_again_unless_that_is_asked(office: Office, record: RecordView) -> None:
    sign = signer(office, signing_command=PROVIDER)
    first = sign(record, "registrar")
    assert sign(record, "registrar") == first
    second = sign(record, "registrar", again=True)
    assert second.digest != first.digest
    assert len(kept(office)) == 2


def test_the_command_sees_the_file_what_it_is_and_no_secret(
    office: Office, record: RecordView, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("DINGBIAN_DATABASE_URL", "sqlite:///secret")
    seen = tmp_path / "seen.json"
    body = (
        "import json\n"
        "modes = [oct(p.stat().st_mode & 0o777) for p in (source, source.parent)]\n"
        "told = {'env': dict(os.environ), 'mode': modes, 'place': str(source)}\n"
        "told['first'] = source.read_bytes()[:4].decode()\n"
        f"json.dump(told, open({str(seen)!r}, 'w'))\n"
        "sys.exit(3)\n"
    )
    with pytest.raises(SigningFault):
        signer(office, signing_command=command(tmp_path, body))(record, "registrar")
    told = json.loads(seen.read_text("utf-8"))
    assert told["first"] == "%PDF"
    assert told["mode"] == ["0o600", "0o700"]
    assert not Path(told["place"]).parent.exists()
    assert "secret" not in json.dumps(told["env"])
    assert told["env"]["DINGBIAN_RECORD_NUMBER"] == record.number
    assert told["env"]["DINGBIAN_RECORD_MEDIA_TYPE"] == PDF
    assert told["env"]["DINGBIAN_RECORD_DIGEST"].startswith("sm3=")


FAILING = [
    ("sys.exit(3)", "failed"),
    ("time.sleep(60)", "timeout"),
    ("pass", "empty"),
    ("target.write_bytes(b'')", "empty"),
    ("target.symlink_to(source)", "empty"),
    ("os.mkfifo(target)", "empty"),
    ("target.write_bytes(source.read_bytes())", "same-file"),
    ("target.write_bytes(source.read_bytes() + b' ')", "unsigned"),
    ("target.write_bytes(b'not a document')", "unknown-type"),
    (f"target.write_bytes(b'%PDF-' + bytes({MOST_BYTES}))", "too-large"),
    ("target.write_bytes(bytes(100_000_000))", "failed"),
]


@pytest.mark.parametrize(("body", "code"), FAILING)
def test_a_command_that_does_not_sign_leaves_nothing_and_may_be_repeated(
    office: Office,
    record: RecordView,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    body: str,
    code: str,
) -> None:
    wanted = command(tmp_path, body + "\n")
    office.store.put(b"", digest(b""))  # so that files of another digest stand there, too
    seconds = 1.0 if code == "timeout" else 20.0
    sign = signer(office, signing_command=wanted, signing_seconds=seconds, signing_format="docx")
    before = store_files(office)
    with caplog.at_level(logging.WARNING), pytest.raises(SigningFault) as told:
        sign(record, "registrar")
    assert told.value.code == code
    assert " · " in str(told.value)
    assert store_files(office) == before
    assert kept(office) == []
    logged = [entry.getMessage() for entry in caplog.records if entry.name == "runtime.signing"]
    assert len(logged) == 1
    assert record.id in logged[0]
    assert code in logged[0]
    assert record.title not in logged[0]
    assert signer(office, signing_command=PROVIDER)(record, "registrar").kind is RenditionKind.SIGNED


def test_a_program_that_is_not_there_is_named_as_such(office: Office, record: RecordView) -> None:
    with pytest.raises(SigningFault, match="找不到签章程序"):
        signer(office, signing_command="no-such-program {input} {output}")(record, "registrar")


def test_arguments_are_words_and_never_a_shell(office: Office, record: RecordView, tmp_path: Path) -> None:
    trap = tmp_path / "trap"
    wanted = command(
        tmp_path,
        "sys.exit(0 if sys.argv[3] == f'$(touch {os.environ[\"X\"]})' else 4)\n".replace(
            '{os.environ["X"]}', str(trap)
        ),
    )
    with pytest.raises(SigningFault) as told:
        signer(office, signing_command=f"{wanted} '$(touch {trap})'")(record, "registrar")
    assert told.value.code == "empty"
    assert not trap.exists()


def test_void_and_unfiled_records_are_not_sent(office: Office, record: RecordView, tmp_path: Path) -> None:
    sent = tmp_path / "sent"
    sign = signer(office, signing_command=command(tmp_path, f"open({str(sent)!r}, 'w')\n"))
    for changes in ({"state": "void"}, {"state": "superseded"}, {"digest": None, "state": "numbered"}):
        with pytest.raises(SigningFault, match="不送签章"):
            sign(RecordView.model_validate(record.model_dump() | changes), "registrar")
    assert not sent.exists()


def test_a_store_that_cannot_keep_it_is_a_fault_and_nothing_is_kept(
    office: Office, record: RecordView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreFault("no room")

    sign = signer(office, signing_command=PROVIDER, signing_format="docx")
    with monkeypatch.context() as away:
        away.setattr(FolderStore, "put", full)
        with pytest.raises(SigningFault, match="档案存储"):
            sign(record, "registrar")
    assert kept(office) == []
    assert sign(record, "registrar").media_type == DOCX


def test_without_libreoffice_a_pdf_cannot_be_sent(
    office: Office, record: RecordView, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(_data: bytes, beat: object = None) -> bytes:
        raise preview.PreviewUnavailable("LibreOffice")

    monkeypatch.setattr(preview, "to_pdf", missing)
    with pytest.raises(SigningFault, match="LibreOffice"):
        signer(office, signing_command=PROVIDER)(record, "registrar")
    assert signer(office, signing_command=PROVIDER, signing_format="docx")(record, "registrar").media_type == DOCX


# --- an HTTP service -----------------------------------------------------------------------------------------------


class _Service(BaseHTTPRequestHandler):
    """Answers by the last part of the address."""

    protocol_version = "HTTP/1.0"
    asked: ClassVar[list[dict[str, str]]] = []

    def do_POST(self) -> None:
        data = self.rfile.read(int(self.headers["Content-Length"]))
        type(self).asked.append({"path": self.path} | {name.lower(): value for name, value in self.headers.items()})
        way = self.path.rpartition("/")[2]
        if way == "redirect":
            self._answer(307, b"", Location="/sign")
        elif way in ("500", "401"):
            self._answer(int(way), b"%PDF-1.6 Zhang San 11010519491231002X")
        elif way == "slow":
            self._drip(signed_pdf(data))
        elif way == "huge":
            self._answer(200, b"%PDF-1.6" + bytes(MOST_BYTES + 1))
        elif way == "packed":
            self._answer(200, b"packed", **{"Content-Encoding": "gzip"})
        else:
            bodies = {"same": data, "wrong": b"<html>", "nothing": b"", "unsigned": data + b"\n"}
            self._answer(200, bodies.get(way) if way in bodies else self._signed(data))

    @staticmethod
    def _signed(data: bytes) -> bytes:
        return signed_pdf(data) if data.startswith(b"%PDF") else signed_docx(data)

    def _answer(self, status: int, body: bytes | None, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            self.wfile.write(body or b"")
        except OSError:
            return  # who asked has hung up on a body that is too large

    def _drip(self, body: bytes) -> None:
        """A byte every tenth of a second: each read succeeds, the whole never ends."""
        self.send_response(200)
        self.end_headers()
        try:
            for place in range(100):
                self.wfile.write(body[place : place + 1])
                self.wfile.flush()
                time.sleep(0.1)
        except OSError:
            return

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def service() -> Iterator[str]:
    _Service.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Service)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_a_service_signs_and_is_told_what_it_signs(
    office: Office, record: RecordView, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    token = tmp_path / "token"
    token.write_text("s3cret\n")
    token.chmod(0o600)
    made = signer(office, signing_url=f"{service}/sign", signing_token_file=token)(record, "registrar")
    assert made.provider == "127.0.0.1"
    (asked,) = _Service.asked
    assert asked["authorization"] == "Bearer s3cret"
    assert asked["content-type"] == PDF
    assert unquote(asked["dingbian-record-number"]) == record.number
    pdf = PdfMaker(Shelf(office.database, office.store, lambda: office.now))(record, "registrar")
    assert asked["dingbian-record-digest"] == f"sm3={digest(pdf)}"


@pytest.mark.parametrize(
    ("way", "code"),
    [
        ("redirect", "redirect"),
        ("500", "refused"),
        ("401", "refused"),
        ("slow", "timeout"),
        ("huge", "too-large"),
        ("packed", "unknown-type"),
        ("same", "same-file"),
        ("wrong", "unknown-type"),
        ("nothing", "empty"),
        ("unsigned", "unsigned"),
    ],
)
def test_a_service_that_does_not_sign_leaves_nothing(
    office: Office, record: RecordView, service: str, caplog: pytest.LogCaptureFixture, way: str, code: str
) -> None:
    begun = time.monotonic()
    seconds = 1.0 if way == "slow" else 20.0
    sign = signer(office, signing_url=f"{service}/{way}", signing_seconds=seconds, signing_format="docx")
    if way == "slow":
        sign = signer(office, signing_url=f"{service}/{way}", signing_seconds=seconds)
    before = store_files(office)
    with caplog.at_level(logging.WARNING), pytest.raises(SigningFault) as told:
        sign(record, "registrar")
    assert told.value.code == code
    assert "Zhang" not in str(told.value) + caplog.text
    assert kept(office) == []
    assert {name for name in store_files(office) - before if not name.endswith((".pdf", ".json"))} == set()
    assert len(_Service.asked) == 1  # nothing was followed or tried again
    assert time.monotonic() - begun < 10


def test_a_service_that_is_away_and_one_with_an_unknown_certificate(office: Office, record: RecordView) -> None:
    for url in ("http://127.0.0.1:9/sign", "https://127.0.0.1:9/sign"):
        with pytest.raises(SigningFault, match="不可用"):
            signer(office, signing_url=url)(record, "registrar")


# --- settings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"signing_command": PROVIDER, "signing_url": "https://sign.example.cn"}, "只能设一个"),
        ({"signing_command": "seal"}, "{input}"),
        ({"signing_command": "seal {input}"}, "{output}"),
        ({"signing_command": "seal '{input} {output}"}, "须写明程序"),
        ({"signing_command": "{input} {output}"}, "{input}"),
        ({"signing_url": "http://sign.example.cn"}, "https"),
        ({"signing_url": "ftp://sign.example.cn"}, "https"),
        ({"signing_url": "https://"}, "https"),
        ({"signing_url": "https://user:word@sign.example.cn"}, "凭据"),
        ({"signing_url": "https://sign.example.cn", "signing_token_file": Path("/nowhere/token")}, "读不到"),
    ],
)
def test_a_provider_that_cannot_be_meant_stops_the_start(tmp_path: Path, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(StartFault) as told:
        check_profile(load_settings(data_dir=tmp_path, **settings))
    assert said in str(told.value)


@pytest.mark.parametrize("url", ["https://sign.example.cn/v1", "http://127.0.0.1:9000/sign", "http://localhost:9000"])
def test_https_and_loopback_are_taken(tmp_path: Path, url: str) -> None:
    check_profile(load_settings(data_dir=tmp_path, signing_url=url))


def test_a_token_that_others_can_read_stops_the_start(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret")
    token.chmod(0o644)
    wanted = load_settings(data_dir=tmp_path, signing_url="https://sign.example.cn", signing_token_file=token)
    with pytest.raises(StartFault, match="chmod 600") as told:
        check_profile(wanted)
    assert "s3cret" not in str(told.value)
    token.chmod(0o600)
    check_profile(wanted)
    assert stat.S_IMODE(token.stat().st_mode) == 0o600


def test_without_a_provider_there_is_no_signer(office: Office) -> None:
    made = PdfMaker(Shelf(office.database, office.store, lambda: office.now))
    assert signer_of(Settings(data_dir=office.folder), made) is None


# --- commands ------------------------------------------------------------------------------------------------------


@pytest.fixture
def call(office: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """(exit status, standard output, standard error) of a command in that office's folder, with that office's keys."""
    monkeypatch.setenv("DINGBIAN_DATA_DIR", str(office.folder))
    monkeypatch.setenv("DINGBIAN_DATABASE_URL", office.database.engine.url.render_as_string(hide_password=False))
    monkeypatch.setattr("runtime.assembly.load_keyring", lambda *_: keyring())
    (office.folder / "keyring.json").touch()

    def called(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dingbian", *arguments])
        status = cli.run_command()
        told = capsys.readouterr()
        return status, told.out, told.err

    return called


def _closed(office: Office) -> None:
    case_id = office.opened()
    slot = office.issued(case_id)[0]
    office.entered(case_id, slot, 1)
    office.acknowledged(case_id, slot)


def test_all_documents_of_a_year_are_signed_once(office: Office, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    _closed(office)
    monkeypatch.setenv("DINGBIAN_SIGNING_COMMAND", PROVIDER)
    status, out, _ = call("sign", "--all", "--year", "2026", "--json")
    done = json.loads(out)
    with office.database.read() as s:
        valid = {row.number for row in s.exec(select(Record).where(Record.state == "valid"))}
        assert renditions.unsigned(s) == []
    assert (status, done["failed"]) == (0, {})
    assert {each["number"] for each in done["signed"]} == valid
    assert json.loads(call("sign", "--all", "--json")[1]) == {"signed": [], "failed": {}}
    status, out, _ = call("verify", "--json")
    assert (status, json.loads(out)["faults"]) == (0, [])


def test_by_number_with_words_for_what_failed(
    office: Office, record: RecordView, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("sign", record.number)[0] == 2  # no provider is set up
    monkeypatch.setenv("DINGBIAN_SIGNING_COMMAND", command(tmp_path, "sys.exit(7)\n"))
    status, _, err = call("sign", record.number)
    assert status == 1
    assert "签章程序未能完成（7）" in err
    assert call("sign", "示编核〔1999〕1号")[0] == 2
    assert call("sign")[0] == 2
    assert call("sign", record.number, "--all")[0] == 2
    monkeypatch.setenv("DINGBIAN_SIGNING_COMMAND", PROVIDER)
    assert call("sign", record.number)[0] == 0


def test_a_provider_that_is_down_is_not_asked_for_every_document(
    office: Office, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _closed(office)
    count = tmp_path / "count"
    monkeypatch.setenv(
        "DINGBIAN_SIGNING_COMMAND", command(tmp_path, f"open({str(count)!r}, 'a').write('x')\nsys.exit(1)\n")
    )
    status, out, _ = call("sign", "--all", "--json")
    assert status == 1
    assert len(json.loads(out)["failed"]) == 3
    assert count.read_text() == "xxx"


def _package(call: Call, target: Path, *more: str) -> dict[str, Any]:
    status, _, err = call("export", str(target), "--year", "2026", *more)
    assert status == 0, err
    facts: dict[str, Any] = json.loads((target / "data" / "package.json").read_text("utf-8"))
    return facts


def test_a_package_with_pdf_and_signed_copies_proves_itself(
    office: Office, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive_renditions, "compare", lambda *_: None)  # these PDF are not LibreOffice's
    _closed(office)
    with office.database.read() as s:
        number = s.exec(select(Record.number).where(Record.kind == "verification_slip")).one()
    monkeypatch.setenv("DINGBIAN_SIGNING_COMMAND", PROVIDER)
    assert call("sign", number)[0] == 0
    plain = _package(call, tmp_path / "plain")
    assert plain["renditions"] == 1
    package = tmp_path / "2026"
    facts = _package(call, package, "--pdf")
    folder = package / "data" / "renditions"
    assert facts["renditions"] == len([p for p in folder.rglob("*") if p.is_file()]) == facts["files"] + 1
    (sealed,) = folder.rglob("*签章件.pdf")
    lines = [json.loads(line) for line in (package / "data/registers/records.jsonl").read_text("utf-8").splitlines()]
    (line,) = [line for line in lines if line["number"] == number]
    assert {each["kind"] for each in line["renditions"]} == {"pdf", "signed"}
    for each in line["renditions"]:
        assert digest((package / "data" / each["file"]).read_bytes()) == each["digest"]
        assert each["digest"] in (package / "data" / "metadata" / f"{line['id']}.xml").read_text("utf-8")
    assert "签章件</a>" in (package / "data" / "index.html").read_text("utf-8")
    assert call("verify", str(package))[0] == 0
    _spoilt(call, package, sealed, folder)


def _spoilt(call: Call, package: Path, sealed: Path, folder: Path) -> None:
    """Each change of a rendition is found by name, though the sums of the bag are not even looked at."""
    data = sealed.read_bytes()
    pdf = next(path for path in sorted(folder.rglob("*.pdf")) if path != sealed)
    for path, spoilt, check in (
        (sealed, data[:-1] + b" ", "authenticity"),
        (sealed, data[: len(data) // 2], "usability"),
        (pdf, pdf.read_bytes().replace(b"pdfaid:part>2", b"pdfaid:part>3"), "usability"),
        (pdf, pdf.read_bytes().replace(b"/Catalog", b"/Launch "), "security"),
        (folder / "stranger.pdf", data, "integrity"),
    ):
        before = path.read_bytes() if path.exists() else None
        path.write_bytes(spoilt)
        status, out, _ = call("verify", str(package), "--json")
        assert status == 1
        assert check in {fault["check"] for fault in json.loads(out)["faults"] if "封包" not in fault["what"]}, check
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before)
    sealed.unlink()
    assert call("verify", str(package))[0] == 1


def test_without_libreoffice_no_package_with_pdf_is_begun(
    office: Office, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _closed(office)

    def missing() -> str:
        raise preview.PreviewUnavailable("未安装 LibreOffice · LibreOffice is not installed")

    monkeypatch.setattr("runtime.packaging.provider", missing)
    status, _, err = call("export", str(tmp_path / "x"), "--year", "2026", "--pdf")
    assert status == 1
    assert "未安装 LibreOffice" in err
    assert not (tmp_path / "x").exists()
    assert call("export", str(tmp_path / "x.xlsx"), "--pdf")[0] == 2
    assert [path.name for path in tmp_path.iterdir()] == ["office"]
