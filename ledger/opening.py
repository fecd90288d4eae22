"""OPENING: the register as it is found at the start, in bulk (ledger.md rules 1, 2).

Data are taken as they are: what is over quota is tolerated from its first row on, and only shrinks. One holder is
written at a time, so that a region of any size fits into memory and each holder's opening is idempotent by itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session

from ledger import persons as register
from ledger.books import Book, Books, Marks, Request
from ledger.chain import LedgerFault
from ledger.db import keyring_of
from ledger.tables import OCCUPANCY, PERSON, UNIT
from models.enums import EntryKind, Resource
from models.ledger import Cause, OpeningAccount, OpeningPerson
from models.refusals import Refusal
from rules.arithmetic import Movement

_CHUNK = 500  # bound parameters of one IN list
_HOLDERS = select(UNIT.c.code, UNIT.c.holder)
_KNOWN = select(PERSON.c.identity_index, PERSON.c.ref).where(
    PERSON.c.identity_index.in_(bindparam("indexes", expanding=True))
)
_SEATED = select(OCCUPANCY.c.person_ref).where(
    OCCUPANCY.c.person_ref.in_(bindparam("refs", expanding=True)),
    OCCUPANCY.c.left_on.is_(None),
    OCCUPANCY.c.side == register.HEADCOUNT,
)
_NEW_PERSONS = PERSON.insert()
_NEW_SEATS = OCCUPANCY.insert()


class OpeningFault(LedgerFault):
    """The opening contradicts itself or the register. Names units, never persons."""


@dataclass(slots=True)
class _Found:
    """What is opened for one holder."""

    accounts: list[OpeningAccount] = field(default_factory=list)
    persons: list[OpeningPerson] = field(default_factory=list)

    def payload(self) -> list[Any]:
        dumped: list[Any] = ["opening"]
        dumped += [account.model_dump(mode="json") for account in self.accounts]
        dumped += [person.model_dump(mode="json") for person in self.persons]
        return dumped


def open_accounts(
    s: Session, accounts: Sequence[OpeningAccount], persons: Iterable[OpeningPerson], cause: Cause
) -> int:
    """Open accounts with their authorised numbers, unnamed and named persons; the number of named persons.

    Repeating it changes nothing. An account that persons need but nobody listed is opened with nothing authorised.
    Raises OpeningFault for an unknown unit, an account opened twice, a second headcount of one person, or another
    opening under the same cause.
    """
    by_holder = _by_holder(s, accounts, persons)
    for holder in sorted(by_holder):
        _open_holder(s, holder, by_holder[holder], cause)
    return sum(len(found.persons) for found in by_holder.values())


def _by_holder(s: Session, accounts: Sequence[OpeningAccount], persons: Iterable[OpeningPerson]) -> dict[str, _Found]:
    s.flush()
    holders: dict[str, str] = {row.code: row.holder for row in s.connection().execute(_HOLDERS)}
    found: dict[str, _Found] = {}
    for account in accounts:
        found.setdefault(_holder(holders, account.unit), _Found()).accounts.append(account)
    for person in persons:
        found.setdefault(_holder(holders, person.unit), _Found()).persons.append(person)
    return found


def _holder(holders: dict[str, str], unit: str) -> str:
    if unit not in holders:
        raise OpeningFault(f"登记中没有单位 {unit} · unknown unit")
    return holders[unit]


def _open_holder(s: Session, holder: str, found: _Found, cause: Cause) -> None:
    books = Books.of_holders(s, [holder])
    request = Request(s, cause, EntryKind.OPENING, found.payload(), part=holder)
    answer = request.answered(s)
    if isinstance(answer, Refusal):
        raise OpeningFault(f"{holder} 已有内容不同的期初 · another opening exists")
    if answer is not None:
        return
    for account in found.accounts:
        _open_account(books, request, account)
    refs = _refs(s, found.persons)
    seats = [
        seat for person, ref in zip(found.persons, refs, strict=True) for seat in _seats(books, request, person, ref)
    ]
    books.close()
    if seats:
        s.connection().execute(_NEW_SEATS, seats)


def _open_account(books: Books, request: Request, account: OpeningAccount) -> None:
    if account.resource in books.only.accounts:
        raise OpeningFault(f"{account.unit} 的{account.resource.label}重复期初 · account opened twice")
    state = books.open(books.only, account.resource, account.note)
    movement = Movement(authorised=account.authorised, occupied=account.occupied_unnamed)
    if books.move(request, state, movement, account.unit, tolerate=True, basis=account.basis) is None:
        raise OpeningFault(f"{account.unit} 的{account.resource.label}数量为负 · negative count")


def _seats(books: Books, request: Request, person: OpeningPerson, ref: str) -> list[dict[str, Any]]:
    resources = [resource for resource in (person.headcount, person.post) if resource is not None]
    return [_seat(books, books.only, request, person, ref, resource) for resource in resources]


def _seat(
    books: Books, book: Book, request: Request, person: OpeningPerson, ref: str, resource: Resource
) -> dict[str, Any]:
    account = book.accounts.get(resource) or books.open(book, resource)
    marks = Marks(person_ref=ref)
    seq = books.move(request, account, Movement(occupied=1), person.unit, marks=marks, tolerate=True)
    return {
        "person_ref": ref,
        "unit": person.unit,
        "account": account.id,
        "resource": resource.value,
        "side": register.side_of(resource),
        "internal_body": person.person.internal_body,
        "position": person.person.position,
        "entered_on": person.entered_on,
        "entered_holder": book.holder,
        "entered_seq": seq,
        "basis_no": person.basis_no,
    }


def _refs(s: Session, persons: Sequence[OpeningPerson]) -> list[str]:
    """References in the order of `persons`; those not yet known are entered."""
    keyring = keyring_of(s)
    indexes = [keyring.blind_index(person.person.identity_no) for person in persons]
    known = _known(s, indexes)
    seated = _seated(s, sorted(set(known.values())))
    entered: list[dict[str, str | bytes]] = []
    for person, index in zip(persons, indexes, strict=True):
        if index not in known:
            fields = register.sealed(s, person.person)
            known[index] = str(fields["ref"])
            entered.append(fields)
        if person.headcount is not None:
            if known[index] in seated:
                raise OpeningFault(f"{person.unit} 有人员重复在编 · a person is on two headcounts")
            seated.add(known[index])
    if entered:
        s.connection().execute(_NEW_PERSONS, entered)
    return [known[index] for index in indexes]


def _known(s: Session, indexes: Sequence[str]) -> dict[str, str]:
    known: dict[str, str] = {}
    for start in range(0, len(indexes), _CHUNK):
        rows = s.connection().execute(_KNOWN, {"indexes": indexes[start : start + _CHUNK]})
        known |= {row.identity_index: row.ref for row in rows}
    return known


def _seated(s: Session, refs: Sequence[str]) -> set[str]:
    seated: set[str] = set()
    for start in range(0, len(refs), _CHUNK):
        seated |= set(s.connection().execute(_SEATED, {"refs": refs[start : start + _CHUNK]}).scalars())
    return seated
