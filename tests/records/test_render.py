"""Rendering: what was entered comes out or is refused with the field named; same input, same bytes (P12, P13)."""

from __future__ import annotations

import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import segno
from docx import Document
from docxtpl import DocxTemplate
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup, escape

from doc_templates.samples import sample
from models.documents import CONTEXT_OF, CertificateContext, CertificateRow, FaultLine, RefusalNoticeContext
from models.enums import DocumentKind
from models.shape import UNSAFE_TEXT, plain_text
from records.picture import QrPainter
from records.render import FOLDER, Renderer, TemplateFault, TextFault
from records.store import FolderStore
from records.texts import WHOLE_HYPHEN

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
REFUSAL = DocumentKind.REFUSAL_NOTICE
ODD = st.text(st.one_of(st.characters(), st.sampled_from("<>&{}%#'\"\n\t\a\x00\ud800\u202e\ufeff𠮷䶮龘")), max_size=40)


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_every_document_opens_and_holds_its_texts(renderer: Renderer, kind: DocumentKind) -> None:
    data = renderer.render(kind, sample(kind))
    text = _text(data)
    assert sample(kind).number in text
    assert sample(kind).seal.chain_head in text
    Document(io.BytesIO(data))
    assert zipfile.ZipFile(io.BytesIO(data)).testzip() is None


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_the_text_is_that_of_plain_docxtpl(renderer: Renderer, kind: DocumentKind) -> None:
    environment = ImmutableSandboxedEnvironment(autoescape=True, undefined=StrictUndefined)
    environment.filters["lines"] = lambda text: [line for line in text.split("\n") if line]
    hyphen = WHOLE_HYPHEN.decode()
    environment.filters["whole"] = lambda text: Markup(str(escape(text)).replace("-", hyphen))  # noqa: S704 - escaped here
    plain = DocxTemplate(str(FOLDER / f"{kind.value}.docx"))
    plain.render(sample(kind).model_dump(), jinja_env=environment, autoescape=True)
    out = io.BytesIO()
    plain.save(out)
    ours, theirs = (
        {name: part for name, part in _parts(data).items() if name.startswith("word/document")}
        for data in (renderer.render(kind, sample(kind)), out.getvalue())
    )
    assert [_canonical(part) for part in ours.values()] == [_canonical(part) for part in theirs.values()]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=ODD)
@example("a\ud800b")
@example("</w:t></w:r></w:p><w:p>同意")
@example("{{ 7*7 }}{% raw %}{_{ }_}")
@example("A & B <w:p>x</w:p>")
@example("𠮷野家")
@example("‮同意")
@example("甲\n\n乙")
def test_any_text_comes_out_as_typed_or_is_refused_with_the_field_named(renderer: Renderer, value: str) -> None:
    context = _refusal(value)
    if UNSAFE_TEXT.search(value):
        with pytest.raises(TextFault) as refused:
            renderer.render(REFUSAL, context)
        assert refused.value.field == "faults[0].detail"
        return
    data = renderer.render(REFUSAL, context)
    # Opened as Word would: XML parsed, breaks read back as line feeds.
    paragraphs = _paragraphs(data)
    wanted = plain_text(value)
    assert any(wanted in paragraph for paragraph in paragraphs) or not wanted
    assert "特此告知。" in paragraphs


def test_the_opinion_becomes_paragraphs(renderer: Renderer) -> None:
    context = sample(REFUSAL).model_copy(update={"opinion": "第一段 <b>\n第二段 & 完"})
    paragraphs = _paragraphs(renderer.render(REFUSAL, context))
    assert "第一段 <b>" in paragraphs
    assert "第二段 & 完" in paragraphs


def test_three_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """Each with another locale, time zone, hash seed and working folder."""
    script = (
        "import hashlib; from records.render import Renderer; from doc_templates.samples import sample;"
        "from models.enums import DocumentKind; r = Renderer();"
        "print(hashlib.sha256(b''.join(r.render(k, sample(k)) for k in DocumentKind)).hexdigest())"
    )
    elsewhere = (
        {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C", "PYTHONUTF8": "0"},
        {"PYTHONHASHSEED": "random", "TZ": "Asia/Shanghai", "LC_ALL": "zh_CN.GB18030", "LANGUAGE": "zh"},
        {"PYTHONHASHSEED": "4242", "TZ": "America/Lima", "LC_ALL": "tr_TR.UTF-8", "PYTHONOPTIMIZE": "1"},
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": str(FOLDER.parent), "COLUMNS": str(place), **settings_},
            capture_output=True,
            text=True,
            check=True,
            cwd=(tmp_path, FOLDER.parent, Path("/"))[place],
        ).stdout.strip()
        for place, settings_ in enumerate(elsewhere)
    }
    here = Renderer()
    found.add(hashlib.sha256(b"".join(here.render(k, sample(k)) for k in DocumentKind)).hexdigest())
    assert len(found) == 1


def test_the_zip_is_canonical(renderer: Renderer) -> None:
    data = renderer.render(REFUSAL, sample(REFUSAL))
    infos = zipfile.ZipFile(io.BytesIO(data)).infolist()
    names = [info.filename for info in infos]
    assert names[0] == "[Content_Types].xml"
    assert names[1:] == sorted(names[1:])
    assert {info.date_time for info in infos} == {(1980, 1, 1, 0, 0, 0)}


def test_a_context_of_another_document_is_refused(renderer: Renderer) -> None:
    with pytest.raises(TemplateFault):
        renderer.render(REFUSAL, sample(DocumentKind.ENTRY_NOTICE))


def test_missing_altered_and_restored_template(tmp_path: Path) -> None:
    source = FOLDER / f"{REFUSAL.value}.docx"
    copy = tmp_path / source.name
    renderer = Renderer(tmp_path)
    with pytest.raises(TemplateFault, match="模板缺失"):
        renderer.template_digest(REFUSAL)
    shutil.copy(source, copy)
    known = renderer.template_digest(REFUSAL)
    expected = renderer.render(REFUSAL, sample(REFUSAL), known)
    shutil.copy(FOLDER / "entry_notice.docx", copy)
    with pytest.raises(TemplateFault):
        renderer.render(REFUSAL, sample(REFUSAL), known)
    copy.write_bytes(_with_part(source, "word/settings.xml", lambda part: part.replace(b"579", b"580")))
    with pytest.raises(TemplateFault, match="编号时"):
        renderer.render(REFUSAL, sample(REFUSAL), known)
    assert renderer.template_digest(REFUSAL) != known
    copy.write_bytes(source.read_bytes())
    assert renderer.render(REFUSAL, sample(REFUSAL), known) == expected


def test_a_kept_template_still_makes_the_documents_numbered_with_it(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    folder.mkdir()
    copy = folder / f"{REFUSAL.value}.docx"
    copy.write_bytes((FOLDER / copy.name).read_bytes())
    keep = FolderStore(tmp_path / "store")
    first = Renderer(folder, keep=keep)
    known = first.template_digest(REFUSAL)
    expected = first.render(REFUSAL, sample(REFUSAL), known)
    copy.unlink()
    assert Renderer(folder, keep=keep).render(REFUSAL, sample(REFUSAL), known) == expected


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ lipsum.__globals__['os'].popen('id').read() }}",
        "{{ number.__class__.__mro__ }}",
        "{% set x = 1 %}",
        "{{ cycler }}",
        "{% for i in range(999999999) %}{% endfor %}",
        "{% include 'x' %}",
        "{{ number | attr('upper') }}",
        "{{ number() }}",
    ],
)
def test_a_hostile_template_is_not_compiled(tmp_path: Path, hostile: str) -> None:
    source = FOLDER / f"{REFUSAL.value}.docx"
    target = tmp_path / source.name
    target.write_bytes(
        _with_part(source, "word/document.xml", lambda part: part.replace("特此告知。".encode(), hostile.encode()))
    )
    with pytest.raises(TemplateFault):
        Renderer(tmp_path).render(REFUSAL, sample(REFUSAL))


def test_a_value_that_does_not_come_out_is_a_fault(tmp_path: Path) -> None:
    """A template that shows a field only sometimes passes the lint; the document is checked all the same."""
    source = FOLDER / f"{REFUSAL.value}.docx"
    target = tmp_path / source.name
    hidden = b"{% if copies_to == 'nobody' %}{{ way_forward }}{% endif %}"
    part = _parts(source.read_bytes())["word/document.xml"]
    assert b"{{ paragraph }}" in part
    start = part.rindex(b"{{ paragraph }}")
    changed = part[:start] + hidden + part[start + len(b"{{ paragraph }}") :]
    target.write_bytes(_with_part(source, "word/document.xml", lambda _: changed))
    with pytest.raises(TemplateFault, match="way_forward"):
        Renderer(tmp_path).render(REFUSAL, sample(REFUSAL))


def test_the_picture_is_the_code_that_segno_draws(renderer: Renderer) -> None:
    painter = QrPainter()
    for text in ("https://dingbian.example.cn/verify/7K3M-9QXT-2H8B-4WZD", "https://a.cn/v/0", "x" * 200):
        version = segno.make_qr(text, error="M", mode="byte", boost_error=False).version
        drawn = segno.make_qr(text, error="M", mode="byte", mask=0, version=version, boost_error=False)
        assert painter.modules(text) == [bytes(row) for row in drawn.matrix]
        assert painter.png(text).startswith(b"\x89PNG")


def test_ten_thousand_rows_come_out(renderer: Renderer) -> None:
    base = sample(DocumentKind.CERTIFICATE)
    assert isinstance(base, CertificateContext)
    rows = [row.model_copy(update={"person_name": f"示例{i}"}) for i in range(3_334) for row in base.changes]
    data = renderer.render(DocumentKind.CERTIFICATE, base.model_copy(update={"changes": rows}))
    assert "示例3333" in _text(data)


def test_every_context_has_a_template_and_every_sample_is_of_its_kind() -> None:
    assert set(CONTEXT_OF) == set(DocumentKind)
    for kind, model in CONTEXT_OF.items():
        assert type(sample(kind)) is model
        assert (FOLDER / f"{kind.value}.docx").exists()
    assert CertificateRow.model_fields


def _refusal(detail: str) -> RefusalNoticeContext:
    base = sample(REFUSAL)
    assert isinstance(base, RefusalNoticeContext)
    # model_construct: the shape would refuse some of these at the door; the renderer must not rely on it.
    fault = FaultLine.model_construct(label="标签", detail=detail, clause="条款")
    return base.model_copy(update={"faults": [fault]})


def _parts(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def _with_part(source: Path, name: str, change: object) -> bytes:
    parts = _parts(source.read_bytes())
    parts[name] = change(parts[name])  # type: ignore[operator]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for member, data in parts.items():
            archive.writestr(member, data)
    return out.getvalue()


def _text(data: bytes) -> str:
    parts = _parts(data)
    joined = "".join(p.decode() for n, p in parts.items() if re.fullmatch(r"word/(document|footer.*|header.*)\.xml", n))
    return re.sub("<[^>]*>", "", joined)


def _paragraphs(data: bytes) -> list[str]:
    tree = etree.fromstring(_parts(data)["word/document.xml"])
    out = []
    for paragraph in tree.iter(f"{W}p"):
        pieces = ["\n" if node.tag == f"{W}br" else (node.text or "") for node in paragraph.iter(f"{W}t", f"{W}br")]
        out.append("".join(pieces))
    return out


def _canonical(part: bytes) -> str:
    """XML without what docxtpl renumbers, so that two renderings can be compared."""
    tree = etree.fromstring(part)
    for node in tree.iter("{http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing}docPr"):
        node.set("id", "0")
    return etree.tostring(tree, method="c14n", exclusive=True).decode()
