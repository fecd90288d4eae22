"""The four letters (函, letter form of GB/T 9704-2012 §10.1), as new templates. Texts after domain.md §13."""

from __future__ import annotations

from .kit import TEXT_WIDTH, Sheet, cell, page_field, para, row, statement, strip, table


def _letter(title: str, body: list[str], ending: str = "特此通知。", name: str = "") -> Sheet:
    """Red mark and lines on page one, number flush right below the first line, copies at the foot of the last page."""
    opening = [
        para("Number", "{{ number }}"),
        para("LetterTitle", title),
        para("Addressee", "{{ unit_name }}："),
    ]
    # Before the closing and not after the date: a frame in between would part what must stay together.
    copies = [statement("if copies_to"), _copies(), statement("endif")]
    closing = [
        para("Closing", ending),
        para("Signature", "{{ issuer }}"),
        para("Date", "{{ issued_on }}"),
        para("Remark", "（联系人：{{ handled_by }}，电话：{{ contact | whole }}）"),
    ]
    return Sheet(
        title=name or title,
        body=[*opening, *body, *copies, *closing],
        headers={"first": para("Mark", "{{ issuer }}"), "default": para("Tail"), "even": para("Tail")},
        footers={
            "first": strip("rIdQr", page=False) + para("LetterFoot"),
            "default": para("PageOdd", "— ", page_field(), " —"),
            "even": para("PageEven", "— ", page_field(), " —"),
        },
    )


def _copies() -> str:
    """抄送, kept at the foot of the page on which the letter ends (版记 of the letter form has no lines). It is
    anchored to the closing, which stays on one page with signature and date."""
    frame = (
        f'<w:framePr w:w="{TEXT_WIDTH}" w:wrap="around" w:vAnchor="margin" w:hAnchor="margin" '
        'w:xAlign="left" w:yAlign="bottom"/>'
    )
    return para("Copies", "抄送：{{ copies_to }}。", props=frame)


def acceptance_notice() -> Sheet:
    return _letter(
        "用编申请受理通知书",
        [
            para(
                "BodyText",
                "你单位{{ submitted_on }}提交的《{{ application_title }}》（业务编号：{{ case_no | whole }}）收悉。"
                "经审查，符合条件，现受理下列事项：",
            ),
            statement("for line in lines"),
            para(
                "BodyText",
                "{{ loop.index }}. {{ line.label }}{{ line.number }}名，{{ line.way }}"
                "{% if line.internal_body %}，用于{{ line.internal_body }}{% endif %}。",
            ),
            statement("endfor"),
            para(
                "BodyText",
                "自{{ accepted_on }}受理，我办{{ due_on }}前（含当日）提出审核意见；"
                "补正、报请上级和会议研究的时间另计。",
            ),
            para(
                "BodyText",
                "核定单核发前，不得先行办理录用、调任、任职等手续。",
            ),
        ],
    )


def _faults() -> list[str]:
    return [
        statement("for fault in faults"),
        para(
            "BodyText",
            "{{ loop.index }}. {{ fault.label }}。{% if fault.detail %}{{ fault.detail }}。{% endif %}"
            "{% if fault.clause %}依据：{{ fault.clause }}。{% endif %}",
        ),
        statement("endfor"),
    ]


def correction_notice() -> Sheet:
    return _letter(
        "用编申请补正通知书",
        [
            para(
                "BodyText",
                "你单位{{ submitted_on }}提交的《{{ application_title }}》（业务编号：{{ case_no | whole }}）收悉。"
                "经审查，申请材料需要补正，现将全部需要补正的内容一次性告知如下：",
            ),
            *_faults(),
            para(
                "BodyText",
                "请于{{ reply_by }}前（含当日）按照上述内容补正并重新提交，办理期限自收到补正材料之日起重新计算。"
                "补正期间本申请不占用空余编制和领导职数。",
            ),
        ],
    )


def refusal_notice() -> Sheet:
    return _letter(
        "用编申请{{ act }}告知书",
        [
            para(
                "BodyText",
                "你单位{{ submitted_on }}提交的《{{ application_title }}》（业务编号：{{ case_no | whole }}）收悉。"
                "经{{ acted_by }}审查研究，决定{{ act }}，现告知如下：",
            ),
            para("Level1", "一、理由和依据"),
            *_faults(),
            statement("if opinion"),
            statement("if faults"),
            para("Level1", "二、审查意见"),
            statement("endif"),
            statement("for paragraph in opinion | lines"),
            para("BodyText", "{{ paragraph }}"),
            statement("endfor"),
            statement("endif"),
            statement("if basis"),
            para("BodyText", "依据：{{ basis }}。"),
            statement("endif"),
            para("Level1", "{% if faults and opinion %}三{% else %}二{% endif %}、后续途径"),
            statement("for paragraph in way_forward | lines"),
            para("BodyText", "{{ paragraph }}"),
            statement("endfor"),
        ],
        ending="特此告知。",
        name="用编申请告知书",
    )


_BELOW_TABLE = '<w:spacing w:before="140" w:after="0" w:line="579" w:lineRule="exact"/>'


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
    return _letter(
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
            ),
            slots,
            statement("if remaining"),
            para(
                "BodyText",
                "其余用编编号{{ remaining }}已经使用，继续有效。请持原核定单到我办注明作废的用编编号。",
                props=_BELOW_TABLE,
            ),
            statement("endif"),
            statement("if not remaining"),
            para(
                "BodyText",
                "请将原核定单交回我办注销；仍需用编的，可以重新申请。",
                props=_BELOW_TABLE,
            ),
            statement("endif"),
        ],
        name="核定单作废通知书",
    )
