"""What the last reconciliation found, for those who watch over the whole."""

from __future__ import annotations

from datetime import timedelta

from docket import reconciling
from models.reconciliation import Difference, DifferenceKind, Reconciled
from tests.api.conftest import NOW, Desk, problem


def _kept(desk: Desk, *found: Difference) -> Reconciled:
    counts = {kind: sum(each.kind is kind for each in found) for kind in {each.kind for each in found}}
    waiting = {kind: sum(each.kind is kind and not each.repair for each in found) for kind in counts}
    done = Reconciled(at=NOW, counts=counts, waiting=waiting, differences=list(found), looked_at={"cases": 3})
    with desk.database.write() as s:
        reconciling.keep(s, done)
    return done


GAP = Difference(kind=DifferenceKind.NUMBER_GAP, where="示编核〔2026〕2号")
REPAIRED = Difference(kind=DifferenceKind.UNJUDGED, where="用编2026-00001", repair="已安排重新送达 · again")


async def test_before_the_first_run_there_is_none(desk: Desk) -> None:
    problem(await desk.get("/ledger/reconciliation", by="supervisor"), 404, "not-found")
    assert (await desk.get("/health/ready")).json()["parts"]["reconciliation"]["well"] is True


async def test_the_last_run_is_told_as_it_was_kept(desk: Desk) -> None:
    _kept(desk)
    done = _kept(desk, GAP, REPAIRED)
    answer = await desk.get("/ledger/reconciliation", by="system_admin")
    assert answer.json() == done.model_dump(mode="json")


async def test_health_tells_how_many_wait_for_a_person(desk: Desk) -> None:
    _kept(desk, REPAIRED)
    assert (await desk.get("/health/ready")).json()["parts"]["reconciliation"]["well"] is True
    _kept(desk, GAP, REPAIRED)
    part = (await desk.get("/health/ready")).json()["parts"]["reconciliation"]
    assert (part["well"], "1 处差异" in part["says"]) == (False, True)


async def test_health_notices_that_reconciliations_have_stopped(desk: Desk) -> None:
    _kept(desk)
    desk.runtime.clock = lambda: NOW + timedelta(hours=27)
    part = (await desk.get("/health/ready")).json()["parts"]["reconciliation"]
    assert (part["well"], "已停止" in part["says"]) == (False, True)
