"""The certificate of a unit as an extract of its holder's chain at the end of a day (ledger.md rule 7).

A day cuts the chain at the last row that was recorded by then; of those rows the extract shows what had taken effect.
So it can be made again at any later time, and the sequence and head that it prints prove all of it. A fixed number of
statements, whatever the unit's age: rows are put together in memory, in one pass each.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, bindparam, func, or_, select
from sqlmodel import Session

from ledger import chain
from ledger.books import AnyRow
from ledger.corrections import CORRECTED
from ledger.db import keyring_of
from ledger.occupancy import mask
from ledger.tables import JOURNAL, OCCUPANCY, PERSON, UNIT
from models.certificate import (
    CertificateFacts,
    CertifiedBalance,
    CertifiedBody,
    CertifiedPerson,
    CertifiedUnit,
    NamedUnit,
    QuotaEvent,
    UnitEvent,
)
from models.enums import ChangeKind, EntryKind, ExitReason, Resource, Sex, UnitKind
from models.register import InternalBody, Unit, UnitChange, table_of
from models.sealing import Keyring
from rules.deadlines import end_of_day, local_day

_BODY = table_of(InternalBody)
_CHANGE = table_of(UnitChange)
_EXITS = (EntryKind.LEAVE.value, EntryKind.TRANSFER_OUT.value)
_BODIES_FIELD = "内设机构"
_FIELDS = ("name", "rank", "parent", "other_names")
"""Fields of a unit whose former values the register of changes keeps."""

_UNITS = select(UNIT).where(
    UNIT.c.holder == select(UNIT.c.holder).where(UNIT.c.code == bindparam("unit_code")).scalar_subquery()
)
_NAMED = select(UNIT.c.code, UNIT.c.name).where(UNIT.c.code.in_(bindparam("codes", expanding=True)))
_OF_CASE = select(_CHANGE).where(_CHANGE.c.case_id == bindparam("of_case")).order_by(_CHANGE.c.id)
_CHANGES = select(_CHANGE).where(_CHANGE.c.unit.in_(bindparam("codes", expanding=True))).order_by(_CHANGE.c.id)
_CUT = select(func.max(JOURNAL.c.seq)).where(
    JOURNAL.c.holder == bindparam("of_holder"), JOURNAL.c.recorded_at < bindparam("until")
)
_HEAD = select(JOURNAL.c.hash).where(JOURNAL.c.holder == bindparam("of_holder"), JOURNAL.c.seq == bindparam("cut"))
_WITHIN = (
    JOURNAL.c.holder == bindparam("of_holder"),
    JOURNAL.c.seq <= bindparam("cut"),
    JOURNAL.c.effective_on <= bindparam("day"),
)
_BALANCES = (
    select(
        JOURNAL.c.resource,
        func.sum(JOURNAL.c.d_authorised).label("authorised"),
        func.sum(JOURNAL.c.d_occupied).label("occupied"),
        func.sum(JOURNAL.c.d_reserved).label("reserved"),
        func.sum(JOURNAL.c.d_set_aside).label("set_aside"),
        func.sum(JOURNAL.c.d_tolerated).label("tolerated"),
    )
    .where(*_WITHIN)
    .group_by(JOURNAL.c.resource)
)
_QUOTAS = (
    select(
        JOURNAL.c.seq,
        JOURNAL.c.effective_on,
        JOURNAL.c.kind,
        JOURNAL.c.resource,
        JOURNAL.c.unit,
        JOURNAL.c.d_authorised,
        JOURNAL.c.d_set_aside,
        JOURNAL.c.d_tolerated,
        JOURNAL.c.basis_no,
        JOURNAL.c.basis_body,
        JOURNAL.c.basis_date,
        JOURNAL.c.corrects,
    )
    .where(
        *_WITHIN,
        or_(
            JOURNAL.c.d_authorised != 0,
            JOURNAL.c.d_set_aside != 0,
            (JOURNAL.c.kind == EntryKind.OPENING.value) & JOURNAL.c.person_ref.is_(None),
        ),
    )
    .order_by(JOURNAL.c.seq)
)
_SEATS = (
    select(
        OCCUPANCY.c.person_ref,
        OCCUPANCY.c.account,
        OCCUPANCY.c.resource,
        OCCUPANCY.c.internal_body,
        OCCUPANCY.c.position,
        OCCUPANCY.c.entered_on,
        OCCUPANCY.c.entered_seq,
        OCCUPANCY.c.basis_no,
        OCCUPANCY.c.left_on,
        OCCUPANCY.c.left_seq,
        OCCUPANCY.c.exit_reason,
        PERSON.c.name,
        PERSON.c.sex,
        PERSON.c.identity_sealed,
        PERSON.c.birth_sealed,
    )
    .join(PERSON, PERSON.c.ref == OCCUPANCY.c.person_ref)
    .where(
        OCCUPANCY.c.unit == bindparam("unit_code"),
        OCCUPANCY.c.entered_holder == bindparam("of_holder"),
        OCCUPANCY.c.entered_seq <= bindparam("cut"),
        OCCUPANCY.c.entered_on <= bindparam("day"),
    )
    .order_by(OCCUPANCY.c.entered_seq, OCCUPANCY.c.id)
)
_MOVED = _SEATS.where(or_(OCCUPANCY.c.entered_seq > bindparam("after"), OCCUPANCY.c.left_seq > bindparam("after")))
_taken_back = JOURNAL.alias("taken_back")
# Exits of that day which a later row has taken back: the occupancy no longer knows them, the chain does.
_UNDONE = (
    select(_taken_back.c.person_ref, _taken_back.c.account, _taken_back.c.seq, _taken_back.c.effective_on)
    .join(JOURNAL, (JOURNAL.c.holder == _taken_back.c.holder) & (JOURNAL.c.corrects == _taken_back.c.seq))
    .where(
        _taken_back.c.holder == bindparam("of_holder"),
        _taken_back.c.seq <= bindparam("cut"),
        _taken_back.c.effective_on <= bindparam("day"),
        _taken_back.c.unit == bindparam("unit_code"),
        _taken_back.c.kind.in_(_EXITS),
        JOURNAL.c.seq > bindparam("cut"),
    )
)
_BEGINS = (
    select(func.min(JOURNAL.c.recorded_at))
    .join(UNIT, UNIT.c.holder == JOURNAL.c.holder)
    .where(UNIT.c.code == bindparam("unit_code"))
)
_BODIES = select(_BODY).where(_BODY.c.unit == bindparam("unit_code")).order_by(_BODY.c.id)
_INSIDE = re.compile(r"^(?P<name>.+?)（(?P<inside>[^（）]*)）$")
_POSTS = re.compile(r"(?P<side>正职|副职)(?P<number>\d+)名")


@dataclass(frozen=True, slots=True)
class _Cut:
    """Where the day cuts the chain: `until` is the first moment of the next day."""

    day: date
    until: datetime
    holder: str
    seq: int

    def named(self, **more: object) -> dict[str, object]:
        return {"of_holder": self.holder, "cut": self.seq, "day": self.day, **more}

    def later(self, change: AnyRow) -> bool:
        """Whether a change of the register of units was not yet in force and known on the day."""
        return bool(change.effective_on > self.day or change.recorded_at.astimezone(UTC) >= self.until)


@dataclass(frozen=True, slots=True)
class _Rename:
    """An internal body got another name."""

    on: date
    before: str
    after: str


def extract(s: Session, unit: str, as_of: date) -> CertificateFacts | None:
    """The unit's certificate as it stood at the end of `as_of` (Asia/Shanghai), without its numbered pages.

    None for an unknown unit, and for a day before the first row of its chain: there was nothing to certify yet.
    Identity numbers leave this function masked.
    """
    s.flush()
    connection = s.connection()
    sharing = {row.code: row for row in connection.execute(_UNITS, {"unit_code": unit})}
    if unit not in sharing:
        return None
    holder, until = sharing[unit].holder, _next_day(as_of)
    seq = connection.execute(_CUT, {"of_holder": holder, "until": until}).scalar()
    if seq is None:
        return None
    cut = _Cut(as_of, until, holder, seq)
    changes: dict[str, list[AnyRow]] = defaultdict(list)
    for row in connection.execute(_CHANGES, {"codes": sorted(sharing)}):
        changes[row.unit].append(row)
    then = {code: _as_then(cut, row, changes[code]) for code, row in sharing.items()}
    persons = _persons(s, cut, unit, _renames(cut, changes[unit]))
    here = then[unit]
    named = _names(s, cut, {here["parent"], here["merged_into"], *_parents(changes[unit])} - {None, ""})
    return CertificateFacts(
        as_of=as_of,
        unit=_unit(here, named),
        co_users=_co_users(cut, unit, then),
        chain_seq=seq,
        chain_head=connection.execute(_HEAD, {"of_holder": holder, "cut": seq}).scalar_one(),
        balances=_balances(s, cut),
        bodies=_bodies(s, cut, unit, changes[unit], persons),
        changes=[_event(row, named) for row in changes[unit] if not cut.later(row)],
        quotas=_quotas(s, cut, {code: fields["name"] for code, fields in then.items()}),
        persons=persons,
    )


def events(s: Session, case_id: str, today: date) -> dict[str, list[UnitEvent]]:
    """Unit → what the reply of a case changed in the register of units, in the order in which it was done."""
    rows = s.connection().execute(_OF_CASE, {"of_case": case_id}).all()
    named = _names(s, _Cut(today, _next_day(today), "", 0), {*_parents(rows)} - {""})
    found: dict[str, list[UnitEvent]] = defaultdict(list)
    for row in rows:
        found[row.unit].append(_event(row, named))
    return dict(found)


def moved(s: Session, unit: Unit, after: int, today: date) -> list[CertifiedPerson]:
    """Who entered the unit or left it by the rows of its chain that follow row `after`."""
    cut = _Cut(today, _next_day(today), unit.holder, chain.head(s, unit.holder)[0])
    return _persons(s, cut, unit.code, [], _MOVED, after=after)


def begins(s: Session, unit: str) -> date | None:
    """The day (Asia/Shanghai) on which the unit's chain begins; None for an unknown unit or an empty chain."""
    first: datetime | None = s.connection().execute(_BEGINS, {"unit_code": unit}).scalar()
    return None if first is None else local_day(first)


# --- the unit on that day ------------------------------------------------------------------------------------------


def _as_then(cut: _Cut, row: AnyRow, changes: Sequence[AnyRow]) -> dict[str, Any]:
    """The unit's fields with every later change taken back, the latest first; `since` when it was set up by a reply."""
    fields: dict[str, Any] = dict(row._mapping)
    fields["since"] = next((each.effective_on for each in changes if each.kind == ChangeKind.ESTABLISH.value), None)
    for change in reversed(changes):
        if not cut.later(change):
            continue
        if change.field in _FIELDS:
            fields[change.field] = change.before or None
        elif change.field == "abolished_on":
            fields["abolished_on"] = fields["merged_into"] = None
    return fields


def _next_day(day: date) -> datetime:
    return end_of_day(day) + timedelta(seconds=1)


def _parents(changes: Iterable[AnyRow]) -> set[str]:
    return {code for row in changes if row.field == "parent" for code in (row.before, row.after)}


def _names(s: Session, cut: _Cut, codes: Iterable[str | None]) -> dict[str, str]:
    """Code → name on that day of units that stand elsewhere in the register."""
    wanted = {"codes": sorted(code for code in codes if code)}
    if not wanted["codes"]:
        return {}
    found = {row.code: row.name for row in s.connection().execute(_NAMED, wanted)}
    later = [row for row in s.connection().execute(_CHANGES, wanted) if row.field == "name" and cut.later(row)]
    for row in reversed(later):
        found[row.unit] = row.before
    return found


def _unit(fields: dict[str, Any], named: dict[str, str]) -> CertifiedUnit:
    kind, into = UnitKind(fields["kind"]), fields["merged_into"]
    texts = ("other_names", "rank", "nature", "place", "certificate_no", "basis_no")
    return CertifiedUnit(
        code=fields["code"],
        name=fields["name"],
        kind=kind,
        kind_label=kind.label,
        parent=fields["parent"],
        parent_name=named.get(fields["parent"] or "", ""),
        basis_date=fields["basis_date"],
        holder=fields["holder"],
        ended_on=fields["abolished_on"],
        merged_into=into,
        merged_into_name=named.get(into or "", ""),
        **{name: fields[name] or "" for name in texts},
    )


def _co_users(cut: _Cut, unit: str, then: dict[str, dict[str, Any]]) -> list[NamedUnit]:
    """Units that worked under the same quota on that day."""
    return [
        NamedUnit(code=code, name=fields["name"])
        for code, fields in sorted(then.items())
        if code != unit
        and not (fields["abolished_on"] and fields["abolished_on"] <= cut.day)
        and not (fields["since"] and fields["since"] > cut.day)
    ]


def _event(row: AnyRow, named: dict[str, str]) -> UnitEvent:
    before, after = row.before, row.after
    if row.field == "parent":
        before, after = named.get(before, before), named.get(after, after)
    return UnitEvent(
        effective_on=row.effective_on,
        kind=ChangeKind(row.kind),
        field=row.field,
        before=before,
        after=after,
        basis_no=row.basis_no or "",
    )


# --- quotas --------------------------------------------------------------------------------------------------------


def _balances(s: Session, cut: _Cut) -> list[CertifiedBalance]:
    rows = {row.resource: row for row in s.connection().execute(_BALANCES, cut.named())}
    found = []
    for resource in Resource:
        if (row := rows.get(resource.value)) is None:
            continue
        authorised, occupied = int(row.authorised), int(row.occupied)
        reserved, set_aside = int(row.reserved), int(row.set_aside)
        found.append(
            CertifiedBalance(
                resource=resource,
                label=resource.label,
                authorised=authorised,
                occupied=occupied,
                reserved=reserved,
                set_aside=set_aside,
                vacancy=authorised - occupied - reserved - set_aside,
                tolerated_over=int(row.tolerated),
            )
        )
    return found


def _quotas(s: Session, cut: _Cut, names: dict[str, str]) -> list[QuotaEvent]:
    """Rows that moved 核定 or 预留 in order of the chain, each with its account's figure after it."""
    standing: Counter[tuple[str, bool]] = Counter()
    found = []
    for row in s.connection().execute(_QUOTAS, cut.named()):
        moved = [(True, row.d_set_aside)] if row.d_set_aside else []
        if row.d_authorised or not moved:
            moved.insert(0, (False, row.d_authorised))
        for set_aside, delta in moved:
            standing[row.resource, set_aside] += delta
            found.append(_quota(row, set_aside, delta, standing[row.resource, set_aside], names))
    return found


def _quota(row: AnyRow, set_aside: bool, delta: int, after: int, names: dict[str, str]) -> QuotaEvent:
    return QuotaEvent(
        seq=row.seq,
        effective_on=row.effective_on,
        kind=EntryKind(row.kind),
        resource=Resource(row.resource),
        set_aside=set_aside,
        delta=delta,
        after=after,
        tolerated=row.d_tolerated,
        unit=NamedUnit(code=row.unit, name=names.get(row.unit, row.unit)),
        basis_no=row.basis_no or "",
        basis_body=row.basis_body or "",
        basis_date=row.basis_date,
        corrects=row.corrects,
    )


# --- persons -------------------------------------------------------------------------------------------------------


def _persons(
    s: Session, cut: _Cut, unit: str, renames: Sequence[_Rename], seats: Select[Any] = _SEATS, **more: int
) -> list[CertifiedPerson]:
    """Entries into the unit in order of the chain, each with the exit that stood on that day, in the internal body as
    it was called then."""
    named = cut.named(unit_code=unit)
    undone: dict[tuple[str, str], list[AnyRow]] = defaultdict(list)
    for exit_row in s.connection().execute(_UNDONE, named):
        undone[exit_row.person_ref, exit_row.account].append(exit_row)
    keyring = keyring_of(s)
    opened: dict[str, tuple[str, str]] = {}
    found = []
    for row in s.connection().execute(seats, named | more):
        if row.person_ref not in opened:
            opened[row.person_ref] = _identity(keyring, row)
        gone = undone.get((row.person_ref, row.account), [])
        found.append(_person(cut, row, opened[row.person_ref], gone, _body_then(row, renames)))
    return found


def _renames(cut: _Cut, changes: Sequence[AnyRow]) -> list[_Rename]:
    """What internal bodies were called before each later change, the latest first."""
    return [
        _Rename(change.effective_on, body_of(change.before).name, body_of(change.after).name)
        for change in reversed(changes)
        if change.field == _BODIES_FIELD and change.before and change.after and cut.later(change)
    ]


def _body_then(row: AnyRow, renames: Sequence[_Rename]) -> str:
    """The seats of those who were in a body bear its newest name."""
    name: str = row.internal_body or ""
    for rename in renames:
        if name == rename.after and (row.left_on is None or row.left_on >= rename.on):
            name = rename.before
    return name


def _identity(keyring: Keyring, row: AnyRow) -> tuple[str, str]:
    """(masked number, month of birth)."""
    number = keyring.open_column(row.identity_sealed, "person", "identity_sealed", row.person_ref)
    birth = date.fromisoformat(keyring.open_column(row.birth_sealed, "person", "birth_sealed", row.person_ref))
    return mask(number), f"{birth.year}年{birth.month}月"


def _person(
    cut: _Cut, row: AnyRow, identity: tuple[str, str], undone: list[AnyRow], internal_body: str
) -> CertifiedPerson:
    resource = Resource(row.resource)
    ending: dict[str, Any] = {}
    if row.left_seq is not None and row.left_seq <= cut.seq:
        if row.exit_reason == CORRECTED:
            ending = {"struck_by": row.left_seq, "reason": "登记有误，已冲正"}
        elif row.left_on <= cut.day:
            ending = {"left_on": row.left_on, "left_seq": row.left_seq, "reason": _reason(row.exit_reason)}
    # the exit of this entry is the first one after it
    gone = min((each for each in undone if each.seq > row.entered_seq), key=lambda each: each.seq, default=None)
    if not ending and gone is not None:
        ending = {"left_on": gone.effective_on, "left_seq": gone.seq, "reason": "出编"}
    return CertifiedPerson(
        name=row.name,
        sex=Sex(row.sex),
        birth_month=identity[1],
        identity_masked=identity[0],
        resource=resource,
        label=resource.label,
        internal_body=internal_body,
        position=row.position or "",
        entered_on=row.entered_on,
        entered_seq=row.entered_seq,
        basis_no=row.basis_no or "",
        **ending,
    )


def _reason(code: str | None) -> str:
    return ExitReason(code).label if code else ""


# --- internal bodies -----------------------------------------------------------------------------------------------


def _bodies(
    s: Session, cut: _Cut, unit: str, changes: Sequence[AnyRow], persons: Sequence[CertifiedPerson]
) -> list[CertifiedBody]:
    """The internal bodies on that day: those of now with every later change taken back, the latest first."""
    found = [
        CertifiedBody(
            name=row.name,
            other_name=row.other_name or "",
            rank=row.rank or "",
            chief_posts=row.chief_posts,
            deputy_posts=row.deputy_posts,
        )
        for row in s.connection().execute(_BODIES, {"unit_code": unit})
    ]
    for change in reversed(changes):
        if change.field != _BODIES_FIELD or not cut.later(change):
            continue
        before = body_of(change.before) if change.before else None
        after = body_of(change.after).name if change.after else None
        place = next((at for at, body in enumerate(found) if body.name == after), len(found))
        found[place : place + 1] = [before] if before is not None else []
    inside = Counter(each.internal_body for each in persons if each.stands and each.resource.is_headcount)
    return [body.model_copy(update={"people": inside[body.name]}) for body in found]


def body_of(text: str) -> CertifiedBody:
    """What `rules.changes.body_text` wrote, read back: 规划科（正科级、正职1名、副职2名）."""
    match = _INSIDE.match(text)
    parts = match["inside"].split("、") if match else []
    posts = {found["side"]: int(found["number"]) for part in parts if (found := _POSTS.fullmatch(part))}
    others = [part for part in parts if not _POSTS.fullmatch(part)]
    if match is None or len(others) > 1 or not all(part.endswith("级") for part in others):
        return CertifiedBody(name=text)  # the brackets belong to the name, as in 规划科（原示范市规划局）
    return CertifiedBody(
        name=match["name"],
        rank="".join(others),
        chief_posts=posts.get("正职"),
        deputy_posts=posts.get("副职"),
    )
