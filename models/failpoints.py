"""Named places where a drill stops the process or makes a call fail, in the very code that offices run (FoundationDB's
BUGGIFY, Temporal's fault injection; reliability.md §2). A leaf, as sealing is: every room may name a place.

Nothing is armed unless `arm` was called by a composition root with `DINGBIAN_FAILPOINTS`, which production refuses;
a place that is not armed costs one look into an empty dictionary.
"""

from __future__ import annotations

import logging
import os
import random
import re
import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import Literal, NoReturn

logger = logging.getLogger("dingbian.failpoints")

PLACES: dict[str, str] = {
    "api.committed": "API：命令已提交，尚未送达 · committed, not yet delivered",
    "relay.delivered": "转发：已送达，尚未登记送达 · delivered, not yet noted",
    "activity.committed": "活动：事务已提交，尚未答复 Temporal · committed, Temporal not yet told",
    "filing.rendered": "归档：公文已生成，尚未存入 · rendered, not yet stored",
    "filing.stored": "归档：文件已存入，尚未登记 · stored, not yet filed",
    "filing.filed": "归档：文件已登记，尚未答复 · filed, not yet answered",
    "log.appended": "存证日志：已追加，尚未答复 · appended, not yet answered",
}
"""Every place, and what has happened when it is reached."""

EXIT_STATUS = 86
_SPEC = re.compile(r"(?P<place>[a-z.]+)=(?P<act>exit|raise)(?:\*(?P<times>[1-9][0-9]*))?(?:%(?P<percent>[1-9][0-9]?))?")


class FailpointHit(RuntimeError):
    """A drill made this call fail; the place is its only text."""


@dataclass(slots=True)
class _Armed:
    """`times` hits for each key (None: always), each with `percent` likelihood."""

    act: Literal["exit", "raise"]
    times: int | None
    percent: int
    chance: random.Random
    hits: Counter[str] = field(default_factory=Counter)


_armed: dict[str, _Armed] = {}
_lock = threading.Lock()


def arm(spec: str, seed: int = 0) -> None:
    """Arm the places of `PLACE=exit|raise[*TIMES][%PERCENT],…` and disarm all others; "" disarms everything.

    `*2` fails the first two hits of each key, `%5` one hit in twenty, decided by `seed`. Raises ValueError naming
    the part that is wrong.
    """
    wanted: dict[str, _Armed] = {}
    for part in filter(None, (each.strip() for each in spec.split(","))):
        found = _SPEC.fullmatch(part)
        if found is None or found["place"] not in PLACES:
            raise ValueError(f"{part}: 应为 PLACE=exit|raise[*次数][%百分比] · not a failpoint; {', '.join(PLACES)}")
        wanted[found["place"]] = _Armed(
            act="exit" if found["act"] == "exit" else "raise",
            times=int(found["times"]) if found["times"] else None,
            percent=int(found["percent"] or 100),
            chance=random.Random(f"{seed}|{found['place']}"),  # noqa: S311 - a drill must repeat itself
        )
    with _lock:
        _armed.clear()
        _armed.update(wanted)
    if wanted:
        logger.warning("failpoints are armed: %s", ", ".join(sorted(wanted)))


def armed() -> list[str]:
    """Places that are armed now; empty in every office."""
    return sorted(_armed)


def failures(place: str) -> dict[str, int]:
    """How often each key has failed at an armed place, so that a test can tell that the fault it wanted came."""
    with _lock:
        return dict(_armed[place].hits) if place in _armed else {}


def hit(place: str, key: str = "") -> None:
    """The code has come to `place`. `key` counts hits apart, such as a case's or a command's id."""
    if place in _armed:
        _fail(place, key)


def _fail(place: str, key: str) -> None:
    with _lock:
        found = _armed.get(place)
        if found is None or (found.times is not None and found.hits[key] >= found.times):
            return
        if found.chance.random() * 100 >= found.percent:
            return
        found.hits[key] += 1
    if found.act == "exit":
        _exit()
    raise FailpointHit(place)


def _exit() -> NoReturn:
    """At once, as a kill -9 ends a process: no handler, no flush, no clean-up."""
    os._exit(EXIT_STATUS)
