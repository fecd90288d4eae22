"""Contexts of a fictional place, one per document: for previews, the lint's trial and tests."""

from __future__ import annotations

from models.documents import (
    AcceptanceNoticeContext,
    AccountLine,
    BalanceLine,
    CertificateContext,
    CertificateRow,
    CorrectionNoticeContext,
    DocumentContext,
    EntryNoticeContext,
    ExitNoticeContext,
    FaultLine,
    RefusalNoticeContext,
    RequestLine,
    RevocationNoticeContext,
    Seal,
    SlotLine,
    VerificationSlipContext,
)
from models.enums import DocumentKind
from models.refusals import cited

from . import booklet_sample, casefile_sample, disposal_sample, supervision_samples

_CODES = {
    DocumentKind.VERIFICATION_SLIP: ("示编核〔2026〕1号", "7K3M-9QXT-2H8B-4WZD", "128", "2026年3月10日"),
    DocumentKind.ENTRY_NOTICE: ("示编入〔2026〕1号", "0V5D-JC2N-8RTA-61PK", "131", "2026年4月2日"),
    DocumentKind.EXIT_NOTICE: ("示编出〔2026〕1号", "M4QE-7ZB9-XH30-S6FY", "136", "2026年4月1日"),
    DocumentKind.ACCEPTANCE_NOTICE: ("示编受〔2026〕1号", "A9TG-3W8K-PD5R-20CN", "127", "2026年3月3日"),
    DocumentKind.CORRECTION_NOTICE: ("示编受〔2026〕2号", "XJ6B-4MHV-9E1S-T7Q3", "127", "2026年3月3日"),
    DocumentKind.REFUSAL_NOTICE: ("示编受〔2026〕3号", "5RZC-D8NY-0K2F-W4GA", "127", "2026年3月3日"),
    DocumentKind.REVOCATION_NOTICE: ("示编核〔2026〕2号", "H1PS-6TQX-7V3J-B9ME", "140", "2026年5月6日"),
    DocumentKind.CERTIFICATE: ("示编证〔2026〕1号", "E2WK-5A0D-N8ZR-C4TH", "142", "2026年4月30日"),
    DocumentKind.CERTIFICATE_BOOKLET: ("", "", "142", "2026年4月30日"),
    DocumentKind.CASE_FILE: ("示编卷〔2026〕1号", "C8YX-1NQ4-6VTA-93HD", "143", "2026年5月8日"),
    DocumentKind.DISPOSAL_LIST: ("示编销〔2037〕1号", "J5TE-8PWB-2XK0-N7QG", "48213", "2037年3月20日"),
    **supervision_samples.CODES,
}
_HEAD = "3f6b1c0e9a57d24886e1f0b35c7ad9124e08b6f3752c91da60e5b84f17c3a92d"
_OFFICE = "示范市机构编制委员会办公室"
_UNIT = "示范市农业农村局"
_TITLE = "示范市农业农村局用编申请（行政编制2名、内设机构正职1名）"
_CREDIT = "11000000MB0X00015C"


def sample(kind: DocumentKind) -> DocumentContext:
    """The sample context of a document."""
    number, code, sequence, day = _CODES[kind]
    seal = Seal(
        code=code,
        verify_url=f"https://dingbian.example.cn/verify/{code}",
        chain_seq=sequence,
        chain_head=_HEAD,
    )
    common: dict[str, object] = {
        "number": number,
        "issuer": _OFFICE,
        "issued_on": day,
        "unit_name": _UNIT,
        "case_no": "用编2026-00012"
        if kind not in supervision_samples.CODES
        else supervision_samples.CASES.get(kind, supervision_samples.CASE),
        "seal": seal,
    }
    return _MAKERS[kind](common)


def _officers(common: dict[str, object]) -> dict[str, object]:
    return {**common, "handled_by": "郑海燕", "examined_by": "周立群", "issued_by": "吴建国"}


def _letter(common: dict[str, object]) -> dict[str, object]:
    return {
        **common,
        "handled_by": "郑海燕",
        "contact": "0000-8001230",
        "matter": "用编申请",
        "application_title": _TITLE,
        "submitted_on": "2026年3月2日",
    }


def _balances() -> list[BalanceLine]:
    return [
        BalanceLine(label="行政编制", authorised="42", occupied="39", reserved="2", set_aside="0", vacancy="1"),
        BalanceLine(label="内设机构正职", authorised="9", occupied="9", reserved="0", set_aside="0", vacancy="0"),
    ]


def _account(label: str, *numbers: str) -> AccountLine:
    authorised, occupied, reserved, set_aside, vacancy, granted = numbers
    return AccountLine(
        label=label,
        authorised=authorised,
        occupied=occupied,
        reserved=reserved,
        set_aside=set_aside,
        vacancy=vacancy,
        granted=granted,
    )


def _slots() -> list[SlotLine]:
    return [
        SlotLine(
            code="N202600001", label="行政编制", way="公务员考录", internal_body="种植业管理科", department="组织部"
        ),
        SlotLine(
            code="N202600002",
            label="行政编制",
            way="转任",
            internal_body="农产品监管科",
            department="组织部",
        ),
        SlotLine(
            code="N202600003",
            label="内设机构正职",
            way="领导任职",
            internal_body="农产品监管科",
            department="组织部",
        ),
    ]


def _verification_slip(common: dict[str, object]) -> DocumentContext:
    return VerificationSlipContext.model_validate(
        {
            **_officers(common),
            "unit_code": _CREDIT,
            "unit_rank": "正科级",
            "unit_kind": "机关",
            "unit_parent": "示范市人民政府",
            "certificate_no": "示编证第0017号",
            "valid_until": "2026年9月10日",
            "headcount": [_account("行政编制", "42", "38", "0", "0", "4", "2")],
            "posts": [_account("内设机构正职", "9", "8", "0", "0", "1", "1")],
            "slots": _slots(),
            "basis_meeting": "局党组会议〔2026〕第8次",
            "basis_date": "2026年2月26日",
            "purpose": "种植业管理科补充业务力量；农产品监管科科长空缺",
            "clause": cited("B 五.1"),
        }
    )


def _person(common: dict[str, object]) -> dict[str, object]:
    return {
        **_officers(common),
        "handled_by": "陈思远",
        "unit_code": _CREDIT,
        "certificate_no": "示编证第0017号",
        "person_name": "欧阳清和",
        "person_sex": "女",
        "person_birth": "1996年7月",
        "identity_masked": "110105**********2X",
        "approved_by": "中共示范市委组织部",
        "approval_no": "示组干〔2026〕21号",
        "approved_on": "2026年3月30日",
        "balances": _balances(),
    }


def _entry_notice(common: dict[str, object]) -> DocumentContext:
    return EntryNoticeContext.model_validate(
        {
            **_person(common),
            "headcount_label": "行政编制",
            "post_label": "内设机构正职",
            "internal_body": "农产品监管科",
            "position": "科长",
            "way": "转任",
            "slip_number": "示编核〔2026〕1号",
            "slot_code": "N202600002\nN202600003",
            "entered_on": "2026年4月2日",
            "funds_note": "财政部门据此增核2027年度人员经费；社会保险经办机构据此办理参保手续。",
        }
    )


def _exit_notice(common: dict[str, object]) -> DocumentContext:
    return ExitNoticeContext.model_validate(
        {
            **_person(common),
            "reason": "调出",
            "freed": "人员编制及所任领导职数",
            "destination": "示范市发展研究局",
            "proof": "示组调〔2026〕6号",
            "left_on": "2026年4月1日",
        }
    )


def _acceptance_notice(common: dict[str, object]) -> DocumentContext:
    lines = [
        RequestLine(text="行政编制1名，公务员考录，用于种植业管理科"),
        RequestLine(text="行政编制1名，转任，用于农产品监管科"),
        RequestLine(text="内设机构正职1名，领导任职，用于农产品监管科"),
    ]
    return AcceptanceNoticeContext.model_validate(
        {
            **_letter(common),
            "lines": lines,
            "accepted_on": "2026年3月3日",
            "due_on": "2026年3月10日",
            "reminder": "核定单核发前，不得先行办理录用、调任、任职等手续。",
        }
    )


def _faults() -> list[FaultLine]:
    return [
        FaultLine(
            label="未经领导班子集体研究",
            detail="申请书未写明班子会议名称，所附会议纪要缺少第二页",
            clause=cited("A 三"),
        ),
        FaultLine(
            label="编制类别与单位性质不符",
            detail="第2项申请使用全额拨款事业编制，你单位未核定该类编制",
            clause=cited("B 二.2"),
        ),
        FaultLine(
            label="材料不全", detail="未附拟用内设机构现有人员结构情况，未注明联系人和联系电话", clause=cited("B 五.1")
        ),
    ]


def _correction_notice(common: dict[str, object]) -> DocumentContext:
    return CorrectionNoticeContext.model_validate(
        {
            **_letter(common),
            "faults": _faults(),
            "reply_by": "2026年3月24日",
            "standing": "补正期间本申请不占用空余编制和领导职数。",
        }
    )


def _refusal_notice(common: dict[str, object]) -> DocumentContext:
    faults = [
        FaultLine(
            label="无空余编制或职数",
            detail="行政编制核定42名，实有42名，空余0名，申请使用2名",
            clause=cited("B 五.1"),
        ),
        FaultLine(
            label="有逾期未报的减员",
            detail="2026年1月退休1人，至今未办理出编",
            clause=cited("B 五.2"),
        ),
    ]
    return RefusalNoticeContext.model_validate(
        {
            **_letter(common),
            "act": "不予批准",
            "acted_by": "我办",
            "faults": faults,
            "opinion": "待减员手续办结、编制核销后再行申请。",
            "way_forward": "上述情形消除后可以重新申请；有异议的，可以书面提出。",
        }
    )


def _revocation_notice(common: dict[str, object]) -> DocumentContext:
    return RevocationNoticeContext.model_validate(
        {
            **common,
            "handled_by": "陈思远",
            "contact": "0000-8001230",
            "slip_number": "示编核〔2026〕1号",
            "slip_issued_on": "2026年3月10日",
            "reason": "你单位申请撤回，用编事项不再实施",
            "slots": _slots(),
            "revoked_on": "2026年5月6日",
            "copies_to": "中共示范市委组织部，示范市人力资源和社会保障局",
        }
    )


def _change(name: str, sex: str, born: str, masked: str, post: str, on: str, off: str = "") -> CertificateRow:
    return CertificateRow(
        person_name=name,
        person_sex=sex,
        birth_month=born,
        identity_masked=masked,
        label="行政编制",
        internal_body="种植业管理科",
        position=post,
        entered_on=on,
        basis_no="示组干〔2026〕21号",
        left_on=off,
        reason="退休" if off else "",
    )


def _certificate(common: dict[str, object]) -> DocumentContext:
    changes = [
        _change("欧阳清和", "女", "1996年7月", "110105**********2X", "科长", "2026年4月2日"),
        _change("赵一凡", "男", "1999年11月", "330102**********17", "一级科员", "2026年4月2日"),
        _change("钱守仁", "男", "1966年3月", "110105**********18", "四级调研员", "2004年8月15日", "2026年4月1日"),
    ]
    return CertificateContext.model_validate(
        {
            **common,
            "unit_code": _CREDIT,
            "unit_rank": "正科级",
            "unit_nature": "行政机关",
            "unit_parent": "示范市人民政府",
            "certificate_no": "示编证第0017号",
            "page_no": "第8页",
            "co_users": "中共示范市委农村工作领导小组办公室",
            "balances": _balances(),
            "changes": changes,
            "as_of": "2026年4月30日",
            "handled_by": "陈思远",
        }
    )


def certificate_of_a_reply() -> DocumentContext:
    """The page that a reply adds, here of a merger: facts, quotas and persons."""
    basis = {"basis_no": "示编〔2026〕9号"}
    day = "2026年6月12日"
    events = [
        {"what": "合并（内设机构）", "before": "—", "after": "农村经营管理科（股级、正职1名）"},
        {"what": "合并（名称）", "before": "示范市农业局", "after": "示范市农业农村局"},
    ]
    quota = {"label": "行政编制", "before": "39", "delta": "+3", "after": "42", "effective_on": day} | basis
    came = [
        _change("郑晓岚", "女", "1988年5月", "110105**********21", "科长", day),
        _change("冯立", "男", "1991年1月", "330102**********54", "一级科员", day),
    ]
    base = sample(DocumentKind.CERTIFICATE)
    changed = {
        "number": "示编证〔2026〕2号",
        "case_no": "调整2026-00003",
        "page_no": "第9页",
        "as_of": day,
        "issued_on": day,
        "changes": [row.model_dump() | basis | {"internal_body": "农村经营管理科"} for row in came],
        "quotas": [quota],
        "events": [event | {"on": day} | basis for event in events],
    }
    return type(base).model_validate(base.model_dump() | changed)


_MAKERS = {
    DocumentKind.VERIFICATION_SLIP: _verification_slip,
    DocumentKind.ENTRY_NOTICE: _entry_notice,
    DocumentKind.EXIT_NOTICE: _exit_notice,
    DocumentKind.ACCEPTANCE_NOTICE: _acceptance_notice,
    DocumentKind.CORRECTION_NOTICE: _correction_notice,
    DocumentKind.REFUSAL_NOTICE: _refusal_notice,
    DocumentKind.REVOCATION_NOTICE: _revocation_notice,
    DocumentKind.CERTIFICATE: _certificate,
    DocumentKind.CERTIFICATE_BOOKLET: booklet_sample.booklet,
    DocumentKind.CASE_FILE: casefile_sample.case_file,
    DocumentKind.DISPOSAL_LIST: disposal_sample.disposal_list,
    **supervision_samples.MAKERS,
}
