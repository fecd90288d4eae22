"""Synthetic numbers with valid check digits in the unassigned area 999999: nobody's, and recognisably so."""

from __future__ import annotations

from collections import Counter
from datetime import date

from stdnum.cn import ric, uscc

from models.enums import Sex, UnitKind

AREA = "999999"
# GB 11714-1997: the check character inside the organisation part of a credit code.
_BODY_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
# Second character: 1 机关, 2 事业单位 (GB 32100-2015).
_CLASS = {UnitKind.INSTITUTION: "2", UnitKind.CIVIL_SERVICE_LIKE: "2"}


def unit_code(serial: int, kind: UnitKind) -> str:
    """The credit code of the `serial`-th synthetic registration (1 … 99,999,999)."""
    body = f"{serial:08d}"
    rest = 11 - sum(int(digit) * weight for digit, weight in zip(body, _BODY_WEIGHTS, strict=True)) % 11
    check = "X" if rest == 10 else str(rest % 11)
    first17 = f"1{_CLASS.get(kind, '1')}{AREA}{body}{check}"
    return first17 + str(uscc.calc_check_digit(first17))


def certificate_no(serial: int) -> str:
    return f"合成证第{serial:06d}号"


class IdentityNumbers:
    """Hands out identity numbers, none twice. `first` keeps two generators apart: the sequence part of a birth
    day has 1,000 values, half of them for each sex."""

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._given: Counter[tuple[date, Sex]] = Counter()

    def take(self, birth: date, sex: Sex) -> str:
        """The next number of a birth day and sex. Raises ValueError when the day is used up."""
        place = self._first + self._given[birth, sex]
        self._given[birth, sex] += 1
        sequence = 2 * place + (1 if sex is Sex.MALE else 0)
        if sequence > 999:
            raise ValueError(f"no identity number left for {birth}")
        first17 = f"{AREA}{birth:%Y%m%d}{sequence:03d}"
        # stdnum takes all 18 characters and leaves the last out.
        return first17 + str(ric.calc_check_digit(first17 + "0"))
