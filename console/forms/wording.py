"""What is asked for, in words, for the page on which it is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.applications import (
    AnyApplication,
    CollectiveDecision,
    EstablishmentChangeApplication,
    RectificationApplication,
    RemovingStaffApplication,
    StaffingUpApplication,
    WarningApplication,
)
from rules.changes import described
from rules.removal import subject_of

from ..words import _, day, label
from .changing import POINTS
from .sheet import Sheet
from .staffing import beyond


@dataclass(frozen=True, slots=True)
class Said:
    """One line of the confirmation: what, its values, and what should be known of each of them (or nothing)."""

    label: str
    values: list[str]
    notes: list[str] = field(default_factory=list)


def said_of(application: AnyApplication, sheet: Sheet, labels: Mapping[str, str]) -> list[Said]:
    unit = sheet.unit.name if sheet.unit is not None else application.unit
    told = [Said(_("单位"), [unit]), *_asked(application, sheet)]
    basis: CollectiveDecision | None = getattr(application, "basis", None)
    if basis is not None:
        told.append(Said(_("集体研究"), [f"{basis.meeting} {day(basis.date)}"]))
    contact, remark = getattr(application, "contact", ""), application.remark
    if contact:
        told.append(Said(_(labels["contact"]), [contact]))
    attachments = getattr(application, "attachments", [])
    if attachments:
        told.append(Said(_("附件"), [each.title for each in attachments]))
    return [*told, Said(_("备注"), [remark])] if remark else told


def _asked(application: AnyApplication, sheet: Sheet) -> list[Said]:
    match application:
        case StaffingUpApplication():
            return _staffing(application, sheet)
        case RemovingStaffApplication():
            return [
                Said(_("出编人员"), [_leaver(application, number, sheet) for number in range(len(application.persons))])
            ]
        case EstablishmentChangeApplication():
            return _changing(application, sheet)
        case RectificationApplication():
            problems = [
                _("%(no)s %(kind)s（%(source)s）：%(facts)s 整改要求：%(measure)s 期限%(due)s")
                % {
                    "no": each.no,
                    "kind": each.kind,
                    "source": label(each.source),
                    "facts": each.facts,
                    "measure": each.measure,
                    "due": day(each.due),
                }
                for each in application.problems
            ]
            return [Said(_("问题清单"), problems)]
        case WarningApplication():
            return _warning(application)


def _staffing(application: StaffingUpApplication, sheet: Sheet) -> list[Said]:
    lines = []
    for line in application.lines:
        text = _("%(resource)s%(number)d名，%(way)s") % {
            "resource": label(line.resource),
            "number": line.number,
            "way": label(line.way),
        }
        where = _("，用于%(body)s") % {"body": line.internal_body} if line.internal_body else ""
        why = _("。原因：%(reason)s") % {"reason": line.reason} if line.reason else ""
        lines.append(text + where + why)
    notes = beyond([(line.resource.value, line.way.value, line.number) for line in application.lines], sheet)
    told = [Said(_("申请用编"), lines, notes)]
    above = application.appointment
    return told + ([Said(_("上级任命"), [f"{above.body} {above.document_no} {day(above.date)}"])] if above else [])


def _leaver(application: RemovingStaffApplication, number: int, sheet: Sheet) -> str:
    leaver = application.persons[number]
    person = sheet.people.get(leaver.person)
    name = person.name if person is not None else subject_of(number + 1)
    text = _("%(name)s，%(reason)s，%(day)s") % {
        "name": name,
        "reason": label(leaver.reason),
        "day": day(leaver.event_date),
    }
    more = [leaver.proof_no, _("调往%(where)s") % {"where": leaver.destination} if leaver.destination else ""]
    return _("，").join([text, *filter(None, more)])


def _changing(application: EstablishmentChangeApplication, sheet: Sheet) -> list[Said]:
    told = [
        Said(_("请示"), [" ".join(filter(None, (application.title, application.request_no)))]),
        Said(_("主要事项"), [label(application.kind)]),
        Said(_("调整事项"), [described(change, sheet.names) for change in application.changes]),
    ]
    answered = [point for point in POINTS if getattr(application.justification, point)]
    told.append(Said(_("五项论证"), [_("已填写%(n)d项，共5项") % {"n": len(answered)}]))
    until = application.absorption_until
    return told + ([Said(_("消化期至"), [day(until)])] if until else [])


def _warning(application: WarningApplication) -> list[Said]:
    figures = [
        _("指标值%(value)s") % {"value": application.value} if application.value else "",
        _("阈值%(value)s") % {"value": application.threshold} if application.threshold else "",
    ]
    return [
        Said(_("预警指标"), [_("，").join(filter(None, [label(application.indicator), *figures]))]),
        Said(_("预警级别"), [label(application.level)]),
        Said(_("情况说明"), [application.facts]),
    ]
