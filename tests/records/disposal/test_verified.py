"""What verification finds of records that were destroyed."""

from __future__ import annotations

from sqlalchemy import text

from models.archives import DisposalItem
from tests.support.disposals import (
    LATER,
    destroyed,
    short_lived,
)
from tests.support.office import Office

from .looking import faults


def test_a_file_put_back_is_found(office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    copy = office.store.get(str(paper.digest))
    destroyed(office)
    office.store.put(copy, str(paper.digest))
    assert faults(office) == {(paper.number, "已销毁的文件仍在存储中")}


def test_a_file_missing_without_a_disposal_is_missing(office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    office.store.remove(str(paper.digest))
    assert {where for where, _what in faults(office)} == {paper.number}


def test_a_lost_file_cannot_be_called_destroyed(office: Office) -> None:
    """By whoever can write to the register: not by a mark, nor by a line on an act whose list does not name it."""
    lost, *_others = short_lived(office)
    office.store.remove(str(lost.digest))
    with office.database.write() as s:
        s.execute(text("UPDATE record SET disposed_at = :at WHERE id = :id"), {"at": LATER, "id": lost.id})
    assert faults(office) == {(lost.number, "标为已销毁而没有销毁清册")}
    view = destroyed(office)
    with office.database.write() as s:
        s.add(DisposalItem(disposal=view.id, record_id=lost.id, digest=str(lost.digest), open=False, removed_at=LATER))
    assert faults(office) == {(lost.number, f"{view.no}的清册上没有此件")}


def test_a_destroyed_record_that_is_unmarked_is_found(office: Office) -> None:
    (paper, *_rest) = short_lived(office)
    view = destroyed(office)
    with office.database.write() as s:
        s.execute(text("UPDATE record SET disposed_at = NULL WHERE id = :id"), {"id": paper.id})
    assert (paper.number, f"与{view.no}的清册不符") in faults(office)
