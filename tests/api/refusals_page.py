"""Prints docs/reference/refusals.md from `models.refusals`: `python -m tests.api.refusals_page`."""

from __future__ import annotations

import sys
from pathlib import Path

from models.refusals import CLAUSES, RefusalCode

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "refusals.md"

HEAD = """\
# 不予采信与不予受理的代码 · Refusal codes

拒绝是一种结果，不是错误：它写在回执、检查结果和告知书里，带有代码和所依据的条款。
A refusal is a result, never an error: it stands in receipts, checks and notices, with its code and clause.

- A =《加强机构编制违规违纪行为预防工作的意见》
- B =《关于推进和完善全省党政群机关机构编制实名制管理工作的通知》
- 国家档案局令8号 =《机关文件材料归档范围和保管期限规定》

| 代码 code | 含义 | meaning | 依据 clause |
|---|---|---|---|
"""


def page() -> str:
    rows = [f"| `{code.value}` | {code.label} | {code.gloss} | {CLAUSES[code]} |\n" for code in RefusalCode]
    return HEAD + "".join(rows)


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
    sys.stdout.write(f"{PAGE}\n")
