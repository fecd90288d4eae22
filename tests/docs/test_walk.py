"""The tutorial runs as it stands, and the README shows what `dingbian demo` prints: on one system started for it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from runtime.first_start import prepare
from runtime.ports import free_port
from runtime.settings import load_settings
from runtime.stack import Stack
from tests.docs import pages
from tests.docs.pages import DOCS, READMES, ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("walk")]

TUTORIAL = DOCS / "tutorial" / "first-case.md"
SHOWN_API = "http://127.0.0.1:8400"
_DIGITS = re.compile(r"\d+")


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A running system in a folder of its own, its data in `var/`; the variables of a shell beside it."""
    folder = tmp_path_factory.mktemp("walk")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DINGBIAN_", "TEMPORAL_"))}
    ports = {f"DINGBIAN_{name}": str(free_port()) for name in ("API_PORT", "TEMPORAL_PORT", "UI_PORT")}
    own = ports | {"DINGBIAN_DATA_DIR": str(folder / "var")}
    env = kept | own | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept['PATH']}", "PWD": str(folder)}
    with pytest.MonkeyPatch.context() as patch:
        for name in set(os.environ) - set(kept):
            patch.delenv(name)
        for name, value in own.items():
            patch.setenv(name, value)
        settings = load_settings()
        prepare(settings)
        stack = Stack(settings, print)
        stack.start()
        try:
            yield env | {"API_ADDRESS": settings.api_url}
        finally:
            stack.stop()


def typed(env: dict[str, str]) -> list[tuple[str, str, str]]:
    """(what is typed, what it printed, what the page says) for every shown command, run in one shell."""
    blocks = pages.blocks(TUTORIAL)
    commands = [(text, blocks[at + 1]) for at, (kind, text) in enumerate(blocks[:-1]) if kind == "bash"]
    folder = Path(env["PWD"])
    script = ["set -euo pipefail"]
    for number, (text, _) in enumerate(commands):
        script += ["{", text.replace(SHOWN_API, env["API_ADDRESS"]), "} > " + f"{number}.out"]
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)], env=env, cwd=folder, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
    outputs = [(folder / f"{number}.out").read_text("utf-8") for number in range(len(commands))]
    return [
        (text, output, shown if kind in ("json", "text") else "")
        for (text, (kind, shown)), output in zip(commands, outputs, strict=True)
    ]


def alike(shown: Any, found: Any, path: str = "$") -> str | None:
    """Why `found` is not what the page shows: None when every shown part is there. Digits of texts may differ,
    because the day does; `…` stands for any text; a shown list may leave items out."""
    if isinstance(shown, dict) and isinstance(found, dict):
        faults = (alike(value, found.get(key), f"{path}.{key}") for key, value in shown.items())
        return next((fault for fault in faults if fault), None)
    if isinstance(shown, list) and isinstance(found, list):
        rest = iter(found)
        for place, item in enumerate(shown):
            if not any(alike(item, other) is None for other in rest):
                return f"{path}[{place}]: {item} is not in {found}"
        return None
    if isinstance(shown, str) and isinstance(found, str):
        pattern = re.escape(_DIGITS.sub("0", shown)).replace("…", ".*")
        return None if re.fullmatch(pattern, _DIGITS.sub("0", found)) else f"{path}: {shown!r} is {found!r}"
    return None if shown == found and type(shown) is type(found) else f"{path}: {shown!r} is {found!r}"


def last_json(output: str) -> Any:
    decoder, at, value = json.JSONDecoder(), 0, None
    while at < len(output.strip()):
        value, at = decoder.raw_decode(output, at)
    return value


def test_the_tutorial_runs_as_it_stands(office: dict[str, str]) -> None:
    walked = typed(office)
    assert len(walked) >= 15
    for text, output, shown in walked:
        if shown.lstrip().startswith("{"):
            fault = alike(json.loads(shown), last_json(output))
            assert fault is None, f"{text}\n{fault}"
        elif shown:
            assert shown.strip() in output, text


@pytest.fixture(scope="module")
def demonstration(office: dict[str, str]) -> str:
    """What `dingbian demo` prints; once, because it uses up vacancies."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), "demo"],
        env=office, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", READMES, ids=pages.name)
def test_the_readme_shows_what_the_demo_prints(page: Path, demonstration: str) -> None:
    [shown] = [text for kind, text in pages.blocks(page) if kind == "console" and "$ make demo" in text]
    printed = iter(demonstration.splitlines())
    for line in shown.splitlines()[1:]:
        if line.strip() != "…":
            assert any(alike(line.strip(), other.strip()) is None for other in printed), f"{line}\n{demonstration}"


def test_a_shown_answer_that_differs_is_noticed() -> None:
    """The comparison above can fail: another value, a missing key, another order."""
    assert alike({"a": [1, 3]}, {"a": [1, 2, 3], "b": 0}) is None
    assert alike({"a": "示编核〔2026〕1号"}, {"a": "示编核〔2031〕12号"}) is None
    assert alike({"a": "x…"}, {"a": "xyz"}) is None
    for shown in ({"a": 2}, {"b": 1}, {"a": True}, {"a": "1"}):
        assert alike(shown, {"a": 1}) is not None
    assert alike([3, 1], [1, 2, 3]) is not None
