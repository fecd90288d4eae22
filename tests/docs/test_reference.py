"""The reference pages say what the code says: settings, rules, commands, steps and states, tables, terms."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from sqlmodel import SQLModel

import models.archives
import models.log
import models.register
import models.runs
import models.visits  # noqa: F401 - these fill the metadata
from models import enums
from models.enums import Department, Procedure
from models.rulebook import Rulebook
from rules.steps import STEPS
from runtime.settings import PREFIX, Settings, load_settings
from tests.docs import pages
from tests.docs.pages import DOCS
from tests.docs.test_pages import command_names

REFERENCE = DOCS / "reference"
SETTINGS, STATES = REFERENCE / "settings.md", REFERENCE / "states-and-steps.md"
GLOSSARY, TABLES, COMMANDS = REFERENCE / "glossary.md", REFERENCE / "tables.md", REFERENCE / "commands.md"

VOCABULARIES = {
    "## 事项状态 · States of a case": enums.State,
    "## 决定 · Verdicts": enums.Verdict,
    "## 环节状态 · States of a step": enums.StepState,
    "## 部门 · Departments": enums.Department,
    "## 角色 · Roles": enums.Role,
    "## 核定单与编号 · Slips": enums.SlipState,
    "## 编号状态 · Slots": enums.SlotState,
    "## 文件状态 · Records": enums.RecordState,
    "## 保管期限 · Retention": enums.Retention,
    "## 不能列入清册的原因 · What bars a disposal": enums.RetentionBar,
    "## 销毁状态 · States of a disposal": enums.DisposalState,
    "## 台账行 · Kinds of journal rows": enums.EntryKind,
    "## 进入方式 · Ways of entry": enums.Way,
    "## 单位类型 · Kinds of units": enums.UnitKind,
    "## 登记的命令 · Commands of the outbox": enums.CommandKind,
    "## 程序 · Procedures": enums.Procedure,
    "## 减员原因 · Reasons of an exit": enums.ExitReason,
    "## 调整种类 · Kinds of establishment change": enums.ChangeKind,
    "## 层级 · Administrative levels": enums.Level,
    "## 问题来源 · Sources of a problem": enums.ProblemSource,
    "## 问题状态 · States of a problem": enums.ProblemState,
    "## 监测指标 · Indicators": enums.Indicator,
    "## 预警级别 · Rungs of the ladder": enums.WarningLevel,
}

STEP_TABLES = {
    Procedure.STAFFING_UP: "## 用编落编的环节 · Steps of staffing up",
    Procedure.REMOVING_STAFF: "## 出编的环节 · Steps of removing staff",
    Procedure.ESTABLISHMENT_CHANGE: "## 机构编制调整的环节 · Steps of establishment change",
    Procedure.RECTIFICATION: "## 整改的环节 · Steps of rectification",
    Procedure.EARLY_WARNING: "## 监测预警的环节 · Steps of early warning",
}


@pytest.fixture(autouse=True)
def _defaults_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(PREFIX + field.upper(), raising=False)


def test_the_settings_page_has_every_variable_with_its_default(tmp_path: Path) -> None:
    settings = load_settings(data_dir=tmp_path)
    expected = {}
    for field in Settings.model_fields:
        shown = str(getattr(settings, field)).replace(str(tmp_path.resolve()), "DATA_DIR")
        expected[PREFIX + field.upper()] = {"data_dir": "var", "rules_file": "rules.toml"}.get(field, shown)
    listed = {row[0]: row[1] for row in pages.rows(SETTINGS, "## 环境变量 · Variables")}
    assert listed == expected


def leaves(model: BaseModel, prefix: str = "") -> dict[str, Any]:
    """Dotted key → default, as rules.toml would write it."""
    found: dict[str, Any] = {}
    for field in type(model).model_fields:
        value = getattr(model, field)
        if isinstance(value, BaseModel):
            found |= leaves(value, f"{prefix}{field}.")
        else:
            found[f"{prefix}{field}"] = value
    return found


def toml(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    own_table = isinstance(value, dict) or (isinstance(value, list) and any(isinstance(v, BaseModel) for v in value))
    if own_table and value:
        return "…"
    return str(value)


def test_the_settings_page_has_every_rule_with_its_default() -> None:
    expected = {key: toml(value) for key, value in leaves(Rulebook()).items() if key != "version"}
    listed = {row[0]: row[1] for row in pages.rows(SETTINGS, "## 规则文件 · rules.toml")}
    assert listed == expected


def test_the_settings_page_shows_which_unit_may_hold_which_category() -> None:
    listed = {
        row[0]: re.findall(r"headcount:[a-z-]+", " ".join(row[1:]))
        for row in pages.rows(SETTINGS, "### 编制类别 · staffing.categories")
    }
    assert listed == {kind.value: [r.value for r in held] for kind, held in Rulebook().staffing.categories.items()}


def test_the_settings_page_shows_the_matrix_of_authority_in_its_order() -> None:
    listed = pages.rows(SETTINGS, "### 权限 · change.authority")
    matrix = Rulebook().change.authority
    assert len(listed) == len(matrix)
    for shown, row in zip(listed, matrix, strict=True):
        assert shown[0] == "、".join(matter.label for matter in row.matter)
        assert shown[2].startswith(row.decides.label)
        assert shown[3] == row.clause
        assert shown[4] == ("、".join(duty.label for duty in row.obligations) or "–")


def test_the_commands_page_has_every_command() -> None:
    listed = {row[0].removeprefix("dingbian ").split(" [")[0] for row in pages.rows(COMMANDS, "## 命令 · Commands")}
    bare = {re.sub(r" (?:[A-Z<\[-].*)$", "", name) for name in listed}
    groups = {name.split()[0] for name in command_names() if " " in name}
    assert bare == command_names() - groups


@pytest.mark.parametrize(
    ("heading", "vocabulary"), VOCABULARIES.items(), ids=[v.__name__ for v in VOCABULARIES.values()]
)
def test_a_vocabulary_is_complete_and_labelled_as_in_the_code(heading: str, vocabulary: type[enums.Labelled]) -> None:
    listed = {row[0]: (row[1], row[2]) for row in pages.rows(STATES, heading)}
    assert listed == {member.value: (member.label, member.gloss) for member in vocabulary}


def test_every_procedure_has_its_table_of_steps() -> None:
    assert set(STEP_TABLES) == set(STEPS) == set(Procedure)


@pytest.mark.parametrize("procedure", Procedure)
def test_the_steps_are_those_of_the_rules(procedure: Procedure) -> None:
    listed = {row[0]: row for row in pages.rows(STATES, STEP_TABLES[procedure])}
    assert list(listed) == list(STEPS[procedure])
    for code, rule in STEPS[procedure].items():
        row = listed[code]
        assert row[1] == rule.step.label
        if rule.department is not None:
            assert row[2] == rule.department.label
        else:  # given when the step is opened: the page names every department that it may be
            assert sum(department.label in row[2] for department in Department) >= 2
        assert row[3] == "、".join(role.label for role in sorted(rule.roles))
        assert row[4] == ("、".join(f"{verdict}" for verdict in sorted(rule.verdicts)) or "–")
        assert bool(row[6]) == rule.needs_reference


def test_the_final_states_are_marked() -> None:
    final = {row[0] for row in pages.rows(STATES, "## 事项状态 · States of a case") if row[3] == "是 yes"}
    assert final == {state.value for state in enums.FINAL_STATES}


def test_the_tables_page_has_every_table() -> None:
    listed = [row[0] for row in pages.rows(TABLES, "## 各表 · The tables")]
    assert sorted(listed) == sorted(SQLModel.metadata.tables)


def test_a_term_of_the_glossary_has_one_word() -> None:
    rows = pages.rows(GLOSSARY, "## 术语 · Terms")
    assert len(rows) >= 40
    for column in (0, 1):
        words = [row[column] for row in rows]
        assert len(words) == len(set(words))


def test_the_code_names_of_the_glossary_are_in_the_code() -> None:
    rooms = ("models", "rules", "workflows", "activities", "ledger", "docket", "records", "api", "runtime")
    source = "\n".join(
        path.read_text(encoding="utf-8") for room in rooms for path in sorted((pages.ROOT / room).rglob("*.py"))
    )
    absent = []
    for row in pages.rows(GLOSSARY, "## 术语 · Terms"):
        absent += [word for word in re.split(r"`, `|, ", row[2]) if word and word not in source]
    assert absent == []


def test_the_vocabularies_are_string_enums() -> None:
    assert all(issubclass(vocabulary, StrEnum) for vocabulary in VOCABULARIES.values())
