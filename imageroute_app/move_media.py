"""Move all pictures between the data folder and Cloudinary: `python -m imageroute_app.move_media --to cloudinary`.

Stop the product first. The command can be ended at any point and started again: what was verified is not copied twice, and
nothing is deleted at the source before everything is verified and `--delete-source` asks for it.
"""

import argparse
import asyncio
import json
import os
import sys
from dataclasses import asdict, replace
from pathlib import Path

from imageroute_app.bootstrap import open_media, open_stores, refuse_move
from imageroute_app.domain.errors import ImageRouteError, Unavailable
from imageroute_app.logs import configure_logging
from imageroute_app.serve import CannotStart, lock_data_dir, print_faults
from imageroute_app.services.moving import Move, Moved, Tally
from imageroute_app.settings import Settings, SettingsError, load_settings

PLACES = ("local", "cloudinary")
UNSET = "IMAGEROUTE_CLOUDINARY_CLOUD, _KEY and _SECRET are empty: set them, so that Cloudinary can be reached"


class JournalFile:
    """The journal as a file of JSON lines in the data folder; it holds keys, which are ids, and no bytes."""

    def __init__(self, path: Path) -> None:
        """Keep it at `path`."""
        self._path = path

    def read(self) -> dict[str, Moved]:
        """Return what was written, by key; a line that was cut off is left out."""
        found: dict[str, Moved] = {}
        if self._path.is_file():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                try:
                    moved = Moved(**json.loads(line))
                except (ValueError, TypeError):  # the process was ended in the middle of this line
                    continue
                found[moved.key] = moved
        return found

    def write(self, moved: Moved) -> None:
        """Add one; on the disk when this returns."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write("\n" + json.dumps(asdict(moved)))
            file.flush()
            os.fsync(file.fileno())

    def clear(self) -> None:
        """Forget everything."""
        self._path.unlink(missing_ok=True)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; returns the process's exit status."""
    parser = argparse.ArgumentParser(prog="python -m imageroute_app.move_media", description="Move all pictures.")
    parser.add_argument("--to", required=True, choices=PLACES, help="where the pictures shall lie")
    parser.add_argument("--delete-source", action="store_true", help="afterwards delete them where they lay")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
        if not settings.cloudinary_cloud:
            raise CannotStart(UNSET)
        configure_logging(settings.log_level, settings.log_format)
        with lock_data_dir(settings.data_dir):
            tally = asyncio.run(_move(settings, to=options.to, delete_source=options.delete_source))
    except SettingsError as error:
        print_faults("Some settings cannot be used:", error.faults)
        return 2
    except CannotStart as error:
        print_faults("The pictures cannot be moved:", (str(error),))
        return 2
    except ImageRouteError as error:
        print_faults("Not everything is moved; start the command again to go on:", (error.message,))
        return 1
    sys.stdout.write("\n" + "\n".join(_said(options.to, tally)) + "\n")
    return 0


async def _move(settings: Settings, *, to: str, delete_source: bool) -> Tally:
    if to == "cloudinary":
        await _refuse_unannounced(settings)
    source = await open_media(settings, where=next(place for place in PLACES if place != to))
    target = await open_media(settings, where=to)
    journal = JournalFile(settings.data_dir / f"moved-to-{to}.jsonl")
    try:
        return await Move(source=source, target=target, journal=journal, report=_show).run(delete_source=delete_source)
    finally:
        await source.close()
        await target.close()


async def _refuse_unannounced(settings: Settings) -> None:
    stores = await open_stores(replace(settings, cloudinary_cloud=""))
    try:
        await refuse_move(settings, "cloudinary", stores.database)
    except Unavailable as error:
        raise CannotStart(error.message) from error
    finally:
        await stores.close()


def _show(tally: Tally) -> None:
    sys.stdout.write(f"\r{tally.verified} of {tally.total} verified, {tally.deleted} deleted at the source ")
    sys.stdout.flush()


def _said(to: str, tally: Tally) -> list[str]:
    """Return what the person is told at the end."""
    said = [
        f"{tally.verified} of {tally.total} objects are verified at the target, {tally.deleted} deleted at the source."
    ]
    if tally.total and not tally.deleted:
        said.append(
            "The copies at the source stay, also of what is erased from now on, until --delete-source deletes them."
        )
    if tally.strangers:
        said.append(f"{tally.strangers} objects lie at the target only: no record of the source knows them.")
    if to == "local":
        said.append("Remove the IMAGEROUTE_CLOUDINARY settings before the next start.")
    return said


if __name__ == "__main__":
    sys.exit(main())
