"""What a reconciliation calls a difference, and what it dares to repair (P15)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from models.reconciliation import ADVICE, DifferenceKind, Standing
from rules.reconciliation import GRACE, REDELIVERIES, CaseFact, CommandFact, of_cases, of_commands, suspects

NOW = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=2)
JUST_NOW = NOW - GRACE


def case(*, final: bool = False, since: datetime = LONG_AGO, unfiled: bool = False, arrived: bool = True) -> CaseFact:
    return CaseFact("c1", "用编2026-00001", final, since if final else None, "a~k", since if arrived else None, unfiled)


def command(delivered: datetime | None, attempts: int = 1, decided: datetime = LONG_AGO) -> CommandFact:
    return CommandFact("a~k", "c1", "用编2026-00001", decided, delivered, attempts)


def test_what_is_in_hand_is_no_difference() -> None:
    assert of_commands([command(None, decided=JUST_NOW), command(JUST_NOW)], NOW).differences == []
    assert suspects([case(since=JUST_NOW)], set(), NOW) == []
    assert suspects([case(final=True, since=JUST_NOW)], {"c1"}, NOW) == []
    assert suspects([case(arrived=False)], set(), NOW) == [], "its start waits in the outbox, and is told as such"


def test_a_moment_that_is_still_to_come_is_of_a_wrong_clock_and_no_excuse() -> None:
    next_year = NOW + timedelta(days=400)
    assert [each.id for each in suspects([case(since=next_year)], set(), NOW)] == ["c1"]
    assert [each.id for each in suspects([case(final=True, since=next_year)], {"c1"}, NOW)] == ["c1"]
    assert of_commands([command(next_year)], NOW).again == ["a~k"]
    assert suspects([case(since=NOW + GRACE)], set(), NOW) == [], "clocks may be a little apart"


def test_a_command_that_does_not_arrive_is_told_and_left_to_the_relay() -> None:
    remedy = of_commands([command(None, attempts=7)], NOW)
    assert [(each.kind, each.repair) for each in remedy.differences] == [(DifferenceKind.UNDELIVERED, "")]
    assert "7" in remedy.differences[0].detail
    assert remedy.again == []


def test_a_delivered_command_without_a_receipt_is_delivered_again_but_not_for_ever() -> None:
    remedy = of_commands([command(LONG_AGO)], NOW)
    assert remedy.again == ["a~k"]
    assert remedy.differences[0].repair
    tired = of_commands([command(LONG_AGO, attempts=REDELIVERIES)], NOW)
    assert (tired.again, tired.differences[0].repair) == ([], "")
    assert tired.differences[0].kind is DifferenceKind.UNJUDGED


def test_agreement_raises_no_suspicion() -> None:
    assert suspects([case()], {"c1"}, NOW) == []
    assert suspects([case(final=True)], set(), NOW) == []
    assert suspects([case(final=True, unfiled=True)], {"c1"}, NOW) == []


@pytest.mark.parametrize(
    ("fact", "standing", "kind", "repaired"),
    [
        (case(), Standing.UNKNOWN, DifferenceKind.NO_WORKFLOW, True),
        (case(), Standing.STOPPED, DifferenceKind.NO_WORKFLOW, True),
        (case(), Standing.COMPLETED, DifferenceKind.ENDED_EARLY, False),
        (case(), Standing.RUNNING, None, False),
        (case(final=True), Standing.RUNNING, DifferenceKind.RUNS_ON, True),
        (case(final=True), Standing.COMPLETED, None, False),
        (case(final=True), Standing.UNKNOWN, None, False),
        (case(final=True, unfiled=True), Standing.UNKNOWN, DifferenceKind.UNFILED, True),
        (case(final=True, unfiled=True), Standing.COMPLETED, DifferenceKind.UNFILED, False),
        (case(final=True, unfiled=True), Standing.RUNNING, None, False),
    ],
)
def test_a_suspicion_counts_as_what_temporal_says_of_it(
    fact: CaseFact, standing: Standing, kind: DifferenceKind | None, repaired: bool
) -> None:
    remedy = of_cases([fact], {"c1": standing})
    assert [each.kind for each in remedy.differences] == ([kind] if kind else [])
    assert [bool(each.repair) for each in remedy.differences] == ([repaired] if kind else [])
    assert bool(remedy.again or remedy.wake) is repaired


def test_every_kind_has_words_and_advice() -> None:
    assert set(ADVICE) == set(DifferenceKind)
