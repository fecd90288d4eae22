"""Registers for tests on both engines: SQLite in a file, PostgreSQL on the server of the run (`support/postgres.py`).

`TEST_ENGINE=sqlite` or `=postgresql` runs everything on one engine: then also the registers that a test makes for a
folder without choosing an engine (`register_of`) are made there. Otherwise those are SQLite's, and whatever asks for
the fixture `url` runs on both.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url

from .postgres import address_of, administration, create, drop, exists, locked, rename, run_name, server_url

CHOSEN = os.environ.get("TEST_ENGINE", "both")
ENGINES = {"both": ["sqlite", "postgresql"], "sqlite": ["sqlite"], "postgresql": ["postgresql"]}[CHOSEN]

Furnish = Callable[[str], None]
"""Makes a register at an address and lets go of it; called once in a run for each kind, which its `__name__` is."""

needs_file = pytest.mark.skipif(CHOSEN == "postgresql", reason="about the file of an SQLite register")
"""Copies the file, reads it, or takes its triggers away by name. Runs in every `make test`."""

_MADE: dict[Path, str] = {}
_TEMPLATES: set[str] = set()


@contextmanager
def fresh_database(engine: str, folder: Path, furnish: Furnish | None = None) -> Iterator[str]:
    """The address of a database of the engine, gone afterwards.

    Empty; on PostgreSQL, where a schema takes a while to make, a copy of what `furnish` makes, if given.
    """
    if engine == "sqlite":
        yield f"sqlite:///{folder / 'register.db'}"
        return
    name = f"{run_name()}_{uuid.uuid4().hex}"
    server_url()
    _make(name, furnish)
    try:
        yield address_of(name)
    finally:
        with administration() as connection:
            drop(connection, name)


def register_of(file: Path, furnish: Furnish | None = None) -> str:
    """The address of the register that belongs to a file's place, the same for every process of the run that asks."""
    return database_for("postgresql" if CHOSEN == "postgresql" else "sqlite", file, furnish)


def database_for(engine: str, file: Path, furnish: Furnish | None = None) -> str:
    """As `register_of`, on a given engine. On PostgreSQL it is made when first asked for, and dropped by `forget` or at
    the end of the run."""
    if engine == "sqlite":
        return f"sqlite:///{file}"
    name = _name_of(file)
    if file not in _MADE:
        server_url()
        with administration() as connection:
            there = exists(connection, name)
        if not there:
            _make(name, furnish)
        _MADE[file] = name
    return address_of(name)


def copy_of(url: str, file: Path) -> str:
    """The address of a copy, which belongs to a file's place, of a register nobody has open."""
    if not url.startswith("postgresql"):
        shutil.copy(url.removeprefix("sqlite:///"), file)
        return f"sqlite:///{file}"
    source = make_url(url).database
    assert source is not None
    name = _name_of(file)
    with administration() as connection:
        create(connection, name, source)
    _MADE[file] = name
    return address_of(name)


def forget(folder: Path) -> None:
    """Drop the registers that this process made for files below a folder."""
    gone = [file for file in _MADE if file.is_relative_to(folder)]
    if gone:
        with administration() as connection:
            for file in gone:
                drop(connection, _MADE.pop(file))


def _name_of(file: Path) -> str:
    return f"{run_name()}_{hashlib.sha256(str(file.resolve()).encode()).hexdigest()[:32]}"


def _make(name: str, furnish: Furnish | None) -> None:
    source = "template0" if furnish is None else _template(furnish)
    with administration() as connection:
        create(connection, name, source)


def _template(furnish: Furnish) -> str:
    """What `furnish` makes, made by the first process that wants it; it takes its name when it is complete."""
    name = f"{run_name()}_template_{furnish.__name__.strip('_')}"
    if name in _TEMPLATES:
        return name
    with locked(), administration() as connection:
        if not exists(connection, name):
            drop(connection, f"{name}_new")
            create(connection, f"{name}_new")
            furnish(address_of(f"{name}_new"))
            rename(connection, f"{name}_new", name)
    _TEMPLATES.add(name)
    return name
