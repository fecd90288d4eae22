"""The monitors of 监测预警: what the register shows of a unit → what is worth a warning (A §四; domain.md §2.5).

One pure function per indicator; thresholds come from `MonitoringRules`. A public event no register shows: it is
entered by hand. An indicator without a level in the rules is not watched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from models.enums import Indicator, Resource
from models.rulebook import MonitoringRules

from .arithmetic import Figures
from .deadlines import add_months, chinese_date


@dataclass(frozen=True, slots=True)
class DayMove:
    """What the rows of one effective day did to one account."""

    on: date
    authorised: int
    vacancy: int


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """One account as it stands. `moves` since the first day that `long_vacancy` looks at, in any order; `young`
    when the account was opened after that day, so that nobody can say how it stood then."""

    resource: Resource
    figures: Figures
    absorb_until: date | None = None
    moves: tuple[DayMove, ...] = ()
    young: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A unit as the register shows it. Units under one quota share their accounts: only the first of them carries
    the accounts and `recorded_on`, the day of the last entry about them; the others have none."""

    unit: str
    accounts: tuple[AccountFacts, ...] = ()
    matters: int = 0
    overdue: int = 0
    overdue_since: date | None = None
    recorded_on: date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """What a monitor found: texts as record and letter print them, without a full stop and without a name."""

    unit: str
    indicator: Indicator
    value: str
    threshold: str
    facts: str


def findings(snapshot: Snapshot, today: date, rules: MonitoringRules) -> list[Finding]:
    """At most one finding per watched indicator, in the order of `Indicator`."""
    found = (monitor(snapshot, today, rules) for indicator, monitor in MONITORS.items() if indicator in rules.levels)
    return [each for each in found if each is not None]


def since_for_changes(today: date, rules: MonitoringRules) -> date:
    """The first day that counts for `frequent_changes`."""
    return today - timedelta(days=rules.changes_days - 1)


def since_for_vacancy(today: date, rules: MonitoringRules) -> date:
    """The day from which on `long_vacancy` wants the posts to have been vacant."""
    return add_months(today, -rules.long_vacancy_months)


def over_quota(snapshot: Snapshot, today: date, _rules: MonitoringRules) -> Finding | None:
    """实有 above 核定 on any headcount account, unless an approved absorption term still runs."""
    return _over(Indicator.OVER_QUOTA, snapshot, (a for a in snapshot.accounts if a.resource.is_headcount), today)


def over_posts(snapshot: Snapshot, today: date, _rules: MonitoringRules) -> Finding | None:
    """The same for leader posts; chief and deputy are accounts of their own."""
    return _over(Indicator.OVER_POSTS, snapshot, (a for a in snapshot.accounts if a.resource.is_post), today)


def high_use(snapshot: Snapshot, _today: date, rules: MonitoringRules) -> Finding | None:
    """实有 and 在途 near 核定 on a headcount account that is large enough to say something; over quota is another."""
    texts, highest = [], 0.0
    for account in _headcount(snapshot):
        figures = account.figures
        used = figures.occupied + figures.reserved
        if figures.authorised < rules.high_use_least or figures.occupied > figures.authorised:
            continue
        if used * 100 >= rules.high_use_percent * figures.authorised:
            share = used * 100 / figures.authorised
            highest = max(highest, share)
            texts.append(
                f"{account.resource.label}核定{figures.authorised}名、实有{figures.occupied}名、"
                f"待落编{figures.reserved}名，使用率{share:.1f}%"
            )
    return _found(Indicator.HIGH_USE, snapshot, texts, f"{highest:.1f}%", f"{rules.high_use_percent}%")


def frequent_changes(snapshot: Snapshot, _today: date, rules: MonitoringRules) -> Finding | None:
    """Several matters of establishment approved within a short time."""
    if snapshot.matters < rules.changes_number:
        return None
    text = f"近{rules.changes_days}日内机构编制事项调整{snapshot.matters}次"
    limit = f"{rules.changes_days}日内{rules.changes_number}次"
    return _found(Indicator.FREQUENT_CHANGES, snapshot, [text], f"{snapshot.matters}次", limit)


def removal_overdue(snapshot: Snapshot, _today: date, _rules: MonitoringRules) -> Finding | None:
    """Known departures (approved, entered by a department, or a difference) past their day; never guessed from age."""
    if not snapshot.overdue or snapshot.overdue_since is None:
        return None
    text = f"减员{snapshot.overdue}项逾期未办理出编，最早一项应于{chinese_date(snapshot.overdue_since)}前办理"
    return _found(Indicator.REMOVAL_OVERDUE, snapshot, [text], f"{snapshot.overdue}项", "0项")


def long_vacancy(snapshot: Snapshot, today: date, rules: MonitoringRules) -> Finding | None:
    """A share of a headcount account that has stayed vacant, at every moment, for so many months."""
    since = since_for_vacancy(today, rules)
    texts, vacant = [], 0
    for account in _headcount(snapshot):
        figures = account.figures
        if account.young or not all(_largely_vacant(a, v, rules) for a, v in _back_to(account, since)):
            continue
        vacant += figures.vacancy
        texts.append(
            f"{account.resource.label}核定{figures.authorised}名、空余{figures.vacancy}名，"
            f"空余比例连续{rules.long_vacancy_months}个月不低于{rules.long_vacancy_percent}%"
        )
    limit = f"空余{rules.long_vacancy_percent}%满{rules.long_vacancy_months}个月"
    return _found(Indicator.LONG_VACANCY, snapshot, texts, f"{vacant}名", limit)


def stale_data(snapshot: Snapshot, today: date, rules: MonitoringRules) -> Finding | None:
    """Nothing was entered about the unit for so long that its data may no longer be true."""
    if snapshot.recorded_on is None:
        return None
    days = (today - snapshot.recorded_on).days
    if days <= rules.stale_days:
        return None
    text = f"登记数据自{chinese_date(snapshot.recorded_on)}起{days}日未更新"
    return _found(Indicator.STALE_DATA, snapshot, [text], f"{days}日", f"{rules.stale_days}日")


Monitor = Callable[[Snapshot, date, MonitoringRules], Finding | None]

MONITORS: dict[Indicator, Monitor] = {
    Indicator.OVER_QUOTA: over_quota,
    Indicator.OVER_POSTS: over_posts,
    Indicator.HIGH_USE: high_use,
    Indicator.FREQUENT_CHANGES: frequent_changes,
    Indicator.REMOVAL_OVERDUE: removal_overdue,
    Indicator.LONG_VACANCY: long_vacancy,
    Indicator.STALE_DATA: stale_data,
}
"""Every indicator that the register itself shows."""


def _headcount(snapshot: Snapshot) -> list[AccountFacts]:
    return [account for account in snapshot.accounts if account.resource.is_headcount]


def _over(indicator: Indicator, snapshot: Snapshot, accounts: Iterable[AccountFacts], today: date) -> Finding | None:
    texts, total = [], 0
    for account in accounts:
        over = account.figures.occupied - account.figures.authorised
        if over <= 0 or (account.absorb_until is not None and account.absorb_until >= today):
            continue
        total += over
        lapsed = f"（消化期已于{chinese_date(account.absorb_until)}届满）" if account.absorb_until else ""
        texts.append(
            f"{account.resource.label}核定{account.figures.authorised}名、实有{account.figures.occupied}名，"
            f"超出{over}名{lapsed}"
        )
    return _found(indicator, snapshot, texts, f"超出{total}名", "0名")


def _found(indicator: Indicator, snapshot: Snapshot, texts: list[str], value: str, threshold: str) -> Finding | None:
    return Finding(snapshot.unit, indicator, value, threshold, "；".join(texts)) if texts else None


def _back_to(account: AccountFacts, since: date) -> Iterator[tuple[int, int]]:
    """(核定, 空余) as they stand and before each day that moved them, back to how they stood at the end of `since`."""
    authorised, vacancy = account.figures.authorised, account.figures.vacancy
    yield authorised, vacancy
    for move in sorted(account.moves, key=lambda each: each.on, reverse=True):
        if move.on > since:
            authorised, vacancy = authorised - move.authorised, vacancy - move.vacancy
            yield authorised, vacancy


def _largely_vacant(authorised: int, vacancy: int, rules: MonitoringRules) -> bool:
    return authorised > 0 and vacancy > 0 and vacancy * 100 >= rules.long_vacancy_percent * authorised
