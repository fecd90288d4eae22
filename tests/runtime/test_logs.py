"""No identity number in any line that a process writes, whoever writes it and however it is spelt (P16)."""

from __future__ import annotations

import asyncio
import gc
import io
import json
import logging
import subprocess
import sys
import threading
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from ledger.db import Database
from runtime.logs import STRUCK, scrub
from tests.support.canary import FULL_WIDTH, Canary
from tests.support.engines import ENGINES, fresh_database, register_of
from tests.support.logs import logged
from tests.support.office import Office, keyring

CANARY = Canary()
NUMBER, OLDER = CANARY.number, CANARY.older
ROOT = Path(__file__).resolve().parents[2]

SPELLINGS = {
    "eighteen digits": NUMBER,
    "lower-case x": NUMBER.lower(),
    "fifteen digits": OLDER,
    "full width": NUMBER.translate(FULL_WIDTH),
    "fifteen in full width": OLDER.translate(FULL_WIDTH),
    "groups with spaces": f"{NUMBER[:6]} {NUMBER[6:14]} {NUMBER[14:]}",
    "groups with hyphens": f"{NUMBER[:6]}-{NUMBER[6:14]}-{NUMBER[14:]}",
    "every digit apart": " ".join(NUMBER),
    "ideographic spaces": "\u3000".join((NUMBER[:6], NUMBER[6:14], NUMBER[14:])),
    "JSON": json.dumps({"identity_no": NUMBER}),
    "JSON-escaped": "".join(f"\\u{ord(sign):04x}" for sign in NUMBER),
    "JSON-escaped full width": json.dumps(NUMBER.translate(FULL_WIDTH)),
    "in an address": f"/api/v1/cases?q={NUMBER}&limit=5",
    "percent-encoded": "".join(f"%{ord(sign):02X}" for sign in NUMBER),
    "percent-encoded full width": quote(NUMBER.translate(FULL_WIDTH)),
    "between Chinese": f"身份证号码{NUMBER}，男",
    "between letters": f"id{NUMBER}x",
}


@pytest.mark.parametrize("spelt", SPELLINGS.values(), ids=SPELLINGS)
def test_a_number_is_struck_out_however_it_is_spelt(spelt: str) -> None:
    shown = scrub(f"before {spelt} after")
    assert STRUCK in shown
    digits = "".join(sign for sign in shown if sign.isalnum())
    for secret in (NUMBER[6:17], OLDER[6:]):
        assert secret not in digits
        assert secret.translate(FULL_WIDTH) not in digits
    assert shown.startswith("before ")
    assert shown.endswith(" after")


@pytest.mark.parametrize(
    "harmless",
    [
        "2026-11-22 11:38:30,123 INFO dingbian worker is at work",
        "case 5f0c6a520f5e4d0c9a551a1f2f6f9a01 waits in the outbox",
        "1795347510123456789 ns",  # nineteen digits
        "用编2026-00001 示编核〔2026〕12号",
        "127.0.0.1:8400",
        "order 12345678901234",  # fourteen
        "%E5%8D%95 %20 \\u4e2d",
    ],
)
def test_other_figures_stay_as_they_are(harmless: str) -> None:
    assert scrub(harmless) == harmless


@pytest.fixture(params=["text", "json"])
def said(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the process writes to its standard error, in both forms."""
    with logged(request.param, logging.DEBUG) as out:
        yield out


def nothing_of(out: io.StringIO) -> str:
    """What was said, which must be something, and nothing of the canary."""
    shown = out.getvalue()
    assert STRUCK in shown
    assert NUMBER not in shown
    return shown


LOGGERS = ["dingbian.worker", "uvicorn.error", "temporalio.worker", "temporalio.activity", "sqlalchemy.pool", "asyncio"]


@pytest.mark.parametrize("name", LOGGERS)
def test_every_logger_passes_the_scrubber(said: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("refused: %s and %r", NUMBER, {"no": NUMBER})
    nothing_of(said)


def test_a_logger_with_a_handler_of_its_own_does_not_pass_by() -> None:
    own = io.StringIO()
    logger = logging.getLogger("uvicorn.of-a-test")
    logger.addHandler(logging.StreamHandler(own))
    logger.propagate = False
    with logged() as ours:
        logger.error(NUMBER)
        nothing_of(ours)
    assert own.getvalue() == ""


def fail() -> None:
    try:
        raise KeyError(NUMBER)
    except KeyError as cause:
        raise ExceptionGroup(f"of {NUMBER}", [ValueError(NUMBER), TypeError(f"<{OLDER}>")]) from cause


def test_chains_and_groups_of_exceptions(said: io.StringIO) -> None:
    try:
        fail()
    except ExceptionGroup:
        logging.getLogger("dingbian").exception("failed for %s", NUMBER)
    shown = nothing_of(said)
    assert OLDER not in shown
    assert "KeyError" in shown
    assert "TypeError" in shown


def test_warnings(said: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn(f"deprecated {NUMBER}", UserWarning, stacklevel=1)
    nothing_of(said)


def test_what_nobody_caught(said: io.StringIO) -> None:
    sys.excepthook(ValueError, ValueError(NUMBER), None)
    thread = threading.Thread(target=fail)
    thread.start()
    thread.join()
    shown = nothing_of(said)
    assert "uncaught ValueError" in shown
    assert "in a thread" in shown


def test_what_a_finaliser_raises(said: io.StringIO) -> None:
    class Closing:
        def __del__(self) -> None:
            raise ValueError(NUMBER)

    Closing()
    gc.collect()
    assert "ValueError" in nothing_of(said)


def test_a_task_that_nobody_awaited(said: io.StringIO) -> None:
    async def doomed() -> None:
        raise ValueError(NUMBER)

    async def main() -> None:
        task = asyncio.create_task(doomed(), name=f"task of {NUMBER}")
        await asyncio.wait([task])
        del task
        gc.collect()

    asyncio.run(main())
    assert "never retrieved" in nothing_of(said)


def test_a_line_that_cannot_be_written_shows_nothing_of_its_arguments(said: io.StringIO) -> None:
    logging.getLogger("dingbian").error("%d", f"{CANARY.name} {NUMBER}")
    assert NUMBER not in said.getvalue()
    assert CANARY.name not in said.getvalue()


def test_a_failed_statement_says_nothing_of_its_parameters(said: io.StringIO, tmp_path: Path) -> None:
    """A name has no form to be struck out by, so parameters are not told at all."""
    office = Office(tmp_path)
    with office.database.write() as s:
        s.execute(text("INSERT INTO meta (name, value) VALUES (:name, '')"), {"name": CANARY.name})
    with pytest.raises(IntegrityError) as fault, office.database.write() as s:
        s.execute(text("INSERT INTO meta (name, value) VALUES (:name, '')"), {"name": CANARY.name})
    logging.getLogger("dingbian").error("failed", exc_info=fault.value)
    assert "IntegrityError" in said.getvalue()
    assert CANARY.name not in said.getvalue() + str(fault.value)
    office.database.close()


def test_the_engine_s_own_log_tells_no_parameters(said: io.StringIO, tmp_path: Path) -> None:
    """Set up as we do it says nothing; and whoever asks it for its statements is told them without parameters."""
    office = Office(tmp_path)
    for level in (logging.WARNING, logging.INFO):
        logging.getLogger("sqlalchemy.engine").setLevel(level)
        try:
            database = Database(office.url or register_of(tmp_path / "dingbian.db"), keyring())
            with database.write() as s:
                s.execute(text("INSERT INTO meta (name, value) VALUES (:name, '')"), {"name": f"{CANARY.name}{level}"})
            database.close()
        finally:
            logging.getLogger("sqlalchemy.engine").setLevel(logging.WARNING)
        assert ("INSERT INTO meta" in said.getvalue()) == (level == logging.INFO)
        assert CANARY.name not in said.getvalue()
    office.database.close()


def test_an_event_in_json_is_one_object_on_one_line(said: io.StringIO, request: pytest.FixtureRequest) -> None:
    try:
        fail()
    except ExceptionGroup:
        logging.getLogger("dingbian").exception("line one\nline two", extra={"person": CANARY.name})
    shown = said.getvalue()
    assert CANARY.name not in shown
    if request.node.callspec.params["said"] == "json":
        [line] = shown.splitlines()
        told = json.loads(line)
        assert set(told) == {"time", "level", "logger", "message", "process", "exception"}
        assert (told["level"], told["logger"], told["message"]) == ("ERROR", "dingbian", "line one\nline two")
        assert told["time"].endswith("+00:00")


def test_the_commands_write_json_when_the_setting_says_so(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom runtime.commands import worker\n"
        "def serve(settings):\n    raise ValueError(sys.argv[1])\nworker.serve = serve\nworker.worker()\n"
    )
    env = {"DINGBIAN_LOG_FORMAT": "json", "DINGBIAN_DATA_DIR": str(tmp_path), "PATH": "/usr/bin"}
    done = subprocess.run(
        [sys.executable, "-c", code, NUMBER], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode != 0
    told = json.loads(done.stderr.splitlines()[-1])
    assert told["message"] == "uncaught ValueError"
    assert NUMBER not in done.stderr


@pytest.mark.skipif("postgresql" not in ENGINES, reason="no PostgreSQL server")
def test_the_words_of_postgresql_about_a_row_it_refused_are_not_repeated(tmp_path: Path) -> None:
    """Its DETAIL quotes the whole row, and a value that it cannot read it quotes in the message itself."""
    with fresh_database("postgresql", tmp_path) as url:
        database = Database(url, keyring())
        with database.write() as s:
            s.execute(text("CREATE TABLE canary (name text UNIQUE, number integer CHECK (number > 0))"))
        with database.write() as s:
            s.execute(text("INSERT INTO canary VALUES (:name, 1)"), {"name": CANARY.name})
        wanted = text("INSERT INTO canary VALUES (:name, CAST(CAST(:number AS text) AS integer))")
        for number in ("0", "1", CANARY.name):
            with pytest.raises(DBAPIError) as fault, logged() as out, database.write() as s:
                s.execute(wanted, {"name": CANARY.name, "number": number})
            logging.getLogger("dingbian").error("failed", exc_info=fault.value)
            shown = "".join(traceback.format_exception(fault.value))
            assert "SQLSTATE 2" in shown
            assert CANARY.name not in shown + out.getvalue()
        database.close()
