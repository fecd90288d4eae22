"""The lint passes the committed templates and names what is forbidden, unknown or missing in a changed one.

The figures of the standard: test_broken_copies.py.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from doc_templates import kit, layout
from doc_templates.constructs import check, fields_of
from doc_templates.lint import DOCUMENTS, LETTERS, lint, lint_file, main
from doc_templates.samples import sample
from models.documents import SlotLine, VerificationSlipContext
from models.enums import DocumentKind
from records.render import FOLDER

LETTER, VOUCHER = DocumentKind.REVOCATION_NOTICE, DocumentKind.VERIFICATION_SLIP
DOCUMENT, STYLES, SETTINGS = "word/document.xml", "word/styles.xml", "word/settings.xml"

CITED = {"A", "B", "RFC"}
"""What a case file explains in its note: the letters by which clauses are cited, and the standard of the log."""


def swap(before: str, after: str) -> Callable[[str], str]:
    def change(part: str) -> str:
        assert before in part, f"the template does not hold {before}"
        return part.replace(before, after)

    return change


def style(name: str, before: str, after: str) -> Callable[[str], str]:
    """Change inside the style called `name`."""

    def change(part: str) -> str:
        found = re.search(rf'<w:style [^>]*><w:name w:val="{name}"/>.*?</w:style>', part)
        assert found is not None
        assert before in found[0]
        return part.replace(found[0], found[0].replace(before, after))

    return change


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_the_committed_templates_pass(kind: DocumentKind) -> None:
    assert lint_file(FOLDER / f"{kind.value}.docx") == []


@pytest.mark.parametrize(
    ("kind", "part", "change", "place", "found"),
    [
        (LETTER, STYLES, swap(f' w:eastAsia="{kit.KAITI}"', ""), "eastAsia", "None"),
        (LETTER, STYLES, swap(kit.KAITI, "微软雅黑"), "eastAsia", "微软雅黑"),
        (LETTER, STYLES, style("信函下双线", kit.RED, "000000"), "颜色", "000000"),
        (LETTER, STYLES, style("发文机关标志", f'<w:color w:val="{kit.RED}"/>', ""), "发文机关标志 mark 颜色", "None"),
        (VOUCHER, DOCUMENT, swap("<w:vAlign", '<w:textDirection w:val="tbRlV"/><w:vAlign'), "竖排栏目", "row height"),
        (VOUCHER, DOCUMENT, swap("{{ purpose }}", "{{ purposes }}"), DOCUMENT, "unknown variable: purposes"),
        (VOUCHER, DOCUMENT, swap("{{ purpose }}", "用途"), "变量未使用", "purpose"),
        (VOUCHER, DOCUMENT, swap("{{ slot.way }}", "{{ slot.code }}"), "变量未使用", "slots[].way"),
        (VOUCHER, DOCUMENT, swap("{{ purpose }}", "{{ purpose.upper() }}"), DOCUMENT, "forbidden"),
        (VOUCHER, DOCUMENT, swap("{{ purpose }}", "{{ purpose }"), DOCUMENT, "syntax"),
        (VOUCHER, DOCUMENT, swap(kit.END_MARK, "other"), "文末标记", "无"),
        (VOUCHER, "word/footer_default.xml", swap(kit.QR_TEXT, "x"), "", ""),
        (VOUCHER, SETTINGS, swap("<w:compat>", "<w:embedTrueTypeFonts/><w:compat>"), SETTINGS, "embedTrueTypeFonts"),
        (VOUCHER, "[Content_Types].xml", swap("document.main+xml", "document.macroEnabled.main+xml"), "Types", "macro"),
        (
            VOUCHER,
            "word/_rels/document.xml.rels",
            swap(
                "</Relationships>",
                '<Relationship Id="x" Type="t" Target="http://x" TargetMode="External"/></Relationships>',
            ),
            "rels",
            "外部链接",
        ),
    ],
)
def test_a_mutation_is_named(
    kind: DocumentKind, part: str, change: Callable[[str], str], place: str, found: str
) -> None:
    findings = lint("t.docx", mutated(kind, part, change), kind)
    if place == "":  # the other of the two descriptions still finds the picture: renaming one is harmless
        assert findings == []
        return
    assert any(place in f.place and found in f.found for f in findings), "\n".join(map(str, findings))


def test_every_kind_has_one_form() -> None:
    """Letter, document form or ruled form: the style of its title says which."""
    for kind in DocumentKind:
        with zipfile.ZipFile(FOLDER / f"{kind.value}.docx") as archive:
            document = archive.read(DOCUMENT)
        forms = [name for name in (b"VoucherTitle", b"LetterTitle", b"HeadMark") if b'w:val="' + name in document]
        wanted = [b"LetterTitle", b"HeadMark"] if kind in DOCUMENTS else [b"LetterTitle"] if kind in LETTERS else []
        assert forms == (wanted or [b"VoucherTitle"])


@pytest.mark.parametrize("kind", list(DocumentKind))
def test_the_fixed_text_of_a_document_is_chinese(kind: DocumentKind) -> None:
    with zipfile.ZipFile(FOLDER / f"{kind.value}.docx") as archive:
        parts = [archive.read(name).decode() for name in archive.namelist() if re.match("word/(doc|foot|head)", name)]
    for part in parts:
        fields = re.sub("<w:instrText.*?</w:instrText>", "", part)
        text = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", re.sub("<[^>]*>", "", fields))
        assert set(re.findall("[A-Za-z]+", text)) <= (CITED if kind is DocumentKind.CASE_FILE else set())


@pytest.mark.parametrize("member", ["word/vbaProject.bin", "word/fonts/font1.odttf", "word/embeddings/sheet.xlsx"])
def test_macros_embedded_fonts_and_objects_are_named(member: str) -> None:
    data = mutated(VOUCHER, DOCUMENT, lambda part: part, {member: b"x"})
    assert any(member == finding.place for finding in lint("t.docx", data, VOUCHER))


def test_a_missing_picture_is_named() -> None:
    data = mutated(VOUCHER, "word/footer_default.xml", lambda part: re.sub("<w:drawing>.*</w:drawing>", "", part))
    assert any("二维码" in finding.place for finding in lint("t.docx", data, VOUCHER))


def test_the_command_tells_and_exits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    broken = tmp_path / "entry_notice.docx"
    broken.write_bytes(b"not a zip")
    assert main([str(broken)]) == 1
    assert "entry_notice.docx" in capsys.readouterr().out
    assert main([str(tmp_path / "unknown.docx")]) == 1


def test_layout_does_not_write_over_a_template(tmp_path: Path) -> None:
    assert layout.main(["entry_notice", "--folder", str(tmp_path)]) == 0
    target = tmp_path / "entry_notice.docx"
    target.write_bytes(b"edited by an official")
    assert layout.main(["entry_notice", "--folder", str(tmp_path)]) == 1
    assert target.read_bytes() == b"edited by an official"
    assert layout.main(["entry_notice", "--folder", str(tmp_path), "--force"]) == 0
    assert lint_file(target) == []


def test_fields_are_paths_through_lists() -> None:
    fields = set(fields_of(VerificationSlipContext))
    assert {"seal.code", "slots[].code", "headcount[].granted", "number"} <= fields
    assert {f"slots[].{name}" for name in SlotLine.model_fields} <= fields


@pytest.mark.parametrize("expression", ["{{ loop.parent }}", "{{ slots }}", "{% for x in number %}{% endfor %}"])
def test_only_fields_may_stand_in_an_expression(expression: str) -> None:
    assert check(VOUCHER, {DOCUMENT: expression})[0].startswith(DOCUMENT)


def test_a_condition_may_name_a_list_and_nothing_else_may() -> None:
    def faults(text: str) -> list[str]:
        return [fault for fault in check(VOUCHER, {DOCUMENT: text}) if fault.startswith(DOCUMENT)]

    assert faults("{% if posts and not headcount %}{{ number }}{% endif %}") == []
    assert faults("{% if post %}{{ number }}{% endif %}")
    assert faults("{% if posts.append %}{{ number }}{% endif %}")
    assert faults("{% if posts() %}{{ number }}{% endif %}")


def test_no_label_stands_upright() -> None:
    for kind in DocumentKind:
        with zipfile.ZipFile(FOLDER / f"{kind.value}.docx") as archive:
            assert b"textDirection" not in archive.read(DOCUMENT)


def test_variables_stand_only_where_they_are_filled_in() -> None:
    """The title in the properties of a file is not rendered, and every reader's window shows it."""
    for kind in DocumentKind:
        with zipfile.ZipFile(FOLDER / f"{kind.value}.docx") as archive:
            assert b"{" not in archive.read("docProps/core.xml")


def test_samples_are_fictional() -> None:
    for kind in DocumentKind:
        assert "示范市" in sample(kind).model_dump_json()


def mutated(kind: DocumentKind, part: str, change: Callable[[str], str], more: dict[str, bytes] | None = None) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(FOLDER / f"{kind.value}.docx") as source, zipfile.ZipFile(out, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, change(content.decode()) if name == part else content)
        for name, content in (more or {}).items():
            target.writestr(name, content)
    return out.getvalue()
