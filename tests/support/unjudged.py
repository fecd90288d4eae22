"""What was delivered at once and not judged. A module of its own, because every run of the tests imports it."""

from __future__ import annotations

UNJUDGED: list[str] = []
"""Kinds of commands and, where an activity failed, what it failed with; empty again before each test."""
