"""The unified social credit code 统一社会信用代码 (GB 32100-2015): form and check character."""

from __future__ import annotations

import re

from stdnum.cn import uscc

# Spelt out, because str.isdigit and \d also take full-width digits.
_FORM = re.compile(r"[0-9]{8}[0-9A-HJ-NPQRTUWXY]{10}")


def unit_code_fault(code: str) -> str | None:
    """Why `code` is no unified social credit code, or None."""
    if not _FORM.fullmatch(code):
        return "统一社会信用代码应为18位 · malformed credit code"
    if uscc.calc_check_digit(code[:17]) != code[17]:
        return "统一社会信用代码校验位不正确 · credit code check digit is wrong"
    return None
