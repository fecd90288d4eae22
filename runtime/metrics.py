"""Metrics of a worker: Temporal's own (slots, pollers, latencies of activities) and ours, on one page.

Off unless `DINGBIAN_WORKER_METRICS` names an address. The page has no sign-in: it names nobody, and belongs behind the
firewall all the same.
"""

from __future__ import annotations

from collections.abc import Callable

from temporalio.runtime import PrometheusConfig, Runtime, TelemetryConfig

from .faults import StartFault
from .settings import Settings

_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0]
_BUCKETS = {"dingbian_ledger_seconds": _SECONDS, "dingbian_rendering_seconds": _SECONDS}


def worker_runtime(settings: Settings) -> Runtime | None:
    """The runtime that a worker's client is made with; None where nothing is to be measured. Raises StartFault."""
    if not settings.worker_metrics:
        return None
    config = PrometheusConfig(
        bind_address=settings.worker_metrics, durations_as_seconds=True, histogram_bucket_overrides=_BUCKETS
    )
    try:
        return Runtime(telemetry=TelemetryConfig(metrics=config))
    except (RuntimeError, ValueError) as error:
        raise StartFault(
            f"设置 DINGBIAN_WORKER_METRICS={settings.worker_metrics} 不能使用：应为 地址:端口，且端口空闲 · "
            f"should be HOST:PORT of a free port ({type(error).__name__})"
        ) from None


def observer(runtime: Runtime) -> Callable[[str, float], None]:
    """For `Database.observe`: seconds of writing transactions, `waiting` for their turn and `working`."""
    seconds = runtime.metric_meter.create_histogram_float(
        "dingbian_ledger_seconds", "写事务用时：等待与办理 · seconds of writing transactions, waiting and working"
    )

    def observe(phase: str, spent: float) -> None:
        seconds.record(spent, {"phase": phase})

    return observe


def rendering_observer(runtime: Runtime) -> Callable[[str, str, float], None]:
    """For `Renderer.observe`: seconds of rendering, by kind of document, `made` or `fault`."""
    seconds = runtime.metric_meter.create_histogram_float(
        "dingbian_rendering_seconds", "生成公文用时，按种类和结果 · seconds of rendering by kind and outcome"
    )

    def observe(kind: str, outcome: str, spent: float) -> None:
        seconds.record(spent, {"kind": kind, "outcome": outcome})

    return observe
