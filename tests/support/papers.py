"""Every kind of document that activities issue: the shortest way for an office to issue one, and its templates in a
folder of the test's own, to be spoilt and mended."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from sqlmodel import col, select

from models.decisions import Revocation
from models.documents import CONTEXT_OF
from models.enums import CommandKind, DocumentKind
from models.register import Record
from records.render import FOLDER, Renderer
from tests.change import acts as changing
from tests.rectification import acts as rectifying
from tests.removing import leaving
from tests.support.office import (
    EXAMINER,
    HEAD,
    INSPECTOR,
    ISSUER,
    ORGANISATION,
    REGISTRAR,
    Office,
    application,
)
from tests.warning import support as warning

NUMBERED = tuple(kind for kind in CONTEXT_OF if kind is not DocumentKind.CERTIFICATE_BOOKLET)
"""Documents with a number; an extract of the certificate has none (docs/decisions/0038)."""


def _accepted(office: Office) -> str:
    return office.opened()


def _returned(office: Office) -> str:
    return office.opened(application(meeting="", contact=""))


def _refused(office: Office) -> str:
    case_id = office.opened()
    office.accepted(office.decide(case_id, "examine", EXAMINER, "reject", opinion="本年度不再安排"))
    return case_id


def _slip(office: Office) -> str:
    case_id = office.opened()
    office.issued(case_id)
    return case_id


def _revoked(office: Office) -> str:
    case_id = _slip(office)
    office.accepted(office.order(case_id, CommandKind.REVOKE, Revocation(reason="用途改变。"), ISSUER))
    return case_id


def _entered(office: Office) -> str:
    case_id = office.opened()
    (slot,) = office.issued(case_id)
    office.entered(case_id, slot, 300)
    return case_id


def _left(office: Office) -> str:
    case_id = office.opened(leaving.removal(leaving.leaver(office)))
    office.accepted(
        office.decide(case_id, "approve-exit", ORGANISATION, subject="P1", reference_no="示组干〔2026〕11号")
    )
    office.accepted(office.decide(case_id, "exit", REGISTRAR, subject="P1"))
    return case_id


def _replied(office: Office) -> str:
    return changing.in_force(office)


def _rectified(office: Office) -> str:
    return rectifying.opened(office)


def _suspended(office: Office) -> str:
    return rectifying.suspended(office)


def _checked(office: Office) -> str:
    case_id = rectifying.suspended(office)
    rectifying.put_right(office, case_id)
    return case_id


def _lifted(office: Office) -> str:
    case_id = _checked(office)
    rectifying.lifted(office, case_id)
    return case_id


def _excepted(office: Office) -> str:
    case_id = rectifying.suspended(office)
    rectifying.excepted(office, case_id)
    return case_id


def _reminded(office: Office) -> str:
    return warning.reminded(office)


def _warned(office: Office) -> str:
    return warning.warned(office)


def _inspected(office: Office) -> str:
    case_id = warning.raised(office, "inspect")
    office.accepted(office.decide(case_id, "inspect", HEAD, team=warning.TEAM, visit_on="2026-03-10"))
    return case_id


def _reported(office: Office) -> str:
    case_id = _inspected(office)
    office.later(days=9)
    office.accepted(office.decide(case_id, "inspection-report", INSPECTOR, opinion="查阅了名册。", found=[]))
    return case_id


ISSUE: dict[DocumentKind, Callable[[Office], str]] = {
    DocumentKind.ACCEPTANCE_NOTICE: _accepted,
    DocumentKind.CORRECTION_NOTICE: _returned,
    DocumentKind.REFUSAL_NOTICE: _refused,
    DocumentKind.VERIFICATION_SLIP: _slip,
    DocumentKind.REVOCATION_NOTICE: _revoked,
    DocumentKind.ENTRY_NOTICE: _entered,
    DocumentKind.CERTIFICATE: _entered,
    DocumentKind.EXIT_NOTICE: _left,
    DocumentKind.EVALUATION_SHEET: _replied,
    DocumentKind.CHANGE_REPLY: _replied,
    DocumentKind.RECTIFICATION_NOTICE: _rectified,
    DocumentKind.SUSPENSION_NOTICE: _suspended,
    DocumentKind.SITE_CHECK_RECORD: _checked,
    DocumentKind.RESUMPTION_NOTICE: _lifted,
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: _excepted,
    DocumentKind.PHONE_RECORD: _reminded,
    DocumentKind.WARNING_LETTER: _warned,
    DocumentKind.INSPECTION_NOTICE: _inspected,
    DocumentKind.INSPECTION_REPORT: _reported,
    DocumentKind.CASE_FILE: _refused,
}
"""Kind → an act of an office after which one is issued; the id of its case."""


def own_templates(folder: Path) -> Path:
    """A copy of the templates that a test may spoil."""
    made = folder / "templates"
    made.mkdir()
    for path in sorted(FOLDER.glob("*.docx")):
        shutil.copy(path, made / path.name)
    return made


class Spoiling(Renderer):
    """Templates that are spoilt between the posting and the rendering: in the moment after the number was given with
    the digest of a sound template."""

    def __init__(self, folder: Path, victim: DocumentKind, spoil: Callable[[Path], None]) -> None:
        super().__init__(folder)
        self._place, self._victim, self._spoil = folder / f"{victim.value}.docx", victim, spoil
        self._sound = self._place.read_bytes()
        self._spoilt = False

    def template_digest(self, kind: DocumentKind) -> str:
        if kind is not self._victim or self._spoilt:
            return super().template_digest(kind)
        found = super().template_digest(kind)
        self._spoil(self._place)
        self._spoilt = True
        return found

    def mend(self) -> None:
        """Somebody puts the template back as it was."""
        if self._place.is_dir():
            self._place.rmdir()
        self._place.write_bytes(self._sound)


def records_of(office: Office, case_id: str) -> list[Record]:
    """Rows of the register of numbers of a case, in order of number."""
    with office.database.read() as s:
        statement = select(Record).where(Record.case_id == case_id)
        return list(s.exec(statement.order_by(col(Record.series), col(Record.year), col(Record.seq))))
