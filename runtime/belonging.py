"""One namespace of Temporal, one register (P26): the namespace remembers whose cases it runs, in clear and outside any
workflow, so that a process that was started on another database is refused before it acts on a single case.
"""

from __future__ import annotations

import logging

from temporalio.api.namespace.v1 import UpdateNamespaceInfo
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest, UpdateNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from ledger.db import Database
from models.register import Meta

from .faults import StartFault

logger = logging.getLogger("dingbian.belonging")

KEY = "dingbian-ledger"
"""The entry in the namespace's own data; an operator sets it with `temporal operator namespace update --data`."""

_NOT_OURS_TO_WRITE = (RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNIMPLEMENTED)


def ledger_id_of(database: Database) -> str:
    """The random id that the register was given at its first migration."""
    with database.read() as s:
        row = s.get(Meta, "ledger_id")
    if row is None:
        raise StartFault("登记数据库没有编号，请先运行 dingbian migrate · the register has no id; run dingbian migrate")
    return row.value


async def owner(client: Client) -> str | None:
    """Whose cases the namespace runs; None for a new one. Raises RPCError."""
    told = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return dict(told.namespace_info.data).get(KEY)


async def claim(client: Client, ledger_id: str) -> None:
    """A worker of this register is about to work here: the namespace is new and becomes its own, or is its own.

    Raises StartFault when it is another's, RPCError when Temporal does not answer. A cluster whose namespaces only its
    operators may change is taken as it is, with a word on what they should type.
    """
    found = await owner(client)
    if found is None:
        found = await _written(client, ledger_id)
    if found != ledger_id:
        raise StartFault(
            f"Temporal 命名空间 {client.namespace} 属于另一登记数据库（{found[:8]}…，现为 {ledger_id[:8]}…），"
            "请核对 DINGBIAN_DATABASE_URL 与 TEMPORAL_ADDRESS；确系更换数据库的，见“使用外部 Temporal” · "
            "this namespace runs the cases of another register; check DINGBIAN_DATABASE_URL and TEMPORAL_ADDRESS"
        )


async def _written(client: Client, ledger_id: str) -> str:
    wanted = UpdateNamespaceInfo(data={KEY: ledger_id})
    try:
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, update_info=wanted)
        )
    except RPCError as error:
        if error.status not in _NOT_OURS_TO_WRITE:
            raise
        logger.warning(
            "namespace %s does not say whose it is and may not be changed from here; its operator should type: "
            "temporal operator namespace update --namespace %s --data %s=%s",
            client.namespace,
            client.namespace,
            KEY,
            ledger_id,
        )
        return ledger_id
    return await owner(client) or ledger_id  # of two that came at once, the later one stands
