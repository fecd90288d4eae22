"""Recorded histories of every procedure, of every release, replay in the sandbox: an incompatible change cannot ship,
and whoever tried is told which patch is missing (P20)."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.replay import changed
from tests.replay.explain import GUIDE, misfit
from tests.replay.record import FOLDER, known_to, record, recorded, version
from tests.support.office import EXAMINER, Office
from tests.support.temporal import court
from workflows.registry import WORKFLOWS

ROOT = Path(__file__).parents[2]
RELEASES = sorted(path.name for path in FOLDER.iterdir())
HISTORIES = [(release, path) for release in RELEASES for path in recorded(release).values()]
YEAR = datetime.now(UTC).year


def test_every_release_is_recorded_and_so_is_the_one_being_made() -> None:
    released = re.findall(r"^## ([0-9.]+)$", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(released) >= 3
    assert {*released, version()} <= set(RELEASES), "python -m tests.replay.record"


@pytest.mark.parametrize("release", RELEASES)
def test_every_story_of_a_release_is_recorded(release: str) -> None:
    assert recorded(release).keys() == known_to(release), "python -m tests.replay.record"


def test_every_workflow_has_a_story() -> None:
    kinds = {re.search(r'"workflowType":\s*\{\s*"name":\s*"(\w+)"', path.read_text())[1] for _, path in HISTORIES}  # type: ignore[index]
    assert kinds == {each.__temporal_workflow_definition.name for each in WORKFLOWS}  # type: ignore[attr-defined]


@pytest.mark.parametrize(("release", "path"), HISTORIES, ids=[f"{r}-{p.name.split('.')[0]}" for r, p in HISTORIES])
async def test_the_recorded_history_replays(release: str, path: Path) -> None:
    said = await misfit(release, path, WORKFLOWS)
    assert not said, said


@pytest.mark.parametrize(
    ("change", "story", "event", "had", "asks", "patch"),
    [
        (changed.LooksTwice, "new_staff", 5, "activity open_case", "activity ring", "ring"),
        (changed.Waits, "new_staff", 23, "activity note_unreadable", "nothing", "without-note-unreadable"),
        (changed.ShowsNothing, "new_staff", 17, "search attributes", "timer", "without-search-attributes"),
        (changed.EndsEarly, "returned_and_revoked", 31, "activity handle_command", "end", "without-handle-command"),
        (changed.NeverEnds, "silent_then_expired", 122, "end", "nothing", "without-end"),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
async def test_an_incompatible_change_is_told_with_its_place_and_the_missing_patch(
    change: type, story: str, event: int, had: str, asks: str, patch: str
) -> None:
    said = await misfit("0.1.0", recorded("0.1.0")[f"staffing_up_{story}"], [change])
    assert "StaffingUp no longer replays what 0.1.0 recorded" in said
    assert f"事件 event {event}：" in said
    assert f"the history has {had}, the code asks for {asks}" in said
    assert f'workflow.patched("staffing-up-{YEAR}-{patch}")' in said
    assert "Nondeterminism error" in said
    assert GUIDE in said


def test_the_guide_is_there_and_speaks_of_patches() -> None:
    assert "workflow.patched(" in (ROOT / GUIDE).read_text(encoding="utf-8")


async def test_code_that_fails_on_a_history_is_told_as_such() -> None:
    said = await misfit("0.1.0", recorded("0.1.0")["staffing_up_new_staff"], [changed.Stumbles])
    assert "the code fails on it: RuntimeError" in said


@pytest.mark.parametrize("story", sorted(recorded("0.1.0")))
async def test_a_change_behind_a_patch_replays_what_was_recorded_before_it(story: str) -> None:
    assert await misfit("0.1.0", recorded("0.1.0")[story], [changed.Guarded]) == ""


async def test_a_patch_that_is_taken_out_too_soon_is_named(tmp_path: Path) -> None:
    """What is recorded behind a patch replays with it, and not without."""
    async with court(Office(tmp_path), workflows=[changed.Guarded]) as at:
        case_id = await at.apply()
        await at.decide(case_id, "examine", EXAMINER, "reject", opinion="超出核定范围")
        await at.handle(case_id).result()
        history = await at.handle(case_id).fetch_history()
    path = tmp_path / f"guarded.{case_id}.json"
    path.write_text(history.to_json(), encoding="utf-8")
    assert await misfit("next", path, [changed.Guarded]) == ""
    said = await misfit("next", path, WORKFLOWS)
    assert f'put back: workflow.deprecate_patch("{changed.GUARD}")' in said
    assert "workflow.patched(" not in said


def test_a_former_release_is_recorded_by_its_own_code_alone(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="only its own code can record"):
        asyncio.run(record("0.0.9", tmp_path))
    assert list(tmp_path.iterdir()) == []
