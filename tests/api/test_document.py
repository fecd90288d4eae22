"""The interface about itself: the OpenAPI document is complete, the reference pages say what is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from api import examples, problems
from api.openapi import APPLICATIONS
from api.permissions import RULES
from models.applications import (
    EstablishmentChangeApplication,
    RectificationApplication,
    RemovingStaffApplication,
    StaffingUpApplication,
    WarningApplication,
)
from models.decisions import Comment, Copy, Decision, ExceptionalRequest, Extension, Hold, Release, Report
from models.disposals import DisposalDecision, LiftHold, NewDisposal, NewHold, Strike
from models.shape import Shape
from models.substitutions import NewSubstitution

from . import refusals_page
from .conftest import Desk

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"


def operations(desk: Desk) -> list[tuple[str, str, dict[str, Any]]]:
    paths: dict[str, dict[str, Any]] = desk.app.openapi()["paths"]
    return [(method, path, operation) for path, methods in paths.items() for method, operation in methods.items()]


async def test_every_operation_is_named_tagged_described_and_secured(desk: Desk) -> None:
    document = desk.app.openapi()
    assert document["openapi"].startswith("3.1")
    tags = {tag["name"] for tag in document["tags"]}
    names = [operation["operationId"] for _, _, operation in operations(desk)]
    assert len(names) == len(set(names))
    for _, path, operation in operations(desk):
        assert set(operation["tags"]) <= tags
        assert re.search(r"[\u4e00-\u9fff]", operation["summary"]), path
        rule = RULES[operation["operationId"]]
        assert operation.get("security", []) == ([] if rule.public else [{"bearer": []}]), path
        headers = [parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "header"]
        assert ("Idempotency-Key" in headers) == rule.write, path
        assert ("Acting-For" in headers) == rule.acting, path
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"


async def test_every_error_answer_is_a_problem_with_an_example(desk: Desk) -> None:
    schemas = desk.app.openapi()["components"]["schemas"]
    assert {"ProblemDetails", "FieldError"} <= set(schemas)
    assert not {"HTTPValidationError", "ValidationError"} & set(schemas)
    told: set[str] = set()
    for _, path, operation in operations(desk):
        for status, answer in operation["responses"].items():
            if not status.startswith(("4", "5")):
                continue
            content = answer["content"].get("application/problem+json")
            if content is None:
                assert (operation["operationId"], status) == ("health_ready", "503"), path
                continue
            assert content["schema"] == {"$ref": "#/components/schemas/ProblemDetails"}
            for code, example in content["examples"].items():
                assert problems.Problem.model_validate(example["value"]).status == int(status)
                told.add(code)
    assert told == set(problems.TITLES) - {"bad-request", "method-not-allowed"}


async def test_every_reference_in_the_document_leads_somewhere(desk: Desk) -> None:
    document = (await desk.get("/openapi.json")).json()
    names = set(re.findall(r"#/components/schemas/([A-Za-z0-9_-]+)", str(document)))
    assert names <= set(document["components"]["schemas"])


async def test_a_write_says_that_it_may_be_202(desk: Desk) -> None:
    for _, path, operation in operations(desk):
        if RULES[operation["operationId"]].write:
            on_a_case = path.startswith("/api/v1/cases/") and operation["operationId"] != "recuse"
            assert ("202" in operation["responses"]) == on_a_case, path
            made = (*APPLICATIONS, "grant_substitution", "place_hold", "propose_disposal", "enter_officer", "recuse")
            assert ("201" in operation["responses"]) == (operation["operationId"] in made), path


@pytest.mark.parametrize(
    ("shape", "body"),
    [
        (StaffingUpApplication, examples.APPLICATION),
        (Decision, examples.EXAMINE),
        (Decision, examples.ISSUE),
        (Decision, examples.PERSONS),
        (Decision, examples.RETURN),
        (Hold, examples.HOLD),
        (Release, examples.HOLD),
        (Extension, examples.EXTENSION),
        (RemovingStaffApplication, examples.REMOVAL),
        (EstablishmentChangeApplication, examples.CHANGE),
        (RectificationApplication, examples.RECTIFICATION),
        (WarningApplication, examples.WARNING),
        (Report, examples.REPORT),
        (ExceptionalRequest, examples.EXCEPTION),
        (Comment, examples.COMMENT),
        (Copy, examples.COPY),
        (NewSubstitution, examples.SUBSTITUTION),
        (NewHold, examples.RECORD_HOLD),
        (LiftHold, examples.LIFTING),
        (NewDisposal, examples.DISPOSAL),
        (Strike, examples.STRIKE),
        (DisposalDecision, examples.DISPOSAL_DECISION),
    ],
)
def test_every_example_is_what_it_shows(shape: type[Shape], body: dict[str, Any]) -> None:
    TypeAdapter(shape).validate_python(body)


async def test_the_reference_page_needs_nothing_from_elsewhere(desk: Desk) -> None:
    answer = await desk.get("/reference")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert not re.search(r"https?://|<script|src=", answer.text)
    for _, path, _ in operations(desk):
        assert path in answer.text


async def test_the_reference_lists_every_operation_and_every_problem(desk: Desk) -> None:
    text = (REFERENCE / "http.md").read_text("utf-8")
    for method, path, operation in operations(desk):
        route = f"`{method.upper()} {path.removeprefix('/api/v1')}`"
        assert route in text, route
        assert f"`{operation['operationId']}`" in text, operation["operationId"]
    for code, (status, title) in problems.TITLES.items():
        assert f"| `{code}` | {status} | {title} |" in text, code


def test_the_page_of_refusals_is_printed_from_the_table() -> None:
    assert refusals_page.PAGE.read_text("utf-8") == refusals_page.page(), "python -m tests.api.refusals_page"
