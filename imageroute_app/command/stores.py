"""backup and restore: copies of an installation, sealed, and their way back."""

import argparse
import shutil
import tempfile
from pathlib import Path

from imageroute_app.bootstrap import (
    Stores,
    drop_old,
    new_id,
    new_shelf,
    newest_shelf,
    open_drill,
    restore_fault,
    utc_now,
)
from imageroute_app.command.kit import DONE, Command, Refused, say, show, stores_of
from imageroute_app.domain.backups import KEPT, KEYS_KEPT
from imageroute_app.services.backup import Backup
from imageroute_app.services.restore import Restore, Restored, note_drill
from imageroute_app.settings import Settings


def declare_backup(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `backup`."""
    parser.add_argument(
        "--to", type=Path, required=True, metavar="FOLDER", help="where the data goes, sealed under each person's key"
    )
    parser.add_argument(
        "--keys-to",
        type=Path,
        required=True,
        metavar="FOLDER",
        help="where the keys and the notes of who was erased go: another disk or machine than --to",
    )
    parser.add_argument(
        "--no-pictures", action="store_true", help="only list the pictures; always so while they lie at Cloudinary"
    )


async def backup(settings: Settings, options: argparse.Namespace) -> int:
    """Make a backup; a server may run."""
    place, keys_place = options.to.resolve(), options.keys_to.resolve()
    if place == keys_place or place in keys_place.parents or keys_place in place.parents:
        raise Refused("The keys must not lie with the data: give --keys-to a folder outside of --to.")
    now = utc_now()
    async with stores_of(settings) as stores:
        made = _backup_of(stores)
        data, keys = new_shelf(place, now), new_shelf(keys_place, now)
        with_pictures = not (options.no_pictures or settings.cloudinary_cloud)
        copied = await made.write_data(data, with_pictures=with_pictures)
        count = await made.write_keys(keys)
    show("")
    dropped = drop_old(place, now, KEPT) + drop_old(keys_place, now, KEYS_KEPT)
    pictures = f"{copied.pictures} pictures" + ("" if with_pictures else " (listed only)")
    say(f"{data.folder}: {copied.rows} rows, {pictures}; {copied.left_out} left out, whose person is erased")
    say(f"{keys.folder}: {count} keys, wrapped, and the notes of who was erased")
    if dropped:
        say(f"{dropped} older backups deleted: data is kept {KEPT.days} days, keys {KEYS_KEPT.days}")
    if not settings.master_key:
        say(
            f"The master key is in neither: keep a copy of {settings.data_dir / 'keys' / 'master.key'} in a third place."
        )
    return DONE


def declare_restore(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `restore`."""
    parser.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="FOLDER", help="a backup, or the folder of backups"
    )
    parser.add_argument(
        "--keys-from",
        type=Path,
        metavar="FOLDER",
        help="a backup of keys, or their folder; needed if the keys are lost",
    )


async def restore(settings: Settings, options: argparse.Namespace) -> int:
    """Put a backup back into an empty installation."""
    data = newest_shelf(options.source.resolve())
    keys = newest_shelf(options.keys_from.resolve()) if options.keys_from else None
    async with stores_of(settings) as stores:
        done = await _restore_of(stores, settings).run(data, keys)
    show("")
    _tell(done)
    say("Nobody was served until this was done. Start the server now.")
    return DONE


def declare_drill(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of `drill`."""
    parser.add_argument(
        "--from", dest="source", type=Path, required=True, metavar="FOLDER", help="a backup, or the folder of backups"
    )


async def drill(settings: Settings, options: argparse.Namespace) -> int:
    """Put a backup back into a folder that is deleted again, and note for /trust that it worked; a server may run."""
    data, folder = newest_shelf(options.source.resolve()), Path(tempfile.mkdtemp(prefix="imageroute-drill-"))
    async with stores_of(settings) as stores:
        try:
            trial = await open_drill(folder, stores)
            try:
                done = await _restore_of(trial, settings).run(data, None)
            finally:
                await trial.media.close()
                await trial.database.close()
        finally:
            shutil.rmtree(folder)
        await note_drill(stores.database, utc_now(), new_id())
    show("")
    _tell(done)
    say("The drill worked; its copy is deleted.")
    return DONE


def _tell(done: Restored) -> None:
    say(f"The backup of {done.made_at:%Y-%m-%d %H:%M} UTC: {done.rows} rows and {done.pictures} pictures are back.")
    if done.left_out or done.erased:
        say(f"{done.left_out} rows and pictures of people erased since were left out.")


def _backup_of(stores: Stores) -> Backup:
    return Backup(
        rows=stores.database.rows(),
        media=stores.media,
        strongbox=stores.strongbox,
        keys=stores.keys,
        tombstones=stores.tombstones,
        clock=utc_now,
        report=show,
    )


def _restore_of(stores: Stores, settings: Settings) -> Restore:
    return Restore(
        database=stores.database,
        media=stores.media,
        strongbox=stores.strongbox,
        keys=stores.keys,
        key_rows=stores.keys,
        tombstones=stores.tombstones,
        clock=utc_now,
        report=show,
        fault=restore_fault(settings),
    )


STORE_COMMANDS = (
    Command(
        words="backup",
        purpose="copy data, pictures and keys; older copies are deleted as the privacy policy says",
        run=backup,
        declare=declare_backup,
    ),
    Command(
        words="restore",
        purpose="put a backup back into an empty installation; who was erased since stays erased",
        run=restore,
        declare=declare_restore,
        is_alone=True,
    ),
    Command(
        words="drill",
        purpose="try a backup: put it back into a folder of its own, check it, delete it, note the day for /trust",
        run=drill,
        declare=declare_drill,
    ),
)
