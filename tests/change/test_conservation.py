"""Mergers and moves with any figures: headcount is neither made nor lost, the chain stays intact, and the tolerance is
exactly what is too much (ledger.md rules 2 and 6)."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import Session

from ledger import balances, mergers, postings
from ledger.postings import open_accounts
from ledger.units import Warrant, end
from ledger.verify import verify
from models.enums import ChangeKind, Resource, Sex
from models.ledger import Balance, Basis, Cause, OpeningAccount, OpeningPerson, PersonEntry
from models.refusals import Refusal, RefusalCode
from models.register import Holder, Unit
from rules.arithmetic import Figures
from tests.change.acts import code
from tests.support.office import START, Office, identity_no

DAY = date(2026, 3, 2)
TERM = date(2028, 12, 31)
BASIS = Basis(number="示编〔2026〕1号", body="示范市机构编制委员会", date=DAY)
HEADCOUNTS = (Resource.INSTITUTION_FULL, Resource.INSTITUTION_PARTIAL)
POST = Resource.INTERNAL_CHIEF
BORN = date(1980, 5, 1)

account = st.fixed_dictionaries(
    {
        "authorised": st.integers(0, 8),
        "named": st.integers(0, 3),
        "unnamed": st.integers(0, 4),
        "aside": st.integers(0, 3),
    }
)
units = st.lists(st.fixed_dictionaries(dict.fromkeys(HEADCOUNTS, account)), min_size=3, max_size=3)


def cause(subject: str) -> Cause:
    return Cause(case_id="c", step="sign", round=1, subject=subject, effective_on=DAY, recorded_at=START, basis=BASIS)


def a_region(s: Session, wanted: list[dict[Resource, dict[str, int]]], shared: bool) -> list[str]:
    """Units with these accounts; everybody on the first headcount who is named leads something as well. The last two
    share their quota when `shared`."""
    codes = [code(800 + number) for number in range(len(wanted))]
    serial = iter(range(410, 490))
    for number, unit in enumerate(codes):
        holder = codes[-2] if shared and number == len(codes) - 1 else unit
        if holder == unit:
            s.add(Holder(id=unit, name=unit))
            s.flush()
        s.add(Unit(code=unit, name=f"单位{number}", kind="institution", holder=holder, certificate_no=unit))
        s.flush()
    accounts, people = [], []
    for number, (unit, each) in enumerate(zip(codes, wanted, strict=True)):
        if shared and number == len(codes) - 1:
            people += [person(next(serial), unit, HEADCOUNTS[0]) for _ in range(each[HEADCOUNTS[0]]["named"])]
            continue
        for resource, figures in each.items():
            accounts.append(
                OpeningAccount(
                    unit=unit,
                    resource=resource,
                    authorised=figures["authorised"],
                    occupied_unnamed=figures["unnamed"],
                    basis=BASIS,
                )
            )
            leads = resource is HEADCOUNTS[0]
            people += [person(next(serial), unit, resource, POST if leads else None) for _ in range(figures["named"])]
        accounts.append(OpeningAccount(unit=unit, resource=POST, authorised=1, basis=BASIS))
    opened = open_accounts(s, accounts, people, cause("opening"))
    assert not isinstance(opened, Refusal)
    for unit, each in zip(codes, wanted, strict=True):
        for resource, figures in each.items():
            [now] = [b for b in balances.balances(s, unit) if b.resource is resource] or [None]
            free = max(0, min(figures["aside"], now.vacancy)) if now else 0
            if free:
                postings.set_aside(s, unit, resource, free, cause(f"aside-{unit}"))
    return codes


def person(serial: int, unit: str, headcount: Resource, post: Resource | None = None) -> OpeningPerson:
    entry = PersonEntry(name=f"在编{serial}", sex=Sex.MALE, birth_date=BORN, identity_no=identity_no(serial, BORN))
    return OpeningPerson(unit=unit, person=entry, headcount=headcount, post=post, entered_on=date(2015, 7, 1))


def figures_of(s: Session, codes: list[str]) -> dict[str, Balance]:
    """Account → balance, each account once."""
    return {b.account: b for unit in codes for b in balances.balances(s, unit)}


def totals(found: dict[str, Balance]) -> Counter[tuple[str, str]]:
    counted: Counter[tuple[str, str]] = Counter()
    for each in found.values():
        for name in ("authorised", "occupied", "reserved", "set_aside"):
            counted[each.resource.value, name] += getattr(each, name)
    return counted


def sound(found: dict[str, Balance]) -> None:
    for each in found.values():
        figures = Figures(each.authorised, each.occupied, each.reserved, each.set_aside, each.tolerated_over)
        assert figures.sound
        assert each.tolerated_over == figures.over


def an_office() -> tuple[tempfile.TemporaryDirectory[str], Office]:
    folder = tempfile.TemporaryDirectory()
    return folder, Office(Path(folder.name))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(wanted=units, shared=st.booleans(), term=st.sampled_from([None, TERM]))
def test_a_merger_neither_makes_nor_loses_anything(
    wanted: list[dict[Resource, dict[str, int]]], shared: bool, term: date | None
) -> None:
    folder, office = an_office()
    with folder:
        with office.database.write() as s:
            codes = a_region(s, wanted, shared)
            for into, source in ((codes[1], codes[2]), (codes[0], codes[1])):
                before = figures_of(s, codes)
                with s.begin_nested() as attempt:
                    answer = mergers.absorb(s, source, into, cause(f"merge-{source}"), term)
                    if isinstance(answer, Refusal):
                        attempt.rollback()
                after = figures_of(s, codes)
                if isinstance(answer, Refusal):
                    assert (answer.code, term) == (RefusalCode.OVER_QUOTA, None)
                    assert after == before
                    break
                end(s, source, ChangeKind.MERGE, Warrant("c", "x", DAY, START), into)
                assert totals(after) == totals(before)
                sound(after)
                again = mergers.absorb(s, source, into, cause(f"merge-{source}"), term)
                assert not isinstance(again, Refusal)
                assert figures_of(s, codes) == after
            found = verify(s)
            assert (found.difference, found.faults) == (0, [])
        office.database.close()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    wanted=units,
    moves=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2), st.integers(1, 6)), min_size=1, max_size=6),
    term=st.sampled_from([None, TERM]),
)
def test_moves_neither_make_nor_lose_anything(
    wanted: list[dict[Resource, dict[str, int]]], moves: list[tuple[int, int, int]], term: date | None
) -> None:
    folder, office = an_office()
    resource = HEADCOUNTS[0]
    with folder:
        with office.database.write() as s:
            codes = a_region(s, wanted, shared=False)
            for number, (source, target, count) in enumerate(moves):
                before = figures_of(s, codes)
                with s.begin_nested() as attempt:
                    given_up = postings.authorise(s, codes[source], resource, -count, cause(f"{number}.1"), term)
                    if not isinstance(given_up, Refusal):
                        taken = postings.authorise(s, codes[target], resource, count, cause(f"{number}.2"))
                        assert not isinstance(taken, Refusal)
                    else:
                        attempt.rollback()
                after = figures_of(s, codes)
                if isinstance(given_up, Refusal):
                    assert after == before
                assert totals(after) == totals(before)
                sound(after)
            found = verify(s)
            assert (found.difference, found.faults) == (0, [])
        office.database.close()
