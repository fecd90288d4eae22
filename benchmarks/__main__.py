"""`make bench`: every benchmark in one run on one machine, one table each, and one JSON file.

Rates compare only within a run; the ratios are what to read.
"""

from __future__ import annotations

import argparse
import json
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from benchmarks import console, documents, intake, ledger, packages, pages, staffing


def main() -> None:
    parser = argparse.ArgumentParser(description="基准测试 · benchmarks")
    parser.add_argument("--cases", type=int, default=200, help="每种工作流的件数 · cases of each kind")
    parser.add_argument("--json", type=Path, default=Path("var/bench.json"), help="结果文件 · where the figures go")
    chosen = parser.parse_args()
    found: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"python": platform.python_version(), "system": platform.system(), "cpu": platform.machine()},
        "staffing_up": staffing.run(chosen.cases),
        "ledger": ledger.run(),
        "documents": documents.run(),
        "packages": packages.run(),
        "intake": intake.run(),
        "console": console.run(),
        "pages": pages.run(),
    }
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    Console().print(f"数据已写入 · figures written to {chosen.json}")


if __name__ == "__main__":
    main()
