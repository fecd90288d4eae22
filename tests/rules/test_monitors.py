"""The monitors as pure functions: what the register shows of a unit → what is worth a warning."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.enums import Indicator, Resource
from models.rulebook import MonitoringRules
from rules.arithmetic import Figures
from rules.monitors import (
    MONITORS,
    AccountFacts,
    DayMove,
    Finding,
    Snapshot,
    findings,
    since_for_changes,
    since_for_vacancy,
)

TODAY = date(2026, 6, 1)
RULES = MonitoringRules()
UNIT = "119999000000000198"


def seen(*accounts: AccountFacts, **more: object) -> Snapshot:
    return Snapshot(UNIT, accounts, **more)  # type: ignore[arg-type]


def account(authorised: int, occupied: int, reserved: int = 0, **more: object) -> AccountFacts:
    figures = Figures(authorised, occupied, reserved, tolerated_over=max(0, occupied + reserved - authorised))
    resource = more.pop("resource", Resource.ADMINISTRATIVE)
    return AccountFacts(resource, figures, **more)  # type: ignore[arg-type]


def found(snapshot: Snapshot, rules: MonitoringRules = RULES) -> dict[Indicator, Finding]:
    return {each.indicator: each for each in findings(snapshot, TODAY, rules)}


def test_a_unit_within_its_numbers_raises_nothing() -> None:
    assert found(seen(account(36, 31), recorded_on=TODAY)) == {}


def test_people_beyond_the_quota_are_found_and_counted_over_all_categories() -> None:
    snapshot = seen(account(20, 22), account(4, 5, resource=Resource.WORKER))
    finding = found(snapshot)[Indicator.OVER_QUOTA]
    assert (finding.value, finding.threshold) == ("超出3名", "0名")
    assert finding.facts == "行政编制核定20名、实有22名，超出2名；机关工勤编制核定4名、实有5名，超出1名"


def test_leader_posts_are_their_own_indicator_and_a_deputy_does_not_fill_a_chief() -> None:
    snapshot = seen(account(1, 0, resource=Resource.UNIT_CHIEF), account(2, 3, resource=Resource.UNIT_DEPUTY))
    assert set(found(snapshot)) == {Indicator.OVER_POSTS}


def test_an_approved_absorption_term_is_left_to_run_and_counts_when_it_is_over() -> None:
    assert found(seen(account(20, 22, absorb_until=TODAY))) == {}
    lapsed = found(seen(account(20, 22, absorb_until=TODAY - timedelta(days=1))))
    assert "消化期已于2026年5月31日届满" in lapsed[Indicator.OVER_QUOTA].facts


def test_high_use_counts_what_is_reserved_and_begins_exactly_at_the_threshold() -> None:
    assert Indicator.HIGH_USE in found(seen(account(20, 18, 1)))
    assert found(seen(account(20, 18))) == {}
    assert found(seen(account(9, 9))) == {}  # too small to say anything
    assert Indicator.HIGH_USE not in found(seen(account(20, 21)))  # over quota is another matter


def test_frequent_changes_count_matters_in_the_period() -> None:
    assert Indicator.FREQUENT_CHANGES in found(seen(matters=3))
    assert found(seen(matters=2)) == {}
    assert since_for_changes(TODAY, RULES) == date(2026, 3, 4)  # 90 days with today


def test_an_overdue_removal_names_its_day_and_no_person() -> None:
    finding = found(seen(overdue=2, overdue_since=date(2026, 5, 4)))[Indicator.REMOVAL_OVERDUE]
    assert finding.facts == "减员2项逾期未办理出编，最早一项应于2026年5月4日前办理"


def test_stale_data_begin_the_day_after_the_limit() -> None:
    assert found(seen(recorded_on=TODAY - timedelta(days=400))) == {}
    assert Indicator.STALE_DATA in found(seen(recorded_on=TODAY - timedelta(days=401)))
    assert found(seen(recorded_on=None)) == {}


def test_a_long_vacancy_must_have_lasted_all_the_time() -> None:
    empty = account(10, 6)
    assert Indicator.LONG_VACANCY in found(seen(empty))
    filled_meanwhile = account(10, 6, moves=(DayMove(date(2026, 2, 1), 0, 3), DayMove(date(2025, 9, 1), 0, -3)))
    assert found(seen(filled_meanwhile)) == {}
    before_that = account(10, 6, moves=(DayMove(since_for_vacancy(TODAY, RULES), 0, 3),))
    assert Indicator.LONG_VACANCY in found(seen(before_that))


def test_nobody_says_how_long_an_account_that_was_opened_lately_stood_vacant() -> None:
    assert found(seen(account(10, 2, young=True))) == {}


@pytest.mark.parametrize("indicator", list(MONITORS))
def test_an_indicator_without_a_level_is_not_watched(indicator: Indicator) -> None:
    everything = seen(
        account(20, 22),
        account(20, 20),
        account(10, 2),
        account(1, 2, resource=Resource.UNIT_CHIEF),
        matters=5,
        overdue=1,
        overdue_since=TODAY,
        recorded_on=date(2020, 1, 1),
    )
    assert set(found(everything)) == set(MONITORS)
    levels = {known: level for known, level in RULES.levels.items() if known is not indicator}
    assert set(found(everything, RULES.model_copy(update={"levels": levels}))) == set(MONITORS) - {indicator}


# --- properties -------------------------------------------------------------------------------------------------

counts = st.integers(0, 60)
accounts = st.builds(
    lambda resource, authorised, occupied, reserved, until: account(
        authorised, occupied, reserved, resource=resource, absorb_until=until
    ),
    st.sampled_from(list(Resource)),
    counts,
    counts,
    counts,
    st.none() | st.dates(date(2025, 1, 1), date(2027, 1, 1)),
)


@given(st.lists(accounts, max_size=8))
def test_over_quota_is_found_if_and_only_if_an_account_is_over_and_its_term_is_not_running(
    facts: list[AccountFacts],
) -> None:
    kinds = {Indicator.OVER_QUOTA: "headcount", Indicator.OVER_POSTS: "post"}
    result = found(seen(*facts))
    for indicator, kind in kinds.items():
        over = sum(
            a.figures.occupied - a.figures.authorised
            for a in facts
            if a.resource.value.startswith(kind)
            and a.figures.occupied > a.figures.authorised
            and (a.absorb_until is None or a.absorb_until < TODAY)
        )
        assert (indicator in result) == (over > 0)
        if over:
            assert result[indicator].value == f"超出{over}名"


@given(st.lists(accounts, max_size=8), st.integers(0, 9), st.integers(0, 9), st.integers(-600, 0))
def test_every_text_fits_a_letter_and_each_indicator_is_found_once(
    facts: list[AccountFacts], matters: int, overdue: int, age: int
) -> None:
    snapshot = seen(
        *facts, matters=matters, overdue=overdue, overdue_since=TODAY, recorded_on=TODAY + timedelta(days=age)
    )
    result = findings(snapshot, TODAY, RULES)
    assert len({each.indicator for each in result}) == len(result)
    for each in result:
        assert each.unit == UNIT
        assert 0 < len(each.value) <= 200
        assert 0 < len(each.threshold) <= 200
        assert 0 < len(each.facts) <= 4000
        assert "\n" not in each.facts
        assert not each.facts.endswith("。")


@given(
    st.integers(1, 40),
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(-800, 0), st.integers(-3, 3)), max_size=12),
    st.integers(1, 24),
    st.integers(1, 100),
)
def test_the_walk_back_agrees_with_the_vacancy_of_every_single_day(
    authorised: int, vacancy_now: int, steps: list[tuple[int, int]], months: int, percent: int
) -> None:
    rules = RULES.model_copy(update={"long_vacancy_months": months, "long_vacancy_percent": percent})
    moves = tuple(DayMove(TODAY + timedelta(days=offset), 0, delta) for offset, delta in steps)
    vacancy_now = min(vacancy_now, authorised)
    facts = account(authorised, authorised - vacancy_now, moves=moves)
    day, lasted = since_for_vacancy(TODAY, rules), True
    while day <= TODAY:
        vacancy = vacancy_now - sum(move.vacancy for move in moves if move.on > day)
        lasted = lasted and vacancy > 0 and vacancy * 100 >= percent * authorised
        day += timedelta(days=1)
    assert (Indicator.LONG_VACANCY in found(seen(facts), rules)) == lasted
