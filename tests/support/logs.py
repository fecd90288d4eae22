"""A process that logs as the product's processes do, for the length of a test."""

from __future__ import annotations

import faulthandler
import io
import logging
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from runtime.logs import LogFormat, set_up_logging


@contextmanager
def logged(form: LogFormat = "text", level: int = logging.INFO) -> Iterator[io.StringIO]:
    """What is written to standard error meanwhile; everything is as it was afterwards."""
    out = io.StringIO()
    root = logging.getLogger()
    kept = root.handlers[:], root.level, logging.raiseExceptions
    quiet = {name: logging.getLogger(name).level for name in ("starlette_admin", "sqlalchemy.engine", "httpx")}
    with (
        patch.object(sys, "excepthook", sys.excepthook),
        patch.object(sys, "unraisablehook", sys.unraisablehook),
        patch.object(threading, "excepthook", threading.excepthook),
        patch.object(faulthandler, "enable"),  # pytest has its own
        patch.object(sys, "stderr", out),
    ):
        set_up_logging(level, form)
        try:
            yield out
        finally:
            logging.captureWarnings(False)
            root.handlers[:], was, logging.raiseExceptions = kept
            root.setLevel(was)
            for name, of_name in quiet.items():
                logging.getLogger(name).setLevel(of_name)
