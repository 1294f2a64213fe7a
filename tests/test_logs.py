import io
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


@pytest.mark.parametrize("name", ["reflex.app", "reflex_base.event", "engineio.server", "socketio.server", "asyncio"])
def test_text_of_libraries_that_quote_clients_is_withheld(log: io.StringIO, name: str) -> None:
    logging.getLogger(name).error("Event data: %s", CANARY)

    assert CANARY not in log.getvalue()
    assert "test_logs" in log.getvalue()


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


def test_configured_log_is_one_line_a_record(log: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    root = logging.getLogger()
    former, level = root.handlers[:], root.level
    try:
        configure_logging("info")
        logging.getLogger("imageroute_app").info("ready")
    finally:
        root.handlers[:] = former
        root.setLevel(level)

    assert capsys.readouterr().err.endswith("INFO imageroute_app ready\n")


def test_error_ids_differ() -> None:
    assert new_error_id() != new_error_id()
