import io
import json
import logging
from collections.abc import Iterator

import pytest

from imageroute_app.logs import Damper, configure_logging, new_error_id, trace, withhold_client_text

CANARY = "canary-prompt"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a handler attached by anyone would write, with our record factory in place and the former one put back."""
    former, written = logging.getLogRecordFactory(), io.StringIO()
    withhold_client_text()
    handler = logging.StreamHandler(written)
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)
    logging.setLogRecordFactory(former)


@pytest.mark.promise("P10", "P15")
@pytest.mark.parametrize(
    "name",
    [
        "reflex.app",
        "reflex_base.event",
        "engineio.server",
        "socketio.server",
        "asyncio",
        "python_multipart.multipart",
    ],
)
def test_text_of_libraries_that_quote_clients_is_withheld(log: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("Event data: %s", CANARY)

    assert CANARY not in log.getvalue()
    assert "test_logs" in log.getvalue()


@pytest.mark.promise("P10", "P15")
def test_own_text_stays_and_errors_lose_their_message(log: io.StringIO) -> None:
    try:
        raise ValueError(CANARY)
    except ValueError:
        logging.getLogger("imageroute_app.x").exception("job %s failed", "j1")

    assert "job j1 failed [ValueError at test_logs.py" in log.getvalue()
    assert CANARY not in log.getvalue()


def test_trace_names_the_cause() -> None:
    try:
        try:
            raise KeyError(CANARY)
        except KeyError as error:
            raise RuntimeError(CANARY) from error
    except RuntimeError as error:
        told = trace(error)

    assert told.startswith("RuntimeError at ")
    assert ", from KeyError at " in told
    assert CANARY not in told


def test_flood_of_withheld_records_is_damped() -> None:
    damper = Damper()
    flood = [
        logging.makeLogRecord({"name": "reflex.app", "module": "app", "lineno": 1, "created": 0.0}) for _ in range(100)
    ]
    own = logging.makeLogRecord({"name": "imageroute_app", "module": "app", "lineno": 1, "created": 0.0})

    assert sum(damper.filter(record) for record in flood) == 20
    assert damper.filter(own)


@pytest.mark.promise("P15")
def test_configured_log_is_one_line_a_record(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    root, ours = logging.getLogger(), logging.getLogger("imageroute_app")
    former, level, own = root.handlers[:], root.level, ours.level
    try:
        configure_logging("debug")
        logging.getLogger("a_driver").info("command with %s", CANARY)
        ours.debug("ready")
    finally:
        root.handlers[:] = former
        root.setLevel(level)
        ours.setLevel(own)

    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("DEBUG imageroute_app ready")


def test_error_ids_differ() -> None:
    assert new_error_id() != new_error_id()


def test_lines_of_json_hold_what_stands_beside_the_message(
    log: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    root, ours = logging.getLogger(), logging.getLogger("imageroute_app")
    former, level, own = root.handlers[:], root.level, ours.level
    try:
        configure_logging("info", "json")
        logging.getLogger("imageroute_app.x").info("job.done", extra={"job": "j1", "level": "not this"})
    finally:
        root.handlers[:] = former
        root.setLevel(level)
        ours.setLevel(own)

    line = json.loads(capsys.readouterr().err)
    assert (line["message"], line["job"], line["level"], line["logger"]) == (
        "job.done",
        "j1",
        "INFO",
        "imageroute_app.x",
    )
