"""The store: written once, read-only, never another file under a name, checked when read."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import socket
import stat
import subprocess
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
    _overwrite(store, name, assemble([pack("word/document.xml", b"<forged/>", 6)]))
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


def _left(store: FolderStore) -> list[str]:
    return sorted(path.name for path in store.root.rglob("*") if path.is_file())


def test_a_crash_between_manifest_and_file_is_made_good_by_the_next_try(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = b"a record"
    name = digest(data)

    class Crash(BaseException):
        pass

    write = FolderStore._write

    def crashing(self: FolderStore, place: str, body: bytes) -> bool:
        if place.endswith(".docx"):
            raise Crash
        return write(self, place, body)

    with monkeypatch.context() as crash:
        crash.setattr(FolderStore, "_write", crashing)
        with pytest.raises(Crash):
            store.put(data, name)
    assert _left(store) == [f"{name}.parts.json"]
    with pytest.raises(StoreFault, match="缺失"):
        store.get(name)
    assert list(store.digests()) == []
    store.put(data, name)
    assert store.get(name) == data
    assert _left(store) == [f"{name}.docx", f"{name}.parts.json"]


def test_a_crash_while_a_file_is_written_leaves_no_half_file_under_its_name(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies before the name is given: another one sees the beginnings of a file, never the file."""
    data = b"x" * 100_000
    name = digest(data)
    child = os.fork()
    if child == 0:  # dies in the middle, as by kill -9
        monkeypatch.setattr(os, "link", lambda *_: os._exit(9))
        with contextlib.suppress(BaseException):
            store.put(data, name)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert not (store.root / name[:2] / f"{name}.docx").exists()
    store.put(data, name)
    assert store.get(name) == data


@pytest.mark.parametrize("ending", [".docx", ".pdf"])
@pytest.mark.parametrize("call", ["write", "fsync", "link"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EDQUOT])
def test_a_full_or_read_only_disk_is_a_fault_and_leaves_no_half_file(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch, call: str, number: int, ending: str
) -> None:
    data = b"x" * 100_000
    name = digest(data)

    def refusing(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    class Full(io.FileIO):
        def write(self, _data: object) -> int:
            raise OSError(number, os.strerror(number))

    with monkeypatch.context() as full:
        if call == "write":
            full.setattr(os, "fdopen", lambda descriptor, mode: Full(descriptor, mode))
        else:
            full.setattr(os, call, refusing)
        with pytest.raises(StoreFault, match="写不进") as told:
            store.put(data, name, ending)
    assert os.strerror(number) in str(told.value)
    assert _left(store) == []
    store.put(data, name, ending)
    assert store.get(name, ending) == data


def test_a_disk_that_is_really_full_is_a_fault(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(disk)], capture_output=True).returncode:
        pytest.skip("whoever runs the tests may mount nothing")
    try:
        store = FolderStore(disk)
        small, large = b"small", os.urandom(100_000)
        store.put(small, digest(small))
        before = _left(store)
        with pytest.raises(StoreFault, match="No space left"):
            store.put(large, digest(large))
        assert [name for name in _left(store) if not name.endswith(".parts.json")] == [
            name for name in before if not name.endswith(".parts.json")
        ]
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
        with pytest.raises(StoreFault, match="Read-only"):
            store.put(b"other", digest(b"other"))
        with pytest.raises(StoreFault, match="无法删除"):
            store.remove(digest(small))
        assert store.get(digest(small)) == small
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def test_two_processes_that_write_one_file_leave_one_whole_file(store: FolderStore) -> None:
    data = b"y" * 500_000
    name = digest(data)
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                for ending in (".docx", ".pdf"):
                    store.put(data, name, ending)
                os._exit(0)
            os._exit(1)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert store.get(name) == store.get(name, ".pdf") == data
    assert _left(store) == [f"{name}.docx", f"{name}.parts.json", f"{name}.pdf"]


def test_what_cannot_be_read_is_a_fault_and_not_a_missing_file(store: FolderStore) -> None:
    name = digest(b"a record")
    (store.root / name[:2] / f"{name}.docx").mkdir(parents=True)  # as an entry that a broken disk shows
    with pytest.raises(StoreFault, match="读不出"):
        store.get(name)


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
