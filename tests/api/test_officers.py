"""The register of officers: who a token stands for, and accounts that separation of duties forbids."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from docket import officers
from ledger.db import Database
from models.enums import Department, Role
from models.register import OfficerRow
from models.visits import TokenRow

from .conftest import NOW, UNIT_A


def test_a_token_stands_for_its_officer_and_only_its_digest_is_kept(database: Database, tmp_path: Path) -> None:
    with database.write() as s:
        token = officers.issue_token(s, "o-head", NOW, note="试用")
    assert token.startswith("dbn_")
    with database.read() as s:
        found = officers.officer_of_token(s, token, NOW)
        assert found is not None
        assert (found.id, found.department) == ("o-head", Department.ESTABLISHMENT)
        assert found.roles == frozenset({Role.HEAD})
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("register.db*"))
    assert token.encode() not in kept


@pytest.mark.parametrize("token", ["", "dbn_", "x", "dbn_" + "A" * 43, "dbn_" + "é" * 43, "dbn_" + "A" * 44])
def test_another_text_is_nobody(database: Database, token: str) -> None:
    with database.read() as s:
        assert officers.officer_of_token(s, token, NOW) is None


def test_an_expired_revoked_or_dismissed_token_holds_no_longer(database: Database) -> None:
    with database.write() as s:
        short = officers.issue_token(s, "o-head", NOW, expires_at=NOW + timedelta(hours=1))
        revoked = officers.issue_token(s, "o-head", NOW)
        dismissed = officers.issue_token(s, "o-examiner", NOW)
        assert officers.officer_of_token(s, short, NOW) is not None
        assert officers.officer_of_token(s, short, NOW + timedelta(hours=1)) is None
        assert officers.revoke_token(s, revoked, NOW)
        assert officers.revoke_token(s, revoked, NOW + timedelta(days=1))
        assert s.get(TokenRow, officers.token_hash(revoked)).revoked_at == NOW  # type: ignore[union-attr]
        assert officers.officer_of_token(s, revoked, NOW) is None
        assert not officers.revoke_token(s, "dbn_" + "A" * 43, NOW)
        row = s.get(OfficerRow, "o-examiner")
        assert row is not None
        row.active = False
        s.add(row)
        s.flush()
        assert officers.officer_of_token(s, dismissed, NOW) is None
        assert officers.find_by_login(s, "examiner") is None


def test_a_login_is_found(database: Database) -> None:
    with database.read() as s:
        row = officers.find_by_login(s, "applicant")
        assert row is not None
        assert officers.officer_of(row).unit == UNIT_A
        assert officers.find_by_login(s, "nobody") is None


def test_a_token_needs_an_officer(database: Database) -> None:
    with database.write() as s, pytest.raises(ValueError, match="no such officer"):
        officers.issue_token(s, "nobody", NOW)


@pytest.mark.parametrize("ident", ["", "a~b", "a|b", "a b", "a" * 101])
def test_an_id_that_would_blur_the_ids_of_commands_is_refused(database: Database, ident: str) -> None:
    with database.write() as s, pytest.raises(ValueError, match="an id has no"):
        officers.add_officer(s, id=ident, login="x", name="x", department=Department.FINANCE, roles={Role.APPROVER})


@pytest.mark.parametrize(
    ("department", "unit", "roles"),
    [
        (Department.UNIT, None, {Role.APPLICANT}),
        (Department.FINANCE, UNIT_A, {Role.APPROVER}),
        (Department.FINANCE, None, set()),
        (Department.ADMINISTRATION, None, {Role.SYSTEM_ADMIN, Role.AUDIT_ADMIN}),
        (Department.ADMINISTRATION, None, {Role.SYSTEM_ADMIN, Role.EXAMINER}),
        (Department.ESTABLISHMENT, None, {Role.SECURITY_ADMIN}),
    ],
)
def test_an_account_that_breaks_separation_of_duties_is_refused(
    database: Database, department: Department, unit: str | None, roles: set[Role]
) -> None:
    with database.write() as s, pytest.raises(ValueError, match="x"):
        officers.add_officer(s, id="x", login="x", name="x", department=department, unit=unit, roles=roles)
