"""What the API process measures of itself, and how the register's figures are written for Prometheus.

Labels are closed lists: operations of the API, states, steps, kinds. No case, no unit, no person ever stands in one.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Histogram, ProcessCollector, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds. An ordinary answer takes tens of milliseconds; a decision may watch for its receipt for two seconds."""

OTHER = "other"


@dataclass(frozen=True, slots=True)
class Gauge:
    """One figure of the register: its help text and its values by label; `label` empty for a bare number."""

    help: str
    label: str
    values: Mapping[str, float]


@dataclass(slots=True)
class Metrics:
    """One registry for each application: tests have many in one process."""

    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    requests: Histogram = field(init=False)
    ledger: Histogram = field(init=False)

    def __post_init__(self) -> None:
        ProcessCollector(registry=self.registry)
        self.requests = Histogram(
            "dingbian_request_seconds",
            "应答用时，按操作和状态码 · seconds to answer",
            ["operation", "status"],
            buckets=BUCKETS,
            registry=self.registry,
        )
        self.ledger = Histogram(
            "dingbian_ledger_seconds",
            "写事务用时：等待与办理 · seconds of writing transactions, waiting and working",
            ["phase"],
            buckets=BUCKETS,
            registry=self.registry,
        )

    def transaction(self, phase: str, seconds: float) -> None:
        """Told by the database: `waiting` for its turn, `working` until the commit."""
        self.ledger.labels(phase).observe(seconds)

    def page(self, gauges: Mapping[str, Gauge]) -> bytes:
        """Everything in the text format 0.0.4: the register's figures first, then those of this process."""
        figures = CollectorRegistry()
        figures.register(_Figures(gauges))
        return generate_latest(figures) + generate_latest(self.registry)


class _Figures:
    def __init__(self, gauges: Mapping[str, Gauge]) -> None:
        self._gauges = gauges

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, gauge in self._gauges.items():
            family = GaugeMetricFamily(f"dingbian_{name}", gauge.help, labels=[gauge.label] if gauge.label else [])
            for label, value in sorted(gauge.values.items()):
                family.add_metric([label] if gauge.label else [], value)
            yield family

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return ()


class Measured:
    """The outermost layer: how long every answer took, by the operation that gave it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app = app
        self.metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = ""
        begun = time.perf_counter()

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = str(message["status"])
                # At the first byte: a stream of events is open for hours and would say nothing until it ends.
                self.metrics.requests.labels(_operation(scope), status).observe(time.perf_counter() - begun)
            await send(message)

        await self.app(scope, receive, sending)


def _operation(scope: Scope) -> str:
    """The operation's id; pages of the console count together, as does whatever no route answers."""
    named = getattr(scope.get("route"), "operation_id", None)
    if isinstance(named, str):
        return named
    return "console" if str(scope["path"]).startswith("/console") else OTHER
