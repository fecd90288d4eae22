"""A synthetic roster with a fixed seed: the same persons on every machine, and nobody who exists.

Identity numbers carry the unassigned area 999999, document numbers the word 合成.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ledger.intake.entries import BodyEntry, UnitEntry
from models.enums import Resource, Sex, UnitKind
from models.ledger import OpeningPerson, PersonEntry

from .codes import IdentityNumbers
from .published import Registered

SEED = 20_260_630
# Ages and years of service are counted to this day, so that the roster does not drift with the clock.
REFERENCE = date(2026, 6, 30)
_LOWEST, _HIGHEST = 0.80, 0.98
# One unit in five has used its quota up.
_FULL_EVERY = 5

_SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜"
    "范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
)
# The commonest are far commoner than the rest, as in life.
_SURNAME_WEIGHTS = [max(2, 60 - 2 * place) for place in range(len(_SURNAMES))]
_MALE = "伟强磊军洋勇杰涛明超刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢阳建国志文海东博晨峰亮毅航哲松"
_FEMALE = "芳娜敏静丽艳娟霞秀燕玲桂英丹萍红玉兰洁梅琳素云莲雪荣爱妹香月莺媛瑞凡佳嘉琼勤珍贞莉婷慧悦颖晶欣怡"

_RANKS = ("一级科员", "四级主任科员", "三级主任科员", "二级主任科员", "一级主任科员", "四级调研员")
_INSTITUTION_POSTS = ("专业技术十二级", "专业技术十一级", "管理九级", "专业技术十级", "管理八级", "专业技术七级")
_WORKER_POSTS = ("技术工四级", "技术工三级", "技术工二级")
_LEADER_ORDER = (
    Resource.UNIT_CHIEF,
    Resource.UNIT_DEPUTY,
    Resource.UNIT_UNSPLIT,
    Resource.INTERNAL_CHIEF,
    Resource.INTERNAL_DEPUTY,
    Resource.INTERNAL_UNSPLIT,
)
_INTERNAL = frozenset({Resource.INTERNAL_CHIEF, Resource.INTERNAL_DEPUTY})


@dataclass(frozen=True, slots=True)
class _Seat:
    """One place to fill: who sits there has a headcount and perhaps a leader post."""

    unit: UnitEntry
    headcount: Resource
    post: Resource | None
    body: str | None


def roster(registered: Registered, identities: IdentityNumbers, seed: int = SEED) -> Iterator[OpeningPerson]:
    """Persons of every unit, unit after unit; the strengths that are given are met exactly."""
    chance = random.Random(seed)
    for seat in _seats(registered, chance):
        yield _person(seat, chance, identities)


def strength(registered: Registered) -> int:
    """How many persons `roster` yields; cheaper than making them."""
    return sum(n for numbers in _filled(registered).values() for r, n in numbers.items() if r.is_headcount)


def _seats(registered: Registered, chance: random.Random) -> Iterator[_Seat]:
    users: dict[str, list[UnitEntry]] = defaultdict(list)
    for unit in registered.units:
        users[unit.holder].append(unit)
    bodies: dict[str, list[BodyEntry]] = defaultdict(list)
    for body in registered.bodies:
        if body.status == "counted":
            bodies[body.unit].append(body)
    filled = _filled(registered)
    for holder, units in users.items():
        yield from _seats_of(units, bodies, filled.get(holder, {}), chance)


def _filled(registered: Registered) -> dict[str, dict[Resource, int]]:
    """Occupied numbers by holder: as published or set, else a share that depends on the account's place only."""
    filled: dict[str, dict[Resource, int]] = defaultdict(dict)
    for place, account in enumerate(registered.accounts):
        given = registered.occupied.get((account.unit, account.resource))
        if given is not None:
            filled[account.unit][account.resource] = given
            continue
        share = random.Random(f"{SEED}/{place}/{account.resource.value}").uniform(_LOWEST, _HIGHEST)
        full = account.resource.is_headcount and place % _FULL_EVERY == _FULL_EVERY - 1
        filled[account.unit][account.resource] = account.authorised if full else round(account.authorised * share)
    return filled


def _seats_of(
    units: list[UnitEntry],
    bodies: dict[str, list[BodyEntry]],
    filled: dict[Resource, int],
    chance: random.Random,
) -> Iterator[_Seat]:
    """Leaders sit on the first category of the unit; bodies of one quota share its places 1 : 4."""
    leaders = [post for post in _LEADER_ORDER for _ in range(filled.get(post, 0))]
    turns: dict[Resource, int] = defaultdict(int)
    for resource, number in filled.items():
        if not resource.is_headcount:
            continue
        for place in range(number):
            unit = units[0] if len(units) == 1 or place % 5 == 0 else units[-1]
            post = leaders.pop(0) if leaders else None
            yield _Seat(unit, resource, post, _body(bodies.get(unit.code, []), post, turns, chance))


def _body(
    bodies: list[BodyEntry], post: Resource | None, turns: dict[Resource, int], chance: random.Random
) -> str | None:
    """Heads of bodies go round the bodies in order, unit leaders sit in none, the others anywhere."""
    if not bodies:
        return None
    if post in _INTERNAL:
        assert post is not None  # noqa: S101 - narrows for the type checker
        turns[post] += 1
        return bodies[(turns[post] - 1) % len(bodies)].name
    return None if post is not None else chance.choice(bodies).name


def _person(seat: _Seat, chance: random.Random, identities: IdentityNumbers) -> OpeningPerson:
    worker = seat.headcount is Resource.WORKER
    sex = Sex.MALE if chance.random() < (0.8 if worker else 0.55) else Sex.FEMALE
    youngest = 35 if seat.post is not None else 23
    age_days = chance.randrange(youngest * 366, 59 * 365)
    birth = REFERENCE - timedelta(days=age_days)
    entry_days = chance.randrange(22 * 366, min(age_days, 36 * 365))
    entered = birth + timedelta(days=entry_days)
    return OpeningPerson(
        unit=seat.unit.code,
        person=PersonEntry(
            name=_name(sex, chance),
            sex=sex,
            birth_date=birth,
            identity_no=identities.take(birth, sex),
            position=_position(seat, age_days // 365),
            internal_body=seat.body,
        ),
        headcount=seat.headcount,
        post=seat.post,
        entered_on=entered,
        basis_no=f"合成〔{entered.year}〕{chance.randrange(1, 400)}号",
    )


def _name(sex: Sex, chance: random.Random) -> str:
    signs = _MALE if sex is Sex.MALE else _FEMALE
    given = chance.choice(signs)
    if chance.random() < 0.7:
        given += chance.choice(signs)
    return chance.choices(_SURNAMES, _SURNAME_WEIGHTS)[0] + given


def _position(seat: _Seat, age: int) -> str:
    match seat.post:
        case Resource.UNIT_CHIEF | Resource.UNIT_DEPUTY:
            chief = "局长" if seat.unit.name.endswith("局") else "主任"
            return chief if seat.post is Resource.UNIT_CHIEF else f"副{chief}"
        case Resource.INTERNAL_CHIEF | Resource.INTERNAL_DEPUTY:
            chief = "主任" if (seat.body or "").endswith("室") else (seat.body or "处")[-1] + "长"
            return chief if seat.post is Resource.INTERNAL_CHIEF else f"副{chief}"
        case Resource.UNIT_UNSPLIT:
            return "厅局级领导职务"
        case Resource.INTERNAL_UNSPLIT:
            return "处级领导职务"
    if seat.headcount is Resource.WORKER:
        return _by_age(_WORKER_POSTS, age)
    institution = seat.unit.kind == UnitKind.INSTITUTION.value or "institution" in seat.headcount.value
    return _by_age(_INSTITUTION_POSTS if institution else _RANKS, age)


def _by_age(ladder: tuple[str, ...], age: int) -> str:
    return ladder[min(len(ladder) - 1, max(0, (age - 23) * len(ladder) // 37))]
