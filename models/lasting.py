"""Faults by what helps against them: those of the moment are tried again, those of the thing itself never pass.

A leaf: nothing here knows who acts on it.
"""

from __future__ import annotations

import traceback

from sqlalchemy.exc import DataError, IntegrityError, MultipleResultsFound, NoResultFound, StatementError

RACES = 5
"""Tries after which a constraint was not broken by a neighbour of the same moment: the row fits at no time."""

_LASTING = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    NoResultFound,
    MultipleResultsFound,
)


def lasting(fault: Exception, tries: int = 1) -> bool:
    """Whether the same program meets the same fault with the same content again. A database or a network that is away,
    a lock, a drill: none of these."""
    if isinstance(fault, OSError):  # a certificate's fault is a ValueError too
        return False
    return isinstance(fault, _LASTING) or unfit(fault) or (isinstance(fault, IntegrityError) and tries >= RACES)


def unfit(fault: Exception) -> bool:
    """Whether a value fits no column: the database refused it, or it could not even be handed over."""
    return isinstance(fault, DataError) or type(fault) is StatementError


def place(fault: BaseException) -> str:
    """Where it happened, innermost first, for the log: a fault's own words may quote values (P16)."""
    frames = traceback.extract_tb(fault.__traceback__)[-3:]
    return " < ".join(f"{frame.filename.rsplit('/', 1)[-1]}:{frame.lineno}" for frame in reversed(frames))
