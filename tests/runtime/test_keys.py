"""P17: a sealed value opens in its own place alone; keys are rotated, let go, lost and brought back in a register that
is in use, on both engines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import LargeBinary, select, update
from sqlmodel import SQLModel

from docket import commands, drafts
from docket.desk import LOOK_AGAIN
from ledger import persons
from ledger.db import Database
from ledger.verify import verify
from models.decisions import Handle
from models.enums import CommandKind, Procedure, State
from models.refusals import Refusal, RefusalCode
from models.register import Meta, Notice, Person, StepRow, table_of
from models.sealed import SEALED, SealedColumn
from models.sealing import Keyring, SealingKey, Unsealable
from records.verify import verify_records
from runtime import keys
from runtime.faults import StartFault
from runtime.keyring import add_key, create_key_file, load_keyring, read_key_file, use_key
from tests.support.office import (
    APPLICANT,
    EXAMINER,
    FINANCE,
    HEAD,
    ISSUER,
    REGISTRAR,
    Office,
    application,
    identity_no,
    keyring,
)

OLD = keyring()
NEWER = SealingKey("aes-newer", "aes-256-gcm", bytes(range(32)))
BOTH = Keyring(OLD.keys | {NEWER.key_id: NEWER}, NEWER.key_id, OLD.index_key)
WITHOUT = Keyring({NEWER.key_id: NEWER}, NEWER.key_id, OLD.index_key)


@pytest.fixture
def office(tmp_path: Path, url: str) -> Iterator[Office]:
    made = Office(tmp_path, url=url)
    yield made
    made.database.close()


def with_keys(office: Office, ring: Keyring) -> None:
    """What its processes have now, as after a rotation or a loss."""
    office.database._info["keyring"] = ring


def carried(office: Office) -> str:
    """A case with something in every sealed column; its id."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.entered(case_id, slot, 300)
    office.accepted(office.decide(case_id, "finance", FINANCE, "acknowledge", subject=slot, opinion="已办理"))
    with office.database.write() as s:
        drafts.save(
            s, "draft-1", APPLICANT.id, Procedure.STAFFING_UP, None, "草稿", {"reason": "x"}, "key-1", office.now
        )
    return case_id


def values(office: Office, column: SealedColumn) -> list[tuple[tuple[str, str, str], bytes]]:
    with office.database.read() as s:
        rows = s.execute(select(*column.key, column.value.label("sealed")).where(column.value.is_not(None)))
        return [(column.place(row), row["sealed"]) for row in rows.mappings()]


def used(office: Office) -> set[str]:
    return {each.key_id for each in keys.uses(office.database)}


# --- bound to their places ------------------------------------------------------------------------------------------


def test_every_binary_column_of_the_schema_is_in_the_list() -> None:
    """Whoever adds a sealed column adds it there too, or it would never be sealed anew."""
    binary = {
        (table.name, column.name)
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert binary == {(each.table.name, each.column) for each in SEALED}
    assert all(name.endswith("_sealed") for _, name in binary)


def test_a_value_opens_in_its_own_row_column_and_table_and_nowhere_else(office: Office) -> None:
    carried(office)
    filled = {column.name: values(office, column) for column in SEALED}
    assert all(filled.values()), "a column that nothing was sealed in proves nothing"
    places = {place for found in filled.values() for place, _ in found}
    for found in filled.values():
        for place, sealed in found:
            assert OLD.open_column(sealed, *place)
            table, column, row = place
            for elsewhere in places - {place} | {(table, column, f"{row}|"), ("other", column, row)}:
                with pytest.raises(Unsealable):
                    OLD.open_column(sealed, *elsewhere)


# --- rotation -------------------------------------------------------------------------------------------------------


def test_cases_go_on_over_a_rotation_and_reseal_frees_the_old_key(office: Office) -> None:
    case_id = carried(office)
    under_way = office.opened(application(meeting="第9次"))
    assert used(office) == {"sm4-test"}
    with_keys(office, BOTH)
    office.issued(under_way)
    assert used(office) == {"sm4-test", "aes-newer"}
    before = office.docket(case_id)
    seen: list[tuple[str, int, int]] = []
    done = keys.reseal(office.database, lambda *step: seen.append(step))
    assert done.unopened == {}
    assert used(office) == {"aes-newer"}
    assert {name for name, _, _ in seen} == {each.name for each in SEALED}
    assert all(taken <= total for _, taken, total in seen)
    assert keys.reseal(office.database).rows == 0
    with_keys(office, WITHOUT)
    assert office.docket(case_id) == before
    assert office.docket(under_way).state is State.SLIP_ISSUED
    with office.database.read() as s:
        assert verify(s).intact
        assert verify_records(s, office.store) == []


def test_resealing_that_is_broken_off_goes_on_where_it_stopped(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    carried(office)
    with_keys(office, BOTH)
    total = sum(each.rows for each in keys.uses(office.database))
    monkeypatch.setattr(keys, "BATCH", 2)

    def killed(_name: str, taken: int, _total: int) -> None:
        if taken >= 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        keys.reseal(office.database, killed)
    assert used(office) == {"sm4-test", "aes-newer"}
    assert keys.reseal(office.database).rows == total - 4
    assert used(office) == {"aes-newer"}


def test_a_row_that_was_changed_meanwhile_keeps_its_new_value(office: Office) -> None:
    carried(office)
    with_keys(office, BOTH)
    [column] = [each for each in SEALED if each.name == "draft.form_sealed"]
    [(place, former)] = values(office, column)
    with office.database.write() as s:
        renewed = [{"of_id": place[2], "former": former[:-1] + bytes([former[-1] ^ 1]), "renewed": b"stale"}]
        s.connection().execute(keys._replace(column), renewed)
    assert values(office, column) == [(place, former)]


def test_what_no_key_opens_is_counted_and_left_alone(office: Office) -> None:
    carried(office)
    with_keys(office, WITHOUT)
    before = {column.name: values(office, column) for column in SEALED}
    done = keys.reseal(office.database)
    assert done.rows == 0
    assert done.unopened == {name: len(found) for name, found in before.items()}
    assert {column.name: values(office, column) for column in SEALED} == before
    assert used(office) == {"sm4-test"}  # a key that is in no file is named all the same


# --- the file, seen by processes that run ---------------------------------------------------------------------------


def test_a_process_that_runs_seals_under_the_new_key_and_opens_what_another_sealed_under_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keyring.json"
    here, there = load_keyring(path), load_keyring(path)
    old = here.seal_column("x", "t", "c", "1")
    added = add_key(path, "sm4-gcm")
    monkeypatch.setattr("runtime.keyring.LOOK_SECONDS", 0.0)
    sealed = here.seal_column("y", "t", "c", "1")
    assert keys.column_key(sealed) == added
    monkeypatch.setattr("runtime.keyring.LOOK_SECONDS", 1e9)
    assert there.open_column(sealed, "t", "c", "1") == "y"  # it looks at once for a key it does not know
    assert there.open_column(old, "t", "c", "1") == "x"


def test_a_key_that_is_not_in_use_yet_opens_and_seals_nothing_until_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On several machines: first every one knows the key, then it is used."""
    monkeypatch.setattr("runtime.keyring.LOOK_SECONDS", 0.0)
    path = tmp_path / "keyring.json"
    ring = load_keyring(path)
    added = add_key(path, "sm4-gcm", use=False)
    assert keys.column_key(ring.seal_column("x", "t", "c", "1")) == ring.current != added
    use_key(path, added)
    assert keys.column_key(ring.seal_column("x", "t", "c", "1")) == added
    with pytest.raises(StartFault, match="no such key"):
        use_key(path, "nothing")


@pytest.mark.parametrize("spoilt", ["damaged", "gone", "readable", "another"])
def test_a_file_that_is_spoilt_while_processes_run_changes_nothing_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, spoilt: str
) -> None:
    monkeypatch.setattr("runtime.keyring.LOOK_SECONDS", 0.0)
    path = tmp_path / "keyring.json"
    ring = load_keyring(path)
    kept = path.read_text()
    match spoilt:
        case "damaged":
            path.write_text(kept[:40])
        case "readable":
            path.write_text(kept + " ")
            path.chmod(0o644)
        case _:
            path.unlink()
            if spoilt == "another":
                create_key_file(path, "sm4-gcm", "embedded")
    sealed = ring.seal_column("x", "t", "c", "1")
    assert keys.column_key(sealed) == ring.current
    assert ring.open_column(sealed, "t", "c", "1") == "x"
    assert caplog.records
    assert json.loads(kept)["keys"][0]["material"] not in caplog.text


# --- letting go and bringing back -----------------------------------------------------------------------------------


def test_a_key_in_use_is_not_let_go_and_what_uses_it_is_told(tmp_path: Path) -> None:
    path, out = tmp_path / "keyring.json", tmp_path / "old-key.json"
    first = load_keyring(path).current
    with pytest.raises(StartFault, match="current key"):
        keys.retire(path, first, out, [], [])
    add_key(path, "sm4-gcm")
    with pytest.raises(StartFault, match=r"person.birth_sealed：3 行"):
        keys.retire(path, first, out, [keys.Use(first, "person.birth_sealed", 3)], [])
    with pytest.raises(StartFault, match=r"case-7"):
        keys.retire(path, first, out, [keys.Use("another", "person.birth_sealed", 3)], ["case-7"])
    assert not out.exists()
    assert read_key_file(path).keys[0].id == first


def test_a_retired_key_leaves_the_file_and_comes_back_from_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.keyring.LOOK_SECONDS", 0.0)
    path, out = tmp_path / "keyring.json", tmp_path / "old-key.json"
    first = load_keyring(path)
    sealed = first.seal_column("x", "t", "c", "1")
    add_key(path, "sm4-gcm")
    keys.retire(path, first.current, out, [], [])
    assert out.stat().st_mode & 0o777 == 0o600
    after = load_keyring(path)
    with pytest.raises(Unsealable):
        after.open_column(sealed, "t", "c", "1")
    add_key(path, "sm4-gcm")
    with pytest.raises(StartFault, match="cannot write"):  # a file that is there is never replaced
        keys.retire(path, after.current, out, [], [])
    assert keys.bring_back(path, out) == first.current
    assert after.open_column(sealed, "t", "c", "1") == "x"  # without a restart
    assert read_key_file(path).current != first.current
    with pytest.raises(StartFault, match="there already"):
        keys.bring_back(path, out)
    out.chmod(0o644)
    with pytest.raises(StartFault, match="others can read"):
        keys.bring_back(path, out)


# --- a key is lost ---------------------------------------------------------------------------------------------------


def test_a_decision_whose_key_is_lost_is_parked_and_judged_when_the_key_is_back(office: Office) -> None:
    """Nothing acknowledged is refused for it; it is not tried in a loop; every other case goes on meanwhile."""
    case_id = office.opened()
    decided = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine"), EXAMINER)
    with_keys(office, WITHOUT)
    sent = Handle(case_id=case_id, name="decide", decision_id=decided, body={}, at=office.now)
    for _ in range(2):
        desk = office.activities.handle_command(sent)
        assert (desk.receipt, desk.state) == (None, State.ACCEPTED)
        assert desk.wake_at == office.now + LOOK_AGAIN
        office.later(minutes=5)
        sent = sent.model_copy(update={"at": office.now})
    assert office.ring(case_id).wake_at == office.now + LOOK_AGAIN
    with office.database.read() as s:
        notices = s.execute(select(table_of(Notice)).where(table_of(Notice).c.case_id == case_id)).all()
        assert [(each.kind, each.role) for each in notices if each.kind == "parked"] == [("parked", "head")]
        assert commands.receipt(s, EXAMINER.id, decided.split("~")[1]) is None
    other = office.opened(application(meeting="第9次"))
    office.issued(other)
    with_keys(office, BOTH)
    office.later(minutes=5)
    desk = office.ring(case_id)
    with office.database.read() as s:
        receipt = commands.receipt(s, EXAMINER.id, decided.split("~")[1])
    assert receipt is not None
    assert receipt.status == "accepted"
    assert [each.step for each in desk.open] == ["issue"]
    office.accepted(office.decide(case_id, "issue", ISSUER))


def test_an_application_whose_key_is_lost_waits_at_the_gate(office: Office) -> None:
    case_id = office.apply()
    with_keys(office, WITHOUT)
    desk = office.activities.open_case(office.moment(case_id))
    assert (desk.state, desk.wake_at) == (State.SUBMITTED, office.now + LOOK_AGAIN)
    office.later(minutes=5)
    assert office.ring(case_id).state is State.SUBMITTED
    with_keys(office, BOTH)
    office.later(minutes=5)
    assert office.ring(case_id).state is State.ACCEPTED
    office.issued(case_id)


def test_a_step_that_needs_what_is_lost_is_parked_with_its_number_and_posting_untouched(office: Office) -> None:
    """The decision can be opened, the person approved before cannot."""
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))
    decision = office.decision(case_id, "enter", subject=slot)
    with_keys(office, WITHOUT)
    numbers = office.numbers()
    entered = office.commit(case_id, CommandKind.DECIDE, decision, REGISTRAR)
    assert office.handle(entered, case_id).receipt is None
    assert office.numbers() == numbers
    with_keys(office, BOTH)
    office.later(minutes=5)
    office.ring(case_id)
    assert office.numbers() != numbers
    with office.database.read() as s:
        assert verify(s).intact
        assert verify_records(s, office.store) == []


def test_orders_of_a_parked_case_keep_their_alarm_until_the_key_is_back(office: Office) -> None:
    """An act in between must not put the case's clock back to where nothing is looked at."""
    case_id = office.opened()
    decided = office.commit(case_id, CommandKind.DECIDE, office.decision(case_id, "examine"), EXAMINER)
    with_keys(office, WITHOUT)
    office.activities.handle_command(
        Handle(case_id=case_id, name="decide", decision_id=decided, body={}, at=office.now)
    )
    note = commands.parsed(CommandKind.COMMENT, {"text": "请核"})
    answered = office.handle(office.commit(case_id, CommandKind.COMMENT, note, HEAD), case_id)
    assert answered.receipt is not None
    assert answered.wake_at == office.now + LOOK_AGAIN


# --- another key for the blind index ---------------------------------------------------------------------------------


@pytest.fixture
def file(tmp_path: Path, office: Office) -> Path:
    """A key file with the keys of the office."""
    path = tmp_path / "keyring.json"
    create_key_file(path, "sm4-gcm", "embedded")
    content = read_key_file(path)
    ring = load_keyring(path)
    with_keys(office, Keyring(ring.keys | OLD.keys, ring.current, ring.index_key))
    assert content.hash_key is None
    return path


def indexed(office: Office, file: Path) -> None:
    """The office's persons under the index key of the file, as if it had always been so."""
    ring = load_keyring(file)
    old = OLD
    with office.database.write() as s:
        for row in s.execute(select(table_of(Person))).all():
            number = old.open_column(row.identity_sealed, "person", "identity_sealed", row.ref)
            sealed = ring.seal_column(number, "person", "identity_sealed", row.ref)
            of_row = update(table_of(Person)).where(table_of(Person).c.ref == row.ref)
            s.execute(of_row.values(identity_index=ring.blind_index(number), identity_sealed=sealed))
        s.execute(update(table_of(Meta)).where(table_of(Meta).c.name == "index_mark").values(value=ring.index_mark))
    with_keys(office, ring)


def again(office: Office) -> keys.Callable[[Keyring], Database]:
    """The register opened by the command, while the office's own connections are closed."""
    office.database.engine.dispose()
    return lambda ring: Database(str(office.url), ring)


def test_the_index_is_made_anew_in_one_go_and_finds_the_same_persons(office: Office, file: Path) -> None:
    indexed(office, file)
    before = load_keyring(file)
    case_id = office.opened()
    [slot] = office.issued(case_id)
    office.accepted(office.approve(case_id, slot, 300))  # named by a step, not yet in the register
    office.entered(*_second(office), 301)
    with office.database.read() as s:
        old = {row.ref: row.identity_index for row in s.execute(select(table_of(Person)))}
    assert keys.reindex(file, again(office)) == len(old)
    after = load_keyring(file)
    assert after.index_key != before.index_key
    assert after.hash_key == before.index_key
    with_keys(office, after)
    with office.database.read() as s:
        new = {row.ref: row.identity_index for row in s.execute(select(table_of(Person)))}
        assert set(old) == set(new)
        assert not set(old.values()) & set(new.values())
        named = s.execute(select(table_of(StepRow).c.person_index).where(table_of(StepRow).c.subject == slot)).scalars()
        assert after.blind_index(identity_no(300)) in set(named)
        assert persons.peek(s, identity_no(301)) in new
    third = _second(office)
    refused = office.approve(*third, 300)
    assert refused.code in (RefusalCode.DUPLICATE, RefusalCode.ALREADY_POSTED)
    office.accepted(office.decide(case_id, "enter", REGISTRAR, subject=slot))
    with office.database.read() as s:
        assert verify(s).intact


def _second(office: Office) -> tuple[str, str]:
    case_id = office.opened(application(meeting=f"第{office.now:%H%M%S}次"))
    office.later(seconds=1)
    return case_id, office.issued(case_id)[0]


def test_a_key_of_a_command_means_the_same_after_the_index_was_changed(office: Office, file: Path) -> None:
    """Hashes in immutable rows are made with a key that stays."""
    indexed(office, file)
    case_id = office.opened()
    body = office.decision(case_id, "examine")
    office.commit(case_id, CommandKind.DECIDE, body, EXAMINER, key="k-1")
    keys.reindex(file, again(office))
    with_keys(office, load_keyring(file))
    with office.database.write() as s:
        same = commands.submit(s, case_id, CommandKind.DECIDE, body, EXAMINER, "k-1", office.now)
        other = body.model_copy(update={"opinion": "另一份"})
        reused = commands.submit(s, case_id, CommandKind.DECIDE, other, EXAMINER, "k-1", office.now)
    assert not isinstance(same, Refusal)
    assert isinstance(reused, Refusal)
    assert reused.code is RefusalCode.KEY_REUSED


def test_the_index_is_not_changed_while_anybody_uses_the_register(office: Office, file: Path) -> None:
    indexed(office, file)
    kept = read_key_file(file)
    with office.database.read() as s:
        s.execute(select(table_of(Meta))).all()
        with pytest.raises(StartFault, match="in use"):
            keys.reindex(file, lambda ring: Database(str(office.url), ring))
    assert read_key_file(file) == kept
    assert keys.reindex(file, again(office)) > 0


@pytest.mark.parametrize("at", ["before", "after"])
def test_a_change_of_the_index_that_was_broken_off_is_finished_by_the_next_run(
    office: Office, file: Path, monkeypatch: pytest.MonkeyPatch, at: str
) -> None:
    indexed(office, file)
    old = load_keyring(file)
    real = keys.change
    calls: list[int] = []

    def dies(path: Path, made: object) -> object:
        calls.append(1)
        if len(calls) == 2:  # the file's second change is the one after the transaction
            raise KeyboardInterrupt
        return real(path, made)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        if at == "after":
            patched.setattr(keys, "change", dies)
        else:
            patched.setattr(keys, "_rewrite", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            keys.reindex(file, again(office))
    with pytest.raises(StartFault, match="not finished"):
        load_keyring(file)
    keys.reindex(file, again(office))
    with_keys(office, load_keyring(file))
    assert load_keyring(file).index_key != old.index_key
    with office.database.read() as s:
        assert s.get(Meta, "index_mark") == Meta(name="index_mark", value=load_keyring(file).index_mark)
        [row] = s.execute(select(table_of(Person)).limit(1)).all()
        number = load_keyring(file).open_column(row.identity_sealed, "person", "identity_sealed", row.ref)
        assert persons.peek(s, number) == row.ref
