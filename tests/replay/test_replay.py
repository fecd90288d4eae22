"""Recorded histories of every procedure replay in the sandbox: an incompatible change cannot ship (P20)."""

from __future__ import annotations

from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from runtime.plugin import dingbian_plugin
from tests.replay.record import FOLDER, STORIES
from tests.support.office import keyring
from workflows.registry import WORKFLOWS

HISTORIES = sorted(FOLDER.glob("*.json"))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def test_every_story_is_recorded() -> None:
    assert {path.name.split(".")[0] for path in HISTORIES} == set(STORIES)


@pytest.mark.parametrize("path", HISTORIES, ids=[path.name.split(".")[0] for path in HISTORIES])
async def test_the_recorded_history_replays(path: Path) -> None:
    case_id = path.name.split(".")[1]
    history = WorkflowHistory.from_json(case_id, _text(path))
    replayer = Replayer(workflows=WORKFLOWS, namespace="default", plugins=[dingbian_plugin(keyring())])
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is None, (
        f"{result.replay_failure}\n工作流不再兼容已记录的历史：请用 workflow.patched(…) 保护这一改动 · "
        "the change needs a patch id (docs/how-to/change-a-workflow.md)"
    )


async def test_an_incompatible_change_is_noticed() -> None:
    """The test above can fail: a history with its first activity renamed does not replay."""
    path = HISTORIES[0]
    text = _text(path).replace('"open_case"', '"opened_case"')
    history = WorkflowHistory.from_json(path.name.split(".")[1], text)
    replayer = Replayer(workflows=WORKFLOWS, namespace="default", plugins=[dingbian_plugin(keyring())])
    result = await replayer.replay_workflow(history, raise_on_replay_failure=False)
    assert result.replay_failure is not None
