"""Whatever fits the OpenAPI document, and whatever does not, gets an answer that the document foresees (P24; OWASP
ASVS 5.0 2.2.1, 16.5.1).

Schemathesis makes requests from the document; each operation is called by an officer of each kind that may call it, on
an office where something stands behind every kind of address. Here the same requests are made every time;
`make fuzz EXAMPLES=500` looks longer, with new chance each time (`SEED=…` repeats a run).
"""

from __future__ import annotations

import ast
import itertools
import json
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as known

from activities.cases import CaseActivities
from api.permissions import RULES
from api.routes import events
from tests.support.engines import ENGINES, fresh_database
from tests.support.office import RESEARCH, application
from tests.support.office import furnished as ready
from tests.support.unjudged import UNJUDGED
from tests.support.whole import Whole, furnished, staffed

pytestmark = pytest.mark.xdist_group("fuzz")  # what they share is made once

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("api", "docket", "ledger", "models", "records", "rules")
"""Whose texts answers are made of."""
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "20"))
SEED = os.environ.get("FUZZ_SEED")
MOST = 6
"""Real addresses of a kind that an operation is asked for."""
LONG = 12
"""Characters of a text that no answer has by chance."""

CHECKS: list[Callable[..., Any]] = [
    not_a_server_error,
    known.status_code_conformance,
    known.content_type_conformance,
    known.response_headers_conformance,
    known.response_schema_conformance,
    known.negative_data_rejection,
    known.missing_required_header,
]
"""Not among them: `positive_data_acceptance`, because an office rightly refuses much that no schema can say (a day
before another, a unit that is not in the register, a slot of another slip); `ignored_auth` and the others that send
requests of their own, because tests/api/test_doors.py asks every operation without and with every officer."""

UNDOCUMENTED = {"read_openapi", "read_reference"}
"""The document itself and its page, which it does not list."""
_ACTING, _KEY = "Acting-For", "Idempotency-Key"
_NUMBERS = itertools.count(1)
STREAM_SECONDS = 0.02
"""After which the stream of events, which is open for ten minutes otherwise, ends by itself."""


@pytest.fixture(scope="module", params=ENGINES)
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Whole]:
    folder = tmp_path_factory.mktemp("whole")
    with fresh_database(request.param, folder, ready) as url:
        made = furnished(folder, url)
        made.counter.runtime.event_seconds = STREAM_SECONDS
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(events, "changes", partial(events.changes, stream_seconds=STREAM_SECONDS))
            yield made
        made.office.database.close()


@pytest.fixture(scope="module")
def documents(whole: Whole) -> list[schemathesis.BaseSchema]:
    """Without NUL and with it, which the reader of JSON refuses (test_bodies.py) before it sees anything else."""
    return [document_of(whole, nul=False), document_of(whole, nul=True)]


def document_of(whole: Whole, *, nul: bool) -> schemathesis.BaseSchema:
    made = schemathesis.openapi.from_asgi("/api/v1/openapi.json", whole.counter.app)
    # Tokens are the test's own. What an address carries beyond its parameters is ignored, as everywhere in HTTP.
    made.config.generation.update(with_security_parameters=False, allow_extra_parameters=False, allow_x00=nul)
    return made


def requests_of(whole: Whole, documents: list[schemathesis.BaseSchema], operation: str) -> st.SearchStrategy[Case]:
    """Requests that fit and requests that do not, to addresses behind which something stands and to any other."""
    return st.one_of([_requests(whole, each, operation) for each in documents])


def _requests(whole: Whole, document: schemathesis.BaseSchema, operation: str) -> st.SearchStrategy[Case]:
    found = document.find_operation_by_id(operation)
    named = [name for name in whole.addresses if f"{{{name}}}" in found.path]
    addresses: list[dict[str, Any] | None] = [None]
    addresses += [{name: value} for name in named for value in whole.addresses[name][:MOST]]
    at = [{"path_parameters": address} if address else {} for address in addresses]
    made = [found.as_strategy(GenerationMode.POSITIVE, **more) for more in at]
    if list(found.iter_parameters()) or found.body:
        made += [found.as_strategy(GenerationMode.NEGATIVE, **more) for more in at[:2]]
    return st.one_of(made)


def mend(case: Case) -> None:
    """Chance alone would seldom come past the door: a key that is new, nobody acted for, a unit of the register."""
    if case.headers is not None:
        case.headers.pop(_ACTING, None)
        if _KEY in case.headers:
            case.headers[_KEY] = f"key-{next(_NUMBERS)}"
    if isinstance(case.body, dict) and isinstance(case.body.get("unit"), str):
        case.body["unit"] = RESEARCH


def texts(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of fields too."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from texts(key)
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


@pytest.fixture(scope="module")
def own_words(documents: list[schemathesis.BaseSchema]) -> str:
    """What may stand in a request and in an answer: Hypothesis tries texts of our own code too, and a refusal's clause
    is one of them."""
    code = "\n".join(
        node.value
        for room in ROOMS
        for module in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return json.dumps(documents[0].raw_schema, ensure_ascii=False) + code


def no_echo(case: Case, answer: Response, own_words: str) -> None:
    """A problem never repeats what was sent, wherever it stood in the request."""
    if answer.status_code < 400:
        return
    sent = [*texts(case.body), *texts(dict(case.query or {})), *texts(dict(case.headers or {}))]
    repeated = [text for text in sent if len(text) >= LONG and text not in own_words and text in answer.text]
    assert repeated == []


def test_the_document_lists_every_operation_but_itself(whole: Whole) -> None:
    paths = whole.counter.app.openapi()["paths"].values()
    assert {each["operationId"] for path in paths for each in path.values()} == set(RULES) - UNDOCUMENTED


@pytest.mark.parametrize("operation", [each for each in RULES if each not in UNDOCUMENTED])
def test_every_answer_is_one_that_the_document_foresees(
    whole: Whole, documents: list[schemathesis.BaseSchema], own_words: str, operation: str
) -> None:
    callers = whole.callers_of(operation)

    @settings(
        max_examples=EXAMPLES if whole.on_sqlite else max(1, EXAMPLES // 4),
        derandomize=SEED is None,
        database=None,
        deadline=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=requests_of(whole, documents, operation),
        caller=st.sampled_from(callers) if callers else st.none(),
        mended=st.sampled_from([True, True, False]),
    )
    def ask(case: Case, caller: str | None, mended: bool) -> None:
        if mended:
            mend(case)
        answer = case.call(headers=whole.header_of(caller) if caller else {})
        # Mending may have put right what was spoilt on purpose: then nothing is left to be refused.
        checks = [check for check in CHECKS if not (mended and check is known.negative_data_rejection)]
        case.validate_response(answer, checks=checks)
        no_echo(case, answer, own_words)
        assert UNJUDGED == []  # a 202 would hide it

    (seed(int(SEED))(ask) if SEED else ask)()


@pytest.mark.parametrize("fails", ["open_case", "_judge"])
async def test_a_broken_activity_behind_an_answer_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    """A 202 alone does not tell it from Temporal that is away: without this the tests above would see nothing."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    made = staffed(tmp_path)
    case_id = made.office.opened()
    monkeypatch.setattr(CaseActivities, fails, broken)
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "open_case": ("/applications/staffing-up", application(meeting="第9次").model_dump(mode="json")),
        "_judge": (f"/cases/{case_id}/comments", {"text": "请核"}),
    }
    path, body = asked[fails]
    transport = httpx.ASGITransport(app=made.counter.app, client=("192.0.2.9", 5))
    async with httpx.AsyncClient(transport=transport, base_url="http://office.test/api/v1") as http:
        answer = await http.post(path, headers=made.header_of("applicant") | {_KEY: "key"}, json=body)
    assert answer.is_success
    assert len(UNJUDGED) == 1
    UNJUDGED.clear()
    made.office.database.close()
