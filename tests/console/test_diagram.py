"""The pictures show the procedures as they are: every step, nothing else, in words as well as in colour."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree

import pytest
from starlette_admin import i18n

from console import words
from console.diagram import APPLY, CLOSED, DRAWINGS, GATE, Mark, diagram
from models.enums import Department, Procedure, Step
from rules.steps import STEPS

EXTRA = {APPLY, GATE, CLOSED}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=["zh", "en"], autouse=True)
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    words.install()
    before = i18n.get_locale()
    i18n.set_locale(request.param)
    yield request.param
    i18n.set_locale(before)


def _read(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - our own


def _shown(group: ElementTree.Element) -> str:
    return re.sub(r"\s", "", "".join("".join(text.itertext()) for text in group.iter(f"{SVG}text")))


@pytest.mark.parametrize("procedure", Procedure)
def test_the_table_holds_every_step_of_the_procedure_and_no_other(procedure: Procedure) -> None:
    drawn = [node.key for node in DRAWINGS[procedure].nodes]
    assert len(drawn) == len(set(drawn))
    assert set(drawn) - EXTRA == set(STEPS[procedure])


@pytest.mark.parametrize("procedure", Procedure)
def test_each_step_stands_in_the_lane_of_who_acts(procedure: Procedure) -> None:
    drawing = DRAWINGS[procedure]
    routed = {Department.ORGANISATION, Department.PERSONNEL}
    for node in drawing.nodes:
        if node.key in EXTRA:
            continue
        acts = STEPS[procedure][node.key].department
        lane = set(drawing.lanes[node.lane])
        if acts is not None:
            assert acts in lane, node.key
        else:  # routed to who manages the person, or to the body that is competent
            assert lane == routed or Department.COMMISSION in lane, node.key


@pytest.mark.parametrize("procedure", Procedure)
def test_no_two_boxes_lie_on_each_other_and_every_line_has_two_ends(procedure: Procedure) -> None:
    drawing = DRAWINGS[procedure]
    places = [(node.lane, node.row, node.column) for node in drawing.nodes]
    keys = {node.key for node in drawing.nodes}
    assert len(places) == len(set(places))
    assert {edge.start for edge in drawing.edges} | {edge.end for edge in drawing.edges} <= keys
    assert {*drawing.returns, *drawing.refuses} <= keys
    reached = {edge.end for edge in drawing.edges}
    assert len(keys - reached) == 1, "one beginning"


@pytest.mark.parametrize("procedure", Procedure)
def test_the_picture_is_well_formed_and_names_every_step_in_the_readers_language(procedure: Procedure) -> None:
    svg = _read(diagram(procedure, {}))
    assert svg.get("role") == "img"
    assert svg.get("aria-label")
    assert svg.find(f"{SVG}title") is not None
    assert svg.find(f"{SVG}desc") is not None
    groups = {group.get("data-step"): _shown(group) for group in svg.iter(f"{SVG}g")}
    for step in STEPS[procedure]:
        assert words.label(Step(step)).replace(" ", "") in groups[step]


def test_a_mark_is_said_in_words_and_by_a_sign_not_by_colour_alone(language: str) -> None:
    marks = {"examine": Mark("done", note="李静"), "issue": Mark("current"), "enter": Mark("expected", count=2)}
    svg = _read(diagram(Procedure.STAFFING_UP, marks | {"pay": Mark("void")}))
    groups = {group.get("data-step"): _shown(group) for group in svg.iter(f"{SVG}g")}
    assert "✓" in groups["examine"]
    assert "李静" in groups["examine"]
    assert "●" in groups["issue"]
    assert "○" in groups["enter"]
    assert "×2" in groups["enter"]
    assert "✕" in groups["pay"]
    said = svg.get("aria-label") or ""
    assert ("done examine" if language == "en" else "已办 审核") in said
    assert ("current issue slip" if language == "en" else "办理中 签发核定单") in said


def test_a_heat_map_carries_its_numbers_and_leads_to_the_lists() -> None:
    marks = {"examine": Mark("current", count=1), "issue": Mark("current", count=12, note="!")}
    svg = _read(diagram(Procedure.STAFFING_UP, marks, heat=True, links={"issue": "/list?a=1&b=2"}))
    assert svg.get("role") == "group"
    links = list(svg.iter(f"{SVG}a"))
    assert [link.get("href") for link in links] == ["/list?a=1&b=2"]
    assert "12" in (links[0].get("aria-label") or "")
    assert "12" in _shown(links[0])


def test_what_people_wrote_cannot_break_out_of_the_picture() -> None:
    text = diagram(Procedure.STAFFING_UP, {"examine": Mark("done", note='"><script>')})
    _read(text)
    assert "<script" not in text


def test_a_mark_of_an_unknown_step_is_a_fault() -> None:
    with pytest.raises(LookupError, match="sign"):
        diagram(Procedure.STAFFING_UP, {"sign": Mark("done")})
