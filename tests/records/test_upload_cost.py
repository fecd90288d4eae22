"""A hostile file for `POST /verify` costs little, so it needs no child of its own (P23; docs/decisions/0055)."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from records.verify import MAX_UPLOAD

from .upload_cost import CORPUS

ROOT = Path(__file__).resolve().parents[2]
MOST_SECONDS, MOST_MEBIBYTES = 2.0, 100.0


@pytest.mark.parametrize("name", CORPUS)
def test_a_hostile_upload_is_read_in_bounded_time_and_memory(name: str) -> None:
    data = CORPUS[name]()
    assert len(data) <= MAX_UPLOAD
    command = [sys.executable, "-m", "tests.records.upload_cost"]
    done = subprocess.run(command, input=data, capture_output=True, cwd=ROOT, timeout=60, check=True)
    spent = json.loads(done.stdout)
    assert spent["seconds"] < MOST_SECONDS
    assert spent["mebibytes"] < MOST_MEBIBYTES
