"""What a signed reply puts into effect: 核定 ±, the register of units and bodies, mergers and ends with their slips and
cases (procedures.md §3 row 6; ledger.md), and the reply itself, all in the transaction that the activity has opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from docket import cases, changing
from ledger import balances, certificate, chain, mergers, postings, slips
from ledger import units as register
from models.applications import EstablishmentChangeApplication
from models.changes import (
    AbolishUnit,
    Change,
    EstablishUnit,
    ExtraName,
    InternalBodies,
    MergeUnits,
    PostsChanged,
    QuotaChanged,
    Reallocated,
    Renamed,
    Reranked,
    Resubordinated,
)
from models.documents import ChangeReplyContext
from models.enums import ChangeKind, DocumentKind, Procedure, Resource, SlipState, State, Step
from models.ledger import Basis, Cause, Posting
from models.refusals import Refusal
from records import numbering
from records.certificate import event_row, person_rows
from rules.authority import Authority
from rules.changes import UnitFacts, ending_units, units_named

from . import acceptance, change_papers, endings, letters, slip, vouchers
from .facts import applied_at, exception_for
from .paper import Base, issue
from .turn import Refused, Turn

HELD_BY = "suspension"
CERTIFICATES = "certificate"
"""The tally of certificate numbers of units that a reply sets up."""


@dataclass(frozen=True, slots=True)
class _Act:
    """One reply being put into effect: its basis, and the permission of a suspended unit if there is one."""

    turn: Turn
    basis: Basis
    until: date | None
    exception: str | None

    def cause(self, subject: str) -> Cause:
        return self.turn.cause(Step.SIGN.value, subject, self.basis)

    @property
    def warrant(self) -> register.Warrant:
        return register.Warrant(self.turn.case.id, self.basis.number, self.turn.today, self.turn.at)


def hold_all(turn: Turn, changes: list[Change]) -> None:
    """Lock what the changes will touch, in the order of every posting: cases and slips of units that end, then all
    holders in sorted order. The applicant's is among them: whether it is suspended is asked behind its lock. Two
    replies over the same units then follow one another."""
    for other in _ending_cases(turn, ending_units(changes)):
        slips.lock_slip(turn.s, slip.slip_id(other))
    named = {turn.case.row.unit, *(code for change in changes for code in units_named(change))}
    # What stands below a merged unit is put under the other, which its own certificate tells.
    below = register.children(turn.s, sorted(ending_units(changes)))
    mergers.hold_units(turn.s, sorted({*named, *below}))


def put_into_effect(turn: Turn, changes: list[Change], units: dict[str, UnitFacts], authority: Authority) -> None:
    """Raises Refused with what the ledger refuses; the caller's savepoint then undoes all of it."""
    _end_cases(turn, ending_units(changes))
    until = turn.applied(EstablishmentChangeApplication).absorption_until
    issuer, series = change_papers.issuer_of(turn, authority)
    title = change_papers.titled(turn, issuer, changes, units)
    before: change_papers.Quotas = {}
    heads: dict[str, int] = {}

    def context(base: Base) -> ChangeReplyContext:
        basis = Basis(number=base["number"], body=issuer, date=turn.today)
        act = _Act(turn, basis, until, exception_for(turn))
        before.update(change_papers.authorised(turn, changes))
        heads.update({code: chain.head(turn.s, turn.unit(code).holder)[0] for code in before if code in units})
        for number, change in enumerate(_in_order(changes), 1):
            _apply(act, str(number), change)
        return change_papers.reply(turn, _as_posted(turn, base), title, changes, units, authority, before)

    officers = change_papers.officers(turn)
    signed = issue(
        turn,
        DocumentKind.CHANGE_REPLY,
        "批复",
        Step.SIGN.value,
        "",
        officers,
        context,
        series=series,
        issuer=issuer,
        printed=title,
    )
    _certificate_pages(turn, before, heads, signed.number, officers["经办"] or turn.officer.shown)


def _certificate_pages(
    turn: Turn, before: change_papers.Quotas, heads: dict[str, int], basis_no: str, handled_by: str
) -> None:
    """A page of the certificate of every unit, new and ended ones too, about which the reply changed anything that the
    certificate tells: its quotas, or those that it shares 合署办公, its facts, internal bodies and persons. `heads` are
    the last rows of chains before it."""
    turn.forget_units()
    told = certificate.events(turn.s, turn.case.id, turn.today)
    standing = {other: was for code, was in before.items() for other in register.sharing(turn.s, code)} | before
    for code in dict.fromkeys([*standing, *told]):
        unit, after = turn.unit(code), balances.balances(turn.s, code)
        into = turn.unit(unit.merged_into).name if unit.merged_into else ""
        persons = certificate.moved(turn.s, unit, heads.get(code, 0), turn.today) if code in before else []
        page = vouchers.Page(
            persons=person_rows(persons),
            quotas=change_papers.certified(turn, standing[code], after, basis_no) if code in standing else [],
            events=[event_row(event, into) for event in told.get(code, [])],
        )
        if page.rows:
            vouchers.certificate_page(turn, Step.SIGN.value, code, unit, page, after, handled_by, page.about)


def _as_posted(turn: Turn, base: Base) -> Base:
    """The reply prints the chain as it stands after its own rows (documents.md 4)."""
    seq, head = chain.head(turn.s, turn.unit().holder)
    seal = base["seal"].model_copy(update={"chain_seq": str(seq), "chain_head": head})
    return Base(**{**base, "seal": seal})


def _in_order(changes: list[Change]) -> list[Change]:
    """New units first, so that others can be put under them; mergers and ends last, when all is in place."""
    last = {ChangeKind.ESTABLISH: 0, ChangeKind.MERGE: 2, ChangeKind.ABOLISH: 3}
    return sorted(changes, key=lambda change: last.get(ChangeKind(change.kind), 1))


def _apply(act: _Act, place: str, change: Change) -> None:
    s, warrant = act.turn.s, act.warrant
    match change:
        case EstablishUnit():
            _establish(act, place, change)
        case QuotaChanged() | PostsChanged():
            _authorise(act, place, change.unit, change.resource, change.after - change.before)
        case Reallocated():
            if change.from_unit:
                _authorise(act, f"{place}.1", change.from_unit, change.resource, -change.number)
            if change.to_unit:
                _authorise(act, f"{place}.2", change.to_unit, change.resource, change.number)
        case InternalBodies():
            _bodies(act, change)
        case Renamed():
            register.alter(s, change.unit, ChangeKind.RENAME, "name", change.after, warrant)
        case Reranked():
            register.alter(s, change.unit, ChangeKind.RERANK, "rank", change.after, warrant)
        case Resubordinated():
            register.alter(s, change.unit, ChangeKind.RESUBORDINATE, "parent", change.after, warrant)
        case ExtraName():
            register.alter(s, change.unit, ChangeKind.EXTRA_NAME, "other_names", change.after, warrant)
        case MergeUnits():
            _merge(act, place, change)
        case AbolishUnit():
            _done(mergers.strike(s, change.unit, act.cause(place)))
            register.end(s, change.unit, ChangeKind.ABOLISH, warrant)


def _establish(act: _Act, place: str, change: EstablishUnit) -> None:
    turn = act.turn
    office = turn.deps.rulebook.office
    serial = numbering.tally(turn.s, CERTIFICATES, turn.today.year)
    certificate = f"{office.series_prefix}编证第{turn.today.year}{serial:04d}号"
    where = turn.unit(change.parent).place if change.parent else turn.unit().place
    register.establish(turn.s, change, certificate, where, act.warrant)
    for quota in change.quotas:
        if quota.number:
            _authorise(act, f"{place}.{quota.resource.name}", change.code, quota.resource, quota.number)


def _authorise(act: _Act, place: str, unit: str, resource: Resource, delta: int) -> None:
    turn = act.turn
    cause = act.cause(place)
    # the term is for a reduction; a rise needs none
    until = act.until if delta < 0 else None
    _done(postings.authorise(turn.s, unit, resource, delta, cause, until, act.exception, applied_at(turn)))


def _bodies(act: _Act, change: InternalBodies) -> None:
    s = act.turn.s
    if change.before is None and change.after is not None:
        register.add_body(s, change.unit, change.after, act.warrant)
    elif change.before is not None and change.after is None:
        register.remove_body(s, change.unit, change.before.name, act.warrant)
    elif change.before is not None and change.after is not None:
        register.alter_body(s, change.unit, change.before.name, change.after, act.warrant)


def _merge(act: _Act, place: str, change: MergeUnits) -> None:
    s = act.turn.s
    for number, source in enumerate(change.units, 1):
        bodies = register.move_bodies(s, source, change.into, act.warrant)
        _done(mergers.absorb(s, source, change.into, act.cause(f"{place}.{number}"), act.until, bodies))
        register.end(s, source, ChangeKind.MERGE, act.warrant, change.into)
    if change.after_name:
        register.alter(s, change.into, ChangeKind.MERGE, "name", change.after_name, act.warrant)


def _done(answer: Posting | Refusal) -> None:
    if isinstance(answer, Refusal):
        raise Refused(answer)


# --- cases of units that end ----------------------------------------------------------------------------------------


def _ending_cases(turn: Turn, ending: dict[str, str | None]) -> list[Turn]:
    """The applications for staff of units that end, by id, each locked."""
    found = []
    for row in changing.open_cases(turn.s, ending, turn.case.id):
        loaded = cases.load(turn.s, row.id) if row.procedure == Procedure.STAFFING_UP.value else None
        if loaded is not None and not loaded.state.final:
            found.append(Turn(turn.s, turn.deps, turn.at, loaded, command=turn.command))
    return found


def _end_cases(turn: Turn, ending: dict[str, str | None]) -> None:
    """Applications of a unit that is no more: what is reserved is released with a notice, what is not yet is refused
    in writing. Their own workflows are told and file the papers."""
    for other in _ending_cases(turn, ending):
        unit = other.unit()
        into = ending[unit.code]
        _end_case(other, f"{unit.name}已{'合并' if into else '撤销'}")
        turn.wake(other.case.id, "机构撤并")


def _end_case(other: Turn, reason: str) -> None:
    if slip.void_slip(other, Step.SIGN.value, SlipState.REVOKED, reason, other.officer) is None:
        slip.settle(other, empty=State.REVOKED)
        return
    if slip.used(other):  # only acknowledgements are still to come; who was appointed and is not in does not follow
        slip.end_appointment(other, State.CLOSED)
        return
    letters.refusal_notice(
        other,
        Step.SIGN.value,
        "",
        act="不予批准",
        acted_by=other.deps.rulebook.office.name,
        faults=[],
        opinion=reason,
        by=other.officer.shown,
    )
    awaited = other.case.state is State.SUBMITTED
    endings.close(other, State.REJECTED)
    if awaited:  # the gate will find it closed, and whoever applied waits for an answer
        acceptance.receipt_of_start(other)
