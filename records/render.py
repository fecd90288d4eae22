"""Official documents from templates: compiled once per process, the same bytes for the same input.

A template is read once; its templated parts go through docxtpl's own patching into Jinja code, all other zip
members are kept as compressed bytes, and a document is those bytes plus the few rendered parts and its QR
picture (documents.md 4-5, anchors.md 12). Values are text, never markup: escaped once, refused when unsafe.
"""

from __future__ import annotations

import functools
import io
import posixpath
import re
import threading
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
from docxtpl import DocxTemplate
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from lxml import etree
from markupsafe import Markup, escape

from doc_templates import constructs, kit
from models.documents import CONTEXT_OF, DocumentContext
from models.enums import DocumentKind
from models.sealing import HashName, digest
from models.shape import Shape, plain_text

from .picture import QrPainter
from .store import RecordStore, StoreFault
from .zipping import Member, assemble, pack

FOLDER = Path(kit.__file__).parent
_RELATIONS = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_TEMPLATED = re.compile(r"word/(document|header[^/]*|footer[^/]*)\.xml")
_BREAK = '</w:t><w:br/><w:t xml:space="preserve">'
_WHOLE_HYPHEN = '</w:t><w:noBreakHyphen/><w:t xml:space="preserve">'
_TEXT = re.compile(r"<w:t(?: [^>]*)?>([^<]*)</w:t>")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_END = f'w:name="{kit.END_MARK}"'
_MAX_TEMPLATE = 5_000_000


class TemplateFault(Exception):
    """The template is missing, altered or wrong, or a value did not come out: the case waits for a person."""


class TextFault(ValueError):
    """A value of the context holds characters that no document may hold; `field` names it."""

    def __init__(self, field: str, reason: str) -> None:
        self.path, self.reason = field, reason
        self.field = field.removeprefix(".")
        super().__init__(f"{self.field}: {reason}")


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
        self._painter = QrPainter()
        self._lock = threading.Lock()
        self._current: dict[DocumentKind, tuple[tuple[int, int], _Compiled]] = {}
        self._known: dict[str, _Compiled] = {}

    def template_digest(self, kind: DocumentKind) -> str:
        """Digest of the template as it stands now. Raises TemplateFault."""
        return self._compiled(kind).digest

    def render(self, kind: DocumentKind, context: DocumentContext, template_digest: str | None = None) -> bytes:
        """The document. With `template_digest`, made from that very template or not at all.

        Raises TextFault for a value with unsafe characters, TemplateFault for everything that is the template's.
        """
        if type(context) is not CONTEXT_OF[kind]:
            raise TemplateFault(f"{kind}: 上下文不符 · context is {type(context).__name__}")
        compiled = self._compiled(kind, template_digest)
        values: dict[str, Any] = _safe(context, {})
        qr = self._painter.png(context.seal.verify_url)
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
            compiled = self._remember(kind, path.read_bytes(), path.name)
            self._current[kind] = (mark, compiled)
            return compiled

    def _kept(self, kind: DocumentKind, wanted: str) -> _Compiled:
        if self._keep is None or self._keep.path(wanted) is None:
            raise TemplateFault(f"{kind.value}.docx: 模板与编号时不同 · differs from the template at numbering")
        known = self._known.get(wanted)
        if known is not None:
            return known
        try:
            data = self._keep.get(wanted)
        except StoreFault as error:
            raise TemplateFault(str(error)) from error
        with self._lock:
            return self._remember(kind, data, f"{kind.value}.docx@{wanted[:8]}")

    def _remember(self, kind: DocumentKind, data: bytes, name: str) -> _Compiled:
        found = digest(data, self._hash_name)
        if found not in self._known:
            self._known[found] = _Compiled(kind, data, name, found)
            if self._keep is not None:
                self._keep.put(data, found)
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
        except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError, jinja2.TemplateSyntaxError) as error:
            raise TemplateFault(f"{name}: 模板无法读取 · cannot be read: {error}") from error

    def document(self, values: dict[str, Any], qr: bytes) -> bytes:
        rendered: list[Member] = []
        texts: list[str] = []
        for part in self._parts:
            try:
                xml = part.code.render(values)
            except jinja2.TemplateError as error:
                raise TemplateFault(f"{self._name} {part.name}: {error}") from error
            if part.name == "word/document.xml" and (_END not in xml[-20_000:] or not xml.endswith("</w:document>")):
                raise TemplateFault(f"{self._name}: 文末标记缺失，文件可能被截断 · end mark is missing")
            texts += _TEXT.findall(xml.replace(_WHOLE_HYPHEN, "-"))
            rendered.append(pack(part.name, xml.encode()))
        _all_stand(values, texts, self._name)
        rendered += [Member.stored(name, qr) for name in self._pictures]
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


def _lines(text: str) -> list[str]:
    """Filter `lines`: the lines of a long text, each to become a paragraph."""
    return [Markup(line) for line in str(text).split(_BREAK) if line]  # noqa: S704 - parts of an escaped text


def whole(text: str) -> str:
    """Filter `whole`: a number that no line may break at its hyphens, e.g. 用编2026-00012."""
    return Markup(str(text).replace("-", _WHOLE_HYPHEN))  # noqa: S704 - an escaped text


class _Environment(ImmutableSandboxedEnvironment):
    """The sandbox, with the short way for what contexts are made of: the keys of plain dicts."""

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)


def _environment() -> jinja2.Environment:
    environment = _Environment(autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True)
    environment.globals.clear()
    environment.filters = {"lines": _lines, "whole": whole}
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


def _safe(value: object, seen: dict[str, Markup]) -> Any:
    """The value with all text checked and escaped once; line feeds become Word line breaks.

    `seen` holds the texts of this document that were done before: columns of a table repeat themselves.
    Raises TextFault naming the field of an unsafe character; the path is put together only then.
    """
    if isinstance(value, str):
        done = seen.get(value)
        if done is None:
            done = seen[value] = _safe_text(value)
        return done
    if isinstance(value, Shape):
        return {name: _step(getattr(value, name), f".{name}", seen) for name in _field_names(type(value))}
    if isinstance(value, list):
        return [_step(item, place, seen) for place, item in enumerate(value)]
    raise TextFault("", f"{type(value).__name__} 不是文字 · is not text")


def _step(value: object, name: str | int, seen: dict[str, Markup]) -> Any:
    try:
        return _safe(value, seen)
    except TextFault as fault:
        here = name if isinstance(name, str) else f"[{name}]"
        raise TextFault(here + fault.path, fault.reason) from None


def _safe_text(value: str) -> Markup:
    try:
        text = plain_text(value)
    except ValueError as error:
        raise TextFault("", str(error)) from None
    escaped = escape(text)
    # Markup.replace would escape the break itself.
    return Markup(str(escaped).replace("\n", _BREAK)) if "\n" in text else escaped  # noqa: S704 - escaped just above


@functools.cache
def _field_names(model: type[Shape]) -> tuple[str, ...]:
    return tuple(model.model_fields)


def _all_stand(values: dict[str, Any], texts: list[str], name: str) -> None:
    """Every value of the context stands in the text of the document, or TemplateFault.

    Most values are a text of their own; the others are looked for in the joined text, rows of a list from
    where the row before was found, so that a long table costs linear time.
    """
    whole = frozenset(texts)
    joined = "".join(texts)
    for field, value in values.items():
        if isinstance(value, list):
            start = 0
            for place, item in enumerate(value):
                start = _stand(item, whole, joined, start, f"{name}: {field}[{place}]")
        else:
            _stand(value, whole, joined, 0, f"{name}: {field}")


def _stand(value: Any, whole: frozenset[str], joined: str, start: int, where: str) -> int:
    """Check one value or the values of one row; the earliest place found, from which the next row is sought."""
    earliest = -1
    strings = value.values() if isinstance(value, dict) else (value,)
    for text in strings:
        for line in text.split(_BREAK) if _BREAK in text else (text,):
            if not line or line in whole:
                continue
            at = joined.find(line, start)
            if at < 0:
                at = joined.find(line)
            if at < 0:
                raise TemplateFault(f"{where} 未出现在文件中 · does not stand in the document")
            earliest = at if earliest < 0 else min(earliest, at)
    return start if earliest < 0 else max(start, earliest)
