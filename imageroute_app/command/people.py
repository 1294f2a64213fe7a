"""users, credits, export, erase: what concerns one account, always with a reason."""

import argparse
import contextlib
from collections.abc import AsyncIterator

from imageroute_app.bootstrap import new_id, utc_now
from imageroute_app.command.kit import DONE, Command, Refused, ask, opened, say
from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.erasures import GRACE
from imageroute_app.services.house import Services
from imageroute_app.services.operators import Account, Operators
from imageroute_app.settings import Settings

REASON = "why; written into the person's own books and shown to them"


@contextlib.asynccontextmanager
async def operators_of(settings: Settings) -> AsyncIterator[Operators]:
    """Open what acts on accounts around a block."""
    async with opened(settings) as services:
        yield _operators(services)


def _operators(services: Services) -> Operators:
    return Operators(
        database=services.database,
        gate=services.gate,
        notices=services.notices,
        erasures=services.erasures,
        exports=services.exports,
        clock=utc_now,
        new_id=new_id,
    )


def declare_account(parser: argparse.ArgumentParser) -> None:
    """Declare an account and a reason."""
    parser.add_argument("account", metavar="ACCOUNT", help="the account's id, as `users find` shows it")
    parser.add_argument("--reason", required=True, help=REASON)


def declare_find(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `users find`."""
    parser.add_argument("email", metavar="EMAIL", help="the address")
    parser.add_argument("--reason", required=True, help=REASON)


def declare_grant(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `credits grant`."""
    parser.add_argument("account", metavar="ACCOUNT", help="the account's id, as `users find` shows it")
    parser.add_argument("credits", metavar="CREDITS", type=int, help="how many")
    parser.add_argument("--reason", required=True, help=REASON)
    parser.add_argument(
        "--once", default="", metavar="NAME", help="a name of your own: run again with it, nothing is given"
    )


def declare_erase(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `erase`."""
    declare_account(parser)
    parser.add_argument("--now", action="store_true", help="without the seven days in which the person can call it off")
    parser.add_argument("--yes", action="store_true", help="do not ask; for scripts")


async def count(settings: Settings, _options: argparse.Namespace) -> int:
    """Say how many accounts there are."""
    async with operators_of(settings) as operators:
        say(f"{await operators.count()} accounts")
    return DONE


async def find(settings: Settings, options: argparse.Namespace) -> int:
    """Show the account of an address."""
    async with operators_of(settings) as operators:
        _show(await operators.find(options.email, options.reason))
    return DONE


async def lock(settings: Settings, options: argparse.Namespace) -> int:
    """Lock an account."""
    async with operators_of(settings) as operators:
        _show(await operators.lock(options.account, options.reason))
    return DONE


async def unlock(settings: Settings, options: argparse.Namespace) -> int:
    """Unlock an account."""
    async with operators_of(settings) as operators:
        _show(await operators.unlock(options.account, options.reason))
    return DONE


async def show_credits(settings: Settings, options: argparse.Namespace) -> int:
    """Show an account's credits."""
    async with operators_of(settings) as operators:
        statement = await operators.statement(options.account, options.reason)
    say(f"{statement.available} credits to spend")
    for entry in statement.entries:
        say(f"{entry.created_at:%Y-%m-%d %H:%M}  {entry.kind.value:<8} {entry.amount:>+7}  = {entry.balance_after}")
    return DONE


async def grant(settings: Settings, options: argparse.Namespace) -> int:
    """Give credits."""
    async with operators_of(settings) as operators:
        balance = await operators.grant(options.account, options.credits, options.reason, once=options.once)
    say(f"{options.credits} credits given; {balance} to spend now")
    return DONE


async def export(settings: Settings, options: argparse.Namespace) -> int:
    """Begin an export for a person."""
    async with operators_of(settings) as operators:
        await operators.export(options.account, options.reason)
    say(
        "The export is begun; a running server makes it within a minute. Only its person can download it, when signed in."
    )
    return DONE


async def erase(settings: Settings, options: argparse.Namespace) -> int:
    """Begin the erasure of an account, after asking."""
    if not options.yes:
        when = "now, and nobody can call it off" if options.now else f"in {GRACE.days} days; its person can call it off"
        say(f"Everything of this account goes {when}. Its person gets a mail.")
        if ask("Type the account's id again to go on: ") != options.account:
            raise Refused("That is another id: nothing was done.")
    async with operators_of(settings) as operators:
        erasure = await operators.erase(options.account, options.reason, at_once=options.now)
    say(f"Begun. A running server carries it out step by step, each with its proof: /erasure/{erasure.code}")
    return DONE


def _show(account: Account) -> None:
    verified = "address confirmed" if account.is_verified else "address not confirmed"
    state = "open" if account.lock is Lock.OPEN else f"locked: {account.lock.value}"
    say(f"{account.id}  since {account.created_at:%Y-%m-%d}  {verified}  {state}")


PEOPLE_COMMANDS = (
    Command(words="users count", purpose="say how many accounts there are", run=count),
    Command(
        words="users find", purpose="show the id and state of the account of an address", run=find, declare=declare_find
    ),
    Command(words="users lock", purpose="let an account only store", run=lock, declare=declare_account),
    Command(words="users unlock", purpose="open an account that was locked so", run=unlock, declare=declare_account),
    Command(words="credits show", purpose="show an account's credits", run=show_credits, declare=declare_account),
    Command(words="credits grant", purpose="give an account credits", run=grant, declare=declare_grant),
    Command(words="export", purpose="begin a package of everything for a person", run=export, declare=declare_account),
    Command(words="erase", purpose="begin the erasure of an account, after asking", run=erase, declare=declare_erase),
)
