"""The commands as an operator types them: real processes, real ports, exit statuses."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

import cli
from models.phrasing import heading
from runtime.ports import free_port
from runtime.stack import api_answers
from runtime.up import stop_asked

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = [
    "up",
    "worker",
    "api",
    "demo",
    "import",
    "token",
    "verify",
    "export",
    "migrate",
    "anchor",
    "schedules",
    "reconcile",
    "sign",
    "backup",
    "restore",
    "check",
    "deployment",
    "certificate",
]


def variables(folder: Path) -> dict[str, str]:
    ports = {name: str(free_port()) for name in ("API_PORT", "TEMPORAL_PORT", "UI_PORT")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("DINGBIAN_", "TEMPORAL_"))}
    return kept | {"DINGBIAN_DATA_DIR": str(folder)} | {f"DINGBIAN_{name}": port for name, port in ports.items()}


def run(env: dict[str, str], *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "cli.py"), *arguments],
        env=env, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False, **options,
    )  # fmt: skip


Call = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """The same in this process, for commands that start nothing: a new interpreter costs more than the command."""

    def called(env: dict[str, str], *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        for name, value in env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(sys, "argv", ["dingbian", *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        status = cli.run_command()
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, status, said.out, said.err)

    return called


def until(ready: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < deadline, "not within the time"
        time.sleep(0.05)


@contextmanager
def running_up(env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """`dingbian up` until it has said that it is up; killed at exit if it is still there."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "cli.py"), "up"], env=env, cwd=ROOT, stdout=out, stderr=out
        )
        try:
            until(lambda: "Ctrl-C" in log.read_text() or process.poll() is not None)
            assert process.poll() is None, log.read_text()
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()


def children_of(pid: int) -> dict[str, int]:
    """Command line → pid of the direct children."""
    found = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if parent == pid:
            found[line.split()[-1] if "cli.py" in line else "temporal"] = int(entry.name)
    return found


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A data folder after one demonstration that started everything for itself."""
    env = variables(tmp_path_factory.mktemp("filled"))
    done = run(env, "demo", "--json")
    assert done.returncode == 0, done.stderr
    (Path(env["DINGBIAN_DATA_DIR"]) / "story.json").write_text(done.stdout)
    return env


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_its_help(command: str, tmp_path: Path, call: Call) -> None:
    done = call(variables(tmp_path), command, "--help")
    assert done.returncode == 0
    assert "--help" in done.stdout
    assert not any(tmp_path.iterdir())


def test_a_wrong_call_or_setting_ends_with_status_2_and_one_clear_line(tmp_path: Path, call: Call) -> None:
    env = variables(tmp_path)
    assert call(env, "nonsense").returncode == 2
    assert call(env, "verify").returncode == 2
    done = call(env | {"DINGBIAN_API_PORT": "x"}, "up")
    assert done.returncode == 2
    assert "DINGBIAN_API_PORT" in done.stderr


@pytest.mark.parametrize(("command", "status"), [("worker", 1), ("api", 1), ("verify", 2)])
def test_who_starts_while_the_database_is_away_is_to_be_started_again(
    filled: dict[str, str], tmp_path: Path, command: str, status: int
) -> None:
    """P19: with status 2 the supervisor would give the whole office up for a database that is back in a second. A
    command that a person typed has found nothing wrong: it could not look."""
    nowhere = f"postgresql+psycopg://register@/register?host={tmp_path}"
    done = run(filled | {"DINGBIAN_DATABASE_URL": nowhere}, command)
    assert done.returncode == status
    assert "连接不上登记数据库" in done.stderr
    assert "Traceback" not in done.stderr
    assert str(tmp_path) not in done.stderr.replace("\n", "")


def test_a_file_that_cannot_be_opened_is_a_wrong_setting(filled: dict[str, str], tmp_path: Path) -> None:
    done = run(filled | {"DINGBIAN_DATABASE_URL": f"sqlite:///{tmp_path}/no/such/folder.db"}, "worker")
    assert done.returncode == 2
    assert "DINGBIAN_DATABASE_URL" in done.stderr


@pytest.mark.parametrize("command", [["up"], ["migrate"], ["keys", "new"]], ids=" ".join)
def test_a_data_folder_that_cannot_be_made_is_told_and_not_traced(
    command: list[str], tmp_path: Path, call: Call
) -> None:
    (tmp_path / "file").write_text("")
    done = call(variables(tmp_path / "file" / "data"), *command)
    assert done.returncode == 2
    assert str(tmp_path / "file" / "data") in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_the_signal_that_stops_is_named(number: signal.Signals) -> None:
    with stop_asked() as stop:
        os.kill(os.getpid(), number)
        assert stop.wait(10)
        os.kill(os.getpid(), signal.SIGTERM)
    assert stop.by == number.name


def test_the_process_ends_with_the_status_of_its_command(tmp_path: Path) -> None:
    done = run(variables(tmp_path), "verify")
    assert done.returncode == 2
    assert "dingbian up" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.xdist_group("filled")
@pytest.mark.e2e
def test_the_demonstration_closes_a_case_and_names_the_filed_documents(filled: dict[str, str]) -> None:
    story = json.loads((Path(filled["DINGBIAN_DATA_DIR"]) / "story.json").read_text())
    assert set(story) == {"case_id", "case_no", "state", "steps", "records", "seconds"}
    assert story["state"] == "closed"
    signed = {step["department"] for step in story["steps"]}
    assert signed == {"unit", "establishment", "organisation", "personnel", "finance", "social-insurance"}
    assert {"人员编制和领导职数核定单", "入编通知单"} <= {heading(record["title"]) for record in story["records"]}
    for record in story["records"]:
        assert set(record) == {"number", "title", "path", "digest"}
        assert Path(record["path"]).read_bytes().startswith(b"PK")


@pytest.mark.xdist_group("filled")
@pytest.mark.e2e
def test_what_the_demo_left_verifies_and_an_alteration_is_found(
    filled: dict[str, str], tmp_path: Path, call: Call
) -> None:
    done = call(filled, "verify", "--json")
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["intact"] is True
    kept = tmp_path / "anchor.json"
    assert call(filled, "anchor", "--out", str(kept)).returncode == 0
    assert call(filled, "anchor", "--out", str(kept)).returncode == 2
    assert call(filled, "verify", "--anchor", str(kept)).returncode == 0
    heads = json.loads(kept.read_text())
    rows = len(heads["records"]) and sum(head["seq"] for head in heads["journals"] + heads["records"])
    assert heads["log"]["size"] == rows == json.loads(call(filled, "verify", "--json").stdout)["log_size"]
    heads["records"][0]["seq"] += 1  # as if the register had been restored from an older copy
    heads["journals"][0]["hash"] = "0" * 64
    kept.write_text(json.dumps(heads))
    done = call(filled, "verify", "--anchor", str(kept), "--json")
    assert done.returncode == 1
    assert len(json.loads(done.stdout)["faults"]) == 2
    heads["log"]["size"] += 1
    kept.write_text(json.dumps(heads))
    assert len(json.loads(call(filled, "verify", "--anchor", str(kept), "--json").stdout)["faults"]) == 3


@pytest.mark.xdist_group("filled")
@pytest.mark.e2e
def test_an_export_masks_numbers_and_is_its_owners_alone(filled: dict[str, str], tmp_path: Path, call: Call) -> None:
    book = tmp_path / "册.xlsx"
    done = call(filled, "export", str(book), "--json")
    assert done.returncode == 0, done.stderr
    rows = json.loads(done.stdout)["rows"]
    assert set(rows) == {"机构", "编制职数", "人员", "流水"}
    assert all(rows.values())
    assert book.stat().st_mode & 0o077 == 0
    sheets = load_workbook(book, read_only=True)
    people = list(sheets["人员"].iter_rows(values_only=True))
    assert len(people) == rows["人员"] + 1
    assert all("*" in str(row[3]) for row in people[1:])
    assert call(filled, "export", str(book)).returncode == 2
    folder = tmp_path / "册"
    assert call(filled, "export", str(folder)).returncode == 0
    assert len((folder / "流水.csv").read_text("utf-8-sig").splitlines()) == rows["流水"] + 1


@pytest.mark.xdist_group("filled")
@pytest.mark.e2e
def test_a_password_is_read_from_standard_input_and_never_too_short(filled: dict[str, str], call: Call) -> None:
    assert call(filled, "officer", "password", "finance", typed="long enough to keep\n").returncode == 0
    assert call(filled, "officer", "password", "finance", typed="short\n").returncode == 2
    assert call(filled, "officer", "password", "nobody", typed="long enough to keep\n").returncode == 2


def test_officers_and_tokens_are_made_and_revoked(filled: dict[str, str], call: Call) -> None:
    wanted = ["--name", "王示新", "--department", "finance", "--role", "approver"]
    assert call(filled, "officer", "add", "new-finance", *wanted).returncode == 0
    assert call(filled, "officer", "add", "new-finance", *wanted).returncode == 2
    done = call(filled, "token", "new-finance", "--json")
    made = json.loads(done.stdout)["token"]
    assert made.startswith("dbn_")
    assert call(filled, "token", "--revoke", typed=made + "\n").returncode == 0
    assert call(filled, "token", "nobody").returncode == 2


@pytest.mark.xdist_group("filled")
@pytest.mark.e2e
def test_a_colleague_is_let_to_stand_in_and_a_stranger_is_not(filled: dict[str, str], call: Call) -> None:
    for login in ("treasurer-one", "treasurer-two"):
        wanted = ["--name", "王示代", "--department", "finance", "--role", "approver"]
        assert call(filled, "officer", "add", login, *wanted).returncode == 0
    until = f"{datetime.now(UTC) + timedelta(days=7):%Y-%m-%d}"
    days = ["--until", until, "--reason", "出差", "--procedure", "staffing-up"]
    done = call(filled, "officer", "substitute", "treasurer-one", "treasurer-two", *days, "--json")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert (made["principal"], made["substitute"], made["in_force"]) == ("treasurer-one", "treasurer-two", True)
    for substitute in ("treasurer-one", "nobody"):
        assert call(filled, "officer", "substitute", "treasurer-one", substitute, *days).returncode == 2
    other = [*days[:-1], "no-such-procedure"]
    assert call(filled, "officer", "substitute", "treasurer-one", "treasurer-two", *other).returncode == 2


@pytest.mark.xdist_group("filled")
@pytest.mark.e2e
def test_an_empty_template_is_written_and_a_file_with_faults_ends_with_status_1(
    filled: dict[str, str], tmp_path: Path, call: Call
) -> None:
    book = tmp_path / "模板.xlsx"
    assert call(filled, "import", "--template", str(book)).returncode == 0
    assert call(filled, "import", "--template", str(book)).returncode == 2
    broken = tmp_path / "不是工作簿.xlsx"
    broken.write_text("不是工作簿")
    done = call(filled, "import", str(broken), "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["imported"] is False


@pytest.mark.e2e
@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_up_starts_everything_watches_it_stops_it_and_goes_on(tmp_path: Path) -> None:
    env = variables(tmp_path / "data")
    address = f"http://127.0.0.1:{env['DINGBIAN_API_PORT']}"
    log = tmp_path / "up.log"
    with running_up(env, log) as up:
        said = log.read_text()
        for wanted in (address, env["DINGBIAN_UI_PORT"], "demo-accounts.json", "examiner"):
            assert wanted in said
        second = run(env | {"DINGBIAN_API_PORT": str(free_port())}, "up")
        assert second.returncode == 2
        assert "DINGBIAN_DATA_DIR" in second.stderr
        for schedule_id in ("dingbian-monitoring", "dingbian-log", "dingbian-reconciliation"):
            assert f"定时任务 {schedule_id} 已建立" in log.read_text()
        found = json.loads(run(env, "schedules", "--json").stdout)
        assert found["search_attributes_added"] == []
        assert [each["id"] for each in found["schedules"]] == [
            "dingbian-monitoring",
            "dingbian-log",
            "dingbian-reconciliation",
        ]
        for schedule, at in zip(found["schedules"], ("18:00", "19:00", ":20"), strict=True):  # Beijing + 8
            assert (schedule["outcome"], schedule["paused"], schedule["triggered"]) == ("unchanged", False, False)
            assert schedule["next_run"].endswith(f"{at}:00+00:00")
        assert "已触发 dingbian-log" in run(env, "schedules", "--run").stdout
        worker = children_of(up.pid)["worker"]
        os.kill(worker, signal.SIGKILL)
        until(lambda: children_of(up.pid).get("worker", worker) != worker)
        first = json.loads(run(env, "demo", "--json").stdout)
        assert first["state"] == "closed"
        up.send_signal(signal.SIGINT)
        assert up.wait(60) == 0
        assert "收到 SIGINT，正在停止" in log.read_text()
        assert not api_answers(address)
    with running_up(env, log) as up:
        later = json.loads(run(env, "demo", "--json").stdout)
        assert later["case_no"] > first["case_no"]
        left = children_of(up.pid)
        assert set(left) == {"temporal", "worker", "api"}
        up.kill()
        up.wait()
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in left.values()))
    assert run(env, "verify").returncode == 0
