"""Which Chromium the browser tests drive. None is ever downloaded: `make browser-setup` takes the system's own."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
REQUIRED = "BROWSER_TESTS"
"""`required` in the environment: without a Chromium the browser tests fail instead of being skipped."""
ABSENT = (
    "没有找到 Chromium，浏览器测试没有运行；运行 make browser-setup 安装 · "
    "no Chromium was found, the browser tests did not run; make browser-setup installs it"
)


def chromium() -> Path | None:
    """`CHROMIUM` of the environment, else the first of `PROGRAMS` on PATH; None when there is none."""
    named = os.environ.get("CHROMIUM")
    if named:
        return Path(named) if Path(named).is_file() else None
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    return Path(found) if found else None


def required() -> bool:
    return os.environ.get(REQUIRED) == "required"
