"""The command line itself: one parser made from the list of commands, one way to end."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Sequence

from imageroute_app import mail_in, move_media, newsletter
from imageroute_app.command.doctor import DOCTOR_COMMANDS
from imageroute_app.command.house import HOUSE_COMMANDS
from imageroute_app.command.kit import FAILED, REFUSED, Command, Refused
from imageroute_app.command.people import PEOPLE_COMMANDS
from imageroute_app.command.stores import STORE_COMMANDS
from imageroute_app.domain.errors import Conflict, ImageRouteError, InvalidInput, NotFound
from imageroute_app.logs import configure_logging
from imageroute_app.serve import CannotStart, lock_data_dir, print_faults
from imageroute_app.settings import Settings, SettingsError, load_settings

COMMANDS: Sequence[Command] = (*PEOPLE_COMMANDS, *STORE_COMMANDS, *HOUSE_COMMANDS, *DOCTOR_COMMANDS)
OTHERS = {
    "mail-in": (mail_in.main, "take one mail from standard input into the cases, as a mail server's pipe does"),
    "newsletter": (newsletter.main, "send an issue of the newsletter: newsletter FILE"),
    "move-media": (move_media.main, "move all pictures to another store: move-media --to cloudinary|local"),
}
EPILOG = """\
exit status: 0 done; 1 something is wrong, or has to be tried again; 2 refused as it was asked, nothing was done.
Settings are those of the server: the environment, or .env in the project's folder. Every look at a person's data needs
--reason; the person is shown it in the app.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the process's exit status."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if given and given[0] in OTHERS:
        run, _ = OTHERS[given[0]]
        return run() if run is mail_in.main else run(given[1:])
    parser, by_words = _parser()
    options = parser.parse_args(given)
    if options.words not in by_words:
        parser.parse_args([*given, "--help"])
    return _ended(by_words[options.words], options)


def _ended(command: Command, options: argparse.Namespace) -> int:
    try:
        settings = load_settings()
        configure_logging("warning" if settings.log_level == "info" else settings.log_level)
        with _alone(settings) if command.is_alone else contextlib.nullcontext():
            return asyncio.run(_run(command, settings, options))
    except SettingsError as error:
        print_faults("Some settings cannot be used:", error.faults)
    except CannotStart as error:
        print_faults("Not while a server runs:", (str(error),))
    except (Refused, InvalidInput, NotFound, Conflict) as error:
        sys.stderr.write(f"{error.message}\n")
    except ImageRouteError as error:
        sys.stderr.write(f"{error.message}\n")
        return FAILED
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Running the same command again goes on or begins anew.\n")
        return FAILED
    return REFUSED


async def _run(command: Command, settings: Settings, options: argparse.Namespace) -> int:
    return await command.run(settings, options)


@contextlib.contextmanager
def _alone(settings: Settings):  # noqa: ANN202  # a context manager of nothing
    with lock_data_dir(settings.data_dir):
        yield


def _parser() -> tuple[argparse.ArgumentParser, dict[str, Command]]:
    parser = argparse.ArgumentParser(
        prog="imageroute",
        description="Run an installation of ImageRoute.",
        epilog=EPILOG + "".join(f"\nalso: imageroute {name:<11} {text}" for name, (_, text) in OTHERS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(words="")
    groups: dict[str, argparse._SubParsersAction[argparse.ArgumentParser]] = {}
    top = parser.add_subparsers(title="commands", metavar="COMMAND")
    for command in COMMANDS:
        first, _, second = command.words.partition(" ")
        if not second:
            _declare(top.add_parser(first, help=command.purpose, description=_sentence(command.purpose)), command)
            continue
        if first not in groups:
            inner = [one for one in COMMANDS if one.words.startswith(f"{first} ")]
            purpose = ", ".join(one.words.partition(" ")[2] for one in inner)
            group = top.add_parser(first, help=purpose, description=f"imageroute {first}: {purpose}.")
            group.set_defaults(words=first)
            groups[first] = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
        _declare(
            groups[first].add_parser(second, help=command.purpose, description=_sentence(command.purpose)), command
        )
    return parser, {command.words: command for command in COMMANDS}


def _declare(parser: argparse.ArgumentParser, command: Command) -> None:
    command.declare(parser)
    parser.set_defaults(words=command.words)


def _sentence(purpose: str) -> str:
    return purpose[0].upper() + purpose[1:] + "."
