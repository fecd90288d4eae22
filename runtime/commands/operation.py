"""Commands of operation: check, backup, restore."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from models.ledger import Fault

from ..assembly import assembled
from ..backup import back_up
from ..backup_manifest import Backup
from ..backup_restore import BackupDamaged, RestoreTest
from ..backup_restore import restore as bring_back
from ..self_checks import Check, all_checks, register_templates
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
from ..verifying import anchor_of

app = typer.Typer()


SIGNS = {True: "[green]✓[/]", False: "[bold red]✗[/]", None: "–"}


@app.command()
def check(
    register: Annotated[
        bool, typer.Option("--register-templates", help="把现有模板登记为准 · enter the templates as they are now")
    ] = False,
    as_json: Json = False,
) -> None:
    """逐项自检：设置、密钥、数据库、台账末尾、模板、时钟；有一项不合格时状态为 1 · Every self-check, one by one."""
    settings = settings_here()
    if register:
        with assembled(settings) as parts:
            register_templates(parts.database, settings)
    found = list(all_checks(settings))
    if as_json:
        print_json([each.model_dump() for each in found])
    else:
        _show_checks(found)
    if any(each.passed is False for each in found):
        finding()


def _show_checks(found: list[Check]) -> None:
    table = Table(title="自检 · self-checks", title_justify="left")
    for heading in ("", "项目 check", "结果 result"):
        table.add_column(heading, overflow="fold")
    for each in found:
        table.add_row(SIGNS[each.passed], escape(each.title), escape(each.says))
    console.print(table)


@app.command()
def backup(
    target: Annotated[Path, typer.Argument(help="新的或空的目录，在数据目录之外 · a new or empty folder")],
    with_keys: Annotated[
        Path | None,
        typer.Option(help="另存密钥文件到此，不得在备份目录之内 · also keep the key file here, apart from the backup"),
    ] = None,
    as_json: Json = False,
) -> None:
    """运行中备份登记数据库、内嵌 Temporal 和档案，并核验；发现问题时状态为 1 · Back up everything while it runs."""
    with assembled(settings_here()) as parts, progress_bar(errors) as progress:
        done = back_up(parts, target, with_keys, progress)
    if as_json:
        print_json(done.model_dump(mode="json"))
    else:
        _show_backup(done, target, with_keys)
    if done.faults:
        finding()


def _show_backup(done: Backup, target: Path, with_keys: Path | None) -> None:
    _show_faults("备份已做成，但核验发现 · backed up, but verification found", done.faults)
    say(
        f"已备份 {done.holders} 条台账链 {done.rows} 行、文件 {done.records.files} 份（{done.records.bytes} 字节）"
        f" · backed up: {target}"
    )
    if done.temporal_at is None:
        say("流程引擎不在备份中：外部集群请按它自己的办法备份 · Temporal is not in it: back up the cluster itself")
    if with_keys is None:
        say("密钥不在备份中，没有密钥打不开；请确认另有保存 · the keys are not in it and nothing opens without them")
    else:
        say(f"密钥文件另存于 {with_keys}，请与备份分开保管 · the key file; keep it apart from the backup")
    say("备份未加密，含姓名，请按档案保管 · the backup is not encrypted and holds names")


@app.command()
def restore(
    source: Annotated[Path, typer.Argument(help="备份目录 · the folder of a backup")],
    keys: Annotated[Path | None, typer.Option(help="另处保存的密钥文件 · the key file that was kept apart")] = None,
    anchor: Annotated[
        Path | None, typer.Option(help="另处保存的存证文件，一并比对 · heads kept elsewhere, compared as well")
    ] = None,
    as_json: Json = False,
) -> None:
    """恢复到空的数据目录和空的数据库，前后各核验一次，写下恢复测试记录 · Restore into an empty place, and prove it."""
    kept = anchor_of(anchor) if anchor else None
    try:
        with progress_bar(errors) as progress:
            test = bring_back(settings_here(), source, keys, kept, progress)
    except BackupDamaged as damaged:
        if as_json:
            print_json({"passed": False, "damaged": [each.model_dump() for each in damaged.faults]})
        else:
            _show_faults(str(damaged), damaged.faults)
        finding()
    if as_json:
        print_json(test.model_dump(mode="json"))
    else:
        _show_restore(test)
    if not test.passed:
        finding()


def _show_restore(test: RestoreTest) -> None:
    _show_faults("恢复后核验未通过，此目录不能使用 · what was restored does not verify and cannot be used", test.faults)
    if not test.passed:
        return
    say(
        f"已恢复并核验 {test.holders} 条台账链 {test.rows} 行、文件 {test.records} 份，用时 {test.seconds} 秒"
        " · restored and verified"
    )
    say(f"恢复测试记录在 {test.target} · the record of this test is there")
    say(
        "备份之后的登记没有了：启动后运行 dingbian reconcile，并与纸质公文核对 · after the start run dingbian reconcile"
    )


def _show_faults(title: str, faults: list[Fault]) -> None:
    if not faults:
        return
    complain(title)
    table = Table()
    for heading in ("在哪里 where", "是什么 what"):
        table.add_column(heading, overflow="fold")
    for each in faults[:SHOWN_FAULTS]:
        table.add_row(escape(each.where), escape(each.what))
    console.print(table)
    if len(faults) > SHOWN_FAULTS:
        say(f"另有 {len(faults) - SHOWN_FAULTS} 处未列出 · more are not listed here")
