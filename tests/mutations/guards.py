"""Guards of promises, each with the change that takes it away and the test that must then fail.

A change names the text that it replaces; when the text is no longer there the change is out of date and says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Change:
    file: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Guard:
    """`without`: everything that has to go before the promise is unguarded; `test`: the node of pytest."""

    promise: str
    what: str
    without: tuple[Change, ...]
    test: str


_NO_REFUSAL = "refusal = None"
_TAKEN = """    last: int = connection.execute(statement, {"of_series": series, "of_year": year}).scalar_one()
"""
_KEPT_OUTSIDE = """    _GIVEN[series, year] = last = _GIVEN.get((series, year), 0) + by
"""
_HERE, _A_COUNTER = "@cache\ndef _stepping", "_GIVEN: dict[Any, int] = {}\n\n\n"

GUARDS = {
    "vacancy": Guard(
        "P1",
        "空余只在预留语句、规则和约束里守住 · the vacancy: in the rule, in the statement, in the constraint",
        (
            Change("ledger/books.py", "not may_reserve(account.now, wanted.reserved)", "False"),
            Change("ledger/books.py", "else held_within(account.now, wanted)", "else wanted"),
            Change(
                "ledger/books.py",
                '        ACCOUNT.c.occupied + ACCOUNT.c.reserved + ACCOUNT.c.set_aside + bindparam("d_reserved")'
                " <= ACCOUNT.c.authorised,\n",
                "",
            ),
            Change(
                "ledger/migrations/versions/0001_first.py",
                '"occupied + reserved + set_aside <= authorised + tolerated_over", name="account_never_exceeded"',
                '"occupied >= 0", name="account_never_exceeded"',
            ),
        ),
        "tests/ledger/test_concurrency.py::test_eight_processes_spend_five_vacancies_five_times[sqlite]",
    ),
    "receipt": Guard(
        "P2",
        "先查回执 · the receipt that was written the first time is looked for",
        (
            Change(
                "activities/cases.py",
                "        if row.receipt is not None:\n            return row.receipt\n",
                "",
            ),
        ),
        "tests/staffing/test_decisions.py::test_the_same_decision_delivered_twice_is_one_decision",
    ),
    "posting": Guard(
        "P2",
        "先查过账 · the posting that was made the first time is looked for",
        (Change("ledger/books.py", "        if found is None:\n            return None\n", "        return None\n"),),
        "tests/ledger/test_concurrency.py::test_a_crash_after_commit_and_a_retry_are_one_posting[sqlite]",
    ),
    "door": Guard(
        "P8",
        "接口的门 · the door of the API asks whether the officer may",
        (Change("api/door.py", "if not rule.allows(officer):", "if False:"),),
        "tests/api/test_doors.py::test_an_operation_is_open_to_those_who_may_and_to_nobody_else",
    ),
    "admission": Guard(
        "P8",
        "办理前再判一次 · the activity judges once more whose step it is",
        (
            Change(
                "activities/cases.py",
                "refusal = admit(body, row.officer, admission_facts(turn, body))",
                "refusal = None",
            ),
        ),
        "tests/staffing/test_decisions.py::test_a_decision_of_another_department_is_refused",
    ),
    "genuine": Guard(
        "P8",
        "信号须与登记一字不差 · a signal says what its committed row says",
        (Change("activities/cases.py", "if canonical(row.body) != canonical(order.body):", "if False:"),),
        "tests/staffing/test_decisions.py::test_a_signal_that_does_not_match_its_row_leaves_a_trace_and_uses_up_nothing",
    ),
    "number": Guard(
        "P11",
        "文号在过账的同一事务里 · the number is taken in the transaction of the posting",
        (
            Change("records/numbering.py", _TAKEN, _TAKEN + _KEPT_OUTSIDE),
            Change("records/numbering.py", _HERE, _A_COUNTER + _HERE),
        ),
        "tests/records/test_numbering.py::test_a_number_rolled_back_is_given_again[sqlite]",
    ),
    "sealing": Guard(
        "P16",
        "密封 · what is sealed",
        (
            Change(
                "models/sealing.py",
                "return nonce + encryptor.update(plain) + encryptor.finalize() + encryptor.tag",
                "return nonce + plain + bytes(_TAG_BYTES)",
            ),
        ),
        "tests/ledger/test_reading.py::test_identity_numbers_and_birth_dates_are_clear_nowhere_on_the_disk",
    ),
}
