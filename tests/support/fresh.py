"""Processes that share nothing with the one that starts them, and yet need not load the product anew: each is forked
from a server that has loaded it, holds no register and runs no thread."""

from __future__ import annotations

import multiprocessing

FRESH = multiprocessing.get_context("forkserver")
FRESH.set_forkserver_preload(["pytest", "tests.support.town"])
