"""`dingbian …`: what an operator types. Exit status 0 done, 1 a finding or a failure, 2 a wrong call or setting."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import uuid
from datetime import UTC, datetime, timedelta
from getpass import getpass
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from argon2 import PasswordHasher
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from docket.officers import add_officer, find_by_login, issue_token, officer_of, revoke_token
from docket.sign_in import set_password
from docket.substitutions import grant
from ledger.intake import import_file, template
from ledger.log import LogFault
from models.enums import Department, Procedure, Role
from models.intake import ImportReport
from models.ledger import Verification
from models.packages import CHECKS, PackageReport
from models.refusals import Refusal
from models.substitutions import NewSubstitution
from records.archive import Wanted
from rules.deadlines import local_day
from runtime.anchors import Anchor, take_anchor
from runtime.api_server import serve_api
from runtime.assembly import assembled
from runtime.certificate import write_certificate
from runtime.client import Temporal, TemporalAway
from runtime.demo import DemoFault, Story, run_demo, running_api
from runtime.exporting import export_register
from runtime.faults import StartFault
from runtime.keyring import add_key, create_key_file
from runtime.logs import set_up_logging
from runtime.packaging import is_register, verify_document, verify_package, verify_register, write_archive
from runtime.schedules import ensure, told
from runtime.settings import Settings, load_settings, unknown_variables
from runtime.up import progress_bar, run_up
from runtime.verifying import verify_all
from worker import serve

FINDING = 1
WRONG = 2
SHOWN_FAULTS = 50
SHORTEST_PASSWORD = 12
CHECKED = {
    "valid": "有效 valid",
    "void": "作废 void",
    "superseded": "已被替代 superseded",
    "altered": "已改动 altered",
    "unknown": "查无此件 unknown",
}

app = typer.Typer(
    help="定编：机构编制实名制办理 · Dingbian: real-name control of public posts",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its frames show local values, identity numbers among them
)
keys = typer.Typer(help="密钥文件 · the key file", no_args_is_help=True)
officer = typer.Typer(help="经办人 · officers", no_args_is_help=True)
app.add_typer(keys, name="keys")
app.add_typer(officer, name="officer")

console = Console()
errors = Console(stderr=True)

Json = Annotated[bool, typer.Option("--json", help="输出 JSON · print facts as JSON")]


def main() -> None:
    """Entry point. Ends with `os._exit` after a flush: an interpreter that used the Temporal client may otherwise
    abort while it shuts down (anchors.md fact 10)."""
    os.umask(0o077)  # registers, records and logs are the office's own
    status = run_command()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):  # the reader of a pipe has gone, as with `| head`
            stream.flush()
    os._exit(status)


def run_command() -> int:
    """Runs what `sys.argv` asks for and returns the exit status; faults are told, never shown as tracebacks."""
    try:
        app()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else FINDING
    except StartFault as fault:
        errors.print(f"[bold red]✗[/] {escape(str(fault))}", soft_wrap=True)
        return WRONG
    except (DemoFault, LogFault, TemporalAway) as fault:
        errors.print(f"[bold red]✗[/] {escape(str(fault))}", soft_wrap=True)
        return FINDING
    return 0


def _settings() -> Settings:
    for name in unknown_variables():
        errors.print(f"未知设置 {name}，已忽略 · unknown setting {name} is ignored", soft_wrap=True)
    return load_settings()


def _say(text: str) -> None:
    console.print(escape(text), soft_wrap=True)


def _print_json(facts: Any) -> None:
    typer.echo(json.dumps(facts, ensure_ascii=False, indent=2, default=str))


def _finding() -> NoReturn:
    raise typer.Exit(FINDING)


@app.command()
def up() -> None:
    """启动全部：Temporal、工作进程、接口；首次启动载入示例数据 · Start everything; sample data on first use."""
    run_up(_settings(), console)


@app.command()
def worker() -> None:
    """只运行工作进程 · Run the worker alone."""
    set_up_logging()
    asyncio.run(serve(_settings()))


@app.command()
def api() -> None:
    """只运行 HTTP 接口 · Run the HTTP API alone."""
    set_up_logging()
    serve_api(_settings())


@app.command()
def demo(as_json: Json = False) -> None:
    """经 HTTP 接口走完一件用编，各部门逐一签批 · Drive one whole staffing-up through the HTTP API."""
    settings = _settings()

    def say(text: str) -> None:
        (errors if as_json else console).print(escape(text), soft_wrap=True)

    with running_api(settings, say) as address:
        story = run_demo(settings, address, say)
    if as_json:
        _print_json(story.facts())
    else:
        _show_story(story)


def _show_story(story: Story) -> None:
    _say("归档文件 · filed documents:")
    for record in story.records:  # a path on a line of its own can be copied whole
        _say(f"    {record['number']}  {record['title']}\n        {record['path']}")
    _say(f"事项 {story.case_no} 已办结，用时 {story.seconds} 秒 · case closed in {story.seconds} s")


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="工作簿（.xlsx）或 CSV 目录 · workbook or folder of CSV files")],
    make_template: Annotated[bool, typer.Option("--template", help="写出空白模板 · write an empty template")] = False,
    accept_over_quota: Annotated[
        bool, typer.Option("--accept-over-quota", help="接受超编行 · accept rows that are over quota")
    ] = False,
    as_json: Json = False,
) -> None:
    """导入机构、内设机构、编制职数和人员 · Import units, bodies, quotas and persons."""
    if make_template:
        if file.exists():
            raise StartFault(f"{file} 已存在，不覆盖 · already exists and is not replaced")
        template(file)
        _say(f"已写出模板 · template written: {file}")
        return
    if not file.exists():
        raise StartFault(f"找不到 {file} · not found")
    with assembled(_settings(), migrate=True) as parts, progress_bar(errors) as progress:
        report = import_file(
            parts.database,
            parts.rulebook,
            file,
            accept_over_quota=accept_over_quota,
            at=datetime.now(UTC),
            progress=progress,
        )
    if as_json:
        _print_json(report.model_dump(mode="json"))
    else:
        _show_import(report)
    if not report.imported:
        _finding()


def _show_import(report: ImportReport) -> None:
    counts = f"机构 {report.units}、内设机构 {report.bodies}、编制职数 {report.accounts}、人员 {report.persons}"
    if report.imported:
        _say(f"已导入：{counts} · imported")
        return
    table = Table(title=f"未导入，共 {len(report.faults)} 处问题 · nothing imported", title_justify="left")
    for heading in ("工作表 sheet", "行 row", "列 column", "原因 reason"):
        table.add_column(heading, overflow="fold")
    for fault in report.faults[:SHOWN_FAULTS]:
        table.add_row(fault.sheet, str(fault.row or ""), fault.column, fault.reason)
    console.print(table)
    if report.faults_file:
        _say(f"已标出问题的副本 · a copy with the faults marked: {report.faults_file}")


@app.command()
def token(
    login: Annotated[str, typer.Argument(help="登录名 · login")] = "",
    days: Annotated[int, typer.Option(min=1, max=3650, help="有效天数 · days until it ends")] = 90,
    revoke: Annotated[
        bool, typer.Option("--revoke", help="作废从标准输入读入的令牌 · revoke the token read from standard input")
    ] = False,
    as_json: Json = False,
) -> None:
    """为经办人签发或作废令牌；令牌只显示一次 · Issue a token, shown this once, or revoke one."""
    now = datetime.now(UTC)
    if not revoke and not login:
        raise StartFault("请写明登录名 · name a login")
    with assembled(_settings()) as parts, parts.database.write() as session:
        if revoke:
            # Never an argument: those can be read by every user of the machine.
            if not revoke_token(session, sys.stdin.readline().strip(), now):
                raise StartFault("没有这个令牌 · no such token")
            _say("已作废 · revoked")
            return
        row = find_by_login(session, login)
        if row is None:
            raise StartFault(f"没有经办人 {login} · no such officer")
        ends = now + timedelta(days=days)
        made = issue_token(session, row.id, now, expires_at=ends, note="cli")
        facts = {"login": login, "name": row.name, "token": made, "expires_at": ends.isoformat(timespec="seconds")}
    if as_json:
        _print_json(facts)
    else:
        typer.echo(made)


@officer.command("add")
def officer_add(
    login: Annotated[str, typer.Argument(help="登录名 · login")],
    name: Annotated[str, typer.Option(help="姓名 · name")],
    department: Annotated[str, typer.Option(help="部门代码 · department, such as establishment")],
    role: Annotated[list[str], typer.Option(help="角色代码，可重复 · role, may be repeated")],
    unit: Annotated[str | None, typer.Option(help="单位代码（仅用编单位）· unit code, for units only")] = None,
) -> None:
    """登记一名经办人 · Enter an officer."""
    try:
        where, roles = Department(department), [Role(item) for item in role]
    except ValueError as error:
        raise StartFault(f"代码有误：{error} · unknown code") from None
    with assembled(_settings()) as parts, parts.database.write() as session:
        if find_by_login(session, login) is not None:
            raise StartFault(f"登录名 {login} 已有 · this login exists")
        try:
            add_officer(session, id=login, login=login, name=name, department=where, unit=unit, roles=roles)
        except ValueError as error:
            raise StartFault(str(error)) from None
    _say(f"已登记 {login} · entered")


@officer.command("password")
def officer_password(login: Annotated[str, typer.Argument(help="登录名 · login")]) -> None:
    """设定控制台登录密码，密码从标准输入读入 · Set the console password, read from standard input."""
    password = (
        getpass(f"{login} 的新密码 · new password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    )
    if len(password) < SHORTEST_PASSWORD:
        raise StartFault(f"密码至少 {SHORTEST_PASSWORD} 个字符 · at least {SHORTEST_PASSWORD} characters")
    with assembled(_settings()) as parts, parts.database.write() as session:
        if not set_password(session, login, PasswordHasher().hash(password), datetime.now(UTC)):
            raise StartFault(f"没有经办人 {login} · no such officer")
    _say(f"已设定 {login} 的密码，原有登录会话已终止 · set; former sessions have ended")


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
    with assembled(_settings()) as parts, parts.database.write() as session:
        row = find_by_login(session, by or principal)
        if row is None:
            raise StartFault(f"没有经办人 {by or principal} · no such officer")
        done = grant(session, wanted, officer_of(row), uuid.uuid4().hex, now)
        if isinstance(done, Refusal):
            raise StartFault(done.message)
        if isinstance(done, list):
            raise StartFault("；".join(f"{fault.field}：{fault.reason}" for fault in done))
    if as_json:
        _print_json(done.model_dump(mode="json"))
    else:
        _say(f"{done.substitute_name} 代 {done.principal_name}，{done.from_on} 至 {done.until_on} · granted {done.id}")


@app.command()
def verify(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="档案包目录、登记数据库文件或公文；不写则核验本系统 · a package, a register file, a document"
        ),
    ] = None,
    anchor: Annotated[Path | None, typer.Option(help="另处保存的存证文件 · an anchor file kept elsewhere")] = None,
    as_json: Json = False,
) -> None:
    """核验台账链、余额、归档文件、日志，或给定的档案包、数据库、公文；有差异时状态为 1 · Verify all, or one."""
    kept = _read_anchor(anchor) if anchor else None
    if path is not None:
        _verify_path(path, kept, as_json)
        return
    with assembled(_settings()) as parts:
        found = verify_all(parts, kept)
    if as_json:
        _print_json(found.model_dump(mode="json") | {"intact": not found.faults and found.difference == 0})
    else:
        _show_verification(found)
    if found.faults or found.difference:
        _finding()


def _verify_path(path: Path, kept: Anchor | None, as_json: bool) -> None:
    """Packages and copies of a register need no installation: nothing of this one is opened for them."""
    if not path.exists():
        raise StartFault(f"没有 {path} · no such file or folder")
    if path.is_dir():
        report = verify_package(path)
        _told_package(report, as_json)
        intact = report.intact
    elif is_register(path):
        found = verify_register(path, kept)
        if as_json:
            _print_json(found.model_dump(mode="json") | {"intact": not found.faults and found.difference == 0})
        else:
            _show_verification(found)
        intact = not found.faults and found.difference == 0
    else:
        with assembled(_settings()) as parts:
            checked = verify_document(parts, path)
        if as_json:
            _print_json(checked.model_dump(mode="json"))
        else:
            _say(f"{CHECKED[checked.status]}：{checked.number or path.name} {checked.title or ''}")
        intact = checked.status == "valid"
    if not intact:
        _finding()


def _told_package(report: PackageReport, as_json: bool) -> None:
    if as_json:
        _print_json(report.model_dump(mode="json") | {"intact": report.intact})
        return
    table = Table(title=f"档案包 {report.package_id} · four checks", title_justify="left")
    for heading in ("检测 check", "项数 examined", "结果 result"):
        table.add_column(heading)
    for check, label in CHECKS.items():
        faults = report.of(check)
        table.add_row(label, str(report.examined.get(check, 0)), f"✗ {len(faults)}" if faults else "✓ 无误 intact")
    console.print(table)
    for fault in report.faults[:SHOWN_FAULTS]:
        errors.print(f"[red]✗[/] {CHECKS[fault.check]} {escape(fault.where)}：{escape(fault.what)}", soft_wrap=True)


def _read_anchor(path: Path) -> Anchor:
    try:
        return Anchor.model_validate_json(path.read_bytes())
    except (OSError, ValueError):
        raise StartFault(f"读不懂存证文件 {path} · not an anchor file") from None


def _show_verification(found: Verification) -> None:
    _say(
        f"链 {found.holders} 条、台账 {found.rows} 行、账户 {found.accounts} 个、文件 {found.records} 份、"
        f"存证日志 {found.log_size} 叶，差异 {found.difference} · chains, rows, accounts, records, log, difference"
    )
    for fault in found.faults[:SHOWN_FAULTS]:
        errors.print(f"[red]✗[/] {escape(fault.where)}：{escape(fault.what)}", soft_wrap=True)
    if not found.faults and not found.difference:
        _say("核验无误 · intact")


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="新的 .xlsx 文件或目录 · a new .xlsx file or folder")],
    year: Annotated[int | None, typer.Option(help="该年度的档案包（目录） · the archive package of a year")] = None,
    case: Annotated[str | None, typer.Option(help="一件已办结事项的档案包 · the package of a case, by number")] = None,
    as_json: Json = False,
) -> None:
    """导出机构、编制职数、人员（证件号码隐去）和流水；或档案包 · Export the register, or an archive package."""
    if year is not None and case is not None:
        raise StartFault("--year 与 --case 只能用一个 · use either --year or --case")
    if year is not None or case is not None:
        _write_package(target, Wanted(year=year, case_no=case), as_json)
        return
    with assembled(_settings()) as parts:
        counts = export_register(parts.database, target)
    if as_json:
        _print_json({"target": str(target), "rows": counts})
    else:
        _say(f"已导出 · exported: {target}（" + "、".join(f"{name} {n}" for name, n in counts.items()) + "）")


def _write_package(target: Path, wanted: Wanted, as_json: bool) -> None:
    with assembled(_settings()) as parts, progress_bar(errors) as progress:
        report = write_archive(parts, target, wanted, progress)
    _told_package(report, as_json)
    if not as_json:
        _say(f"已写入 · written: {target}；浏览 {target / 'data' / 'index.html'}")
    if not report.intact:
        _finding()


@app.command()
def certificate(
    unit: Annotated[str, typer.Argument(help="统一社会信用代码 · unit code")],
    out: Annotated[Path, typer.Option(help="新的 .docx 文件 · a new .docx file")],
    as_of: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="截至该日终了，默认今日 · end of this day, or today")
    ] = None,
    as_json: Json = False,
) -> None:
    """打印《机构编制管理证》截至某日的摘录，不编号 · Write a unit's certificate as an unnumbered extract of a day."""
    with assembled(_settings()) as parts:
        found = write_certificate(parts, unit, as_of.date() if as_of else None, out)
    if as_json:
        _print_json({"target": str(out), **found.model_dump(mode="json")})
        return
    _say(f"已写出 {found.unit.name} 截至 {found.as_of} 的摘录：{out} · written")
    _say(
        f"台账链第 {found.chain_seq} 行，链尾摘要 {found.chain_head}；"
        f"人员登记 {len(found.persons)} 条、编号页 {len(found.pages)} 张 · chain row and head; entries, numbered pages"
    )


@app.command()
def migrate() -> None:
    """将数据库升级到本版本 · Bring the database to this version."""
    with assembled(_settings(), migrate=True):
        _say("数据库已是本版本 · the database is up to date")


@app.command()
def anchor(
    out: Annotated[Path | None, typer.Option(help="写入新文件，另处保存 · write a new file, kept elsewhere")] = None,
) -> None:
    """追加存证日志，输出日志头和全部链头（JSON），供日后 verify --anchor 比对 · Append to the log; print all heads."""
    with assembled(_settings()) as parts, parts.database.write() as session:
        taken = take_anchor(session)
    text = taken.model_dump_json(indent=2)
    if out is None:
        typer.echo(text)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(text + "\n")
    except FileExistsError:
        raise StartFault(f"{out} 已存在，不覆盖 · already exists and is not replaced") from None
    size = taken.log.size if taken.log else 0
    _say(f"已存证 {len(taken.journals)} 条台账链、{len(taken.records)} 个文件序列、日志 {size} 叶 · anchored: {out}")


@app.command()
def schedules(
    run: Annotated[bool, typer.Option("--run", help="立即各运行一次 · run each of them now")] = False,
    as_json: Json = False,
) -> None:
    """登记搜索属性，建立或更新定时任务 · Register the search attributes; create or update the schedules."""
    settings = _settings()
    with assembled(settings) as parts:
        added = asyncio.run(Temporal(settings, parts.keyring).ensure_search_attributes())
        ensured = asyncio.run(ensure(settings, parts.keyring, parts.rulebook, run_now=run))
    if as_json:
        facts = [each.facts() | {"triggered": run} for each in ensured]
        _print_json({"search_attributes_added": added, "schedules": facts})
        return
    _say(f"新登记搜索属性 · search attributes added: {'、'.join(added) or '无 none'}")
    for each in ensured:
        _say(told(each))
        if run:
            _say(f"已触发 {each.id} · triggered")


@keys.command("new")
def keys_new() -> None:
    """生成新的密钥文件，不覆盖已有的 · Make a new key file; an existing one is never replaced."""
    settings = _settings()
    if settings.keyring_file.exists():
        raise StartFault(f"密钥文件 {settings.keyring_file} 已存在 · the key file exists")
    try:
        create_key_file(settings.keyring_file, settings.cipher, settings.profile)
    except OSError as error:
        raise StartFault(
            f"写不出密钥文件 {settings.keyring_file}：{error.strerror} · cannot write the key file"
        ) from None
    _say(f"已生成，请另处备份 · made; keep a copy elsewhere: {settings.keyring_file}")


@keys.command("add")
def keys_add() -> None:
    """增加一把密钥并启用（轮换），旧密钥保留；随后重启 · Add a key and make it current, then restart."""
    settings = _settings()
    if not settings.keyring_file.exists():
        raise StartFault(f"没有密钥文件 {settings.keyring_file} · no key file")
    _say(f"已启用密钥 · now current: {add_key(settings.keyring_file, settings.cipher)}")


if __name__ == "__main__":
    main()
