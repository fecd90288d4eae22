"""The last step before a program of others runs: bounds on its memory, processor time and files, and no network.

Run by path with `python -I -S` (`records.processes`), so it uses the standard library alone. A limit that the
system does not know is left out; the network is taken away where the kernel lets an ordinary user do so (Linux with
user namespaces), and the converter's own settings ask for none in any case.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import sys
from pathlib import Path

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


def main(arguments: list[str]) -> None:
    """`MEMORY_BYTES CPU_SECONDS FILE_BYTES NETWORK PROGRAM ARGUMENT…`: the program takes the place of this process.
    A bound of 0 is none."""
    memory, seconds, size, network = (int(text) for text in arguments[:4])
    bound(resource.RLIMIT_AS, memory)
    bound(resource.RLIMIT_CPU, seconds)
    bound(resource.RLIMIT_FSIZE, size)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if not network:
        leave_network()
    os.execv(arguments[4], arguments[4:])  # noqa: S606 - no shell is what is wanted


def bound(what: int, most: int) -> None:
    """A limit that was lower before stays lower."""
    if not most:
        return
    _, hard = resource.getrlimit(what)
    wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(what, (wanted, wanted))


def leave_network() -> None:
    """Move to a network namespace without any interface, keeping the user; nothing happens where that is refused."""
    if sys.platform != "linux":
        return
    user, group = os.getuid(), os.getgid()
    if ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError):
            Path("/proc/self", name).write_text(text, "ascii")


if __name__ == "__main__":
    main(sys.argv[1:])
