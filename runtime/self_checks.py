"""The self-checks of reliability.md §4.4: before work, where some of them stop a process, and as `dingbian check`,
which looks at each by itself and says all of them.

What would damage the ledger further stops a process. A template that was changed, and a register that is older than one
seen before, are said and stop nothing: cases park by themselves, and `dingbian reconcile` lists what an old copy lacks.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import Session

from ledger import log
from ledger.clock import seconds_apart
from ledger.db import Database
from ledger.tail import older_than, tail_faults
from models import failpoints
from models.enums import DocumentKind
from models.proofs import LogMark
from models.register import Meta
from models.sealing import Keyring
from models.shape import Shape
from records.render import FOLDER
from records.store import open_store

from .assembly import Parts, away_or_wrong
from .backup_manifest import digest_of
from .checks import check_algorithms, check_finished, check_register
from .faults import StartFault
from .keyring import load_keyring
from .settings import Settings, check_profile, temporal_profile, uses_embedded_temporal

logger = logging.getLogger("dingbian.checks")

SEEN_FILE = "log-head.json"
TEMPLATES_META = "templates"
LEAST_FREE = 1 << 30
"""Bytes that must be free where the data are."""
MOST_APART = 5.0
"""Seconds between this machine's clock and the database's."""
MOST_TOLD = 3

Address = IPv4Address | IPv6Address
_LISTEN = "0A"


class Check(Shape):
    """One self-check: `passed` None where it does not apply or could not be made, and `says` why."""

    name: str
    title: str
    passed: bool | None
    says: str


class Templates(Shape):
    """The digests that stand in the register, and by which version of the program they were entered."""

    version: str
    digests: dict[str, str]


class Failed(Exception):
    """A check found something; the text is what is said."""


class NotTold(Exception):
    """The check does not apply here, or cannot be made; the text says why."""


# --- before a process works ----------------------------------------------------------------------------------------


def before_work(parts: Parts) -> None:
    """What a worker and an API look at beyond `assembled`. Raises StartFault when the end of the ledger is not whole,
    Away when the database does not answer.

    A head that was seen is remembered in the data folder, outside the database: an older copy of it shows by that.
    """
    try:
        _before_work(parts)
    except SQLAlchemyError as error:
        raise away_or_wrong(error)(
            f"登记数据库没有应答（{type(error).__name__}）· the register's database does not answer"
        ) from None


def _before_work(parts: Parts) -> None:
    settings = parts.settings
    with parts.database.read() as session:
        faults = tail_faults(session)
        if faults:
            said = "；".join(f"{each.where} {each.what}" for each in faults[:MOST_TOLD])
            raise StartFault(
                f"台账末尾核验未通过，不能在其上办理：{said}。请运行 dingbian verify · "
                "the end of the ledger does not verify; nothing works on it: run dingbian verify"
            )
        for look in (_seen, _templates):
            try:
                look(settings, session)
            except Failed as found:
                logger.error("%s", found)
            except NotTold as why:
                logger.info("%s", why)
        remember_head(settings, session)


def remember_head(settings: Settings, session: Session) -> None:
    """The newest head of the log, unless one that is further on was seen before: that one is the evidence."""
    head, path = log.head(session), settings.data_dir / SEEN_FILE
    before = _remembered_head(path)
    if head.size and (before is None or before.size < head.size):
        made = path.with_name(f".{path.name}.{os.getpid()}")
        made.write_text(LogMark(size=head.size, root=head.root).model_dump_json() + "\n")
        made.replace(path)


def register_templates(database: Database, settings: Settings) -> dict[str, str]:
    """Enters the digests of the templates as they are now; what `dingbian check` compares with from now on."""
    digests = template_digests(settings)
    value = Templates(version=version("dingbian"), digests=digests).model_dump_json()
    with database.write() as session:
        session.merge(Meta(name=TEMPLATES_META, value=value))
    return digests


def enter_templates(database: Database, settings: Settings) -> None:
    """At a migration: the first time, and when a new version of the program brought new ones."""
    with database.read() as session:
        known = _registered(session)
    if known is None or known.version != version("dingbian"):
        register_templates(database, settings)


def template_digests(settings: Settings, folder: Path = FOLDER) -> dict[str, str]:
    """Digest by name of every template that is there."""
    found = ((kind.value, folder / f"{kind.value}.docx") for kind in DocumentKind)
    return {name: digest_of(path, settings.hash) for name, path in found if path.exists()}


# --- all of them, one by one ---------------------------------------------------------------------------------------


def all_checks(settings: Settings) -> Iterator[Check]:
    """Every check, whatever the others found; nothing is changed and nothing is made."""
    yield _told("profile", "环境设置 profile", lambda: _profile(settings))
    yield _told("debug", "故障点与调试 failpoints and debugging", lambda: _debugging(settings))
    yield _told("folder", "数据目录 data folder", lambda: _folder(settings))
    yield _told("algorithms", "密码算法 known answers", _algorithms)
    yield _told("keys", "密钥文件 key file", lambda: _key_file(settings))
    yield _told("temporal", "内嵌 Temporal 只听本机 loopback", lambda: _loopback(settings))
    yield _told("records", "档案存储 records store", lambda: _store(settings))
    with _opened(settings) as (database, why):

        def of(look: Callable[[Database], str]) -> Callable[[], str]:
            def looked() -> str:
                if database is None:
                    raise NotTold(why)
                return look(database)

            return looked

        yield _told("database", "登记数据库 database", of(_answers))
        yield _told("settings", "连接参数 pragmas", of(lambda it: _short(it, "settings")))
        yield _told("schema", "数据库版本 schema", of(lambda it: _short(it, "schema")))
        yield _told("definitions", "约束与触发器 definitions", of(lambda it: _short(it, "definitions")))
        yield _told("identity", "登记身份 ledger id, hash, keys", of(lambda it: _identity(settings, it)))
        yield _told("tail", "台账末尾 end of the ledger", of(_tail))
        yield _told("head", "日志头 head seen before", of(lambda it: _in(it, lambda s: _seen(settings, s))))
        yield _told("templates", "公文模板 templates", of(lambda it: _in(it, lambda s: _templates(settings, s))))
        yield _told("clock", "时钟 clock", of(lambda it: _in(it, _clock)))


def _told(name: str, title: str, look: Callable[[], str]) -> Check:
    try:
        return Check(name=name, title=title, passed=True, says=look())
    except (Failed, StartFault) as found:
        return Check(name=name, title=title, passed=False, says=str(found))
    except NotTold as why:
        return Check(name=name, title=title, passed=None, says=str(why))
    except SQLAlchemyError as error:  # its text may hold the address, and what was asked
        return Check(name=name, title=title, passed=False, says=f"数据库没有应答 · no answer ({type(error).__name__})")


def _profile(settings: Settings) -> str:
    check_profile(settings)
    return settings.profile


def _debugging(settings: Settings) -> str:
    found = [name for name in ("TEMPORAL_DEBUG", "PYTHONASYNCIODEBUG", "PYTHONDEVMODE") if os.environ.get(name)]
    found += ["python -X dev"] if sys.flags.dev_mode and "PYTHONDEVMODE" not in found else []
    found += ["DINGBIAN_FAILPOINTS"] if settings.failpoints or failpoints.armed() else []
    if found:
        raise Failed(f"已打开，办公时应关闭：{'、'.join(found)} · switched on")
    return "均未打开 · off"


def _folder(settings: Settings) -> str:
    check_finished(settings)
    try:
        mode = settings.data_dir.stat().st_mode
        free = shutil.disk_usage(settings.data_dir).free
    except OSError as error:
        raise Failed(f"{settings.data_dir} 读不到（{error.strerror}）· cannot be read") from None
    if not os.access(settings.data_dir, os.W_OK | os.X_OK):
        raise Failed(f"{settings.data_dir} 写不进 · cannot be written to")
    if mode & 0o007:
        raise Failed(f"{settings.data_dir} 人人可读，请执行 chmod o-rwx · everybody can read it")
    if free < LEAST_FREE:
        raise Failed(f"磁盘只剩 {free >> 20} MiB · the disk is nearly full")
    return f"剩余 {free >> 30} GiB · free"


def _algorithms() -> str:
    check_algorithms()
    return "SM3、SM4-GCM（RFC 8998）"


def _key_file(settings: Settings) -> str:
    if not settings.keyring_file.exists():
        raise Failed(f"没有密钥文件 {settings.keyring_file} · no key file")
    keyring = load_keyring(settings.keyring_file, settings.cipher, settings.profile)
    return f"{len(keyring.keys)} 把，现用 {keyring.current} · keys, the current one"


def _loopback(settings: Settings) -> str:
    if not uses_embedded_temporal():
        raise NotTold(f"外部集群 · cluster {temporal_profile().address}")
    exposed = [str(each) for each in listening_at(settings.temporal_port) if not each.is_loopback]
    if exposed:
        raise Failed(
            f"端口 {settings.temporal_port} 对外开放（{'、'.join(exposed)}）· open to others, without a sign-in"
        )
    return "是 · yes"


def listening_at(
    port: int, tables: tuple[Path, ...] = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
) -> list[Address]:
    """Addresses that something on this machine listens at on a port. Raises NotTold where the system does not say."""
    found = []
    for table in tables:
        try:
            lines = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for line in lines:
            local, state = line.split()[1], line.split()[3]
            address, _, hex_port = local.partition(":")
            if state == _LISTEN and int(hex_port, 16) == port:
                found.append(_address(address))
    if not any(table.exists() for table in tables):
        raise NotTold("此系统不说明谁在监听 · this system does not tell")
    return found


def _address(text: str) -> Address:
    """The kernel writes an address as words of the machine's own byte order."""
    words = [bytes.fromhex(text[start : start + 8]) for start in range(0, len(text), 8)]
    raw = b"".join(word[::-1] if sys.byteorder == "little" else word for word in words)
    address = ip_address(raw)
    return getattr(address, "ipv4_mapped", None) or address


def _store(settings: Settings) -> str:
    if "://" not in settings.records_url and not Path(settings.records_url).is_dir():
        raise Failed("没有档案目录 · there is no folder of records")  # to open the store would make it
    try:
        well = open_store(settings.records_url, settings.hash).well()
    except (ValueError, OSError) as error:
        raise Failed(f"设置 DINGBIAN_RECORDS_URL 有误：{error} · setting") from None
    if not well:
        raise Failed("没有应答 · does not answer")
    return "有应答 · answers"


@contextmanager
def _opened(settings: Settings) -> Iterator[tuple[Database | None, str]]:
    """The register, or why it was not opened: a check makes neither keys nor a database."""
    try:
        check_algorithms()
        keyring: Keyring | None = None
        if settings.keyring_file.exists():
            keyring = load_keyring(settings.keyring_file, settings.cipher, settings.profile)
    except StartFault:
        keyring = None
    if keyring is None:
        yield None, "没有可用的密钥，登记数据库未打开 · not opened without keys"
        return
    if settings.database_url.startswith("sqlite") and not _is_there(settings.database_url):
        yield None, "没有登记数据库 · there is no register"
        return
    database = Database(settings.database_url, keyring, settings.hash)
    try:
        yield database, ""
    finally:
        database.close()


def _is_there(url: str) -> bool:
    return Path(url.removeprefix("sqlite:///")).exists()


def _answers(database: Database) -> str:
    with database.engine.connect() as connection:
        connection.execute(select(1))
    return "有应答 · answers"


def _short(database: Database, of: Literal["settings", "schema", "definitions"]) -> str:
    found = database.shortcomings()
    if of not in found:
        raise NotTold("数据库版本不符，未核对 · not looked at: the schema is another")
    if found[of]:
        raise Failed("；".join(found[of]))
    return "相符 · as they should be"


def _identity(settings: Settings, database: Database) -> str:
    if any(database.shortcomings().values()):
        raise NotTold("登记数据库自检未通过，未核对 · not looked at: see above")
    check_register(settings, database)
    return "相符 · agree"


def _tail(database: Database) -> str:
    if database.shortcomings()["schema"]:
        raise NotTold("数据库版本不符，未核对 · not looked at: the schema is another")
    with database.read() as session:
        faults = tail_faults(session)
    if faults:
        raise Failed("；".join(f"{each.where} {each.what}" for each in faults[:MOST_TOLD]))
    return "相接，链头、日志头相符 · whole, heads agree"


def _in(database: Database, look: Callable[[Session], str]) -> str:
    if database.shortcomings()["schema"]:
        raise NotTold("数据库版本不符，未核对 · not looked at: the schema is another")
    with database.read() as session:
        return look(session)


def _seen(settings: Settings, session: Session) -> str:
    seen = _remembered_head(settings.data_dir / SEEN_FILE)
    if seen is None:
        raise NotTold("还没有见过日志头 · no head was seen yet")
    if older_than(session, seen):
        raise Failed(
            f"登记数据库中没有上次见到的日志头（{seen.size} 叶）：它可能是旧副本，请运行 dingbian reconcile "
            f"并与存证核对；确系恢复的，删除 {settings.data_dir / SEEN_FILE} · "
            "the head seen before is not in the register: perhaps an older copy"
        )
    return f"{seen.size} 叶 · leaves"


def _remembered_head(path: Path) -> LogMark | None:
    try:
        return LogMark.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return None


def _templates(settings: Settings, session: Session) -> str:
    known = _registered(session)
    if known is None:
        raise NotTold("模板还没有登记，请运行 dingbian check --register-templates · templates are not registered yet")
    now = template_digests(settings)
    unlike = sorted(name for name in now.keys() | known.digests.keys() if now.get(name) != known.digests.get(name))
    if unlike:
        raise Failed(
            f"与登记的不同：{'、'.join(f'{name}.docx' for name in unlike)}；确系改版的，运行 "
            "dingbian check --register-templates · unlike those registered; if that was meant, register them"
        )
    return f"{len(now)} 件相符 · as registered"


def _registered(session: Session) -> Templates | None:
    row = session.get(Meta, TEMPLATES_META)
    return None if row is None else Templates.model_validate_json(row.value)


def _clock(session: Session) -> str:
    apart = seconds_apart(session)
    if apart is None:
        raise NotTold("数据库在本机 · the database is on this machine")
    if abs(apart) > MOST_APART:
        raise Failed(f"与数据库相差 {apart:.0f} 秒，请校时 · apart from the database's: synchronise the clocks")
    return f"与数据库相差 {apart:.1f} 秒 · apart from the database's"
