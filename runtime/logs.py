"""Logging of the processes: one line an event on standard error, identity numbers struck out."""

from __future__ import annotations

import logging
import re
import sys

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
_IDENTITY = re.compile(r"(?<!\d)(\d{6})\d{8}\d{3}[\dXx](?![\dXx])")


def scrub(text: str) -> str:
    """`text` with everything shaped like an identity number cut to its region code."""
    return _IDENTITY.sub(r"\1************", text)


class Scrubbing(logging.Formatter):
    """Strikes out identity numbers in message, arguments and traceback, whoever logged them (ledger.md rule 11)."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


def set_up_logging(level: int = logging.INFO) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Scrubbing(FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Each of these logs a line per call or per request, which would bury what an operator looks for.
    for name in ("httpx", "alembic", "uvicorn.access", "temporalio.activity"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its warnings name who signs in and where to, with everything that was typed into an address.
    logging.getLogger("starlette_admin").setLevel(logging.ERROR)
