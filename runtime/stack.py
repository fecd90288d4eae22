"""Everything that runs, as watched child processes: Temporal (when embedded), the worker, the API."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from .children import Child
from .embedded import EmbeddedTemporal
from .faults import StartFault
from .ports import check_port
from .settings import PREFIX, Settings, uses_embedded_temporal

CLI = Path(__file__).resolve().parent.parent / "cli.py"
API_READY_SECONDS = 30.0
_PAUSE = 0.1

Say = Callable[[str], None]


class Stack:
    """Starts in the order of need and stops in the reverse one. Use it from the main thread (see `Child`)."""

    def __init__(self, settings: Settings, say: Say) -> None:
        self.settings = settings
        self._say = say
        self._temporal = EmbeddedTemporal(settings) if uses_embedded_temporal() else None
        self.worker = self._ours("worker", "工作进程")
        self.api = self._ours("api", "接口")

    @property
    def children(self) -> list[Child]:
        """In the order of starting."""
        return ([self._temporal.child] if self._temporal else []) + [self.worker, self.api]

    def check_ports(self) -> None:
        """Raises StartFault on the first port that somebody else uses."""
        check_port(self.settings.api_host, self.settings.api_port, "DINGBIAN_API_PORT", "API")
        if self._temporal is not None:
            self._temporal.check_ports()

    def start(self) -> None:
        """Returns when the API answers; on any fault everything started so far is stopped again."""
        self.check_ports()
        try:
            if self._temporal is not None:
                self._temporal.start()
            self.worker.start()
            self.api.start()
            self._wait_for_api()
        except BaseException:
            self.stop()
            raise

    def watch(self) -> None:
        """One look at every child; call it again and again. Raises StartFault when one needs the operator."""
        for child in self.children:
            child.watch(self._say)

    def stop(self) -> None:
        """The API first, so that nothing new is taken; Temporal last, so that the worker can finish."""
        for child in reversed(self.children):
            child.stop()

    def _ours(self, command: str, label: str) -> Child:
        return Child(
            name=f"{label} {command}",
            argv=[sys.executable, str(CLI), command],
            log=self.settings.logs_dir / f"{command}.log",
            env=variables(self.settings),
        )

    def _wait_for_api(self) -> None:
        deadline = time.monotonic() + API_READY_SECONDS
        while not api_answers(self.settings.api_url):
            for child in (self.worker, self.api):
                if not child.running:
                    raise StartFault(f"{child.name} 启动失败 · {child.name} failed to start:\n{child.log_tail()}")
            if time.monotonic() > deadline:
                raise StartFault(
                    f"接口在 {API_READY_SECONDS:.0f} 秒内没有就绪，日志：{self.api.log} · "
                    f"the API was not ready within {API_READY_SECONDS:.0f} s; log: {self.api.log}"
                )
            time.sleep(_PAUSE)


def variables(settings: Settings) -> dict[str, str]:
    """The settings as variables, so that a child works with exactly these, wherever they came from."""
    values = settings.model_dump(mode="json")
    return {PREFIX + name.upper(): str(value) for name, value in values.items()}


def api_answers(api_url: str) -> bool:
    """Whether a Dingbian API is alive at this address."""
    try:
        answer = httpx.get(f"{api_url}/api/v1/health/live", timeout=2.0, trust_env=False)
    except httpx.HTTPError:
        return False
    return answer.status_code == httpx.codes.OK
