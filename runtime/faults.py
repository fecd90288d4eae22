"""Why a start is refused. The text is for the person at the terminal: Chinese first, then English."""

from __future__ import annotations


class StartFault(Exception):
    """Something the operator must put right before Dingbian can start; ends a command with exit status 2."""
