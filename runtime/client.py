"""The way to Temporal for everyone who is not a worker: connect, deliver a command.

The connection is made on first use and never at import; every call is bounded, because a lost server makes
a client wait 5 to 10 s whatever its RPC timeout says (reliability.md §1b).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import Any, Literal, TypeVar

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.runtime import Runtime
from temporalio.service import RPCError, RPCStatusCode

from docket.commands import WORKFLOW_TYPE
from models.decisions import Delivery, Signal, StartCase
from models.enums import CommandKind, Procedure, State
from models.faults import NotDone
from models.sealing import Keyring
from workflows import attributes

from .belonging import owner
from .plugin import dingbian_plugin
from .settings import Settings, connect_config
from .tracing import Tracing

TASK_QUEUE = "dingbian"
DELIVERY_SECONDS = 5.0  # longer only keeps the outbox waiting: the relay comes back
HEALTH_SECONDS = 2.0
ADMIN_SECONDS = 10.0
WORKFLOW_TASK_TIMEOUT = timedelta(seconds=10)  # a task lost with a killed worker is taken up again after this

_AWAY = (RuntimeError, OSError, asyncio.TimeoutError)
"""RuntimeError is what a lazy client raises while it has never been connected."""

_NO_ANSWER = (RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED)
"""Nobody took the call; CANCELLED is what the client core makes of its own timeout."""

_PROCEDURE_OF = {workflow_type: procedure for procedure, workflow_type in WORKFLOW_TYPE.items()}

_TYPE_NUMBERS: dict[str, IndexedValueType.ValueType] = {
    "Keyword": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    "KeywordList": IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST,
    "Datetime": IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
    "Bool": IndexedValueType.INDEXED_VALUE_TYPE_BOOL,
}

T = TypeVar("T")


class TemporalAway(NotDone):
    """Temporal cannot be reached or did not answer in time. The command stays in the outbox; nothing is lost."""


class TemporalRefused(TemporalAway):
    """Temporal is there and did not take this one call; it says nothing about the calls for other cases."""


async def connect(
    settings: Settings,
    keyring: Keyring,
    lazy: bool = False,
    runtime: Runtime | None = None,
    traced: Tracing | None = None,
) -> Client:
    """A client with codec and sandbox set; not lazy, it raises RuntimeError when the server does not answer."""
    config = connect_config(settings)
    plugins = [dingbian_plugin(keyring, config["namespace"])]
    interceptors = [traced.interceptor] if traced else []
    return await Client.connect(**config, lazy=lazy, plugins=plugins, runtime=runtime, interceptors=interceptors)


async def connected(
    settings: Settings, keyring: Keyring, runtime: Runtime | None = None, traced: Tracing | None = None
) -> Client:
    """A client that has reached the server, as a worker needs it; `runtime` is what it is measured with. Raises
    TemporalAway."""
    return await bounded(connect(settings, keyring, runtime=runtime, traced=traced), ADMIN_SECONDS)


class Temporal:
    """One lazy connection, shared by the API and the relay."""

    def __init__(
        self,
        settings: Settings,
        keyring: Keyring,
        task_queue: str = TASK_QUEUE,
        client: Client | None = None,
        ledger_id: str | None = None,
        traced: Tracing | None = None,
    ) -> None:
        """Nothing is delivered into a namespace that belongs to another register than `ledger_id`, if that is given."""
        self._settings = settings
        self._keyring = keyring
        self._task_queue = task_queue
        self._client = client
        self._traced = traced
        self._unchecked = ledger_id
        """The register that the namespace has not been compared with yet."""

    async def deliver(self, delivery: Delivery) -> Literal["delivered", "closed"]:
        """Brings one outbox row to its workflow; delivering it again changes nothing.

        "closed" when the case has already ended, so that nobody will judge the command. Raises TemporalAway
        on any trouble; whether the row arrived is then unknown, and it must be delivered again.
        """
        client = await self.client()
        await self._check_owner(client)
        if delivery.kind is CommandKind.START:
            return await bounded(self._start(client, delivery), DELIVERY_SECONDS)
        return await bounded(self._signal(client, delivery), DELIVERY_SECONDS)

    async def healthy(self) -> bool:
        """Whether the namespace answers within 2 s; never raises."""
        try:
            client = await self.client()
            request = DescribeNamespaceRequest(namespace=client.namespace)
            await bounded(client.workflow_service.describe_namespace(request), HEALTH_SECONDS)
        except TemporalAway:
            return False
        return True

    async def ensure_search_attributes(self) -> list[str]:
        """Registers the attributes that are missing and returns their names; without them no case can start."""
        client = await self.client()
        return await bounded(_add_missing_attributes(client), ADMIN_SECONDS)

    async def client(self) -> Client:
        """The client itself; made lazily, so this does not prove that a server is there."""
        if self._client is None:
            self._client = await connect(self._settings, self._keyring, lazy=True, traced=self._traced)
        return self._client

    async def _check_owner(self, client: Client) -> None:
        """Once: a namespace does not change hands while a process works (P26). A new one is the next worker's."""
        if self._unchecked is None:
            return
        found = await bounded(owner(client), DELIVERY_SECONDS)
        if found not in (None, self._unchecked):
            raise TemporalRefused(f"namespace {client.namespace} belongs to another register")
        if found is not None:
            self._unchecked = None

    async def _start(self, client: Client, delivery: Delivery) -> Literal["delivered", "closed"]:
        await self._begin(client, delivery)
        return "delivered"  # also when it ran and ended: the start arrived, only our note of it was lost

    async def _signal(self, client: Client, delivery: Delivery) -> Literal["delivered", "closed"]:
        message = Signal(decision_id=delivery.command_id, body=delivery.body)
        try:
            await client.get_workflow_handle(delivery.case_id).signal(delivery.kind.value, message)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            return await self._revive(client, delivery, message)
        return "delivered"

    async def _revive(self, client: Client, delivery: Delivery, message: Signal) -> Literal["delivered", "closed"]:
        """NOT_FOUND means ended, or unknown because Temporal was restored from an older copy. One call tells
        them apart: the id of a completed case is rejected, one that is unknown or was terminated is started anew
        and reads its desk from the register."""
        begun = await self._begin(client, delivery, start_signal=delivery.kind.value, start_signal_args=[message])
        return "delivered" if begun else "closed"

    async def _begin(self, client: Client, delivery: Delivery, **signal: Any) -> bool:
        """Starts the case or joins its running workflow; False when its workflow has completed.

        A workflow that was terminated, cancelled or timed out did not end its case: it may be started again.
        """
        try:
            await client.start_workflow(
                delivery.workflow_type,
                StartCase(case_id=delivery.case_id),
                id=delivery.case_id,
                task_queue=self._task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                task_timeout=WORKFLOW_TASK_TIMEOUT,
                static_summary=_summary(delivery),
                search_attributes=_attributes(delivery),
                **signal,
            )
        except WorkflowAlreadyStartedError:
            return False
        return True


async def bounded(call: Awaitable[T], seconds: float) -> T:
    """The answer of one call, or TemporalAway on any trouble and after so many seconds."""
    try:
        return await asyncio.wait_for(call, seconds)
    except RPCError as error:
        # The text of an RPC error may quote what was sent; its type and status may not.
        trouble = TemporalAway if error.status in _NO_ANSWER else TemporalRefused
        raise trouble(f"{type(error).__name__} {error.status.name}") from None
    except _AWAY as error:
        raise TemporalAway(type(error).__name__) from None


async def _add_missing_attributes(client: Client) -> list[str]:
    """Clusters that let only their operators look (PERMISSION_DENIED) are taken at their word."""
    try:
        listing = await client.operator_service.list_search_attributes(
            ListSearchAttributesRequest(namespace=client.namespace)
        )
    except RPCError as error:
        if error.status is RPCStatusCode.PERMISSION_DENIED:
            return []
        raise
    missing = [name for name in attributes.TYPES if name not in listing.custom_attributes]
    if missing:
        wanted = {name: _TYPE_NUMBERS[attributes.TYPES[name]] for name in missing}
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=wanted)
        )
    return missing


def _attributes(delivery: Delivery) -> TypedSearchAttributes:
    """What is known at once; the workflow sets the rest. Codes only: these are not sealed. What a case that is
    started again has come to, its own desk says."""
    pairs = [SearchAttributePair(attributes.PROCEDURE, _procedure(delivery).value)]
    if delivery.unit:
        pairs.append(SearchAttributePair(attributes.UNIT, delivery.unit))
    if delivery.kind is CommandKind.START:
        pairs.append(SearchAttributePair(attributes.STATE, State.SUBMITTED.value))
    return TypedSearchAttributes(pairs)


def _summary(delivery: Delivery) -> str:
    """One plain line for the Temporal UI: case number and title (sealed like every payload)."""
    parts = [delivery.case_no, delivery.title or _procedure(delivery).label]
    return " ".join(part for part in parts if part)[:200]


def _procedure(delivery: Delivery) -> Procedure:
    return _PROCEDURE_OF.get(delivery.workflow_type, Procedure.STAFFING_UP)
