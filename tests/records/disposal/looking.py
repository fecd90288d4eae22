"""What tests of disposal look at."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlmodel import Session, select

from ledger import log, merkle
from models.proofs import RowKind
from models.refusals import Refusal, RefusalCode
from models.register import Record
from records.printed import texts
from records.verify import verify_records
from tests.support.office import Office


def register_of_numbers(office: Office) -> list[tuple[Any, ...]]:
    """Everything of the rows of records that must never change, and the whole log."""
    with office.database.read() as s:
        columns = [name for name in Record.model_fields if name not in ("context_sealed", "disposed_at")]
        rows = [tuple(getattr(row, name) for name in columns) for row in s.exec(select(Record).order_by(Record.id))]
        leaves = s.execute(text("SELECT leaf_index, kind, chain, seq, row_hash FROM log_leaf ORDER BY 1")).all()
    return [*rows, *map(tuple, leaves)]


def code(answer: object) -> RefusalCode:
    assert isinstance(answer, Refusal), answer
    return answer.code


def proved(s: Session, paper: Record) -> None:
    """The row of a destroyed record still stands in the log."""
    proof = log.inclusion(s, RowKind.RECORD, f"{paper.series}/{paper.year}", int(paper.chain_seq or 0))
    assert paper.hash is not None
    assert paper.hash in proof.leaf
    leaf, root = bytes.fromhex(proof.leaf_hash), bytes.fromhex(proof.head.root)
    path = [bytes.fromhex(each) for each in proof.path]
    assert merkle.verify_inclusion(leaf, proof.index, proof.head.size, path, root, proof.head.hash)


def faults(office: Office) -> set[tuple[str, str]]:
    with office.database.read() as s:
        return {(fault.where, fault.what.partition(" · ")[0]) for fault in verify_records(s, office.store)}


def list_text(office: Office, record_id: str | None) -> str:
    with office.database.read() as s:
        row = s.get(Record, record_id)
    assert row is not None
    return text_of(office.store.get(str(row.digest)))


def text_of(document: bytes) -> str:
    return "".join(texts(document))
