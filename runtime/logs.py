"""Logging of the processes: one line an event on standard error, as text or as JSON, identity numbers struck out.

Whatever writes there passes the same scrubber: our loggers and those of uvicorn, temporalio, asyncio and SQLAlchemy,
warnings, what nobody caught in the process, in a thread or in a finaliser. Bodies, parameters and headers are not
logged at all; the scrubber is for what an exception quotes (ledger.md rule 11; ASVS 5.0 V16.2.5; P16).
"""

from __future__ import annotations

import faulthandler
import json
import logging
import re
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Literal

LogFormat = Literal["text", "json"]
FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"
STRUCK = "************"

_DIGIT = "[0-9０-９]"
_GAP = "[ \u00a0\u3000\t._-]{0,2}"
_LAST = "[0-9Xx０-９Ｘｘ]"
# Eighteen or fifteen digits with at most small gaps between them, and no digit beside them: a longer run is a time in
# nanoseconds or a serial number, a shorter one a port or a count. The area code is left, which names no person.
_EIGHTEEN = re.compile(
    f"(?<!{_DIGIT})((?:{_DIGIT}{_GAP}){{5}}{_DIGIT})(?:{_GAP}{_DIGIT}){{11}}{_GAP}{_LAST}(?!{_DIGIT})"
)
_FIFTEEN = re.compile(f"(?<!{_DIGIT})((?:{_DIGIT}{_GAP}){{5}}{_DIGIT})(?:{_GAP}{_DIGIT}){{9}}(?!{_DIGIT})")
_ESCAPED = re.compile(r"\\u(00[0-7][0-9a-f]|ff[0-5][0-9a-f]|3000)", re.IGNORECASE)
_PERCENT = re.compile(r"%(3[0-9]|58|78|20|2[dDeE])|%[eE][fF]%[bB][cC]%([89aAbB][0-9a-fA-F])")


def scrub(text: str) -> str:
    """`text` with everything shaped like an identity number, of eighteen or fifteen digits, cut to its area code.

    Digits of any width, in groups, JSON-escaped or percent-encoded; only what was struck out is written anew.
    """
    plain = _EIGHTEEN.sub(rf"\1{STRUCK}", text)
    plain = _FIFTEEN.sub(rf"\1{STRUCK}", plain)
    for written in (_ESCAPED, _PERCENT):
        if written.search(plain):
            read = written.sub(_read, plain)
            if _EIGHTEEN.search(read) or _FIFTEEN.search(read):
                plain = scrub(read)
    return plain


def _read(found: re.Match[str]) -> str:
    """The character that an escape stands for."""
    if found[0].startswith("\\"):
        return chr(int(found[1], 16))
    if found[1] is not None:
        return chr(int(found[1], 16))
    return chr(0xFF00 + int(found[2], 16) - 0x80)


class Scrubbing(logging.Formatter):
    """One line of text an event, with its traceback below; scrubbed whole, whoever logged it."""

    def format(self, record: logging.LogRecord) -> str:
        return scrub(super().format(record))


class Structured(logging.Formatter):
    """One JSON object a line: `time` (ISO 8601, UTC), `level`, `logger`, `message`, `process`, and `exception`, the
    traceback as text, where there is one. What a logger adds to a record (`extra`) is not written."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": scrub(record.getMessage()),
            "process": record.process,
        }
        if record.exc_info:
            line["exception"] = scrub(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = scrub(self.formatStack(record.stack_info))
        return json.dumps(line, ensure_ascii=False)


def set_up_logging(level: int = logging.INFO, form: LogFormat = "text") -> None:
    """Everything that this process says goes through one scrubbed handler."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Structured() if form == "json" else Scrubbing(FORMAT))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in list(logging.root.manager.loggerDict):
        _through_root(logging.getLogger(name))
    # Each of these logs a line per call or per request, which would bury what an operator looks for.
    for name in ("httpx", "alembic", "uvicorn.access", "temporalio.activity"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # Its warnings name who signs in and where to, with everything that was typed into an address.
    logging.getLogger("starlette_admin").setLevel(logging.ERROR)
    for name in ("sqlalchemy.engine", "sqlalchemy.pool"):  # at INFO the engine logs every parameter
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.captureWarnings(True)
    logging.raiseExceptions = False  # else a line that cannot be written is shown with its arguments
    sys.excepthook = _uncaught
    threading.excepthook = _uncaught_in_thread
    sys.unraisablehook = _unraisable
    faulthandler.enable()  # names of functions and lines alone, no values


def _through_root(logger: logging.Logger) -> None:
    """A handler of its own would pass by the scrubber."""
    for handler in list(logger.handlers):
        logger.removeHandler(handler)
    logger.propagate = True


_logger = logging.getLogger("dingbian.uncaught")


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _logger.critical("uncaught %s", kind.__name__, exc_info=(kind, error, trace))


def _uncaught_in_thread(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None:
        _logger.critical(
            "uncaught %s in a thread",
            args.exc_type.__name__,
            exc_info=(args.exc_type, args.exc_value, args.exc_traceback),
        )


def _unraisable(args: sys.UnraisableHookArgs) -> None:
    place = getattr(args.object, "__qualname__", type(args.object).__name__)
    error = args.exc_value
    _logger.error("ignored in %s", place, exc_info=(type(error), error, args.exc_traceback) if error else None)
