"""The nightly sweep: one warning per finding, never a flood, and deadlines counted anew when a year is published."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from activities import monitoring
from activities.cases import CaseActivities
from activities.monitoring import MonitoringActivities
from docket import view, warnings
from ledger.monitoring import snapshots
from ledger.postings import open_accounts
from models.enums import Indicator, Resource, State, UnitKind
from models.ledger import Basis, Cause, OpeningAccount
from models.monitoring import Sweep
from models.register import Departure, Holder, Unit, UnitChange
from models.rulebook import MonitoringRules, Rulebook
from rules.deadlines import local_day
from sample_data.load import load_sample
from sample_data.training import INFORMATION_CENTRE
from tests.support.office import HEAD, INSPECTOR, RESEARCH, SERVICES, Office
from tests.warning.support import over_quota, raised, swept, waiting, warning

RULES = MonitoringRules()


def cases_of(office: Office, indicator: str) -> list[str]:
    """Ids of all warnings of an indicator, the newest first."""
    with office.database.read() as s:
        rows = view.case_list(s, view.Filters(limit=200), INSPECTOR, office.now, office.deps.calendar).items
        found = [(row.case_id, warnings.of_case(s, row.case_id)) for row in rows]
    return [case_id for case_id, row in found if row is not None and row.indicator == indicator]


def ruled(office: Office, **more: Any) -> None:
    """The same office under other rules of monitoring."""
    rulebook = office.rulebook.model_copy(update={"monitoring": RULES.model_copy(update=more)})
    office.deps = replace(office.deps, rulebook=rulebook)
    office.activities = CaseActivities(office.deps)


def test_a_unit_over_its_quota_gets_one_warning_at_the_level_of_the_rules(office: Office) -> None:
    over_quota(office, below=2)
    done = swept(office)
    assert (done.found, done.raised, done.known, done.left) == (1, 1, 0, 0)
    [case_id] = cases_of(office, "over-quota")
    docket = office.docket(case_id)
    assert (docket.state, docket.unit, docket.applicant) == (State.IN_PROGRESS, RESEARCH, "监测")
    assert waiting(office, case_id) == [("warn", "")]
    assert docket.rounds[0].application["facts"] == ("行政编制核定4名、实有6名，超出2名（消化期已于2026年1月1日届满）")
    assert docket.receipts[0].status == "accepted"
    assert docket.documents == []


def test_a_quiet_register_raises_nothing(office: Office) -> None:
    done = swept(office)
    assert (done.units, done.found, done.raised, done.woken) == (2, 0, 0, 0)


def test_the_next_night_and_a_retry_raise_nothing_again(office: Office) -> None:
    over_quota(office)
    sweep = Sweep(at=office.now)
    first = MonitoringActivities(office.deps).run_monitors(sweep)
    retried = MonitoringActivities(office.deps).run_monitors(sweep)  # before the relay started anything
    assert first == retried
    office.deliver_outbox()
    office.later(days=1)
    next_night = swept(office)
    assert (next_night.found, next_night.raised, next_night.known) == (1, 0, 1)
    assert len(cases_of(office, "over-quota")) == 1


def test_a_warning_by_hand_counts_as_one(office: Office) -> None:
    over_quota(office)
    raised(office, "remind", indicator="over-quota")
    assert swept(office).raised == 0


def test_a_warning_by_hand_that_came_while_the_monitors_looked_wins(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    over_quota(office)
    raised(office, "remind", indicator="over-quota")
    monkeypatch.setattr(warnings, "all_standing", lambda _s: set())
    looked = iter([None])  # the sweep looks before it opens a case, and the index decides after that

    def not_yet(s: Any, unit: str, indicator: Indicator) -> str | None:
        return next(looked, "预警")

    monkeypatch.setattr(warnings, "standing", not_yet)
    done = MonitoringActivities(office.deps).run_monitors(Sweep(at=office.now))
    monkeypatch.undo()
    assert done.raised == 0
    assert len(cases_of(office, "over-quota")) == 1
    [by_hand] = [office.docket(case_id) for case_id in cases_of(office, "over-quota")]
    assert by_hand.case_no.endswith("00001")
    assert office.docket(office.opened(warning(indicator="stale-data"), INSPECTOR)).case_no.endswith("00002")


def test_a_closed_warning_is_left_in_peace_for_a_while_and_raised_again_after_it(office: Office) -> None:
    over_quota(office)
    swept(office)
    [case_id] = cases_of(office, "over-quota")
    office.accepted(office.decide(case_id, "warn", HEAD, "reject", opinion="已列入消化计划"))
    for _ in range(3):
        office.later(days=1)
        assert (swept(office).quiet, len(cases_of(office, "over-quota"))) == (1, 1)
    office.later(days=RULES.quiet_days)
    assert swept(office).raised == 1
    assert len(cases_of(office, "over-quota")) == 2


def test_one_night_raises_no_more_than_its_limit_the_heavy_ones_first(office: Office) -> None:
    ruled(office, most_at_once=1, high_use_least=1, high_use_percent=50)
    over_quota(office)
    first = swept(office)
    assert (first.raised, first.left) == (1, 1)
    assert len(cases_of(office, "over-quota")) == 1
    assert cases_of(office, "high-use") == []
    office.later(days=1)
    second = swept(office)
    assert (second.raised, second.left) == (1, 0)
    assert len(cases_of(office, "high-use")) == 1


def test_a_retry_shares_the_limit_with_the_attempt_before_it(office: Office) -> None:
    ruled(office, most_at_once=1, high_use_least=1, high_use_percent=50)
    over_quota(office)
    sweep = Sweep(at=office.now)
    for _attempt in range(3):
        assert MonitoringActivities(office.deps).run_monitors(sweep).raised == 1


def test_an_overdue_removal_is_found_and_one_in_time_is_not(office: Office) -> None:
    with office.database.write() as s:
        for number, due in enumerate((office.now - timedelta(days=3), office.now + timedelta(days=3))):
            s.add(
                Departure(
                    id=f"d{number}", unit=SERVICES, person_ref=f"p{number}", reason="retirement", source="organisation",
                    event_on=date(2026, 1, 5), due_at=due,
                )
            )  # fmt: skip
    assert swept(office).raised == 1
    [case_id] = cases_of(office, "removal-overdue")
    docket = office.docket(case_id)
    assert docket.unit == SERVICES
    assert "1项" in str(docket.rounds[0].application["facts"])


def test_matters_are_counted_by_case_in_the_journal_and_in_the_register_of_units(office: Office) -> None:
    over_quota(office, below=1)  # one matter of the journal
    with office.database.write() as s:
        for case_id, day in (("c1", 1), ("c1", 1), ("c2", 2), ("old", -200)):
            s.add(
                UnitChange(
                    unit=RESEARCH, case_id=case_id, kind="rename", field=f"name{day}", before="甲", after="乙",
                    effective_on=local_day(office.now) - timedelta(days=abs(day)), recorded_at=office.now,
                )
            )  # fmt: skip
    swept(office)
    [case_id] = cases_of(office, "frequent-changes")
    assert office.docket(case_id).rounds[0].application["value"] == "3次"


def test_data_that_nobody_touched_for_long_are_found(office: Office) -> None:
    office.later(days=RULES.stale_days + 1)
    assert swept(office).raised >= 2
    assert len(cases_of(office, "stale-data")) == 2


def test_a_long_vacancy_is_found_only_after_the_register_has_known_it_long_enough(office: Office) -> None:
    assert cases_of(office, "long-vacancy") == []
    office.later(days=300)
    swept(office)
    assert cases_of(office, "long-vacancy") == []
    office.later(days=80)
    swept(office)
    assert len(cases_of(office, "long-vacancy")) == 2  # 4 of 10 and 2 of 6 stood empty since the opening


def _sharing(office: Office) -> None:
    """Two bodies under one quota, over it, and a third that was abolished."""
    basis = Basis(number="示编〔2020〕2号", body="示范市委编委", date=date(2020, 1, 6))
    with office.database.write() as s:
        s.add(Holder(id="B" * 18, name="合署"))
        s.flush()
        for code in ("A" * 18, "B" * 18, "C" * 18):
            s.add(
                Unit(
                    code=code, name=code, kind=UnitKind.ORGAN.value, holder="B" * 18, certificate_no=code,
                    abolished_on=date(2025, 1, 1) if code.startswith("C") else None,
                )
            )  # fmt: skip
        s.flush()
        cause = Cause(case_id="sharing", step="opening", round=1, effective_on=date(2026, 1, 1), recorded_at=office.now)
        account = OpeningAccount(
            unit="B" * 18, resource=Resource.ADMINISTRATIVE, authorised=3, occupied_unnamed=5, basis=basis
        )
        open_accounts(s, [account], [], cause)


def test_units_under_one_quota_are_warned_once_and_an_abolished_one_never(office: Office) -> None:
    _sharing(office)
    with office.database.read() as s:
        seen = {snapshot.unit[0]: len(snapshot.accounts) for snapshot in snapshots(s, office.now, RULES)}
    assert {"A": 0, "B": 1}.items() <= seen.items()
    assert "C" not in seen
    swept(office)
    [case_id] = cases_of(office, "over-quota")
    assert office.docket(case_id).unit == "B" * 18


def test_the_sample_unit_that_is_over_quota_is_found(tmp_path: Path) -> None:
    office = Office(tmp_path)
    load_sample(office.database, Rulebook())
    office.now = datetime.now(office.now.tzinfo)
    swept(office)
    over = {office.docket(case_id).unit for case_id in cases_of(office, "over-quota")}
    assert INFORMATION_CENTRE in over
    office.database.close()


class Counting:
    """Statements sent to an engine."""

    def __init__(self, engine: Engine) -> None:
        self.number = 0
        event.listen(engine, "before_cursor_execute", self._count)

    def _count(self, *_: object) -> None:
        self.number += 1


def test_reading_the_register_takes_as_many_statements_for_many_units_as_for_two(office: Office) -> None:
    def statements() -> int:
        with office.database.read() as s:
            counting = Counting(s.get_bind())  # type: ignore[arg-type]
            snapshots(s, office.now, RULES)
            return counting.number

    few = statements()
    with office.database.write() as s:
        for number in range(200):
            code = f"{number:018d}"
            s.add(Holder(id=code, name=code))
            s.flush()
            s.add(Unit(code=code, name=code, kind="organ", holder=code, certificate_no=code))
    assert statements() == few <= 8


# --- a year that is published later -----------------------------------------------------------------------------


def published_later(office: Office) -> None:
    """The office restarts with a calendar that knows the next year, and a holiday in it that nobody knew."""
    calendar = office.deps.calendar
    newer = calendar.model_copy(
        update={
            "version": "cn-2027-test",
            "published": calendar.published | {2027},
            "holidays": calendar.holidays | {date(2027, 1, 1), date(2027, 1, 4), date(2027, 1, 5)},
        }
    )
    office.deps = replace(office.deps, calendar=newer)
    office.activities = CaseActivities(office.deps)


@pytest.fixture
def december(office: Office) -> Office:
    calendar = office.deps.calendar
    office.deps = replace(office.deps, calendar=calendar.model_copy(update={"published": calendar.published - {2027}}))
    office.activities = CaseActivities(office.deps)
    office.now = datetime(2026, 12, 30, 1, 0, tzinfo=office.now.tzinfo)
    return office


def test_a_deadline_over_a_year_not_published_is_counted_again_once_it_is(december: Office) -> None:
    case_id = december.opened()
    [before] = [step for step in december.docket(case_id).steps if step.state == "current"]
    assert before.provisional
    assert swept(december).woken == 0  # nothing new is known
    published_later(december)
    assert swept(december).woken == 1
    [after] = [step for step in december.docket(case_id).steps if step.state == "current"]
    assert not after.provisional
    assert before.due_at is not None
    assert after.due_at is not None
    assert after.due_at > before.due_at


def test_a_case_is_woken_once_per_calendar(december: Office) -> None:
    december.opened()
    published_later(december)
    sweep = Sweep(at=december.now)
    MonitoringActivities(december.deps).run_monitors(sweep)
    MonitoringActivities(december.deps).run_monitors(sweep)
    with december.database.read() as s:
        waiting_rows = [d for d in monitoring.commands.undelivered(s) if d.kind == "wake"]
    assert len(waiting_rows) == 1
    assert len(december.deliver_outbox()) == 1
    assert swept(december).woken == 0
