"""A disposal that a crash, a store or a template interrupts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from activities import disposing
from activities.log import LogActivities
from models.enums import DisposalState, DocumentKind
from models.proofs import LogRun
from models.refusals import Refusal
from records import disposal, disposal_view, register
from records.render import FOLDER, Renderer
from records.store import StoreFault
from records.verify import verify_records
from tests.support.disposals import (
    items,
    ready,
    short_lived,
    witnessed,
)
from tests.support.office import INSPECTOR, Office


class Crash(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("place", ["log", "witness", "render", "put", "file", "first", "second", "noted"])
def test_a_crash_anywhere_is_gone_on_from(office: Office, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    papers = short_lived(office)
    view = ready(office)
    with monkeypatch.context() as broken:
        _break(office, broken, place)
        with pytest.raises(Crash):
            disposing.witnessed(office.deps, view.id, INSPECTOR, office.now)
    with office.database.read() as s:
        told = disposal_view.get(s, view.id)
    assert told is not None
    before_commit = place in ("log", "witness")
    assert (told.state is DisposalState.EXECUTING) == before_commit
    if before_commit or place in ("render", "put", "file"):
        assert all(office.store.has(str(paper.digest)) for paper in papers)  # nothing goes before the list is filed
    office.later(hours=1)
    after = witnessed(office, view.id)
    assert (after.state, after.waiting, after.list_filed) == (DisposalState.DESTROYED, 0, True)
    assert not any(office.store.has(str(paper.digest)) for paper in papers)
    with office.database.read() as s:
        assert len(register.series_page(s, "示编销", 2037)) == 1
        assert verify_records(s, office.store) == []
        assert disposal.unfinished(s) == []


def _break(office: Office, broken: pytest.MonkeyPatch, place: str) -> None:
    def crash(*_args: object, **_more: object) -> None:
        raise Crash(place)

    calls = {"n": 0}
    real_remove = office.store.remove
    real_witness = disposal.witness

    def remove(name: str, ending: str = ".docx") -> bool:
        calls["n"] += 1
        if calls["n"] == 2:
            raise Crash(place)
        return real_remove(name, ending)

    def witness(*args: Any, **more: Any) -> Refusal | None:
        real_witness(*args, **more)
        raise Crash(place)

    match place:
        case "log":
            broken.setattr(disposing.log, "append", crash)
        case "witness":
            broken.setattr(disposing.disposal, "witness", witness)
        case "render":
            broken.setattr(Renderer, "render", crash)
        case "put":
            broken.setattr(office.store, "put", crash)
        case "file":
            broken.setattr(disposing.filing.records, "file", crash)
        case "first":
            broken.setattr(office.store, "remove", crash)
        case "second":
            broken.setattr(office.store, "remove", remove)
        case "noted":
            broken.setattr(disposing.disposal, "removed", crash)


def test_the_daily_run_of_the_log_finishes_what_was_interrupted(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = short_lived(office)
    view = ready(office)
    with monkeypatch.context() as broken:
        _break(office, broken, "second")
        with pytest.raises(Crash):
            disposing.witnessed(office.deps, view.id, INSPECTOR, office.now)
    with office.database.read() as s:
        assert {fault.what.partition(" · ")[0] for fault in verify_records(s, office.store)} == {
            "已销毁的文件仍在存储中"
        }
    LogActivities(office.deps).append_to_log(LogRun(at=office.now))
    assert not any(office.store.has(str(paper.digest)) for paper in papers)
    with office.database.read() as s:
        assert verify_records(s, office.store) == []


def test_a_store_that_keeps_a_file_is_told_and_keeps_no_other_one(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = short_lived(office)
    view = ready(office)
    real = office.store.remove

    def stubborn(name: str, ending: str = ".docx") -> bool:
        if name == papers[0].digest:
            raise StoreFault(f"{name}: 存储拒绝删除")
        return real(name, ending)

    with monkeypatch.context() as locked:
        locked.setattr(office.store, "remove", stubborn)
        after = witnessed(office, view.id)
    assert (after.state, after.waiting) == (DisposalState.DESTROYED, 1)
    assert [item.record_id for item in items(office, view.id) if item.removed_at is None] == [papers[0].id]
    assert witnessed(office, view.id).waiting == 0


def test_without_its_template_nothing_is_removed_and_the_number_waits(office: Office, tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    deps = office.deps
    office.deps = replace(deps, renderer=Renderer(folder=folder))
    papers = short_lived(office)
    view = ready(office)
    after = witnessed(office, view.id)
    assert (after.state, after.list_filed, after.waiting) == (DisposalState.DESTROYED, False, 3)
    assert all(office.store.has(str(paper.digest)) for paper in papers)
    name = f"{DocumentKind.DISPOSAL_LIST.value}.docx"
    (folder / name).write_bytes((FOLDER / name).read_bytes())
    mended = witnessed(office, view.id)
    assert (mended.list_filed, mended.waiting, mended.list_number) == (True, 0, after.list_number)
