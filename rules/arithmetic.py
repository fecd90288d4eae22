"""Vacancy and over-quota arithmetic: what a posting may do to one account (ledger.md, table and rule 2).

Counts are whole persons or posts. The tolerance is always exactly as large as the over-quota it covers:
it falls with every departure and so can never be spent again (只出不进).
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Movement:
    """Signed changes of one account by one journal row."""

    authorised: int = 0
    occupied: int = 0
    reserved: int = 0
    set_aside: int = 0
    tolerated_over: int = 0

    @property
    def used(self) -> int:
        return self.occupied + self.reserved + self.set_aside

    def reversed(self) -> Movement:
        return Movement(-self.authorised, -self.occupied, -self.reserved, -self.set_aside, -self.tolerated_over)


@dataclass(frozen=True, slots=True)
class Figures:
    """核定, 实有, 在途, 预留 and the tolerated over-quota of one account."""

    authorised: int = 0
    occupied: int = 0
    reserved: int = 0
    set_aside: int = 0
    tolerated_over: int = 0

    @property
    def used(self) -> int:
        return self.occupied + self.reserved + self.set_aside

    @property
    def vacancy(self) -> int:
        """空余; negative when over quota."""
        return self.authorised - self.used

    @property
    def over(self) -> int:
        return max(0, -self.vacancy)

    @property
    def sound(self) -> bool:
        """What the database holds as CHECK constraints."""
        counts = (self.authorised, self.occupied, self.reserved, self.set_aside, self.tolerated_over)
        return min(counts) >= 0 and self.used <= self.authorised + self.tolerated_over

    def moved(self, movement: Movement) -> Figures:
        return Figures(
            self.authorised + movement.authorised,
            self.occupied + movement.occupied,
            self.reserved + movement.reserved,
            self.set_aside + movement.set_aside,
            self.tolerated_over + movement.tolerated_over,
        )


def may_reserve(figures: Figures, number: int) -> bool:
    """Whether `number` posts can be reserved and leave no negative vacancy; never on an over-quota account."""
    return number > 0 and figures.vacancy >= number


def held_within(figures: Figures, wanted: Movement) -> Movement | None:
    """`wanted` completed by the tolerance that it gives back, or None when the account may not move so.

    A tolerance in `wanted` is a ceiling: a counter-row restores no more of it than the over-quota needs.
    """
    result = figures.moved(wanted)
    surplus = result.tolerated_over - result.over
    lowered = Movement(
        wanted.authorised,
        wanted.occupied,
        wanted.reserved,
        wanted.set_aside,
        wanted.tolerated_over - max(0, surplus),
    )
    return lowered if figures.moved(lowered).sound else None


def tolerating(figures: Figures, wanted: Movement) -> Movement | None:
    """`wanted` completed by the tolerance that it needs: OPENING, APPOINT, AUTHORISE with an absorption term."""
    bare = figures.moved(Movement(wanted.authorised, wanted.occupied, wanted.reserved, wanted.set_aside))
    raised = Movement(
        wanted.authorised, wanted.occupied, wanted.reserved, wanted.set_aside, bare.over - figures.tolerated_over
    )
    return raised if figures.moved(raised).sound else None
