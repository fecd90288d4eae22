"""Versions of the worker in Temporal (worker deployments): which one a worker is, and which one takes new work.

Off unless `DINGBIAN_WORKER_VERSION` is set: replayed histories and patches already keep a new worker compatible with
old cases (P20). With a version, a new worker waits until `dingbian deployment current` hands it the work, and the old
one can have it back at once (decision 0053).
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

from temporalio.api.enums.v1 import WorkerDeploymentVersionStatus
from temporalio.api.workflowservice.v1 import (
    DescribeWorkerDeploymentRequest,
    SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentRampingVersionRequest,
)
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import WorkerDeploymentConfig

from .client import ADMIN_SECONDS, bounded
from .faults import StartFault
from .settings import Settings

_BEHAVIOUR = {"pinned": VersioningBehavior.PINNED, "auto-upgrade": VersioningBehavior.AUTO_UPGRADE}
_UNMET = (RPCStatusCode.NOT_FOUND, RPCStatusCode.FAILED_PRECONDITION)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the worker; `status` is Temporal's word: inactive, current, ramping, draining, drained."""

    version: str
    status: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Deployment:
    """`current` takes new work, None while that is the workers without a version; `percent` of it goes to `ramping`."""

    name: str
    current: str | None
    ramping: str | None
    percent: float
    versions: list[Version]

    def facts(self) -> dict[str, Any]:
        versions = [
            {"version": each.version, "status": each.status, "since": each.since.isoformat()} for each in self.versions
        ]
        return {
            "deployment": self.name,
            "current": self.current,
            "ramping": self.ramping,
            "ramping_percent": self.percent,
            "versions": versions,
        }


def worker_deployment(settings: Settings) -> WorkerDeploymentConfig | None:
    """What a worker tells Temporal of itself; None when it has no version."""
    if not settings.worker_version:
        return None
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(settings.worker_deployment, settings.worker_version),
        use_worker_versioning=True,
        default_versioning_behavior=_BEHAVIOUR[settings.worker_versioning],
    )


async def described(client: Client, name: str) -> Deployment:
    """The deployment as Temporal has it. Raises StartFault when no worker with a version ever came, TemporalAway."""
    request = DescribeWorkerDeploymentRequest(namespace=client.namespace, deployment_name=name)
    info = (await _asked(client.workflow_service.describe_worker_deployment(request), name)).worker_deployment_info
    routing = info.routing_config
    return Deployment(
        name=name,
        current=routing.current_deployment_version.build_id or None,
        ramping=routing.ramping_deployment_version.build_id or None,
        percent=routing.ramping_version_percentage,
        versions=[
            Version(
                each.deployment_version.build_id,
                WorkerDeploymentVersionStatus.Name(each.status)
                .removeprefix("WORKER_DEPLOYMENT_VERSION_STATUS_")
                .lower(),
                each.create_time.ToDatetime(UTC),
            )
            for each in info.version_summaries
        ],
    )


async def make_current(client: Client, name: str, version: str | None) -> None:
    """New work goes to this version from now on; None: to workers without a version. Raises StartFault when no worker
    of the version polls, TemporalAway."""
    request = SetWorkerDeploymentCurrentVersionRequest(
        namespace=client.namespace, deployment_name=name, build_id=version or "", identity=client.identity
    )
    await _asked(client.workflow_service.set_worker_deployment_current_version(request), name, version)


async def ramp(client: Client, name: str, version: str | None, percent: float) -> None:
    """`percent` of new work goes to this version; None ends a ramp. Raises as `make_current`."""
    request = SetWorkerDeploymentRampingVersionRequest(
        namespace=client.namespace,
        deployment_name=name,
        build_id=version or "",
        percentage=percent,
        identity=client.identity,
    )
    await _asked(client.workflow_service.set_worker_deployment_ramping_version(request), name, version)


async def _asked(call: Awaitable[T], name: str, version: str | None = None) -> T:
    try:
        return await bounded(_unmet_named(call, name, version), ADMIN_SECONDS)
    except _Unmet as unmet:
        raise StartFault(str(unmet)) from None


class _Unmet(Exception):
    """Temporal answered that this cannot be done as things stand."""


async def _unmet_named(call: Awaitable[T], name: str, version: str | None) -> T:
    try:
        return await call
    except RPCError as error:
        if error.status not in _UNMET:
            raise
        who = f"{name} {version}" if version else name
        raise _Unmet(
            f"没有版本为 {who} 的工作进程在工作，或者有任务队列还没有这个版本（{error.status.name}）· "
            f"no worker of {who} is at work, or it does not poll every queue"
        ) from None
