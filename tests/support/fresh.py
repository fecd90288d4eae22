"""Processes that share no connection and no lock with the one that starts them, and yet need not load the product anew:
each is forked from a server that has loaded it, holds no register and runs no thread. Their environment is that of the
server's own start: a variable that a test sets does not reach them."""

from __future__ import annotations

import multiprocessing

FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(["pytest", "tests.support.town"])
