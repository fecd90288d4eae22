"""Who decides a change: the table of authority, its defaults and an office's own (domain.md §1.2)."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from models.changes import Change
from models.enums import Department, Level, Step, UnitKind
from models.rulebook import DECIDING, AuthorityRow, ChangeRules, Rulebook
from rules.authority import Authority, above, competent, highest
from rules.changes import UnitFacts
from runtime.settings import StartFault, load_rulebook, load_settings
from tests.change.acts import abolished, bodies, established, headcount, merged, moved, posts, renamed
from tests.support.office import RESEARCH, SERVICES

CHANGE: TypeAdapter[Change] = TypeAdapter(Change)
RULES = Rulebook()


def units(rank: str | None = "正处级", kind: UnitKind = UnitKind.INSTITUTION, **more: Any) -> dict[str, UnitFacts]:
    bureau = UnitFacts(RESEARCH, "示范市发展研究局", UnitKind.ORGAN, "正处级")
    return {RESEARCH: bureau, SERVICES: UnitFacts(SERVICES, "示范市公共服务中心", kind, rank, **more)}


def of(change: dict[str, Any], known: dict[str, UnitFacts] | None = None, rulebook: Rulebook = RULES) -> Authority:
    return competent(CHANGE.validate_python(change), units() if known is None else known, rulebook)


def rerank(before: str, after: str, unit: str = SERVICES) -> dict[str, Any]:
    return {"kind": "rerank", "unit": unit, "before": before, "after": after}


DEFAULTS = [
    (renamed(RESEARCH), units(), Department.UPPER, "第九条"),
    (renamed(), units("正处级"), Department.UPPER, "第十四条"),
    (renamed(), units("副处级"), Department.UPPER, "第十四条"),
    (renamed(), units("正科级"), Department.COMMISSION, "第十四条"),
    (rerank("正科级", "副处级"), units("正科级"), Department.UPPER, "第十四条"),
    (rerank("副处级", "正科级"), units("副处级"), Department.UPPER, "第十四条"),
    (rerank("副科级", "正科级"), units("副科级"), Department.COMMISSION, "第十四条"),
    (established(), units(), Department.COMMISSION, "第十四条"),
    (established(rank="副处级"), units(), Department.UPPER, "第十四条"),
    (established(unit_kind="organ", rank="正科级"), units(), Department.UPPER, "第九条"),
    (abolished(), units("正科级"), Department.COMMISSION, "第十四条"),
    (merged(), units("正科级"), Department.UPPER, "第九条"),
    (bodies(None, {"name": "法规处"}), units(), Department.ESTABLISHMENT, "第十三条"),
    (headcount(), units(), Department.COMMISSION, "第十四条"),
    (posts(), units(), Department.COMMISSION, "第十四条"),
    (posts(unit=SERVICES), units("正科级"), Department.COMMISSION, "第十四条"),
    (moved(), units(), Department.COMMISSION, "第十四条"),
    (
        moved(source=None, from_level="province", resource="headcount:institution-full"),
        units(),
        Department.UPPER,
        "第十四条",
    ),
    ({"kind": "extra-name", "unit": RESEARCH, "after": "甲"}, units(), Department.COMMISSION, "第十四条"),
]


@pytest.mark.parametrize(("change", "known", "decides", "clause"), DEFAULTS)
def test_the_default_table(
    change: dict[str, Any], known: dict[str, UnitFacts], decides: Department, clause: str
) -> None:
    found = of(change, known)
    assert (found.decides, found.refused) == (decides, False)
    assert found.clause.endswith(clause)


def test_administrative_headcount_across_levels_is_refused_with_the_competent_body() -> None:
    found = of(moved(source=None, from_level="province"))
    assert (found.refused, found.body) == (True, "国务院机构编制管理机关")
    assert found.clause == "《地方各级人民政府机构设置和编制管理条例》第十八条"
    assert not of(moved(source=None, from_level="city")).refused


def test_the_level_of_the_register_counts_and_not_the_one_that_is_said() -> None:
    known = units(level=Level.COUNTY)
    assert of(moved(to_level="city"), known).refused
    assert not of(moved(from_level="province", to_level="county"), units()).refused


def test_a_supervising_organ_does_not_raise_the_matter_of_its_institution() -> None:
    rows = [
        AuthorityRow(matter=["resubordinate"], objects=["organ"], decides=Department.UPPER, clause="x"),
        AuthorityRow(matter=["resubordinate"], decides=Department.ESTABLISHMENT, clause="y"),
    ]
    change = {"kind": "resubordinate", "unit": SERVICES, "before": None, "after": RESEARCH}
    assert of(change, rulebook=table(*rows)).decides is Department.ESTABLISHMENT


def table(*rows: AuthorityRow) -> Rulebook:
    return Rulebook(change=ChangeRules(authority=list(rows)))


def test_the_first_row_that_fits_decides() -> None:
    up = AuthorityRow(
        matter=["headcount"], increase=True, decides=Department.PARTY_COMMITTEE, body="常委会", clause="甲"
    )
    down = AuthorityRow(matter=["headcount"], decides=Department.ESTABLISHMENT, clause="乙")
    assert of(headcount(10, 11), rulebook=table(up, down)).body == "常委会"
    assert of(headcount(10, 9), rulebook=table(up, down)).decides is Department.ESTABLISHMENT
    assert of(headcount(10, 11), rulebook=table(down, up)).decides is Department.ESTABLISHMENT


def test_a_rank_that_the_office_has_not_placed_goes_to_the_higher_body() -> None:
    assert of(renamed(), units("处级")).decides is Department.UPPER
    assert of(renamed(), units(None)).decides is Department.COMMISSION


def test_a_matter_without_a_row_is_denied() -> None:
    found = of(posts(), rulebook=table())
    assert (found.decides, found.refused) == (Department.UPPER, True)


def test_the_duties_of_all_changes_are_due_once() -> None:
    both = highest([of(posts()), of(renamed(), units("正科级"))])
    assert both.obligations == (
        Step.OBLIGATION_FILING,
        Step.OBLIGATION_CERTIFICATE,
        Step.OBLIGATION_DISCLOSURE,
        Step.OBLIGATION_REGISTRATION,
    )


@given(st.lists(st.tuples(st.sampled_from(DECIDING), st.booleans()), min_size=1, max_size=8))
def test_the_highest_body_decides_in_whatever_order(found: list[tuple[Department, bool]]) -> None:
    authorities = [Authority(body, body.label, body.value, refused, ()) for body, refused in found]
    top = highest(authorities)
    assert not any(above(each.decides, top.decides) for each in authorities)
    assert top.decides in {each.decides for each in authorities}
    assert top.refused == any(refused for _, refused in found)
    assert highest(reversed(authorities)).decides is top.decides


@given(
    ranks=st.permutations(RULES.change.ranks[:6]),
    least=st.sampled_from(RULES.change.ranks[:6]),
    rank=st.sampled_from(RULES.change.ranks[:6]),
)
def test_ranks_stand_as_the_office_has_ordered_them(ranks: list[str], least: str, rank: str) -> None:
    row = AuthorityRow(matter=["rename"], rank_from=least, decides=Department.UPPER, clause="甲")
    rest = AuthorityRow(matter=["rename"], decides=Department.COMMISSION, clause="乙")
    rules = Rulebook(change=ChangeRules(ranks=ranks, authority=[row, rest]))
    reached = ranks.index(rank) <= ranks.index(least)
    assert (of(renamed(), units(rank), rules).decides is Department.UPPER) is reached


OWN = """
[change]
ranks = ["正科级", "副科级"]

[[change.authority]]
matter = ["编制增减"]
objects = ["organ"]
increase = true
decides = "party-committee"
body = "中共某某县委常委会"
clause = "《某某县规定》第二条"
obligations = ["obligation-filing"]
"""


def test_an_office_writes_its_own_table_in_the_rules_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(OWN, "utf-8")
    rulebook = load_rulebook(load_settings(rules_file=path))
    found = of(headcount(), rulebook=rulebook)
    assert (found.decides, found.body, found.clause, found.obligations) == (
        Department.PARTY_COMMITTEE,
        "中共某某县委常委会",
        "《某某县规定》第二条",
        (Step.OBLIGATION_FILING,),
    )
    assert of(headcount(12, 10), rulebook=rulebook).refused
    assert of(posts(), rulebook=rulebook).refused


@pytest.mark.parametrize(
    ("before", "after", "named"),
    [
        ('decides = "party-committee"', 'decides = "finance"', "change.authority.0.decides"),
        ('["obligation-filing"]', '["examine"]', "change.authority.0.obligations"),
        ("increase = true", 'rank_from = "处级"', "rank_from"),
        ('"编制增减"', '"增编"', "change.authority.0.matter"),
    ],
)
def test_a_row_that_nobody_could_follow_stops_the_start(tmp_path: Path, before: str, after: str, named: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(OWN.replace(before, after), "utf-8")
    with pytest.raises(StartFault, match=named):
        load_rulebook(load_settings(rules_file=path))


def test_the_table_of_the_how_to_page_is_one_that_an_office_can_load(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "change-rules.md").read_text("utf-8")
    [block] = [each for each in re.findall(r"```toml\n(.*?)```", page, re.S) if "change.authority" in each]
    path = tmp_path / "rules.toml"
    path.write_text(textwrap.dedent(block), "utf-8")
    rulebook = load_rulebook(load_settings(rules_file=path))
    more = headcount(0, 2, SERVICES, "headcount:institution-full")
    assert of(more, rulebook=rulebook).body == "中共某某县委常委会"
    assert of(renamed(), rulebook=rulebook).refused
