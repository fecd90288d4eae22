"""Which version a worker says it is, by settings."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.common import VersioningBehavior

from runtime.deployment import Deployment, worker_deployment
from runtime.faults import StartFault
from runtime.settings import load_settings


def test_without_a_version_nothing_is_said_of_deployments(tmp_path: Path) -> None:
    assert worker_deployment(load_settings(data_dir=tmp_path)) is None


@pytest.mark.parametrize(
    ("setting", "behaviour"),
    [("auto-upgrade", VersioningBehavior.AUTO_UPGRADE), ("pinned", VersioningBehavior.PINNED)],
)
def test_a_version_comes_with_its_deployment_and_what_becomes_of_open_cases(
    tmp_path: Path, setting: str, behaviour: VersioningBehavior
) -> None:
    named = {"worker_version": "0.4.0", "worker_deployment": "city", "worker_versioning": setting}
    made = worker_deployment(load_settings(data_dir=tmp_path, **named))
    assert made is not None
    assert (made.version.deployment_name, made.version.build_id) == ("city", "0.4.0")
    assert made.use_worker_versioning
    assert made.default_versioning_behavior is behaviour


@pytest.mark.parametrize(
    ("name", "value"),
    [("worker_version", "0 4"), ("worker_deployment", "a.b"), ("worker_deployment", ""), ("worker_versioning", "x")],
)
def test_a_name_that_temporal_would_refuse_is_refused_first(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(StartFault, match=f"DINGBIAN_{name.upper()}"):
        load_settings(data_dir=tmp_path, **{name: value})


def test_facts_name_what_takes_new_work() -> None:
    found = Deployment("dingbian", "1", None, 0.0, [])
    assert found.facts() == {
        "deployment": "dingbian", "current": "1", "ramping": None, "ramping_percent": 0.0, "versions": [],
    }  # fmt: skip
