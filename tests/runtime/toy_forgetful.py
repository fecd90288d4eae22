"""A workflow that forgot to pass an import through: it must be refused when the worker starts."""

from __future__ import annotations

from temporalio import workflow

from models.decisions import StartCase


@workflow.defn(name="ToyForgetful")
class ToyForgetful:
    @workflow.run
    async def run(self, case: StartCase) -> str:
        return case.case_id
