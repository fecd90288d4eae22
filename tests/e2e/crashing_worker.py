"""A worker that dies after the commit of one step and before Temporal hears of it: `python -m … ADDRESS FOLDER STEP`.

Without a STEP it is an ordinary worker for the same office.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.cases import CaseActivities
from activities.registry import build_activities
from models.decisions import Handle
from models.docket import Desk
from runtime.plugin import dingbian_plugin
from tests.support.office import Office, keyring
from workflows.registry import WORKFLOWS

CRASHED = 137


class Crashing(CaseActivities):
    """`handle_command` whose process ends the moment after the commit of `step`."""

    step = ""

    @activity.defn
    def handle_command(self, order: Handle) -> Desk:
        desk = super().handle_command(order)
        if order.body.get("step") == self.step:
            os._exit(CRASHED)
        return desk


async def serve(address: str, folder: Path, step: str) -> None:
    office = Office(folder)
    client = await Client.connect(address, plugins=[dingbian_plugin(keyring())])
    built = build_activities(office.deps)
    if step:
        crashing = Crashing(office.deps)
        crashing.step = step
        built = [crashing.open_case, crashing.handle_command, crashing.ring, crashing.note_unreadable]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with ThreadPoolExecutor(8) as threads:
        async with Worker(
            client, task_queue="dingbian", workflows=WORKFLOWS, activities=built, activity_executor=threads
        ):
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else ""))
    os._exit(0)
