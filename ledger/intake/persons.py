"""One row of 人员: identity, age, repetition."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from models.enums import Resource, Sex
from models.ledger import OpeningPerson, PersonEntry
from rules.identity import age_on, identity_fault

from .cells import Value
from .columns import PERSONS

FaultSink = Callable[[str, int, str, str], None]


class PersonCheck:
    """Remembers whom it has seen; `headcount_rows` maps identity number → row for those on a headcount."""

    def __init__(self, fault: FaultSink, minimum_age: int, on: date) -> None:
        self._fault = fault
        self._minimum_age = minimum_age
        self._on = on
        self._seen: dict[str, tuple[int, str]] = {}
        self._posts: set[tuple[str, str, str]] = set()
        self.headcount_rows: dict[str, int] = {}

    def judge(self, row: int, unit: str | None, values: dict[str, Value]) -> OpeningPerson | None:
        """The person when every needed cell is there; faults are reported either way."""
        headcount, post = values.get("headcount"), values.get("post")
        if headcount is None and post is None:
            reason = "编制类别与领导职数类别至少填一项 · neither headcount nor leader post"
            self._fault(PERSONS, row, "headcount", reason)
        name, sex, birth = values.get("name"), values.get("sex"), values.get("birth_date")
        identity, entered = values.get("identity_no"), values.get("entered_on")
        sound = self._check_number(row, identity, birth, sex)
        if isinstance(birth, date) and isinstance(entered, date):
            self._check_days(row, birth, entered)
        if not (isinstance(name, str) and isinstance(sex, str) and isinstance(birth, date)):
            return None
        if not (isinstance(identity, str) and isinstance(entered, date)):
            return None
        self._check_repeated(row, unit, identity, name, headcount, post)
        if unit is None or not sound:
            return None
        basis, body, position = values.get("basis_no"), values.get("internal_body"), values.get("position")
        return OpeningPerson(
            unit=unit,
            person=PersonEntry(
                name=name,
                sex=Sex(sex),
                birth_date=birth,
                identity_no=identity,
                position=str(position) if position is not None else None,
                internal_body=str(body) if body is not None else None,
            ),
            headcount=Resource(str(headcount)) if headcount is not None else None,
            post=Resource(str(post)) if post is not None else None,
            entered_on=entered,
            basis_no=str(basis) if basis is not None else None,
        )

    def _check_number(self, row: int, identity: Value, birth: Value, sex: Value) -> bool:
        """By itself where birth date or sex is missing: a row must not hide its second fault behind its first."""
        if not isinstance(identity, str):
            return False
        born = birth if isinstance(birth, date) else _birth_in(identity)
        reason = identity_fault(identity, born, Sex(sex) if isinstance(sex, str) else _sex_in(identity))
        if reason is not None:
            self._fault(PERSONS, row, "identity_no", f"{reason} · identity number is invalid")
        return reason is None

    def _check_days(self, row: int, birth: date, entered: date) -> None:
        if birth > self._on:
            self._fault(PERSONS, row, "birth_date", "出生日期在今日之后 · birth date lies ahead")
        elif entered > self._on:
            self._fault(PERSONS, row, "entered_on", "落编日期在今日之后 · entry date lies ahead")
        elif age_on(birth, entered) < self._minimum_age:
            reason = f"落编时不满{self._minimum_age}周岁 · under {self._minimum_age} at entry"
            self._fault(PERSONS, row, "entered_on", reason)

    def _check_repeated(
        self, row: int, unit: str | None, identity: str, name: str, headcount: Value, post: Value
    ) -> None:
        first, first_name = self._seen.setdefault(identity, (row, name))
        if first_name != name:
            reason = f"与第{first}行身份证号相同而姓名不同 · same number, other name in row {first}"
            self._fault(PERSONS, row, "identity_no", reason)
        if headcount is not None:
            earlier = self.headcount_rows.setdefault(identity, row)
            if earlier != row:
                reason = f"与第{earlier}行重复，一人只能占一个编制 · repeats row {earlier}"
                self._fault(PERSONS, row, "identity_no", reason)
        if post is not None and unit is not None:
            held = (identity, unit, str(post))
            if held in self._posts:
                self._fault(PERSONS, row, "post", "同一人重复占用同一职数 · same person on the same post twice")
            self._posts.add(held)


def _birth_in(identity: str) -> date:
    """The birth date of the number; any date when it holds none, which `identity_fault` then says."""
    try:
        return date(int(identity[6:10]), int(identity[10:12]), int(identity[12:14]))
    except ValueError:
        return date.min


def _sex_in(identity: str) -> Sex:
    return Sex.MALE if identity[16:17] in set("13579") else Sex.FEMALE
