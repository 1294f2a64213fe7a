"""Logs that never hold what a person typed, sent or is known by.

Two rules keep them so, whatever handler is attached later:
- the text of records made by Reflex and its socket libraries is withheld (they print payloads, headers and cookies);
  their place in the source stays, so that a maintainer finds the line;
- an exception is written as its type and the lines it passed, never with its message, which may quote the input.
"""

import json
import logging
import secrets
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

from imageroute_app.pace import Buckets

WITHHELD = ("reflex", "socketio", "engineio", "asyncio", "python_multipart")
"""Loggers whose text may quote clients. `reflex` covers reflex_base and the component packages."""


def new_error_id() -> str:
    """Return a short id that a person can quote and a maintainer can find in the log."""
    return secrets.token_hex(6)


def trace(error: BaseException) -> str:
    """Return the error's type and path through the source, innermost last, without its message."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    path = " > ".join(f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames)
    cause = error.__cause__ or error.__context__
    return f"{type(error).__name__} at {path or 'unknown'}" + (f", from {trace(cause)}" if cause else "")


def withhold_client_text() -> None:
    """Make every log record of this process safe to keep. Idempotent."""
    if getattr(logging.getLogRecordFactory(), "withholds", False):
        return
    make_record = logging.getLogRecordFactory()

    def make_safe_record(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make_record(*args, **kwargs)
        error = record.exc_info[1] if record.exc_info else None
        if is_withheld(record.name):
            record.msg, record.args = f"text withheld, {record.module}.{record.funcName}:{record.lineno}", ()
        if error is not None:
            record.msg, record.args = f"{record.getMessage()} [{trace(error)}]", ()
            record.exc_info = record.exc_text = None
        return record

    make_safe_record.withholds = True  # type: ignore[attr-defined]
    logging.setLogRecordFactory(make_safe_record)


class Damper(logging.Filter):
    """Lets a place in the source speak 20 times at once and then once in 5 seconds, when its words are withheld anyway."""

    def __init__(self) -> None:
        """Begin with every place silent."""
        super().__init__()
        self._places = Buckets(per_s=0.2, burst=20)

    def filter(self, record: logging.LogRecord) -> bool:
        """Say whether to keep the record."""
        return not is_withheld(record.name) or self._places.take(f"{record.module}:{record.lineno}", record.created)


def is_withheld(name: str) -> bool:
    """Say whether this logger's text may quote clients."""
    return name.partition(".")[0].startswith(WITHHELD)


OURS = ("imageroute_app", "__main__")
"""The second is the module that was started by `python -m`."""


class JsonLines(logging.Formatter):
    """One JSON object a record: time, level, logger, message, and what was given beside it by name, which are ids and codes."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"time": time, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        beside = {name: value for name, value in record.__dict__.items() if name not in USUAL}
        return json.dumps({**beside, **line}, default=str, ensure_ascii=False)


USUAL = frozenset({*logging.LogRecord("", 0, "", 0, "", (), None).__dict__, "message", "asctime", "color_message"})
"""What every record has; the rest was given beside the message."""


def configure_logging(level: str, form: str = "text") -> None:
    """Send the process's log to standard error, one line a record, and withhold client text.

    `form` is "text", or "json" for one object a line.
    Below a warning only our own loggers speak: drivers and decoders write commands, tags of pictures and signed addresses.
    """
    withhold_client_text()
    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(Damper())
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    handler.setFormatter(JsonLines() if form == "json" else plain)
    logging.basicConfig(
        level=max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]), handlers=[handler], force=True
    )
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
