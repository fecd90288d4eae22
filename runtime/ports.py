"""Whether a port is free, and if not, whose it is: said with the setting that would change it."""

from __future__ import annotations

import itertools
import os
import socket
from pathlib import Path

from .faults import StartFault

_LISTEN = "0A"  # state of a listening socket in /proc/net/tcp
_OURS = range(20_000, 30_000)
"""Below what systems hand out by themselves (32768 on Linux, 49152 elsewhere; RFC 6335 §6): a port of theirs that is
found free would be taken by the next program that asks for any, and Temporal's development server asks for several."""
_turns = itertools.count(os.getpid() * 211)
"""Processes that look at the same time begin far from one another, and none is given the same port twice in a row."""


def check_port(host: str, port: int, setting: str, purpose: str) -> None:
    """Raises StartFault naming port, setting and, where the system tells, the process that holds it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # A port in TIME_WAIT after our own last stop is free for a server.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            reason = holder_of(port) or error.strerror or type(error).__name__
            raise StartFault(
                f"端口 {port}（{purpose}）已被占用：{reason}。请停止该程序，或用 {setting} 换一个端口 · "
                f"port {port} ({purpose}) is in use: {reason}. Stop that program or set {setting} to another port"
            ) from None


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on and that the system gives to nobody by itself. StartFault when all are taken."""
    for _ in _OURS:
        port = _OURS[next(_turns) % len(_OURS)]
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise StartFault(
        f"{_OURS[0]}–{_OURS[-1]} 之间没有空闲端口，请停止占用端口的程序 · "
        f"no port is free between {_OURS[0]} and {_OURS[-1]}: stop programs that hold them"
    )


def holder_of(port: int) -> str | None:
    """`name (pid)` of the process that listens on `port`; None where /proc does not tell (other users, macOS)."""
    inodes = _listening_inodes(port)
    if not inodes:
        return None
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if any(str(entry.readlink()) in wanted for entry in (process / "fd").iterdir()):
                return f"{(process / 'comm').read_text().strip()} (pid {process.name})"
        except OSError:
            continue  # ended meanwhile, or another user's
    return None


def _listening_inodes(port: int) -> set[str]:
    inodes = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        try:
            rows = table.read_text().splitlines()[1:]
        except OSError:
            continue
        for row in rows:
            fields = row.split()
            if fields[3] == _LISTEN and int(fields[1].rsplit(":", 1)[1], 16) == port:
                inodes.add(fields[9])
    return inodes
