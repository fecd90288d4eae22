"""Files are given up by a folder and by an object store alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from activities.cases import CaseActivities
from records.store import RecordStore
from records.verify import verify_records
from tests.support.disposals import LATER, destroyed, refused_case, short_lived
from tests.support.office import Office


def test_both_kinds_of_store_give_their_files_up(url: str, tmp_path: Path, any_store: RecordStore) -> None:
    office = Office(tmp_path, url=url)
    office.deps = replace(office.deps, store=any_store)
    office.activities = CaseActivities(office.deps)
    refused_case(office)
    office.now = LATER
    (paper,) = short_lived(office)
    destroyed(office)
    assert not any_store.has(str(paper.digest))
    assert any_store._read(f"{str(paper.digest)[:2]}/{paper.digest}.parts.json") is None
    with office.database.read() as s:
        assert verify_records(s, any_store) == []
    office.database.close()
