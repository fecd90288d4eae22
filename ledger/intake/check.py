"""Every row is judged and every fault is kept: officials correct a workbook once, not fault by fault."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from ledger.spreadsheets.parsing import MAX_COLUMNS
from ledger.spreadsheets.tables import Row
from models.enums import Resource, UnitKind
from models.intake import ImportFault
from models.ledger import Basis, OpeningAccount, OpeningPerson
from models.rulebook import Rulebook

from .cells import Unfit, Value, reader_of
from .columns import ACCOUNTS, BODIES, PERSONS, SHEETS, UNITS, is_example, shown
from .entries import BodyEntry, Opening, UnitEntry
from .numbers import unit_code_fault
from .persons import PersonCheck
from .register import Progress, parents_first, silent
from .source import Source, place_headings

CHECKING = "核对 · checking"
MAX_FAULTS = 50_000
_REPORT_EVERY = 1_000
_T = TypeVar("_T", str, int, date)

Values = dict[str, Value]


@dataclass(slots=True)
class Checked:
    """What the file holds and what is wrong with it. `rows` finds the row of a unit or of an identity number again."""

    opening: Opening = field(default_factory=Opening)
    faults: list[ImportFault] = field(default_factory=list)
    faulty: set[tuple[str, int]] = field(default_factory=set)
    unit_rows: dict[str, int] = field(default_factory=dict)
    identity_rows: dict[str, int] = field(default_factory=dict)
    parents_elsewhere: dict[str, list[int]] = field(default_factory=dict)
    certificates: dict[str, int] = field(default_factory=dict)

    def fault(self, sheet: str, row: int, key: str, reason: str) -> None:
        self.faulty.add((sheet, row))
        if self.full:
            return
        heading = next((column.heading for column in SHEETS[sheet] if column.key == key), key)
        self.faults.append(ImportFault(sheet=sheet, row=row, column=heading, reason=reason))
        if self.full:
            reason = f"问题超过{MAX_FAULTS}处，其余未列，请先改正以上各处 · too many faults, the rest is not listed"
            self.faults.append(ImportFault(sheet="", row=0, column="", reason=reason))

    @property
    def full(self) -> bool:
        """No fault is listed any more: a file that is wrong throughout must not fill the memory with reasons."""
        return len(self.faults) >= MAX_FAULTS


def check(
    source: Source, rulebook: Rulebook, on: date, *, accept_over_quota: bool, progress: Progress = silent
) -> Checked:
    """Judges the whole file by itself; what only the register can say is `against_register`."""
    found = Checked()
    for name in source.names:
        if name not in SHEETS:
            found.faults.append(_sheet_fault(name, "未知工作表 · unknown sheet"))
    for name in SHEETS:
        if name not in source.names:
            found.faults.append(_sheet_fault(name, "缺少工作表 · sheet is missing"))
    run = _Run(found, source, rulebook, on, progress)
    run.units()
    run.bodies()
    run.accounts()
    run.persons()
    if not accept_over_quota:
        run.over_quota()
    if not found.faults and not found.opening.units:
        found.faults.append(_sheet_fault(UNITS, "没有填写任何机构 · no unit is filled in"))
    return found


def _sheet_fault(name: str, reason: str) -> ImportFault:
    return ImportFault(sheet=shown(name), row=0, column="", reason=reason)


def _as(kind: type[_T], value: Value) -> _T | None:
    return value if isinstance(value, kind) else None


class _Run:
    """One pass over one file; the sheets lean on those before them."""

    def __init__(self, found: Checked, source: Source, rulebook: Rulebook, on: date, progress: Progress) -> None:
        self.found = found
        self.source = source
        self.categories = rulebook.staffing.categories
        self.on = on
        self.progress = progress
        # A sheet that could not be read must not make every row that leans on it a fault.
        self.readable: set[str] = set()
        self.kinds: dict[str, UnitKind] = {}
        self.holders: dict[str, str] = {}
        self.bodies_of: dict[str, set[str]] = {}
        self.account_rows: dict[tuple[str, Resource], int] = {}
        self.authorised: dict[tuple[str, Resource], int] = {}
        self.used: Counter[tuple[str, Resource]] = Counter()
        self.person_check = PersonCheck(found.fault, rulebook.staffing.minimum_age, on)

    def _read(self, sheet: str) -> Iterator[tuple[int, Values]]:
        """Rows whose cells could be read; unreadable and missing required cells are faults, and absent here."""
        if sheet not in self.source.names:
            return
        rows = self.source.rows(sheet)
        first: Row | None = next(rows, None)
        if first is None or first[0] != 1:
            self.found.fault(sheet, 1, "", "首行应为列名 · the first row must hold the headings")
            return
        places, wrong = place_headings(sheet, first[1])
        for heading, reason in wrong:
            self.found.faults.append(ImportFault(sheet=sheet, row=1, column=heading, reason=reason))
        if wrong:
            return
        self.readable.add(sheet)
        yield from self._read_rows(sheet, places, rows)

    def _read_rows(self, sheet: str, places: dict[str, int], rows: Iterator[Row]) -> Iterator[tuple[int, Values]]:
        columns = [
            (column.key, places[column.key], reader_of(column), column.required)
            for column in SHEETS[sheet]
            if column.key in places
        ]
        untitled = [index for index in range(MAX_COLUMNS) if index not in places.values()]
        first_place = places[SHEETS[sheet][0].key]
        done, total = 0, max(0, self.source.count(sheet) - 1)
        for number, cells in rows:
            width = len(cells)
            if is_example(cells[first_place] if first_place < width else None):
                continue
            values: Values = {}
            for key, index, read, required in columns:
                try:
                    value = read(cells[index]) if index < width else None
                except Unfit as fault:
                    self.found.fault(sheet, number, key, str(fault))
                    continue
                if value is not None:
                    values[key] = value
                elif required:
                    self.found.fault(sheet, number, key, "必填 · required")
            if untitled[0] < width and any(cells[i] not in (None, "") for i in untitled if i < width):
                self.found.fault(sheet, number, "", "无列名的列中有内容 · content in a column without heading")
            done += 1
            if done % _REPORT_EVERY == 0:
                self.progress(f"{CHECKING} {sheet}", done, max(total, done))
            yield number, values
            if self.found.full:
                break
        self.progress(f"{CHECKING} {sheet}", done, done)

    # 机构

    def units(self) -> None:
        entries: list[tuple[int, UnitEntry]] = []
        names: dict[str, int] = {}
        for row, values in self._read(UNITS):
            code = _as(str, values.get("code"))
            if code is None or not self._new_code(row, code):
                continue
            name = _as(str, values.get("name")) or ""
            self._once(UNITS, row, "name", name, names)
            self._once(UNITS, row, "certificate_no", _as(str, values.get("certificate_no")), self.found.certificates)
            kind = _as(str, values.get("kind"))
            if kind is not None:
                self.kinds[code] = UnitKind(kind)
            self.holders[code] = _as(str, values.get("shares")) or code
            if name and kind is not None:
                entries.append((row, self._unit(code, name, kind, values)))
        for row, entry in entries:
            self._check_relations(row, entry)
        found = [entry for _, entry in entries]
        standing = {entry.code for entry in parents_first(found)}
        for row, entry in entries:
            if entry.code not in standing:
                self.found.fault(UNITS, row, "parent", "主管部门互为上下级 · parents form a circle")
        self.found.opening.units = found

    def _new_code(self, row: int, code: str) -> bool:
        reason = unit_code_fault(code)
        if reason is not None:
            self.found.fault(UNITS, row, "code", reason)
        return self._once(UNITS, row, "code", code, self.found.unit_rows) and reason is None

    def _once(self, sheet: str, row: int, key: str, value: str | None, seen: dict[str, int]) -> bool:
        if not value:
            return True
        if value in seen:
            self.found.fault(sheet, row, key, f"与第{seen[value]}行重复 · repeats row {seen[value]}")
            return False
        seen[value] = row
        return True

    def _unit(self, code: str, name: str, kind: str, values: Values) -> UnitEntry:
        def text(key: str) -> str | None:
            return _as(str, values.get(key))

        return UnitEntry(
            code=code,
            name=name,
            kind=kind,
            holder=self.holders[code],
            certificate_no=text("certificate_no") or "",
            short_name=text("short_name"),
            place=text("place"),
            rank=text("rank"),
            nature=text("nature"),
            parent=text("parent"),
            basis_no=text("basis_no"),
            basis_date=_as(date, values.get("basis_date")),
            source=text("source"),
            remark=text("remark"),
        )

    def _check_relations(self, row: int, entry: UnitEntry) -> None:
        if entry.parent is not None and entry.parent not in self.found.unit_rows:
            self.found.parents_elsewhere.setdefault(entry.parent, []).append(row)
        if entry.holder == entry.code:
            return
        if entry.holder not in self.holders:
            self.found.fault(UNITS, row, "shares", "“机构”表中无此机构 · no such unit in this workbook")
        elif self.holders[entry.holder] != entry.holder:
            self.found.fault(UNITS, row, "shares", "所填机构本身与他机构共用编制 · that unit itself shares a quota")

    def _unit_of(self, sheet: str, row: int, values: Values) -> str | None:
        unit = _as(str, values.get("unit"))
        if unit is None or unit in self.found.unit_rows or UNITS not in self.readable:
            return unit
        self.found.fault(sheet, row, "unit", "“机构”表中无此机构 · no such unit in this workbook")
        return None

    # 内设机构

    def bodies(self) -> None:
        for row, values in self._read(BODIES):
            unit, name = self._unit_of(BODIES, row, values), _as(str, values.get("name"))
            if unit is None or name is None:
                continue
            known = self.bodies_of.setdefault(unit, set())
            if name in known:
                self.found.fault(BODIES, row, "name", "同一机构内名称重复 · repeated within the unit")
                continue
            known.add(name)
            self.found.opening.bodies.append(
                BodyEntry(
                    unit=unit,
                    name=name,
                    other_name=_as(str, values.get("other_name")),
                    rank=_as(str, values.get("rank")),
                    chief_posts=_as(int, values.get("chief_posts")),
                    deputy_posts=_as(int, values.get("deputy_posts")),
                    status=_as(str, values.get("status")) or "counted",
                )
            )

    # 编制职数

    def accounts(self) -> None:
        for row, values in self._read(ACCOUNTS):
            unit, code = self._unit_of(ACCOUNTS, row, values), _as(str, values.get("resource"))
            basis = self._basis(row, values)
            if unit is None or code is None:
                continue
            resource = Resource(code)
            self._check_category(ACCOUNTS, row, "resource", unit, resource)
            account = (self.holders.get(unit, unit), resource)
            if account in self.account_rows:
                first = self.account_rows[account]
                self.found.fault(ACCOUNTS, row, "resource", f"与第{first}行重复 · repeats row {first}")
                continue
            self.account_rows[account] = row
            authorised, unnamed = _as(int, values.get("authorised")), _as(int, values.get("unnamed")) or 0
            if authorised is None:
                continue
            self.authorised[account] = authorised
            self.used[account] += unnamed
            self.found.opening.accounts.append(
                OpeningAccount(
                    unit=unit,
                    resource=resource,
                    authorised=authorised,
                    occupied_unnamed=unnamed,
                    note=_as(str, values.get("note")) or "",
                    basis=basis,
                )
            )

    def _basis(self, row: int, values: Values) -> Basis | None:
        number, body = _as(str, values.get("basis_no")), _as(str, values.get("basis_body"))
        day = _as(date, values.get("basis_date"))
        if number and body and day:
            return Basis(number=number, body=body, date=day)
        if number or body or day:
            missing = "basis_no" if not number else "basis_body" if not body else "basis_date"
            reason = "批准文号、批准机关、批准日期须同填或同空 · number, body and date belong together"
            self.found.fault(ACCOUNTS, row, missing, reason)
        return None

    def _check_category(self, sheet: str, row: int, key: str, unit: str, resource: Resource) -> None:
        kind = self.kinds.get(unit)
        if kind is not None and resource.is_headcount and resource not in self.categories.get(kind, []):
            reason = f"{kind.label}不得使用{resource.label} · category does not fit the kind of unit"
            self.found.fault(sheet, row, key, reason)

    # 人员

    def persons(self) -> None:
        listed: list[OpeningPerson] = []
        for row, values in self._read(PERSONS):
            unit = self._unit_of(PERSONS, row, values)
            resources = self._resources(row, unit, values)
            self._check_body(row, unit, values)
            person = self.person_check.judge(row, unit, values)
            if person is not None:
                listed.append(person)
            # Who may not be there at all must not make the unit look over its quota.
            if unit is not None and (PERSONS, row) not in self.found.faulty:
                self.used.update((self.holders.get(unit, unit), resource) for resource in resources)
        self.found.identity_rows = self.person_check.headcount_rows
        self.found.opening.persons = listed
        self.found.opening.person_count = len(listed)

    def _resources(self, row: int, unit: str | None, values: Values) -> list[Resource]:
        resources = []
        for key in ("headcount", "post"):
            code = _as(str, values.get(key))
            if code is None or unit is None:
                continue
            resource = Resource(code)
            resources.append(resource)
            self._check_category(PERSONS, row, key, unit, resource)
            known = (self.holders.get(unit, unit), resource) in self.account_rows
            if not known and self.readable.issuperset({UNITS, ACCOUNTS}):
                reason = f"该机构未登记{resource.label} · the unit has no such account"
                self.found.fault(PERSONS, row, key, reason)
        return resources

    def _check_body(self, row: int, unit: str | None, values: Values) -> None:
        body = _as(str, values.get("internal_body"))
        if unit is None or body is None or not self.readable.issuperset({UNITS, BODIES}):
            return
        if body not in self.bodies_of.get(unit, set()):
            self.found.fault(PERSONS, row, "internal_body", "该机构无此内设机构 · the unit has no such internal body")

    def over_quota(self) -> None:
        for account, row in self.account_rows.items():
            authorised = self.authorised.get(account)
            if authorised is None or self.used[account] <= authorised:
                continue
            over = self.used[account] - authorised
            what = "超编" if account[1].is_headcount else "超职数"
            reason = f"{what}{over}：实有{self.used[account]}，核定{authorised} · over quota by {over}"
            self.found.fault(ACCOUNTS, row, "authorised", reason)
