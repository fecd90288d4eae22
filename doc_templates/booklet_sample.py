"""The sample of 《机构编制管理证》: twelve years of a fictional bureau, enough to go over a page."""

from __future__ import annotations

from models.booklet import BodyRow, CertificateBookletContext, PageRow, QuotaRow
from models.documents import BalanceLine, CertificateRow, DocumentContext, EventRow

_CREDIT = "11000000MB0X00015C"
_DAY = "2026年4月30日"
_BODY_NAMES = ("办公室", "种植业管理科", "农产品监管科", "农村改革科")
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张"
_GIVEN = ("守仁", "一凡", "清和", "立群", "思远", "明达", "文静", "建国", "晓岚", "子衿", "怀瑾", "望舒")


def booklet(common: dict[str, object]) -> DocumentContext:
    return CertificateBookletContext.model_validate(
        {
            **common,
            "number": "",
            "case_no": "",
            "seal": {**common["seal"].model_dump(), **_SEAL},  # type: ignore[attr-defined]
            "organ": "党政群机关",
            "institution": "",
            "as_of": _DAY,
            "holder": _CREDIT,
            "unit_code": _CREDIT,
            "unit_rank": "正科级",
            "unit_nature": "行政机关",
            "unit_parent": "示范市人民政府",
            "other_names": "示范市乡村振兴局",
            "basis": "示编发〔2014〕6号（2014年3月18日）",
            "standing": "存续",
            "certificate_no": "示编证第0017号",
            "co_users": "中共示范市委农村工作领导小组办公室",
            "bodies": _bodies(),
            "events": _events(),
            "headcount": [_balance("行政编制", 42, 39, 2, 0), _balance("机关工勤编制", 3, 3, 0, 0)],
            "posts": [_balance("单位领导正职", 1, 1, 0, 0), _balance("内设机构正职", 9, 9, 0, 0)],
            "headcount_changes": _headcount_changes(),
            "post_changes": _post_changes(),
            "persons": _persons(),
            "pages": [
                PageRow(number=f"示编证〔2026〕{n}号", issued_on=day, code=code, state=state)
                for n, day, code, state in _PAGES
            ],
            "log_at": "2026年4月30日23:00:00",
            "log_size": "4812",
            "log_root": "9a1d40c7e25b86f3d0b7741c5e8e92a6f31bc08d6472a95fe0c3d81b67f42a15",
            "handled_by": "陈思远",
        }
    )


_SEAL = {
    "code": "",
    "verify_url": f"https://dingbian.example.cn/api/v1/units/{_CREDIT}/certificate/facts?as_of=2026-04-30",
}
_PAGES = (
    (1, "2026年1月15日", "E2WK-5A0D-N8ZR-C4TH", "有效"),
    (4, "2026年2月9日", "9C1V-H7MB-Q30X-ZT5E", "作废"),
    (5, "2026年2月9日", "J6PD-W0RS-4K8A-1MYG", "有效"),
    (12, "2026年4月2日", "Y8NT-2B5F-D9QH-73VX", "有效"),
)


def _balance(label: str, authorised: int, occupied: int, reserved: int, set_aside: int) -> BalanceLine:
    vacancy = authorised - occupied - reserved - set_aside
    return BalanceLine(
        label=label,
        authorised=str(authorised),
        occupied=str(occupied),
        reserved=str(reserved),
        set_aside=str(set_aside),
        vacancy=str(vacancy),
    )


def _bodies() -> list[BodyRow]:
    rows = [(name, "股级", "1", "1", str(6 + at * 2)) for at, name in enumerate(_BODY_NAMES)]
    rows.append(("机关党委（人事科）", "—", "1", "—", "3"))
    return [
        BodyRow(name=name, rank=rank, chief_posts=chief, deputy_posts=deputy, people=people)
        for name, rank, chief, deputy, people in rows
    ]


def _events() -> list[EventRow]:
    rows = [
        ("2019年3月12日", "更名", "示范市农业局", "示范市农业农村局", "示编发〔2019〕11号"),
        ("2021年6月8日", "挂牌", "—", "示范市乡村振兴局", "示编发〔2021〕20号"),
        ("2023年11月21日", "内设机构调整", "—", "农村改革科（股级、正职1名、副职1名）", "示编办〔2023〕35号"),
    ]
    return [
        EventRow(on=on, what=what, before=before, after=after, basis_no=basis)
        for on, what, before, after, basis in rows
    ]


def _headcount_changes() -> list[QuotaRow]:
    rows = [
        ("1", "2014年3月18日", "行政编制", "期初建账", "+38", "38", "示编发〔2014〕6号", "示范市机构编制委员会"),
        ("2", "2014年3月18日", "机关工勤编制", "期初建账", "+3", "3", "示编发〔2014〕6号", "示范市机构编制委员会"),
        ("96", "2019年3月12日", "行政编制", "核定", "+6", "44", "示编发〔2019〕11号", "示范市机构编制委员会"),
        ("97", "2019年3月13日", "行政编制", "冲正第96行", "-6", "38", "示编发〔2019〕11号", "示范市机构编制委员会"),
        ("98", "2019年3月13日", "行政编制", "核定", "+4", "42", "示编发〔2019〕11号", "示范市机构编制委员会"),
    ]
    return [_quota(*each) for each in rows]


def _post_changes() -> list[QuotaRow]:
    rows = [
        ("3", "2014年3月18日", "单位领导正职", "期初建账", "+1", "1", "示编发〔2014〕6号", "示范市机构编制委员会"),
        ("4", "2014年3月18日", "内设机构正职", "期初建账", "+8", "8", "示编发〔2014〕6号", "示范市机构编制委员会"),
        ("115", "2023年11月21日", "内设机构正职", "核定", "+1", "9", "示编办〔2023〕35号", "示范市委编办"),
    ]
    return [_quota(*each) for each in rows]


def _quota(seq: str, on: str, label: str, what: str, delta: str, after: str, basis_no: str, body: str) -> QuotaRow:
    return QuotaRow(
        seq=seq, on=on, label=label, what=what, delta=delta, after=after, basis_no=basis_no, basis_body=body
    )


def _persons() -> list[CertificateRow]:
    """One in seven has left."""
    found = []
    for at in range(46):
        born = 1966 + at * 5 % 34
        entered, gone = 2014 + at // 4, at % 7 == 2
        woman = at % 3 == 0
        found.append(
            CertificateRow(
                person_name=_SURNAMES[at % len(_SURNAMES)] + _GIVEN[at * 5 % len(_GIVEN)],
                person_sex="女" if woman else "男",
                birth_month=f"{born}年{at % 12 + 1}月",
                identity_masked=f"999999**********{at % 10}{'X' if woman else at % 7}",
                label="行政编制" if at % 9 else "内设机构正职",
                internal_body=_BODY_NAMES[at % 4],
                position="科长" if at % 9 == 0 else "四级主任科员" if at % 2 else "一级科员",
                entered_on=f"{entered}年{at % 11 + 1}月{at % 27 + 1}日",
                basis_no=f"示组干〔{entered}〕{at + 3}号",
                left_on=f"{min(entered + 6, 2026)}年4月1日" if gone else "",
                reason=("退休" if born < 1975 else "调出") if gone else "",
            )
        )
    return found
