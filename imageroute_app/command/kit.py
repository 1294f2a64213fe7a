"""What every sub-command uses: how it is declared, how it speaks, and how it opens an installation."""

import argparse
import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

from imageroute_app.bootstrap import Stores, open_guarded, open_stores
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.services.house import Services
from imageroute_app.settings import Settings

DONE, FAILED, REFUSED = 0, 1, 2
"""Exit statuses: done; something is wrong or has to be tried again; refused as it was asked, nothing was done."""

Run = Callable[[Settings, argparse.Namespace], Awaitable[int]]
Declare = Callable[[argparse.ArgumentParser], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One sub-command: its words, what it is for, its arguments, and what it does.

    `is_alone`: no server may hold the data folder while it runs.
    """

    words: str
    purpose: str
    run: Run
    declare: Declare = lambda parser: None
    is_alone: bool = False


class Refused(ImageRouteError):
    """What was asked cannot be done as it was asked; the message says what to do."""

    code = "refused"


def say(line: str) -> None:
    """Write a line for the person who ran the command."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def show(line: str) -> None:
    """Show how far it is, on a terminal only, over the line before."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
        sys.stderr.flush()


def ask(question: str) -> str:
    """Return what the person types; raises Refused where nobody can."""
    try:
        return input(question).strip()
    except EOFError as error:
        raise Refused("Nobody is there to answer: run it in a terminal, or add --yes.") from error


@contextlib.asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Services]:
    """Open the services around a block; a server may run beside it."""
    services = await open_guarded(settings)
    try:
        yield services
    finally:
        await services.close()


@contextlib.asynccontextmanager
async def stores_of(settings: Settings) -> AsyncIterator[Stores]:
    """Open the stores alone around a block."""
    stores = await open_stores(settings)
    try:
        yield stores
    finally:
        await stores.close()


def days(number: int) -> str:
    """Return "1 day" or "n days"."""
    return f"{number} day" if number == 1 else f"{number} days"
