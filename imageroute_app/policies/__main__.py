"""Publish an edition: `python -m imageroute_app.policies publish privacy 2026-12-20 --summary "..." --material`.

The text lies beside the others as KIND-DATE.md. Publishing writes its hash into the list; from then on it cannot be changed.
Each installation then tells its people by mail and banner, and a material edition takes effect 14 days after that at the
earliest.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

from imageroute_app.bootstrap import EDITIONS, EDITIONS_LIST, read_editions, utc_now
from imageroute_app.domain.errors import ImageRouteError, InvalidInput
from imageroute_app.domain.policies import NOTICE_DAYS, Kind
from imageroute_app.domain.policy_text import parse
from imageroute_app.domain.purposes import Purpose


def publish(folder: Path, given: argparse.Namespace, today: date) -> str:
    """Add one edition to the list; returns its name.

    Raises:
        InvalidInput: The text is not there or cannot be read, it is published already, or a material change comes too soon.
    """
    kind, effective = Kind(given.kind), date.fromisoformat(given.effective)
    path = folder / f"{kind}-{effective.isoformat()}.md"
    if not path.is_file():
        raise InvalidInput(f"Write the text to {path} first.", field="kind")
    first = today + timedelta(days=NOTICE_DAYS)
    if given.material and effective < first:
        raise InvalidInput(
            f"A material change needs {NOTICE_DAYS} days of notice: take {first.isoformat()} or later.",
            field="effective",
        )
    if any(edition.effective >= effective for edition in read_editions(folder)[kind]):
        raise InvalidInput("An edition of that day or a later one is published already.", field="effective")
    data = path.read_bytes()
    _readable(data.decode())
    entry = {
        "kind": str(kind), "effective": effective, "sha256": hashlib.sha256(data).hexdigest(),
        "material": bool(given.material), "summary": given.summary, "new_purposes": list(given.purpose),
    }  # fmt: skip
    with (folder / EDITIONS_LIST).open("a", encoding="utf-8") as file:
        file.write("\n[[edition]]\n" + "".join(f"{name} = {_toml(value)}\n" for name, value in entry.items()))
    read_editions(folder)
    return path.stem


def _readable(text: str) -> None:
    try:
        parse(text)
    except ValueError as error:
        raise InvalidInput(str(error), field="kind") from error


def _toml(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else json.dumps(value, ensure_ascii=False)


def main(
    arguments: list[str] | None = None, folder: Path = EDITIONS, today: Callable[[], date] = lambda: utc_now().date()
) -> int:
    """Run the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m imageroute_app.policies", description="Publish an edition.")
    verbs = parser.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("publish", help="list a text, so that it can take effect and can never be changed")
    verb.add_argument("kind", choices=list(Kind))
    verb.add_argument("effective", help="first day it may be in effect, as YYYY-MM-DD")
    verb.add_argument("--summary", required=True, help="what changes, in a sentence; it stands in the mail")
    verb.add_argument("--material", action="store_true", help="it changes purposes, recipients, periods or rights")
    verb.add_argument("--purpose", action="append", default=[], choices=list(Purpose), help="a purpose that it adds")
    verbs.add_parser("check", help="say whether every published text is the one that was published")
    given = parser.parse_args(arguments)
    try:
        said = publish(folder, given, today()) if given.verb == "publish" else _checked(folder)
    except ImageRouteError as error:
        sys.stderr.write(f"{error.message}\n")
        return 2
    sys.stdout.write(f"{said}\n")
    return 0


def _checked(folder: Path) -> str:
    editions = read_editions(folder)
    return f"{sum(map(len, editions.values()))} editions are as they were published."


if __name__ == "__main__":
    sys.exit(main())
