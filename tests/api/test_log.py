"""The transparency log over HTTP: a head to keep, proofs that anybody can check, and no word of another unit's rows."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from ledger import log, merkle, postings
from models.enums import Resource
from models.ledger import Basis, Cause
from models.proofs import ConsistencyProof, InclusionProof, LogHead
from models.register import Record, Series
from tests.support.engines import needs_file

from .conftest import UNIT_A, UNIT_B, Desk, problem

AT = datetime(2026, 3, 3, 19, 0, tzinfo=UTC)
BASIS = Basis(number="示编发〔2026〕1号", body="示范市委编委", date=date(2026, 1, 5))
STAFF = Resource.INSTITUTION_FULL


def fill(desk: Desk) -> None:
    """Unit A has rows 1–3, unit B row 1, and there is one record to unit A; the first two rows were logged alone."""
    for number, unit in enumerate((UNIT_A, UNIT_A, UNIT_B, UNIT_A)):
        with desk.database.write() as s:
            why = Cause(
                case_id=f"c{number}", step="s", round=1, effective_on=date(2026, 3, 2), recorded_at=AT, basis=BASIS
            )
            postings.authorise(s, unit, STAFF, 3, why)
            if number == 1:
                log.append(s, AT)
    with desk.database.write() as s:
        s.add(Series(name="示编核", year=2026, last=1))
        s.add(
            Record(
                id="r1", series="示编核", year=2026, seq=1, number="示编核〔2026〕1号", kind="verification_slip",
                title="核定单", case_id="c1", step="issue", round=1, subject="", unit=UNIT_A, issued_on=AT.date(),
                issuer="示范市编办", officers="{}", code="7K3M-9QXT-2H8B-4WZD", context_sealed=b"", template_digest="t",
                retention="permanent", state="valid", digest="d" * 64, size=1, filed_at=AT, chain_seq=1,
                prev_hash="0" * 64, hash="e" * 64,
            )
        )  # fmt: skip
        s.flush()
        log.append(s, AT)


def inclusion_holds(said: Any) -> bool:
    proof = InclusionProof.model_validate(said)
    return merkle.verify_inclusion(
        merkle.leaf_hash(proof.leaf.encode(), proof.head.hash),
        proof.index,
        proof.head.size,
        [bytes.fromhex(step) for step in proof.path],
        bytes.fromhex(proof.head.root),
        proof.head.hash,
    )


async def test_the_head_of_an_empty_log(desk: Desk) -> None:
    said = (await desk.get("/ledger/log", by="treasurer")).json()
    assert LogHead.model_validate(said).size == 0
    assert said["at"] is None


async def test_a_row_is_proved_to_a_stranger(desk: Desk) -> None:
    fill(desk)
    head = (await desk.get("/ledger/log", by="auditor")).json()
    assert (head["size"], head["hash"], head["journal_rows"], head["record_rows"]) == (5, "sm3", 2, 1)
    said = (await desk.get(f"/ledger/log/proof?kind=journal&chain={UNIT_A}&seq=3", by="auditor")).json()
    assert said["head"] == head
    leaf = json.loads(said["leaf"])
    assert (leaf["kind"], leaf["chain"], leaf["seq"]) == ("journal", UNIT_A, 3)
    rows = (await desk.get(f"/units/{UNIT_A}/journal", by="auditor")).json()["items"]
    assert leaf["hash"] == rows[2]["hash"]
    assert inclusion_holds(said)
    record = (await desk.get("/ledger/log/proof?kind=record&chain=示编核/2026&seq=1", by="auditor")).json()
    assert json.loads(record["leaf"])["hash"] == "e" * 64
    assert inclusion_holds(record)


async def test_an_earlier_head_is_proved_to_begin_the_present_log(desk: Desk) -> None:
    fill(desk)
    for query, second in (("first=2", 5), ("first=2&second=4", 4), ("first=0", 5), ("first=5", 5)):
        said = (await desk.get(f"/ledger/log/consistency?{query}", by="system_admin")).json()
        proof = ConsistencyProof.model_validate(said)
        assert proof.second.size == second
        roots = bytes.fromhex(proof.first.root), bytes.fromhex(proof.second.root)
        path = [bytes.fromhex(step) for step in proof.path]
        assert merkle.verify_consistency(proof.first.size, second, *roots, path, proof.hash)


async def test_a_unit_asks_for_its_own_rows_alone(desk: Desk) -> None:
    fill(desk)
    own = (f"kind=journal&chain={UNIT_A}&seq=1", "kind=record&chain=示编核/2026&seq=1")
    foreign = (f"kind=journal&chain={UNIT_B}&seq=1", "kind=record&chain=示编核/2026&seq=2")
    missing = (f"kind=journal&chain={UNIT_A}&seq=9", f"kind=record&chain={UNIT_A}&seq=1")
    for query in own:
        assert inclusion_holds((await desk.get(f"/ledger/log/proof?{query}", by="applicant")).json())
        refused = problem(await desk.get(f"/ledger/log/proof?{query}", by="neighbour"), 404, "not-found")
    for query in (*foreign, *missing):
        assert problem(await desk.get(f"/ledger/log/proof?{query}", by="applicant"), 404, "not-found") == refused
    assert inclusion_holds((await desk.get(f"/ledger/log/proof?{foreign[0]}", by="insurer")).json())


@pytest.mark.parametrize("query", ["first=6", "first=2&second=6", "first=3&second=2"])
async def test_heads_that_never_were_have_no_proof(desk: Desk, query: str) -> None:
    fill(desk)
    problem(await desk.get(f"/ledger/log/consistency?{query}", by="auditor"), 404, "not-found")


@pytest.mark.parametrize(
    "path",
    [
        "/ledger/log/proof",
        "/ledger/log/proof?kind=x&chain=a&seq=1",
        "/ledger/log/proof?kind=journal&chain=a&seq=0",
        "/ledger/log/proof?kind=journal&chain=a&seq=99999999999999999999",
        "/ledger/log/proof?kind=journal&chain=a%20b&seq=1",
        "/ledger/log/proof?kind=journal&chain=a%00&seq=1",
        "/ledger/log/consistency",
        "/ledger/log/consistency?first=-1",
        "/ledger/log/consistency?first=1&second=99999999999",
    ],
)
async def test_what_cannot_be_asked(desk: Desk, path: str) -> None:
    problem(await desk.get(path, by="auditor"), 422, "invalid")


@needs_file
async def test_the_verification_covers_the_log(desk: Desk) -> None:
    fill(desk)
    said = (await desk.get("/ledger/verification", by="auditor")).json()
    assert (said["log_size"], len(said["log_root"])) == (5, 64)
    assert [fault for fault in said["faults"] if "日志" in fault["where"] + fault["what"]] == []
    with desk.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER log_leaf_no_update")
        connection.exec_driver_sql("UPDATE log_leaf SET row_hash = 'x' WHERE leaf_index = 1")
    said = (await desk.get("/ledger/verification", by="auditor")).json()
    assert f"{UNIT_A}#2" in {fault["where"] for fault in said["faults"]}
