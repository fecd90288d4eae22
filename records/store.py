"""The content-addressed store: a file is named by its digest, written once, read-only, checked at every read.

Beside each file stands its manifest of parts (digest per zip member), which locates an alteration.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

from models.sealing import HashName, digest

_DIGEST = re.compile(r"[0-9a-f]{64}")
_READ_ONLY = 0o444
_UNREADABLE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, ValueError)
SUFFIX = ".docx"
"""Everything filed is a Word file, and a person who finds one should be able to open it."""

_MANIFEST = ".parts.json"
_PARTS_BY: HashName = "sha256"
"""Parts only locate an alteration that the file's own digest proves; SM3 over them costs as much as rendering."""


class StoreFault(Exception):
    """A file is missing, altered, or does not match its name."""


class FolderStore:
    """Files in `root/ab/abcd….docx`. `hash_name` is the algorithm that the names are digests of."""

    def __init__(self, root: Path, hash_name: HashName = "sm3") -> None:
        self.root = Path(root)
        self.hash_name: HashName = hash_name
        self.root.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes, digest: str) -> None:
        """Keep `data` under `digest`; a file that is there already is compared, never replaced.

        Raises StoreFault when the digest is not that of the data, or when the file there is another.
        """
        if self._digest(data) != digest:
            raise StoreFault(f"{digest}: data do not have this digest")
        target = self._place(digest)
        if target.exists():
            self.get(digest)
            return
        if not target.parent.is_dir():
            target.parent.mkdir(exist_ok=True)
            _sync_folder(self.root)
        # The manifest first: a file in the store always has one, wherever a crash falls.
        self._write(self._manifest_place(digest), self._manifest(data, digest))
        self._write(target, data)
        _sync_folder(target.parent)

    def get(self, digest: str) -> bytes:
        """The bytes, checked against their name. Raises StoreFault naming the altered parts."""
        target = self._place(digest)
        try:
            data = target.read_bytes()
        except FileNotFoundError:
            raise StoreFault(f"{digest}: 存档文件缺失 · file is missing") from None
        if self._digest(data) != digest:
            where = "、".join(self.altered_parts(digest, data)) or "容器 container"
            raise StoreFault(f"{digest}: 存档文件被改动 · file was altered ({where})")
        return data

    def path(self, digest: str) -> Path | None:
        """Where the file is, or None. The content is not checked: use `get` to rely on it."""
        target = self._place(digest)
        return target if target.exists() else None

    def digests(self) -> Iterator[str]:
        """All names in the store, sorted."""
        for folder in sorted(self.root.iterdir()):
            if folder.is_dir():
                yield from sorted(p.stem for p in folder.iterdir() if p.suffix == SUFFIX and _DIGEST.fullmatch(p.stem))

    def altered_parts(self, digest: str, data: bytes) -> list[str]:
        """Names of parts that differ from the manifest, are missing or were added; empty when it cannot be told."""
        try:
            manifest = json.loads(self._manifest_place(digest).read_text("utf-8"))
        except (OSError, ValueError):
            return []
        kept: dict[str, str] = manifest["parts"]
        now = self._parts(data)
        return sorted(name for name in kept.keys() | now.keys() if kept.get(name) != now.get(name)) if now else []

    def _digest(self, data: bytes) -> str:
        return digest(data, self.hash_name)

    def _place(self, digest: str) -> Path:
        if not _DIGEST.fullmatch(digest):
            raise StoreFault("not a digest")
        return self.root / digest[:2] / f"{digest}{SUFFIX}"

    def _manifest_place(self, digest: str) -> Path:
        return self._place(digest).with_name(digest + _MANIFEST)

    def _manifest(self, data: bytes, digest: str) -> bytes:
        body = {"algorithm": _PARTS_BY, "digest": digest, "size": len(data), "parts": self._parts(data)}
        return json.dumps(body, ensure_ascii=False, sort_keys=True, indent=1).encode()

    def _parts(self, data: bytes) -> dict[str, str]:
        """Digest per zip member, "" for one that cannot be unpacked; empty when it is no zip."""
        parts: dict[str, str] = {}
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                for info in archive.infolist():
                    try:
                        parts[info.filename] = digest(archive.read(info), _PARTS_BY)
                    except _UNREADABLE:
                        parts[info.filename] = ""
        except _UNREADABLE:
            return {}
        return parts

    def _write(self, target: Path, data: bytes) -> None:
        """All of it or nothing, and never over another file: temp, fsync, then a link under the final name."""
        temporary = target.with_name(f".{target.name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _READ_ONLY)
        try:
            with os.fdopen(descriptor, "wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            # link refuses an existing name where rename would replace it; another writer wrote the same bytes.
            with contextlib.suppress(FileExistsError):
                os.link(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)


def open_store(url: str, hash_name: HashName = "sm3") -> FolderStore:
    """The store of a `file:///folder` address or a plain folder path. Raises ValueError for another scheme."""
    parts = urlsplit(url)
    if parts.scheme not in ("", "file"):
        raise ValueError(f"records_url: 不支持 {parts.scheme} · only a folder (file:///…) is supported")
    return FolderStore(Path(unquote(parts.path) if parts.scheme else url), hash_name)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
