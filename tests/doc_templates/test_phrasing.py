"""Titles of more than one line are broken where a word ends."""

from __future__ import annotations

import pytest

from models.phrasing import TITLE_CHARS, _title


@pytest.mark.parametrize(
    ("title", "lines"),
    [
        ("关于某事的批复", ["关于某事的批复"]),
        (
            "示范市机构编制委员会关于同意调整市农业农村局机构编制事项的批复",
            ["示范市机构编制委员会", "关于同意调整市农业农村局", "机构编制事项的批复"],
        ),
        (
            "示范市机构编制委员会关于同意设立示范市住房和城乡建设局物业管理科等内设机构并调整机构编制事项的批复",
            [
                "示范市机构编制委员会",
                "关于同意设立示范市住房和城乡建设局",
                "物业管理科等内设机构",
                "并调整机构编制事项的批复",
            ],
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
    broken = _title("示范市机构编制委员会关于同意调整市农业农村局机构编制事项的批复")
    assert _title(broken) == broken
