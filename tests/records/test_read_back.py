"""Each document read back with python-docx: every field of its context stands at its place.

`PLACES` says for each document where each field is to be found; a field that no place names fails the test, and so
does a place whose text differs from the context by one sign.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from doc_templates.constructs import fields_of
from doc_templates.samples import sample
from models.documents import CONTEXT_OF, DocumentContext
from models.enums import DocumentKind as Kind
from models.paper import TRIAL
from records.render import Renderer
from tests.doc_templates.hard import ISSUERS, hard
from tests.support.read_docx import read
from tests.support.read_page import Page

BALANCE = ("label", "authorised", "occupied", "reserved", "set_aside", "vacancy")
BALANCE_TITLES = ("核定", "实有", "已核未落", "预留", "空余")
PERSON = (
    "person_name/person_sex",
    "birth_month/identity_masked",
    "label/internal_body",
    "position",
    "entered_on/basis_no",
    "left_on/reason",
)
PERSON_TITLES = (
    "姓名/性别",
    "出生年月/身份证件",
    "编制（职数）/内设机构",
    "职务岗位",
    "落编日期/依据文号",
    "出编日期/原因",
)


def _strip(page: Page, more: str = "") -> None:
    """The verification strip at the foot."""
    wanted = [
        "核验码：{seal.code}　　业务编号：{case_no}　　台账链第{seal.chain_seq}行",
        "链尾摘要：{seal.chain_head}",
        "扫描左侧二维码，或登录{seal.verify_url}{seal.address_note}核验；以登记簿所载为准。",
        *([more] if more else []),
    ]
    for pattern in wanted:
        assert page.fill(pattern) in page.read.foot, pattern


def _signed(page: Page) -> None:
    long_name = len(str(page.values["issuer"])) > 14
    page.says("发文机关署名（长）" if long_name else "发文机关署名", "{issuer}")
    assert len(page.read.styled("发文机关署名（长）") + page.read.styled("发文机关署名")) == 1
    page.says("成文日期", "{issued_on}")


def _letter(page: Page, more: str = "") -> None:
    assert ("发文机关标志", page.fill("{issuer}")) in page.read.head
    page.says("发文字号", "{number}")
    page.says("主送机关", "{unit_name}：")
    _signed(page)
    page.says("附注", "（联系人：{handled_by}，电话：{contact}）")
    copies = page.read.styled("抄送")
    assert copies == ([page.fill("抄送：{copies_to}。")] if page.has("copies_to") else [])
    page.found.add("copies_to")
    _strip(page, more)


def _matter(page: Page, kind: str, style: str, rest: str) -> None:
    page.says("公文标题", "{matter}" + kind)
    page.says(style, "你单位{submitted_on}提交的《{application_title}》（业务编号：{case_no}）收悉。" + rest)
    _letter(page)


def _faults(page: Page) -> None:
    for place, fault in enumerate(page.values["faults"], start=1):
        detail = "{.detail}。" if fault["detail"] else ""
        clause = "依据：{.clause}。" if fault["clause"] else ""
        assert page.fill("{#}. {.label}。" + detail + clause, fault, "faults", place) in page.read.styled("公文正文")


def acceptance(page: Page) -> None:
    _matter(page, "受理通知书", "公文正文", "经审查，符合受理条件，现受理下列事项：")
    page.items("lines", "{#}. {.text}。")
    page.says(
        "公文正文",
        "自{accepted_on}受理，我办{due_on}前（含当日）提出审核意见；补正、报请上级和会议研究的时间另计。",
    )
    page.lines("公文正文", "reminder")


def correction(page: Page) -> None:
    rest = "经审查，申请材料需要补正，现将全部需要补正的内容一次性告知如下："
    _matter(page, "补正通知书", "公文正文", rest)
    _faults(page)
    text = "请于{reply_by}前（含当日）按照上述内容补正并重新提交，办理期限自收到补正材料之日起重新计算。{standing}"
    page.says("公文正文", text)


def refusal(page: Page) -> None:
    part = "对其中{part}" if page.has("part") else ""
    page.found.add("part")
    _matter(page, "{act}告知书", "公文正文", "经{acted_by}审查研究，决定" + part + "{act}，现告知如下：")
    _faults(page)
    page.lines("公文正文", "opinion")
    if page.has("basis"):
        page.says("公文正文", "依据：{basis}。")
    page.found.add("basis")
    page.lines("公文正文", "way_forward")


def revocation(page: Page) -> None:
    rest = page.has("remaining")
    page.found.add("remaining")
    page.says("公文标题", "核定单部分作废通知书" if rest else "核定单作废通知书")
    what = "，其中未使用的用编编号" if rest else "，"
    page.says(
        "公文正文",
        "我办{slip_issued_on}核发你单位的《人员编制和领导职数核定单》（{slip_number}）"
        + what
        + "自{revoked_on}起作废。作废原因：{reason}。",
    )
    titles = ("用编编号", "编制（职数）", "进入方式", "拟用内设机构", "承办部门")
    page.table("slots", titles, ("code", "label", "way", "internal_body", "department"))
    if rest:
        page.says("公文正文", "其余用编编号{remaining}已经使用，继续有效。请持原核定单到我办注明作废的用编编号。")
    _letter(page)


def rectification(page: Page) -> None:
    page.says("公文正文", "经{found_by}，发现你单位在机构编制方面存在问题。现将整改事项通知如下：")
    said = page.read.styled("公文正文")
    for place, problem in enumerate(page.values["problems"], start=1):
        clause = "依据：{.clause}。" if problem["clause"] else ""
        late = "，{.overdue}" if problem["overdue"] else ""
        facts = "{#}. {.kind}（问题编号：{.no}，来源：{.source}）。{.facts}。" + clause
        assert page.fill(facts, problem, "problems", place) in said
        wanted = "{#}. {.measure}。期限：{.due}（含当日）" + late + "。"
        assert page.fill(wanted, problem, "problems", place) in said
    page.says(
        "公文正文",
        "请于{report_by}前（含当日）向我办书面报告整改结果，逐项说明完成情况并附佐证材料；"
        "确需延期的，请在期限届满前书面申请。我办派员实地检查验收，合格的予以销号。",
    )
    page.lines("公文正文", "consequence")
    _letter(page)


def warning(page: Page) -> None:
    page.says("公文正文", "{occasion}，你单位存在下列情形：")
    for place, finding in enumerate(page.values["findings"], start=1):
        clause = "依据：{.clause}。" if finding["clause"] else ""
        assert page.fill("{#}. {.text}。" + clause, finding, "findings", place) in page.read.styled("公文正文")
    page.lines("公文正文", "risk")
    page.lines("公文正文", "request")
    page.says("公文正文", "请于{reply_by}前（含当日）将核实情况和采取的措施书面回复我办。")
    page.says("公文结语", "特此函告。")
    page.lines("公文正文", "consequence")
    _letter(page)


def _problem_table(page: Page) -> None:
    """One row a problem; the last cell has the term and, below it, by how much it is overdue."""
    wanted = []
    for problem in page.values["problems"]:
        late = "\n{.overdue}" if problem["overdue"] else ""
        clause = "{.clause}" if problem["clause"] else "—"
        cells = ("{.no}", "{.kind}（{.source}）：{.facts}。", clause, "{.measure}。", "{.due}" + late)
        wanted.append([page.fill(cell, problem, "problems") for cell in cells])
    heads = ["编号", "问题", "依据", "整改要求", "整改期限"]
    assert [heads, *wanted] in page.read.tables


def suspension(page: Page) -> None:
    page.says(
        "公文正文",
        "根据{basis}，经{decided_by}决定，自{from_on}起暂停受理{covered}的机构编制事项申请。现将有关事项通知如下：",
    )
    _problem_table(page)
    page.items("suspended", "{#}. {}。")
    page.lines("公文正文", "unaffected")
    page.lines("公文正文", "lifted_when")
    page.says("公文正文", "对本通知有异议的，可以于{review_by}前（含当日）书面向我办申请复核。")
    _letter(page)


def resumption(page: Page) -> None:
    page.says(
        "公文正文",
        "暂停受理你单位机构编制事项申请（{suspension_number}）所依据的问题，经实地检查验收已经整改到位并销号：",
    )
    page.table("problems", ("问题编号", "问题类别", "销号日期"), ("no", "kind", "closed_on"))
    still = "；你单位另有暂停受理尚未解除（{still_standing}），待其解除后，恢复受理{resumed}。"
    free = "，恢复受理{resumed}；因此中止办理的事项恢复办理。"
    rest = still if page.has("still_standing") else free
    page.found.add("still_standing")
    page.says("公文正文", "经{decided_by}决定，自{from_on}起解除上述暂停受理" + rest)
    page.lines("公文正文", "follow_up")
    _letter(page)


def visit(page: Page) -> None:
    page.says(
        "公文正文", "{occasion}，我办定于{visit_on}对你单位开展机构编制实地督查。现将有关事项通知如下：", "{team}。"
    )
    page.items("content", "{#}. {}。")
    page.lines("公文正文", "materials")
    _letter(page, "签发：{issued_by}")


def _official(page: Page, more: str) -> None:
    page.says("红头标志", "{issuer}文件")
    page.says("主送机关", "{addressee}：")
    page.says("公文标题", "{title}")
    _signed(page)
    ends = page.read.styled("版记")
    copies = [page.fill("抄送：{copies_to}。")] if page.has("copies_to") else []
    printed = "{printed_by}" if page.has("printed_by") else "{issuer}"
    page.found |= {"copies_to", "printed_by"}
    assert ends == [*copies, page.fill(printed + "\t{issued_on}印发")]
    _strip(page, more)


def reply(page: Page) -> None:
    _official(page, "来文单位：{unit_name}　　签发：{signer}　　经办：{handled_by}")
    page.says("红头字号", "{number}")
    request = "（{request_no}）" if page.has("request_no") else ""
    clause = "根据{clause}，" if page.has("clause") else ""
    minutes = "（{minutes_no}）" if page.has("minutes_no") else ""
    page.says(
        "公文正文",
        "你单位《{request_title}》"
        + request
        + "收悉。"
        + clause
        + "经{decided_by}{decided_on}研究决定"
        + minutes
        + "，现批复如下：",
    )
    levels = page.read.styled("一级标题")
    for article in page.values["articles"]:
        assert page.fill("{.heading}", article, "articles") in levels
        for line in article["paragraphs"].split("\n"):
            assert line in page.read.styled("公文正文")
        page.found.add("articles[].paragraphs")
    for name in ("quotas", "bodies", "obligations"):
        if page.has(f"{name}_heading"):
            page.says("一级标题", "{" + name + "_heading}")
    titles = ("单位", "编制（职数）", "调整前", "调整后", "增减")
    page.table("quotas", titles, ("unit", "label", "before", "after", "delta"))
    page.table("bodies", ("单位", "调整前", "调整后"), ("unit", "before", "after"))
    page.lines("公文正文", "absorption")
    page.items("obligations", "{#}. {}。")


def report(page: Page) -> None:
    _official(page, "督查单位：{unit_name}　　经办：{handled_by}")
    signer = "\t签发人：{signer}" if page.has("signer") else ""
    page.found.add("signer")
    page.says("红头字号", "{number}" + signer)
    page.says(
        "公文正文",
        "{occasion}，督查组（{team}）于{visited_on}对{unit_name}开展了机构编制实地督查。现将有关情况报告如下：",
    )
    page.items("situation", "{}")
    _problem_table(page)
    page.lines("公文正文", "next_step")


def _form(page: Page, number_line: str) -> None:
    page.says("凭证编号", number_line + "\t编号：{number}")
    _strip(page)


def _accounts(page: Page, path: str, first: str, granted: bool = False) -> None:
    titles = (first, *BALANCE_TITLES, *(("本次核定",) if granted else ()))
    page.table(path, titles, (*BALANCE, *(("granted",) if granted else ())))


def _cells(page: Page, **labels: str) -> None:
    for label, pattern in labels.items():
        page.cell(label, pattern)


def slip(page: Page) -> None:
    _form(page, "核定机关：{issuer}")
    _cells(page, 单位名称="{unit_name}", 机构规格="{unit_rank}", 信用代码="{unit_code}", 机构类别="{unit_kind}")
    _cells(
        page, 主管部门="{unit_parent}", 管理证号="{certificate_no}", 核定日期="{issued_on}", 有效期至="{valid_until}"
    )
    _cells(page, 用途="{purpose}", 研究会议="{basis_meeting}", 会议日期="{basis_date}", 办理依据="{clause}")
    _accounts(page, "headcount", "编制类别", granted=True)
    _accounts(page, "posts", "职务层次", granted=True)
    titles = ("用编编号", "编制（职数）", "进入方式", "拟用内设机构", "承办")
    page.table("slots", titles, ("code", "label", "way", "internal_body", "department"))
    grid = page.read.tables[0]
    entries = next(at for at, row in enumerate(grid) if "批准文号" in row)
    assert [row[1:] for row in grid[entries + 1 :]] == [[s["code"], "", "", "", ""] for s in page.values["slots"]]
    _officers(
        page,
        "核定机关：{issuer}（实名制业务专用章）",
        "经办：{handled_by}　　　审核：{examined_by}　　　签发：{issued_by}",
    )


def _officers(page: Page, seal: str, officers: str, name: str = "签批") -> None:
    page.block(name, officers, seal, "{issued_on}　　")


def _person(page: Page) -> None:
    _cells(page, 单位名称="{unit_name}", 信用代码="{unit_code}", 管理证号="{certificate_no}", 填发日期="{issued_on}")
    _cells(page, 姓名="{person_name}", 性别="{person_sex}", 出生年月="{person_birth}", 身份证件="{identity_masked}")
    _cells(page, 批准机关="{approved_by}", 批准日期="{approved_on}", 批准文号="{approval_no}")
    if page.has("issued_by"):
        officers = "经办：{handled_by}　　　核定单审核：{examined_by}　　　核定单签发：{issued_by}"
    else:
        officers = "经办：{handled_by}　　　" + ("申请审核：{examined_by}" if page.has("examined_by") else "")
    page.found |= {"examined_by", "issued_by"}
    _officers(page, "填发机关：{issuer}（实名制业务专用章）", officers)


def entry(page: Page) -> None:
    _form(page, "填发机关：{issuer}")
    _person(page)
    _cells(page, 进入方式="{way}", 编制类别="{headcount_label}", 领导职数="{post_label}", 内设机构="{internal_body}")
    _cells(page, 职务岗位="{position}", 核定单号="{slip_number}", 用编编号="{slot_code}", 落编日期="{entered_on}")
    _cells(page, 经费事项="{funds_note}")
    _accounts(page, "balances", "落编后编制（职数）")


def exit_(page: Page) -> None:
    _form(page, "填发机关：{issuer}")
    _person(page)
    _cells(
        page, 减员原因="{reason}", 核销内容="{freed}", 去向="{destination}", 证明材料="{proof}", 出编日期="{left_on}"
    )
    _accounts(page, "balances", "出编后编制（职数）")
    page.says("凭证附注", "　　2. 本单是{uses}的依据，由机构编制、组织（人社）、财政部门和原单位留存。")


def _persons(page: Page, path: str) -> None:
    page.table(path, PERSON_TITLES, PERSON)


def certificate(page: Page) -> None:
    told = "机构编制事项变更登记" if page.has("events") else "人员落（出）编登记"
    _form(page, "编制职数变更登记页" if page.has("quotas") and not page.has("events") else f"{told}页")
    _cells(page, 单位名称="{unit_name}", 机构规格="{unit_rank}", 信用代码="{unit_code}", 机构性质="{unit_nature}")
    _cells(page, 主管部门="{unit_parent}", 管理证号="{certificate_no}", 共用编制="{co_users}", 页次="{page_no}")
    _accounts(page, "balances", "编制（职数）")
    for path, name in (
        ("events", "机构事项变更登记"),
        ("quotas", "编制职数变更登记"),
        ("changes", "人员落（出）编登记"),
    ):
        if page.has(path):
            page.says("凭证编号", f"{name}（截至{{as_of}}）")
    if page.has("changes"):
        _persons(page, "changes")
    if page.has("quotas"):
        titles = ("编制（职数）", "变更前", "增减", "变更后", "生效日期", "依据文号")
        page.table("quotas", titles, ("label", "before", "delta", "after", "effective_on", "basis_no"))
    if page.has("events"):
        page.table("events", ("事项", "变更前", "变更后", "生效日期", "依据文号"), EVENT)
    page.says("表格内容", "登记机关：{issuer}（章）　　经办：{handled_by}　　{issued_on}")


def booklet(page: Page) -> None:
    kind = "organ" if page.has("organ") else "institution"
    page.says(f"封面线（{'党政群机关' if kind == 'organ' else '事业单位'}）", "（{" + kind + "}）")
    _cells(page, **{"单位名称：": "{unit_name}", "信用代码：": "{unit_code}", "管理证号：": "{certificate_no}"})
    _cells(page, **{"发证机关：": "{issuer}", "摘录日期：": "截至{as_of}"})
    page.says("封面署名", "{issued_on}")
    _cells(page, 单位名称="{unit_name}", 机构规格="{unit_rank}", 信用代码="{unit_code}", 机构性质="{unit_nature}")
    _cells(page, 其他名称="{other_names}", 管理证号="{certificate_no}", 主管部门="{unit_parent}", 存续状况="{standing}")
    _cells(page, 设立依据="{basis}", 共用编制="{co_users}", 台账链="{holder}", 截至行次="第{seal.chain_seq}行")
    _cells(page, 链尾摘要="{seal.chain_head}", 核对地址="{seal.verify_url}{seal.address_note}", 制作日期="{issued_on}")
    page.table(
        "events", ("日期", "事项", "变更前", "变更后", "依据文号"), ("on", "what", "before", "after", "basis_no")
    )
    _cells(page, 存证日志="共{log_size}行", 日志时刻="{log_at}", 日志头摘要="{log_root}")
    titles = ("内设机构", "规格", "正职", "副职", "在编人数")
    page.table("bodies", titles, ("name", "rank", "chief_posts", "deputy_posts", "people"))
    _accounts(page, "headcount", "编制类别")
    _accounts(page, "posts", "职务层次")
    headings = ("行次", "日期", "编制（职数）", "事项", "增减", "变更后", "依据文号/批准机关")
    for path in ("headcount_changes", "post_changes"):
        page.table(path, headings, ("seq", "on", "label", "what", "delta", "after", "basis_no/basis_body"))
    _persons(page, "persons")
    page.table("pages", ("编号", "日期", "核验码", "状态"), ("number", "issued_on", "code", "state"))
    page.says("表格内容", "打印：{handled_by}　　{issuer}（章）　　{issued_on}")
    number = "{number}　" if page.has("number") else ""
    code = "核验码：{seal.code}　" if page.values["seal"]["code"] else ""
    case = "业务编号：{case_no}　" if page.has("case_no") else ""
    page.found |= {"number", "seal.code", "case_no", "organ", "institution"}
    rest = "本件为截至{as_of}的摘录，编号页以登记为准　　台账链第{seal.chain_seq}行"
    assert page.fill(number + code + case + rest) in page.read.foot
    assert page.fill("链尾摘要：{seal.chain_head}") in page.read.foot


def evaluation(page: Page) -> None:
    _form(page, "评估期间：{period}")
    _cells(page, 单位名称="{unit_name}", 机构规格="{unit_rank}", 信用代码="{unit_code}", 机构类别="{unit_kind}")
    _cells(page, 请示标题="{request_title}", 请示文号="{request_no}", 填表日期="{issued_on}")
    grid = page.read.tables[0]
    rows = [row[1] for row in grid if len(row) == 2]
    for place, line in enumerate(page.values["requested"], start=1):
        assert page.fill("{#}. {.text}", line, "requested", place) in rows
    problems = page.values["open_problems"]
    for place, problem in enumerate(problems, start=1):
        assert (f"{place}. {problem}" if len(problems) > 1 else problem) in rows
    page.found.add("open_problems[]")
    _accounts(page, "balances", "编制（职数）")
    page.table("use", ("时点", "核定", "实有", "使用率"), ("as_of", "authorised", "occupied", "percent"))
    page.table("past_changes", ("日期", "文号", "调整内容"), ("date", "number", "summary"))
    titles = ("单位", "规格", "核定", "实有", "使用率")
    page.table("comparable", titles, ("unit", "rank", "authorised", "occupied", "percent"))
    page.table("points", ("论证要点", "单位说明"), ("question", "answer"))
    page.block("评估意见", "{opinion}")
    officers = "经办：{handled_by}　　　审核：{examined_by}　　　负责人（签字）："
    _officers(page, "评估机关：{issuer}（章）", officers)


def site_check(page: Page) -> None:
    _form(page, "验收机关：{issuer}")
    _cells(page, 单位名称="{unit_name}", 检查日期="{checked_on}", 整改通知="{notice_number}", 检查人="{inspectors}")
    grid = page.read.tables[0]
    for place, check in enumerate(page.values["checks"]):
        at = [row for row, cells in enumerate(grid) if "问题编号" in cells][place]
        due = "{.new_due}" if check["new_due"] else "—"
        page.found.add("checks[].new_due")
        wanted = [
            ["问题编号", "{.no}", "问题类别", "{.kind}"],
            ["整改要求", "{.measure}"],
            ["检查人：{.first_inspector}", "{.first_finding}"],
            ["检查人：{.second_inspector}", "{.second_finding}"],
            ["验收结果", "{.result}", "新的期限", due],
        ]
        said = [row[1:] for row in grid[at : at + len(wanted)]]
        assert said == [[page.fill(text, check, "checks") for text in row] for row in wanted]
    page.block("验收结论", "{conclusion}")
    _officers(page, "验收机关：{issuer}（章）", "检查人（签字）：　　　　　　　　　　　　　　　　经办：{handled_by}")


def exception(page: Page) -> None:
    _form(page, "填表机关：{issuer}")
    _cells(page, 单位名称="{unit_name}", 申请日期="{requested_on}", 暂停受理="{suspension}", 提出人="{requested_by}")
    _cells(page, 例外事项="{matter}", 适用范围="{scope}", 有效期="{valid_from}至{valid_until}", 办理依据="{clause}")
    for name, field_name in (("紧急必要", "reason"), ("风险防控", "risk"), ("编办意见", "office_opinion")):
        page.block(name, "{" + field_name + "}")
    page.block("批准意见", "{opinion}")
    signed = "批准人：{approver}　　　　　　　　　　　　批准人（签字）："
    _officers(page, "批准机关：{approved_by}（章）", signed, "批准")


def phone(page: Page) -> None:
    _form(page, "记录机关：{issuer}")
    _cells(page, 单位名称="{unit_name}", 记录日期="{issued_on}", 通话时间="{called_at}", 联系电话="{phone}")
    _cells(page, 接听人="{callee}", 接听人职务="{callee_position}", 监测指标="{indicator}", 当前值="{value}")
    _cells(page, 提醒阈值="{threshold}", 承诺期限="{promised_by}")
    page.block("提醒事项", "{facts}")
    page.block("对方答复", "{answer}")
    signed = "记录人：{handled_by}　　　　　　记录人（签字）：　　　　　　　复核人（签字）："
    _officers(page, "记录机关：{issuer}", signed)


PLACES: dict[Kind, Callable[[Page], None]] = {
    Kind.VERIFICATION_SLIP: slip,
    Kind.ENTRY_NOTICE: entry,
    Kind.EXIT_NOTICE: exit_,
    Kind.ACCEPTANCE_NOTICE: acceptance,
    Kind.CORRECTION_NOTICE: correction,
    Kind.REFUSAL_NOTICE: refusal,
    Kind.REVOCATION_NOTICE: revocation,
    Kind.CERTIFICATE: certificate,
    Kind.CERTIFICATE_BOOKLET: booklet,
    Kind.CHANGE_REPLY: reply,
    Kind.EVALUATION_SHEET: evaluation,
    Kind.RECTIFICATION_NOTICE: rectification,
    Kind.WARNING_LETTER: warning,
    Kind.SUSPENSION_NOTICE: suspension,
    Kind.RESUMPTION_NOTICE: resumption,
    Kind.SITE_CHECK_RECORD: site_check,
    Kind.EXCEPTIONAL_ACCEPTANCE: exception,
    Kind.PHONE_RECORD: phone,
    Kind.INSPECTION_NOTICE: visit,
    Kind.INSPECTION_REPORT: report,
}
OTHERWISE: dict[Kind, dict[str, Any]] = {
    Kind.REFUSAL_NOTICE: {"part": "第2项", "basis": "《机构编制管理办法》第九条", "copies_to": "示范市财政局"},
    Kind.REVOCATION_NOTICE: {"remaining": "N202600004、N202600005"},
    Kind.RESUMPTION_NOTICE: {"still_standing": "示编停〔2026〕7号"},
    Kind.CHANGE_REPLY: {"copies_to": "", "printed_by": "", "request_no": "", "clause": "", "minutes_no": ""},
    Kind.INSPECTION_REPORT: {"signer": "", "copies_to": "", "printed_by": ""},
    Kind.ENTRY_NOTICE: {"issued_by": ""},
    Kind.EXIT_NOTICE: {"issued_by": "", "examined_by": ""},
    Kind.CERTIFICATE_BOOKLET: {
        "organ": "",
        "institution": "事业单位",
        "number": "示编证〔2026〕9号",
        "case_no": "用编2026-1",
    },
}
"""Other values of fields on which a text depends, so that each of its forms is read."""
CHANGED_ACCOUNT = {
    "label": "行政编制",
    "before": "42",
    "delta": "+3",
    "after": "45",
    "effective_on": "2026年6月12日",
    "basis_no": "示编〔2026〕6号",
}


EVENT = ("what", "before", "after", "on", "basis_no")
RENAMED = dict(
    zip(EVENT, ("更名", "示范市农业局", "示范市农业农村局", "2026年6月12日", "示编〔2026〕6号"), strict=True)
)


LATE = ("已逾期4个工作日", "")


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer()


def checked(renderer: Renderer, kind: Kind, context: DocumentContext) -> set[str]:
    """The fields found at their places."""
    page = Page(read(renderer.render(kind, context)), context.model_dump())
    PLACES[kind](page)
    return page.found


def variants(kind: Kind) -> list[DocumentContext]:
    base = sample(kind)
    seal = base.seal.model_copy(update={"address_note": TRIAL})
    out = [base.model_copy(update={"seal": seal}), base.model_copy(update=OTHERWISE.get(kind, {}))]
    if kind is Kind.CERTIFICATE:
        persons, accounts = base.model_dump()["changes"], [CHANGED_ACCOUNT]
        for changes, quotas, events in (
            ([], accounts, []),
            ([], accounts, [RENAMED]),
            ([], [], [RENAMED]),
            (persons, accounts, [RENAMED, RENAMED | {"before": "—"}]),
        ):
            more = {"changes": changes, "quotas": quotas, "events": events}
            out.append(type(base).model_validate(base.model_dump() | more))
    if kind in (Kind.RECTIFICATION_NOTICE, Kind.INSPECTION_REPORT, Kind.SUSPENSION_NOTICE):
        problems = [{**each, "overdue": late} for each, late in zip(base.model_dump()["problems"], LATE, strict=True)]
        out.append(type(base).model_validate({**base.model_dump(), "problems": problems}))
    return [*out, hard(kind, 3, ISSUERS[1]), hard(kind, 1, ISSUERS[2])]


@pytest.mark.parametrize("kind", PLACES)
def test_every_field_is_read_back_at_its_place(renderer: Renderer, kind: Kind) -> None:
    found: set[str] = set()
    for context in variants(kind):
        found |= checked(renderer, kind, context)
    assert set(fields_of(CONTEXT_OF[kind])) <= found, sorted(set(fields_of(CONTEXT_OF[kind])) - found)


@pytest.mark.parametrize("kind", sorted(set(Kind) - set(PLACES)))
def test_every_value_of_other_documents_is_read_back(renderer: Renderer, kind: Kind) -> None:
    """Documents whose places another test knows (case file, disposal list): each value stands in the text."""
    context = sample(kind)
    text = read(renderer.render(kind, context)).everything()
    values = [line for value in leaves(context.model_dump()) for line in value.split("\n")]
    assert values
    assert [value for value in values if value not in text] == []


@pytest.mark.parametrize("kind", PLACES)
def test_a_value_at_another_place_is_seen(renderer: Renderer, kind: Kind) -> None:
    """The reading itself: a document of other values does not pass for this one."""
    shown, meant = sample(kind), sample(kind).model_copy(update={"issuer": "示范县委编办"})
    page = Page(read(renderer.render(kind, shown)), meant.model_dump())
    with pytest.raises(AssertionError):
        PLACES[kind](page)


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield str(value)
