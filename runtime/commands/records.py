"""Commands of records: verify, export, sign, certificate."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Table

from models.audit import Act
from models.ledger import Verification
from models.packages import CHECKS, PackageFault, PackageReport
from records.archive import Wanted

from ..anchors import Anchor
from ..assembly import assembled
from ..certificate import write_certificate
from ..exporting import export_register
from ..faults import StartFault
from ..noting import noted
from ..packaging import write_archive
from ..signing import Chosen, sign_records, told_of
from ..terminal import SHOWN_FAULTS, Json, console, errors, finding, print_json, progress_bar, say, settings_here
from ..verifying import (
    anchor_of,
    document_told,
    is_register,
    verify_against,
    verify_all,
    verify_document,
    verify_package,
    verify_register,
)

app = typer.Typer()

CHECKED = {
    "valid": "有效 valid",
    "void": "作废 void",
    "superseded": "已被替代 superseded",
    "altered": "已改动 altered",
    "unknown": "查无此件 unknown",
    "extract": "管理证摘录 extract of a certificate",
}


ALONE = (
    "只证明包内自洽；请与移交清单所载封包摘要核对 · "
    "proves the package against itself alone: compare the digest with the one handed over"
)
"""Whoever has this program can make a whole package anew."""


@app.command()
def verify(
    path: Annotated[
        Path | None,
        typer.Argument(
            help="档案包目录、登记数据库文件或公文；不写则核验本系统 · a package, a register file, a document"
        ),
    ] = None,
    anchor: Annotated[
        Path | None,
        typer.Option(help="另处保存的存证文件，或早先的档案包 · an anchor kept elsewhere, or an earlier package"),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(help="公文与之核对的数据库副本或档案包 · a copy or package to compare a document with"),
    ] = None,
    older: Annotated[
        bool, typer.Option("--older", help="档案包确由旧版制成，旧版所缺只作提示 · an earlier version made the package")
    ] = False,
    digest: Annotated[
        str | None, typer.Option(help="制包时所示的封包摘要，应与之相符 · the digest that export showed")
    ] = None,
    as_json: Json = False,
) -> None:
    """核验台账链、余额、归档文件、日志，或给定的档案包、数据库、公文；有差异时状态为 1 · Verify all, or one."""
    for given in (path, anchor, against):
        if given is not None and not given.exists():
            raise StartFault(f"没有 {given} · no such file or folder")
    if (older or digest) and (path is None or not path.is_dir()):
        raise StartFault("--older、--digest 只用于档案包 · are for a package")
    if against is not None and (path is None or path.is_dir()):
        raise StartFault("--against 只用于核验一份公文 · is for one document")
    kept = anchor_of(anchor) if anchor else None
    if path is not None and path.is_dir():
        _verify_package(path, kept, older, digest, as_json)
        return
    if path is not None:
        _verify_path(path, kept, against, as_json)
        return
    with assembled(settings_here()) as parts:
        found = verify_all(parts, kept)
    if as_json:
        print_json(found.model_dump(mode="json") | {"intact": not found.faults and found.difference == 0})
    else:
        _show_verification(found)
    if found.faults or found.difference:
        finding()


def _verify_package(path: Path, kept: Anchor | None, older: bool, digest: str | None, as_json: bool) -> None:
    """A package needs no installation: nothing of this one is opened for it."""
    report = verify_package(path, kept, older=older)
    if digest is None and kept is None:
        report = report.model_copy(update={"notes": [ALONE, *report.notes]})
    if digest is not None and report.manifest != digest.strip().lower():
        what = "与所给的封包摘要不符 · is not the package of this digest"
        fault = PackageFault(check="authenticity", where="manifest-sha256.txt", what=what)
        report = report.model_copy(update={"faults": [*report.faults, fault]})
    _told_package(report, as_json)
    if not report.intact:
        finding()


def _verify_path(path: Path, kept: Anchor | None, against: Path | None, as_json: bool) -> None:
    """A copy of a register needs no installation: nothing of this one is opened for it."""
    if is_register(path):
        found = verify_register(path, kept)
        if as_json:
            print_json(found.model_dump(mode="json") | {"intact": not found.faults and found.difference == 0})
        else:
            _show_verification(found)
        intact = not found.faults and found.difference == 0
    else:
        intact = _verify_document(path, against, as_json)
    if not intact:
        finding()


def _verify_document(path: Path, against: Path | None, as_json: bool) -> bool:
    if against is not None:
        checked = verify_against(path, against)
    else:
        settings = settings_here()
        if not settings.keyring_file.exists():
            raise StartFault("此处没有登记；请用 --against 指明档案包或数据库副本 · no register here: use --against")
        with assembled(settings) as parts:
            checked = verify_document(parts, path)
    if as_json:
        print_json(checked.model_dump(mode="json") | {"intact": checked.holds})
        return checked.holds
    form = f"（{checked.rendition.label} {checked.rendition.gloss}）" if checked.rendition else ""
    say(f"{CHECKED[checked.status]}：{checked.number or path.name} {checked.title or ''}{form}")
    for line in document_told(checked):
        say(line)
    return checked.holds


def _told_package(report: PackageReport, as_json: bool) -> None:
    if as_json:
        print_json(report.model_dump(mode="json") | {"intact": report.intact})
        return
    table = Table(title=f"档案包 {report.package_id} · four checks", title_justify="left")
    for heading in ("检测 check", "项数 examined", "结果 result"):
        table.add_column(heading)
    for check, label in CHECKS.items():
        faults = report.of(check)
        table.add_row(label, str(report.examined.get(check, 0)), f"✗ {len(faults)}" if faults else "✓ 无误 intact")
    console.print(table)
    if report.manifest:
        say(f"封包摘要 · digest of the bag (SHA-256): {report.manifest}")
    for note in report.notes[:SHOWN_FAULTS]:
        say(f"提示 · note: {note}")
    for fault in report.faults[:SHOWN_FAULTS]:
        errors.print(f"[red]✗[/] {CHECKS[fault.check]} {escape(fault.where)}：{escape(fault.what)}", soft_wrap=True)


def _show_verification(found: Verification) -> None:
    say(
        f"链 {found.holders} 条、台账 {found.rows} 行、账户 {found.accounts} 个、文件 {found.records} 份、"
        f"存证日志 {found.log_size} 叶，差异 {found.difference} · chains, rows, accounts, records, log, difference"
    )
    if found.disposed:
        say(f"其中 {found.disposed} 份已按销毁清册销毁 · of these, destroyed when their retention period had ended")
    for fault in found.faults[:SHOWN_FAULTS]:
        errors.print(f"[red]✗[/] {escape(fault.where)}：{escape(fault.what)}", soft_wrap=True)
    if not found.faults and not found.difference:
        say("核验无误 · intact")


@app.command()
def export(
    target: Annotated[Path, typer.Argument(help="新的 .xlsx 文件或目录 · a new .xlsx file or folder")],
    year: Annotated[int | None, typer.Option(help="该年度的档案包（目录） · the archive package of a year")] = None,
    case: Annotated[str | None, typer.Option(help="一件已办结事项的档案包 · the package of a case, by number")] = None,
    pdf: Annotated[bool, typer.Option("--pdf", help="档案包另附 PDF/A（需 LibreOffice） · with PDF/A beside")] = False,
    as_json: Json = False,
) -> None:
    """导出机构、编制职数、人员（证件号码隐去）和流水；或档案包 · Export the register, or an archive package."""
    if year is not None and case is not None:
        raise StartFault("--year 与 --case 只能用一个 · use either --year or --case")
    if year is not None or case is not None:
        _write_package(target, Wanted(year=year, case_no=case, pdf=pdf), as_json)
        return
    if pdf:
        raise StartFault("--pdf 只用于档案包（--year 或 --case） · --pdf goes with --year or --case")
    with assembled(settings_here()) as parts, progress_bar(errors) as progress:
        noted(parts.database, Act.EXPORT, target.name)
        counts = export_register(parts.database, target, progress)
    if as_json:
        print_json({"target": str(target), "rows": counts})
    else:
        say(f"已导出 · exported: {target}（" + "、".join(f"{name} {n}" for name, n in counts.items()) + "）")


def _write_package(target: Path, wanted: Wanted, as_json: bool) -> None:
    with assembled(settings_here()) as parts, progress_bar(errors) as progress:
        report = write_archive(parts, target, wanted, progress)
        noted(
            parts.database, Act.EXPORT, wanted.case_no or str(wanted.year), f"档案包 {report.manifest or target.name}"
        )
    _told_package(report, as_json)
    if not as_json:
        say(f"已写入 · written: {target}；浏览 {target / 'data' / 'index.html'}")
    if not report.intact:
        finding()


@app.command()
def sign(
    numbers: Annotated[list[str], typer.Argument(help="文号，可多个 · numbers as printed", default_factory=list)],
    everything: Annotated[bool, typer.Option("--all", help="全部尚无签章件的有效文件 · all that have none")] = False,
    year: Annotated[int | None, typer.Option(help="与 --all 同用：只限该年度编号 · with --all: of that year")] = None,
    again: Annotated[bool, typer.Option("--again", help="已有签章件的也再签一份 · sign once more")] = False,
    as_json: Json = False,
) -> None:
    """把归档文件送本单位的签章服务，签章件与原件并存 · Have filed documents signed; originals stay as they are."""
    if bool(numbers) == everything or (year is not None and not everything) or (again and everything):
        raise StartFault("请写明文号，或用 --all（可加 --year） · name numbers, or --all with or without --year")
    with assembled(settings_here()) as parts, progress_bar(errors) as progress:
        done = told_of(sign_records(parts, Chosen(tuple(numbers), year, again), progress))
    for number, why in done["failed"].items():
        errors.print(f"[red]✗[/] {escape(number)}：{escape(why)}", soft_wrap=True)
    if as_json:
        print_json(done)
    else:
        say(f"已签章 {len(done['signed'])} 件，未成 {len(done['failed'])} 件 · signed, failed")
    if done["failed"]:
        finding()


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
    with assembled(settings_here()) as parts:
        found = write_certificate(parts, unit, as_of.date() if as_of else None, out)
    if as_json:
        print_json({"target": str(out), **found.model_dump(mode="json")})
        return
    say(f"已写出 {found.unit.name} 截至 {found.as_of} 的摘录：{out} · written")
    say(
        f"台账链第 {found.chain_seq} 行，链尾摘要 {found.chain_head}；"
        f"人员登记 {len(found.persons)} 条、编号页 {len(found.pages)} 张 · chain row and head; entries, numbered pages"
    )
