"""catalogue, retention, verify, migrate, keys: what concerns the installation as a whole."""

import argparse
import base64
import secrets
from datetime import timedelta

from imageroute_app.bootstrap import (
    Stores,
    arrivals_of,
    begin_rotation,
    end_rotation,
    open_embedded,
    open_stores,
    refuse_move,
    restore_fault,
    utc_now,
)
from imageroute_app.command.kit import DONE, FAILED, Command, Refused, opened, say, show, stores_of
from imageroute_app.serve import lock_data_dir
from imageroute_app.services.migration import Migration, Side
from imageroute_app.services.rotation import rewrap_all
from imageroute_app.services.verification import NAMED, Verification
from imageroute_app.settings import Settings

SWEEP = timedelta(minutes=15)
PAGE = 500


async def catalogue(settings: Settings, _options: argparse.Namespace) -> int:
    """List every model that could be used, and which can be now."""
    async with opened(settings) as services:
        models = services.routing.models()
    for model in sorted(models, key=lambda one: one.key):
        retires = f", retires {model.retires_on}" if model.retires_on else ""
        say(f"{model.key:<44} {model.policy.company}, {model.policy.country}: {model.policy.retention_text}{retires}")
    providers = {model.provider for model in models}
    say(f"{len(models)} models of {len(providers)} providers can be used; the key of another provider adds its models.")
    return DONE


async def retention(settings: Settings, _options: argparse.Namespace) -> int:
    """Remove what is over, now instead of within a quarter of an hour."""
    async with opened(settings) as services:
        gone = await services.retention.sweep(SWEEP)
        failing = services.retention.failing
    say(f"{gone} things were over and are gone")
    for name in failing:
        say(f"could not be done now, and is tried again by the next sweep: {name}")
    return FAILED if failing else DONE


async def verify(settings: Settings, _options: argparse.Namespace) -> int:
    """Ask whether everything adds up."""
    async with stores_of(settings) as stores:
        findings = await Verification(
            rows=stores.database.rows(), media=stores.media, keys=stores.keys, tombstones=stores.tombstones, report=show
        ).run()
    for finding in findings:
        wrong = len(finding.wrong)
        say(f"{'ok   ' if not wrong else 'WRONG'} {finding.question} ({finding.asked} looked at)")
        for one in finding.wrong[:NAMED]:
            say(f"        {one}")
        if wrong > NAMED:
            say(f"        and {wrong - NAMED} more")
    return FAILED if any(finding.wrong for finding in findings) else DONE


def declare_migrate(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `migrate`."""
    parser.add_argument(
        "--to", required=True, choices=("mongodb", "sqlite"), help="which database the data shall lie in"
    )


def declare_announce(parser: argparse.ArgumentParser) -> None:
    """Declare the argument of `announce`."""
    parser.add_argument("company", help="cloudinary, clerk, dodo, or mail:, database: or redis: with a domain")


async def announce(settings: Settings, options: argparse.Namespace) -> int:
    """Tell everyone that a company is going to get data, 30 days before it does."""
    async with stores_of(settings) as stores:
        told = await arrivals_of(settings, stores.database).announce(options.company.strip().casefold())
    say(f"Everyone is told within the next hour that {told.company} may get data from {told.opens_at:%-d %B %Y} on.")
    say("Set its settings on that day, and not before.")
    return DONE


async def migrate(settings: Settings, options: argparse.Namespace) -> int:
    """Move rows, keys and notes to the other database."""
    if not settings.mongodb_uri:
        raise Refused(
            "Set IMAGEROUTE_MONGODB_URI whichever way the data goes, and IMAGEROUTE_MASTER_KEY to the source's."
        )
    embedded, mongo = await open_embedded(settings), await open_stores(settings)
    try:
        if options.to == "mongodb":
            await refuse_move(settings, "database", embedded.database)
        source, target = (embedded, mongo) if options.to == "mongodb" else (mongo, embedded)
        move = Migration(
            source=_side(source), target=_side(target), clock=utc_now, report=show, fault=restore_fault(settings)
        )
        done = await move.run()
    finally:
        await embedded.close()
        await mongo.close()
    show("")
    say(f"{done.rows} rows are the same on both sides ({done.written} written now), and {done.keys} keys")
    say(f"SHA-256 of all rows: {done.sha256}")
    if options.to == "mongodb":
        say("Start with these settings. The old files imageroute.db, keys and tombstones stay until you delete them.")
    else:
        say("Remove IMAGEROUTE_MONGODB_URI before the next start. The databases on MongoDB stay until you drop them.")
    return DONE


def _side(stores: Stores) -> Side:
    return Side(database=stores.database, keys=stores.keys, key_rows=stores.keys, tombstones=stores.tombstones)


async def new_key(_settings: Settings, _options: argparse.Namespace) -> int:
    """Print a new master key, which is kept nowhere."""
    say(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())
    return DONE


async def rotate(settings: Settings, _options: argparse.Namespace) -> int:
    """Wrap every key by the next master key."""
    folder = settings.data_dir / "keys"
    in_folder = not settings.master_key
    if in_folder:
        with lock_data_dir(settings.data_dir):  # a running server would not know of the new one
            begin_rotation(folder)
            total, changed = await _rewrap(settings)
            kept = end_rotation(folder)
        say(f"{total} keys are wrapped by the new master key, {changed} of them now")
        say(f"The old one is kept as {kept}: copies of the keys made before today need it. Delete it in a week.")
        return DONE
    if not settings.master_key_previous:
        raise Refused(
            "Set IMAGEROUTE_MASTER_KEY_PREVIOUS to the master key so far and IMAGEROUTE_MASTER_KEY to a new one"
            " (`imageroute keys new` prints one), start every server with both, and run this again."
        )
    total, changed = await _rewrap(settings)
    say(f"{total} keys are wrapped by the new master key, {changed} of them now")
    say(
        "Remove IMAGEROUTE_MASTER_KEY_PREVIOUS at the next start; keep it for a week, older copies of the keys need it."
    )
    return DONE


async def _rewrap(settings: Settings) -> tuple[int, int]:
    async with stores_of(settings) as stores:
        done = await rewrap_all(stores.database.rows(), stores.keys, report=show, fault=restore_fault(settings))
    show("")
    return done


async def sign_out(settings: Settings, _options: argparse.Namespace) -> int:
    """End every session of everyone."""
    ended, after = 0, ""
    async with opened(settings) as services:
        sessions = services.database.tables.sessions
        while found := await sessions.walk(after, PAGE):
            for session in found:
                ended += await sessions.delete(session.id, session.owner)
            after = found[-1].id
    say(f"{ended} sessions ended; everyone signs in again")
    return DONE


HOUSE_COMMANDS = (
    Command(words="catalogue", purpose="list the models that can be used with these settings", run=catalogue),
    Command(words="retention run", purpose="remove now what has reached its end", run=retention),
    Command(
        words="verify",
        purpose="look whether books, pictures, erasures and data map add up; changes nothing",
        run=verify,
    ),
    Command(
        words="migrate",
        purpose="move all data to the other database, compared row by row; stopped, it goes on",
        run=migrate,
        declare=declare_migrate,
        is_alone=True,
    ),
    Command(
        words="announce",
        purpose="tell everyone of a store, seller, sign-in or mail service 30 days before its settings are set",
        run=announce,
        declare=declare_announce,
    ),
    Command(words="keys new", purpose="print a new master key", run=new_key),
    Command(
        words="keys rotate",
        purpose="wrap every person's key by a new master key; stopped, it goes on",
        run=rotate,
    ),
    Command(words="keys end-sessions", purpose="sign everyone out, on every device", run=sign_out),
)
