"""LibreOffice as a converter: one process per call with a profile of its own, bounded, and gone afterwards.

Only documents that this system made are converted; an uploaded file never comes here. Even so the profile runs no
macro, updates no link and knows no network, and `records.confine` bounds memory and time. Whatever ends the call
(success, failure, time limit, a `beat` that raises because the activity was cancelled), neither a process nor a
folder is left.
"""

from __future__ import annotations

import functools
import io
import os
import shutil
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.sax.saxutils import escape

from models.faults import NotDone
from models.packing import DAMAGED

from . import processes
from .fonts import default_folder, font_map
from .processes import Bounds

TIME_LIMIT_S = 120.0  # cold start of LibreOffice is 2 to 3 s; a hung one must not hold a worker
_EACH_S = 10.0  # every further document of a batch
MEMORY_BYTES = 4 << 30  # address space: LibreOffice reserves about one of the four
_FILE_BYTES = 256 << 20

PDF_A = 'pdf:writer_pdf_Export:{"SelectPdfVersion":{"type":"long","value":"2"}}'
"""PDF/A-2b (ISO 19005-2): what an archive takes (GB/T 23286)."""

_SETTINGS = (
    ("Office.Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Office.Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Office.Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Office.Common/Misc", "CrashReport", "false"),
    ("Office.Writer/Content/Update", "Link", "0"),
    ("Inet/Settings", "ooInetProxyType", "2"),
    ("Inet/Settings", "ooInetHTTPProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPProxyPort", "9"),
    ("Inet/Settings", "ooInetHTTPSProxyName", "127.0.0.1"),
    ("Inet/Settings", "ooInetHTTPSProxyPort", "9"),
)

_NO_BREAK = b"<w:noBreakHyphen/>"
_JOINED = "<w:t>-\u2060</w:t>".encode()
"""A hyphen and a word joiner, which has no width."""

Beat = Callable[[int], None]
"""Called about once a second with how many documents are done; what it raises ends the conversion."""


class PreviewUnavailable(NotDone):
    """LibreOffice or the picture tool is not installed, failed, or took too long; the text says which."""


class TookTooLong(PreviewUnavailable):
    """The time limit was reached and everything that ran was ended."""


def unbroken(document: bytes) -> bytes:
    """The document as LibreOffice must be given it: lines end after a hyphen of Word that does not break (U+2011), but
    not after a hyphen with a word joiner behind it. What is no Word file stays as it is, for LibreOffice to refuse."""
    try:
        with zipfile.ZipFile(io.BytesIO(document)) as archive:
            members = [(info.filename, archive.read(info)) for info in archive.infolist()]
    except DAMAGED:
        return document
    if not any(_NO_BREAK in data for _, data in members):
        return document
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, data in members:
            archive.writestr(name, data.replace(_NO_BREAK, _JOINED) if name.endswith(".xml") else data)
    return out.getvalue()


def convert(
    sources: list[Path],
    folder: Path,
    *,
    time_limit: float | None = None,
    fonts: Path | None = None,
    beat: Beat | None = None,
) -> list[Path]:
    """The PDF/A of each source in the private `folder`, by one start of LibreOffice. Raises PreviewUnavailable.

    `time_limit` in seconds; by itself 120 and 10 for every document after the first.
    """
    soffice = program("soffice", "LibreOffice")
    fonts_file = folder / "fonts.conf"
    fonts_file.write_text(font_map(fonts or default_folder(), folder / "font-cache"), "utf-8")
    # A profile of its own: two LibreOffice processes with one profile refuse or disturb each other.
    profile = folder / "profile"
    (profile / "user").mkdir(parents=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_registry(), "utf-8")
    command = [soffice, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore", "--nolockcheck"]
    command += ["--convert-to", PDF_A, "--outdir", str(folder), *map(str, sources)]
    limit = time_limit if time_limit is not None else TIME_LIMIT_S + _EACH_S * (len(sources) - 1)
    out = [folder / f"{source.stem}.pdf" for source in sources]

    def counted() -> None:
        if beat is not None:
            beat(sum(pdf.exists() for pdf in out))

    run(command, limit, _environment(folder) | {"FONTCONFIG_FILE": str(fonts_file)}, counted)
    for pdf in out:
        if not pdf.exists():
            raise PreviewUnavailable(f"LibreOffice 未生成 {pdf.name} · LibreOffice wrote no PDF")
    counted()
    return out


def program(name: str, product: str) -> str:
    """Where a program is. Raises PreviewUnavailable naming the product."""
    found = shutil.which(name)
    if found is None:
        raise PreviewUnavailable(
            f"未安装 {product}，不能生成 PDF 和预览；其他功能不受影响 · {product} is not installed"
        )
    return found


def installed() -> bool:
    return shutil.which("soffice") is not None


def provider() -> str:
    """Name and version, such as `LibreOffice 7.4.7.2`, as a rendition notes it. Raises PreviewUnavailable."""
    return _version(program("soffice", "LibreOffice"))


@functools.lru_cache(maxsize=4)
def _version(soffice: str) -> str:
    with tempfile.TemporaryDirectory(prefix="dingbian-preview-") as work:
        profile = f"-env:UserInstallation={(Path(work) / 'profile').as_uri()}"
        said = run([soffice, profile, "--version"], TIME_LIMIT_S, _environment(Path(work)))
    return next((" ".join(line.split()[:2]) for line in said.splitlines() if "LibreOffice" in line), "LibreOffice")


def run(
    command: list[str], time_limit: float, environment: dict[str, str], beat: Callable[[], None] | None = None
) -> str:
    """Run a converter; what it said. Raises PreviewUnavailable, TookTooLong, or what `beat` raises."""
    name = Path(command[0]).name
    bounds = Bounds(MEMORY_BYTES, int(time_limit) + 1, _FILE_BYTES, network=False)
    try:
        return processes.run(command, time_limit, environment, bounds, beat)
    except processes.ProgramFailed as failed:
        if failed.status is None:
            raise TookTooLong(f"{name}: 超过 {time_limit:g} 秒 · took too long") from None
        raise PreviewUnavailable(f"{name}: {failed.said[-400:] or failed.status}") from None


def _environment(folder: Path) -> dict[str, str]:
    """No credential and no setting of this system: a converter needs none."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ") if name in os.environ}
    return kept | {"HOME": str(folder), "TMPDIR": str(folder)}


def _registry() -> str:
    items = "".join(
        f'<item oor:path="/org.openoffice.{escape(path)}"><prop oor:name="{name}" oor:op="fuse">'
        f"<value>{value}</value></prop></item>"
        for path, name, value in _SETTINGS
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<oor:items xmlns:oor="http://openoffice.org/2001/registry">' + items + "</oor:items>"
    )
