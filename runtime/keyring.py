"""The key file: made on first start, readable by its owner alone, never in the database.

JSON of {version, profile, current, index_key, hash_key?, next_index_key?, keys[{id, cipher, material, made_on}]},
material in base64. An old key stays so that what it sealed stays readable; `runtime.keys` lets one go that seals
nothing any more. Every change is a new file in the place of the old one, under a lock.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import json
import logging
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field, ValidationError

from models.sealing import KEY_BYTES, CipherName, Keyring, SealingKey

from .faults import StartFault

logger = logging.getLogger("dingbian.keys")

INDEX_KEY_BYTES = 32
LOOK_SECONDS = 1.0
"""How long after a rotation a process may still seal under the former key; it opens the new one's at once."""
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
    hash_key: Base64Bytes | None = Field(default=None, repr=False)
    next_index_key: Base64Bytes | None = Field(default=None, repr=False)
    keys: list[KeyEntry]

    def entry(self, key_id: str) -> KeyEntry:
        """Raises StartFault when the file has no such key."""
        found = next((each for each in self.keys if each.id == key_id), None)
        if found is None:
            raise StartFault(f"密钥文件中没有 {key_id} · no such key in the key file")
        return found


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
    file = read_key_file(path)
    if profile == "production" and file.profile != "production":
        raise StartFault(
            f"密钥文件 {path} 系演示环境生成，正式环境不得使用 · the key file was made for a demonstration; "
            "make one with `dingbian keys new`"
        )
    if file.next_index_key is not None:
        raise StartFault(
            "盲索引的更换没有完成，请先运行 `dingbian keys reindex` · "
            "the change of the index key was not finished; run `dingbian keys reindex`"
        )
    keyring = watched(path, file)
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
    with sealed_beside(path, file) as made:
        try:
            os.link(made, path)  # all or nothing, and never over an existing file
        except FileExistsError:
            return
        _sync_folder(path.parent)


def add_key(path: Path, cipher: CipherName, *, use: bool = True) -> str:
    """Rotation: adds a key and returns its id. With `use` it seals from now on; without, it only opens, until
    `use_key`: where processes run on several machines, each must know a key before any of them seals under it.

    The blind-index key stays (ledger.md rule 11).
    """
    key = _new_key(cipher)
    change(path, lambda file: {"keys": [*file.keys, key], "current": key.id if use else file.current})
    return key.id


def use_key(path: Path, key_id: str) -> None:
    """From now on this key seals. Raises StartFault when the file has no such key."""
    change(path, lambda file: {"current": file.entry(key_id).id})


def change(path: Path, made: Callable[[KeyFile], dict[str, object]]) -> KeyFile:
    """Replaces the file by one with these fields changed; `made` sees it as it stands, and nobody comes between."""
    with path.with_suffix(".lock").open("a") as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)
        file = read_key_file(path)
        changed = file.model_copy(update=made(file))
        with sealed_beside(path, changed) as new:
            new.replace(path)
            _sync_folder(path.parent)
    return changed


class Watch:
    """Looks again at a key file that may have been changed by another process."""

    def __init__(self, path: Path, keyring: Keyring) -> None:
        self._path = path
        self._first = self._last = keyring
        self._seen = _state_of(path)
        self._looked = time.monotonic()

    def newer(self, wanted: str | None) -> Keyring | None:
        """The keys as the file has them, when they are others than at first. With `wanted` it is looked at now, else
        at most once a second. A file that is gone or damaged changes nothing: what runs goes on."""
        if wanted is not None or time.monotonic() - self._looked >= LOOK_SECONDS:
            self._looked = time.monotonic()
            state = _state_of(self._path)
            if state != self._seen:
                self._seen = state
                self._take()
        return None if self._last is self._first else self._last

    def _take(self) -> None:
        try:
            found = keyring_from(self._path, read_key_file(self._path))
        except (StartFault, OSError) as fault:
            logger.error(
                "密钥文件读不出，仍用原有密钥 · the key file cannot be read, keys stay: %s", type(fault).__name__
            )
            return
        if (found.index_mark, found.keyed_hash(b"")) != (self._first.index_mark, self._first.keyed_hash(b"")):
            logger.error("盲索引密钥已更换，请重新启动 · the index key was changed: restart this process")
            return
        self._last = found
        logger.info("密钥文件已更新，现用 %s · keys were read again, %d in all", found.current, len(found.keys))


def watched(path: Path, file: KeyFile) -> Keyring:
    """The keys of the file, which learn by themselves of a rotation."""
    first = keyring_from(path, file)
    return replace(first, newer=Watch(path, first).newer)


def _state_of(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


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


def read_key_file(path: Path) -> KeyFile:
    """What the file holds. Raises StartFault when others may read it or it is damaged."""
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


def keyring_from(path: Path, file: KeyFile) -> Keyring:
    """The keys of the file as they stand in it. Raises StartFault."""
    try:
        keys = {entry.id: SealingKey(entry.id, entry.cipher, entry.material) for entry in file.keys}
    except ValueError:
        raise StartFault(f"密钥文件 {path} 中的密钥长度不符 · a key in the key file has a wrong length") from None
    lengths = {len(key) for key in (file.index_key, file.hash_key) if key is not None}
    if file.current not in keys or lengths != {INDEX_KEY_BYTES}:
        raise StartFault(f"密钥文件 {path} 不完整，请从备份恢复 · the key file is incomplete; restore it")
    return Keyring(keys=keys, current=file.current, index_key=file.index_key, hash_key=file.hash_key)


@contextmanager
def sealed_beside(path: Path, file: BaseModel) -> Iterator[Path]:
    """Writes the content to a new file beside `path`, owner-only and on disk before it is named."""
    made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(json.dumps(file.model_dump(mode="json", exclude_none=True), indent=2).encode())
            out.flush()
            os.fsync(out.fileno())
        yield made
    finally:
        made.unlink(missing_ok=True)


def write_private(path: Path, content: BaseModel) -> None:
    """A new file of its owner alone, on disk when this returns. Raises FileExistsError and other OSErrors."""
    with sealed_beside(path, content) as made:
        os.link(made, path)
        _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
