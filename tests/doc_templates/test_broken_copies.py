"""Every measured figure broken in a copy of every template that has it: the lint names file, place, found, wanted."""

from __future__ import annotations

import pytest

from doc_templates.lint import SIGNED, lint, lint_file
from models.enums import DocumentKind
from records.render import FOLDER

from .broken import BREAKS, Break, copy_of, text


@pytest.mark.parametrize("broken", BREAKS, ids=[f"{place}-{each.name}" for place, each in enumerate(BREAKS)])
def test_a_broken_figure_is_named_in_every_template_that_has_it(broken: Break) -> None:
    for kind in sorted(broken.kinds):
        findings = lint(f"{kind.value}.docx", copy_of(kind, broken.change), kind)
        said = f"{kind.value}:\n" + "\n".join(map(str, findings))
        fitting = [f for f in findings if broken.place in f.place and broken.found in f.found]
        assert any(broken.wanted in finding.wanted for finding in fitting), said
        assert {finding.file for finding in findings} == {f"{kind.value}.docx"}


def test_a_finding_says_file_place_found_and_wanted() -> None:
    (broken,) = (each for each in BREAKS if each.name == "paper width")
    (finding,) = lint("a.docx", copy_of(DocumentKind.PHONE_RECORD, broken.change), DocumentKind.PHONE_RECORD)
    assert str(finding) == "a.docx | 纸张 page size w | 现为 found: 12240 | 应为 wanted: 11906 ± 20"


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind, words in SIGNED.items() for word in words])
def test_a_form_without_its_signatures_is_named(kind: DocumentKind, word: str) -> None:
    findings = lint("t.docx", copy_of(kind, text(word, "", "document")), kind)
    assert any(f.place == f"签批 signing「{word}」" and word in f.wanted for f in findings), "\n".join(
        map(str, findings)
    )


def test_a_copy_that_is_not_broken_passes() -> None:
    for kind in DocumentKind:
        assert lint_file(FOLDER / f"{kind.value}.docx") == []
