"""What waits for the caller."""

from __future__ import annotations

from docket import worklist

from ..deps import Caller, Work
from ..door import router
from ..shapes import Worklist

routes = router("cases")


@routes.get("/worklist", operation_id="read_worklist", summary="待办 · worklist")
def read_worklist(runtime: Work, officer: Caller) -> Worklist:
    """等待本部门（本单位）办理的事项，附剩余工作日。What waits for your department and unit, with working days left."""
    with runtime.database.read() as s:
        return Worklist(items=worklist.worklist(s, officer, runtime.clock(), runtime.calendar))
