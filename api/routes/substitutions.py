"""Substitutions 代: who stands in for whom."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Path
from sqlmodel import Session

from docket import substitutions
from models.decisions import Officer
from models.refusals import Refusal
from models.substitutions import NewSubstitution, SubstitutionView

from .. import examples
from ..deps import Caller, Key, Runtime, Work
from ..door import router
from ..problems import FieldError, ProblemError, not_found, of_refusal
from ..shapes import Substitutions
from ..writing import once_more

routes = router("substitutions")

SubstitutionId = Annotated[str, Path(min_length=1, max_length=40, pattern=r"^[0-9a-z]+$")]


@routes.get("/substitutions", operation_id="list_substitutions", summary="代行授权 · substitutions")
def list_substitutions(runtime: Work, officer: Caller) -> Substitutions:
    """本人授予或受托的；编办主任、监督、审计、管理员看到全部。Your own on either side; some see all."""
    with runtime.database.read() as s:
        return Substitutions(items=substitutions.visible(s, officer, runtime.clock()))


@routes.post(
    "/substitutions", operation_id="grant_substitution", status_code=201, summary="授予代行 · grant a substitution"
)
def grant_substitution(
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[NewSubstitution, Body(openapi_examples=examples.named(leave=examples.SUBSTITUTION))],
) -> SubstitutionView:
    """同一部门（单位）内，写明起止日期、程序和事由；不得转授。Within one department, for named days and procedures."""
    return grant(runtime, officer, key, body)


def grant(runtime: Runtime, officer: Officer, key: str, body: NewSubstitution) -> SubstitutionView:
    """Enter a substitution. Raises ProblemError: `invalid` names the fields."""

    def entered() -> SubstitutionView:
        with runtime.database.write() as s:
            return _granted(s, body, officer, key, runtime)

    return once_more(entered)


def _granted(s: Session, body: NewSubstitution, officer: Officer, key: str, runtime: Work) -> SubstitutionView:
    done = substitutions.grant(s, body, officer, key, runtime.clock())
    if isinstance(done, Refusal):
        raise of_refusal(done)
    if isinstance(done, list):
        raise ProblemError("invalid", errors=[FieldError(field=fault.field, reason=fault.reason) for fault in done])
    return done


@routes.post(
    "/substitutions/{substitution_id}/end", operation_id="end_substitution", summary="终止代行 · end a substitution"
)
def end_substitution(runtime: Work, officer: Caller, key: Key, substitution_id: SubstitutionId) -> SubstitutionView:
    """立即终止；已提交的决定仍然有效。Ends at once; what was committed before still counts."""
    return end(runtime, officer, substitution_id)


def end(runtime: Runtime, officer: Officer, substitution_id: str) -> SubstitutionView:
    """End a substitution now. Raises ProblemError."""
    with runtime.database.write() as s:
        done = substitutions.end(s, substitution_id, officer, runtime.clock())
    if done is None:
        raise not_found("没有这项代行授权，或您无权查看 · no such substitution, or not yours to see")
    if isinstance(done, Refusal):
        raise of_refusal(done)
    return done
