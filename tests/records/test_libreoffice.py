"""LibreOffice as a converter: PDF/A, many at once, bounded, and nothing left behind however it ends."""

from __future__ import annotations

import io
import multiprocessing
import os
import shutil
import socket
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from doc_templates.samples import sample
from models.enums import DocumentKind
from records import libreoffice, preview, processes
from records.archive_renditions import opens
from records.libreoffice import PreviewUnavailable, TookTooLong
from records.processes import Bounds, ProgramFailed
from records.render import Renderer
from records.signed import Sent, SigningFault, checked
from tests.support.signing import signed_pdf

INSTALLED = shutil.which("soffice") is not None
needs_libreoffice = pytest.mark.skipif(not INSTALLED, reason="LibreOffice is not installed")
KINDS = (DocumentKind.ENTRY_NOTICE, DocumentKind.EXIT_NOTICE, DocumentKind.SITE_CHECK_RECORD, DocumentKind.CERTIFICATE)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Temporary folders are made here; after the test neither one of them nor a process that names one is left."""
    here = tmp_path / "temporary"
    here.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(here))
    yield here
    assert list(here.iterdir()) == []
    until = time.monotonic() + 5
    while (left := _running(str(here))) and time.monotonic() < until:
        time.sleep(0.05)
    assert left == []


def _running(mark: str) -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if mark in words:
            found.append(words)
    return found


def _fake(folder: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """A soffice that does what a test wants: the script sees `out`, the folder it is to write to."""
    program = folder / "soffice"
    head = f"#!{sys.executable}\nimport os, sys, subprocess, time\nout = sys.argv[sys.argv.index('--outdir') + 1]\n"
    program.write_text(head + body, "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def _texts(document: bytes) -> dict[str, str]:
    with zipfile.ZipFile(io.BytesIO(document)) as archive:
        return {name: archive.read(name).decode("utf-8", "replace") for name in archive.namelist()}


def documents() -> list[bytes]:
    renderer = Renderer()
    return [renderer.render(kind, sample(kind)) for kind in KINDS]


def converted(document: bytes) -> bytes:
    return preview.to_pdf(document)


@needs_libreoffice
def test_a_pdf_is_pdf_a_and_whole(folder: Path) -> None:
    beats: list[int] = []
    made = preview.to_pdfs(documents()[:2], beat=beats.append)
    assert beats[-1] == 2
    assert beats == sorted(beats)
    for pdf in made:
        assert b"<pdfaid:part>2</pdfaid:part>" in pdf
        assert b"<pdfaid:conformance>B</pdfaid:conformance>" in pdf
        assert opens(pdf)
        assert not opens(pdf[:-200])
    assert made[0] != made[1]
    assert preview.provider().startswith("LibreOffice ")


def test_only_the_hyphens_of_a_number_are_written_another_way(renderer: Renderer) -> None:
    kind = DocumentKind.ACCEPTANCE_NOTICE
    document = renderer.render(kind, sample(kind))
    before, after = _texts(document), _texts(libreoffice.unbroken(document))
    assert before.pop("word/document.xml").count("<w:noBreakHyphen/>") == 2  # the number of the case, the telephone
    text = after.pop("word/document.xml")
    assert "<w:noBreakHyphen/>" not in text
    assert text.count("<w:t>-\u2060</w:t>") == 2
    assert before == after
    for other in (b"", b"PK\x03\x04", renderer.render(DocumentKind.ENTRY_NOTICE, sample(DocumentKind.ENTRY_NOTICE))):
        assert libreoffice.unbroken(other) is other


@needs_libreoffice
def test_many_conversions_at_once_in_threads_and_in_processes(folder: Path) -> None:
    sources = documents()
    with ThreadPoolExecutor(4) as threads:
        assert all(opens(pdf) for pdf in threads.map(converted, sources))
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork")) as others:
        assert all(opens(pdf) for pdf in others.map(converted, sources[:2]))


@needs_libreoffice
def test_a_provider_that_writes_the_pdf_anew_must_keep_what_it_says(folder: Path, renderer: Renderer) -> None:
    kind = DocumentKind.SITE_CHECK_RECORD
    context = sample(kind)
    document = renderer.render(kind, context)
    first, second = preview.to_pdf(document), preview.to_pdf(document)
    assert first != second
    checked(signed_pdf(second), Sent(document, first, context.seal.code))
    another = preview.to_pdf(renderer.render(DocumentKind.PHONE_RECORD, sample(DocumentKind.PHONE_RECORD)))
    with pytest.raises(SigningFault) as told:
        checked(signed_pdf(another), Sent(document, first, context.seal.code))
    assert told.value.code == "altered"


@needs_libreoffice
def test_a_link_in_a_document_is_not_followed(folder: Path, renderer: Renderer) -> None:
    """Our own documents have none; should one ever have, the converter asks nobody for it."""
    asked = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=lambda: (server.accept(), asked.set()), daemon=True).start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}/picture.png"
        kind = DocumentKind.ENTRY_NOTICE
        assert opens(preview.to_pdf(_linked(renderer.render(kind, sample(kind)), address)))
        assert not asked.wait(0.5)
        socket.create_connection(server.getsockname()).close()  # the server would have noticed
        assert asked.wait(5)


def _linked(data: bytes, address: str) -> bytes:
    """The document with its picture taken from an address outside."""
    out, links = io.BytesIO(), 0
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            part = source.read(name)
            if name.endswith(".rels"):
                links += part.count(b'Target="media/qr.png"')
                part = part.replace(b'Target="media/qr.png"', f'Target="{address}" TargetMode="External"'.encode())
            target.writestr(name, part.replace(b"r:embed=", b"r:link="))
    assert links == 1
    return out.getvalue()


def test_a_hung_converter_is_ended_with_its_children(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake(tmp_path, monkeypatch, "subprocess.Popen(['sleep', '60', ], cwd=out)\ntime.sleep(60)\n")
    before = set(_sleepers())
    with pytest.raises(TookTooLong, match="took too long"):
        preview.to_pdf(b"", time_limit=0.5)
    assert set(_sleepers()) <= before


def _sleepers() -> list[str]:
    return [path.parent.name for path in Path("/proc").glob("[0-9]*/cmdline") if _words(path) == b"sleep\x0060\0"]


def _words(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def test_a_child_that_outlives_the_converter_is_ended_and_holds_nobody_up(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = "subprocess.Popen(['sleep', '60'])\nopen(out + '/document-0.pdf', 'wb').write(b'%PDF-1.6')\n"
    _fake(tmp_path, monkeypatch, body)
    before = set(_sleepers())
    begun = time.monotonic()
    assert preview.to_pdf(b"") == b"%PDF-1.6"
    assert time.monotonic() - begun < 20
    assert set(_sleepers()) <= before


def test_a_beat_that_raises_ends_the_conversion(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an activity's heartbeat does when its case was cancelled."""
    _fake(tmp_path, monkeypatch, "time.sleep(60)\n")

    class Cancelled(BaseException):
        pass

    def beat(done: int) -> None:
        assert done == 0
        raise Cancelled

    begun = time.monotonic()
    with pytest.raises(Cancelled):
        preview.to_pdf(b"", beat=beat)
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("sys.exit('no more room')\n", "no more room"),
        ("sys.exit(0)\n", "未生成"),
        ("os.kill(os.getpid(), 9)\n", "-9"),
    ],
)
def test_a_converter_that_fails_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str, said: str
) -> None:
    _fake(tmp_path, monkeypatch, body)
    with pytest.raises(PreviewUnavailable, match=said):
        preview.to_pdf(b"")


def test_a_converter_sees_no_secret_of_this_process(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("DINGBIAN_DATABASE_URL", "postgresql://u:secret@h/d")
    _fake(tmp_path, monkeypatch, "sys.exit('secret' if 'secret' in str(os.environ) else 'clean')\n")
    with pytest.raises(PreviewUnavailable, match="clean"):
        preview.to_pdf(b"")


def test_the_profile_runs_no_macro_and_asks_no_network(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fake(tmp_path, monkeypatch, "sys.exit(open(out + '/profile/user/registrymodifications.xcu').read()[-400:])\n")
    with pytest.raises(PreviewUnavailable, match="ooInetHTTPSProxyPort"):
        preview.to_pdf(b"")
    text = libreoffice._registry()
    for name in ("MacroSecurityLevel", "DisableMacrosExecution", "BlockUntrustedRefererLinks", "ooInetProxyType"):
        assert f'name="{name}"' in text


# --- bounds --------------------------------------------------------------------------------------------------------


def _python(code: str, bounds: Bounds, limit: float = 30.0) -> str:
    return processes.run([sys.executable, "-c", code], limit, {"PATH": os.environ["PATH"]}, bounds)


def test_memory_processor_and_files_are_bounded(tmp_path: Path) -> None:
    with pytest.raises(ProgramFailed) as told:
        _python("b = bytearray(600_000_000)", Bounds(memory=300_000_000))
    assert "MemoryError" in told.value.said
    with pytest.raises(ProgramFailed) as told:
        _python("while True: pass", Bounds(seconds=1))
    assert told.value.status is not None
    assert told.value.status < 0
    target = tmp_path / "large"
    with pytest.raises(ProgramFailed):
        _python(f"open({str(target)!r}, 'wb').write(bytes(3_000_000))", Bounds(file=1_000_000))
    assert target.stat().st_size <= 1_000_000


def test_without_network_nothing_is_reached_where_the_kernel_can_take_it_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code = f"import socket; socket.create_connection(('127.0.0.1', {port}), 5); print('reached')"
        assert _python(code, Bounds()) == "reached"
        if _python("import os; print(os.readlink('/proc/self/ns/net'))", Bounds(network=False)) == _here():
            pytest.skip("this system lets no ordinary user leave the network")
        with pytest.raises(ProgramFailed):
            _python(code, Bounds(network=False))


def _here() -> str:
    return str(Path("/proc/self/ns/net").readlink())
