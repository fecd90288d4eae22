"""What a document costs: many times less than plain docxtpl, time linear in its rows, memory bounded (documents.md 5).

Times are those of the processor and compared within one run; the factors are generous, the real ones are printed by
`make bench`.
"""

from __future__ import annotations

import gc
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest
import segno

from benchmarks.documents import TABLES, compare, memory, stretched, tables_of
from doc_templates.samples import sample
from models.documents import DocumentContext
from models.enums import DocumentKind
from records import picture, render, zipping
from records.picture import QrPainter
from records.render import FOLDER, Renderer
from records.store import FolderStore

REFUSAL = DocumentKind.REFUSAL_NOTICE
LEAST_RATIO = 15
"""Half of what is asked for (30) and about a third of what is measured."""

MOST_GROWTH = 2.0
"""Of the time per row from 1,000 to 10,000 rows; what is measured lies about 1, a quadratic step would show as 10."""


@pytest.mark.parametrize("kind", TABLES)
def test_a_document_of_twenty_rows_costs_many_times_less_than_with_plain_docxtpl(
    renderer: Renderer, kind: DocumentKind
) -> None:
    found = compare(renderer, kind, stretched(kind, 20, TABLES[kind]), 50)
    assert found["ratio"] >= LEAST_RATIO, found


@pytest.mark.parametrize("kind", TABLES)
def test_the_time_of_a_row_is_that_of_ten_times_as_many_rows(renderer: Renderer, kind: DocumentKind) -> None:
    few, many = (stretched(kind, rows, TABLES[kind]) for rows in (1_000, 10_000))
    renderer.render(kind, few)
    of_few = _seconds(lambda: renderer.render(kind, few), 15) / 1_000
    of_many = _seconds(lambda: renderer.render(kind, many), 3) / 10_000
    assert of_many < MOST_GROWTH * of_few


def test_values_inside_sentences_are_looked_for_in_linear_time(renderer: Renderer) -> None:
    """None of them is a text of its own, so that each is sought in the whole document."""
    few, many = (stretched(REFUSAL, rows, "faults") for rows in (500, 5_000))
    renderer.render(REFUSAL, few)
    of_few = _seconds(lambda: renderer.render(REFUSAL, few), 15) / 500
    of_many = _seconds(lambda: renderer.render(REFUSAL, many), 3) / 5_000
    assert of_many < MOST_GROWTH * of_few


@pytest.mark.parametrize("kind", TABLES)
def test_ten_thousand_rows_take_less_memory_than_the_document_unpacked(renderer: Renderer, kind: DocumentKind) -> None:
    peak, unpacked = memory(renderer, kind, stretched(kind, 10_000, TABLES[kind]))
    assert unpacked > 15_000_000
    assert peak < unpacked


def test_two_hundred_documents_leave_nothing_behind(renderer: Renderer) -> None:
    kinds = [*TABLES, REFUSAL, DocumentKind.ENTRY_NOTICE] * 60
    drafts = [(kind, _numbered(sample(kind), place)) for place, kind in enumerate(kinds)]

    def make(some: list[tuple[DocumentKind, DocumentContext]]) -> int:
        size = sum(len(renderer.render(kind, context)) for kind, context in some)
        gc.collect()
        return size

    make(drafts[:100])
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        written = make(drafts[100:])
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert written > 2_000_000
    assert grown < 200_000, grown


def test_a_template_is_compiled_once_and_its_fixed_members_are_never_packed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    compiled: list[bytes] = []
    packed: list[str] = []
    patched, add = render.patched, zipping.Packer.add

    def compiling(part: bytes) -> str:
        compiled.append(part)
        return patched(part)

    monkeypatch.setattr(render, "patched", compiling)
    render._compile.cache_clear()
    Renderer().render(REFUSAL, sample(REFUSAL))
    renderer = Renderer()  # another one of the same process
    renderer.render(REFUSAL, sample(REFUSAL))
    parts = len(compiled)
    assert parts == len(set(compiled)) > 0

    def counted(packer: zipping.Packer, data: bytes) -> None:
        packed.append(packer._name)
        add(packer, data)

    monkeypatch.setattr(zipping.Packer, "add", counted)
    for _ in range(3):
        renderer.render(REFUSAL, sample(REFUSAL))
    assert len(compiled) == parts
    assert "word/document.xml" in packed
    assert all(name.startswith(("word/document", "word/header", "word/footer")) for name in packed)


def test_templates_of_before_are_kept_in_bounds_and_still_make_their_documents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(render, "_MOST_KEPT", 2)
    folder, keep = tmp_path / "templates", FolderStore(tmp_path / "store")
    folder.mkdir()
    template = folder / f"{REFUSAL.value}.docx"
    renderer = Renderer(folder, keep=keep)
    made: dict[str, bytes] = {}
    for place in range(5):
        # what stands after the end of a zip changes its digest and nothing else
        template.write_bytes((FOLDER / template.name).read_bytes() + bytes(place))
        made[renderer.template_digest(REFUSAL)] = renderer.render(REFUSAL, sample(REFUSAL))
    assert len(made) == 5
    for known, expected in made.items():
        assert renderer.render(REFUSAL, sample(REFUSAL), known) == expected
    assert len(renderer._known) <= 2


def test_pictures_of_many_lengths_are_kept_in_bounds_and_stay_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(picture, "_MOST_DIFFERENCES", 40)
    painter = QrPainter()
    for length in (*range(20, 33), 20):
        text = f"https://a.cn/{length:x>{length - 13}}"
        assert len(text) == length
        drawn = segno.make_qr(text, error="M", mode="byte", mask=0, boost_error=False)
        assert painter.modules(text) == [bytes(row) for row in drawn.matrix]
    assert len(painter._forms) <= picture._MOST_FORMS
    assert max(len(form._differences) for form in painter._forms.values()) <= 40


def test_every_sample_with_a_table_can_be_stretched(renderer: Renderer) -> None:
    """The benchmark measures every template that has a table: none falls out unseen."""
    kinds = [kind for kind in DocumentKind if tables_of(sample(kind))]
    assert set(TABLES) <= set(kinds)
    for kind in kinds:
        assert renderer.render(kind, stretched(kind, 5)).startswith(b"PK")


def _seconds(make: Callable[[], bytes], times: int) -> float:
    found = []
    for _ in range(times):
        began = time.process_time()
        make()
        found.append(time.process_time() - began)
    return statistics.median(found)


def _numbered(context: DocumentContext, place: int) -> DocumentContext:
    code = f"{place:04d}-7K3M-9QXT-2H8B"
    seal = context.seal.model_copy(update={"code": code, "verify_url": f"https://dingbian.example.cn/verify/{code}"})
    return context.model_copy(update={"seal": seal, "case_no": f"用编2026-{place:05d}"})
