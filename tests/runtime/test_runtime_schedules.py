"""What `dingbian up` and `dingbian schedules` say about the schedules; the real ones are in tests/e2e."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from models.rulebook import MonitoringRules, Rulebook
from runtime.keyring import load_keyring
from runtime.ports import free_port
from runtime.schedules import Ensured, monitoring, told
from runtime.settings import load_settings
from runtime.up import scheduled


def test_an_office_whose_temporal_takes_no_schedule_still_starts_and_says_so(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path, temporal_port=free_port())
    load_keyring(settings.keyring_file, settings.cipher, settings.profile)
    assert scheduled(settings).startswith("定时任务未能建立（RuntimeError），请运行 dingbian schedules")


def test_a_schedule_is_told_with_its_next_run_in_beijing_time() -> None:
    at = datetime(2026, 6, 30, 18, 0, tzinfo=UTC)
    assert "下次运行 2026-07-01 02:00（北京时间）" in told(Ensured("x", "created", at, paused=False))
    assert "已暂停" in told(Ensured("x", "updated", None, paused=True))
    assert "没有下次运行" in told(Ensured("x", "unchanged", None, paused=False))


def test_the_scheduled_workflow_takes_no_input_because_none_could_be_sealed_for_it() -> None:
    schedule = monitoring(Rulebook(monitoring=MonitoringRules(hour=7)), "queue")
    assert list(schedule.action.args) == []  # type: ignore[union-attr]
    assert schedule.spec.time_zone_name == "Asia/Shanghai"
    assert [each.hour[0].start for each in schedule.spec.calendars] == [7]
