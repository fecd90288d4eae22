"""`dingbian up`: prepares what is new, starts everything, says where it is, watches it, stops it cleanly."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from models.enums import Department, Role

from .client import TemporalAway
from .embedded import DataFolderLock
from .first_start import prepare
from .keyring import load_keyring
from .schedules import ensure, told
from .settings import Settings, load_rulebook, temporal_profile, uses_embedded_temporal
from .stack import Stack
from .terminal import progress_bar

WATCH_SECONDS = 0.5
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_up(settings: Settings, console: Console) -> None:
    """Returns after Ctrl-C or SIGTERM, with everything stopped. Raises StartFault when it cannot go on."""

    def say(text: str) -> None:
        console.print(escape(text))

    with DataFolderLock(settings.data_dir), stop_asked() as stop:
        stack = Stack(settings, say)
        stack.check_ports()  # before a new folder is filled
        with progress_bar(console) as report:
            accounts = prepare(settings, report)
        stack.start()
        try:
            welcome(settings, accounts, console)
            say(scheduled(settings))
            while not stop.wait(WATCH_SECONDS):
                stack.watch()
            say(f"收到 {stop.by}，正在停止…… · {stop.by} received, stopping…")
        finally:
            stack.stop()
        say("已全部停止，下次启动从此处继续 · all stopped; the next start goes on from here")


def scheduled(settings: Settings) -> str:
    """The office's schedules stand as the rules say. An office without them still works, so this stops nothing."""
    keyring = load_keyring(settings.keyring_file, settings.cipher, settings.profile)
    try:
        ensured = asyncio.run(ensure(settings, keyring, load_rulebook(settings)))
    except TemporalAway as fault:
        return f"定时任务未能建立（{fault}），请运行 dingbian schedules · schedules not ensured; run dingbian schedules"
    return "\n".join(told(each) for each in ensured)


class Stop(threading.Event):
    """Set by a signal; `by` is the name of the first one, such as SIGTERM: who stopped us is the first question."""

    by = ""

    def asked(self, number: int, _frame: object) -> None:
        self.by = self.by or signal.Signals(number).name
        self.set()


@contextmanager
def stop_asked() -> Iterator[Stop]:
    """An event set by Ctrl-C, SIGTERM or a closed terminal; the former handlers come back at exit.

    Nothing is raised into whatever runs, so a child is never started and then forgotten.
    """
    stop = Stop()
    former = {number: signal.signal(number, stop.asked) for number in _STOPPING}
    try:
        yield stop
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def welcome(settings: Settings, accounts: list[dict[str, Any]], console: Console) -> None:
    """Addresses, demo accounts, and what to try next."""
    console.print("\n[bold green]定编已启动[/] · Dingbian is up\n")
    console.print(addresses(settings))
    if accounts:
        console.print(account_table(accounts))
        console.print(f"密码与令牌 · passwords and tokens: {settings.demo_accounts_file}", soft_wrap=True)
    console.print("\n接下来 · what to try next:")
    for text in _next_steps(settings, demo=bool(accounts)):
        console.print(f"  • {text}", markup=False, soft_wrap=True)
    console.print("\n按 Ctrl-C 停止 · Ctrl-C stops everything\n")


def addresses(settings: Settings) -> Table:
    table = Table(box=None, show_header=False)
    table.add_row("控制台 console", f"{settings.api_url}/console/")
    table.add_row("接口 API", f"{settings.api_url}/api/v1")
    if uses_embedded_temporal():
        table.add_row("Temporal 界面 UI", settings.ui_url)
    else:
        table.add_row("Temporal 集群 cluster", temporal_profile().address or "")
    table.add_row("数据目录 data folder", str(settings.data_dir))
    table.add_row("日志 logs", str(settings.logs_dir))
    return table


def account_table(accounts: list[dict[str, Any]]) -> Table:
    table = Table(title="演示账号 · demo accounts", title_justify="left")
    for heading in ("登录名 login", "姓名 name", "部门 department", "角色 roles"):
        table.add_column(heading)
    for account in accounts:
        roles = "、".join(Role(role).label for role in account["roles"])
        table.add_row(account["login"], account["name"], Department(account["department"]).label, roles)
    return table


def _next_steps(settings: Settings, *, demo: bool) -> list[str]:
    steps = [
        f"打开控制台，用登录名和密码登录 · open the console and sign in: {settings.api_url}/console/",
        f"接口一览 · every operation of the API: {settings.api_url}/api/v1/reference",
        "核验台账 · verify the ledger: dingbian verify",
    ]
    if demo:
        steps.insert(1, "走完一件用编 · drive one staffing-up to its end: make demo（dingbian demo）")
    else:
        steps.insert(1, "发放令牌 · issue a token: dingbian token --help")
    return steps
