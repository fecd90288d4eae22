"""The command that takes in an office's own data."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from ledger.intake import import_file, template
from models.intake import ImportReport

from ..assembly import assembled
from ..faults import StartFault
from ..terminal import SHOWN_FAULTS, Json, console, errors, finding, print_json, progress_bar, say, settings_here

app = typer.Typer()


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
