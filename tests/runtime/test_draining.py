"""A worker that was asked to stop leaves, whatever hangs: by itself, at the second signal, or when its time is over."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.children import Child
from runtime.draining import AT_ONCE_STATUS, DRAIN_LIMIT, LEAVE_LIMIT, stop_asked

HANGING = """
import asyncio, threading
from datetime import timedelta
from runtime.draining import stop_asked

async def main():
    with stop_asked(timedelta(seconds={limit})) as stop:
        print("ready", flush=True)
        await stop.wait()
        print("asked", flush=True)
        threading.Event().wait()  # the loop itself hangs, with all of its handlers

asyncio.run(main())
"""


def hanging(limit: float) -> subprocess.Popen[str]:
    root = Path(__file__).resolve().parents[2]
    program = [sys.executable, "-c", HANGING.format(limit=limit)]
    process = subprocess.Popen(program, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    process.send_signal(signal.SIGTERM)
    assert process.stdout.readline() == "asked\n"
    return process


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
def test_the_second_signal_ends_what_hangs(again: signal.Signals) -> None:
    process = hanging(limit=3600)
    process.send_signal(again)
    _out, said = process.communicate(timeout=30)
    assert (process.returncode, said) == (
        AT_ONCE_STATUS,
        f"worker ends at once ({again.name} again); what was in hand is tried again\n",
    )


def test_what_hangs_longer_than_the_limit_is_left() -> None:
    process = hanging(limit=0.1)
    _out, said = process.communicate(timeout=30)
    assert process.returncode == AT_ONCE_STATUS
    assert "not done after" in said


async def test_the_former_handlers_come_back() -> None:
    former = {each: signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)}
    with stop_asked() as stop:
        signal.raise_signal(signal.SIGTERM)
        await asyncio.wait_for(stop.wait(), 10)
    assert {each: signal.getsignal(each) for each in former} == former


def test_the_limits_fit_into_one_another() -> None:
    """An activity in hand, then the process, then `up`, which kills."""
    assert DRAIN_LIMIT < LEAVE_LIMIT
    assert LEAVE_LIMIT.total_seconds() < Child("worker", [], Path("log")).stop_seconds
