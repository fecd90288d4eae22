"""P16: a person goes through every field of a running system, and the number and the birth date are in clear nowhere.
P17: the keys of that system are rotated while it runs.

The system is the product's own: `dingbian up` with its Temporal, its worker and its API as processes of their own, and
`dingbian import` and `dingbian keys` beside them. ledger.md rule 11; ASVS 5.0 V14.2, V16.2.5.
"""

from __future__ import annotations

import base64
import gzip
import json
import logging
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from temporalio.client import Client

from ledger.db import Database
from models.enums import UnitKind
from models.sealed import SEALED
from models.sealing import Keyring, SealingKey, column_key
from runtime.codec import SealingCodec
from runtime.keyring import load_keyring, read_key_file
from sample_data.codes import unit_code
from tests.intake.book import BUREAU, CENTRE, sound, write
from tests.runtime.test_runtime_cli import run, running_up, until, variables
from tests.support.canary import Canary, files, hits
from tests.support.canary_walk import Walk
from tests.support.logs import logged
from tests.support.office import ORGANISATION, REGISTRAR, Office, application

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("server")]

APPLIED = Canary()
IMPORTED = Canary(name="司马百灵鸟", born=date(1961, 2, 28), serial=431)
SECRETS = APPLIED.secrets() | {f"{name} of the import": text for name, text in IMPORTED.secrets().items()}
LOGINS = ("applicant", "head", "organisation", "inspector", "audit-admin")


@dataclass
class System:
    """A running system that the canary went through."""

    env: dict[str, str]
    folder: Path
    walk: Walk
    case_id: str
    said: list[tuple[str, bytes]]

    @property
    def data(self) -> Path:
        return Path(self.env["DINGBIAN_DATA_DIR"])

    @property
    def keyring(self) -> Keyring:
        return load_keyring(self.data / "keyring.json")

    def database(self) -> Database:
        return Database(f"sqlite:///{self.data / 'dingbian.db'}", self.keyring)

    def command(self, *arguments: str) -> Any:
        done = run(self.env, *arguments)
        self.said.append((f"dingbian {arguments[0]}", (done.stdout + done.stderr).encode()))
        return done


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    folder = tmp_path_factory.mktemp("canary")
    env = variables(folder / "data") | {"DINGBIAN_LOG_FORMAT": "json"}
    with collector() as (address, spans), running_up(env | {"DINGBIAN_TRACES": address}, folder / "up.log"):
        accounts = json.loads((folder / "data" / "demo-accounts.json").read_text())
        walk = Walk(f"http://127.0.0.1:{env['DINGBIAN_API_PORT']}", accounts, APPLIED)
        found = System(env, folder, walk, walk.staffing(), [])
        imported(found)
        walk.operations()
        walk.pages(LOGINS)
        metrics = httpx.get(f"{walk.address}/api/v1/metrics", trust_env=False)
        found.said.append(("metrics", metrics.content))
        until(lambda: len(spans) > 0)
        found.said += [(f"spans {n}", sent) for n, sent in enumerate(spans)]
        yield found


@contextmanager
def collector() -> Iterator[tuple[str, list[bytes]]]:
    """An OTLP/HTTP receiver; its address and what was sent to it."""
    sent: list[bytes] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}", sent
        finally:
            server.shutdown()
            thread.join()


def imported(system: System) -> None:
    """The second canary by a workbook that is sound, and by one that has it in all the wrong places."""
    others = {BUREAU: unit_code(9001, UnitKind.ORGAN), CENTRE: unit_code(9002, UnitKind.INSTITUTION)}
    book = {
        sheet: [{key: others.get(value, value) for key, value in row.items()} for row in rows]
        for sheet, rows in sound().items()
    }
    person = {"name": IMPORTED.name, "sex": "男", "birth_date": IMPORTED.born, "identity_no": IMPORTED.number}
    book["人员"][1] |= person
    outside = system.folder / "books"
    outside.mkdir()
    for n, unit in enumerate(book["机构"]):
        unit["certificate_no"] = f"示编证金丝雀{n}号"
    done = system.command("import", str(write(outside / "sound.xlsx", book)))
    assert done.returncode == 0, done.stdout + done.stderr
    for rows in book.values():
        for row in rows:
            row.update({key: IMPORTED.text for key in row if key.endswith(("name", "no", "position"))})
    done = system.command("import", str(write(outside / "faulty.xlsx", book)))
    assert done.returncode == 1
    shutil.rmtree(outside)  # the office's own files, which it handed over


def test_the_canary_came_everywhere_and_nothing_broke(system: System) -> None:
    """Else a search that finds nothing says nothing: every sealed column holds it, and so do histories and names."""
    assert system.walk.walked.broken == []
    taken = system.walk.walked.taken
    assert {"decide", "comment", "copy", "remind", "a case", "verify_file", "a draft"} <= set(taken)
    assert len([name for name in taken if name.startswith("page ")]) > 20
    assert len([name for name in taken if name.startswith("form ")]) > 5
    assert len(system.walk.walked.refused) > 300
    held: set[str] = set()
    database = system.database()
    with database.read() as s:
        for column in SEALED:
            rows = s.execute(select(*column.key, column.value.label("sealed")).where(column.value.is_not(None)))
            for row in rows.mappings():
                plain = database._info["keyring"].open_column(row["sealed"], *column.place(row))
                if hits([("", plain.encode())], SECRETS):
                    held.add(column.name)
    database.close()
    assert held == {column.name for column in SEALED}


def test_no_file_of_the_data_folder_holds_it(system: System) -> None:
    """Register and Temporal's store with their logs ahead, records, logs, drafts, everything."""
    assert list(hits(files(system.data), SECRETS)) == []
    names = " ".join(str(path) for path in system.data.rglob("*"))
    assert hits([("names of files", names.encode())], SECRETS) == []


@pytest.mark.parametrize("sealing", [True, False])
def test_the_search_sees_a_register_that_does_not_seal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealing: bool
) -> None:
    """The guard taken away: the same bytes in the same places, only not encrypted, and the search is not empty."""
    if not sealing:
        monkeypatch.setattr(SealingKey, "seal", lambda _self, plain, _bound: bytes(12) + plain + bytes(16))
        monkeypatch.setattr(SealingKey, "open", lambda _self, sealed, _bound: sealed[12:-16])
    office = Office(tmp_path, url=f"sqlite:///{tmp_path / 'register.db'}")
    case_id = office.opened(application(remark=APPLIED.text))
    [slot] = office.issued(case_id)
    named = APPLIED.person(slot)
    office.accepted(
        office.decide(case_id, "approve-persons", ORGANISATION, subject=slot, persons=[named], reference_no="示组1号")
    )
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot))
    office.database.close()
    found = {(hit.where.split("-")[0], hit.what) for hit in hits(files(tmp_path), SECRETS)}
    missed = {("register.db", "identity number"), ("register.db", "birth date 0")}
    assert found >= missed if not sealing else found == set()


def test_the_search_sees_a_body_that_is_logged_and_other_spellings(tmp_path: Path) -> None:
    with logged() as out:
        logging.getLogger("dingbian.api").info("body %s", APPLIED.person("A1"))
    (tmp_path / "api.log").write_text(out.getvalue())  # the number is struck out, the date has no form of its own
    (tmp_path / "utf16").write_text(APPLIED.number, "utf-16")
    (tmp_path / "packed.gz").write_bytes(gzip.compress(base64.b64encode(b"x" + APPLIED.number.encode())))
    found = {(hit.where, hit.what) for hit in hits(files(tmp_path), SECRETS)}
    assert found >= {
        ("api.log", "birth date 0"),
        ("utf16", "identity number, UTF-16"),
        ("packed.gz!gzip", "identity number, base64 at 1"),
    }


def test_no_answer_that_refuses_repeats_it(system: System) -> None:
    assert hits(system.walk.walked.refused, SECRETS) == []


def test_nothing_that_the_processes_said_holds_it(system: System) -> None:
    """Standard output and error of every process, metrics and spans; the logs are files and were searched as such."""
    assert any(name.startswith("spans") and b"dingbian" in data for name, data in system.said)
    said = [*system.said, ("up", (system.folder / "up.log").read_bytes())]
    assert hits(said, SECRETS) == []
    for name in ("worker", "api"):
        for line in (system.data / "logs" / f"{name}.log").read_text().splitlines():
            assert {"time", "level", "logger", "message"} <= set(json.loads(line))


def test_the_name_stands_in_clear_only_where_names_may_stand(system: System) -> None:
    """The register and documents (ledger.md rule 11): in no log, no metric, no refusal, not in Temporal's store."""
    names = {"name": APPLIED.name, "name of the import": IMPORTED.name}
    places = [
        *((name, data) for name, data in files(system.data) if name.startswith(("logs/", "temporal"))),
        *((name, data) for name, data in system.walk.walked.refused if "/console/" not in name),  # pages show cases
        *((name, data) for name, data in system.said if name != "dingbian import"),
    ]
    assert hits(places, names) == []


async def test_histories_hold_it_sealed_and_in_clear_nowhere(system: System) -> None:
    """Inputs, results, failures, memos, summaries, search attributes and ids, as Temporal keeps them."""
    client = await Client.connect(f"127.0.0.1:{system.env['DINGBIAN_TEMPORAL_PORT']}")
    codec = SealingCodec(system.keyring)
    kept: list[tuple[str, bytes]] = []
    opened: list[tuple[str, bytes]] = []
    async for each in client.list_workflows():
        kept.append((each.id, each.raw_info.SerializeToString()))
        history = await client.get_workflow_handle(each.id, run_id=each.run_id).fetch_history()
        for event in history.events:
            kept.append((f"{each.id} {event.event_id}", event.SerializeToString()))
            if event.HasField("workflow_execution_signaled_event_attributes"):
                payloads = event.workflow_execution_signaled_event_attributes.input.payloads
                opened += [(each.id, shown.data) for shown in codec.decode_for_endpoint(payloads)]
    assert len(kept) > 500
    assert hits(kept, SECRETS) == []
    assert hits(opened, {"number": APPLIED.number}), "no signal carried the canary"


# --- the keys of a running system (P17). Last, because it changes them. ---------------------------------------------


def test_keys_are_rotated_resealed_and_let_go_while_cases_run(system: System) -> None:
    """No restart: what is sealed next is under the new key, cases begun under the old one end, old data are read."""
    path = system.data / "keyring.json"
    old = read_key_file(path).current
    with httpx.Client(base_url=f"{system.walk.address}/api/v1", timeout=30.0, trust_env=False) as http:
        begun = system.walk._case(http)
    assert system.command("keys", "add").returncode == 0
    new = read_key_file(path).current
    assert new != old
    until(lambda: _sealed_last(system) == new)
    # a whole case more, and every page, over both keys
    system.walk.canary = replace(APPLIED, name="司马云雀", serial=727)
    again = system.walk.staffing()
    assert _state(system, again) == "closed"
    assert _state(system, begun) == "accepted"
    refused = system.command("keys", "retire", old, "--out", str(system.folder / "old-key.json"))
    assert refused.returncode == 2
    assert "keys reseal" in refused.stderr
    done = system.command("keys", "reseal", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rows"] > 50
    listed = json.loads(system.command("keys", "list", "--json").stdout)
    assert {each["id"]: bool(each["rows"]) for each in listed} == {old: False, new: True}
    # histories of cases that run are still under the old key
    refused = system.command("keys", "retire", old, "--out", str(system.folder / "old-key.json"))
    assert refused.returncode == 2
    assert begun in refused.stderr
    assert _state(system, system.case_id) == "closed"
    assert hits(system.said, SECRETS) == []


def _sealed_last(system: System) -> str:
    """The key of the newest command, after one more was given."""
    with httpx.Client(base_url=f"{system.walk.address}/api/v1", timeout=30.0, trust_env=False) as http:
        system.walk._case(http)
    database = system.database()
    [column] = [each for each in SEALED if each.name == "command.body_sealed"]
    with database.read() as s:
        newest = select(column.value).order_by(column.table.c.decided_at.desc()).limit(1)
        found = column_key(s.execute(newest).scalar_one())
    database.close()
    return found


def _state(system: System, case_id: str) -> str:
    token = system.walk._account("supervisor")["token"]
    answer = httpx.get(
        f"{system.walk.address}/api/v1/cases/{case_id}", headers={"Authorization": f"Bearer {token}"}, trust_env=False
    )
    assert answer.status_code == 200, answer.text
    return str(answer.json()["state"])
