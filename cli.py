"""`dingbian …`: what an operator types. Exit status 0 done, 1 a finding or a failure, 2 a wrong call or setting."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ledger.intake import import_file, template
from ledger.log import LogFault
from models.intake import ImportReport
from records.preview import PreviewUnavailable
from runtime.api_server import serve_api
from runtime.assembly import assembled
from runtime.client import TemporalAway
from runtime.commands import accounts, deployment, keeping, operation, records
from runtime.demo import DemoFault, Story, run_demo, running_api
from runtime.faults import StartFault
from runtime.logs import set_up_logging
from runtime.terminal import (
    FINDING,
    SHOWN_FAULTS,
    WRONG,
    Json,
    console,
    errors,
    finding,
    print_json,
    say,
    settings_here,
)
from runtime.up import progress_bar, run_up
from worker import serve

app = typer.Typer(
    help="定编：机构编制实名制办理 · Dingbian: real-name control of public posts",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # its frames show local values, identity numbers among them
)


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
    except (DemoFault, LogFault, PreviewUnavailable, TemporalAway) as fault:
        errors.print(f"[bold red]✗[/] {escape(str(fault))}", soft_wrap=True)
        return FINDING
    return 0


@app.command()
def up() -> None:
    """启动全部：Temporal、工作进程、接口；首次启动载入示例数据 · Start everything; sample data on first use."""
    run_up(settings_here(), console)


@app.command()
def worker() -> None:
    """只运行工作进程 · Run the worker alone."""
    settings = settings_here()
    set_up_logging(form=settings.log_format)
    asyncio.run(serve(settings))


@app.command()
def api() -> None:
    """只运行 HTTP 接口 · Run the HTTP API alone."""
    settings = settings_here()
    set_up_logging(form=settings.log_format)
    serve_api(settings)


@app.command()
def demo(as_json: Json = False) -> None:
    """经 HTTP 接口走完一件用编，各部门逐一签批 · Drive one whole staffing-up through the HTTP API."""
    settings = settings_here()

    def say(text: str) -> None:
        (errors if as_json else console).print(escape(text), soft_wrap=True)

    with running_api(settings, say) as address:
        story = run_demo(settings, address, say)
    if as_json:
        print_json(story.facts())
    else:
        _show_story(story)


def _show_story(story: Story) -> None:
    say("归档文件 · filed documents:")
    for record in story.records:  # a path on a line of its own can be copied whole
        say(f"    {record['number']}  {record['title']}\n        {record['path']}")
    say(f"事项 {story.case_no} 已办结，用时 {story.seconds} 秒 · case closed in {story.seconds} s")


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
        say(f"已写出模板 · template written: {file}")
        return
    if not file.exists():
        raise StartFault(f"找不到 {file} · not found")
    with assembled(settings_here(), migrate=True) as parts, progress_bar(errors) as progress:
        try:
            report = import_file(
                parts.database,
                parts.rulebook,
                file,
                accept_over_quota=accept_over_quota,
                at=datetime.now(UTC),
                progress=progress,
            )
        except KeyboardInterrupt:
            raise StartFault("已中断，未导入任何内容 · interrupted, nothing was imported") from None
    if as_json:
        print_json(report.model_dump(mode="json"))
    else:
        _show_import(report)
    if not report.imported:
        finding()


def _show_import(report: ImportReport) -> None:
    counts = f"机构 {report.units}、内设机构 {report.bodies}、编制职数 {report.accounts}、人员 {report.persons}"
    if report.imported:
        say(f"已导入：{counts} · imported")
        return
    table = Table(title=f"未导入，共 {len(report.faults)} 处问题 · nothing imported", title_justify="left")
    for heading in ("工作表 sheet", "行 row", "列 column", "原因 reason"):
        table.add_column(heading, overflow="fold")
    for fault in report.faults[:SHOWN_FAULTS]:  # a sheet or a heading of a foreign file may hold markup
        table.add_row(escape(fault.sheet), str(fault.row or ""), escape(fault.column), escape(fault.reason))
    console.print(table)
    if len(report.faults) > SHOWN_FAULTS:
        say(f"另有 {len(report.faults) - SHOWN_FAULTS} 处未列出 · more are not listed here")
    if report.faults_file:
        say(f"已标出问题的副本 · a copy with the faults marked: {report.faults_file}")


for group in (records, accounts, keeping, operation, deployment):
    app.add_typer(group.app)

if __name__ == "__main__":
    main()
