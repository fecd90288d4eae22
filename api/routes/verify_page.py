"""What a person sees who scans the code on a paper: the answer of `GET /verify/{code}` in words."""

from __future__ import annotations

from html import escape

from fastapi.responses import HTMLResponse

from models.documents import RecordCheck

from ..html import page

_SAID = {
    "valid": ("有效", "valid"),
    "void": ("作废", "void"),
    "superseded": ("已被替代", "superseded"),
    "altered": ("已改动", "altered"),
    "unknown": ("查无此件", "unknown"),
    "extract": ("管理证摘录", "an extract of a certificate"),
}
_LATEST = {"valid": "有效 valid", "void": "作废 void", "unknown": "未成文 not made yet"}
_TITLE = "公文核验 · Verification of a document"
_NOTE = (
    '请核对上列各项与纸面是否一致；要核验文件本身，请<a href="/console/verify">上传电子文件</a>。'
    ' · Compare these facts with the paper; the file itself is verified by <a href="/console/verify">uploading it</a>.'
)


def wants_page(accept: str) -> bool:
    """Whether an `Accept` header asks for HTML rather than JSON (RFC 9110 §12.5.1); `*/*` alone does not."""
    weights = dict(_weighed(part) for part in accept.lower().split(",")[:20])
    html = weights.get("text/html", 0.0)
    return html > 0 and html >= weights.get("application/json", 0.0)


def _weighed(part: str) -> tuple[str, float]:
    kind, *parameters = (piece.strip() for piece in part.split(";"))
    given = next((value[2:] for value in parameters if value.startswith("q=")), "1")
    try:
        return kind, float(given)
    except ValueError:
        return kind, 0.0


def _destroyed(found: RecordCheck) -> str | None:
    """When and by which list; the document was genuine, and its number stands in the register."""
    if found.destroyed_on is None:
        return None
    return f"{found.destroyed_on.isoformat()}，《文件销毁清册》{found.destroyed_by or ''}"


def verdict_page(code: str, found: RecordCheck) -> HTMLResponse:
    """The facts of the JSON, each once, Chinese first; nothing else, because whoever holds the paper may read it."""
    said, gloss = _SAID[found.status]
    facts = [
        ("核验编码 · code", code),
        ("文号 · number", found.number),
        ("文件种类 · kind", found.kind.label if found.kind else None),
        ("文件形式 · form", f"{found.rendition.label} · {found.rendition.gloss}" if found.rendition else None),
        ("标题 · title", found.own_title),
        ("印发日期 · issued on", found.issued_on.isoformat() if found.issued_on else None),
        ("印发机关 · issuer", found.issuer),
        ("替代文号 · superseded by", found.superseded_by),
        ("期满销毁 · destroyed after its period", _destroyed(found)),
        ("最终替代文号 · latest", f"{found.latest}（{_LATEST[found.latest_status]}）" if found.latest_status else None),
    ]
    rows = "".join(f"<tr><th>{name}</th><td>{escape(value)}</td></tr>" for name, value in facts if value)
    tone = "well" if found.status == "valid" else "ill"
    return page(
        _TITLE,
        f'<h1>{_TITLE}</h1><p class="said {tone}">{said} · {gloss}</p><table>{rows}</table><p>{_NOTE}</p>',
        Vary="Accept",
    )
