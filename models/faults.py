"""What could not be done, and is told to whoever asked for it."""

from __future__ import annotations


class NotDone(Exception):
    """A failure in words for a person, Chinese first. On the command line: told without a traceback, status 1."""
