"""An office as separate processes: at work, backed up, lost, restored elsewhere, and at work again (P27)."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from models.enums import State, Step
from runtime.assembly import assembled
from runtime.ports import free_port
from runtime.settings import PREFIX, Settings, load_settings
from runtime.stack import Stack, variables
from runtime.verifying import verify_all
from tests.chaos.plant import FOREIGN, Plant, officer_for
from tests.support.office import application, person

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

ROOT = Path(__file__).resolve().parents[2]
WAIT_SECONDS = 90.0


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith(PREFIX)] + list(FOREIGN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TEMPORAL_CONFIG_FILE", str(tmp_path / "none.toml"))


class People:
    """Everybody over HTTP, at one address. Their tokens are rows of the register and go where it goes."""

    def __init__(self, settings: Settings, tokens: dict[str, str]) -> None:
        self._tokens = tokens
        self._http = httpx.AsyncClient(base_url=f"{settings.api_url}/api/v1", timeout=30, trust_env=False)

    async def apply(self, key: str) -> str:
        body = application(meeting=f"局党组会议{key}").model_dump(mode="json", exclude_none=True)
        return str((await self._post("/applications/staffing-up", "applicant", key, body))["case_id"])

    async def work(self, case_id: str, serial: int, until: State) -> dict[str, Any]:
        """Whoever is due decides, until the case stands there."""
        end = time.monotonic() + WAIT_SECONDS
        while True:
            answer = await self._http.get(f"/cases/{case_id}", headers=self._by("supervisor"))
            docket: dict[str, Any] = answer.json()
            if docket["state"] == until:
                return docket
            assert time.monotonic() < end, f"never {until}, still {docket['headline']}"
            for step in (each for each in docket["steps"] if each["state"] == "current"):
                body = _decision(step, serial)
                key = f"{serial}-{step['step']}-{step['round']}"
                by = officer_for(step["department"], step["roles"]).id
                await self._post(f"/cases/{case_id}/decisions", by, key, body)
            await asyncio.sleep(0.1)

    async def close(self) -> None:
        await self._http.aclose()

    async def _post(self, path: str, by: str, key: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = await self._http.post(path, json=body, headers=self._by(by) | {"Idempotency-Key": key})
        assert answer.is_success, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def _by(self, officer: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens[officer]}"}


def _decision(step: dict[str, Any], serial: int) -> dict[str, Any]:
    body: dict[str, Any] = {"step": step["step"], "round": step["round"], "subject": step["subject"]}
    match Step(step["step"]):
        case Step.APPROVE_PERSONS:
            named = [person(step["subject"], serial)]
            return body | {"verdict": "approve", "persons": named, "reference_no": f"示组任〔2026〕{serial}号"}
        case Step.FINANCE | Step.SOCIAL_INSURANCE:
            return body | {"verdict": "acknowledge"}
        case _:
            return body | {"verdict": "approve", "opinion": "同意"}


async def command(settings: Settings, *arguments: str) -> dict[str, Any]:
    """A `dingbian` command as a process of its own; what it prints as JSON."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "cli.py"),
        *arguments,
        "--json",
        cwd=ROOT,
        env=os.environ | variables(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, errors = await asyncio.wait_for(process.communicate(), WAIT_SECONDS)
    assert process.returncode == 0, said.decode() + errors.decode()
    found: dict[str, Any] = json.loads(said)
    return found


def test_an_office_is_restored_elsewhere_and_goes_on(tmp_path: Path) -> None:
    """Not async: the processes are started from the main thread, and waited for by an event loop of their own."""
    plant = Plant(tmp_path / "plant")
    backup, keys = tmp_path / "backup", tmp_path / "keys.json"
    try:
        plant.start()
        cases, made = asyncio.run(
            _backed_up_at_work(People(plant.settings, plant.tokens), plant.settings, backup, keys)
        )
    finally:
        plant.stop()
    assert made["temporal_at"] < made["taken_at"]

    ports = {"api_port": free_port(), "temporal_port": free_port(), "ui_port": free_port()}
    elsewhere = load_settings(data_dir=tmp_path / "elsewhere", demo_accounts=False, **ports)
    test = asyncio.run(command(elsewhere, "restore", str(backup), "--keys", str(keys)))
    assert test["passed"], test["faults"]
    stack = Stack(elsewhere, print)
    try:
        stack.start()
        compared = asyncio.run(_at_work_again(People(elsewhere, plant.tokens), elsewhere, cases))
    finally:
        stack.stop()
    assert (compared["engine"], compared["left"]) == (True, 0), compared
    with assembled(elsewhere) as parts:
        assert verify_all(parts).intact


async def _backed_up_at_work(
    people: People, settings: Settings, backup: Path, keys: Path
) -> tuple[list[str], dict[str, Any]]:
    """A case with its slip, and two that people work on while the backup is taken; the cases and the manifest."""
    issued = await people.apply("before")
    await people.work(issued, 1, State.SLIP_ISSUED)
    others = [await people.apply(f"during-{n}") for n in (2, 3)]
    load = asyncio.gather(*(people.work(each, n, State.CLOSED) for n, each in enumerate(others, start=2)))
    made = await command(settings, "backup", str(backup), "--with-keys", str(keys))
    await load
    await people.close()
    return [issued, *others], made


async def _at_work_again(people: People, settings: Settings, cases: list[str]) -> dict[str, Any]:
    """Every case goes on from wherever it was at the backup, and a new one begins; what a reconciliation says."""
    for serial, case_id in enumerate(cases, start=1):
        await people.work(case_id, serial, State.CLOSED)
    await people.work(await people.apply("after"), 4, State.CLOSED)
    await people.close()
    return await command(settings, "reconcile")
