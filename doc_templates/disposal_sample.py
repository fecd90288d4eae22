"""A sample list of destroyed records of a fictional place: three went, one was struck when a hold was placed on it."""

from __future__ import annotations

from hashlib import sha256

from models.disposal_paper import DisposalLine, DisposalListContext, StruckLine
from models.documents import DocumentContext

_OFFICE = "示范市机构编制委员会办公室"


def _gone(number: str, title: str, issued_on: str) -> DisposalLine:
    return DisposalLine(
        number=number,
        title=title,
        issued_on=issued_on,
        retention="10年",
        until="2036年12月31日",
        digest=sha256(number.encode()).hexdigest(),
    )


def disposal_list(common: dict[str, object]) -> DocumentContext:
    return DisposalListContext.model_validate(
        {
            **common,
            "unit_name": _OFFICE,
            "case_no": "销毁2037-00001",
            "due_before": "2037年1月1日",
            "reason": "经鉴定，下列文件保管期限均已届满，所办事项早已办结，没有继续保存的价值，拟予销毁。",
            "count": "3",
            "lines": [
                _gone("示编受〔2026〕1号", "用编申请受理通知书〔示范市农业农村局，行政编制1名〕", "2026年3月3日"),
                _gone("示编受〔2026〕2号", "用编申请补正通知书〔示范市农业农村局，行政编制1名〕", "2026年3月3日"),
                _gone("示编警〔2026〕2号", "电话提醒记录单", "2026年7月22日"),
            ],
            "struck": [
                StruckLine(
                    number="示编受〔2026〕7号",
                    title="用编申请受理通知书〔示范市农业农村局，行政编制2名〕",
                    reason="停止销毁期间不得销毁",
                ),
            ],
            "proposed_by": "陈思远",
            "proposed_on": "2037年3月2日",
            "approved_by": "吴建国",
            "approved_on": "2037年3月12日",
            "opinion": "同意按清册销毁。",
            "reference_no": "示编办纪〔2037〕4号",
            "executed_by": "陈思远",
            "executed_on": "2037年3月20日",
            "witnessed_by": "周立群",
            "witnessed_on": "2037年3月20日",
        }
    )
