"""Why a start is refused. The text is for the person at the terminal: Chinese first, then English."""

from __future__ import annotations


class StartFault(Exception):
    """Something the operator must put right before Dingbian can start; ends a command with exit status 2."""


class Away(StartFault):
    """Something that does not answer now and may answer soon: the database, room on a disk. A worker and an API end
    with status 1 then, so that whoever supervises them starts them again (P19) instead of giving the office up."""
