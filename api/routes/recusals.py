"""回避: an officer takes no part in a case."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body

from docket import recusals, view
from models.recusals import NewRecusal, RecusalView
from models.refusals import Refusal

from .. import examples
from ..deps import Caller, Key, Work
from ..door import router
from ..params import CaseId
from ..problems import FieldError, ProblemError, not_found
from ..writing import once_more

routes = router("cases")


@routes.post("/cases/{case_id}/recusal", operation_id="recuse", status_code=201, summary="回避 · recusal")
def recuse(
    runtime: Work,
    officer: Caller,
    _key: Key,
    case_id: CaseId,
    body: Annotated[NewRecusal, Body(openapi_examples=examples.named(own=examples.RECUSAL))],
) -> RecusalView:
    """本人或本部门负责人提出，写明事由；此后本人和代其办理的人都不能办理该事项，不得撤回。Not taken back."""

    def declared() -> RecusalView | Refusal | None:
        with runtime.database.write() as s:
            if not view.may_see(s, case_id, officer):
                raise not_found()
            return recusals.declare(s, case_id, body, officer, runtime.clock())

    done = once_more(declared)
    if done is None:
        raise ProblemError("invalid", errors=[FieldError(field="officer", reason="没有这名经办人 · no such officer")])
    if isinstance(done, Refusal):
        raise ProblemError("forbidden", done.message, clause=done.clause)
    return done
