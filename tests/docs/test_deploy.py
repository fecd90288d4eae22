"""What `deploy/` holds is well-formed, hardened, without secrets, and speaks of settings, commands and metrics that
exist. systemd's own checker looks at the units where it is installed, `docker compose config` at the compose file."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from api import reading
from api.metrics import Metrics
from runtime.metrics import _BUCKETS
from runtime.settings import PREFIX, Settings
from tests.docs import pages
from tests.docs.pages import DOCS, ROOT
from tests.docs.test_pages import command_names
from tests.support.office import Office

DEPLOY = ROOT / "deploy"
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MONITOR = DOCS / "how-to" / "monitor.md"
MOST_EXPOSED = 2.0
"""systemd's own measure, from 0 (closed) to 10."""

HARDENED = {
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "ProtectSystem": "strict",
    "ProtectHome": "yes",
    "ProtectKernelTunables": "yes",
    "ProtectControlGroups": "yes",
    "RestrictNamespaces": "yes",
    "RestrictSUIDSGID": "yes",
    "LockPersonality": "yes",
    "UMask": "0077",
    "User": "dingbian",
}
_SECRET = re.compile(r"(?i)(password|secret|token|api_?key)[\"']?\s*[:=]\s*[\"']?[^\s\"'/$#{}\[:]")
_VARIABLE = re.compile(rf"\b{PREFIX}[A-Z_]+\b")
_METRIC = re.compile(r"\b(?:dingbian|temporal)_[a-z_]+\b")
_SERVED = ("dingbian api", "dingbian worker")


def unit(path: Path) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False, interpolation=None, comment_prefixes=("#",))
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(path.read_text(encoding="utf-8"))
    return found


def compose() -> dict[str, Any]:
    found = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def files() -> Iterator[Path]:
    yield from (path for path in sorted(DEPLOY.rglob("*")) if path.is_file())


# --- all of it -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_no_secret_stands_in_deploy(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    said = [line for line in lines if not line.lstrip().startswith(("#", "--")) and _SECRET.search(line)]
    assert [line for line in said if "_FILE" not in line and "file:" not in line and ":'" not in line] == []


@pytest.mark.parametrize("line", ["POSTGRES_PASSWORD: hunter2", "DINGBIAN_TOKEN=abc", 'api_key: "x"'])
def test_a_secret_would_be_seen(line: str) -> None:
    assert _SECRET.search(line)


def test_every_variable_that_deploy_sets_is_read_by_the_program() -> None:
    known = {PREFIX + name.upper() for name in Settings.model_fields}
    for path in files():
        assert set(_VARIABLE.findall(path.read_text(encoding="utf-8"))) <= known, path


def test_the_production_profile_is_what_deploy_runs() -> None:
    assert "DINGBIAN_PROFILE=production" in (DEPLOY / "dingbian.env.example").read_text(encoding="utf-8")
    for name in ("api", "worker", "migrate"):
        assert compose()["services"][name]["environment"]["DINGBIAN_PROFILE"] == "production"


def test_the_api_of_compose_believes_the_proxy_on_the_host_and_nobody_else() -> None:
    """Whoever comes through the proxy keeps an address of their own: limits and the audit go by it."""
    trusted = compose()["services"]["api"]["environment"]["DINGBIAN_TRUSTED_PROXIES"]
    (network,) = compose()["networks"]["outside"]["ipam"]["config"]
    assert trusted == network["gateway"]
    assert "outside" in compose()["services"]["api"]["networks"]


# --- systemd -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_units_are_hardened_and_run_commands_that_exist(path: Path) -> None:
    service = unit(path)["Service"]
    assert {name: service.get(name) for name in HARDENED} == HARDENED
    [command] = re.findall(r"/opt/dingbian/\.venv/bin/dingbian ([a-z-]+)", service["ExecStart"])
    assert command in command_names()
    assert service["EnvironmentFile"] == "/etc/dingbian/dingbian.env"


def test_what_serves_is_started_again_for_as_long_as_it_takes() -> None:
    """After a power cut the database may be the last to come up."""
    for name in ("dingbian-api.service", "dingbian-worker@.service"):
        found = unit(DEPLOY / "systemd" / name)
        service = found["Service"]
        assert (service["Restart"], found["Unit"]["StartLimitIntervalSec"]) == ("on-failure", "0")
        assert "RestartPreventExitStatus" not in service
        assert service["StateDirectory"] == "dingbian"
    worker = unit(DEPLOY / "systemd" / "dingbian-worker@.service")["Service"]
    assert int(worker["TimeoutStopSec"]) > 15, "a worker that drains must not be killed at it"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """The units in a root of their own, with a program where they look for it: systemd asks whether it is there."""
    system = tmp_path / "etc/systemd/system"
    system.mkdir(parents=True)
    for path in (DEPLOY / "systemd").iterdir():
        shutil.copy(path, system)
    for program in ("opt/dingbian/.venv/bin/dingbian", "bin/sh"):
        (tmp_path / program).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / program).write_text("#!/bin/sh\n")
        (tmp_path / program).chmod(0o755)
    page = tmp_path / "opt/dingbian/docs/how-to"
    page.mkdir(parents=True)
    return tmp_path


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("name", [*(path.name for path in UNITS), "dingbian-backup.timer"])
def test_systemd_takes_the_units(installed: Path, name: str) -> None:
    wanted = name.replace("@.", "@1.")
    if wanted != name:
        (installed / "etc/systemd/system" / wanted).symlink_to(name)
    done = subprocess.run(
        ["systemd-analyze", "verify", f"--root={installed}", "--man=no", "--recursive-errors=no", wanted],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    said = [line for line in (done.stdout + done.stderr).splitlines() if name.split(".")[0].rstrip("@") in line]
    assert said == []


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
@pytest.mark.parametrize("path", UNITS, ids=lambda path: path.name)
def test_systemd_finds_little_to_attack(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / path.name.replace("@", "")
    shutil.copy(path, copy)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager", str(copy)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
    )
    [level] = re.findall(r"exposure level for \S+: ([0-9.]+)", done.stdout)
    assert float(level) <= MOST_EXPOSED


# --- compose -------------------------------------------------------------------------------------------------------


def test_compose_runs_the_version_that_it_came_with() -> None:
    """An office that still has an image of before would run it without a word."""
    images = {each["image"] for each in compose()["services"].values() if each.get("image", "").startswith("dingbian")}
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    assert images == {f"dingbian:{version}"}


def test_compose_names_only_what_it_defines() -> None:
    """What `docker compose config` refuses: dangling names, and files that are not there."""
    found = compose()
    services = found["services"]
    assert set(found) <= {"name", "services", "networks", "volumes", "secrets", "configs"} | {
        key for key in found if key.startswith("x-")
    }
    for name, service in services.items():
        assert ("image" in service) or ("build" in service), name
        assert set(service.get("depends_on", {})) <= set(services) - {name}
        assert set(service.get("networks", [])) <= set(found["networks"])
        assert set(service.get("secrets", [])) <= set(found["secrets"])
        assert {each["source"] for each in service.get("configs", [])} <= set(found["configs"])
        for volume in service.get("volumes", []):
            assert volume.split(":")[0] in found["volumes"], volume
        for need in service.get("depends_on", {}).values():
            assert need["condition"] in {"service_started", "service_healthy", "service_completed_successfully"}
    for name, needs in {name: service.get("depends_on", {}) for name, service in services.items()}.items():
        for other, need in needs.items():
            if need["condition"] == "service_healthy":
                assert "healthcheck" in services[other], (name, other)
    for config in found["configs"].values():
        assert (DEPLOY / config["file"]).exists(), config
    built = found["x-dingbian"]["build"]
    assert (DEPLOY / built["context"] / built["dockerfile"]).exists()


def test_compose_publishes_to_this_machine_alone_and_runs_without_privileges() -> None:
    services = compose()["services"]
    for name, service in services.items():
        for port in service.get("ports", []):
            assert port.startswith("127.0.0.1:"), (name, port)
    for name in ("api", "worker", "migrate"):
        service = services[name]
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["command"][0] in command_names()
    assert "ports" not in services["temporal"]
    assert services["temporal"]["networks"] == services["postgres"]["networks"] == ["inside"]
    assert compose()["networks"]["inside"]["internal"] is True


def test_the_program_does_not_run_as_the_owner_of_its_tables() -> None:
    """P9: whoever owns the tables could switch the triggers off."""
    services = compose()["services"]
    users = {name: services[name]["environment"]["DINGBIAN_DATABASE_URL"] for name in ("api", "worker", "migrate")}
    assert {name: re.search(r"//(\w+)@", url)[1] for name, url in users.items()} == {  # type: ignore[index]
        "api": "dingbian_app",
        "worker": "dingbian_app",
        "migrate": "dingbian_owner",
    }
    assert services["migrate"]["command"] == ["migrate", "--program-account", "dingbian_app"]


def test_compose_itself_takes_the_file(tmp_path: Path) -> None:
    """No engine is needed for `config`, only the client with its plugin."""
    docker = shutil.which("docker")
    asked = [docker or "docker", "compose", "--file", str(DEPLOY / "compose.yaml"), "config", "--quiet"]
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        pytest.skip("docker compose is not installed here; the structure is linted above")
    environment = os.environ | {"DINGBIAN_PUBLIC_URL": "https://dingbian.example.org"}
    done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=False, env=environment)
    assert done.returncode == 0, done.stderr


def test_the_image_is_installed_by_hash_and_runs_as_an_ordinary_user() -> None:
    lines = (DEPLOY / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert any("--require-hashes -r requirements.lock" in line for line in lines)
    assert "USER 10001:10001" in lines
    copied = [line.split()[1] for line in lines if line.startswith("COPY") and line.split()[1] != "."]
    assert all((ROOT / name).exists() for name in copied)


# --- alerts --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names that the pages really have; Temporal's are those that the worker's test sees on a real page."""
    office = Office(tmp_path_factory.mktemp("metrics"))
    metrics = Metrics()
    with office.database.read() as s:
        gauges = reading.gauges(s, datetime.now(UTC))
    metrics.requests.labels("read_case", "200").observe(0.1)
    metrics.transaction("working", 0.1)
    page = metrics.page(gauges).decode()
    office.database.close()
    worker = {f"{name}{part}" for name in _BUCKETS for part in ("_bucket", "_count", "_sum")}
    temporal = set(_METRIC.findall((ROOT / "tests/e2e/test_worker_metrics.py").read_text(encoding="utf-8")))
    return set(_METRIC.findall(page)) | worker | temporal


def rules() -> list[dict[str, Any]]:
    found = yaml.safe_load((DEPLOY / "prometheus-alerts.yml").read_text(encoding="utf-8"))
    return [rule for group in found["groups"] for rule in group["rules"]]


def test_every_metric_of_an_alert_exists(exposed: set[str]) -> None:
    for rule in rules():
        named = set(_METRIC.findall(rule["expr"]))
        assert named <= exposed, rule["alert"]
        assert named or rule["expr"].startswith("up{"), rule["alert"]


def test_every_metric_of_the_page_exists(exposed: set[str]) -> None:
    named = {each for row in pages.rows(MONITOR, "## 指标 · Metrics") for each in _METRIC.findall(row[0])}
    histograms = {name.removesuffix("_bucket") for name in exposed}
    assert named <= exposed | histograms


def test_the_alerts_are_those_of_the_page() -> None:
    listed = {row[1] for row in pages.rows(MONITOR, "## 告警 · Alerts")}
    kept = {rule["expr"] for rule in rules() if not rule["expr"].startswith("up{")}
    assert {re.sub(r"`|（.*|\s持续.*", "", each).strip() for each in listed} == kept


def test_alerts_are_said_in_both_languages_and_have_a_severity() -> None:
    for rule in rules():
        assert " · " in rule["annotations"]["summary"]
        assert rule["labels"]["severity"] in {"page", "ticket"}
