"""The outbox keeps in clear only what is a code of ours; whatever else was typed stands sealed (P9)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from sqlmodel import col, select

from models.enums import CommandKind
from models.register import Command
from tests.support.office import REGISTRAR, Office, identity_no


def kept(office: Office, **typed: str) -> tuple[str | None, str | None]:
    """(step, subject) in clear of a decision with these."""
    case_id = office.opened()
    decision = office.decision(case_id, typed.pop("step", "enter"), **typed)
    identity = office.commit(case_id, CommandKind.DECIDE, decision, REGISTRAR)
    with office.database.read() as s:
        row = s.exec(select(Command).where(col(Command.id) == identity)).one()
    return row.step, row.subject


@pytest.mark.parametrize("subject", ["N202600001", "A20260001", "A1", "A12"])
def test_the_code_of_a_post_stands_in_the_outbox_in_clear(office: Office, subject: str) -> None:
    assert kept(office, subject=subject) == ("enter", subject)


@pytest.mark.parametrize("subject", [identity_no(333), "A" + identity_no(333)])
def test_an_identity_number_is_refused_as_a_subject(office: Office, subject: str) -> None:
    with pytest.raises(ValidationError, match="不得填写身份证件号码"):
        kept(office, subject=subject)


@pytest.mark.parametrize("subject", ["周小满", ""])
def test_whatever_else_was_typed_as_a_subject_is_kept_sealed_only(office: Office, subject: str) -> None:
    assert kept(office, subject=subject) == ("enter", "")
    if subject:
        files = [path for path in office.folder.rglob("*") if path.is_file()]
        assert all(subject.encode() not in path.read_bytes() for path in files)


def test_a_step_that_does_not_exist_is_kept_sealed_only(office: Office) -> None:
    assert kept(office, step="wang-min", subject="A1") == (None, "A1")
