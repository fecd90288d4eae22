"""Signing by a provider of the office's own: a command or an HTTP service (docs/how-to/sign-documents.md).

The provider receives the file and returns the signed one, which is kept beside the original bytes. Nothing here
draws a seal or holds a key. A call leaves a kept rendition or nothing, and may be repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shlex
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Protocol
from urllib.parse import quote, urlsplit

import httpx

from models.docket import RecordView
from models.enums import RecordState, RenditionKind
from models.renditions import DOCX, ENDINGS, OFD, PDF, RenditionView
from models.sealing import digest
from records import renditions
from records.preview import PreviewUnavailable
from records.processes import Bounds, ProgramFailed, run
from records.renditions import RenditionRefused
from records.signed import MOST_BYTES, Sent, SigningFault, checked, returned
from records.store import StoreFault

from .assembly import Parts
from .faults import StartFault
from .renditions import PdfMaker, Shelf
from .settings import Settings, signing_token

_BY_COMMAND = "command"
_log = logging.getLogger(__name__)

SigningCode = Literal[
    "not-signable", "no-pdf", "no-program", "timeout", "failed", "unreachable", "refused", "redirect", "store", "kept"
]

_WORDS: dict[SigningCode, str] = {
    "not-signable": "没有归档的文件，或已作废、已被替代，不送签章 · only a valid, filed record is signed",
    "no-pdf": "送签的 PDF 此处不能生成（未安装 LibreOffice 或转换失败） · the PDF to be signed cannot be made here",
    "no-program": "找不到签章程序，请核对 DINGBIAN_SIGNING_COMMAND · the signing program was not found",
    "timeout": "签章超时 · signing took too long",
    "failed": "签章程序未能完成 · the signing program failed",
    "unreachable": "签章服务不可用 · the signing service cannot be reached",
    "refused": "签章服务拒绝了请求 · the signing service refused",
    "redirect": "签章服务转往别处，未予跟随 · the signing service redirects, which is not followed",
    "store": "档案存储或临时目录不可用，没有存下签章件 · store or temporary folder cannot be used",
    "kept": "此文件已作为另一公文存档，没有存下 · the file stands for another record; nothing was kept",
}


def _fault(code: SigningCode, more: object = "") -> SigningFault:
    chinese, _, english = _WORDS[code].partition(" · ")
    return SigningFault(code, f"{chinese}（{more}） · {english} ({more})" if more else _WORDS[code])


@dataclass(frozen=True, slots=True)
class Handed:
    """What a provider is told: the file, its media type, its digest, and the number printed on it."""

    data: bytes
    media_type: str
    number: str
    digest: str


class Provider(Protocol):
    """Signs a file. Raises SigningFault."""

    @property
    def name(self) -> str: ...

    def sign(self, handed: Handed) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Command:
    """A program with arguments, run without a shell: `{input}` and `{output}` in its words become paths in a private
    folder that is gone afterwards. Of this process's variables it sees only what locates programs and language."""

    words: tuple[str, ...]
    seconds: float
    name: str

    def sign(self, handed: Handed) -> bytes:
        program = shutil.which(self.words[0])
        if program is None:
            raise _fault("no-program")
        with tempfile.TemporaryDirectory(prefix="dingbian-signing-") as work:
            source = Path(work) / f"document{ENDINGS[handed.media_type]}"
            target = Path(work) / "signed"
            source.touch(mode=0o600)
            source.write_bytes(handed.data)
            places = {"{input}": str(source), "{output}": str(target)}
            words = [program, *(_filled(word, places) for word in self.words[1:])]
            try:
                run(words, self.seconds, self._environment(handed, work), Bounds(file=_LARGEST), folder=Path(work))
            except ProgramFailed as failed:
                if failed.status is None:
                    raise _fault("timeout") from None
                raise _fault("failed", failed.status) from None
            if target.is_symlink() or not target.is_file():
                raise returned("empty")
            with target.open("rb") as answer:
                return answer.read(MOST_BYTES + 1)

    def _environment(self, handed: Handed, work: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in _LOCATING if name in os.environ}
        told = {
            "DINGBIAN_RECORD_NUMBER": handed.number,
            "DINGBIAN_RECORD_DIGEST": handed.digest,
            "DINGBIAN_RECORD_MEDIA_TYPE": handed.media_type,
        }
        return kept | told | {"TMPDIR": work}


_LOCATING = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
_LARGEST = 64 << 20  # bytes of any one file that a signing program may write


@dataclass(frozen=True, slots=True)
class Service:
    """An HTTP service: POST of the file, the signed file as the body of a 200. TLS is verified against the system's
    store, redirects are not followed, no proxy of the environment is used."""

    url: str
    token: str | None
    seconds: float
    name: str

    def sign(self, handed: Handed) -> bytes:
        try:
            return asyncio.run(self._within(handed))
        except TimeoutError:
            raise _fault("timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            raise _fault("unreachable") from None

    async def _within(self, handed: Handed) -> bytes:
        async with asyncio.timeout(self.seconds):  # of the whole, however slowly it drips
            return await self._posted(handed)

    async def _posted(self, handed: Handed) -> bytes:
        headers = {
            "Content-Type": handed.media_type,
            "Accept": f"{PDF}, {OFD}, {DOCX}",
            "Accept-Encoding": "identity",  # what is packed has no size that can be bounded as it comes
            "Dingbian-Record-Number": quote(handed.number, safe=""),
            "Dingbian-Record-Digest": handed.digest,
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        async with (
            httpx.AsyncClient(
                verify=ssl.create_default_context(), trust_env=False, follow_redirects=False, timeout=self.seconds + 1
            ) as client,
            client.stream("POST", self.url, content=handed.data, headers=headers) as answer,
        ):
            if answer.is_redirect:
                raise _fault("redirect")
            if answer.status_code != httpx.codes.OK:
                raise _fault("refused", answer.status_code)
            if answer.headers.get("Content-Encoding", "identity") != "identity":
                raise returned("unknown-type")
            return await _bounded(answer)


async def _bounded(answer: httpx.Response) -> bytes:
    data = bytearray()
    async for part in answer.aiter_raw():
        data += part
        if len(data) > MOST_BYTES:
            raise returned("too-large")
    return bytes(data)


@dataclass(frozen=True, slots=True)
class Signer:
    """`sign(record, made_by)`: the signed copy of a record, kept beside it."""

    provider: Provider
    form: Literal["docx", "pdf"]
    pdf: PdfMaker

    def __call__(self, record: RecordView, made_by: str, *, again: bool = False) -> RenditionView:
        """The copy that was kept before, unless `again`; else a new one. Raises SigningFault with nothing kept."""
        if record.state is not RecordState.VALID or record.digest is None or record.disposed_on is not None:
            raise _fault("not-signable")
        if not again:
            found = self.pdf.shelf.of_kind(record, RenditionKind.SIGNED)
            if found is not None:
                return found
        try:
            return self._signed(record, made_by, again=again)
        except SigningFault as fault:
            _log.warning("record %s was not signed by %s: %s", record.id, self.provider.name, fault.code)
            raise

    def _signed(self, record: RecordView, made_by: str, *, again: bool) -> RenditionView:
        shelf = self.pdf.shelf
        try:
            original = shelf.store.get(str(record.digest))
            handed = original if self.form == "docx" else self.pdf(record, made_by)
            told = Handed(
                handed,
                DOCX if self.form == "docx" else PDF,
                record.number,
                f"{shelf.store.hash_name}={digest(handed, shelf.store.hash_name)}",
            )
            answer = self.provider.sign(told)
            media_type = checked(answer, Sent(original, handed, record.code))
            return shelf.keep(
                record.id, RenditionKind.SIGNED, media_type, answer, made_by, self.provider.name, again=again
            )
        except PreviewUnavailable:
            raise _fault("no-pdf") from None
        except (StoreFault, OSError):
            raise _fault("store") from None
        except RenditionRefused:
            raise _fault("kept") from None


def signer_of(settings: Settings, pdf: PdfMaker) -> Signer | None:
    """The signer of the settings, or None when the office has none. Raises StartFault when its secret is unreadable."""
    provider: Provider
    if settings.signing_command:
        words = tuple(shlex.split(settings.signing_command))
        provider = Command(words, settings.signing_seconds, Path(words[0]).name)
    elif settings.signing_url:
        host = urlsplit(settings.signing_url).hostname or ""
        provider = Service(settings.signing_url, signing_token(settings), settings.signing_seconds, host)
    else:
        return None
    return Signer(provider, settings.signing_format, pdf)


def _filled(word: str, places: dict[str, str]) -> str:
    for name, place in places.items():
        word = word.replace(name, place)
    return word


# --- many at once: `dingbian sign` -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chosen:
    """Records by number, or every valid record without a signed copy (of one year)."""

    numbers: tuple[str, ...] = ()
    year: int | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one record: its signed copy, or why there is none."""

    number: str
    signed: RenditionView | None
    fault: str = ""


MOST_IN_A_ROW = 3
"""So many failures one after the other mean the provider, not the document: the rest would only wait for it."""


def sign_records(parts: Parts, chosen: Chosen, report: Callable[[str, int, int], None]) -> Iterator[Outcome]:
    """Sign one after the other; it ends early after `MOST_IN_A_ROW` failures in a row. Raises StartFault when there is
    no provider, or a number that nobody has."""
    sign = signer_of(parts.settings, PdfMaker(Shelf(parts.database, parts.store, _now)))
    if sign is None:
        raise StartFault(
            "没有设置签章服务：DINGBIAN_SIGNING_COMMAND 或 DINGBIAN_SIGNING_URL · no signing provider is set up"
        )
    records = _chosen(parts, chosen)
    if sign.form == "pdf":
        valid = [(each.id, each.digest) for each in records if each.state is RecordState.VALID and each.digest]
        with contextlib.suppress(PreviewUnavailable, StoreFault, RenditionRefused):  # told record by record, below
            sign.pdf.make_all(valid, _BY_COMMAND, report)
    failed = 0
    for done, record in enumerate(records, start=1):
        try:
            outcome = Outcome(record.number, sign(record, _BY_COMMAND, again=chosen.again))
            failed = 0
        except SigningFault as fault:
            outcome = Outcome(record.number, None, str(fault))
            failed += fault.code != "not-signable"
        report("签章 · signing", done, len(records))
        yield outcome
        if failed == MOST_IN_A_ROW:
            return


def told_of(outcomes: Iterable[Outcome]) -> dict[str, Any]:
    """As data: `signed`, the copies by number; `failed`, number → why."""
    done = list(outcomes)
    signed = [{"number": each.number, **each.signed.model_dump(mode="json")} for each in done if each.signed]
    return {"signed": signed, "failed": {each.number: each.fault for each in done if each.fault}}


def _chosen(parts: Parts, chosen: Chosen) -> list[RecordView]:
    with parts.database.read() as s:
        if not chosen.numbers:
            return renditions.unsigned(s, chosen.year)
        found = renditions.of_numbers(s, list(chosen.numbers))
    missing = [number for number in chosen.numbers if number not in found]
    if missing:
        raise StartFault(f"没有文号 {'、'.join(missing)} · no such number")
    return [found[number] for number in dict.fromkeys(chosen.numbers)]


def _now() -> datetime:
    return datetime.now(UTC)
