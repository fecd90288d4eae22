"""提交前检查 leaves nothing behind and says what the gate will say (docs/decisions/0035)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from models.applications import (
    AnyApplication,
    EstablishmentChangeApplication,
    RectificationApplication,
    RemovingStaffApplication,
    WarningApplication,
)
from models.decisions import Officer, Resubmission
from models.docket import Check
from models.enums import CommandKind, Resource, State
from models.refusals import RefusalCode
from runtime.rehearsal import Rehearser
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    INSPECTOR,
    OTHER_APPLICANT,
    RESEARCH,
    SERVICES,
    Office,
    application,
    line,
)


@pytest.fixture
def office(url: str, tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


@pytest.fixture
def rehearse(office: Office) -> Rehearser:
    return Rehearser(office.deps, lambda: office.now)


def everything(office: Office) -> dict[str, list[str]]:
    """Every row of every table, and every file of the store."""
    with office.database.read() as s:
        rows = {
            name: sorted(repr(tuple(row)) for row in s.connection().execute(text(f'SELECT * FROM "{name}"')))  # noqa: S608
            for name in SQLModel.metadata.tables
        }
    root = office.folder / "records"
    return rows | {"files": sorted(str(path) for path in root.rglob("*"))}


def change(*changes: dict[str, Any], **more: Any) -> AnyApplication:
    points = ("party_leadership", "lawfulness", "development", "soundness", "risks")
    body = {
        "unit": RESEARCH,
        "kind": changes[0]["kind"],
        "title": "关于调整机构编制的请示",
        "request_no": "示发研〔2026〕18号",
        "justification": dict.fromkeys(points, "有利于履行职责"),
        "changes": list(changes),
        "basis": {"meeting": "局党组会议〔2026〕第8次", "date": "2026-02-25"},
        "contact": "王敏 0000-8000000",
    }
    return EstablishmentChangeApplication.model_validate(body | more)


def removal(office: Office, **more: Any) -> AnyApplication:
    with office.database.read() as s:
        ref = s.connection().execute(text("SELECT person_ref FROM occupancy ORDER BY id LIMIT 1")).scalar_one()
    leaver = {"person": ref, "reason": "retirement", "event_date": "2026-02-27", "proof_no": "示人退〔2026〕3号"}
    body = {"unit": RESEARCH, "persons": [leaver | more], "contact": "王敏"}
    return RemovingStaffApplication.model_validate(body)


def rectification(**more: Any) -> AnyApplication:
    problem = {
        "no": "1",
        "kind": "超编进人",
        "facts": "超编1名",
        "source": "audit",
        "measure": "限期消化",
        "due": "2026-06-30",
    }
    return RectificationApplication.model_validate({"unit": RESEARCH, "problems": [problem | more]})


def warning(**more: Any) -> AnyApplication:
    body = {"unit": RESEARCH, "indicator": "high-use", "value": "98%", "threshold": "95%", "facts": "使用率偏高"}
    return WarningApplication.model_validate(body | more)


def cases_of(office: Office) -> list[tuple[AnyApplication, Officer]]:
    quota = {"kind": "headcount", "unit": RESEARCH, "resource": "headcount:administrative"}
    rename = {"kind": "rename", "unit": RESEARCH, "before": "示范市发展研究局", "after": "示范市发展改革局"}
    return [
        (application(), APPLICANT),
        (application(contact=""), APPLICANT),
        (application(meeting=""), APPLICANT),
        (application(line("headcount:institution-full")), APPLICANT),
        (application(line("post:internal-chief", internal_body="办公室", way="leader-appointment")), APPLICANT),
        (application(line("headcount:administrative", 2, internal_body="没有的处")), APPLICANT),
        (application(), OTHER_APPLICANT),
        (removal(office), APPLICANT),
        (removal(office, proof_no=""), APPLICANT),
        (removal(office, reason="post-removed"), APPLICANT),
        (removal(office, event_date="2025-01-06"), APPLICANT),
        (change(rename), APPLICANT),
        (change(rename | {"before": "别的名称"}), APPLICANT),
        (change(quota | {"before": 10, "after": 3}), APPLICANT),
        (change(quota | {"before": 10, "after": 12}, title=""), APPLICANT),
        (change({"kind": "abolish", "unit": SERVICES}), APPLICANT),
        (rectification(), INSPECTOR),
        (rectification(due="2026-01-05"), INSPECTOR),
        (rectification(), EXAMINER),
        (warning(), INSPECTOR),
        (warning(), APPLICANT),
    ]


def test_a_rehearsal_leaves_every_table_and_the_store_as_they_were(office: Office, rehearse: Rehearser) -> None:
    before = everything(office)
    for wanted, by in cases_of(office):
        rehearse(wanted, by)
    assert everything(office) == before


def test_a_rehearsal_says_what_the_gate_then_says(office: Office, rehearse: Rehearser) -> None:
    outcomes = set()
    for wanted, by in cases_of(office):
        said = rehearse(wanted, by)
        case_id = office.opened(wanted, by)
        docket = office.docket(case_id)
        assert (said.state, said.checks) == (docket.state, docket.checks)
        outcomes.add(docket.state)
    assert {State.RETURNED, State.NOT_ACCEPTED, State.ACCEPTED, State.IN_PROGRESS} <= outcomes


def test_no_number_is_used_by_a_rehearsal(office: Office, rehearse: Rehearser) -> None:
    for _ in range(3):
        assert rehearse(application(), APPLICANT).accepted
    assert office.docket(office.opened()).case_no == "用编2026-00001"


def test_a_correction_is_rehearsed_as_the_next_round(office: Office, rehearse: Rehearser) -> None:
    case_id = office.opened(application(contact="", meeting=""))
    before = everything(office)
    for wanted in (application(contact=""), application(line("headcount:institution-full")), application()):
        said = rehearse(wanted, APPLICANT, case_id)
        assert everything(office) == before
    office.accepted(office.order(case_id, CommandKind.RESUBMIT, Resubmission(application=application()), APPLICANT))
    docket = office.docket(case_id)
    assert (docket.round, docket.state, docket.checks) == (2, said.state, said.checks)


def test_a_correction_that_opens_no_round_is_refused_as_the_command_is(office: Office, rehearse: Rehearser) -> None:
    case_id = office.opened()
    said = rehearse(application(), APPLICANT, case_id)
    assert said.refusal is not None
    assert said.refusal.code is RefusalCode.NOT_YOUR_TURN
    assert not said.accepted


def move(number: int, **more: Any) -> AnyApplication:
    """Posts from a unit that is not the applicant's."""
    row = {"kind": "reallocate", "resource": "headcount:institution-full", "number": number}
    return change(row | {"from_unit": SERVICES, "to_unit": RESEARCH} | more)


def test_a_unit_does_not_hear_whether_another_could_spare_posts(office: Office, rehearse: Rehearser) -> None:
    vacancy = office.balance(Resource.INSTITUTION_FULL, SERVICES).vacancy
    assert vacancy > 0
    within, beyond = rehearse(move(1), APPLICANT), rehearse(move(vacancy + 500), APPLICANT)
    authority = RefusalCode.BEYOND_AUTHORITY.value  # names the number that was asked for
    told = [[each for each in said.checks if each.code != authority] for said in (within, beyond)]
    assert (within.state, told[0]) == (beyond.state, told[1])
    assert [each.passed for each in within.checks] == [each.passed for each in beyond.checks]
    (open_one,) = within.left_open
    assert open_one.detail == "示范市公共服务中心能否调出，由编办核实"
    assert open_one not in [*within.failed, *within.warnings]
    assert "调出" in str([check.detail for check in submitted(office, move(vacancy + 500)) if not check.passed])


def test_what_is_left_open_does_not_count_in_the_outcome(office: Office, rehearse: Rehearser) -> None:
    row = {"kind": "reallocate", "resource": "headcount:administrative", "from_unit": SERVICES, "to_unit": RESEARCH}
    said = rehearse(change(row | {"number": 500}), APPLICANT)
    assert (said.state, said.failed, len(said.left_open)) == (State.ACCEPTED, [], 1)
    case_id = office.opened(application(contact=""))
    assert rehearse(application(), APPLICANT, case_id).left_open == []


def test_figures_of_ones_own_line_are_told_beside_what_is_left_open(office: Office, rehearse: Rehearser) -> None:
    row = {"kind": "reallocate", "resource": "headcount:administrative"}
    give = row | {"number": 9, "from_unit": RESEARCH, "to_unit": SERVICES}
    take = row | {"number": 500, "from_unit": SERVICES, "to_unit": RESEARCH}
    said = rehearse(change(give), APPLICANT)
    assert said.left_open == []
    assert said.checks == submitted(office, change(give))
    both = rehearse(change(give, take), APPLICANT)
    (short,) = [check.detail for check in both.failed if check.code == RefusalCode.BELOW_STRENGTH.value]
    assert "示范市发展研究局行政编制核减为1名" in short
    assert "示范市公共服务中心" not in short
    assert len(both.left_open) == 1


def submitted(office: Office, wanted: AnyApplication) -> list[Check]:
    return office.docket(office.opened(wanted, APPLICANT)).checks


def test_what_goes_wrong_inside_is_not_swallowed_and_leaves_nothing(office: Office, rehearse: Rehearser) -> None:
    before = everything(office)
    with pytest.raises(LookupError):
        rehearse(application(), APPLICANT, "no-such-case")
    assert everything(office) == before
