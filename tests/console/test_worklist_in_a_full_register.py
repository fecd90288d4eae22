"""The register that the benchmarks fill is read like a real one, and a page costs the same few statements in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import event, text

from benchmarks.crowd import fill
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, EXAMINER, FINANCE, SUPERVISOR, Office

CASES, JOURNAL_ROWS = 240, 1_000


@pytest.fixture
def full(tmp_path: Path) -> tuple[Counter, dict[str, str]]:
    office = Office(tmp_path)
    known = fill(office, CASES, JOURNAL_ROWS)
    return Counter(tmp_path, office), known


async def test_every_list_is_a_page_of_fifty_with_counts(full: tuple[Counter, dict[str, str]]) -> None:
    counter, _known = full
    async with counter.browser(SUPERVISOR) as b:
        page = await b.get("/worklist?tab=all")
    assert page.text.count('class="worklist-matter"') == 50
    assert 'data-count="all">99+<' in page.text
    async with counter.browser(EXAMINER) as b:
        assert "超期" in text_of(await b.get("/worklist"))
    async with counter.browser(FINANCE) as b:
        assert "财政办理经费" in text_of(await b.get("/worklist"))


async def test_a_page_runs_few_statements(full: tuple[Counter, dict[str, str]]) -> None:
    counter, _known = full
    seen: list[str] = []

    def note(*arguments: object) -> None:
        seen.append(str(arguments[2]))

    for officer, path in ((EXAMINER, ""), (EXAMINER, "?tab=done"), (SUPERVISOR, "?tab=all"), (APPLICANT, "?q=1")):
        async with counter.browser(officer) as b:
            await b.get("/worklist")
            seen.clear()
            event.listen(counter.runtime.database.engine, "before_cursor_execute", note)
            await b.get(f"/worklist{path}")
            event.remove(counter.runtime.database.engine, "before_cursor_execute", note)
        assert len(seen) <= 10, (path, seen)


async def test_copied_cases_are_opened_like_real_ones(full: tuple[Counter, dict[str, str]]) -> None:
    counter, known = full
    for stage, case_id in known.items():
        docket = counter.office.docket(case_id)
        assert docket.rounds, stage
        assert docket.case_id == case_id
    with counter.runtime.database.read() as s:
        assert s.execute(text("SELECT count(*) FROM case_file")).scalar_one() >= CASES
        assert s.execute(text("SELECT count(*) FROM journal")).scalar_one() >= JOURNAL_ROWS
