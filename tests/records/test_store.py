"""The store: written once, read-only, never another file under a name, checked when read."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from doc_templates.samples import sample
from models.enums import DocumentKind
from models.sealing import digest
from records.render import Renderer
from records.store import FolderStore, StoreFault, open_store
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


def test_data_under_a_wrong_name_are_refused(store: FolderStore) -> None:
    with pytest.raises(StoreFault):
        store.put(b"a", digest(b"b"))
    with pytest.raises(StoreFault):
        store.put(b"a", "../../etc/passwd")
    with pytest.raises(StoreFault):
        store.get("f" * 64)


def test_an_altered_file_is_refused_and_the_part_is_named(store: FolderStore, renderer: Renderer) -> None:
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
    assert open_store((tmp_path / "a b").as_uri()).root == tmp_path / "a b"
    assert open_store(str(tmp_path / "c")).root == tmp_path / "c"
    with pytest.raises(ValueError):
        open_store("s3://bucket")


def _overwrite(store: FolderStore, name: str, data: bytes) -> None:
    path = store.path(name)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(data)
