"""Applications: the first command of a case, of every procedure."""

from __future__ import annotations

from typing import Annotated

from fastapi import Body, Request, Response

from models.applications import (
    EstablishmentChangeApplication,
    RectificationApplication,
    RemovingStaffApplication,
    StaffingUpApplication,
    WarningApplication,
)

from .. import examples
from ..deps import Caller, Key, Work
from ..door import router
from ..entering import enter
from ..shapes import CaseOpened

routes = router("applications")


@routes.post(
    "/applications/staffing-up",
    operation_id="apply_staffing_up",
    status_code=201,
    summary="用编申请 · apply for staffing up",
)
async def apply_staffing_up(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[StaffingUpApplication, Body(openapi_examples=examples.named(application=examples.APPLICATION))],
) -> CaseOpened:
    """提交后即已登记，不会丢失；最多等待两秒，由受理关口作出结论，否则状态为 `submitted`。

    Committed when answered. Waits up to two seconds for the gate; `refusals` says what it found.
    """
    return await enter(request, answer, runtime, officer, key, body)


@routes.post(
    "/applications/removing-staff",
    operation_id="apply_removing_staff",
    status_code=201,
    summary="出编申请 · apply for removing staff",
)
async def apply_removing_staff(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[RemovingStaffApplication, Body(openapi_examples=examples.named(application=examples.REMOVAL))],
) -> CaseOpened:
    """由用编单位为本单位申请，或由组织部、人社局自行报送。By the unit, or by the department that manages the person."""
    return await enter(request, answer, runtime, officer, key, body)


@routes.post(
    "/applications/establishment-change",
    operation_id="apply_establishment_change",
    status_code=201,
    summary="机构编制调整申请 · apply for an establishment change",
)
async def apply_establishment_change(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[EstablishmentChangeApplication, Body(openapi_examples=examples.named(request=examples.CHANGE))],
) -> CaseOpened:
    """调整前情况与登记不符的，由受理关口指出。The gate says where `before` differs from the register."""
    return await enter(request, answer, runtime, officer, key, body)


@routes.post(
    "/rectifications", operation_id="open_rectification", status_code=201, summary="整改立账 · open a rectification"
)
async def open_rectification(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[RectificationApplication, Body(openapi_examples=examples.named(problems=examples.RECTIFICATION))],
) -> CaseOpened:
    """编办监督检查岗对一个单位立账。An inspector of the establishment office opens problems against a unit."""
    return await enter(request, answer, runtime, officer, key, body)


@routes.post("/warnings", operation_id="raise_warning", status_code=201, summary="预警 · raise a warning")
async def raise_warning(
    request: Request,
    answer: Response,
    runtime: Work,
    officer: Caller,
    key: Key,
    body: Annotated[WarningApplication, Body(openapi_examples=examples.named(warning=examples.WARNING))],
) -> CaseOpened:
    """编办监督检查岗人工登记的预警；监测所得的由系统登记。A warning entered by hand; monitors raise their own."""
    return await enter(request, answer, runtime, officer, key, body)
