"""What must hold before a process works on a register; every failure names what to do."""

from __future__ import annotations

import os
from pathlib import Path

from sqlmodel import Session, col, func, select

from ledger.db import Database, SelfCheckFailed, keyring_of
from models.register import Meta, OfficerRow
from models.sealing import SealingKey, Unsealable, digest

from .faults import Away, StartFault
from .settings import Settings

LEDGER_ID_FILE = "ledger-id"
UNFINISHED_FILE = "restore-unfinished"
"""Stands in a data folder from the first byte of a restore until everything there was verified."""

_SM3_OF_ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"  # GB/T 32905 A.1
_RFC_8998_KEY = bytes.fromhex("0123456789abcdeffedcba9876543210")
_RFC_8998_NONCE = bytes.fromhex("00001234567800000000abcd")
_RFC_8998_EXTRA = bytes.fromhex("feedfacedeadbeeffeedfacedeadbeefabaddad2")
_RFC_8998_SEALED = bytes.fromhex(
    "17f399f08c67d5ee19d0dc9969c4bb7d5fd46fd3756489069157b282bb200735"
    "d82710ca5c22f0ccfa7cbf93d496ac15a56834cbcf98c397b4024a2691233b8d"
    "83de3541e4c2b58177e065a9bf7b62ec"
)


def check_algorithms() -> None:
    """Known answers of SM3 and SM4-GCM: a wrong build of the library must not seal anything."""
    try:
        if digest(b"abc") != _SM3_OF_ABC:
            raise Unsealable("SM3")
        key = SealingKey("rfc-8998", "sm4-gcm", _RFC_8998_KEY)
        key.open(_RFC_8998_NONCE + _RFC_8998_SEALED, _RFC_8998_EXTRA)
    except Unsealable as error:
        raise StartFault(f"密码算法自检未通过（{error}）· the cryptographic self-test failed") from None


def check_finished(settings: Settings) -> None:
    """Nothing works on a folder whose restore was broken off, or did not verify. Raises StartFault."""
    if (settings.data_dir / UNFINISHED_FILE).exists():
        raise StartFault(
            f"数据目录 {settings.data_dir} 的恢复没有完成或未通过核验，不能使用；请另选空目录重新恢复 · "
            "a restore into this data folder was not finished or did not verify; restore into an empty one"
        )


def check_register(settings: Settings, database: Database) -> None:
    """Schema, hash, identity of the register and, in production, the absence of demo officers.

    Raises StartFault.
    """
    with database.read() as session:
        stored_hash = _meta(session, "hash")
        if stored_hash is not None and stored_hash != settings.hash:
            raise StartFault(
                f"DINGBIAN_HASH={settings.hash}，但登记数据库按 {stored_hash} 建立，不得更改 · "
                f"the register was made with {stored_hash}; set DINGBIAN_HASH={stored_hash}"
            )
    try:
        database.self_check()
    except SelfCheckFailed as error:
        raise StartFault(str(error)) from None
    with database.read() as session:
        mark = _meta(session, "index_mark")
        if mark is not None and mark != keyring_of(session).index_mark:
            raise StartFault(
                f"密钥文件 {settings.keyring_file} 与登记数据库不是一套（盲索引不符），请换回原来的密钥文件 · "
                "the key file does not belong to this register: its blind index was made with another key"
            )
        _check_identity(settings, _meta(session, "ledger_id") or "")
        if settings.production and _demo_officers(session):
            raise StartFault("正式环境不得有演示账号，请先停用 · active demo officers in a production register")


def _meta(session: Session, name: str) -> str | None:
    """A fact of the register, or None before its first migration."""
    if not session.connection().dialect.has_table(session.connection(), str(Meta.__tablename__)):
        return None
    row = session.get(Meta, name)
    return row.value if row else None


def _demo_officers(session: Session) -> int:
    wanted = select(func.count()).where(col(OfficerRow.demo).is_(True), col(OfficerRow.active).is_(True))
    return session.exec(wanted).one()


def _check_identity(settings: Settings, ledger_id: str) -> None:
    """The data folder remembers its register: records, keys and Temporal's cases belong to exactly this one."""
    path = settings.data_dir / LEDGER_ID_FILE
    expected = _remembered(path, ledger_id)
    if expected != ledger_id:
        raise StartFault(
            f"数据目录 {settings.data_dir} 属于另一登记数据库（{expected[:8]}…，现为 {ledger_id[:8]}…），"
            f"请核对 DINGBIAN_DATA_DIR 与 DINGBIAN_DATABASE_URL；确系更换数据库的，删除 {path} · "
            f"the data folder belongs to another register; check DINGBIAN_DATA_DIR and DINGBIAN_DATABASE_URL"
        )


def _remembered(path: Path, ledger_id: str) -> str:
    """What the file says; on first use it is written with `ledger_id`. Raises Away when it cannot be."""
    if not path.exists():
        made = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(ledger_id + "\n")
            os.link(made, path)
        except FileExistsError:
            pass
        except OSError as error:
            raise Away(f"写不进 {path.parent}：{error.strerror} · cannot be written to") from None
        finally:
            made.unlink(missing_ok=True)
    return path.read_text().strip()
