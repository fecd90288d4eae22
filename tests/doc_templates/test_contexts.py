"""What contexts settle themselves: full stops, the numbers of headings, paragraphs of an article."""

from __future__ import annotations

import io
import re
import zipfile

import pytest
from lxml import etree

from doc_templates.samples import sample
from models.documents import ChangeReplyContext, DocumentContext, ProblemLine, ReplyArticle, SuspensionNoticeContext
from models.enums import DocumentKind
from models.phrasing import numeral
from records.render import Renderer

from .hard import one_row

REPLY = DocumentKind.CHANGE_REPLY
W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def lines_of(renderer: Renderer, kind: DocumentKind, context: DocumentContext) -> list[str]:
    """The paragraphs of the document as a reader sees them."""
    with zipfile.ZipFile(io.BytesIO(renderer.render(kind, context))) as archive:
        tree = etree.fromstring(archive.read("word/document.xml"))
    return ["".join(text.text or "" for text in paragraph.iter(f"{W}t")) for paragraph in tree.iter(f"{W}p")]


def reply(**changed: object) -> ChangeReplyContext:
    """The sample reply as a caller would make it, without the headings."""
    given = sample(REPLY).model_dump()
    kept = {name: value for name, value in given.items() if not name.endswith("_heading")}
    return ChangeReplyContext.model_validate({**kept, **changed})


@pytest.mark.parametrize(
    ("number", "said"), [(1, "一"), (9, "九"), (10, "十"), (11, "十一"), (20, "二十"), (21, "二十一")]
)
def test_numerals(number: int, said: str) -> None:
    assert numeral(number) == said


@pytest.mark.parametrize(
    ("changed", "headings"),
    [
        ({}, ["三、编制和领导职数", "四、内设机构", "五、组织实施"]),
        ({"quotas": []}, ["三、编制和领导职数", "四、内设机构", "五、组织实施"]),
        ({"quotas": [], "absorption": ""}, ["三、内设机构", "四、组织实施"]),
        ({"quotas": [], "absorption": "", "bodies": []}, ["三、组织实施"]),
        ({"articles": [], "bodies": []}, ["一、编制和领导职数", "二、组织实施"]),
        ({"quotas": [], "absorption": "", "bodies": [], "obligations": []}, []),
    ],
)
def test_headings_go_on_with_the_numbers_of_the_articles(
    renderer: Renderer, changed: dict[str, object], headings: list[str]
) -> None:
    context = reply(**changed)
    assert [context.quotas_heading, context.bodies_heading, context.obligations_heading] == [
        next((heading for heading in headings if heading.endswith(name)), "")
        for name in ("编制和领导职数", "内设机构", "组织实施")
    ]
    said = lines_of(renderer, REPLY, context)
    articles = [article.heading for article in context.articles]
    numbered = [line for line in said if line.partition("、")[0] in {numeral(n) for n in range(1, 20)}]
    assert numbered == [*articles, *headings]


def test_tables_stand_only_when_there_are_rows(renderer: Renderer) -> None:
    bare = reply(quotas=[], bodies=[], absorption="", obligations=[], copies_to="", clause="", minutes_no="")
    said = lines_of(renderer, REPLY, bare)
    assert not {"调整前", "调整后", "增减"} & set(said)
    assert not any("抄送" in line or "（）" in line for line in said)
    assert "此复。" in said


def test_a_frozen_reply_reads_back_as_it_was() -> None:
    context = reply()
    assert ChangeReplyContext.model_validate_json(context.model_dump_json()) == context


def test_paragraphs_of_an_article_may_be_a_list() -> None:
    assert (
        ReplyArticle.model_validate({"heading": "一、机构设置", "paragraphs": ["甲。", "乙。"]}).paragraphs
        == "甲。\n乙。"
    )


def test_no_document_prints_two_full_stops_or_none(renderer: Renderer) -> None:
    base = sample(DocumentKind.SUSPENSION_NOTICE)
    problems = [
        {**ProblemLine.model_validate(p).model_dump(), "facts": "未办理出编。"} for p in base.model_dump()["problems"]
    ]
    changed = {
        "problems": problems,
        "unaffected": "办理出编不受影响",
        "suspended": ["用编申请。", "机构编制调整申请；"],
    }
    context = SuspensionNoticeContext.model_validate({**base.model_dump(), **changed})
    said = lines_of(renderer, DocumentKind.SUSPENSION_NOTICE, context)
    assert "办理出编不受影响。" in said
    assert "1. 用编申请。" in said
    assert "2. 机构编制调整申请。" in said
    assert not any("。。" in line for line in said)


LISTED = (
    DocumentKind.ACCEPTANCE_NOTICE,
    DocumentKind.CORRECTION_NOTICE,
    DocumentKind.REFUSAL_NOTICE,
    DocumentKind.RECTIFICATION_NOTICE,
    DocumentKind.WARNING_LETTER,
    DocumentKind.SUSPENSION_NOTICE,
    DocumentKind.INSPECTION_NOTICE,
    DocumentKind.CHANGE_REPLY,
    DocumentKind.EVALUATION_SHEET,
)


@pytest.mark.parametrize("kind", LISTED)
def test_a_list_is_numbered_from_two_items_on(renderer: Renderer, kind: DocumentKind) -> None:
    def numbered(context: DocumentContext) -> set[str]:
        return {line[:3] for line in lines_of(renderer, kind, context) if re.match(r"\d\. ", line)}

    assert {"1. ", "2. "} <= numbered(sample(kind))
    assert numbered(one_row(kind)) == set()


def test_a_sheet_shows_a_dash_where_nothing_was_stated(renderer: Renderer) -> None:
    kind = DocumentKind.PHONE_RECORD
    changed = {"value": "", "threshold": "", "callee_position": "", "phone": "", "promised_by": ""}
    said = lines_of(renderer, kind, sample(kind).model_copy(update=changed))
    assert said.count("—") == 4
    assert "对方未承诺期限" in said


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_no_sample_reads_badly(renderer: Renderer, kind: DocumentKind) -> None:
    for line in lines_of(renderer, kind, sample(kind)):
        assert not any(slip in line for slip in ("。。", "，，", "；。", "（）", "《《", "：：", "，。"))
