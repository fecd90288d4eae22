"""A migrated register and a store in the test's own folder, and drafts to number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest

from doc_templates.samples import sample
from ledger.db import Database
from models.documents import DocumentContext
from models.enums import DocumentKind
from records.register import Draft
from records.render import Renderer
from records.store import FolderStore, ObjectStore, RecordStore, open_store
from tests.support.ledger import make_database
from tests.support.s3 import bucket, object_server


@pytest.fixture
def database(url: str, tmp_path: Path) -> Iterator[Database]:
    made = make_database(tmp_path, url)
    yield made
    made.close()


@pytest.fixture(scope="session")
def object_endpoint() -> Iterator[str]:
    with object_server() as address:
        yield address


@pytest.fixture
def object_store(object_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> ObjectStore:
    made = open_store(bucket(object_endpoint, monkeypatch))
    assert isinstance(made, ObjectStore)
    return made


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "store")


@pytest.fixture(params=["folder", "objects"])
def any_store(request: pytest.FixtureRequest) -> RecordStore:
    """A store of each kind, empty."""
    found: RecordStore = request.getfixturevalue("store" if request.param == "folder" else "object_store")
    return found


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    return Renderer()


@pytest.fixture
def draft() -> Callable[..., Draft]:
    def make(case: str = "case-1", subject: str = "", **changes: object) -> Draft:
        fields: dict[str, object] = {
            "kind": DocumentKind.VERIFICATION_SLIP,
            "series": "示编核",
            "title": "人员编制和领导职数核定单",
            "case_id": case,
            "step": "issue",
            "round": 1,
            "subject": subject,
            "unit": "11999999MB0000001X",
            "issued_on": date(2026, 3, 10),
            "issuer": "示范市机构编制委员会办公室",
            "template_digest": "0" * 64,
            "officers": {"handled_by": "陈思远", "examined_by": "周立群", "issued_by": "吴建国"},
        }
        return Draft(**{**fields, **changes})  # type: ignore[arg-type]

    return make


def context_for(kind: DocumentKind = DocumentKind.VERIFICATION_SLIP) -> Callable[[str, str], DocumentContext]:
    def make(number: str, code: str) -> DocumentContext:
        base = sample(kind)
        seal = base.seal.model_copy(update={"code": code, "verify_url": f"https://dingbian.example.cn/verify/{code}"})
        return base.model_copy(update={"number": number, "seal": seal})

    return make
