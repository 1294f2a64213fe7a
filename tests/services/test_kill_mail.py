"""kill -9 around the first try of a mail: it comes once, or twice under one number, never not at all."""

import asyncio
import base64
import secrets
import signal
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from pathlib import Path
from typing import cast

import pytest

from imageroute_app.bootstrap import open_services
from imageroute_app.settings import load_settings
from tests.adapters.mail_server import Box, mail_server
from tests.doubles import MovingClock
from tests.forks import fork
from tests.mongo_server import RUN
from tests.services.worker_child import EMAIL, environment, work


def letters(box: Box) -> list[Message]:
    return [message_from_bytes(cast("bytes", envelope.content)) for envelope in box.sent]


async def killed(folder: Path, environ: dict[str, str]) -> None:
    """Run a process that writes a mail until it is killed."""
    forked = await asyncio.to_thread(fork, work, "write", folder=folder, environment=environ)
    ended = await asyncio.to_thread(forked.ended)
    assert ended.status == -signal.SIGKILL, ended.error


@pytest.mark.parametrize("engine", ["sqlite", "mongo"])
@pytest.mark.parametrize(("point", "times"), [("mail.kept", 1), ("mail.sent", 2)])
async def test_a_mail_outlives_the_process_that_was_to_send_it(
    tmp_path: Path, request: pytest.FixtureRequest, engine: str, point: str, times: int
) -> None:
    extra = {}
    if engine == "mongo":
        extra = {
            "IMAGEROUTE_MONGODB_URI": request.getfixturevalue("mongo_uri"),
            "IMAGEROUTE_MONGODB_DATABASE": f"{RUN}_{secrets.token_hex(4)}",
            "IMAGEROUTE_MASTER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
    async with mail_server() as box:
        extra |= {
            "IMAGEROUTE_SMTP_URL": f"smtp://127.0.0.1:{box.port}",
            "IMAGEROUTE_MAIL_FROM": "ImageRoute <noreply@localhost>",
        }
        settings = environment(tmp_path / "data", extra)
        await killed(tmp_path / "fork", settings | {"IMAGEROUTE_TEST_FAULT": f"{point}:kill"})
        assert len(box.sent) == times - 1
        clock = MovingClock(datetime.now(UTC))
        services = await open_services(load_settings(settings), clock=clock)
        assert await services.mails.deliver() == 0  # it may still be in another process's hands
        clock.move(minutes=5)
        assert await services.mails.deliver() == 1
        assert await services.mails.waiting() == 0
        clock.move(days=1)
        assert await services.mails.deliver() == 0
        await services.close()
    assert [letter["To"] for letter in letters(box)] == [EMAIL] * times
    assert len({letter["Message-ID"] for letter in letters(box)}) == 1
