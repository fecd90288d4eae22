"""Official documents from templates: compiled once per process, the same bytes for the same input.

A template is read once; its templated parts go through docxtpl's own patching into Jinja code, all other zip
members are kept as compressed bytes, and a document is those bytes plus the few rendered parts and its QR
picture (documents.md 4-5, anchors.md 12). Values are text, never markup: escaped once, refused when unsafe.
A rendered part is written in pieces and is never in memory as a whole.
"""

from __future__ import annotations

import io
import posixpath
import re
import threading
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, cast

import jinja2
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined, nodes
from jinja2.compiler import CodeGenerator, Frame
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree

from doc_templates import constructs, kit
from models.documents import CONTEXT_OF, DocumentContext
from models.enums import DocumentKind
from models.sealing import HashName, digest

from .picture import QrPainter
from .store import UNREADABLE, RecordStore, StoreFault
from .texts import BREAK, WHOLE_HYPHEN, Printed, Texts, safe
from .texts import TextFault as TextFault
from .zipping import Member, Packer, assemble, pack

FOLDER = Path(kit.__file__).parent
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TEMPLATED = re.compile(r"word/(document|header[^/]*|footer[^/]*)\.xml")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_END = f'w:name="{kit.END_MARK}"'.encode()
_MAX_TEMPLATE = 5_000_000
_PIECE = 32_768
"""Bytes that are written at once: what is made of them stays in the processor's cache."""

_MOST_KEPT = 64
"""Templates of documents numbered before a template was changed; the oldest is read again when it is needed."""


_PAINTER = QrPainter()
"""One for the process: what was learnt of an address is learnt for every renderer."""


class TemplateFault(Exception):
    """The template is missing, altered or wrong, or a value did not come out: the case waits for a person."""


class Renderer:
    """Renders contexts into .docx bytes. Thread-safe; templates are compiled at first use.

    `keep` is a store in which every template used is kept under its digest, so that a document numbered
    before an official changed the template is still made from the template it was numbered with.
    """

    def __init__(
        self, folder: Path | None = None, hash_name: HashName = "sm3", keep: RecordStore | None = None
    ) -> None:
        self._folder = folder or FOLDER
        self._hash_name: HashName = hash_name
        self._keep = keep
        self._lock = threading.Lock()
        self._current: dict[DocumentKind, tuple[tuple[int, int], _Compiled]] = {}
        self._known: dict[str, _Compiled] = {}
        self.observe: Callable[[str, str, float], None] | None = None
        """Told of every document: its kind, `made` or `fault`, and the seconds it took."""

    def template_digest(self, kind: DocumentKind) -> str:
        """Digest of the template as it stands now. Raises TemplateFault."""
        return self._compiled(kind).digest

    def render(self, kind: DocumentKind, context: DocumentContext, template_digest: str | None = None) -> bytes:
        """The document. With `template_digest`, made from that very template or not at all.

        Raises TextFault for a value with unsafe characters, TemplateFault for everything that is the template's.
        """
        begun, outcome = time.perf_counter(), "fault"
        try:
            made = self._rendered(kind, context, template_digest)
            outcome = "made"
            return made
        finally:
            if self.observe is not None:
                self.observe(kind.value, outcome, time.perf_counter() - begun)

    def _rendered(self, kind: DocumentKind, context: DocumentContext, template_digest: str | None) -> bytes:
        if type(context) is not CONTEXT_OF[kind]:
            raise TemplateFault(f"{kind}: 上下文不符 · context is {type(context).__name__}")
        compiled = self._compiled(kind, template_digest)
        values: dict[str, Any] = safe(context.printed(), Texts())
        qr = _PAINTER.png(context.seal.verify_url)
        return compiled.document(values, qr)

    def _compiled(self, kind: DocumentKind, wanted: str | None = None) -> _Compiled:
        """The template of today when it is the one `wanted` (or none is), else the one kept under that digest."""
        try:
            compiled = self._today(kind)
        except TemplateFault:
            if wanted is None or self._keep is None:
                raise
            return self._kept(kind, wanted)
        return compiled if wanted in (None, compiled.digest) else self._kept(kind, str(wanted))

    def _today(self, kind: DocumentKind) -> _Compiled:
        path = self._folder / f"{kind.value}.docx"
        try:
            stat = path.stat()
        except OSError:
            raise TemplateFault(f"{path.name}: 模板缺失 · template is missing") from None
        mark = (stat.st_mtime_ns, stat.st_size)
        found = self._current.get(kind)
        if found is not None and found[0] == mark:
            return found[1]
        with self._lock:
            try:
                data = path.read_bytes()
            except OSError as error:
                raise TemplateFault(f"{path.name}: 模板读不出（{error.strerror}）· cannot be read") from None
            compiled = self._remember(kind, data, path.name)
            self._current[kind] = (mark, compiled)
            return compiled

    def _kept(self, kind: DocumentKind, wanted: str) -> _Compiled:
        gone = f"{kind.value}.docx: 模板与编号时不同 · differs from the template at numbering"
        if self._keep is None:
            raise TemplateFault(gone)
        known = self._known.get(wanted)
        if known is not None:
            return known
        try:
            data = self._keep.get(wanted)
        except (StoreFault, OSError) as error:
            raise TemplateFault(f"{gone}（{error}）") from error
        with self._lock:
            return self._remember(kind, data, f"{kind.value}.docx@{wanted[:8]}")

    def _remember(self, kind: DocumentKind, data: bytes, name: str) -> _Compiled:
        found = digest(data, self._hash_name)
        if found not in self._known:
            compiled = _compile(kind, data, name, found)
            if self._keep is not None:
                try:
                    self._keep.put(data, found)
                except (StoreFault, OSError) as error:
                    # not used unless it is kept: a number must not rest on a template that may be gone tomorrow
                    raise TemplateFault(f"{name}: 模板未能存档 · the template could not be kept: {error}") from error
            if len(self._known) >= _MOST_KEPT:
                del self._known[next(iter(self._known))]
            self._known[found] = compiled
        return self._known[found]


@dataclass(frozen=True, slots=True)
class _Part:
    name: str
    code: jinja2.Template


class _Compiled:
    """One template: Jinja code of its templated parts and the compressed bytes of all others."""

    def __init__(self, kind: DocumentKind, data: bytes, name: str, found: str) -> None:
        self.digest = found
        self._name = name
        self._pictures: list[str] = []
        self._parts: list[_Part] = []
        self._fixed: list[Member] = []
        if len(data) > _MAX_TEMPLATE:
            raise TemplateFault(f"{name}: 模板过大 · template is too large")
        try:
            self._read(kind, data)
        except (*UNREADABLE, KeyError, etree.LxmlError, jinja2.TemplateSyntaxError) as error:
            raise TemplateFault(f"{name}: 模板无法读取 · cannot be read: {error}") from error

    def document(self, values: dict[str, Any], qr: bytes) -> bytes:
        rendered = [Member.stored(name, qr) for name in self._pictures]
        printed = Printed()
        for part in self._parts:
            packer = Packer(part.name)
            before = piece = b""
            try:
                written = part.code.root_render_func(part.code.new_context(values))
                for following in _pieces(cast("Iterator[bytes]", written)):
                    before, piece = piece, following
                    packer.add(piece)
                    printed.add(piece)
            except (jinja2.TemplateError, KeyError, TypeError) as error:
                raise TemplateFault(f"{self._name} {part.name}: {error}") from error
            if part.name == "word/document.xml" and not _ends(before + piece):
                raise TemplateFault(f"{self._name}: 文末标记缺失，文件可能被截断 · end mark is missing")
            rendered.append(packer.member())
        missing = printed.first_missing(values)
        if missing is not None:
            raise TemplateFault(f"{self._name}: {missing} 未出现在文件中 · does not stand in the document")
        return assemble([*self._fixed, *rendered])

    def _read(self, kind: DocumentKind, data: bytes) -> None:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = sorted(archive.namelist())
            if len(names) != len(set(names)) or sum(i.file_size for i in archive.infolist()) > 4 * _MAX_TEMPLATE:
                raise TemplateFault(f"{self._name}: 压缩包异常 · suspicious zip")
            templated = [n for n in names if _TEMPLATED.fullmatch(n)]
            sources = {n: patched(archive.read(n)) for n in templated}
            found = constructs.check(kind, {n: source for n, source in sources.items() if "{" in source})
            if found:
                raise TemplateFault(f"{self._name}: {found[0]}")
            pictures = {target for n in templated for target in qr_targets(archive, n)}
            if not pictures:
                raise TemplateFault(f"{self._name}: 缺少二维码图片 · QR picture is missing")
            self._pictures = sorted(pictures)
            for name in names:
                if name in sources and ("{{" in sources[name] or "{%" in sources[name]):
                    self._parts.append(_Part(name, ENVIRONMENT.from_string(sources[name])))
                elif name not in pictures and not name.endswith("/"):
                    self._fixed.append(pack(name, archive.read(name), level=9))
        if not any(part.name == "word/document.xml" for part in self._parts):
            raise TemplateFault(f"{self._name}: 正文没有变量 · the body has no variables")


@lru_cache(maxsize=_MOST_KEPT)
def _compile(kind: DocumentKind, data: bytes, name: str, found: str) -> _Compiled:
    """Once in a process, however many renderers it has."""
    return _Compiled(kind, data, name, found)


def _ends(xml: bytes) -> bool:
    return _END in xml and xml.endswith(b"</w:document>")


def _pieces(texts: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in pieces of some size; none of them ends inside a value."""
    waiting: list[bytes] = []
    size = 0
    for text in texts:
        waiting.append(text)
        size += len(text)
        if size >= _PIECE:
            yield b"".join(waiting)
            waiting, size = [], 0
    yield b"".join(waiting)


def _lines(text: bytes) -> list[bytes]:
    """Filter `lines`: the lines of a long text, each to become a paragraph."""
    return [line for line in text.split(BREAK) if line]


def _whole(text: bytes) -> bytes:
    """Filter `whole`: a number that no line may break at its hyphens, e.g. 用编2026-00012."""
    return text.replace(b"-", WHOLE_HYPHEN)


def _length(value: bytes | list[Any]) -> int:
    """Filter `length`: characters of a text, rows of a list."""
    return len(value.decode() if isinstance(value, bytes) else value)


class _Code(CodeGenerator):
    """Jinja's Python for what `constructs` allows, writing UTF-8: a field is a key of a plain dict and its value a
    finished text, so that nothing is looked up as an attribute or escaped again, and a row of a table is one piece."""

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:
        self.newline(node)
        self.write("yield b''.join((")
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                self.write(repr(child.data.encode()))
            else:
                self.write("b'%d' % " if _is_number(child) else "")
                self.visit(child, frame)
            self.write(", ")
        self.write("))")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        self.visit(node.node, frame)
        self.write(f".{node.attr}" if _is_number(node) else f"[{node.attr!r}]")

    def visit_Const(self, node: nodes.Const, frame: Frame) -> None:
        self.write(repr(node.value.encode() if isinstance(node.value, str) else node.value))


def _is_number(node: nodes.Node) -> bool:
    """`loop.index` and its like, and a length: all that is neither a text nor a list."""
    if isinstance(node, nodes.Filter):
        return node.name == "length"
    return isinstance(node, nodes.Getattr) and isinstance(node.node, nodes.Name) and node.node.name == "loop"


class _Environment(ImmutableSandboxedEnvironment):
    code_generator_class = _Code


def _environment() -> jinja2.Environment:
    # Without autoescape: every value was escaped before (`Texts`), and twice would print &amp;lt;.
    environment = _Environment(undefined=StrictUndefined, keep_trailing_newline=True)
    environment.globals.clear()
    environment.filters = {"lines": _lines, "whole": _whole, "length": _length}
    return environment


ENVIRONMENT = _environment()


def patched(part: bytes) -> str:
    """The part as Jinja source, by docxtpl's own patching (anchors.md 12)."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    source: str = etree.tostring(etree.fromstring(part, parser), encoding="unicode")
    if "{" not in source:
        return source
    template: str = DocxTemplate(None).patch_xml(source)
    return _DECLARATION + template


def qr_targets(archive: zipfile.ZipFile, part: str) -> list[str]:
    """Zip members that hold the QR picture of a part, found by its description (Word renames the files)."""
    tree = etree.fromstring(archive.read(part))
    spaces = {"wp": "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing"}
    spaces["a"] = "http://schemas.openxmlformats.org/drawingml/2006/main"
    spaces["r"] = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    wanted = tree.xpath(
        "//*[wp:docPr[@descr=$text or @name=$name]]//a:blip/@r:embed",
        namespaces=spaces,
        text=kit.QR_TEXT,
        name=kit.QR_NAME,
    )
    if not wanted:
        return []
    folder, name = posixpath.split(part)
    relations = etree.fromstring(archive.read(f"{folder}/_rels/{name}.rels"))
    targets = {r.get("Id"): r.get("Target") for r in relations.iter(_RELATIONS)}
    return [posixpath.normpath(posixpath.join(folder, targets[ident])).lstrip("/") for ident in wanted]
