"""`make browser-setup`: a Chromium for the browser tests, from the system's own packages. Nothing when there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable

from tests.support.chromium import chromium

PACKAGES = ("chromium", "fonts-noto-cjk")
DONE, MISSING = 0, 2

Say = Callable[[str], object]


def steps(*, root: bool, sudo: bool) -> list[list[str]]:
    """What is run, in order; nothing when it may not be run."""
    if not (root or sudo):
        return []
    before = [] if root else ["sudo"]
    install = ["apt-get", "install", "--yes", "--no-install-recommends", *PACKAGES]
    return [[*before, "apt-get", "update"], [*before, "env", "DEBIAN_FRONTEND=noninteractive", *install]]


def set_up(say: Say) -> int:
    found = chromium()
    if found is not None:
        say(f"已有浏览器，无需安装：{found} · a Chromium is there, nothing to install")
        return DONE
    if shutil.which("apt-get") is None:
        say(
            "本系统没有 apt-get。请安装 Chromium 或 Chrome 和一种中文字体；不在 PATH 上时用 CHROMIUM=程序路径 指明 · "
            "no apt-get here: install Chromium or Chrome and a Chinese font; if it is not on PATH, set CHROMIUM to it"
        )
        return MISSING
    todo = steps(root=os.geteuid() == 0, sudo=shutil.which("sudo") is not None)
    if not todo:
        say(
            f"需要管理员权限。请以 root 运行：apt-get install --no-install-recommends {' '.join(PACKAGES)} · "
            "run this as root"
        )
        return MISSING
    say(f"用 apt-get 安装 {'、'.join(PACKAGES)}，不下载别的浏览器 · installing Debian's packages, no other download")
    for step in todo:
        say("$ " + " ".join(step))
        if subprocess.run(step, check=False).returncode != 0:
            say("安装失败，见上 · the installation failed, see above")
            return MISSING
    installed = chromium()
    if installed is None:
        say("装好了，却找不到 Chromium；请用 CHROMIUM=程序路径 指明 · installed, but not found; set CHROMIUM to it")
        return MISSING
    say(f"已安装 · installed: {installed}")
    return DONE


if __name__ == "__main__":
    sys.exit(set_up(lambda text: sys.stdout.write(text + "\n") and sys.stdout.flush()))
