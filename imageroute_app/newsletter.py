"""Send an issue of the newsletter: `python -m imageroute_app.newsletter FILE`.

The file's first line is the subject, the second is empty, the rest is the text. Only confirmed addresses get it, each once: run
again after an interruption or while a mail server refuses, it goes on where it was.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from imageroute_app.bootstrap import open_guarded
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.logs import configure_logging
from imageroute_app.services.newsletter import Sent
from imageroute_app.settings import load_settings


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the process's exit status, 1 when a mail server refused some for now."""
    parser = argparse.ArgumentParser(prog="python -m imageroute_app.newsletter", description="Send a newsletter.")
    parser.add_argument("file", type=Path, help="subject in the first line, an empty line, the text")
    options = parser.parse_args(arguments)
    settings = load_settings()
    configure_logging(settings.log_level, settings.log_format)
    try:
        subject, _, text = options.file.read_text(encoding="utf-8").partition("\n")
        sent = asyncio.run(_send(subject.strip(), text.strip()))
    except OSError as error:
        sys.stderr.write(f"{options.file} cannot be read: {error.strerror}\n")
        return 2
    except ImageRouteError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    sys.stdout.write(f"{sent.sent} sent now, {sent.had} had it already, {sent.failed} to try again\n")
    return 1 if sent.failed else 0


async def _send(subject: str, text: str) -> Sent:
    services = await open_guarded(load_settings())
    try:
        return await services.newsletter.send(subject, text)
    finally:
        await services.close()


if __name__ == "__main__":
    sys.exit(main())
