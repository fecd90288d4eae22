"""Vacancy and tolerance as pure arithmetic (ledger.md, table and rule 2)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from rules.arithmetic import Figures, Movement, held_within, may_reserve, tolerating

COUNTS = st.integers(0, 20)
CHANGES = st.integers(-5, 5)


@st.composite
def figures(draw: st.DrawFn) -> Figures:
    """An account as the ledger keeps it: the tolerance is as large as the over-quota."""
    bare = Figures(draw(COUNTS), draw(COUNTS), draw(COUNTS), draw(COUNTS))
    return Figures(bare.authorised, bare.occupied, bare.reserved, bare.set_aside, bare.over)


MOVEMENTS = st.builds(Movement, CHANGES, CHANGES, CHANGES, CHANGES)


def test_vacancy_is_what_is_left_and_may_be_negative() -> None:
    assert Figures(10, 5, 2, 1).vacancy == 2
    assert Figures(10, 12, tolerated_over=2).vacancy == -2
    assert Figures(10, 12, tolerated_over=2).over == 2


def test_an_over_quota_account_reserves_nothing() -> None:
    assert may_reserve(Figures(2, 1), 1)
    assert not may_reserve(Figures(2, 1), 2)
    assert not may_reserve(Figures(2, 3, tolerated_over=1), 1)
    assert not may_reserve(Figures(2), 0)


def test_the_tolerance_leaves_with_the_person() -> None:
    assert held_within(Figures(2, 4, tolerated_over=2), Movement(occupied=-1)) == Movement(
        occupied=-1, tolerated_over=-1
    )


def test_the_posting_of_a_reserved_place_is_possible_over_quota() -> None:
    assert held_within(Figures(1, 1, 1, 0, 1), Movement(occupied=1, reserved=-1)) is not None


@given(figures(), MOVEMENTS)
def test_no_movement_makes_an_account_unsound(before: Figures, wanted: Movement) -> None:
    movement = held_within(before, wanted)
    if movement is not None:
        after = before.moved(movement)
        assert after.sound
        assert after.tolerated_over == after.over <= before.over


@given(figures(), MOVEMENTS)
def test_a_tolerating_movement_fails_only_on_negative_counts(before: Figures, wanted: Movement) -> None:
    movement = tolerating(before, wanted)
    counts = before.moved(wanted)
    negative = min(counts.authorised, counts.occupied, counts.reserved, counts.set_aside) < 0
    assert (movement is None) == negative
    if movement is not None:
        assert before.moved(movement).tolerated_over == before.moved(movement).over


@given(figures(), MOVEMENTS)
def test_a_movement_and_its_counter_end_where_they_began(before: Figures, wanted: Movement) -> None:
    movement = held_within(before, wanted)
    if movement is not None:
        after = before.moved(movement)
        back = held_within(after, movement.reversed())
        assert back is not None
        assert after.moved(back) == before
