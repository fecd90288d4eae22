"""The document form with red head (GB/T 9704-2012 §7): reply and report, as new templates. Texts: domain.md §13."""

from __future__ import annotations

from .kit import (
    DOCUMENT_FOOT,
    HEAD_SCALES,
    KAITI,
    MARGIN_BOTTOM,
    PAGE_NUMBER_GAP,
    TEXT_WIDTH,
    Sheet,
    chars,
    mark,
    page_field,
    para,
    run,
    signed,
    statement,
    strip,
)
from .letters import ABOVE_TABLE, items, paragraphs
from .supervision_letters import problem_table, ruled_list

_TAB = "<w:r><w:tab/></w:r>"
_NUMBER_LINE = 280
# What is left of the footer below the page number; one point less than there is, or the text block would move.
_BELOW_NUMBER = MARGIN_BOTTOM - DOCUMENT_FOOT - PAGE_NUMBER_GAP - _NUMBER_LINE - 20
_STRIP = 810


def _page_number(style: str, after: int) -> str:
    spacing = f'<w:spacing w:before="0" w:after="{after}" w:line="{_NUMBER_LINE}" w:lineRule="exact"/>'
    return para(style, "— ", page_field(), " —", props=spacing)


def _document(title: str, body: list[str], ending: str, number: list[str], more: str) -> Sheet:
    """Red head on page one, 版记 at the foot of the last page, page numbers outside on every page. 版记 is anchored to
    the closing phrase, which alone of the text stays with the signature (see `letters.letter`)."""
    opening = [
        *mark("HeadMark", "{{ issuer }}文件", HEAD_SCALES),
        *number,
        para("LetterTitle", "{{ title }}"),
        para("Addressee", "{{ addressee }}："),
    ]
    closing = [para("Closing", ending), *signed()]
    return Sheet(
        title=title,
        body=[*opening, *body, *_end_block(), *closing],
        footers={
            "first": _page_number("PageOdd", _BELOW_NUMBER - _STRIP) + strip("rIdQr", page=False, more=more) + _tail(),
            "default": _page_number("PageOdd", _BELOW_NUMBER),
            "even": _page_number("PageEven", _BELOW_NUMBER),
        },
        header_at=1000,
        footer_at=DOCUMENT_FOOT,
    )


def _tail() -> str:
    return para("Tail")


def _end_block() -> list[str]:
    """版记 in a frame at the foot of the page on which the document ends: lines, 抄送, 印发机关 and 印发日期."""
    frame = (
        f'<w:keepNext/><w:framePr w:w="{TEXT_WIDTH}" w:wrap="around" w:vAnchor="margin" w:hAnchor="margin" '
        'w:xAlign="left" w:yAlign="bottom"/>'
    )
    printed = "{% if printed_by %}{{ printed_by }}{% else %}{{ issuer }}{% endif %}"
    tabs = f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH - chars(1)}"/></w:tabs>'
    flat = f'{tabs}<w:ind w:left="{chars(1)}" w:right="0" w:hanging="0" w:firstLine="0"/>'
    return [
        para("EndRule", props=frame),
        statement("if copies_to"),
        para("EndText", "抄送：{{ copies_to }}。", props=frame),
        para("EndRuleInner", props=frame),
        statement("endif"),
        para("EndText", printed, _TAB, "{{ issued_on }}印发", props=frame + flat),
        para("EndRule", props=frame),
    ]


def _quotas() -> list[str]:
    columns = [
        (2800, "单位", "{{ change.unit }}"),
        (2444, "编制（职数）", "{{ change.label }}"),
        (1200, "调整前", "{{ change.before }}"),
        (1200, "调整后", "{{ change.after }}"),
        (1200, "增减", "{{ change.delta }}"),
    ]
    return [
        statement("if quotas_heading"),
        para("Level1", "{{ quotas_heading }}"),
        statement("endif"),
        statement("if quotas"),
        para("Closing", "编制和领导职数调整前后对照如下：", props=ABOVE_TABLE),
        ruled_list(columns, "change in quotas"),
        para("Tail"),
        statement("endif"),
        *paragraphs("absorption"),
    ]


def _bodies() -> list[str]:
    columns = [
        (2444, "单位", "{{ change.unit }}"),
        (3200, "调整前", "{{ change.before }}"),
        (3200, "调整后", "{{ change.after }}"),
    ]
    return [
        statement("if bodies"),
        para("Level1", "{{ bodies_heading }}"),
        para("Closing", "内设机构调整前后对照如下：", props=ABOVE_TABLE),
        ruled_list(columns, "change in bodies"),
        para("Tail"),
        statement("endif"),
    ]


def change_reply() -> Sheet:
    return _document(
        "批复",
        [
            para(
                "BodyText",
                "你单位《{{ request_title }}》{% if request_no %}（{{ request_no }}）{% endif %}收悉。"
                "{% if clause %}根据{{ clause }}，{% endif %}经{{ decided_by }}{{ decided_on }}研究决定"
                "{% if minutes_no %}（{{ minutes_no }}）{% endif %}，现批复如下：",
            ),
            statement("for article in articles"),
            para("Level1", "{{ article.heading }}"),
            *paragraphs("article.paragraphs"),
            statement("endfor"),
            *_quotas(),
            *_bodies(),
            statement("if obligations"),
            para("Level1", "{{ obligations_heading }}"),
            para("Closing", "请按照规定办理下列事项："),
            *items("duty in obligations", "{{ duty }}。"),
            statement("endif"),
        ],
        "此复。",
        [para("HeadNumber", "{{ number }}")],
        "来文单位：{{ unit_name }}　　签发：{{ signer }}　　经办：{{ handled_by }}",
    )


def inspection_report() -> Sheet:
    """A report goes upward: number at the left, 签发人 at the right of one line (GB/T 9704-2012 §7.2.6)."""
    upward = (
        f'<w:tabs><w:tab w:val="right" w:pos="{TEXT_WIDTH - chars(1)}"/></w:tabs>'
        f'<w:ind w:left="0" w:right="0" w:firstLine="{chars(1)}"/><w:jc w:val="left"/>'
    )
    number = [
        statement("if signer"),
        para("HeadNumber", "{{ number }}", _TAB, "签发人：", _kaiti("{{ signer }}"), props=upward),
        statement("endif"),
        statement("if not signer"),
        para("HeadNumber", "{{ number }}"),
        statement("endif"),
    ]
    return _document(
        "督查报告",
        [
            para(
                "BodyText",
                "{{ occasion }}，督查组（{{ team }}）于{{ visited_on }}对{{ unit_name }}开展了机构编制实地督查。"
                "现将有关情况报告如下：",
            ),
            para("Level1", "一、基本情况"),
            statement("for text in situation"),
            para("BodyText", "{{ text }}"),
            statement("endfor"),
            statement("if problems"),
            para("Level1", "二、发现的问题", props=ABOVE_TABLE),
            problem_table(),
            para("Tail"),
            statement("endif"),
            statement("if not problems"),
            para("Level1", "二、发现的问题"),
            para("BodyText", "未发现需要整改的问题。"),
            statement("endif"),
            para("Level1", "三、下一步工作"),
            *paragraphs("next_step"),
        ],
        "特此报告。",
        number,
        "督查单位：{{ unit_name }}　　经办：{{ handled_by }}",
    )


def _kaiti(text: str) -> str:
    return run(text, KAITI)
