"""The key file: made on first start, readable by its owner alone, never in the database.

JSON of {version, profile, current, index_key, keys[{id, cipher, material, made_on}]}, material in base64.
Keys are only ever added: an old key stays so that what it sealed stays readable.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from models.sealing import KEY_BYTES, CipherName, Keyring, SealingKey

from .faults import StartFault

INDEX_KEY_BYTES = 32
Profile = Literal["embedded", "production"]
_SHORT: dict[str, str] = {"sm4-gcm": "sm4", "aes-256-gcm": "aes"}


class KeyEntry(BaseModel):
    model_config = ConfigDict(extra="forbid")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9.-]{0,99}$")]
    cipher: CipherName
    material: Base64Bytes = Field(repr=False)
    made_on: str


class KeyFile(BaseModel):
    """What the file holds. `profile` tells under which profile the keys were made: a key that sealed sample
    data on somebody's desk is a demo secret to a production system."""

    model_config = ConfigDict(extra="forbid")
    version: Literal[1] = 1
    profile: Profile
    current: str
    index_key: Base64Bytes = Field(repr=False)
    keys: list[KeyEntry]


def load_keyring(path: Path, cipher: CipherName = "sm4-gcm", profile: Profile = "embedded") -> Keyring:
    """The keys of this deployment; in the embedded profile the file is made on first start.

    Raises StartFault when the file is missing in production, readable by others, damaged, made for a
    demonstration but used in production, or when its current key is not of the wanted cipher.
    """
    if not path.exists():
        if profile == "production":
            raise StartFault(
                f"没有密钥文件 {path}，请先运行 `dingbian keys new` · no key file; run `dingbian keys new` first"
            )
        create_key_file(path, cipher, profile)
    file = _read(path)
    if profile == "production" and file.profile != "production":
        raise StartFault(
            f"密钥文件 {path} 系演示环境生成，正式环境不得使用 · the key file was made for a demonstration; "
            "make one with `dingbian keys new`"
        )
    keyring = _keyring(path, file)
    if keyring.keys[keyring.current].cipher != cipher:
        raise StartFault(
            f"DINGBIAN_CIPHER={cipher}，但密钥文件的现用密钥不是该算法，请运行 `dingbian keys add` · "
            f"the current key in {path} is for another cipher; run `dingbian keys add`"
        )
    return keyring


def create_key_file(path: Path, cipher: CipherName, profile: Profile) -> None:
    """Makes a new key file. If another process was quicker, its file stands and this one is dropped."""
    key = _new_key(cipher)
    file = KeyFile(
        profile=profile, current=key.id, index_key=_encoded(secrets.token_bytes(INDEX_KEY_BYTES)), keys=[key]
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    with _sealed_beside(path, file) as made:
        try:
            os.link(made, path)  # all or nothing, and never over an existing file
        except FileExistsError:
            return
        _sync_folder(path.parent)


def add_key(path: Path, cipher: CipherName) -> str:
    """Rotation: adds a key, makes it current, and returns its id. The blind-index key stays (ledger.md rule 11)."""
    with path.with_suffix(".lock").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        file = _read(path)
        key = _new_key(cipher)
        changed = file.model_copy(update={"keys": [*file.keys, key], "current": key.id})
        with _sealed_beside(path, changed) as made:
            made.replace(path)
            _sync_folder(path.parent)
    return key.id


def _new_key(cipher: CipherName) -> KeyEntry:
    now = datetime.now(UTC)
    return KeyEntry(
        id=f"{_SHORT[cipher]}-{now:%Y%m%d}-{secrets.token_hex(3)}",
        cipher=cipher,
        material=_encoded(secrets.token_bytes(KEY_BYTES[cipher])),
        made_on=now.date().isoformat(),
    )


def _encoded(material: bytes) -> bytes:
    return base64.b64encode(material)


def _read(path: Path) -> KeyFile:
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        raise StartFault(
            f"密钥文件 {path} 可被他人读取（权限 {mode:04o}），请运行 chmod 600 · "
            f"the key file is readable by others (mode {mode:04o}); run chmod 600 {path}"
        )
    try:
        return KeyFile.model_validate_json(path.read_bytes())
    except (ValidationError, binascii.Error, UnicodeDecodeError):
        # Never print what the file holds, not even in part.
        raise StartFault(f"密钥文件 {path} 已损坏，请从备份恢复 · the key file is damaged; restore it") from None


def _keyring(path: Path, file: KeyFile) -> Keyring:
    try:
        keys = {entry.id: SealingKey(entry.id, entry.cipher, entry.material) for entry in file.keys}
    except ValueError:
        raise StartFault(f"密钥文件 {path} 中的密钥长度不符 · a key in the key file has a wrong length") from None
    if file.current not in keys or len(file.index_key) != INDEX_KEY_BYTES:
        raise StartFault(f"密钥文件 {path} 不完整，请从备份恢复 · the key file is incomplete; restore it")
    return Keyring(keys=keys, current=file.current, index_key=file.index_key)


@contextmanager
def _sealed_beside(path: Path, file: KeyFile) -> Iterator[Path]:
    """Writes the content to a new file beside `path`, owner-only and on disk before it is named."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(json.dumps(file.model_dump(mode="json"), indent=2).encode())
            out.flush()
            os.fsync(out.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
