"""Synthetic training units: what no public page states, so that every path of a procedure can be tried."""

from __future__ import annotations

from datetime import date

from ledger.intake.entries import BodyEntry, UnitEntry
from models.enums import Resource, UnitKind
from models.ledger import Basis, OpeningAccount

from .codes import certificate_no, unit_code
from .published import Registered

REMARK = "合成训练数据 · synthetic"
PLACE = "示范市"
BASIS = Basis(number="示编〔2024〕1号", body="示范市机构编制委员会", date=date(2024, 3, 1))

RESEARCH_BUREAU = unit_code(101, UnitKind.ORGAN)
SERVICE_CENTRE = unit_code(102, UnitKind.INSTITUTION)
INFORMATION_CENTRE = unit_code(103, UnitKind.INSTITUTION)

# resource → (authorised, occupied)
_QUOTAS: dict[str, dict[Resource, tuple[int, int]]] = {
    RESEARCH_BUREAU: {
        Resource.ADMINISTRATIVE: (36, 31),
        Resource.WORKER: (4, 3),
        Resource.UNIT_CHIEF: (1, 1),
        Resource.UNIT_DEPUTY: (3, 2),
        Resource.INTERNAL_CHIEF: (3, 3),
        Resource.INTERNAL_DEPUTY: (4, 2),
    },
    SERVICE_CENTRE: {
        Resource.INSTITUTION_FULL: (30, 27),
        Resource.INSTITUTION_PARTIAL: (12, 10),
        Resource.UNIT_CHIEF: (1, 1),
        Resource.UNIT_DEPUTY: (2, 1),
        Resource.INTERNAL_CHIEF: (2, 2),
        Resource.INTERNAL_DEPUTY: (2, 1),
    },
    # Over quota from before: it may shrink and accepts nobody (只出不进).
    INFORMATION_CENTRE: {Resource.INSTITUTION_FULL: (20, 22), Resource.UNIT_CHIEF: (1, 1)},
}


def training_units() -> Registered:
    """Three units of 示范市: an organ, an institution of two fundings, and one that is over quota."""
    found = Registered()
    found.units = [
        _unit(RESEARCH_BUREAU, "示范市发展研究局", "市发研局", UnitKind.ORGAN, 101, "正处级", "政府工作部门", None),
        _unit(
            SERVICE_CENTRE,
            "示范市公共服务中心",
            "市公服中心",
            UnitKind.INSTITUTION,
            102,
            "副处级",
            "所属事业单位",
            RESEARCH_BUREAU,
        ),
        _unit(
            INFORMATION_CENTRE,
            "示范市信息服务中心",
            "市信息中心",
            UnitKind.INSTITUTION,
            103,
            "正科级",
            "所属事业单位",
            RESEARCH_BUREAU,
        ),
    ]
    found.bodies = [
        BodyEntry(RESEARCH_BUREAU, "办公室", None, "正科级", 1, 1),
        BodyEntry(RESEARCH_BUREAU, "综合处", "政策法规处", "正科级", 1, 1),
        BodyEntry(RESEARCH_BUREAU, "规划处", None, "正科级", 1, 2),
        BodyEntry(RESEARCH_BUREAU, "机关党委", None, None, None, None, "outside"),
        BodyEntry(SERVICE_CENTRE, "综合科", None, "正科级", 1, 1),
        BodyEntry(SERVICE_CENTRE, "服务科", None, "正科级", 1, 1),
    ]
    for unit, quotas in _QUOTAS.items():
        for resource, (authorised, occupied) in quotas.items():
            account = OpeningAccount(unit=unit, resource=resource, authorised=authorised, note=REMARK, basis=BASIS)
            found.accounts.append(account)
            found.occupied[unit, resource] = occupied
    return found


def _unit(
    code: str, name: str, short: str, kind: UnitKind, serial: int, rank: str, nature: str, parent: str | None
) -> UnitEntry:
    return UnitEntry(
        code=code,
        name=name,
        kind=kind.value,
        holder=code,
        certificate_no=certificate_no(serial),
        short_name=short,
        place=PLACE,
        rank=rank,
        nature=nature,
        parent=parent,
        basis_no=BASIS.number,
        basis_date=BASIS.date,
        remark=REMARK,
    )
