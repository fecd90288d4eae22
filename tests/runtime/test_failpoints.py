"""Failpoints: off in every office, exact in a drill."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from models import failpoints
from models.failpoints import EXIT_STATUS, FailpointHit, arm, armed, failures, hit
from runtime.faults import StartFault
from runtime.settings import check_profile, load_settings

PLACE = "activity.committed"


@pytest.fixture(autouse=True)
def disarmed() -> Iterator[None]:
    yield
    arm("")


def _hits(key: str, times: int) -> list[bool]:
    out = []
    for _ in range(times):
        try:
            hit(PLACE, key)
        except FailpointHit:
            out.append(True)
        else:
            out.append(False)
    return out


def test_nothing_fails_that_is_not_armed() -> None:
    for place in failpoints.PLACES:
        hit(place)
    assert armed() == []


def test_the_first_hits_of_each_key_fail_and_no_later_ones() -> None:
    arm(f"{PLACE}=raise*2")
    assert _hits("a", 4) == [True, True, False, False]
    assert _hits("b", 3) == [True, True, False]
    assert failures(PLACE) == {"a": 2, "b": 2}
    assert failures("filing.stored") == {}
    hit("filing.stored", "a")


def test_chance_repeats_itself_by_its_seed() -> None:
    runs = []
    for seed in (1, 1, 2):
        arm(f"{PLACE}=raise%30", seed)
        runs.append(_hits("a", 200))
    assert runs[0] == runs[1] != runs[2]
    assert 30 < sum(runs[0]) < 95


def test_exit_ends_the_process_at_once() -> None:
    code = (
        "import atexit, sys; from models.failpoints import arm, hit; atexit.register(print, 'cleaned up', flush=True);"
        "arm('filing.stored=exit'); hit('filing.rendered'); print('before', flush=True); hit('filing.stored');"
        "print('after', flush=True)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (EXIT_STATUS, "before\n")


@pytest.mark.parametrize(
    "spec", ["nowhere=exit", f"{PLACE}=stop", PLACE, f"{PLACE}=exit*0", f"{PLACE}=exit%0", f"{PLACE}=exit%100"]
)
def test_a_wrong_spec_is_named(spec: str) -> None:
    with pytest.raises(ValueError, match="not a failpoint"):
        arm(spec)


def test_production_refuses_failpoints(tmp_path: Path) -> None:
    settings = load_settings(profile="production", data_dir=tmp_path, failpoints=f"{PLACE}=exit")
    with pytest.raises(StartFault, match="DINGBIAN_FAILPOINTS"):
        check_profile(settings)
