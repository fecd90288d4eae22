"""The identity number: form, check character, birth date, sex (B 二.2)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.enums import Sex
from rules.identity import age_on, identity_fault

# The example of GB 11643-1999, and a number of the fictional area 999999.
STANDARD = ("11010519491231002X", date(1949, 12, 31), Sex.FEMALE)
BORN = date(1990, 5, 4)


def test_the_example_of_the_standard_is_right() -> None:
    assert identity_fault(*STANDARD) is None


@pytest.mark.parametrize(
    ("number", "says"),
    [
        ("", "18位"),
        ("11010519491231002", "18位"),
        ("11010519491231002x", "18位"),
        ("１１０１０５１９４９１２３１００２Ｘ", "18位"),
        ("11010519491231002X\n", "18位"),
        ("11010519491231002²", "18位"),
        ("110105194912310021", "校验位"),
        ("110105194902300020", "出生日期不存在"),
    ],
)
def test_a_wrong_number_says_what_is_wrong(number: str, says: str) -> None:
    fault = identity_fault(number, STANDARD[1], STANDARD[2])
    assert fault is not None
    assert says in fault


def test_birth_date_and_sex_must_agree() -> None:
    number, birth, sex = STANDARD
    assert identity_fault(number, BORN, sex) == "身份证件号码与出生日期不一致"
    assert identity_fault(number, birth, Sex.MALE) == "身份证件号码与性别不一致"


@given(st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_noticed(place: int, change: int) -> None:
    number, birth, sex = STANDARD
    digit = str((int(number[place]) + change) % 10)
    assert identity_fault(number[:place] + digit + number[place + 1 :], birth, sex) is not None


def test_age_counts_completed_years() -> None:
    assert age_on(date(1966, 3, 2), date(2026, 3, 1)) == 59
    assert age_on(date(1966, 3, 2), date(2026, 3, 2)) == 60
    assert age_on(date(2000, 2, 29), date(2026, 2, 28)) == 25
    assert age_on(date(2000, 2, 29), date(2026, 3, 1)) == 26
