"""The manifest of parts beside each file names what was altered; the after-check sees every value that is not there."""

from __future__ import annotations

import io
import json
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import escape

from doc_templates.samples import sample
from models.enums import DocumentKind
from models.sealing import digest
from models.shape import plain_text
from records import texts
from records.render import Renderer
from records.store import FolderStore, StoreFault
from records.texts import BREAK, WHOLE_HYPHEN, Printed, Texts
from records.zipping import assemble, pack

KIND = DocumentKind.ENTRY_NOTICE
NAMES = (
    "[Content_Types].xml",
    "_rels/.rels",
    "docProps/core.xml",
    "word/_rels/document.xml.rels",
    "word/document.xml",
    "word/fontTable.xml",
    "word/settings.xml",
    "word/styles.xml",
)
"""Members that every document has, whatever its template; a footer and the picture are added by the test."""


def _members(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _zip(members: dict[str, bytes]) -> bytes:
    return assemble([pack(name, data, 6) for name, data in members.items()])


def _kept(store: FolderStore, renderer: Renderer) -> tuple[str, bytes]:
    data = renderer.render(KIND, sample(KIND))
    name = digest(data)
    store.put(data, name)
    return name, data


def _replace(store: FolderStore, name: str, data: bytes) -> None:
    path = store.path(name)
    assert path is not None
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_manifest_with_every_part_stands_beside_the_file(store: FolderStore, renderer: Renderer) -> None:
    name, data = _kept(store, renderer)
    beside = store.root / name[:2] / f"{name}.parts.json"
    manifest = json.loads(beside.read_bytes())
    assert (manifest["digest"], manifest["size"]) == (name, len(data))
    members = _members(data)
    assert manifest["parts"] == {part: digest(content, "sha256") for part, content in members.items()}
    assert set(NAMES) <= set(members)


def test_an_alteration_is_located_in_each_member(store: FolderStore, renderer: Renderer) -> None:
    name, data = _kept(store, renderer)
    members = _members(data)
    for part in members:
        altered = _zip(members | {part: members[part] + b" "})
        assert store.altered_parts(name, altered) == [part]
        _replace(store, name, altered)
        with pytest.raises(StoreFault) as refused:
            store.get(name)
        assert f"({part})" in str(refused.value)
    _replace(store, name, data)
    assert store.get(name) == data


def test_a_member_taken_out_or_put_in_is_named(store: FolderStore, renderer: Renderer) -> None:
    name, data = _kept(store, renderer)
    members = _members(data)
    fewer = {part: content for part, content in members.items() if part != "word/styles.xml"}
    assert store.altered_parts(name, _zip(fewer)) == ["word/styles.xml"]
    assert store.altered_parts(name, _zip(members | {"word/vbaProject.bin": b"x"})) == ["word/vbaProject.bin"]
    repacked = _zip(members)
    assert repacked != data
    assert store.altered_parts(name, repacked) == []
    _replace(store, name, repacked)
    with pytest.raises(StoreFault, match="容器"):
        store.get(name)  # the same parts in another container are another file


def test_eight_threads_write_the_same_bytes(tmp_path: Path) -> None:
    fresh = Renderer()
    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(lambda _: fresh.render(KIND, sample(KIND)), range(32)))
    assert set(made) == {Renderer().render(KIND, sample(KIND))}


# --- the after-check ---------------------------------------------------------------------------------------------


def _written(values: list[bytes]) -> bytes:
    runs = b"".join(b'<w:p><w:r><w:t xml:space="preserve">' + text + b"</w:t></w:r></w:p>" for text in values)
    return b"<w:document><w:body>" + runs + b"<w:p/></w:body></w:document>"


@given(typed=st.lists(st.text("甲乙丙<>&'\"\n 一", min_size=1, max_size=8), min_size=1, max_size=8), data=st.data())
def test_every_value_is_found_however_the_document_was_cut_and_a_missing_one_is_named(
    typed: list[str], data: st.DataObject
) -> None:
    safe = Texts()
    values = {f"field{place}": safe[text] for place, text in enumerate(typed)}
    xml = _written(list(values.values()))
    cuts = sorted(data.draw(st.sets(st.sampled_from([at for at in range(len(xml)) if xml[at : at + 2] == b"<w"]))))
    printed = Printed()
    for start, end in zip([0, *cuts], [*cuts, len(xml)], strict=True):
        printed.add(xml[start:end])
    assert printed.first_missing(values) is None
    assert printed.first_missing(values | {"other": "丁".encode()}) == "other"
    assert printed.first_missing({"rows": [{"a": values["field0"]}, {"a": "丁".encode()}]}) == "rows[1]"


def test_a_value_counts_as_printed_only_as_text() -> None:
    printed = Printed()
    printed.add(b'<w:document w:rsid="attribute"><w:instrText>field</w:instrText><w:t>text</w:t><!-- remark -->')
    assert printed.first_missing({"a": b"text"}) is None
    for hidden in (b"attribute", b"field", b"remark", b"w:t"):
        assert printed.first_missing({"a": hidden}) == "a"


def test_a_value_is_found_inside_a_sentence_across_lines_and_with_hyphens_that_do_not_break() -> None:
    printed = Printed()
    whole = b"2026-00012".replace(b"-", WHOLE_HYPHEN)
    printed.add(b"<w:t>No. " + whole + b" of</w:t><w:t>one" + BREAK + b"two</w:t>")
    assert printed.first_missing({"number": b"2026-00012", "lines": b"one" + BREAK + b"two", "nothing": b""}) is None
    assert printed.first_missing({"number": b"2026-00013"}) == "number"
    assert printed.first_missing({"lines": b"one" + BREAK + b"three"}) == "lines"


def test_an_ordinary_text_needs_neither_a_check_nor_escaping() -> None:
    ordinary = [chr(code) for code in range(0x110000) if texts._ORDINARY.fullmatch(chr(code))]
    assert len(ordinary) > 20_000
    for character in ordinary:
        assert plain_text(character) == character
        assert str(escape(character)) == character
    together = "".join(ordinary)
    assert plain_text(together) == together  # none joins with the one before it
