"""Titles of more than one line are broken where a word ends, and never inside a name or a word of the trade."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.enums import Resource
from models.phrasing import TITLE_CHARS, _title, broken, filed, heading

LONGEST_NAME = 17
COMMISSION = "示范市机构编制委员会"


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("关于某事的批复", ["关于某事的批复"]),
        (
            f"{COMMISSION}关于同意调整市农业农村局机构编制事项的批复",
            [COMMISSION, "关于同意调整市农业农村局", "机构编制事项的批复"],
        ),
        (
            f"{COMMISSION}关于同意设立示范市住房和城乡建设局物业管理科等内设机构并调整机构编制事项的批复",
            [
                COMMISSION,
                "关于同意设立示范市住房和城乡建设局",
                "物业管理科等内设机构",
                "并调整机构编制事项的批复",
            ],
        ),
        (
            f"{COMMISSION}关于同意示范市农业技术推广站更名为示范市农业技术推广中心的批复",
            [COMMISSION, "关于同意示范市农业技术推广站", "更名为示范市农业技术推广中心的批复"],
        ),
        (
            f"{COMMISSION}关于同意示范市实验中学全额拨款事业编制由120名调整为124名的批复",
            [COMMISSION, "关于同意示范市实验中学全额拨款事业编制", "由120名调整为124名的批复"],
        ),
        (
            f"{COMMISSION}办公室关于同意示范市教育局内设机构学校安全科调整为校园安全管理科的批复",
            [f"{COMMISSION}办公室", "关于同意示范市教育局内设机构学校安全科", "调整为校园安全管理科的批复"],
        ),
        (
            f"{COMMISSION}关于同意从示范市文化馆调剂全额拨款事业编制2名至示范市图书馆的批复",
            [COMMISSION, "关于同意从示范市文化馆", "调剂全额拨款事业编制2名", "至示范市图书馆的批复"],
        ),
    ],
)
def test_a_title_is_broken_between_words(title: str, lines: list[str]) -> None:
    assert _title(title).split("\n") == lines


@pytest.mark.parametrize("length", [1, 20, 21, 47, 120])
def test_no_line_is_longer_than_the_page_nor_loses_a_character(length: int) -> None:
    lines = _title("甲" * length).split("\n")
    assert "".join(lines) == "甲" * length
    assert all(len(line) <= TITLE_CHARS for line in lines)
    assert length < 4 or min(map(len, lines)) >= 4


def test_a_title_that_is_broken_already_stays() -> None:
    title = _title(f"{COMMISSION}关于同意调整市农业农村局机构编制事项的批复")
    assert _title(title) == title


names = st.text("示范市县农业技术推广站中心学校安全科管理局由至和与更名调整为的", min_size=2, max_size=LONGEST_NAME)
shapes = st.sampled_from(
    [
        "{0}关于同意{1}更名为{2}的批复",
        "{0}关于同意{1}{3}由120名调整为124名的批复",
        "{0}关于同意{1}内设机构{2}调整为{4}的批复",
        "{0}关于同意将{1}、{2}并入{4}的批复",
        "{0}关于同意从{1}调剂{3}12名至{2}的批复",
        "{0}关于同意{1}由{2}所属调整为{4}所属的批复",
        "{0}关于同意调整{1}和{2}机构编制事项的批复",
    ]
)


@settings(max_examples=300, deadline=None)
@given(shapes, names, names, names, st.sampled_from([each.label for each in Resource]))
def test_no_name_nor_resource_is_torn(shape: str, one: str, two: str, three: str, resource: str) -> None:
    title = shape.format(COMMISSION, one, two, resource, three)
    whole = [COMMISSION, one, two, three, resource]
    lines = broken(title, whole).split("\n")
    assert "".join(lines) == title
    assert all(len(line) <= TITLE_CHARS for line in lines)
    torn = {
        word
        for word in (*whole, "批复", "机构编制")
        for end in itertools.accumulate(map(len, lines[:-1]))
        for start in range(max(0, end - len(word) + 1), end)
        if title.startswith(word, start)
    }
    assert not torn


def test_a_name_longer_than_a_line_is_broken_like_any_text() -> None:
    name = "示范市人民政府机关事务服务和公共资源交易综合保障中心"
    lines = broken(f"{COMMISSION}关于同意撤销{name}的批复", [COMMISSION, name]).split("\n")
    assert "".join(lines).endswith(f"{name}的批复")
    assert all(4 <= len(line) <= TITLE_CHARS for line in lines)


def test_a_filed_title_says_whom_and_what_and_its_heading_is_what_the_paper_prints() -> None:
    title = filed("受理通知", "示范市发展研究局（筹）", "用编申请（行政编制2名）")
    assert title == "受理通知〔示范市发展研究局（筹），用编申请（行政编制2名）〕"
    assert heading(title) == "受理通知"
    assert filed("受理通知", "甲〔乙〕局", "") == "受理通知〔甲（乙）局〕"


def test_a_filed_title_stays_short_and_a_printed_one_is_left_as_it_is() -> None:
    title = filed("整改通知书", "示范市市场监督管理局", "问题" * 40)
    assert len(title) == 60
    assert title.endswith("…〕")
    assert filed("书面警示函", "单" * 55, "超编") == f"书面警示函〔{'单' * 55}〕"
    printed = f"{COMMISSION}关于同意撤销示范市档案整理中心的批复"
    assert heading(printed) == printed
