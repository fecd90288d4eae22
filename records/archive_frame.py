"""The frame of an archive package: the bag (RFC 8493), its sums, and what it says of what lies in it.

Checked without a library for bags: those open what a manifest names, and stumble over what no honest program writes.
Only the bag that `records.archive` makes is accepted; RFC 8493 allows more (fetch.txt, other tag files).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from models.packages import PackageFacts
from rules.deadlines import local_day

from .archive_findings import MAX_TABLE, Files, Findings

SUMS = ("sha256", "sha512")
_DECLARED = re.compile(rb"BagIt-Version: (?:0\.97|1\.0)\r?\nTag-File-Character-Encoding: UTF-8\r?\n?")
_LINE = re.compile(r"([0-9a-fA-F]{64}|[0-9a-fA-F]{128})[ \t]+\*?(.+)")
_MANIFESTS = tuple(f"manifest-{name}.txt" for name in SUMS)
_OF_TAGS = tuple(f"tagmanifest-{name}.txt" for name in SUMS)
_TAGS = frozenset({"bagit.txt", "bag-info.txt", *_MANIFESTS, *_OF_TAGS})
_UNSAFE = re.compile(r'[\\/:*?"<>|\x00-\x1f]')


def safe_name(name: str) -> str:
    """A file name that every system takes, with the Chinese as it is."""
    return _UNSAFE.sub("_", name).strip(". ")[:120]


def bag_info(facts: PackageFacts) -> dict[str, str]:
    what = f"{facts.year}年度" if facts.year is not None else "单件"
    return {
        "Source-Organization": facts.office,
        "External-Description": f"机构编制实名制档案包（{what}）· archive package",
        "External-Identifier": facts.package_id,
        "Bagging-Date": local_day(facts.made_at).isoformat(),
        "Bag-Group-Identifier": facts.ledger_id,
        "Bag-Software-Agent": facts.software,
    }


def regular(files: Files, found: Findings) -> None:
    """Nothing but files and folders: a link leads out, a pipe keeps whoever opens it waiting for ever."""
    for name in files.odd:
        found.fault("security", name, "不得有链接、管道、设备，或不能书写的文件名 · a link, pipe, device or odd name")


def check_bag(bag: Files, found: Findings) -> str:
    """Every file has the sums that both manifests give it, and there is none beside. The sum of the first manifest."""
    found.look("integrity", len(bag.sizes))
    payload = {name for name in bag.sizes if name.startswith("data/")}
    for name in sorted(bag.sizes.keys() - payload - _TAGS):
        found.fault("integrity", name, "封包中不应有的文件 · the bag has no place for this file")
    if not _DECLARED.fullmatch(bag.read("bagit.txt", 1_000) or b""):
        found.fault("integrity", "bagit.txt", "封包不完整 · not a whole bag")
    sums = {name: _sums(bag, name) for name in sorted(bag.sizes)}
    _compare(bag, _MANIFESTS, payload, sums, found)
    _compare(bag, _OF_TAGS, _TAGS - set(_OF_TAGS), sums, found)
    return sums.get(_MANIFESTS[0], ("", ""))[0]


def _sums(bag: Files, name: str) -> tuple[str, ...]:
    sums = [hashlib.new(each) for each in SUMS]
    try:
        for piece in bag.pieces(name):
            for each in sums:
                each.update(piece)
    except OSError:
        return ("", "")  # agrees with nothing
    return tuple(each.hexdigest() for each in sums)


def _compare(
    bag: Files,
    manifests: tuple[str, ...],
    wanted: set[str] | frozenset[str],
    sums: Mapping[str, tuple[str, ...]],
    found: Findings,
) -> None:
    told: set[str] = set()
    for place, manifest in enumerate(manifests):
        listed = _listed(bag, manifest, found)
        if listed is None:
            continue
        for name in sorted(wanted | listed.keys()):
            there, said = sums.get(name), listed.get(name)
            if name in told or (there is not None and said == there[place] and name in wanted):
                continue
            told.add(name)
            what = "缺失 · is missing" if there is None else "未列入 · not listed" if said is None else "不符 · differs"
            found.fault("integrity", name, f"封包校验：{what}")


def _listed(bag: Files, manifest: str, found: Findings) -> dict[str, str] | None:
    """Name → sum; None when the manifest cannot be read, which is told."""
    listed: dict[str, str] = {}
    try:
        text = (bag.read(manifest, MAX_TABLE) or b"").decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    for line in text.split("\n"):
        match = _LINE.fullmatch(line.rstrip("\r"))
        if line and (match is None or match[2] in listed):
            text = ""
            break
        if match is not None:
            listed[match[2]] = match[1].lower()
    if not text:
        found.fault("integrity", manifest, "封包清单缺失或无法读取 · the manifest is missing or cannot be read")
        return None
    return listed


def check_info(bag: Files, facts: PackageFacts, found: Findings) -> None:
    """`bag-info.txt` says what `package.json` says, and how many bytes in how many files there are."""
    payload = [size for name, size in bag.sizes.items() if name.startswith("data/")]
    wanted = bag_info(facts) | {"Payload-Oxum": f"{sum(payload)}.{len(payload)}"}
    try:
        text = (bag.read("bag-info.txt", 64_000) or b"").decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    said = [line.partition(": ")[::2] for line in text.splitlines()]
    if len(said) != len(dict(said)) or dict(said).keys() - wanted.keys():
        found.fault("integrity", "bag-info.txt", "封包说明有多出的项 · says more than it should")
    for name, value in wanted.items():
        if dict(said).get(name, "").strip() != value.strip():
            found.fault("integrity", "bag-info.txt", f"{name} 与包内不符 · is not what the package says")
