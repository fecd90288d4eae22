"""The worker of the benchmark, in its own process as in use: the product's activities, and the bare ones.

It tells the driver over a local datagram socket when an activity has returned, for both kinds alike, so that
neither pays for polling.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.cases import CaseActivities
from benchmarks.bare import BareCase
from models.decisions import Handle, Moment, Signal, Unreadable
from models.docket import Desk
from runtime.plugin import dingbian_plugin
from tests.support.office import Office, keyring
from workflows.registry import WORKFLOWS


class Told:
    """The product's activities under their own names; each tells when it is done."""

    def __init__(self, cases: CaseActivities, path: str) -> None:
        self._cases = cases
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)

    def tell(self, what: str) -> None:
        self._socket.sendto(what.encode(), self._path)

    @activity.defn(name="open_case")
    def open_case(self, moment: Moment) -> Desk:
        desk = self._cases.open_case(moment)
        self.tell(f"{moment.case_id}|0")
        return desk

    @activity.defn(name="handle_command")
    def handle_command(self, order: Handle) -> Desk:
        desk = self._cases.handle_command(order)
        self.tell(order.decision_id)
        return desk

    @activity.defn(name="ring")
    def ring(self, moment: Moment) -> Desk:
        return self._cases.ring(moment)

    @activity.defn(name="note_unreadable")
    def note_unreadable(self, unreadable: Unreadable) -> Desk:
        return self._cases.note_unreadable(unreadable)

    @activity.defn(name="nothing")
    def nothing(self, order: Signal) -> Signal:
        self.tell(order.decision_id)
        return order


async def serve(address: str, folder: Path, told: str) -> None:
    office = Office(folder)
    client = await Client.connect(address, plugins=[dingbian_plugin(keyring())])
    acts = Told(office.activities, told)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with ThreadPoolExecutor(20) as threads:
        worker = Worker(
            client,
            task_queue="dingbian",
            workflows=[*WORKFLOWS, BareCase],
            activities=[acts.open_case, acts.handle_command, acts.ring, acts.note_unreadable, acts.nothing],
            activity_executor=threads,
            max_cached_workflows=2000,
        )
        async with worker:
            acts.tell("ready")
            await stop.wait()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
    sys.stdout.flush()
    os._exit(0)
