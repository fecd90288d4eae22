"""Documents per second: compiled templates against plain docxtpl on the same template, context and digest.

`python -m benchmarks.documents` prints a table. Plain docxtpl is load,
render, save and digest, without a QR picture; ours draws the QR picture as well.
"""

from __future__ import annotations

import io
import statistics
import time
from collections.abc import Callable

from docxtpl import DocxTemplate
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from rich.console import Console
from rich.table import Table

from doc_templates.samples import sample
from models.documents import CertificateContext, DocumentContext
from models.enums import DocumentKind
from models.sealing import digest
from records.register import new_code
from records.render import FOLDER, Renderer, whole

CASES = (DocumentKind.VERIFICATION_SLIP, DocumentKind.ENTRY_NOTICE, DocumentKind.REFUSAL_NOTICE)
ROWS = (20, 1_000, 10_000)
WARM_UP = 20


def measure(n: int = 200) -> dict[str, object]:
    """Measure; `n` documents of ours per case, a tenth of that of plain docxtpl. Times in milliseconds."""
    renderer = Renderer()
    results: list[dict[str, object]] = []
    for kind in CASES:
        results.append(_compare(renderer, kind, sample(kind), f"{kind.value}", n))
    for rows in ROWS:
        count = max(3, n * 20 // rows)
        results.append(_compare(renderer, DocumentKind.CERTIFICATE, _long(rows), f"certificate, {rows} rows", count))
    per_row = [float(str(r["median_ms"])) / rows for r, rows in zip(results[-2:], ROWS[1:], strict=True)]
    return {"documents": n, "results": results, "growth_per_row_1000_to_10000": round(per_row[1] / per_row[0], 2)}


def _compare(renderer: Renderer, kind: DocumentKind, context: DocumentContext, name: str, n: int) -> dict[str, object]:
    # Every document has its own code: the QR picture is never the one before.
    contexts = [_with_code(context) for _ in range(n + WARM_UP)]
    ours = _times(lambda c: renderer.render(kind, c), contexts)[WARM_UP:]
    theirs = _times(lambda c: _plain(kind, c), contexts[: max(3, n // 10)])
    median, plain = statistics.median(ours), statistics.median(theirs)
    return {
        "document": name,
        "median_ms": round(median, 3),
        "p99_ms": round(sorted(ours)[int(len(ours) * 0.99)], 3),
        "per_s": round(1000 / median),
        "docxtpl_ms": round(plain, 2),
        "docxtpl_p99_ms": round(max(theirs), 2),
        "docxtpl_per_s": round(1000 / plain, 1),
        "ratio": round(plain / median, 1),
    }


def _times(make: Callable[[DocumentContext], bytes], contexts: list[DocumentContext]) -> list[float]:
    out = []
    for context in contexts:
        start = time.perf_counter()
        digest(make(context))
        out.append((time.perf_counter() - start) * 1000)
    return out


def _plain(kind: DocumentKind, context: DocumentContext) -> bytes:
    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    environment.filters |= {"lines": str.splitlines, "whole": whole}
    template = DocxTemplate(str(FOLDER / f"{kind.value}.docx"))
    template.render(context.model_dump(), jinja_env=environment, autoescape=True)
    out = io.BytesIO()
    template.save(out)
    return out.getvalue()


def _with_code(context: DocumentContext) -> DocumentContext:
    code = new_code()
    seal = context.seal.model_copy(update={"code": code, "verify_url": f"https://dingbian.example.cn/verify/{code}"})
    return context.model_copy(update={"seal": seal})


def _long(rows: int) -> CertificateContext:
    base = sample(DocumentKind.CERTIFICATE)
    assert isinstance(base, CertificateContext)
    changes = [base.changes[i % len(base.changes)].model_copy(update={"person_name": f"示例{i}"}) for i in range(rows)]
    return base.model_copy(update={"changes": changes})


def run(n: int = 200) -> dict[str, object]:
    """Print the table and give the figures back."""
    result = measure(n)
    table = Table(title="公文生成 · documents")
    heads = ("document", "median ms", "p99 ms", "docs/s", "docxtpl ms", "docxtpl p99", "docxtpl docs/s", "ratio")
    for place, head in enumerate(heads):
        table.add_column(head, justify="left" if place == 0 else "right")
    rows = result["results"]
    assert isinstance(rows, list)
    for row in rows:
        table.add_row(*[str(value) for value in row.values()])
    console = Console(width=120)
    console.print(table)
    console.print(f"1,000 → 10,000 rows: {result['growth_per_row_1000_to_10000']} × the time per row (1 is linear)")
    return result


if __name__ == "__main__":
    run()
