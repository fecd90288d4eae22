"""The citizen identity number 公民身份号码 (GB 11643-1999): form, check character, birth date, sex.

Area codes are not looked up: samples use the unassigned area 999999, which a registry check would refuse.
"""

from __future__ import annotations

import re
from datetime import date

from stdnum.cn import ric

from models.enums import Sex
from models.identity import names_a_person

__all__ = ["age_on", "identity_fault", "names_a_person"]

# [0-9] and not \d: str.isdigit and \d take full-width digits, and one person would get two identities.
_FORM = re.compile(r"[0-9]{17}[0-9X]")


def identity_fault(identity_no: str, birth_date: date, sex: Sex) -> str | None:
    """Why `identity_no` cannot be that person's, in Chinese and without the number itself; None when it can."""
    if not _FORM.fullmatch(identity_no):
        return "身份证件号码应为18位半角数字，末位可为大写X"
    if ric.calc_check_digit(identity_no) != identity_no[-1]:
        return "身份证件号码校验位不正确"
    try:
        born = date(int(identity_no[6:10]), int(identity_no[10:12]), int(identity_no[12:14]))
    except ValueError:
        return "身份证件号码所含出生日期不存在"
    if born != birth_date:
        return "身份证件号码与出生日期不一致"
    if (int(identity_no[16]) % 2 == 1) != (sex is Sex.MALE):
        return "身份证件号码与性别不一致"
    return None


def age_on(birth: date, day: date) -> int:
    """Completed years on `day`; somebody born on 29 February completes a year on 1 March of a common year."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
