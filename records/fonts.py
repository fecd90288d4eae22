"""Fonts for previews: `python -m records.fonts` fetches free stand-ins for 仿宋 and 楷体 (`make fonts`).

Documents name the fonts that offices have (方正小标宋简体, 仿宋_GB2312, 楷体_GB2312, 黑体) and embed none. A
preview maps them to free fonts: FandolFang and FandolKai out of the Debian package texlive-lang-chinese (GPL
with font exception, never part of this repository), Liberation Serif for Times New Roman, Noto CJK for the others.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

PACKAGES = ("texlive-lang-chinese", "fonts-liberation")  # 49 MB and 1 MB
WANTED = ("FandolFang-Regular.otf", "FandolKai-Regular.otf", "LiberationSerif-Regular.ttf")

_MAP = {
    "仿宋_GB2312": ("FandolFang R", "FandolFang", "Noto Serif CJK SC"),
    "仿宋": ("FandolFang R", "FandolFang", "Noto Serif CJK SC"),
    "FangSong": ("FandolFang R", "FandolFang", "Noto Serif CJK SC"),
    "楷体_GB2312": ("FandolKai", "AR PL UKai CN", "LXGW WenKai", "Noto Serif CJK SC"),
    "方正小标宋简体": ("Noto Serif CJK SC Black", "Noto Serif CJK SC"),
    "黑体": ("Noto Sans CJK SC Medium", "Noto Sans CJK SC"),
    "宋体": ("Noto Serif CJK SC",),
    "Times New Roman": ("Liberation Serif", "TeX Gyre Termes", "Noto Serif CJK SC"),
}


def default_folder() -> Path:
    """Where fetched fonts are kept: DINGBIAN_FONTS, else the user's cache folder."""
    named = os.environ.get("DINGBIAN_FONTS")
    cache = Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser()
    return Path(named) if named else cache / "dingbian" / "fonts"


def font_map(fonts: Path, cache: Path) -> str:
    """A fontconfig file that maps the names in documents to fonts that are installed or in `fonts`."""
    aliases = "".join(
        f'<alias binding="same"><family>{name}</family><prefer>'
        + "".join(f"<family>{other}</family>" for other in others)
        + "</prefer></alias>"
        for name, others in _MAP.items()
    )
    return (
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        f'<include ignore_missing="yes">/etc/fonts/fonts.conf</include><dir>{fonts}</dir>'
        f"<cachedir>{cache}</cachedir>{aliases}</fontconfig>"
    )


def fetch(folder: Path) -> list[Path]:
    """Download the Debian packages and unpack the fonts into `folder`. Raises RuntimeError with what failed."""
    for program in ("apt-get", "dpkg-deb"):
        if shutil.which(program) is None:
            raise RuntimeError(f"缺少 {program}：请自行将仿宋、楷体字体放入 {folder} · put the fonts there yourself")
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        _run(["apt-get", "download", *PACKAGES], work)
        for package in Path(work).glob("*.deb"):
            _run(["dpkg-deb", "-x", str(package), "unpacked"], work)
        found = []
        for name in WANTED:
            source = next((Path(work) / "unpacked").rglob(name))
            found.append(Path(shutil.copy(source, folder / name)))
    return found


def _run(command: list[str], folder: str) -> None:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()[-400:]}")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m records.fonts", description=__doc__)
    parser.add_argument("--folder", type=Path, default=default_folder())
    folder: Path = parser.parse_args(arguments).folder
    if all((folder / name).exists() for name in WANTED):
        sys.stdout.write(f"{folder}: 字体已就绪 · fonts are there\n")
        return 0
    sys.stdout.write(
        f"从软件源取 {'、'.join(PACKAGES)}（约 50 MB），取出仿宋、楷体和西文衬线体 · fetching into {folder}\n"
    )
    try:
        for path in fetch(folder):
            sys.stdout.write(f"{path}\n")
    except (RuntimeError, StopIteration, subprocess.TimeoutExpired) as error:
        sys.stderr.write(f"字体未取得 · fonts were not fetched: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
