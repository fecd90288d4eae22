"""What stands beside every backup: what it holds, as of when, with which digests, and the office's own seal over it.

The seal is made with the keyring, which is never in the backup: who alters the backup and its manifest together cannot
seal it again, and a backup that is given to another office's keys is told before anything is written.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Literal

from cryptography.hazmat.primitives import hashes
from pydantic import ValidationError

from models.ledger import Fault
from models.sealing import HashName, Keyring, Unsealable, digest, same
from models.shape import Shape

from .anchors import Anchor
from .faults import StartFault

MANIFEST, SEAL = "manifest.json", "manifest.seal"
REGISTER_FILE, REGISTER_FOLDER = "register.db", "register"
TEMPORAL_FILE = "temporal.db"
RULES_FILE = "rules.toml"
RECORDS_FOLDER, RECORDS_LIST = "records", "records.txt"
_BLOCK = 1 << 20


class Part(Shape):
    """One file of the backup. `path` is relative to its folder, with `/`."""

    path: str
    size: int
    digest: str


class RecordsPart(Shape):
    """The files of the records store in the backup; each is named by its digest, all are listed in `records.txt`."""

    files: int
    bytes: int


class Backup(Shape):
    """The manifest. `taken_at` is the moment of the register's snapshot, `temporal_at` that of Temporal's; `faults` are
    what verification already found when the backup was made. `keys` are names of keys, never keys."""

    format: Literal["dingbian-backup/1"] = "dingbian-backup/1"
    version: str
    ledger_id: str
    hash: HashName
    engine: Literal["sqlite", "postgresql"]
    revision: str
    begun_at: datetime
    taken_at: datetime
    temporal_at: datetime | None = None
    keys: list[str]
    heads: Anchor
    holders: int
    rows: int
    accounts: int
    faults: list[Fault] = []
    tables: dict[str, int] = {}
    records: RecordsPart
    parts: list[Part]


def digest_of(path: Path, name: HashName) -> str:
    """Hex digest of a file of any size. Raises OSError."""
    if name == "sha256":
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    hasher = hashes.Hash(hashes.SM3())
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            hasher.update(block)
    return hasher.finalize().hex()


def part_of(folder: Path, path: str, name: HashName) -> Part:
    file = folder / path
    return Part(path=path, size=file.stat().st_size, digest=digest_of(file, name))


def write(folder: Path, backup: Backup, keyring: Keyring) -> None:
    """Manifest and seal, last of all: a folder without them is no backup, whatever else stands in it."""
    body = backup.model_dump_json(indent=1).encode()
    key_id, sealed = keyring.seal(_sealed_text(body, backup, keyring), _binding(backup.ledger_id))
    seal = json.dumps({"key": key_id, "sealed": base64.b64encode(sealed).decode()}).encode()
    for name, content in ((SEAL, seal), (MANIFEST, body)):
        with (folder / name).open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())


def read(folder: Path) -> Backup:
    """The manifest, unchecked. Raises StartFault when there is none, or one of a newer version."""
    try:
        body = (folder / MANIFEST).read_bytes()
    except OSError:
        raise StartFault(
            f"{folder} 不是备份，或者备份没有做完（没有 {MANIFEST}）· not a backup, or one that was not finished"
        ) from None
    try:
        return Backup.model_validate_json(body)
    except ValidationError:
        raise StartFault(f"{folder / MANIFEST} 已损坏，或由更新的版本写成 · damaged, or of a newer version") from None


def check_seal(folder: Path, backup: Backup, keyring: Keyring) -> None:
    """Raises StartFault: these keys did not make this backup, or its manifest was altered since."""
    wrong = StartFault(
        "密钥与备份不符：备份由密钥 "
        f"{'、'.join(backup.keys)} 做成，现有密钥打不开，请用 --keys 指明与它同时期的密钥文件 · "
        "the keys are not those of this backup; name the right key file with --keys"
    )
    try:
        seal = json.loads((folder / SEAL).read_bytes())
        key_id, sealed = str(seal["key"]), base64.b64decode(seal["sealed"], validate=True)
    except (OSError, ValueError, KeyError, TypeError, binascii.Error):
        raise StartFault(f"{folder / SEAL} 缺失或已损坏 · the seal of the backup is missing or damaged") from None
    if not set(backup.keys) <= set(keyring.keys) or key_id not in keyring.keys:
        raise wrong
    try:
        opened = keyring.open(key_id, sealed, _binding(backup.ledger_id))
    except Unsealable:
        raise wrong from None
    told_digest, _, told_index = opened.decode("ascii", "replace").partition(" ")
    if not same(told_index, _index_mark(backup, keyring)):
        raise wrong
    if not same(told_digest, digest((folder / MANIFEST).read_bytes())):
        raise StartFault(f"{folder / MANIFEST} 在备份之后被改动 · the manifest was altered after the backup")


def damage(folder: Path, backup: Backup) -> Iterator[Fault]:
    """Parts that are missing, altered or were added; the files of the store are looked at by the store itself."""
    for part in backup.parts:
        try:
            found = part_of(folder, part.path, backup.hash)
        except OSError:
            yield Fault(where=part.path, what="备份中缺少此部分 · missing from the backup")
            continue
        if found != part:
            yield Fault(where=part.path, what="与备份时不同 · differs from what was backed up")
    known = {part.path for part in backup.parts} | {MANIFEST, SEAL}
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        name = path.relative_to(folder).as_posix()
        if name not in known and not name.startswith(f"{RECORDS_FOLDER}/"):
            yield Fault(where=name, what="备份时没有此文件 · was not there when the backup was made")


def _sealed_text(body: bytes, backup: Backup, keyring: Keyring) -> bytes:
    return f"{digest(body)} {_index_mark(backup, keyring)}".encode()


def _index_mark(backup: Backup, keyring: Keyring) -> str:
    """Tells the index key apart, which seals nothing and whose loss would be noticed only by a second identity."""
    return keyring.keyed_hash(b"backup|" + backup.ledger_id.encode())


def _binding(ledger_id: str) -> bytes:
    return f"backup/v1|{ledger_id}".encode()
