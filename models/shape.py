"""The base of every shape that crosses a boundary, and the text types they share."""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from .identity import nameless

# Characters that truncate a document, forge a paragraph or spoof a name (reliability.md §1e):
# controls except line feed, surrogates, non-characters, bidi and zero-width marks, tags.
UNSAFE_TEXT = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff"
    "\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)

SUBJECT = re.compile("[A-Z][0-9]{6,14}|[AP][0-9]{1,5}")
"""The code of a post on a slip, the place of an appointment without one, or of a person who leaves: what may stand
unsealed as the subject of a decision."""


class Shape(BaseModel):
    """Strict and closed: an unknown field is a mistake that must be seen, not dropped."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


def plain_text(value: str) -> str:
    """NFC text without characters that Word, a reader or a search would take for something else.

    Raises ValueError naming the code point, so that the caller can say which field holds it.
    """
    found = UNSAFE_TEXT.search(value)
    if found:
        raise ValueError(f"含有不允许的字符 U+{ord(found[0]):04X} · character not allowed")
    return unicodedata.normalize("NFC", value)


def washed(value: str) -> str:
    """A stranger's text as it may rest and be shown, what is unsafe in it replaced: PostgreSQL keeps no NUL."""
    return UNSAFE_TEXT.sub("\ufffd", value)


def one_line(value: str) -> str:
    if "\n" in value:
        raise ValueError("不得换行 · must be one line")
    return plain_text(value)


Line = Annotated[str, StringConstraints(max_length=200), AfterValidator(one_line), AfterValidator(nameless)]
"""One line may rest in clear, in a list or a letter: an identity number has a field of its own (ledger.md rule 11)."""
Text = Annotated[str, StringConstraints(max_length=4000), AfterValidator(plain_text)]
"""Rests sealed; what of it is printed, is printed without identity numbers (`records.texts`)."""
OpenText = Annotated[Text, AfterValidator(nameless)]
"""A text that rests in clear."""
Name = Annotated[
    str, StringConstraints(min_length=1, max_length=100), AfterValidator(one_line), AfterValidator(nameless)
]
Token = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
UnitCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-HJ-NPQRTUWXY]{18}$")]
IdentityNo = Annotated[str, StringConstraints(pattern=r"^[0-9]{17}[0-9X]$")]
ROW_ID = r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$"
RowId = Annotated[str, StringConstraints(pattern=ROW_ID)]
OFFICER_ID_LENGTH = 100
OFFICER_ID = rf"^[^\s~|/\x00-\x1f\x7f]{{1,{OFFICER_ID_LENGTH}}}$"
"""It stands before `~` in the id of a command, between `|` in keys of traces, and in an address."""
KEY_LENGTH = 100
COMMAND_ID_LENGTH = OFFICER_ID_LENGTH + 1 + KEY_LENGTH
"""`officer~key`: whatever is committed fits the signal that carries its id, or the case waits behind it for ever."""
FIRST_DAY, LAST_DAY = date(1949, 10, 1), date(2199, 12, 31)
"""What an office speaks of lies between these: at the ends of the calendar another time zone is no date any more."""
Day = Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)]
BirthDate = Annotated[date, Field(ge=date(1850, 1, 1), le=LAST_DAY)]
Instant = Annotated[
    AwareDatetime,
    Field(ge=datetime(1949, 10, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC)),
]
Count = Annotated[int, Field(ge=1, le=9999, strict=True)]
