"""Does an extract of a certificate say what the register says? Made again for its day and compared, text by text.

An extract has no number and no digest to be known by (docs/decisions/0038): the row and the heads that it prints show
which register it claims, and nothing of what it says. So the same extract is written once more, and whatever differs
but the hour and hand of the printing is a difference.
"""

from __future__ import annotations

import re
from datetime import date

from sqlmodel import Session

from models.enums import DocumentKind

from . import certificate
from .certificate import Maker
from .printed import texts
from .render import Renderer, TemplateFault
from .texts import TextFault

_ADDRESS = re.compile(
    r"(https?://[^\s/]{1,255})/api/v1/units/([0-9A-Z]{18})/certificate/facts\?as_of=(\d{4}-\d{2}-\d{2})"
)
_MADE_ON = date(1901, 2, 3)
_MADE_BY = "打印人待填"
_FREE = {"1901年2月3日": r"\d{4}年\d{1,2}月\d{1,2}日", _MADE_BY: r"[^\n]{0,100}"}
"""When and by whom it was printed: everything else must be as the register has it."""


def agrees(s: Session, parts: list[str], renderer: Renderer, issuer: str) -> bool:
    """Whether the text of the file (`printed.texts`) is that of the extract of its unit and day, made from this
    register by this office now. False as well for a day or unit that the register does not know, or an address that
    the file names differently in two places."""
    named = {found for part in parts for found in _ADDRESS.findall(part)}
    if len(named) != 1:
        return False
    public_url, unit, day = named.pop()
    try:
        found = certificate.facts(s, unit, date.fromisoformat(day))
        if found is None:
            return False
        maker = Maker(issuer=issuer, public_url=public_url, made_on=_MADE_ON, made_by=_MADE_BY)
        made = renderer.render(DocumentKind.CERTIFICATE_BOOKLET, certificate.context(found, maker))
    except (ValueError, TemplateFault, TextFault):
        return False
    return _like("\f".join(texts(made)), "\f".join(parts))


def _like(wanted: str, given: str) -> bool:
    """Equal but for the free places. Piece by piece, so that ten thousand rows are compared in one pass."""
    pattern = re.compile("|".join(map(re.escape, _FREE)))
    at = 0
    free: str | None = None
    for piece, mark in _pieces(wanted, pattern):
        if free is None:
            if not given.startswith(piece, at):
                return False
            at += len(piece)
        else:
            found = re.compile(free + re.escape(piece[:40])).match(given, at)
            if found is None or not given.startswith(piece, found.end() - len(piece[:40])):
                return False
            at = found.end() - len(piece[:40]) + len(piece)
        free = _FREE[mark] if mark else None
    return at == len(given) and free is None


def _pieces(text: str, pattern: re.Pattern[str]) -> list[tuple[str, str]]:
    """(fixed text, the free place that follows it), the last one followed by nothing."""
    out, at = [], 0
    for found in pattern.finditer(text):
        out.append((text[at : found.start()], found.group()))
        at = found.end()
    return [*out, (text[at:], "")]
