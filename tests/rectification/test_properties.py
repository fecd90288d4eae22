"""Two rectifications of one unit and a case under way, decided in any order while days go by: what is promised of the
gate holds after every step."""

from __future__ import annotations

import shutil
import tempfile
from datetime import date
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger import suspensions
from models.decisions import Officer, Receipt
from models.docket import Docket
from models.enums import ProblemState, Procedure, State, Step, StepState
from models.refusals import CLAUSES
from records.verify import verify_records
from tests.support.office import (
    COMMISSION,
    EVERYBODY,
    EXAMINER,
    HEAD,
    INSPECTOR,
    INSPECTOR_TWO,
    ISSUER,
    RESEARCH,
    START,
    Office,
)

from .acts import exception_asked, extension, opened, problem, report

WHO: dict[str, Officer] = {
    "warn": ISSUER,
    "propose-suspension": INSPECTOR,
    "suspend": COMMISSION,
    "extend": HEAD,
    "propose-lifting": INSPECTOR_TWO,
    "lift": COMMISSION,
    "exceptional-acceptance": COMMISSION,
}
PLACES = st.integers(0, 40)
NUMBERS = {0: ("P1", "P2"), 1: ("Q1",)}


@cache
def template() -> tempfile.TemporaryDirectory[str]:
    """An office made once and copied for every example."""
    folder = tempfile.TemporaryDirectory()
    Office(Path(folder.name)).database.close()
    return folder


class GateMachine(RuleBasedStateMachine):
    @initialize()
    def open_an_office(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        for name in ("dingbian.db", "dingbian.db-wal"):
            source = Path(template().name) / name
            if source.exists():
                shutil.copy(source, Path(self.folder.name) / name)
        self.office = Office(Path(self.folder.name), now=START)
        self.under_way = self.office.opened()
        self.office.accepted(self.office.decide(self.under_way, "examine", EXAMINER))
        first = (problem("P1"), problem("P2", date(2026, 4, 20)))
        self.cases = [opened(self.office, *first), opened(self.office, problem("Q1", date(2026, 4, 8)))]

    def teardown(self) -> None:
        if hasattr(self, "office"):
            with self.office.database.read() as s:
                faults = verify_records(s, self.office.store)
            self.office.database.close()
            self.folder.cleanup()
            assert faults == []

    # --- acting ----------------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 1), places=st.lists(PLACES, min_size=1, max_size=4), yes=st.booleans())
    def decide(self, which: int, places: list[int], yes: bool) -> None:
        """Whom it waits for answers."""
        for place in places:
            docket = self.office.docket(self.cases[which])
            waiting = [each for each in docket.steps if each.state is StepState.CURRENT and each.step != Step.REPORT]
            if waiting:
                step = waiting[place % len(waiting)]
                by = WHO.get(step.step) or (INSPECTOR if step.subject.endswith(".1") else INSPECTOR_TWO)
                verdict = "approve" if yes or place % 3 else "reject"
                self.judged(self.office.decide(docket.case_id, step.step, by, verdict, subject=step.subject))

    @rule(which=st.integers(0, 1), step=st.sampled_from(list(WHO)), by=st.sampled_from(EVERYBODY), n=PLACES)
    def try_anything(self, which: int, step: str, by: Officer, n: int) -> None:
        """Anybody decides what may not even be in turn: whatever is refused changes nothing."""
        before = self.seen(which)
        subject = ("", "2", "1", "P1.1")[n % 4]
        receipt = self.office.decide(self.cases[which], step, by, subject=subject)
        self.judged(receipt)
        if receipt.status == "refused":
            assert self.seen(which) == before

    @rule(which=st.integers(0, 1), place=PLACES)
    def report_one(self, which: int, place: int) -> None:
        numbers = NUMBERS[which]
        self.judged(report(self.office, self.cases[which], numbers[place % len(numbers)]))

    @rule(which=st.integers(0, 1), length=st.integers(1, 6))
    def goes_well(self, which: int, length: int) -> None:
        """What is to be reported is reported, and what waits on site and after it is agreed to."""
        for _ in range(length):
            for no in NUMBERS[which]:
                self.judged(report(self.office, self.cases[which], no))
            docket = self.office.docket(self.cases[which])
            for step in docket.steps:
                if step.state is StepState.CURRENT and step.step in ("site-check", "propose-lifting", "lift"):
                    by = WHO.get(step.step) or (INSPECTOR if step.subject.endswith(".1") else INSPECTOR_TWO)
                    self.judged(self.office.decide(docket.case_id, step.step, by, subject=step.subject))

    @rule(which=st.integers(0, 1), place=PLACES)
    def ask(self, which: int, place: int) -> None:
        """For more time, or for an exception."""
        case_id, no = self.cases[which], NUMBERS[which][0]
        asked = extension(self.office, case_id, 3, no) if place % 2 else exception_asked(self.office, case_id)
        self.judged(asked)

    @rule(days=st.integers(1, 20))
    def time_goes_by(self, days: int) -> None:
        self.office.later(days=days)
        for case_id in self.cases:
            self.office.ring(case_id)

    @rule()
    def try_to_issue(self) -> None:
        """The case under way: its slip comes out only while the gate is open."""
        closed, before = self.closed(), self.office.numbers()
        receipt = self.office.decide(self.under_way, "issue", ISSUER)
        if receipt.status == "accepted":
            covered = any(each.ended_at is None for case in self.cases for each in self.office.docket(case).exceptions)
            assert not closed or covered
        else:
            assert self.office.numbers() == before
        self.office.deliver_outbox()

    def judged(self, receipt: Receipt) -> None:
        if receipt.status == "refused":
            assert receipt.code in CLAUSES
        self.office.deliver_outbox()

    def seen(self, which: int) -> tuple[object, ...]:
        docket = self.office.docket(self.cases[which])
        return docket.state, docket.steps, docket.problems, docket.suspensions, docket.exceptions, docket.documents

    def closed(self) -> bool:
        with self.office.database.read() as s:
            return suspensions.closed_now(s, RESEARCH, None, self.office.now)

    # --- what is promised ------------------------------------------------------------------------------------------

    @invariant()
    def the_gate_is_as_the_cases_say(self) -> None:
        if not hasattr(self, "cases"):
            return
        dockets = [self.office.docket(case_id) for case_id in self.cases]
        standing = [each for docket in dockets for each in docket.suspensions if each.lifted_at is None]
        assert self.closed() is bool(standing)
        for docket in dockets:
            self.holds_together(docket)
        case = self.office.docket(self.under_way)
        if case.state is State.HELD:
            assert standing, "stopped by nothing"

    @staticmethod
    def holds_together(docket: Docket) -> None:
        assert docket.procedure is Procedure.RECTIFICATION
        stands = [each for each in docket.suspensions if each.lifted_at is None]
        assert len(stands) <= 1
        assert (docket.state is State.SUSPENDED) is bool(stands)
        closed = all(each.state is ProblemState.CLOSED for each in docket.problems)
        if docket.state.final:
            assert closed
            assert (stands, docket.waiting_on) == ([], [])
        else:
            assert docket.waiting_on, docket.headline
        for each in docket.suspensions:
            assert closed or each.ended_by != "lifted", "lifted while one problem was open"
            assert each.provisional is (each.number is None)
        for each in docket.problems:
            sitting = [s for s in docket.steps if s.subject in (f"{each.no}.{each.attempt}.{n}" for n in (1, 2))]
            passed = [s.officer for s in sitting if s.verdict == "approve"]
            assert (each.state is ProblemState.CLOSED) is (len(set(passed)) == 2)


TestGateMachine = GateMachine.TestCase
TestGateMachine.settings = settings(
    max_examples=12, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
