"""What is done with keys in a register that is in use: counted, re-sealed, let go, brought back, the index changed.

Nothing here prints or logs a key or anything that was opened. docs/decisions/0050; P17.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from sqlalchemy import (
    ColumnElement,
    LargeBinary,
    RowMapping,
    and_,
    bindparam,
    func,
    literal,
    not_,
    select,
    tuple_,
    update,
)
from sqlmodel import Session
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client

from ledger.db import Database, InUse, keyring_of, unhurried
from models.register import Meta, Person, StepRow, table_of
from models.sealed import SEALED, SealedColumn
from models.sealing import Keyring, Unsealable, column_key, column_mark
from models.sealing import canonical_identity as canonical

from .faults import StartFault
from .keyring import INDEX_KEY_BYTES, KeyEntry, change, keyring_from, read_key_file, write_private

BATCH = 500
"""Rows of one transaction: the writer's lock is free again after some milliseconds."""
AT_ONCE = 16
"""Histories fetched side by side."""

Report = Callable[[str, int, int], None]
"""(what, done, total), as `runtime.terminal.progress_bar` takes it."""

_person = table_of(Person)
_step = table_of(StepRow)
_meta = table_of(Meta)


@dataclass(frozen=True, slots=True)
class Use:
    """So many values of a column were sealed under this key."""

    key_id: str
    column: str
    rows: int


@dataclass(slots=True)
class Resealed:
    """`rows` sealed anew; `unopened`: column → values that no key here opens, left as they are."""

    rows: int = 0
    unopened: dict[str, int] = field(default_factory=dict)


class RetiredKey(BaseModel):
    """A key that was let go, as it is kept elsewhere: backups and old copies still need it."""

    model_config = ConfigDict(extra="forbid")
    kind: Literal["dingbian-retired-key"] = "dingbian-retired-key"
    key: KeyEntry


# --- which key seals what -------------------------------------------------------------------------------------------


def uses(database: Database) -> list[Use]:
    """How many values of each sealed column each key seals, keys that this process does not have among them."""
    found = []
    with database.read() as s:
        unhurried(s)
        for column in SEALED:
            found += _uses(s, column)
    return found


def _uses(s: Session, column: SealedColumn) -> list[Use]:
    """One count per key. Keys that are not in the file are met among the rest, one after the other."""
    known = sorted(keyring_of(s).now().keys)
    filled = func.length(column.value) > 0  # a disposed record keeps an empty one
    while True:
        rest = and_(filled, *(not_(_under(column, key_id)) for key_id in known))
        value = s.execute(select(column.value).where(rest).limit(1)).scalar()
        if value is None:
            break
        known.append(_named(column, value))
    counted = [(key_id, _count(s, and_(filled, _under(column, key_id)), column)) for key_id in known]
    return [Use(key_id, column.name, rows) for key_id, rows in counted if rows]


def _named(column: SealedColumn, value: bytes) -> str:
    try:
        return column_key(value)
    except Unsealable:
        raise StartFault(
            f"{column.name} 中有不是密文的内容，请运行 `dingbian verify` · a value is not sealed"
        ) from None


def _under(column: SealedColumn, key_id: str) -> ColumnElement[bool]:
    mark = column_mark(key_id)
    return func.substr(column.value, 1, len(mark)) == literal(mark, LargeBinary())


def _count(s: Session, wanted: ColumnElement[bool], column: SealedColumn) -> int:
    found: int = s.execute(select(func.count()).select_from(column.table).where(wanted)).scalar_one()
    return found


# --- re-sealing ------------------------------------------------------------------------------------------------------


def reseal(database: Database, report: Report | None = None) -> Resealed:
    """Every sealed value under the current key. One table at a time, some hundred rows a transaction: broken off, it
    goes on where it stopped, and a row that changed meanwhile is left to its new value."""
    done = Resealed()
    for column in SEALED:
        total = _left(database, column)
        taken = 0
        for moved, unopened in _reseal(database, column):
            done.rows += moved
            taken += moved + unopened
            if unopened:
                done.unopened[column.name] = done.unopened.get(column.name, 0) + unopened
            if report is not None:
                report(column.name, taken, max(total, taken))
    return done


def _left(database: Database, column: SealedColumn) -> int:
    with database.read() as s:
        unhurried(s)
        return _count(s, _to_reseal(s, column), column)


def _to_reseal(s: Session, column: SealedColumn) -> ColumnElement[bool]:
    return and_(func.length(column.value) > 0, not_(_under(column, keyring_of(s).now().current)))


def _reseal(database: Database, column: SealedColumn) -> Iterator[tuple[int, int]]:
    """(sealed anew, not to be opened) of each batch."""
    after: tuple[Any, ...] | None = None
    while True:
        with database.write() as s:
            unhurried(s)
            rows = s.execute(_next(s, column, after)).mappings().all()
            if not rows:
                return
            after = tuple(rows[-1][each.name] for each in column.key)
            renewed = [each for each in (_renewed(keyring_of(s), column, row) for row in rows) if each is not None]
            if renewed:
                s.connection().execute(_replace(column), renewed)
        yield len(renewed), len(rows) - len(renewed)


def _next(s: Session, column: SealedColumn, after: tuple[Any, ...] | None) -> Any:
    wanted = select(*column.key, column.value.label("sealed")).where(_to_reseal(s, column))
    if after is not None:
        wanted = wanted.where(tuple_(*column.key) > tuple_(*map(literal, after)))
    return wanted.order_by(*column.key).limit(BATCH)


def _renewed(keyring: Keyring, column: SealedColumn, row: RowMapping) -> dict[str, Any] | None:
    place = column.place(row)
    try:
        plain = keyring.open_column(row["sealed"], *place)
    except Unsealable:
        return None
    keys = {f"of_{each.name}": row[each.name] for each in column.key}
    return keys | {"former": row["sealed"], "renewed": keyring.seal_column(plain, *place)}


def _replace(column: SealedColumn) -> Any:
    of_row = [each == bindparam(f"of_{each.name}") for each in column.key]
    unchanged = column.value == bindparam("former", type_=LargeBinary())
    return update(column.table).where(*of_row, unchanged).values({column.column: bindparam("renewed")})


# --- letting a key go, and bringing it back ---------------------------------------------------------------------------


async def running_under(client: Client, key_id: str) -> list[str]:
    """Ids of running workflows whose history holds something sealed under the key: they replay it."""
    limit = asyncio.Semaphore(AT_ONCE)

    async def under(workflow_id: str, run_id: str) -> str | None:
        async with limit:
            async for event in _events(client, workflow_id, run_id):
                if key_id.encode() in event:
                    return workflow_id
        return None

    running = [each async for each in client.list_workflows('ExecutionStatus = "Running"')]
    answers = await asyncio.gather(*(under(each.id, each.run_id) for each in running))
    return sorted(each for each in answers if each is not None)


async def _events(client: Client, workflow_id: str, run_id: str) -> AsyncIterator[bytes]:
    """Pages of a history as Temporal keeps them."""
    token = b""
    while True:
        request = GetWorkflowExecutionHistoryRequest(namespace=client.namespace, next_page_token=token)
        request.execution.workflow_id, request.execution.run_id = workflow_id, run_id
        page = await client.workflow_service.get_workflow_execution_history(request)
        yield page.history.SerializeToString()
        token = page.next_page_token
        if not token:
            return


def retire(path: Path, key_id: str, out: Path, used: list[Use], running: list[str]) -> None:
    """Takes a key that seals nothing any more out of the file and into one of its own, kept elsewhere.

    Raises StartFault with what still uses it.
    """
    file = read_key_file(path)
    entry = file.entry(key_id)
    if file.current == key_id:
        raise StartFault(f"{key_id} 是现用密钥，不能停用 · {key_id} is the current key")
    still = [f"{each.column}：{each.rows} 行" for each in used if each.key_id == key_id]
    if still:
        raise StartFault(
            f"{key_id} 仍在使用，请先运行 `dingbian keys reseal` · still in use, run `dingbian keys reseal` first:\n  "
            + "\n  ".join(still)
        )
    if running:
        shown = "\n  ".join(running[:20])
        raise StartFault(
            f"{key_id} 仍密封着 {len(running)} 个运行中事项的历史，待其办结再停用 · "
            f"histories of {len(running)} running cases are sealed under it:\n  {shown}"
        )
    try:
        write_private(out, RetiredKey(key=entry))
    except OSError as error:
        raise StartFault(f"写不出 {out}：{error.strerror} · cannot write {out}") from None
    change(path, lambda now: {"keys": [each for each in now.keys if each.id != key_id]})


def bring_back(path: Path, kept: Path) -> str:
    """A key that was retired or lost stands in the file again, to open what it sealed; its id. Raises StartFault."""
    try:
        if kept.stat().st_mode & 0o077:
            raise StartFault(f"{kept} 可被他人读取，请运行 chmod 600 · others can read {kept}")
        entry = RetiredKey.model_validate_json(kept.read_bytes()).key
    except (OSError, ValueError):
        raise StartFault(f"{kept} 不是停用的密钥文件 · {kept} holds no retired key") from None
    if any(each.id == entry.id for each in read_key_file(path).keys):
        raise StartFault(f"密钥文件中已有 {entry.id} · the key is there already")
    change(path, lambda now: {"keys": [*now.keys, entry]})
    return entry.id


# --- another key for the blind index ---------------------------------------------------------------------------------


def reindex(path: Path, open_register: Callable[[Keyring], Database], report: Report | None = None) -> int:
    """Makes a new key for the blind index and rewrites every index value in one transaction, while nobody else has
    the register open; how many persons. Broken off anywhere, it is simply run again. Raises StartFault."""
    file = change(
        path,
        lambda now: {"next_index_key": now.next_index_key or secrets.token_bytes(INDEX_KEY_BYTES)},
    )
    file = read_key_file(path)
    old = keyring_from(path, file)
    new = keyring_from(path, file.model_copy(update={"index_key": file.next_index_key}))
    database = open_register(old)
    try:
        with database.alone() as s:
            mark = s.execute(select(_meta.c.value).where(_meta.c.name == "index_mark")).scalar()
            if mark not in (None, old.index_mark, new.index_mark):
                raise StartFault("密钥文件与登记数据库不是一套 · the key file does not belong to this register")
            persons = 0 if mark == new.index_mark else _rewrite(s, old, new, report)
    except InUse:
        change(path, lambda _: {"next_index_key": None})
        raise StartFault(
            "登记数据库正被使用，请先停止接口和工作进程 · the register is in use: stop the API and the workers first"
        ) from None
    finally:
        database.close()
    former = file.hash_key or file.index_key
    change(
        path,
        lambda now: {
            "index_key": file.next_index_key,
            "hash_key": former,
            "next_index_key": None,
        },
    )
    return persons


def _rewrite(s: Session, old: Keyring, new: Keyring, report: Report | None) -> int:
    total: int = s.execute(select(func.count()).select_from(_person)).scalar_one()
    renamed: dict[str, str] = {}
    after = ""
    while True:
        wanted = select(_person.c.ref, _person.c.identity_sealed, _person.c.identity_index)
        rows = s.execute(wanted.where(_person.c.ref > after).order_by(_person.c.ref).limit(BATCH)).all()
        if not rows:
            break
        after = rows[-1].ref
        changed = []
        for row in rows:
            try:
                number = old.open_column(row.identity_sealed, "person", "identity_sealed", row.ref)
            except Unsealable:
                raise StartFault(
                    f"人员 {row.ref} 的证件号码打不开，盲索引没有更改 · a number cannot be opened; nothing was changed"
                ) from None
            renamed[row.identity_index] = new.blind_index(number)
            changed.append({"of_ref": row.ref, "index": renamed[row.identity_index]})
        s.connection().execute(_REINDEX_PERSON, changed)
        if report is not None:
            report("person.identity_index", len(renamed), total)
    _rewrite_steps(s, old, new, renamed)
    s.connection().execute(_meta.delete().where(_meta.c.name == "index_mark"))
    s.connection().execute(_meta.insert(), [{"name": "index_mark", "value": new.index_mark}])
    return total


_REINDEX_PERSON = update(_person).where(_person.c.ref == bindparam("of_ref")).values(identity_index=bindparam("index"))


def _rewrite_steps(s: Session, old: Keyring, new: Keyring, renamed: Mapping[str, str]) -> None:
    """Steps name persons by the index too, some before they are in the register: those stand in the decision."""
    detail = next(each for each in SEALED if each.name == "step.detail_sealed")
    for row in s.execute(select(_step).where(_step.c.person_index.is_not(None))).mappings().all():
        index = renamed.get(row["person_index"])
        if index is None and row["detail_sealed"]:
            index = _named_in(old.open_column(row["detail_sealed"], *detail.place(row)), row["person_index"], old, new)
        if index is None:
            raise StartFault(
                f"事项 {row['case_id']} 环节 {row['step']} 的人员索引无从换算，盲索引没有更改 · "
                "a step names a person who stands nowhere; nothing was changed"
            )
        of_row = [each == row[each.name] for each in _step.primary_key.columns]
        s.execute(update(_step).where(*of_row).values(person_index=index))


def _named_in(detail: str, index: str, old: Keyring, new: Keyring) -> str | None:
    numbers = [canonical(str(each.get("identity_no", ""))) for each in json.loads(detail).get("persons") or []]
    return next((new.blind_index(number) for number in numbers if old.blind_index(number) == index), None)
