"""A sample case file of a fictional place: a staffing up that was corrected once and came to one entry."""

from __future__ import annotations

from hashlib import sha256

from models.casefile import ActLine, CaseFileContext, FiledLine, RoundLine, RowLine
from models.documents import DocumentContext
from models.phrasing import filed

_OFFICE = "示范市机构编制委员会办公室"
_UNIT = "示范市农业农村局"
_CHAIN = "11000000MB0X00015C"


def _digest(of: str) -> str:
    return sha256(of.encode()).hexdigest()


def _filed(place: int, number: str, title: str, date: str, state: str = "有效", remark: str = "") -> FiledLine:
    digest = _digest(number)
    return FiledLine(
        place=str(place),
        number=number,
        responsible=_OFFICE,
        title=title,
        date=date,
        state=state,
        digest=digest,
        remark=remark,
    )


def _said(heading: str, about: str) -> str:
    return filed(heading, _UNIT, about)


def _act(place: int, at: str, department: str, officer: str, what: str, verdict: str, **more: str) -> ActLine:
    known = {"result": "采纳", **more}
    return ActLine(place=str(place), at=at, department=department, officer=officer, what=what, verdict=verdict, **known)


def case_file(common: dict[str, object]) -> DocumentContext:
    slip, revoked = "示编核〔2026〕1号", "原核定单所列用途改变，作废重报"
    entered = "行政编制，用编编号N202600002"
    documents = [
        _filed(1, "示编受〔2026〕2号", _said("用编申请补正通知书", "行政编制1名"), "20260303"),
        _filed(2, "示编受〔2026〕4号", _said("用编申请受理通知书", "行政编制1名"), "20260305"),
        _filed(3, slip, _said("人员编制和领导职数核定单", "行政编制1名"), "20260310", "作废", revoked),
        _filed(4, "示编核〔2026〕3号", _said("人员编制和领导职数核定单", "行政编制1名"), "20260320"),
        _filed(5, "示编入〔2026〕1号", _said("入编通知单", entered), "20260402"),
        _filed(
            6, "示编证〔2026〕1号", _said("机构编制管理证登记页", "落编登记，行政编制，用编编号N202600002"), "20260402"
        ),
    ]
    acts = [
        _act(1, "2026-03-02 09:12", "申请单位", "王敏", "申请", ""),
        _act(2, "2026-03-05 10:02", "申请单位", "王敏", "补正重报", ""),
        _act(3, "2026-03-06 15:40", "机构编制部门", "周立群", "审核", "同意"),
        _act(
            4, "2026-03-09 09:05", "财政部门", "孙宁", "签发核定单", "同意", result="不予采纳：非本部门职权（B 四.1）"
        ),
        _act(5, "2026-03-10 09:30", "机构编制部门", "吴建国", "签发核定单", "同意"),
        _act(6, "2026-03-30 11:20", "组织部", "郑远", "批准人员 N202600002", "同意", reference_no="示组干〔2026〕21号"),
        _act(7, "2026-04-02 08:50", "机构编制部门", "陈思远", "落编 N202600002", "同意"),
    ]
    rows = [
        RowLine(chain=_CHAIN, seq=seq, kind=kind, account="行政编制", delta=delta, hash=_digest(f"row {seq}"))
        for seq, kind, delta in (("129", "核发待落编", "在途+1"), ("131", "落编", "实有+1 在途-1"))
    ]
    return CaseFileContext.model_validate(
        {
            **common,
            "procedure": "用编落编",
            "title": f"{_UNIT}用编申请（行政编制1名）",
            "outcome": "已办结",
            "period": "20260302—20260508",
            "retention": "永久",
            "supersedes": "",
            "algorithm": "SM3",
            "documents": documents,
            "rounds": [
                RoundLine(round="1", at="2026-03-02 09:12", officer="王敏", digest=_digest("round 1")),
                RoundLine(round="2", at="2026-03-05 10:02", officer="王敏", digest=_digest("round 2")),
            ],
            "acts": acts,
            "docket_digest": _digest("docket"),
            "acts_receipts": "7",
            "rows": rows,
            "summary": "本卷共有文件6件（有效5件、作废1件），申请2轮，"
            "申请、决定及回执7条（其中不予采纳1条），台账登记2行。",
            "remarks": f"{slip}作废：{revoked}。",
            "made_at": "2026-05-08 16:20",
            "log_at": "2026-05-08 02:00",
            "log_size": "2718",
            "log_root": _digest("log"),
        }
    )
