"""Sealing of personal data and payloads, blind index, digests: SM4-GCM / AES-256-GCM, SM3 / SHA-256.

A leaf: it knows no file and no setting. Key material comes in from `runtime.keyring`.
Sources: GB/T 32907 (SM4), RFC 8998 (SM4-GCM), GB/T 32905 (SM3), NIST SP 800-38D (GCM).
"""

from __future__ import annotations

import hashlib
import hmac
import os
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.hmac import HMAC

CipherName = Literal["sm4-gcm", "aes-256-gcm"]
HashName = Literal["sm3", "sha256"]

_NONCE_BYTES = 12
_TAG_BYTES = 16
_VERSION = b"\x01"
KEY_BYTES: dict[str, int] = {"sm4-gcm": 16, "aes-256-gcm": 32}


class Unsealable(Exception):
    """The bytes cannot be opened here: unknown key, other binding, or altered. Holds no content."""


def digest(data: bytes, algorithm: HashName = "sm3") -> str:
    """Hex digest (64 characters) of `data`."""
    return raw_digest(data, algorithm).hex()


def raw_digest(data: bytes, algorithm: HashName = "sm3") -> bytes:
    """Digest (32 bytes) of `data`."""
    if algorithm == "sha256":
        return hashlib.sha256(data).digest()
    hasher = hashes.Hash(hashes.SM3())
    hasher.update(data)
    return hasher.finalize()


@dataclass(frozen=True, slots=True)
class SealingKey:
    """One cipher key. `key_id` travels beside the ciphertext; the material never does."""

    key_id: str
    cipher: CipherName
    material: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.material) != KEY_BYTES[self.cipher]:
            raise ValueError(f"key {self.key_id}: {self.cipher} needs {KEY_BYTES[self.cipher]} bytes")

    def _algorithm(self) -> algorithms.SM4 | algorithms.AES:
        return algorithms.SM4(self.material) if self.cipher == "sm4-gcm" else algorithms.AES(self.material)

    def seal(self, plain: bytes, bound_to: bytes) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        encryptor = Cipher(self._algorithm(), modes.GCM(nonce)).encryptor()
        encryptor.authenticate_additional_data(bound_to)
        return nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag

    def open(self, sealed: bytes, bound_to: bytes) -> bytes:
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            raise Unsealable("too short")
        nonce, body, tag = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:-_TAG_BYTES], sealed[-_TAG_BYTES:]
        decryptor = Cipher(self._algorithm(), modes.GCM(nonce, tag)).decryptor()
        decryptor.authenticate_additional_data(bound_to)
        try:
            return decryptor.update(body) + decryptor.finalize()
        except InvalidTag:
            raise Unsealable("altered, or bound to something else") from None


@dataclass(frozen=True, slots=True)
class Keyring:
    """All keys of one deployment. New data use `current`; old ids stay readable (rotation adds a key).

    `index_key` keys the blind index and does not rotate with the cipher key (ledger.md rule 11); `hash_key` keys the
    hashes that rest in immutable rows and never changes. They are one key until the index is changed
    (docs/decisions/0050). `newer` gives the keys as their file has them now, if they are others: it is asked for the
    key that seals, and for a key that is not known here (its id), so that a rotation needs no restart.
    """

    keys: Mapping[str, SealingKey]
    current: str
    index_key: bytes = field(repr=False)
    hash_key: bytes | None = field(default=None, repr=False)
    newer: Callable[[str | None], Keyring | None] | None = field(default=None, repr=False, compare=False)

    def now(self, wanted: str | None = None) -> Keyring:
        """The keys as they stand; with `wanted`, looked up at once for that key."""
        return (self.newer(wanted) if self.newer is not None else None) or self

    def seal(self, plain: bytes, bound_to: bytes) -> tuple[str, bytes]:
        """(key id, nonce‖ciphertext‖tag)."""
        ring = self.now()
        key = ring.keys[ring.current]
        return key.key_id, key.seal(plain, key.key_id.encode() + b"|" + bound_to)

    def open(self, key_id: str, sealed: bytes, bound_to: bytes) -> bytes:
        key = self.keys.get(key_id) or self.now(key_id).keys.get(key_id)
        if key is None:
            raise Unsealable("unknown key")
        return key.open(sealed, key_id.encode() + b"|" + bound_to)

    def seal_column(self, plain: str, table: str, column: str, row: str) -> bytes:
        """One self-describing value for an encrypted column, bound to its table, column and row."""
        key_id, sealed = self.seal(plain.encode(), f"{table}|{column}|{row}".encode())
        return column_mark(key_id) + sealed

    def open_column(self, value: bytes, table: str, column: str, row: str) -> str:
        """Inverse of `seal_column`; raises Unsealable when moved between rows, columns or tables."""
        key_id = column_key(value)
        return self.open(key_id, value[2 + len(key_id) :], f"{table}|{column}|{row}".encode()).decode()

    def blind_index(self, identity_no: str) -> str:
        """Keyed index of an identity number over its NFKC form: equal for every spelling, useless without the key."""
        return _hmac(self.index_key, b"identity|" + canonical_identity(identity_no).encode())

    def keyed_hash(self, data: bytes) -> str:
        """HMAC-SM3 hex; keyed because a bare hash of an identity number is reversed by enumeration."""
        return _hmac(self.hash_key or self.index_key, data)

    @property
    def index_mark(self) -> str:
        """By which a register tells whether its blind index was made with this key; says nothing of the key."""
        return _hmac(self.index_key, b"mark of the index key")[:32]


def _hmac(key: bytes, data: bytes) -> str:
    mac = HMAC(key, hashes.SM3())
    mac.update(data)
    return mac.finalize().hex()


def column_mark(key_id: str) -> bytes:
    """What a sealed column begins with when it was sealed under this key."""
    return _VERSION + bytes([len(key_id)]) + key_id.encode()


def column_key(value: bytes) -> str:
    """Id of the key under which a column was sealed. Raises Unsealable when it is no sealed column."""
    if value[:1] != _VERSION or len(value) < 2 or len(value) < 2 + value[1]:
        raise Unsealable("not a sealed column")
    try:
        return value[2 : 2 + value[1]].decode("ascii")
    except UnicodeDecodeError:
        raise Unsealable("not a sealed column") from None


def canonical_identity(identity_no: str) -> str:
    return unicodedata.normalize("NFKC", identity_no).strip().upper()


def same(left: str, right: str) -> bool:
    """Comparison in constant time."""
    return hmac.compare_digest(left.encode(), right.encode())
