"""The embedded server: durable and tuned, on loopback, watched, and never left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.children import Child
from runtime.client import Temporal
from runtime.embedded import DYNAMIC_CONFIG, DataFolderLock, EmbeddedTemporal, server_arguments
from runtime.faults import StartFault
from runtime.keyring import load_keyring
from runtime.ports import check_port, free_port, holder_of
from runtime.settings import Settings, load_settings
from workflows.attributes import TYPES

ROOT = Path(__file__).resolve().parents[2]


def settings_in(folder: Path) -> Settings:
    return load_settings(data_dir=folder, temporal_port=free_port(), ui_port=free_port(), api_port=free_port())


def until(ready: Callable[[], bool], seconds: float = 20.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.02)


def quiet(_: str) -> None:
    return None


def test_the_command_line_has_the_pragmas_the_tuning_and_the_attributes(tmp_path: Path) -> None:
    line = server_arguments(settings_in(tmp_path))
    assert line[line.index("--ip") + 1] == "127.0.0.1"
    assert {"journal_mode=wal", "synchronous=full"} <= set(line)
    assert len(DYNAMIC_CONFIG) == 6
    assert set(DYNAMIC_CONFIG) <= set(line)
    assert {f"{name}={kind}" for name, kind in TYPES.items()} <= set(line)
    assert line[line.index("--ui-codec-endpoint") + 1].endswith("/api/v1/codec")


@pytest.mark.e2e
def test_it_starts_stops_and_goes_on_with_the_same_file(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    for _ in range(2):
        temporal = EmbeddedTemporal(settings)
        temporal.start()
        try:
            assert temporal.child.running
        finally:
            temporal.stop()
        assert not temporal.child.running
    assert settings.temporal_database.exists()


@pytest.mark.e2e
def test_a_killed_server_is_started_again(server: Settings, tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    temporal = EmbeddedTemporal(settings)
    temporal.start()
    said: list[str] = []
    try:
        assert temporal.child.process is not None
        temporal.child.process.kill()
        temporal.child.process.wait()
        until(lambda: temporal.watch(said.append))
        temporal.wait_ready()
        assert any("Temporal" in line and "temporal.log" in line for line in said)
    finally:
        temporal.stop()


@pytest.mark.e2e
async def test_a_client_finds_the_server_again_after_it_was_away(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    embedded = EmbeddedTemporal(settings)
    temporal = Temporal(settings, load_keyring(settings.keyring_file))
    try:
        assert not await temporal.healthy()
        await asyncio.to_thread(embedded.start)
        assert await temporal.healthy()
        await asyncio.to_thread(embedded.stop)
        assert not await temporal.healthy()
        await asyncio.to_thread(embedded.start)
        assert await temporal.healthy()
    finally:
        embedded.stop()


def test_a_port_in_use_is_named_with_its_setting_and_its_holder(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        settings = load_settings(data_dir=tmp_path, temporal_port=port, ui_port=free_port())
        with pytest.raises(StartFault) as fault:
            EmbeddedTemporal(settings).start()
        text = str(fault.value)
        assert str(port) in text
        assert "DINGBIAN_TEMPORAL_PORT" in text
        if sys.platform == "linux":
            assert f"pid {os.getpid()}" in text
    check_port("127.0.0.1", port, "DINGBIAN_TEMPORAL_PORT", "Temporal")
    assert holder_of(port) is None


def test_a_free_port_is_given_once_and_never_by_the_system_itself() -> None:
    given = [free_port() for _ in range(20)]
    assert len(set(given)) == 20
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        assert max(given) < other.getsockname()[1]


def test_a_data_folder_is_used_by_one_start_at_a_time(tmp_path: Path) -> None:
    with (
        DataFolderLock(tmp_path),
        pytest.raises(StartFault, match="DINGBIAN_DATA_DIR") as fault,
        DataFolderLock(tmp_path),
    ):
        pass
    assert str(os.getpid()) in str(fault.value)
    with DataFolderLock(tmp_path):
        pass  # free again


def test_the_lock_ends_with_the_process_that_held_it(tmp_path: Path) -> None:
    hold = "import sys; from pathlib import Path; from runtime.embedded import DataFolderLock\n"
    hold += "with DataFolderLock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    holder = subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StartFault), DataFolderLock(tmp_path):
            pass
    finally:
        holder.kill()
        holder.wait()
    with DataFolderLock(tmp_path):
        pass


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's parent-death signal is Linux's")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    start = "import sys; from pathlib import Path; from runtime.children import Child\n"
    start += "child = Child('c', ['sleep', '600'], Path(sys.argv[1])); child.start()\n"
    start += "print(child.process.pid, flush=True); sys.stdin.read()"
    parent = subprocess.Popen(
        [sys.executable, "-c", start, str(tmp_path / "c.log")], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert alive(child)
    finally:
        parent.kill()
        parent.wait()
    until(lambda: not alive(child))


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_a_child_that_ends_is_restarted_after_a_growing_pause(tmp_path: Path) -> None:
    child = Child("short", ["false"], tmp_path / "short.log")
    child.start()
    pauses: list[float] = []
    try:
        for _ in range(2):
            until(lambda: not child.running)
            until(lambda: child.watch(quiet))
            pauses.append(child.pause)
    finally:
        child.stop()
    assert pauses == [0.5, 1.0]


def test_a_child_that_needs_the_operator_is_not_restarted_and_its_log_is_shown(tmp_path: Path) -> None:
    child = Child("wrong", ["sh", "-c", "echo 设置有误; exit 2"], tmp_path / "wrong.log")
    child.start()
    until(lambda: not child.running)
    with pytest.raises(StartFault, match="设置有误"):
        child.watch(quiet)


def test_a_child_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "deaf.log"
    child = Child("deaf", ["sh", "-c", "trap '' TERM; echo deaf; while :; do sleep 1; done"], log, stop_seconds=0.2)
    child.start()
    until(lambda: "deaf" in child.log_tail())
    child.stop()
    assert child.status == -signal.SIGKILL
