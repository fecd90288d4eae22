"""No day and no moment that anybody may send lies at the edge of the calendar, where arithmetic ends (0056)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, get_args, get_origin

import pytest
from fastapi.routing import APIRoute
from pydantic import BaseModel, TypeAdapter, ValidationError

from api.app import ROUTES
from models.decisions import BODY_OF

EDGES = ("0001-01-01", "9999-12-31", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
DAY_OF_AN_OFFICE = ("2026-03-02", "2026-03-02T01:00:00Z")


def parts(annotation: Any) -> Iterator[Any]:
    """The plain types that a type is made of."""
    inner = get_args(annotation)[:1] if get_origin(annotation) is Annotated else get_args(annotation)
    if inner:
        for each in inner:
            yield from parts(each)
    else:
        yield annotation


def models_in(annotation: Any, seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """Every model that a value of this type may hold."""
    for each in parts(annotation):
        if isinstance(each, type) and issubclass(each, BaseModel) and each not in seen:
            seen.add(each)
            for field in each.model_fields.values():
                models_in(field.annotation, seen)
    return seen


def sent() -> dict[str, Any]:
    """Name and type of everything with a day in it that comes from outside: fields of bodies, parameters."""
    found: dict[str, Any] = {}
    bodies: set[type[BaseModel]] = set()
    for body in BODY_OF.values():
        models_in(body, bodies)
    for route in (each for room in ROUTES for each in room.routes if isinstance(each, APIRoute)):
        if route.body_field is not None:
            models_in(route.body_field.field_info.annotation, bodies)
        for param in (*route.dependant.query_params, *route.dependant.path_params):
            info = param.field_info
            found[f"{route.operation_id}.{param.name}"] = Annotated[info.annotation, *info.metadata, None]
    for model in bodies:
        for name, info in model.model_fields.items():
            found[f"{model.__name__}.{name}"] = Annotated[info.annotation, *info.metadata, None]
    return {name: kind for name, kind in found.items() if any(_is_day(each) for each in parts(kind))}


def _is_day(kind: Any) -> bool:
    return (isinstance(kind, type) and issubclass(kind, date)) or "datetime" in str(kind).lower()


SENT = sent()


def takes(kind: Any, text: str) -> bool:
    try:
        TypeAdapter(kind).validate_python(text)
    except (ValidationError, OverflowError):
        return False
    return True


def test_the_fields_are_found() -> None:
    assert {"PhoneCall.called_at", "Decision.visit_on", "Leaver.event_date", "list_audit.since"} <= set(SENT)


@pytest.mark.parametrize("name", sorted(SENT))
def test_every_day_that_is_sent_has_bounds(name: str) -> None:
    assert any(takes(SENT[name], text) for text in DAY_OF_AN_OFFICE)
    assert [text for text in EDGES if takes(SENT[name], text)] == []
