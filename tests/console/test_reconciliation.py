"""核对: the page says in words what differs and what to do; closed to those who do not watch over the whole."""

from __future__ import annotations

import pytest

from activities.reconciliation import sweep
from docket import reconciling
from models.reconciliation import ADVICE, Difference, DifferenceKind, Reconciled
from tests.support.console import Counter, text_of
from tests.support.office import APPLICANT, EXAMINER, SUPERVISOR, Office


async def test_a_unit_does_not_see_it(counter: Counter) -> None:
    async with counter.browser(APPLICANT) as b:
        assert (await b.get("/reconciliation")).status_code == 403


async def test_before_the_first_run_the_page_says_how_to_get_one(counter: Counter) -> None:
    async with counter.browser(SUPERVISOR) as b:
        assert "dingbian reconcile" in text_of(await b.get("/reconciliation"))


async def test_after_a_clean_run_all_agree(counter: Counter, office: Office) -> None:
    await sweep(office.database, office.store, None, office.now)
    async with counter.browser(EXAMINER) as b:
        said = text_of(await b.get("/reconciliation"))
    assert "各处一致" in said
    assert "流程引擎没有应答" in said


@pytest.mark.parametrize("language", ["zh", "en"])
async def test_every_kind_of_difference_is_told_with_its_advice(
    counter: Counter, office: Office, language: str
) -> None:
    case_id = office.opened()
    found = [Difference(kind=kind, where=f"处所{n}", case_id=case_id) for n, kind in enumerate(DifferenceKind)]
    found[0] = found[0].model_copy(update={"repair": "已安排重新送达 · it is delivered again"})
    counts = dict.fromkeys(DifferenceKind, 1)
    done = Reconciled(at=office.now, counts=counts, waiting=counts, differences=found, looked_at={"cases": 1})
    with office.database.write() as s:
        reconciling.keep(s, done)
    async with counter.browser(SUPERVISOR, language=language) as b:
        page = await b.get("/reconciliation")
    said = text_of(page)
    at = 0 if language == "zh" else 1
    for n, kind in enumerate(DifferenceKind):
        assert f"处所{n}" in said
        assert (kind.label if language == "zh" else kind.gloss) in said
        assert n == 0 or ADVICE[kind].split(" · ")[at] in said
    assert f"/cases/{case_id}" in page.text
