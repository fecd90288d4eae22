"""Health tells which part is not well, in words and without a path, an address or a figure of the machine."""

from __future__ import annotations

import shutil
from datetime import timedelta
from types import SimpleNamespace

import pytest

from api import vitals
from docket import reconciling
from ledger import log
from models.enums import Resource
from models.reconciliation import DifferenceKind, Reconciled
from tests.api.conftest import NOW, Desk
from tests.support.ledger import NOON, OTHER, seed_unit

PARTS = {"database", "worker", "reconciliation", "log", "clock", "temporal", "records", "disk"}


async def parts(desk: Desk) -> dict[str, dict[str, object]]:
    answer = await desk.get("/health/ready")
    assert answer.status_code == 200
    found: dict[str, dict[str, object]] = answer.json()["parts"]
    assert set(found) == PARTS
    return found


async def test_every_part_is_told_and_all_are_well(desk: Desk) -> None:
    assert {name for name, part in (await parts(desk)).items() if not part["well"]} == set()


async def test_a_full_disk_is_told_without_its_place(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=vitals.LEAST_FREE - 1))
    said = (await parts(desk))["disk"]
    assert said == {"well": False, "says": "磁盘将满，请清理或扩容 · the disk is nearly full"}


async def test_a_folder_that_is_gone_counts_as_full(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(_: object) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(shutil, "disk_usage", gone)
    assert (await parts(desk))["disk"]["well"] is False


@pytest.mark.parametrize(("apart", "well"), [(None, True), (5.0, True), (-5.1, False), (90.0, False)])
async def test_clocks_that_are_apart_are_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, apart: float | None, well: bool
) -> None:
    monkeypatch.setattr(vitals, "seconds_apart", lambda _: apart)
    assert (await parts(desk))["clock"]["well"] is well


async def test_a_log_that_is_behind_is_told_and_a_quiet_one_is_not(desk: Desk) -> None:
    """With nothing new the head of the log stays where it is: its age alone says nothing."""
    with desk.database.write() as s:
        seed_unit(s, OTHER, {Resource.WORKER: 1})
    desk.runtime.clock = lambda: NOON + timedelta(days=3)
    assert "存证日志没有按时追加" in str((await parts(desk))["log"]["says"])
    with desk.database.write() as s:
        log.append(s, NOON + timedelta(days=3))
    desk.runtime.clock = lambda: NOON + timedelta(days=30)
    assert (await parts(desk))["log"]["well"] is True


async def test_reconciliations_that_stopped_or_found_something_are_told(desk: Desk) -> None:
    with desk.database.write() as s:
        reconciling.keep(s, Reconciled(at=NOW, waiting={DifferenceKind.NUMBER_GAP: 2}))
    assert "2 处差异" in str((await parts(desk))["reconciliation"]["says"])
    desk.runtime.clock = lambda: NOW + vitals.STALE + timedelta(seconds=1)
    assert "核对已停止" in str((await parts(desk))["reconciliation"]["says"])
