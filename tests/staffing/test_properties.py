"""Any officers deciding anything in any order on the cases of one unit: the promises hold after every step (P1-P6)."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ledger import balances
from ledger.verify import verify
from models.decisions import Decision, Extension, Hold, Officer, Receipt, Release, Resubmission, Revocation, Withdrawal
from models.docket import Docket
from models.enums import CommandKind, Department, SlotState, State, StepState, Verdict
from models.refusals import CLAUSES
from models.register import Holder
from models.shape import Shape
from records.verify import verify_records
from tests.support.office import (
    APPLICANT,
    EVERYBODY,
    EXAMINER,
    FINANCE,
    HEAD,
    INSURANCE,
    ISSUER,
    ORGANISATION,
    PERSONNEL,
    REGISTRAR,
    RESEARCH,
    START,
    Office,
    application,
    line,
    person,
)

MOST_CASES = 3
MANY = 60
"""More slots than one case ever has: an index into the slots is taken modulo their number."""

WHICH = st.integers(0, MOST_CASES - 1)
WHO = {
    "examine": EXAMINER,
    "issue": ISSUER,
    "enter": REGISTRAR,
    "finance": FINANCE,
    "social-insurance": INSURANCE,
}
STEPS = [*WHO, "approve-persons", "approve-exit", "pay"]
LINES = [
    [line("headcount:administrative")],
    [line("headcount:administrative", 2)],
    [line("headcount:administrative", 3), line("headcount:worker")],
    [
        line("headcount:administrative", internal_body="综合处"),
        line("post:internal-deputy", way="leader-appointment", internal_body="综合处"),
    ],
]
ORDERS: list[tuple[CommandKind, Shape, Officer]] = [
    (CommandKind.WITHDRAW, Withdrawal(reason="计划调整"), APPLICANT),
    (CommandKind.REVOKE, Revocation(reason="用途改变"), ISSUER),
    (CommandKind.HOLD, Hold(reason="核查", second_officer="issuer"), HEAD),
    (CommandKind.RELEASE, Release(reason="查清", second_officer="issuer"), HEAD),
    (CommandKind.EXTEND, Extension(step="examine", working_days=3, reason="核查"), EXAMINER),
]


@cache
def template() -> tempfile.TemporaryDirectory[str]:
    """An office made once and copied for every example."""
    folder = tempfile.TemporaryDirectory()
    Office(Path(folder.name)).database.close()
    return folder


class StaffingMachine(RuleBasedStateMachine):
    """Cases go on by what is in turn, and meanwhile everything else is tried on them."""

    @initialize()
    def open_an_office(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        for name in ("dingbian.db", "dingbian.db-wal"):
            source = Path(template().name) / name
            if source.exists():
                shutil.copy(source, Path(self.folder.name) / name)
        self.office = Office(Path(self.folder.name), now=START)
        self.cases: list[str] = []
        self.opened = 0
        self.persons = 300

    def teardown(self) -> None:
        """At the end the register of documents is checked against the files: no gap, no alteration."""
        if hasattr(self, "office"):
            with self.office.database.read() as s:
                faults = verify_records(s, self.office.store)
            self.office.database.close()
            self.folder.cleanup()
            assert faults == []

    # --- acting -----------------------------------------------------------------------------------------------

    @precondition(lambda self: len(self.cases) < MOST_CASES)
    @rule(lines=st.sampled_from(LINES))
    def apply(self, lines: list[dict[str, Any]]) -> None:
        self.opened += 1
        self.cases.append(self.office.opened(application(*lines, meeting=f"第{self.opened}次")))

    @precondition(lambda self: self.cases)
    @rule(which=WHICH, turns=st.lists(st.integers(0, MANY), min_size=2, max_size=6), again=st.booleans())
    def go_on(self, which: int, turns: list[int], again: bool) -> None:
        """What is in turn is agreed to by whom it waits for; a repeated delivery changes nothing."""
        for place in turns:
            self.take_turn(which, place, "approve", again)

    @precondition(lambda self: self.cases)
    @rule(which=WHICH, place=st.integers(0, MANY), verdict=st.sampled_from(["reject", "return"]))
    def turn_down(self, which: int, place: int, verdict: str) -> None:
        self.take_turn(which, place, verdict, again=False)

    def take_turn(self, which: int, place: int, verdict: str, again: bool) -> None:
        case_id = self.cases[which % len(self.cases)]
        docket = self.office.docket(case_id)
        waiting = [step for step in docket.steps if step.state is StepState.CURRENT]
        if docket.state is State.RETURNED:
            body: Shape = Resubmission(application=application(meeting=f"补{case_id[:8]}"))
            self.judged(self.office.commit(case_id, CommandKind.RESUBMIT, body, APPLICANT), case_id)
        if not waiting:
            return
        step = waiting[place % len(waiting)]
        by = WHO.get(step.step) or (ORGANISATION if step.department is Department.ORGANISATION else PERSONNEL)
        said = "acknowledge" if step.step in ("finance", "social-insurance") else verdict
        command = self.office.commit(
            case_id, CommandKind.DECIDE, self.decision(step.step, step.round, step.subject, said), by
        )
        first = self.judged(command, case_id)
        if again:
            before = self.standing()
            assert self.judged(command, case_id) == first
            assert self.standing() == before

    @precondition(lambda self: self.cases)
    @rule(
        which=WHICH,
        step=st.sampled_from(STEPS),
        round=st.integers(1, 3),
        place=st.integers(0, MANY),
        verdict=st.sampled_from(list(Verdict)),
        by=st.sampled_from(EVERYBODY),
        opinion=st.sampled_from([None, "不符合要求"]),
    )
    def try_anything(
        self, which: int, step: str, round: int, place: int, verdict: Verdict, by: Officer, opinion: str | None
    ) -> None:
        case_id = self.cases[which % len(self.cases)]
        slip = self.office.docket(case_id).slip
        subjects = ["", "N209900001", *(slot.code for slot in slip.slots if slip)] if slip else ["", "N209900001"]
        body = self.decision(step, round, subjects[place % len(subjects)], verdict.value, opinion=opinion)
        self.judged(self.office.commit(case_id, CommandKind.DECIDE, body, by), case_id)

    @precondition(lambda self: self.cases)
    @rule(which=WHICH, order=st.sampled_from(ORDERS), by=st.none() | st.sampled_from(EVERYBODY))
    def give_an_order(self, which: int, order: tuple[CommandKind, Shape, Officer], by: Officer | None) -> None:
        kind, body, rightful = order
        case_id = self.cases[which % len(self.cases)]
        self.judged(self.office.commit(case_id, kind, body, by or rightful), case_id)

    @precondition(lambda self: self.cases)
    @rule(days=st.sampled_from([1, 3, 10, 200]))
    def time_passes(self, days: int) -> None:
        self.office.later(days=days)
        for case_id in self.cases:
            self.office.ring(case_id)

    def decision(self, step: str, round: int, subject: str, verdict: str, **more: Any) -> Decision:
        if verdict in ("reject", "return"):
            more.setdefault("opinion", "不符合要求")
        if step == "approve-persons" and verdict == "approve":
            self.persons += 1
            more |= {"persons": [person(subject or "-", self.persons)], "reference_no": "示组任〔2026〕5号"}
        return Decision.model_validate({"step": step, "round": round, "subject": subject, "verdict": verdict} | more)

    def judged(self, command: str, case_id: str) -> Receipt:
        """Deliver a command; a refused one has its clause and moved nothing, an accepted one is recorded."""
        before = self.standing()
        receipt = self.office.handle(command, case_id).receipt
        assert receipt is not None
        if receipt.status == "refused":
            assert receipt.code is not None
            assert receipt.clause == CLAUSES[receipt.code]
            assert self.standing() == before, receipt
        return receipt

    # --- what holds -------------------------------------------------------------------------------------------

    def standing(self) -> list[object]:
        """Every account, and the length and head of its chain: what a refusal must not move."""
        with self.office.database.read() as s:
            holder = s.get(Holder, RESEARCH)
            assert holder is not None
            return [holder.head_seq, holder.head_hash, *balances.balances(s, RESEARCH)]

    @invariant()
    def the_promises_hold(self) -> None:
        if not hasattr(self, "office"):
            return
        dockets = [self.office.docket(case_id) for case_id in self.cases]
        with self.office.database.read() as s:
            found = verify(s)
            now = {balance.resource: balance for balance in balances.balances(s, RESEARCH)}
        assert found.intact, found.faults
        assert found.difference == 0
        assert all(balance.vacancy >= 0 for balance in now.values()), "no case here is an appointment"
        slots = [slot for docket in dockets if docket.slip for slot in docket.slip.slots]
        reserved = Counter(slot.resource for slot in slots if slot.state is SlotState.OPEN)
        assert {resource: balance.reserved for resource, balance in now.items()} == {r: reserved[r] for r in now}
        for docket in dockets:
            self.waits_for_the_right_one(docket)
            assert all(document.digest for document in docket.documents), "every document is filed at once"

    @staticmethod
    def waits_for_the_right_one(docket: Docket) -> None:
        """A case that has ended waits for nobody, any other for somebody."""
        current = [step for step in docket.steps if step.state is StepState.CURRENT]
        if docket.state.final:
            assert (current, docket.waiting_on) == ([], [])
            assert docket.closed_at is not None
        else:
            assert docket.waiting_on, docket.headline
            assert current or docket.state is State.RETURNED


TestStaffingMachine = StaffingMachine.TestCase
TestStaffingMachine.settings = settings(
    max_examples=10, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
