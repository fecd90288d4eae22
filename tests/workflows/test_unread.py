"""What cannot be read is not kept either: a stranger who sends an identity number to Temporal's port brings it into no
register, no log and no answer of ours (P16). What he wrote into Temporal himself stands there as he wrote it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.support.office import EXAMINER, identity_no
from tests.support.temporal import Court

NUMBER = identity_no(7)
SENT = [[NUMBER], [{"decision_id": NUMBER, "body": {"opinion": NUMBER}}], [NUMBER, NUMBER]]


async def test_what_a_malformed_signal_held_is_kept_nowhere(
    at_court: Court, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case_id = await at_court.apply()
    stranger = at_court.env.client.get_workflow_handle(case_id)
    for arguments in SENT:
        await at_court.handle(case_id).signal("decide", args=arguments)  # sealed, as a faulty program of ours would
        await stranger.signal("decide", args=arguments)
    at_court.office.accepted(await at_court.decide(case_id, "examine", EXAMINER))
    docket = at_court.office.docket(case_id)
    assert len(docket.traces) == 2 * len(SENT)
    assert NUMBER not in docket.model_dump_json()
    assert NUMBER not in caplog.text
    looked_at, held = _searched(tmp_path)
    assert looked_at
    assert held == []


def _searched(folder: Path) -> tuple[int, list[str]]:
    """How many files there are, and the names of those that hold the number."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return len(files), [path.name for path in files if NUMBER.encode() in path.read_bytes()]
