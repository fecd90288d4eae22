"""Makes a NEW template: `python -m doc_templates.layout NAME [--force]`.

The committed .docx files are the truth; an existing one is not written over without --force, because that
throws away what officials changed in it.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from models.enums import DocumentKind
from records.picture import QrPainter

from . import booklet, casefile, disposal, letters, official, sheets, supervision_letters, vouchers
from .kit import Sheet, package

FOLDER = Path(__file__).parent
PLACEHOLDER = "https://dingbian.example/verify/0000-0000-0000-0000"

SHEETS: dict[DocumentKind, Callable[[], Sheet]] = {
    DocumentKind.VERIFICATION_SLIP: vouchers.verification_slip,
    DocumentKind.ENTRY_NOTICE: vouchers.entry_notice,
    DocumentKind.EXIT_NOTICE: vouchers.exit_notice,
    DocumentKind.ACCEPTANCE_NOTICE: letters.acceptance_notice,
    DocumentKind.CORRECTION_NOTICE: letters.correction_notice,
    DocumentKind.REFUSAL_NOTICE: letters.refusal_notice,
    DocumentKind.REVOCATION_NOTICE: letters.revocation_notice,
    DocumentKind.CERTIFICATE: vouchers.certificate,
    DocumentKind.CERTIFICATE_BOOKLET: booklet.certificate_booklet,
    DocumentKind.CHANGE_REPLY: official.change_reply,
    DocumentKind.EVALUATION_SHEET: sheets.evaluation_sheet,
    DocumentKind.RECTIFICATION_NOTICE: supervision_letters.rectification_notice,
    DocumentKind.WARNING_LETTER: supervision_letters.warning_letter,
    DocumentKind.SUSPENSION_NOTICE: supervision_letters.suspension_notice,
    DocumentKind.RESUMPTION_NOTICE: supervision_letters.resumption_notice,
    DocumentKind.SITE_CHECK_RECORD: sheets.site_check_record,
    DocumentKind.EXCEPTIONAL_ACCEPTANCE: sheets.exceptional_acceptance,
    DocumentKind.PHONE_RECORD: sheets.phone_record,
    DocumentKind.INSPECTION_NOTICE: supervision_letters.inspection_notice,
    DocumentKind.INSPECTION_REPORT: official.inspection_report,
    DocumentKind.CASE_FILE: casefile.case_file,
    DocumentKind.DISPOSAL_LIST: disposal.disposal_list,
}


def write(kind: DocumentKind, folder: Path = FOLDER, force: bool = False) -> Path:
    """Write the template of `kind`. Raises FileExistsError when there is one and `force` is not set."""
    target = folder / f"{kind.value}.docx"
    if target.exists() and not force:
        raise FileExistsError(target)
    target.write_bytes(package(SHEETS[kind](), QrPainter().png(PLACEHOLDER)))
    return target


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m doc_templates.layout", description=__doc__)
    parser.add_argument("name", choices=[*(kind.value for kind in SHEETS), "all"])
    parser.add_argument("--force", action="store_true", help="覆盖已有模板 · write over an existing template")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    options = parser.parse_args(arguments)
    wanted = [kind for kind in SHEETS if options.name in (kind.value, "all")]
    code = 0
    for kind in wanted:
        try:
            sys.stdout.write(f"{write(kind, options.folder, options.force)}\n")
        except FileExistsError as error:
            sys.stderr.write(f"{error}: 已有模板，未覆盖（--force 覆盖） · exists, not overwritten\n")
            code = 1
    return code


if __name__ == "__main__":
    raise SystemExit(main())
