"""Words of the console: Chinese is the source, English a gettext catalogue (`locales/en/*.po`).

The framework brings its own catalogues with English as the source; ours are merged into its English one, so that one
`_()` serves both. A message that has no English yet is shown in Chinese; a test finds it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from starlette_admin import i18n

from models.enums import Labelled
from rules.deadlines import SHANGHAI

LOCALES = Path(__file__).parent / "locales"
CHINESE, ENGLISH = "zh", "en"
COOKIE = "dingbian_language"
DIVIDER = " · "
"""Between the Chinese and the English half of a text that the other rooms wrote for both."""


@cache
def install() -> None:
    """Merge our catalogues into the framework's, once per process."""
    for locale in (CHINESE, ENGLISH):
        for path in sorted((LOCALES / locale).glob("*.po")):
            i18n.translations[locale].merge(_compiled(path, locale))  # type: ignore[attr-defined]


def _compiled(path: Path, locale: str) -> Translations:
    with path.open("rb") as source:
        catalog: Catalog = read_po(source, locale=locale)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def english() -> bool:
    return i18n.get_locale() == ENGLISH


def _(text: str) -> str:
    """The text in the reader's language; `text` is the Chinese."""
    return str(i18n.gettext(text))


def label(value: Labelled | None) -> str:
    """A member of a closed vocabulary in the reader's language."""
    if value is None:
        return ""
    return value.gloss if english() else value.label


def labels(values: Iterable[Labelled]) -> str:
    return ("; " if english() else "、").join(label(value) for value in values)


def said(text: str | None) -> str:
    """The reader's half of a text in both languages; a text in one language as it is."""
    chinese, divider, gloss = (text or "").partition(DIVIDER)
    return gloss if divider and english() else chinese


def day(value: date | datetime | None) -> str:
    """A day of the office's calendar (Asia/Shanghai): 2026-03-02."""
    if isinstance(value, datetime):
        value = value.astimezone(SHANGHAI).date()
    return value.isoformat() if value is not None else ""


def moment(value: datetime | None) -> str:
    """A moment in the office's time (Asia/Shanghai): 2026-03-02 09:05."""
    return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if value is not None else ""


def days_left(working_days: int | None) -> str:
    """What is left of a deadline, in working days; negative when it has passed."""
    if working_days is None:
        return ""
    if working_days < 0:
        return _("超期%(n)d个工作日") % {"n": -working_days}
    return _("今日到期") if working_days == 0 else _("还有%(n)d个工作日") % {"n": working_days}


FILTERS: dict[str, Any] = {
    "label": label,
    "labels": labels,
    "said": said,
    "day": day,
    "moment": moment,
    "days_left": days_left,
}
"""For templates: `{{ case.state | label }}`, `{{ case.due_at | day }}`."""
