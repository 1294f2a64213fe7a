"""Take one mail into the house: `python -m imageroute_app.mail_in < message.eml`, as a mail server's pipe does.

Exit status 0: taken, or ignored on purpose; 75 (EX_TEMPFAIL): try again later, nothing was written.
"""

import asyncio
import logging
import sys

from imageroute_app.bootstrap import open_guarded
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.logs import configure_logging
from imageroute_app.services.bounces import Bounce, read_bounce
from imageroute_app.services.mail_intake import MAIL_BYTES_MAX, NotForUs, read_letter
from imageroute_app.settings import Settings, SettingsError, load_settings

log = logging.getLogger(__name__)
TRY_LATER = 75


def main(data: bytes | None = None) -> int:
    """Run the command on a mail, by default the one at standard input; returns the process's exit status."""
    mail = sys.stdin.buffer.read(MAIL_BYTES_MAX + 1) if data is None else data
    try:
        settings = load_settings()
        configure_logging(settings.log_level, settings.log_format)
        return asyncio.run(_take(settings, mail))
    except (SettingsError, ImageRouteError) as error:
        log.error("mail_in.deferred", extra={"kind": type(error).__name__})
        return TRY_LATER


async def _take(settings: Settings, data: bytes) -> int:
    if (bounce := read_bounce(data)) is not None:
        return await _take_bounce(settings, bounce)
    try:
        letter = read_letter(data)
    except NotForUs as error:
        log.info("mail_in.ignored", extra={"why": error.message})
        return 0
    services = await open_guarded(settings)
    try:
        case = await services.office.intake.take(letter)
        log.info("mail_in.taken", extra={"case": case.id, "kind": case.kind.value})
    except NotForUs as error:
        log.info("mail_in.ignored", extra={"why": error.message})
    finally:
        await services.close()
    return 0


async def _take_bounce(settings: Settings, bounce: Bounce) -> int:
    services = await open_guarded(settings)
    try:
        await services.bounces.take(bounce)
    finally:
        await services.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
