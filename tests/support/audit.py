"""`make audit`: the locked packages against a vulnerability service, in words that never pretend.

Where no service answers, pip-audit calls every package "not found" and ends well; here that is said to be what it is:
nothing was audited. `AUDIT=required` makes it a failure, for an office whose network reaches a service.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LOCK = Path(__file__).resolve().parents[2] / "requirements.lock"
SECONDS = 120
NOT_AUDITED = 3


@dataclass(frozen=True, slots=True)
class Judgement:
    """`status`: 0 nothing known against them, 1 a vulnerability, 3 nothing was audited."""

    status: int
    text: str


def judged(found: list[dict[str, Any]] | None) -> Judgement:
    """What pip-audit's list of dependencies comes to; None: it gave none."""
    audited = [each for each in found or [] if "skip_reason" not in each]
    if not audited:
        return Judgement(NOT_AUDITED, "未审计：连不上漏洞数据服务 · not audited: vulnerability service not reachable")
    faults = [
        f"{each['name']} {each['version']}: {fault['id']} → {', '.join(fault['fix_versions']) or '-'}"
        for each in audited
        for fault in each["vulns"]
    ]
    if faults:
        return Judgement(1, "\n".join(["发现已知漏洞 · known vulnerabilities:", *faults]))
    unknown = [str(each["name"]) for each in found or [] if "skip_reason" in each]
    lines = [f"已审计 {len(audited)} 个包，无已知漏洞 · {_count(audited)} audited, no known vulnerability"]
    if unknown:
        lines.append(f"服务不认识 · {_count(unknown)} not known to the service: {', '.join(unknown)}")
    return Judgement(0, "\n".join(lines))


def _count(found: list[Any]) -> str:
    return f"{len(found)} package{'' if len(found) == 1 else 's'}"


def exit_status(said: Judgement, *, required: bool) -> int:
    return 1 if said.status == 1 or (required and said.status == NOT_AUDITED) else 0


def asked() -> list[dict[str, Any]] | None:
    """What pip-audit says of the lock; None when it could not say anything."""
    command = [sys.executable, "-m", "pip_audit", "--format=json", "--progress-spinner=off", "--disable-pip",
               "--require-hashes", "--requirement", str(LOCK)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError, KeyError):
        return None
    return found


def main() -> None:
    said = judged(asked())
    print(said.text)  # noqa: T201
    sys.exit(exit_status(said, required=os.environ.get("AUDIT") == "required"))


if __name__ == "__main__":
    main()
