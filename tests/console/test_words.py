"""Two languages, both whole: every text of the console has its other half, and no entry is left over."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from console import catalogues
from console.casework.checks import NAMES


def test_every_text_of_the_console_is_said_in_both_languages() -> None:
    assert catalogues.faults() == []


def checks_of(path: Path) -> set[str]:
    """The names that a module of the rules gives to its checks."""
    calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    named = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("check", "_check", "Check")]
    said = [word.value for call in named for word in call.keywords if word.arg == "label"]
    said += [call.args[1] for call in named if len(call.args) > 1]
    return {each.value for each in said if isinstance(each, ast.Constant)}  # type: ignore[misc]


def test_every_check_has_a_name_in_english() -> None:
    root = catalogues.ROOM.parent
    found = {
        name for room in ("rules", "activities") for path in (root / room).rglob("*.py") for name in checks_of(path)
    }
    assert "经办人代表本单位" in found
    assert found == set(NAMES)
    assert found <= {entry.text for entry in catalogues.entries("en")}


def test_a_text_that_is_put_together_is_no_text_to_translate() -> None:
    """`_(f"…")` and `_("…" + x)` can never be found in a catalogue."""
    assert [str(place) for place in catalogues.put_together()] == []


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ('_("待办")', ["待办"]),
        ('_("是" if yes else "否")', ["是", "否"]),
        ('class A:\n    menu_label = "监督台"', ["监督台"]),
        ('label = later("单位")', ["单位"]),
        ('"不是给人看的"', []),
    ],
)
def test_texts_are_found_where_python_says_them(source: str, texts: list[str], tmp_path: Path) -> None:
    path = tmp_path / "page.py"
    path.write_text(source, "utf-8")
    assert [text for text, _ in catalogues.said_in_python(path)] == texts


def test_texts_are_found_where_a_template_says_them(tmp_path: Path) -> None:
    path = tmp_path / "page.html"
    path.write_text('{{ _("共 %(n)d 件", n=3) }}\n{% trans %}您好{% endtrans %}<p>{{ "资料" | label }}</p>', "utf-8")
    assert list(catalogues.said_in_templates(path)) == [("共 %(n)d 件", 1), ("您好", 2)]


def test_faults_of_a_catalogue_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that cannot fail guards nothing: missing, stale, empty, placeholders, two translations."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "en").mkdir()
    (tmp_path / "page.py").write_text('_("甲")\n_("共%(n)d件")\n_("乙")\n_("丙")', "utf-8")
    head = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    one = 'msgid "共%(n)d件"\nmsgstr "%(m)d cases"\n\nmsgid "乙"\nmsgstr ""\n\nmsgid "丙"\nmsgstr "third"\n'
    two = 'msgid "丙"\nmsgstr "C"\n\nmsgid "丁"\nmsgstr "fourth"\n'
    (tmp_path / "en" / "one.po").write_text(head + one, "utf-8")
    (tmp_path / "en" / "two.po").write_text(head + two, "utf-8")
    monkeypatch.setattr(catalogues, "ROOM", tmp_path)
    monkeypatch.setattr(catalogues, "LOCALES", tmp_path)
    found = "\n".join(catalogues.faults())
    for fault in ("not in en: '甲'", "placeholders differ", "empty: '乙'", "differs: 'third', 'C'", "stale: '丁'"):
        assert fault in found
