"""`dingbian officer substitute`: who the audit names, and that production does not know the command."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

import cli
from docket.officers import add_officer
from models.audit import Act
from models.enums import Department, Role
from models.visits import AuditRow, Substitution
from runtime.assembly import assembled
from runtime.noting import operator
from runtime.settings import load_settings

Run = Callable[..., tuple[int, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """(exit status, all that was said) of `officer substitute head-two for head`."""
    monkeypatch.setenv("DINGBIAN_DATA_DIR", str(tmp_path))
    with assembled(load_settings(), migrate=True) as parts, parts.database.write() as s:
        for login, role in (("head", Role.HEAD), ("clerk", Role.EXAMINER)):
            add_officer(s, id=f"o-{login}", login=login, name=login, department=Department.ESTABLISHMENT, roles=[role])
    until = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}"
    words = ["dingbian", "officer", "substitute", "head", "clerk", "--until", until, "--reason", "出差"]

    def called() -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", words)
        status = cli.run_command()
        said = capsys.readouterr()
        return status, said.out + said.err

    return called


def audited(s: Session) -> list[AuditRow]:
    return [row for row in s.exec(select(AuditRow)) if row.act == Act.SUBSTITUTION_GRANTED]


def test_the_audit_names_who_sits_at_the_machine_and_not_the_principal(run: Run) -> None:
    status, said = run()
    assert status == 0, said
    with assembled(load_settings()) as parts, parts.database.read() as s:
        (row,) = audited(s)
        assert (row.officer, row.officer_name) == ("", operator())
        assert "clerk 代 head" in row.detail


def test_in_production_nobody_lends_roles_at_the_machine(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """One person at the machine would make a substitute of the head, and nobody could tell who."""
    monkeypatch.setenv("DINGBIAN_PROFILE", "production")
    status, said = run()
    assert status == 2
    assert "控制台“账号与代行”" in said
    monkeypatch.delenv("DINGBIAN_PROFILE")
    with assembled(load_settings()) as parts, parts.database.read() as s:
        assert audited(s) == []
        assert s.exec(select(Substitution)).all() == []
