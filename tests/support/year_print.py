"""The folder of documents as it lies on a table: every file of a package in the order of its numbers, printed."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from records.preview import PreviewUnavailable, installed, to_pdfs

TOGETHER = 12
"""Documents that one start of LibreOffice converts."""

JOIN_LIMIT_S = 300

Progress = Callable[[str, int, int], None]


def documents_of(package: Path) -> list[tuple[str, Path]]:
    """(number and kind, file) of every document of a package, series after series in the order of its numbers."""
    with (package / "data" / "registers" / "records.jsonl").open(encoding="utf-8") as rows:
        records: list[dict[str, Any]] = [json.loads(row) for row in rows]
    filed = [record for record in records if record["file"]]
    filed.sort(key=lambda record: (record["series"], record["year"], record["seq"]))
    return [(Path(record["file"]).stem, package / "data" / record["file"]) for record in filed]


def print_folder(package: Path, target: Path, progress: Progress) -> Path:
    """PDF of every document and, with pdfunite, one of all; the files as they are where LibreOffice is not installed.
    Returns what to open."""
    documents = documents_of(package)
    target.mkdir(parents=True)
    if not installed():
        return _as_they_are(documents, target, "没有安装 LibreOffice，只给出 .docx · LibreOffice is not installed")
    made: list[Path] = []
    for start in range(0, len(documents), TOGETHER):
        batch = documents[start : start + TOGETHER]
        try:
            pdfs = to_pdfs([path.read_bytes() for _, path in batch])
        except PreviewUnavailable as fault:
            return _as_they_are(documents, target, str(fault))
        for (name, _), pdf in zip(batch, pdfs, strict=True):
            made.append(target / f"{len(made) + 1:03d} {name}.pdf")
            made[-1].write_bytes(pdf)
        progress("打印 · printing", len(made), len(documents))
    return _joined(made, target)


def _joined(made: list[Path], target: Path) -> Path:
    tool = shutil.which("pdfunite")
    if tool is None:
        sys.stderr.write("没有 pdfunite，各文件单独成册 · pdfunite is not installed: one PDF for each document\n")
        return target
    whole = target / "全年公文.pdf"
    subprocess.run([tool, *map(str, made), str(whole)], check=True, timeout=JOIN_LIMIT_S)
    return whole


def _as_they_are(documents: list[tuple[str, Path]], target: Path, why: str) -> Path:
    sys.stderr.write(why + "\n")
    for place, (name, path) in enumerate(documents, 1):
        shutil.copyfile(path, target / f"{place:03d} {name}.docx")
    return target
