"""The ledger against a plain model of it: any order of postings, repetitions and reused keys (P1, P3)."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlmodel import Session

from ledger import balances, occupancy, postings
from ledger.db import Database
from ledger.verify import verify
from models.enums import EntryKind, ExitReason, Resource, SlipState
from models.ledger import Posting, Side
from models.refusals import Refusal, RefusalCode
from tests.support.engines import copy_of, forget, register_of
from tests.support.ledger import (
    BASIS,
    OTHER,
    UNIT,
    cause,
    make_database,
    make_keyring,
    person,
    seed_unit,
    slots,
    terms,
)

STAFF = Resource.ADMINISTRATIVE
CHIEF = Resource.INTERNAL_CHIEF
UNITS = (UNIT, OTHER)
SERIALS = range(4)
ABSORB = date(2027, 12, 31)

Key = tuple[str, Resource]
Act = Callable[[Session], Posting | Refusal]


@cache
def template() -> tuple[tempfile.TemporaryDirectory[str], str]:
    """A migrated register with two units, made once and copied for every example; its folder and its address."""
    folder = tempfile.TemporaryDirectory()
    url = register_of(Path(folder.name) / "register.db")
    database = make_database(Path(folder.name), url)
    with database.write() as s:
        for unit in UNITS:
            seed_unit(s, unit, {STAFF: 2, CHIEF: 1})
    database.close()
    return folder, url


@dataclass
class Counted:
    """The model of one account."""

    authorised: int
    occupied: int = 0
    reserved: int = 0
    set_aside: int = 0

    @property
    def vacancy(self) -> int:
        return self.authorised - self.occupied - self.reserved - self.set_aside


@dataclass
class Somebody:
    headcount: str | None = None
    posts: list[str] = field(default_factory=list)


class LedgerMachine(RuleBasedStateMachine):
    """Every rule predicts from the model whether the ledger agrees or refuses, and then moves the model."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "register.db"
        self.database = Database(copy_of(template()[1], path), make_keyring())
        self.accounts: dict[Key, Counted] = {}
        for unit in UNITS:
            self.accounts[unit, STAFF] = Counted(2)
            self.accounts[unit, CHIEF] = Counted(1)
        self.open: dict[str, dict[str, Key]] = {}
        self.people = {serial: Somebody() for serial in SERIALS}
        self.done: list[tuple[Act, Act, Posting]] = []
        self.number = 0

    def teardown(self) -> None:
        self.database.close()
        forget(Path(self.folder.name))
        self.folder.cleanup()

    def act(self, act: Act, twisted: Act, expected: RefusalCode | None) -> bool:
        """Run in a transaction of its own; whether it was done. `twisted` is the same key with another payload."""
        with self.database.write() as s:
            answer = act(s)
        if expected is not None:
            assert isinstance(answer, Refusal)
            assert answer.code is expected
            return False
        assert isinstance(answer, Posting), answer
        assert not answer.existing
        if any(row.kind is EntryKind.RESERVE for row in answer.rows):
            assert all(balance.vacancy >= 0 for balance in answer.after)
        self.done.append((act, twisted, answer))
        return True

    def fresh(self) -> str:
        self.number += 1
        return f"case-{self.number}"

    @rule(unit=st.sampled_from(UNITS), wanted=st.lists(st.sampled_from([STAFF, CHIEF]), min_size=1, max_size=3))
    def reserve(self, unit: str, wanted: list[Resource]) -> None:
        case = self.fresh()
        named = [(f"{case}-{line}", resource) for line, resource in enumerate(wanted)]
        short = [r for r in (STAFF, CHIEF) if wanted.count(r) and self.accounts[unit, r].vacancy < wanted.count(r)]
        codes = {STAFF: RefusalCode.NO_VACANCY, CHIEF: RefusalCode.LEADER_POSTS_FULL}
        done = self.act(
            lambda s: postings.reserve(s, unit, slots(*named), terms(case), cause(case)),
            lambda s: postings.reserve(s, unit, slots(("other", STAFF)), terms("other"), cause(case)),
            codes[short[0]] if short else None,
        )
        if done:
            self.open[case] = {code: (unit, resource) for code, resource in named}
            for resource in wanted:
                self.accounts[unit, resource].reserved += 1

    @precondition(lambda self: any(self.open.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        slip = data.draw(st.sampled_from(sorted(slip for slip, left in self.open.items() if left)))
        codes = data.draw(st.lists(st.sampled_from(sorted(self.open[slip])), min_size=1, unique=True))
        case = self.fresh()
        self.act(
            lambda s: postings.release(s, slip, codes, cause(case), SlipState.VOID),
            lambda s: postings.release(s, slip, codes, cause(case), SlipState.EXPIRED),
            None,
        )
        for code in codes:
            self.accounts[self.open[slip].pop(code)].reserved -= 1

    def some_slot(self, data: st.DataObject) -> tuple[str, str, Key]:
        choices = [(slip, code, key) for slip, left in sorted(self.open.items()) for code, key in sorted(left.items())]
        return data.draw(st.sampled_from(choices))

    @precondition(lambda self: any(self.open.values()))
    @rule(data=st.data(), serial=st.sampled_from(SERIALS))
    def post(self, data: st.DataObject, serial: int) -> None:
        slip, code, (unit, resource) = self.some_slot(data)
        somebody = self.people[serial]
        expected = None
        if resource is STAFF and somebody.headcount:
            expected = RefusalCode.ALREADY_POSTED
        elif resource is CHIEF and not somebody.headcount:
            expected = RefusalCode.NOT_POSTED
        case = self.fresh()
        done = self.act(
            lambda s: postings.post(s, [code], person(serial), cause(case)),
            lambda s: postings.post(s, [code], person(serial + 10), cause(case)),
            expected,
        )
        if done:
            self.occupy(slip, code, somebody)

    def occupy(self, slip: str, code: str, somebody: Somebody) -> None:
        unit, resource = key = self.open[slip].pop(code)
        self.accounts[key].reserved -= 1
        self.accounts[key].occupied += 1
        if resource is STAFF:
            somebody.headcount = unit
        else:
            somebody.posts.append(unit)

    def vacate_posts(self, somebody: Somebody, units: list[str]) -> None:
        for unit in [each for each in somebody.posts if each in units]:
            somebody.posts.remove(unit)
            self.accounts[unit, CHIEF].occupied -= 1

    @precondition(lambda self: any(somebody.headcount for somebody in self.people.values()))
    @rule(data=st.data(), unit=st.sampled_from(UNITS), side=st.sampled_from(["post", "both"]))
    def leave(self, data: st.DataObject, unit: str, side: Side) -> None:
        serial = data.draw(st.sampled_from([n for n, each in self.people.items() if each.headcount]))
        somebody = self.people[serial]
        here = unit in somebody.posts if side == "post" else somebody.headcount == unit
        case = self.fresh()
        done = self.act(
            lambda s: postings.leave(s, unit, self.ref(s, serial), side, ExitReason.OTHER, cause(case)),
            lambda s: postings.leave(s, unit, self.ref(s, serial), side, ExitReason.DEATH, cause(case)),
            None if here else RefusalCode.NOT_POSTED,
        )
        if done and side == "post":
            self.vacate_posts(somebody, [unit])
        elif done:
            self.vacate_posts(somebody, list(UNITS))
            self.accounts[unit, STAFF].occupied -= 1
            somebody.headcount = None

    def ref(self, s: Session, serial: int) -> str:
        standing = occupancy.standing(s, person(serial).identity_no)
        assert standing is not None
        return standing.person_ref

    @precondition(lambda self: any(self.open.values()))
    @rule(data=st.data(), serial=st.sampled_from(SERIALS))
    def transfer(self, data: st.DataObject, serial: int) -> None:
        slip, code, (unit, resource) = self.some_slot(data)
        somebody = self.people[serial]
        expected = None
        if resource is CHIEF:
            expected = RefusalCode.OUTSIDE_SLIP
        elif somebody.headcount is None:
            expected = RefusalCode.NOT_POSTED
        elif somebody.headcount == unit:
            expected = RefusalCode.ALREADY_POSTED
        case, left = self.fresh(), somebody.headcount
        done = self.act(
            lambda s: postings.transfer(s, [code], person(serial), case, cause(case), ExitReason.TRANSFER),
            lambda s: postings.transfer(s, [code], person(serial), "other", cause(case), ExitReason.TRANSFER),
            expected,
        )
        if done and left:
            self.vacate_posts(somebody, [left])
            self.accounts[left, STAFF].occupied -= 1
            self.occupy(slip, code, somebody)

    @rule(
        unit=st.sampled_from(UNITS),
        resource=st.sampled_from([STAFF, CHIEF]),
        delta=st.sampled_from([-2, -1, 1, 2]),
        absorb=st.booleans(),
    )
    def authorise(self, unit: str, resource: Resource, delta: int, absorb: bool) -> None:
        account = self.accounts[unit, resource]
        expected = None
        if account.authorised + delta < 0:
            expected = RefusalCode.LEDGER_CONFLICT
        elif delta < 0 and account.vacancy + delta < 0 and not absorb:
            expected = RefusalCode.OVER_QUOTA
        until = ABSORB if absorb else None
        because = cause(self.fresh(), basis=BASIS)
        done = self.act(
            lambda s: postings.authorise(s, unit, resource, delta, because, until),
            lambda s: postings.authorise(s, unit, resource, delta + 5, because, until),
            expected,
        )
        if done:
            account.authorised += delta

    @rule(unit=st.sampled_from(UNITS), delta=st.sampled_from([-1, 1]))
    def set_aside(self, unit: str, delta: int) -> None:
        account = self.accounts[unit, STAFF]
        expected = None
        if account.vacancy < delta:
            expected = RefusalCode.NO_VACANCY
        elif account.set_aside + delta < 0:
            expected = RefusalCode.LEDGER_CONFLICT
        because = cause(self.fresh())
        done = self.act(
            lambda s: postings.set_aside(s, unit, STAFF, delta, because),
            lambda s: postings.set_aside(s, unit, STAFF, -delta, because),
            expected,
        )
        if done:
            account.set_aside += delta

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        act, _twisted, first = data.draw(st.sampled_from(self.done))
        with self.database.write() as s:
            again = act(s)
        assert again == first.model_copy(update={"existing": True})

    @precondition(lambda self: self.done)
    @rule(data=st.data())
    def reuse_a_key(self, data: st.DataObject) -> None:
        _act, twisted, _first = data.draw(st.sampled_from(self.done))
        with self.database.write() as s:
            answer = twisted(s)
        assert isinstance(answer, Refusal)
        assert answer.code in {RefusalCode.KEY_REUSED, RefusalCode.OUTSIDE_SLIP}

    @invariant()
    def the_ledger_is_the_model(self) -> None:
        if not hasattr(self, "database"):
            return
        with self.database.read() as s:
            found = {(unit, each.resource): each for unit in UNITS for each in balances.balances(s, unit)}
            for key, model in self.accounts.items():
                stored = found[key]
                counts = Counted(stored.authorised, stored.occupied, stored.reserved, stored.set_aside)
                assert counts == model
                assert stored.tolerated_over == max(0, -model.vacancy)
            assert balances.rebuild(s) == {each.account: each for each in found.values()}
            assert verify(s).intact


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(
    max_examples=20, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
