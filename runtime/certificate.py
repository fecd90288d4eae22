"""《机构编制管理证》 on request, composed for the API and for `dingbian certificate` (docs/decisions/0038).

The API may render no document: it is handed a `Composer`, as it is handed a rehearsal.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from ledger.certificate import begins
from models.certificate import CertificateFacts
from models.enums import DocumentKind
from models.rulebook import Rulebook
from records import certificate
from records.render import Renderer, TemplateFault, TextFault
from rules.deadlines import local_day

from .assembly import Parts
from .faults import StartFault

_BY_COMMAND = "系统管理员"


@dataclass(frozen=True, slots=True)
class Composer:
    """`compose(facts, made_by)`: the booklet as .docx. Raises TemplateFault when the template cannot be used."""

    renderer: Renderer
    rulebook: Rulebook
    public_url: str
    clock: Callable[[], datetime]

    def __call__(self, facts: CertificateFacts, made_by: str) -> bytes:
        maker = certificate.Maker(self.rulebook.office.name, self.public_url, local_day(self.clock()), made_by)
        return self.renderer.render(DocumentKind.CERTIFICATE_BOOKLET, certificate.context(facts, maker))


def write_certificate(parts: Parts, unit: str, as_of: date | None, target: Path) -> CertificateFacts:
    """The extract of the unit in the new file `target`, readable by its owner
    alone. Raises StartFault with what to put right; an existing file is never replaced."""
    today = local_day(datetime.now(UTC))
    day = as_of or today
    if day > today:
        raise StartFault(f"{day} 还没有到 · is still to come")
    if target.exists():
        raise StartFault(f"{target} 已存在，不覆盖 · already exists and is not replaced")
    with parts.database.read() as s:
        found = certificate.facts(s, unit, day)
        if found is None:
            known = begins(s, unit)
            raise StartFault(
                f"{unit} 自 {known} 建账，{day} 尚无登记 · its ledger begins later"
                if known
                else f"登记中没有单位 {unit}，或尚未建账 · no such unit, or nothing entered yet"
            )
    composer = Composer(Renderer(hash_name=parts.settings.hash), parts.rulebook, parts.settings.public_url, _now)
    try:
        document = composer(found, _BY_COMMAND)
    except (TemplateFault, TextFault) as fault:
        raise StartFault(f"模板或内容有误：{fault} · the template or a value is at fault") from None
    _write(target, document)
    return found


def _now() -> datetime:
    return datetime.now(UTC)


def _write(target: Path, document: bytes) -> None:
    """Whole or not at all: what was begun is removed when the disk is full."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise StartFault(f"写不出 {target}：{error.strerror} · cannot be written") from None
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(document)
    except OSError as error:
        with contextlib.suppress(OSError):
            target.unlink()
        raise StartFault(f"写不出 {target}：{error.strerror} · cannot be written") from None
