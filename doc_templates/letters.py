"""The letter form (函, GB/T 9704-2012 §10.1) and the letters about applications and slips. Texts: domain.md §13."""

from __future__ import annotations

from .kit import (
    MARK_SCALES,
    ORDINAL,
    TEXT_WIDTH,
    Sheet,
    cell,
    mark,
    page_field,
    para,
    row,
    signed,
    statement,
    strip,
    table,
)


def letter(title: str, body: list[str], ending: str = "特此通知。", name: str = "", more: str = "") -> Sheet:
    """Red mark and lines on page one, number flush right below the first line, copies at the foot of the last page.

    Of the text, the closing phrase alone stays with signature and date; no paragraph of `body` keeps with the next but
    a heading or the words above a table, because LibreOffice moves such a paragraph as a whole and leaves its place
    empty. `name` is the title without variables; `more` goes into the verification strip.
    """
    opening = [
        para("Number", "{{ number }}"),
        para("LetterTitle", title),
        para("Addressee", "{{ unit_name }}："),
    ]
    # Before all that stays together and not in its midst, where LibreOffice would part it.
    copies = [statement("if copies_to"), _copies(), statement("endif")]
    closing = [
        para("Closing", ending),
        *signed(),
        para("Remark", "（联系人：{{ handled_by }}，电话：{{ contact | whole }}）"),
    ]
    return Sheet(
        title=name or title,
        body=[*opening, *body, *copies, *closing],
        headers={
            "first": "".join(mark("Mark", "{{ issuer }}", MARK_SCALES)),
            "default": para("Tail"),
            "even": para("Tail"),
        },
        footers={
            "first": strip("rIdQr", page=False, more=more) + para("LetterFoot"),
            "default": para("PageOdd", "— ", page_field(), " —"),
            "even": para("PageEven", "— ", page_field(), " —"),
        },
    )


def _copies() -> str:
    """抄送, kept at the foot of the page on which the letter ends (版记 of the letter form has no lines). It is
    anchored to the closing phrase after it, which stays on one page with signature and date."""
    frame = (
        f'<w:keepNext/><w:framePr w:w="{TEXT_WIDTH}" w:wrap="around" w:vAnchor="margin" w:hAnchor="margin" '
        'w:xAlign="left" w:yAlign="bottom"/>'
    )
    return para("Copies", "抄送：{{ copies_to }}。", props=frame)


def items(loop: str, text: str) -> list[str]:
    """Body paragraphs, one an item of a list, numbered 1. 2. 3.; a single one bears no number."""
    return [statement(f"for {loop}"), para("BodyText", ORDINAL + text), statement("endfor")]


def paragraphs(text: str) -> list[str]:
    """Body paragraphs of a text, one a line; none of an empty text."""
    return [statement(f"for paragraph in {text} | lines"), para("BodyText", "{{ paragraph }}"), statement("endfor")]


_RECEIVED = "你单位{{ submitted_on }}提交的《{{ application_title }}》（业务编号：{{ case_no | whole }}）收悉。"


def acceptance_notice() -> Sheet:
    return letter(
        "{{ matter }}受理通知书",
        [
            para("BodyText", _RECEIVED + "经审查，符合受理条件，现受理下列事项："),
            *items("line in lines", "{{ line.text }}。"),
            para(
                "BodyText",
                "自{{ accepted_on }}受理，我办{{ due_on }}前（含当日）提出审核意见；"
                "补正、报请上级和会议研究的时间另计。",
            ),
            *paragraphs("reminder"),
        ],
        name="受理通知书",
    )


def _faults() -> list[str]:
    return items(
        "fault in faults",
        "{{ fault.label }}。{% if fault.detail %}{{ fault.detail }}。{% endif %}"
        "{% if fault.clause %}依据：{{ fault.clause }}。{% endif %}",
    )


def correction_notice() -> Sheet:
    return letter(
        "{{ matter }}补正通知书",
        [
            para(
                "BodyText",
                _RECEIVED + "经审查，申请材料需要补正，现将全部需要补正的内容一次性告知如下：",
            ),
            *_faults(),
            para(
                "BodyText",
                "请于{{ reply_by }}前（含当日）按照上述内容补正并重新提交，办理期限自收到补正材料之日起重新计算。"
                "{{ standing }}",
            ),
        ],
        name="补正通知书",
    )


def refusal_notice() -> Sheet:
    return letter(
        "{{ matter }}{{ act }}告知书",
        [
            para(
                "BodyText",
                _RECEIVED
                + "经{{ acted_by }}审查研究，决定{% if part %}对其中{{ part }}{% endif %}{{ act }}，现告知如下：",
            ),
            para("Level1", "一、理由和依据"),
            *_faults(),
            statement("if opinion"),
            statement("if faults"),
            para("Level1", "二、审查意见"),
            statement("endif"),
            *paragraphs("opinion"),
            statement("endif"),
            statement("if basis"),
            para("BodyText", "依据：{{ basis }}。"),
            statement("endif"),
            para("Level1", "{% if faults and opinion %}三{% else %}二{% endif %}、后续途径"),
            *paragraphs("way_forward"),
        ],
        ending="特此告知。",
        name="不予受理（批准）告知书",
    )


ABOVE_TABLE = '<w:spacing w:before="0" w:after="100" w:line="579" w:lineRule="exact"/>'
BELOW_TABLE = '<w:spacing w:before="140" w:after="0" w:line="579" w:lineRule="exact"/>'


def revocation_notice() -> Sheet:
    widths = [640, 1500, 1750, 1250, 2600]
    widths.append(TEXT_WIDTH - sum(widths))
    titles = ["序号", "用编编号", "编制（职数）", "进入方式", "拟用内设机构", "承办部门"]
    values = ["loop.index", "slot.code", "slot.label", "slot.way", "slot.internal_body", "slot.department"]
    slots = table(
        widths,
        row(*[cell(w, para("CellLabel", t)) for w, t in zip(widths, titles, strict=True)], height=400, header=True),
        row(cell(TEXT_WIDTH, para("CellCentre", "{%tr for slot in slots %}"), span=len(widths))),
        row(
            *[cell(w, para("CellCentre", "{{ " + v + " }}")) for w, v in zip(widths, values, strict=True)],
            height=380,
        ),
        row(cell(TEXT_WIDTH, para("CellCentre", "{%tr endfor %}"), span=len(widths))),
    )
    return letter(
        "核定单{% if remaining %}部分{% endif %}作废通知书",
        [
            para(
                "BodyText",
                "我办{{ slip_issued_on }}核发你单位的《人员编制和领导职数核定单》"
                "（{{ slip_number }}）{% if remaining %}，其中未使用的用编编号{% else %}，{% endif %}"
                "自{{ revoked_on }}起作废。作废原因：{{ reason }}。",
            ),
            para(
                "BodyText",
                "下列用编编号失效，所占用的空余编制和领导职数已经收回，不得再据以办理任何手续：",
                props="<w:keepNext/>" + ABOVE_TABLE,
            ),
            slots,
            statement("if remaining"),
            para(
                "BodyText",
                "其余用编编号{{ remaining }}已经使用，继续有效。请持原核定单到我办注明作废的用编编号。",
                props=BELOW_TABLE,
            ),
            statement("endif"),
            statement("if not remaining"),
            para(
                "BodyText",
                "请将原核定单交回我办注销；仍需用编的，可以重新申请。",
                props=BELOW_TABLE,
            ),
            statement("endif"),
        ],
        name="核定单作废通知书",
    )
