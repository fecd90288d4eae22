"""One plugin configures client, worker and replayer alike, so that none of them can be set up differently."""

from __future__ import annotations

from temporalio.plugin import SimplePlugin
from temporalio.worker import WorkflowRunner
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions
from temporalio.workflow import SandboxImportNotificationPolicy

from models.sealing import Keyring

from .codec import data_converter


def sandboxed_runner() -> SandboxedWorkflowRunner:
    """The sandbox, with a forgotten pass-through import refused at worker start.

    Such an import costs 1,190 ms and 16 MB for every workflow run (anchors.md fact 1).
    """
    policy = (
        SandboxImportNotificationPolicy.RAISE_ON_UNINTENTIONAL_PASSTHROUGH
        | SandboxImportNotificationPolicy.WARN_ON_DYNAMIC_IMPORT
    )
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_import_notification_policy(policy))


def _runner(_existing: WorkflowRunner | None) -> WorkflowRunner:
    return sandboxed_runner()


def dingbian_plugin(keyring: Keyring, namespace: str = "default") -> SimplePlugin:
    """Data converter and sandbox for everything that talks to Temporal."""
    return SimplePlugin("dingbian", data_converter=data_converter(keyring, namespace), workflow_runner=_runner)
