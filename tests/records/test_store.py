"""The store: written once, read-only, never another file under a name, checked when read."""

from __future__ import annotations

import socket
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import obstore
import pytest

from doc_templates.samples import sample
from models.enums import DocumentKind
from models.sealing import digest
from records.render import Renderer
from records.store import FolderStore, ObjectStore, RecordStore, StoreFault, open_store
from records.zipping import assemble, pack


def test_a_file_comes_back_and_is_read_only(store: FolderStore) -> None:
    data = b"a record"
    name = digest(data)
    store.put(data, name)
    store.put(data, name)
    assert store.get(name) == data
    path = store.path(name)
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    assert list(store.digests()) == [name]


def test_a_file_comes_back_from_every_kind_of_store(any_store: RecordStore) -> None:
    data = b"a record"
    name = digest(data)
    any_store.put(data, name)
    any_store.put(data, name)
    assert any_store.get(name) == data
    assert list(any_store.digests()) == [name]
    assert any_store.well()


def test_another_form_of_a_record_stands_beside_it_under_its_own_ending(any_store: RecordStore) -> None:
    record, signed = b"a record", b"%PDF- signed"
    any_store.put(record, digest(record))
    any_store.put(signed, digest(signed), ".pdf")
    assert any_store.get(digest(signed), ".pdf") == signed
    assert list(any_store.digests()) == [digest(record)]
    for ending in ("", ".", "../x", ".DOCX", ".parts.json2"):
        with pytest.raises(StoreFault):
            any_store.put(record, digest(record), ending)


def test_a_removed_file_leaves_nothing_and_can_be_removed_again(any_store: RecordStore) -> None:
    kept, gone = b"a record", b"another"
    for data in (kept, gone):
        any_store.put(data, digest(data))
    assert any_store.remove(digest(gone))
    assert not any_store.remove(digest(gone))
    assert list(any_store.digests()) == [digest(kept)]
    assert any_store.get(digest(kept)) == kept
    with pytest.raises(StoreFault, match="缺失"):
        any_store.get(digest(gone))


def test_what_cannot_be_removed_is_a_fault(store: FolderStore) -> None:
    data = b"a record"
    name = digest(data)
    path = store.root / name[:2] / f"{name}.docx"
    path.mkdir(parents=True)  # whoever runs the tests may delete any file, but nobody unlinks a folder
    with pytest.raises(StoreFault, match="无法删除"):
        store.remove(name)


def test_data_under_a_wrong_name_are_refused(any_store: RecordStore) -> None:
    store = any_store
    with pytest.raises(StoreFault):
        store.put(b"a", digest(b"b"))
    with pytest.raises(StoreFault):
        store.put(b"a", "../../etc/passwd")
    with pytest.raises(StoreFault):
        store.get("f" * 64)


def test_an_altered_file_is_refused_and_the_part_is_named(any_store: RecordStore, renderer: Renderer) -> None:
    store = any_store
    data = renderer.render(DocumentKind.ENTRY_NOTICE, sample(DocumentKind.ENTRY_NOTICE))
    name = digest(data)
    store.put(data, name)
    _overwrite(store, name, assemble([pack("word/document.xml", b"<forged/>")]))
    with pytest.raises(StoreFault, match=r"word/document\.xml"):
        store.get(name)
    with pytest.raises(StoreFault):
        store.put(data, name)


@pytest.mark.parametrize("place", range(0, 8000, 400))
def test_any_byte_changed_is_seen(store: FolderStore, renderer: Renderer, place: int) -> None:
    data = bytearray(renderer.render(DocumentKind.EXIT_NOTICE, sample(DocumentKind.EXIT_NOTICE)))
    name = digest(bytes(data))
    store.put(bytes(data), name)
    data[place % len(data)] ^= 1
    _overwrite(store, name, bytes(data))
    with pytest.raises(StoreFault):
        store.get(name)


def test_many_writers_of_one_object_leave_one_whole_object(object_store: ObjectStore) -> None:
    data = b"x" * 200_000
    name = digest(data)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: object_store.put(data, name), range(16)))
    assert object_store.get(name) == data
    assert list(object_store.digests()) == [name]


def test_a_store_that_does_not_answer_is_a_fault_and_not_a_missing_file(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for name, value in {"AWS_ENDPOINT": f"http://127.0.0.1:{port}", "AWS_ACCESS_KEY_ID": "test"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setattr("records.store._RETRY_SECONDS", 0)
    away = open_store("s3://records")
    assert not away.well()
    with pytest.raises(StoreFault, match="不可用") as told:
        away.get("f" * 64)
    assert str(port) not in str(told.value)


def test_credentials_never_stand_in_the_address() -> None:
    with pytest.raises(ValueError, match="凭据"):
        open_store("s3://key:secret@records/dingbian")


def test_many_writers_of_one_file_leave_one_whole_file(store: FolderStore) -> None:
    data = b"x" * 200_000
    name = digest(data)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: store.put(data, name), range(16)))
    assert store.get(name) == data
    path = store.path(name)
    assert path is not None
    assert sorted(p.name for p in path.parent.iterdir()) == sorted([f"{name}.docx", f"{name}.parts.json"])


def test_a_store_is_opened_by_folder_or_file_address(tmp_path: Path) -> None:
    for address, folder in (((tmp_path / "a b").as_uri(), "a b"), (str(tmp_path / "c"), "c")):
        opened = open_store(address)
        assert isinstance(opened, FolderStore)
        assert opened.root == tmp_path / folder
    with pytest.raises(ValueError, match="ftp"):
        open_store("ftp://records")


def _overwrite(store: RecordStore, name: str, data: bytes) -> None:
    if isinstance(store, ObjectStore):
        obstore.put(store._store, f"{name[:2]}/{name}.docx", data)
        return
    path = store.path(name)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(data)
