"""Commands of accounts: tokens, officers, passwords, substitutions."""

from __future__ import annotations

import sys
import uuid
from datetime import UTC, datetime, timedelta
from getpass import getpass
from typing import Annotated

import typer
from argon2 import PasswordHasher
from pydantic import ValidationError
from sqlmodel import Session

from api.permissions import RULES
from docket import accounts, audit
from docket.officers import (
    ADMINISTRATORS,
    READING,
    add_officer,
    find_by_login,
    issue_token,
    officer_of,
    revoke_token,
)
from docket.sign_in import set_password
from docket.substitutions import grant
from models.accounts import SHORTEST_PASSWORD, NewOfficer
from models.audit import Act
from models.enums import Department, Procedure, Role
from models.refusals import Refusal
from models.register import OfficerRow
from models.substitutions import NewSubstitution
from rules.deadlines import local_day

from ..assembly import assembled
from ..faults import StartFault
from ..noting import operator
from ..terminal import Json, errors, print_json, say, settings_here

app = typer.Typer()
officer = typer.Typer(help="经办人 · officers", no_args_is_help=True)
app.add_typer(officer, name="officer")


@app.command()
def token(
    login: Annotated[str, typer.Argument(help="登录名 · login")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="有效天数 · days until it ends")] = 90,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="作废从标准输入读入的令牌 · revoke the token read from standard input")
    ] = False,
    scope: Annotated[
        list[str] | None,
        typer.Option(help="限于只读（read）或所列操作，可重复 · reading alone, or these operations; may be repeated"),
    ] = None,
    as_json: Json = False,
) -> None:
    """为经办人签发或作废令牌；令牌只显示一次 · Issue a token, shown this once, or revoke one."""
    now = datetime.now(UTC)
    if not revoke and not login:
        raise StartFault("请写明登录名 · name a login")
    unknown = sorted(set(scope or ()) - RULES.keys() - {READING})
    if unknown:
        raise StartFault(f"没有这种操作：{'、'.join(unknown)} · unknown operation; see docs/reference/http.md")
    with assembled(settings_here()) as parts, parts.database.write() as session:
        if revoke:
            _revoked(session, now)
            return
        row = find_by_login(session, login)
        if row is None:
            raise StartFault(f"没有经办人 {login} · no such officer")
        ends = now + timedelta(days=days)
        if parts.settings.production:
            _handed_over(session, row, now, "命令行签发令牌 · a token by command line")
        made = issue_token(session, row.id, now, expires_at=ends, note="cli", scope=scope or ())
        limits = "、".join(scope or ()) or "全部 · all"
        audit.note(
            session, Act.TOKEN_ISSUED, now, operator(), about=row.id, detail=f"{login}，{ends:%Y-%m-%d}，{limits}"
        )
        facts = {"login": login, "name": row.name, "token": made, "expires_at": ends.isoformat(timespec="seconds")}
    if as_json:
        print_json(facts | ({"scope": sorted(scope)} if scope else {}))
    else:
        typer.echo(made)


def _revoked(session: Session, now: datetime) -> None:
    # Never an argument: those can be read by every user of the machine.
    typed = sys.stdin.readline().strip()
    if not revoke_token(session, typed, now):
        raise StartFault("没有这个令牌 · no such token")
    audit.note(session, Act.TOKEN_REVOKED, now, operator())
    say("已作废 · revoked")


def _handed_over(session: Session, row: OfficerRow, now: datetime, why: str) -> None:
    """In production nobody makes an officer who decides by a command alone: the security administrator grants the roles
    again (docs/decisions/0049). Administrators decide nothing, and there may be nobody to grant theirs."""
    if row.department == Department.ADMINISTRATION.value:
        return
    held = row.roles
    accounts.hand_over(session, row, operator(), now, why)
    if held:
        errors.print(f"{row.login} 的角色已收回，请安全管理员重新授予 · roles are to be granted again", soft_wrap=True)


@officer.command("add")
def officer_add(
    login: Annotated[str, typer.Argument(help="登录名 · login")],
    name: Annotated[str, typer.Option(help="姓名 · name")],
    department: Annotated[str, typer.Option(help="部门代码 · department, such as establishment")],
    role: Annotated[
        list[str] | None, typer.Option(help="角色代码，可重复；正式环境由安全管理员授予 · role, may be repeated")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="单位代码（仅用编单位）· unit code, for units only")] = None,
) -> None:
    """登记一名经办人 · Enter an officer."""
    now = datetime.now(UTC)
    try:
        wanted = NewOfficer(login=login, name=name, department=Department(department), unit=unit)
        roles = [Role(item) for item in role or ()]
    except ValueError as error:
        said = "登录名、姓名或单位有误" if isinstance(error, ValidationError) else f"代码有误：{error} · unknown code"
        raise StartFault(said) from None
    with assembled(settings_here()) as parts, parts.database.write() as session:
        if accounts.named(session, login) is not None:
            raise StartFault(f"登录名 {login} 已有 · this login exists")
        if roles and parts.settings.production:
            _only_to_begin(session, roles)
        identity = uuid.uuid4().hex
        if not roles:
            done = accounts.enter(session, wanted, operator(), identity, now)
            if isinstance(done, list):
                raise StartFault("；".join(fault.reason for fault in done))
        else:
            _entered(session, wanted, roles, identity, now)
    say(f"已登记 {login} · entered" if roles else f"已登记 {login}，待安全管理员授予角色 · entered, without a role yet")


def _only_to_begin(session: Session, roles: list[Role]) -> None:
    if len(roles) == 1 and roles[0] in ADMINISTRATORS and accounts.vacant(session, roles[0]):
        return
    raise StartFault(
        "正式环境中命令行只登记第一名系统、安全、审计管理员；其余由系统管理员登记、安全管理员授予角色 · "
        "in production a command enters the first administrator of each kind; the others are entered by the system "
        "administrator and given roles by the security administrator"
    )


def _entered(session: Session, wanted: NewOfficer, roles: list[Role], identity: str, now: datetime) -> None:
    try:
        add_officer(
            session,
            id=identity,
            login=wanted.login,
            name=wanted.name,
            department=wanted.department,
            unit=wanted.unit,
            roles=roles,
        )
    except ValueError as error:
        raise StartFault(str(error)) from None
    labels = "、".join(role.label for role in roles)
    audit.note(session, Act.OFFICER_ENTERED, now, operator(), about=identity, detail=f"{wanted.login}：{labels}")


@officer.command("password")
def officer_password(login: Annotated[str, typer.Argument(help="登录名 · login")]) -> None:
    """设定控制台登录密码，密码从标准输入读入 · Set the console password, read from standard input."""
    password = (
        getpass(f"{login} 的新密码 · new password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    )
    if len(password) < SHORTEST_PASSWORD:
        raise StartFault(f"密码至少 {SHORTEST_PASSWORD} 个字符 · at least {SHORTEST_PASSWORD} characters")
    now = datetime.now(UTC)
    with assembled(settings_here()) as parts, parts.database.write() as session:
        row = accounts.named(session, login)
        if row is None or not row.active:
            raise StartFault(f"没有经办人 {login} · no such officer")
        set_password(session, row, PasswordHasher().hash(password), now, operator())
        if parts.settings.production:
            _handed_over(session, row, now, "命令行设定密码 · a password by command line")
    say(f"已设定 {login} 的密码，原有登录会话已终止 · set; former sessions have ended")


@officer.command("substitute")
def officer_substitute(
    principal: Annotated[str, typer.Argument(help="被代行人登录名 · who is stood in for")],
    substitute: Annotated[str, typer.Argument(help="代行人登录名 · who stands in")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="最后一日 · the last day")],
    reason: Annotated[str, typer.Option(help="事由 · reason")],
    start: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="第一日，默认今日 · the first day, or today")
    ] = None,
    procedure: Annotated[
        list[str] | None, typer.Option(help="程序代码，可重复；不填即全部 · procedure, may be repeated; else all")
    ] = None,
    by: Annotated[str, typer.Option(help="由谁安排，默认被代行人本人 · arranged by, or the principal")] = "",
    as_json: Json = False,
) -> None:
    """授予代行：在起止日期内由同一部门的人代为办理 · Let a colleague stand in for an officer, for named days."""
    now = datetime.now(UTC)
    try:
        wanted = NewSubstitution(
            principal=principal,
            substitute=substitute,
            from_on=start.date() if start else local_day(now),
            until_on=until.date(),
            procedures=[Procedure(item) for item in procedure or []],
            reason=reason,
        )
    except ValueError:
        raise StartFault("程序代码或事由有误 · unknown procedure, or a reason that cannot be read") from None
    settings = settings_here()
    if settings.production:  # a substitution lends roles, and at the machine nobody can tell who asks for it
        raise StartFault(
            "正式环境中不在命令行安排代行：由本人、本部门负责人或安全管理员在控制台“账号与代行”或经接口安排 · "
            "in production a substitution is arranged at the console or through the API, never by a command"
        )
    with assembled(settings) as parts, parts.database.write() as session:
        row = find_by_login(session, by or principal)
        if row is None:
            raise StartFault(f"没有经办人 {by or principal} · no such officer")
        done = grant(session, wanted, officer_of(row), uuid.uuid4().hex, now, operator())
        if isinstance(done, Refusal):
            raise StartFault(done.message)
        if isinstance(done, list):
            raise StartFault("；".join(f"{fault.field}：{fault.reason}" for fault in done))
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        say(f"{done.substitute_name} 代 {done.principal_name}，{done.from_on} 至 {done.until_on} · granted {done.id}")
