"""The content-addressed store: a file is named by its digest, written once, checked at every read, and removed by
nothing but an approved disposal.

Beside each file stands its manifest of parts (digest per zip member), which locates an alteration. `RecordStore` is
the rule; `FolderStore` keeps to it in a folder, `ObjectStore` in any object store that `obstore` reaches.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError
from obstore.store import from_url

from models.packing import DAMAGED
from models.sealing import HashName, digest

_DIGEST = re.compile(r"[0-9a-f]{64}")
_ENDING = re.compile(r"\.[a-z0-9]{2,6}")
_READ_ONLY = 0o444
UNREADABLE = (OSError, *DAMAGED)
SUFFIX = ".docx"
"""A record is a Word file, and a person who finds one should be able to open it. Its renditions have endings of
their own."""

_MANIFEST = ".parts.json"
_PARTS_BY: HashName = "sha256"
"""Parts only locate an alteration that the file's own digest proves; SM3 over them costs as much as rendering."""

OBJECT_SCHEMES = ("s3", "s3a", "gs", "az", "abfs", "abfss", "http", "https")
_REQUEST_SECONDS, _RETRY_SECONDS = 30, 20
"""One request, and all tries of one: an activity has a minute, and tries again by itself."""


class StoreFault(Exception):
    """A file is missing, altered, or does not match its name; or the store cannot be reached."""


class RecordStore(ABC):
    """Files named `ab/abcd….docx`. `hash_name` is the algorithm that the names are digests of."""

    def __init__(self, hash_name: HashName = "sm3") -> None:
        self.hash_name: HashName = hash_name

    def put(self, data: bytes, digest: str, ending: str = SUFFIX) -> None:
        """Keep `data` under `digest`; a file that is there already is compared, never replaced.

        Raises StoreFault when the digest is not that of the data, or when the file there is another.
        """
        if self._digest(data) != digest:
            raise StoreFault(f"{digest}: data do not have this digest")
        target = _place(digest, ending)
        if self._read(target) is not None:
            self.get(digest, ending)
            return
        # The manifest first: a file in the store always has one, wherever a crash falls.
        self._write(_place(digest, _MANIFEST), self._manifest(data, digest))
        if not self._write(target, data):
            self.get(digest, ending)  # another writer was first: the same bytes, or a fault

    def remove(self, digest: str, ending: str = SUFFIX) -> bool:
        """Take a file and its manifest out of the store, for a disposal that was approved and recorded; False when
        there was none, so that it can be repeated. Raises StoreFault when the store cannot or will not."""
        removed = self._delete(_place(digest, ending))
        self._delete(_place(digest, _MANIFEST))
        return removed

    def has(self, digest: str, ending: str = SUFFIX) -> bool:
        """Whether there is a file of that name; its bytes are not checked."""
        return self._read(_place(digest, ending)) is not None

    def get(self, digest: str, ending: str = SUFFIX) -> bytes:
        """The bytes, checked against their name. Raises StoreFault naming the altered parts."""
        data = self._read(_place(digest, ending))
        if data is None:
            raise StoreFault(f"{digest}: 存档文件缺失 · file is missing")
        if self._digest(data) != digest:
            where = "、".join(self.altered_parts(digest, data)) or "容器 container"
            raise StoreFault(f"{digest}: 存档文件被改动 · file was altered ({where})")
        return data

    @abstractmethod
    def digests(self) -> Iterator[str]:
        """Names of all records in the store, sorted."""

    def well(self) -> bool:
        """Whether the store answers now."""
        try:
            self._read(_place("0" * 64))
        except StoreFault:
            return False
        return True

    def path(self, digest: str) -> Path | None:
        """Where the file is on this machine, or None. The content is not checked: use `get` to rely on it."""
        _place(digest)
        return None

    def altered_parts(self, digest: str, data: bytes) -> list[str]:
        """Names of parts that differ from the manifest, are missing or were added; empty when it cannot be told."""
        try:
            manifest = json.loads(self._read(_place(digest, _MANIFEST)) or b"")
        except ValueError:
            return []
        kept: dict[str, str] = manifest["parts"]
        now = _parts(data)
        return sorted(name for name in kept.keys() | now.keys() if kept.get(name) != now.get(name)) if now else []

    @abstractmethod
    def _read(self, name: str) -> bytes | None:
        """The bytes of a name, or None. Raises StoreFault when it cannot be told."""

    @abstractmethod
    def _write(self, name: str, data: bytes) -> bool:
        """All of it or nothing, and never over another file; False when the name was there already."""

    @abstractmethod
    def _delete(self, name: str) -> bool:
        """Remove a name; False when it was not there. Raises StoreFault when it still is."""

    def _digest(self, data: bytes) -> str:
        return digest(data, self.hash_name)

    def _manifest(self, data: bytes, digest: str) -> bytes:
        body = {"algorithm": _PARTS_BY, "digest": digest, "size": len(data), "parts": _parts(data)}
        return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1).encode()


class FolderStore(RecordStore):
    """Read-only files in `root`, each written whole and synced before it gets its name."""

    def __init__(self, root: Path, hash_name: HashName = "sm3") -> None:
        super().__init__(hash_name)
        self.root = Path(root)
        self.root.mkdir(parents=True, exist_ok=True)

    def well(self) -> bool:
        return self.root.is_dir()

    def path(self, digest: str) -> Path | None:
        target = self.root / _place(digest)
        return target if target.exists() else None

    def digests(self) -> Iterator[str]:
        for folder in sorted(self.root.iterdir()):
            if folder.is_dir():
                yield from sorted(p.stem for p in folder.iterdir() if p.suffix == SUFFIX and _DIGEST.fullmatch(p.stem))

    def _read(self, name: str) -> bytes | None:
        try:
            return (self.root / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise StoreFault(f"{name}: 读不出（{error.strerror}）· cannot be read") from None

    def _write(self, name: str, data: bytes) -> bool:
        try:
            return self._written(name, data)
        except OSError as error:  # a full disk, a folder that may only be read
            raise StoreFault(f"{name}: 写不进（{error.strerror}）· cannot be written") from None

    def _written(self, name: str, data: bytes) -> bool:
        target = self.root / name
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self.root)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READ_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            os.link(temporary, target)  # refuses an existing name where rename would replace it
        except FileExistsError:
            return False
        finally:
            temporary.unlink(missing_ok=True)
        if not name.endswith(_MANIFEST):  # the file comes last and takes its manifest along
            _sync_folder(target.parent)
        return True

    def _delete(self, name: str) -> bool:
        target = self.root / name
        try:
            target.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise StoreFault(f"{name}: 无法删除（{error.strerror}）· cannot be removed") from None
        _sync_folder(target.parent)
        return True


class ObjectStore(RecordStore):
    """An object store (S3 and those like it, Azure, Google). A write is conditional on the name being free, so the
    store itself refuses to replace a file. Credentials and endpoint come from the store's own variables
    (`AWS_ENDPOINT`, `AWS_ACCESS_KEY_ID`, …), never from the address."""

    def __init__(self, url: str, hash_name: HashName = "sm3") -> None:
        super().__init__(hash_name)
        self._store = from_url(
            url,
            client_options={"timeout": timedelta(seconds=_REQUEST_SECONDS), "allow_http": _wants_http()},
            retry_config={"retry_timeout": timedelta(seconds=_RETRY_SECONDS)},
        )

    def digests(self) -> Iterator[str]:
        with _reached("list"):
            found = [str(meta["path"]) for batch in obstore.list(self._store) for meta in batch]
        names = (path.rpartition("/")[2].removesuffix(SUFFIX) for path in found if path.endswith(SUFFIX))
        yield from sorted(name for name in names if _DIGEST.fullmatch(name))

    def _read(self, name: str) -> bytes | None:
        with _reached(name):
            try:
                return bytes(obstore.get(self._store, name).bytes())
            except FileNotFoundError:
                return None

    def _write(self, name: str, data: bytes) -> bool:
        with _reached(name):
            try:
                obstore.put(self._store, name, data, mode="create")
            except AlreadyExistsError:
                return False
            return True

    def _delete(self, name: str) -> bool:
        if self._read(name) is None:  # deleting what is not there succeeds silently in most stores
            return False
        with _reached(name):
            obstore.delete(self._store, name)
        if self._read(name) is not None:
            raise StoreFault(f"{name}: 存储拒绝删除 · the store keeps it")
        return True


@contextlib.contextmanager
def _reached(name: str) -> Iterator[None]:
    """A store that is away or refuses is a StoreFault: its own text may hold an address and is left out."""
    try:
        yield
    except (BaseError, OSError) as error:
        raise StoreFault(f"{name}: 档案存储不可用（{type(error).__name__}）· the store cannot be used") from None


def _wants_http() -> bool:
    """Only an endpoint that is plainly given as http is spoken to without TLS: a store in the same rack, a test."""
    return os.environ.get("AWS_ENDPOINT", os.environ.get("AWS_ENDPOINT_URL", "")).startswith("http://")


def open_store(url: str, hash_name: HashName = "sm3") -> RecordStore:
    """The store of an address: a folder (`file:///…` or a path) or an object store (`s3://bucket/prefix`, …).

    Raises ValueError for another scheme, for an address that holds a password, or one that the store refuses.
    """
    parts = urlsplit(url)
    if parts.scheme in ("", "file"):
        return FolderStore(Path(unquote(parts.path) if parts.scheme else url), hash_name)
    if parts.scheme not in OBJECT_SCHEMES:
        raise ValueError(f"records_url: 不支持 {parts.scheme} · not supported; {', '.join(('file', *OBJECT_SCHEMES))}")
    if parts.password or parts.query:
        raise ValueError("records_url: 地址中不得写凭据，请用该存储自己的环境变量 · no credentials in the address")
    try:
        return ObjectStore(url, hash_name)
    except BaseError as error:
        raise ValueError(f"records_url: {type(error).__name__}") from None


def _place(digest: str, suffix: str = SUFFIX) -> str:
    if not _DIGEST.fullmatch(digest):
        raise StoreFault("not a digest")
    if suffix != _MANIFEST and not _ENDING.fullmatch(suffix):
        raise StoreFault("not a file ending")
    return f"{digest[:2]}/{digest}{suffix}"


def _parts(data: bytes) -> dict[str, str]:
    """Digest per zip member, "" for one that cannot be unpacked; empty when it is no zip."""
    parts: dict[str, str] = {}
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                try:
                    parts[info.filename] = digest(archive.read(info), _PARTS_BY)
                except UNREADABLE:
                    parts[info.filename] = ""
    except UNREADABLE:
        return {}
    return parts


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
