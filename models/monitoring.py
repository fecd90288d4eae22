"""Shapes of 监测预警: the nightly sweep, what it came to, and how a warning ends (procedures.md §5)."""

from __future__ import annotations

from datetime import datetime

from .enums import Labelled
from .shape import Shape


class WarningOutcome(Labelled):
    """How a warning ended; every one of them is a person's decision but the first."""

    NOT_ACCEPTED = "not-accepted", "不予受理", "not accepted"
    NOT_NEEDED = "not-needed", "不需预警", "no warning needed"
    SETTLED = "settled", "已答复了结", "settled by the answer"
    NO_PROBLEM = "no-problem", "督查未发现问题", "inspection found no problem"
    HANDED_OVER = "handed-over", "移交整改", "handed over to rectification"


class Sweep(Shape):
    """Activity input: look at the whole register as of `at`."""

    at: datetime


class SweepDone(Shape):
    """What one sweep came to, in counts.

    `known` findings had an open warning, `quiet` ones one that was closed a short while ago, and `left` ones wait
    for the next sweep because a run raises no more than its limit. `woken` cases had deadlines that were counted
    over a year which the calendar has now.
    """

    at: datetime
    units: int
    found: int
    raised: int
    known: int
    quiet: int
    left: int
    woken: int
