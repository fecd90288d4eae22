"""Documents per second: compiled templates against plain docxtpl on the same template, context and digest.

`python -m benchmarks.documents` prints two tables: documents of 10 to 10,000 rows, and every template that has a table
with 20 rows in each of its tables. Plain docxtpl is load, render, save and digest, without a QR picture; ours checks
every value and draws the QR picture as well. Times are those of the processor, so documents per second and core.
"""

from __future__ import annotations

import io
import itertools
import math
import statistics
import time
import tracemalloc
import zipfile
from collections.abc import Callable, Sequence
from typing import Any

from docxtpl import DocxTemplate
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape
from rich.console import Console
from rich.table import Table

from doc_templates.samples import sample
from models.documents import DocumentContext
from models.enums import DocumentKind
from models.sealing import digest
from models.shape import Shape
from records.register import new_code
from records.render import FOLDER, Renderer
from records.texts import WHOLE_HYPHEN

ROWS = (10, 20, 100, 1_000, 10_000)
TABLES = {
    DocumentKind.VERIFICATION_SLIP: "slots",
    DocumentKind.CERTIFICATE: "changes",
    DocumentKind.CERTIFICATE_BOOKLET: "persons",
}
"""Documents measured at every number of rows, and the table that grows."""

WARM_UP = 20


def stretched(kind: DocumentKind, rows: int, only: str | None = None) -> DocumentContext:
    """The sample of a kind with so many rows in its tables (or in the one named), no two of them alike."""
    context = sample(kind)
    names = [only] if only is not None else tables_of(context)
    return context.model_copy(update={name: _rows(getattr(context, name), rows) for name in names})


def tables_of(context: DocumentContext) -> list[str]:
    """Fields of the sample that are tables: lists of shapes with something in them."""
    return [name for name, value in vars(context).items() if _is_table(value)]


def _is_table(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], Shape)


def _rows(some: Sequence[Shape], number: int) -> list[Shape]:
    first = next(iter(vars(some[0])))
    return [
        row.model_copy(update={first: f"{getattr(row, first)}{place}"})
        for place, row in enumerate(itertools.islice(itertools.cycle(some), number))
    ]


def measure(n: int = 200, rows: Sequence[int] = ROWS) -> dict[str, Any]:
    """Measure; `n` documents of ours per case, fewer of long ones and of plain docxtpl. Times in milliseconds."""
    renderer = Renderer()
    by_rows = []
    for kind, table in TABLES.items():
        for number in rows:
            count = max(5, min(n, n * 20 // number))
            found = compare(renderer, kind, stretched(kind, number, table), count)
            by_rows.append({"document": kind.value, "rows": number, **found})
    every = [
        {"document": kind.value, **compare(renderer, kind, stretched(kind, 20), n)}
        for kind in DocumentKind
        if tables_of(sample(kind))
    ]
    return {"documents": n, "by_rows": by_rows, "growth": growth(by_rows), "every_template": every}


def growth(by_rows: list[dict[str, Any]]) -> dict[str, float]:
    """Time per row at the most rows as a multiple of that a step before: 1 is linear."""
    found = {}
    for name, group in itertools.groupby(by_rows, key=lambda each: str(each["document"])):
        *_rest, less, most = [(each["median_ms"] / each["rows"]) for each in group]
        found[name] = round(most / less, 2)
    return found


def compare(renderer: Renderer, kind: DocumentKind, context: DocumentContext, n: int) -> dict[str, Any]:
    """Both on the same contexts by turns, so that a busy moment of the machine falls on both."""
    # Every document has its own code: the QR picture is never the one before.
    contexts = [_with_code(context) for _ in range(n)]
    for each in contexts[:WARM_UP]:
        renderer.render(kind, each)
    ours: list[float] = []
    theirs: list[float] = []
    pause = math.ceil(n / max(3, n // 10))
    for place, each in enumerate(contexts):
        ours.append(_time(lambda c: renderer.render(kind, c), each))
        if place % pause == 0:
            theirs.append(_time(lambda c: _plain(kind, c), each))
    median, plain = statistics.median(ours), statistics.median(theirs)
    peak, unpacked = memory(renderer, kind, context)
    return {
        "median_ms": round(median, 3),
        "p99_ms": round(sorted(ours)[int(len(ours) * 0.99)], 3),
        "per_s": round(1000 / median, 1),
        "docxtpl_ms": round(plain, 2),
        "docxtpl_p99_ms": round(max(theirs), 2),
        "docxtpl_per_s": round(1000 / plain, 2),
        "ratio": round(plain / median, 1),
        "peak_mb": round(peak / 1e6, 2),
        "unpacked_mb": round(unpacked / 1e6, 2),
    }


def _time(make: Callable[[DocumentContext], bytes], context: DocumentContext) -> float:
    """Milliseconds of the processor: neither of the two waits for anything, and others may be at work."""
    start = time.process_time()
    digest(make(context))
    return (time.process_time() - start) * 1000


def memory(renderer: Renderer, kind: DocumentKind, context: DocumentContext) -> tuple[int, int]:
    """(most bytes that one rendering held beyond its context, bytes of the document unpacked)."""
    tracemalloc.start()
    try:
        made = renderer.render(kind, context)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        return peak, sum(info.file_size for info in archive.infolist())


def _plain(kind: DocumentKind, context: DocumentContext) -> bytes:
    template = DocxTemplate(str(FOLDER / f"{kind.value}.docx"))
    template.render(context.model_dump(), jinja_env=_ENVIRONMENT, autoescape=True)
    out = io.BytesIO()
    template.save(out)
    return out.getvalue()


def _environment() -> ImmutableSandboxedEnvironment:
    made = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    hyphen = WHOLE_HYPHEN.decode()
    made.filters["lines"] = str.splitlines
    made.filters["whole"] = lambda text: Markup(str(escape(text)).replace("-", hyphen))  # noqa: S704 - escaped here
    return made


_ENVIRONMENT = _environment()


def _with_code(context: DocumentContext) -> DocumentContext:
    code = new_code()
    seal = context.seal.model_copy(update={"code": code, "verify_url": f"https://dingbian.example.cn/verify/{code}"})
    return context.model_copy(update={"seal": seal})


def run(n: int = 200) -> dict[str, Any]:
    """Print the tables and give the figures back."""
    result = measure(n)
    console = Console(width=130)
    console.print(_table("公文生成，按行数 · documents by rows", result["by_rows"]))
    for name, found in result["growth"].items():
        console.print(f"{name}: {ROWS[-2]:,} → {ROWS[-1]:,} rows: {found} × the time per row (1 is linear)")
    console.print(
        _table("每种有表格的模板，每张表 20 行 · every template, 20 rows in each table", result["every_template"])
    )
    return result


def _table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=title)
    heads = {
        "document": "document",
        "rows": "rows",
        "median_ms": "ms",
        "p99_ms": "p99",
        "per_s": "docs/s",
        "docxtpl_ms": "docxtpl ms",
        "docxtpl_per_s": "docs/s",
        "ratio": "ratio",
        "peak_mb": "peak MB",
        "unpacked_mb": "unpacked MB",
    }
    shown = [name for name in heads if name in rows[0]]
    for name in shown:
        table.add_column(heads[name], justify="left" if name == "document" else "right")
    for row in rows:
        table.add_row(*[f"{row[name]:,}" if name != "document" else str(row[name]) for name in shown])
    return table


if __name__ == "__main__":
    run()
