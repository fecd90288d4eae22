"""Commands that keep an installation well: database, anchors, schedules, reconciliation, keys."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from ledger.db import Database
from ledger.grants import grant_use
from models.reconciliation import ADVICE, Reconciled
from models.sealing import Keyring
from rules.deadlines import SHANGHAI

from ..anchors import take_anchor
from ..assembly import assembled
from ..client import Temporal, bounded, connected
from ..embedded import DataFolderLock
from ..faults import StartFault
from ..keyring import add_key, create_key_file, read_key_file, use_key
from ..keys import bring_back, reindex, reseal, retire, running_under, uses
from ..reconciling import reconcile as compare
from ..schedules import ensure, told
from ..self_checks import enter_templates
from ..settings import Settings, check_profile
from ..terminal import (
    SHOWN_FAULTS,
    Json,
    complain,
    console,
    errors,
    finding,
    print_json,
    progress_bar,
    say,
    settings_here,
)

HISTORIES_SECONDS = 600.0
"""For the histories of all running cases: some milliseconds each."""

app = typer.Typer()
keys = typer.Typer(help="密钥文件 · the key file", no_args_is_help=True)
app.add_typer(keys, name="keys")


@app.command()
def migrate(
    program: Annotated[
        str,
        typer.Option("--program-account", help="PostgreSQL：程序运行所用的账号，授予其所需权限 · who runs the program"),
    ] = "",
) -> None:
    """将数据库升级到本版本 · Bring the database to this version."""
    settings = settings_here()
    with assembled(settings, migrate=True) as parts:
        enter_templates(parts.database, settings)
        if program:
            try:
                with parts.database.engine.begin() as connection:
                    grant_use(connection, program)
            except ValueError as error:
                raise StartFault(str(error)) from None
    say("数据库已是本版本 · the database is up to date")


@app.command()
def anchor(
    out: Annotated[Path | None, typer.Option(help="写入新文件，另处保存 · write a new file, kept elsewhere")] = None,
) -> None:
    """追加存证日志，输出日志头和全部链头（JSON），供日后 verify --anchor 比对 · Append to the log; print all heads."""
    with assembled(settings_here()) as parts, parts.database.write() as session:
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
    say(f"已存证 {len(taken.journals)} 条台账链、{len(taken.records)} 个文件序列、日志 {size} 叶 · anchored: {out}")


@app.command()
def schedules(
    run: Annotated[bool, typer.Option("--run", help="立即各运行一次 · run each of them now")] = False,
    as_json: Json = False,
) -> None:
    """登记搜索属性，建立或更新定时任务 · Register the search attributes; create or update the schedules."""
    settings = settings_here()
    with assembled(settings) as parts:
        added = asyncio.run(Temporal(settings, parts.keyring).ensure_search_attributes())
        ensured = asyncio.run(ensure(settings, parts.keyring, parts.rulebook, run_now=run))
    if as_json:
        facts = [each.facts() | {"triggered": run} for each in ensured]
        print_json({"search_attributes_added": added, "schedules": facts})
        return
    say(f"新登记搜索属性 · search attributes added: {'、'.join(added) or '无 none'}")
    for each in ensured:
        say(told(each))
        if run:
            say(f"已触发 {each.id} · triggered")


@app.command()
def reconcile(as_json: Json = False) -> None:
    """比对登记簿、台账、档案与流程引擎，能安全修复的重新送达；有待处理的差异时状态为 1 · Compare all stores now."""
    with assembled(settings_here()) as parts, errors.status("核对 · comparing"):
        done = compare(parts)
    if as_json:
        print_json(done.model_dump(mode="json") | {"total": done.total, "repaired": done.repaired, "left": done.left})
    else:
        _show_differences(done)
    if done.left or not done.engine:
        finding()


LOOKED_AT = {
    "cases": "事项",
    "workflows": "流程",
    "accounts": "账户",
    "slots": "编号",
    "files": "存档文件",
    "records": "公文",
}


def _show_differences(done: Reconciled) -> None:
    if not done.engine:
        told = done.asked_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if done.asked_at else "—"
        complain(
            f"流程引擎没有应答，只比对了登记簿和存档；流程方面的差异是 {told} 的 · "
            f"Temporal did not answer: register and records alone, workflows as of {told}"
        )
    if done.differences:
        table = Table(title=f"差异 {done.total} 处 · differences", title_justify="left")
        for heading in ("种类 kind", "在哪里 where", "自何时 since", "详情 detail", "处理 what to do"):
            table.add_column(heading, overflow="fold")
        for each in done.differences[:SHOWN_FAULTS]:
            since = each.since.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M") if each.since else ""
            remedy = each.repair or ADVICE[each.kind]
            table.add_row(each.kind.label, *(escape(cell) for cell in (each.where, since, each.detail, remedy)))
        console.print(table)
    looked_at = "、".join(f"{LOOKED_AT.get(name, name)} {count}" for name, count in done.looked_at.items())
    say(f"比对了{looked_at} · compared")
    say(f"差异 {done.total}，已重新送达 {done.repaired}，待处理 {done.left} · differences, delivered again, left")


@keys.command("new")
def keys_new() -> None:
    """生成新的密钥文件，不覆盖已有的 · Make a new key file; an existing one is never replaced."""
    settings = settings_here()
    if settings.keyring_file.exists():
        raise StartFault(f"密钥文件 {settings.keyring_file} 已存在 · the key file exists")
    try:
        create_key_file(settings.keyring_file, settings.cipher, settings.profile)
    except OSError as error:
        raise StartFault(
            f"写不出密钥文件 {settings.keyring_file}：{error.strerror} · cannot write the key file"
        ) from None
    say(f"已生成，请另处备份 · made; keep a copy elsewhere: {settings.keyring_file}")


@keys.command("add")
def keys_add(
    not_yet: Annotated[
        bool, typer.Option("--not-yet", help="只增加，不启用；分发到各机器后再 keys use · add without using it yet")
    ] = False,
) -> None:
    """增加一把密钥并启用（轮换）；运行中的进程随即换用，旧密钥保留 · Add a key and seal with it from now on."""
    settings = _with_key_file()
    added = add_key(settings.keyring_file, settings.cipher, use=not not_yet)
    say(f"已增加，尚未启用 · added, not in use yet: {added}" if not_yet else f"已启用密钥 · now current: {added}")


@keys.command("use")
def keys_use(key_id: Annotated[str, typer.Argument(metavar="ID", help="密钥编号 · id of the key")]) -> None:
    """启用已增加的密钥 · Seal with a key that is there already."""
    settings = _with_key_file()
    use_key(settings.keyring_file, key_id)
    say(f"已启用密钥 · now current: {key_id}")


@keys.command("list")
def keys_list(as_json: Json = False) -> None:
    """每把密钥密封着什么；缺少密钥时状态为 1 · What each key seals; status 1 when a key is missing."""
    with assembled(settings_here()) as parts, errors.status("清点 · counting"):
        used = uses(parts.database)
    file = read_key_file(parts.settings.keyring_file)
    known = {each.id: each for each in file.keys}
    missing = sorted({each.key_id for each in used} - set(known))
    facts: list[dict[str, Any]] = [
        {
            "id": key_id,
            "cipher": known[key_id].cipher if key_id in known else None,
            "made_on": known[key_id].made_on if key_id in known else None,
            "current": key_id == file.current,
            "missing": key_id in missing,
            "rows": {each.column: each.rows for each in used if each.key_id == key_id},
        }
        for key_id in [*known, *missing]
    ]
    if as_json:
        print_json(facts)
    else:
        for each in facts:
            mark = "缺失 MISSING" if each["missing"] else "现用 current" if each["current"] else "旧 former"
            say(f"{each['id']}  {mark}  {each['cipher'] or ''}  {each['made_on'] or ''}")
            for column, rows in each["rows"].items():
                say(f"    {column}  {rows}")
    if missing:
        complain(f"缺少密钥，其密封的内容打不开 · missing keys: {'、'.join(missing)}")
        finding()


@keys.command("reseal")
def keys_reseal(as_json: Json = False) -> None:
    """旧密钥密封的内容改由现用密钥密封；可中断重来，不必停机 · Seal old values anew with the current key."""
    with assembled(settings_here()) as parts, progress_bar(errors) as report:
        done = reseal(parts.database, report)
    if as_json:
        print_json({"rows": done.rows, "unopened": done.unopened})
    else:
        say(f"重新密封 {done.rows} 项 · values sealed anew")
        for column, rows in done.unopened.items():
            complain(f"{column}：{rows} 项打不开，原样保留 · cannot be opened, left as they are")
    if done.unopened:
        finding()


@keys.command("retire")
def keys_retire(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="密钥编号 · id of the key")],
    out: Annotated[Path, typer.Option(help="取出的密钥存入此新文件，另处保管 · new file for the key, kept elsewhere")],
) -> None:
    """停用不再密封任何内容的旧密钥；仍在使用的不予停用 · Let go of a key that seals nothing any more."""
    settings = _with_key_file()
    with assembled(settings) as parts, errors.status("清点 · counting"):
        used = uses(parts.database)
        running = asyncio.run(_running_under(settings, parts.keyring, key_id))
    retire(settings.keyring_file, key_id, out, used, running)
    say(f"已停用，密钥存于 · retired; the key is kept in: {out}")


async def _running_under(settings: Settings, keyring: Keyring, key_id: str) -> list[str]:
    client = await connected(settings, keyring)
    return await bounded(running_under(client, key_id), HISTORIES_SECONDS)


@keys.command("bring-back")
def keys_bring_back(
    kept: Annotated[Path, typer.Argument(help="停用时存下的文件 · the file that retire wrote")],
) -> None:
    """放回停用或丢失的密钥，停放的事项随后自动继续 · Put a key back; cases parked for it go on by themselves."""
    settings = _with_key_file()
    say(f"已放回 · back in the key file: {bring_back(settings.keyring_file, kept)}")


@keys.command("reindex")
def keys_reindex() -> None:
    """更换盲索引密钥并重写索引；须先停止接口和工作进程 · Change the index key; nothing else may be running."""
    settings = _with_key_file()
    check_profile(settings)
    with DataFolderLock(settings.data_dir), progress_bar(errors) as report:
        persons = reindex(
            settings.keyring_file, lambda ring: Database(settings.database_url, ring, settings.hash), report
        )
    say(f"盲索引已更换，共 {persons} 人；请备份密钥文件 · the index was made anew; keep a copy of the key file")


def _with_key_file() -> Settings:
    settings = settings_here()
    if not settings.keyring_file.exists():
        raise StartFault(f"没有密钥文件 {settings.keyring_file} · no key file")
    return settings
