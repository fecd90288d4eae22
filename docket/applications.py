"""What a new case is called and how it is told from another one: number, title, fingerprint, by procedure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from models.applications import (
    AnyApplication,
    EstablishmentChangeApplication,
    RectificationApplication,
    RemovingStaffApplication,
    StaffingUpApplication,
    WarningApplication,
)
from models.enums import ChangeKind, Procedure, Resource
from models.sealing import Keyring
from rules.identity import names_a_person
from rules.rectification import without_identity

from .canonical import canonical

PREFIX: dict[Procedure, str] = {
    Procedure.STAFFING_UP: "用编",
    Procedure.REMOVING_STAFF: "出编",
    Procedure.ESTABLISHMENT_CHANGE: "调整",
    Procedure.RECTIFICATION: "整改",
    Procedure.EARLY_WARNING: "预警",
}
"""First characters of a case number, e.g. 用编2026-00001."""

MATTER: dict[Procedure, str] = {
    Procedure.STAFFING_UP: "用编申请",
    Procedure.REMOVING_STAFF: "出编申请",
    Procedure.ESTABLISHMENT_CHANGE: "机构编制调整申请",
    Procedure.RECTIFICATION: "整改事项",
    Procedure.EARLY_WARNING: "预警事项",
}
"""What letters call an application of the procedure."""

_WISH: dict[ChangeKind, str] = {
    ChangeKind.ESTABLISH: "设立机构",
    ChangeKind.ABOLISH: "撤销机构",
    ChangeKind.MERGE: "合并机构",
    ChangeKind.RENAME: "机构更名",
    ChangeKind.RERANK: "变更机构规格",
    ChangeKind.RESUBORDINATE: "变更隶属关系",
    ChangeKind.EXTRA_NAME: "机构挂牌",
    ChangeKind.INTERNAL_BODIES: "调整内设机构",
    ChangeKind.HEADCOUNT: "增减编制",
    ChangeKind.POSTS: "增减领导职数",
    ChangeKind.REALLOCATE: "调剂编制",
}
"""What is asked for. The unit that applies need not be the one that is changed, and is not made the subject."""


def serial_series(procedure: Procedure) -> str:
    """The tally that counts the cases of a procedure; `case` is that of staffing up, the first there was."""
    return "case" if procedure is Procedure.STAFFING_UP else f"case:{procedure.value}"


def procedure_of(application: AnyApplication) -> Procedure:
    return Procedure(application.procedure)


def title(unit_name: str, application: AnyApplication) -> str:
    """In words, without personal data: it stands in lists, letters and Temporal summaries."""
    match application:
        case StaffingUpApplication():
            return f"{unit_name}{subject(application)}"
        case RemovingStaffApplication():
            reasons = some(dict.fromkeys(person.reason.label for person in application.persons))
            return f"{unit_name}出编申请（{len(application.persons)}人，{reasons}）"
        case EstablishmentChangeApplication():
            said = "" if names_a_person(application.title) else application.title  # the gate will refuse it
            return f"{unit_name}关于{_WISH[application.kind]}的申请" + (f"（{said}）" if said else "")
        case RectificationApplication() | WarningApplication():
            return f"{unit_name}{subject(application)}"


def subject(application: AnyApplication) -> str:
    """What the papers of a case are about, beside the unit: the titles of records say it, which stand in more lists
    than the title of the case and are kept longer. Nothing in it is typed by the unit or tells of one person."""
    match application:
        case StaffingUpApplication():
            wanted: Counter[Resource] = Counter()
            for line in application.lines:
                wanted[line.resource] += line.number
            return f"用编申请（{counted(wanted)}）"
        case RemovingStaffApplication():
            return f"出编申请（{len(application.persons)}人）"
        case EstablishmentChangeApplication():
            return f"{_WISH[application.kind]}申请"
        case RectificationApplication():
            kinds = some(dict.fromkeys(without_identity(problem.kind) for problem in application.problems))
            return f"机构编制问题整改（{len(application.problems)}项：{kinds}）"
        case WarningApplication():
            return f"机构编制预警（{application.indicator.label}）"


def counted(wanted: Mapping[Resource, int]) -> str:
    return some(f"{what.label}{number}名" for what, number in wanted.items() if number)


def some(words: Iterable[str], most: int = 3) -> str:
    listed = list(words)
    return "、".join(listed[:most]) + ("等" if len(listed) > most else "")


def fingerprint(keyring: Keyring, application: AnyApplication) -> str:
    """Equal for two applications that ask for the same: their duplicate is refused while the first is open."""
    return keyring.keyed_hash(canonical(_essence(application)).encode())


def _essence(application: AnyApplication) -> list[object]:
    match application:
        case StaffingUpApplication():
            lines = sorted(
                (li.resource.value, li.number, li.way.value, li.internal_body or "") for li in application.lines
            )
            basis = application.basis
            return [application.unit, lines, [basis.meeting, basis.date.isoformat()] if basis else []]
        case RemovingStaffApplication():
            return ["removing", application.unit, sorted((p.person, p.reason.value) for p in application.persons)]
        case EstablishmentChangeApplication():
            changes = sorted(canonical(change.model_dump(mode="json")) for change in application.changes)
            return ["change", application.unit, application.request_no, changes]
        case RectificationApplication():
            problems = sorted(canonical(problem.model_dump(mode="json")) for problem in application.problems)
            return ["rectification", application.unit, problems]
        case WarningApplication():
            return ["warning", application.unit, application.indicator.value, application.facts]
