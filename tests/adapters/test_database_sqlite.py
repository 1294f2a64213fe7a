"""What is particular to SQLite: schema, threads, locks, and everything that can be wrong with a file."""

import asyncio
import contextlib
import logging
import sqlite3
import stat
import threading
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from reflex.istate.proxy import MutableProxy
from sqlalchemy import Connection

from imageroute_app.adapters.database.sqlite import search
from imageroute_app.adapters.database.sqlite.database import SqliteDatabase, open_sqlite
from imageroute_app.adapters.database.sqlite.file import INLINE_MAX, run
from imageroute_app.adapters.database.sqlite.schema import HEAD, MIGRATIONS
from imageroute_app.adapters.database.sqlite.search import Search
from imageroute_app.adapters.database.sqlite.tables import metadata
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.domain.data_map import DATA_MAP, SYSTEM_TABLES
from imageroute_app.domain.errors import StorageFull, Unavailable
from imageroute_app.domain.gallery import facet
from imageroute_app.domain.ports import Query, Tables
from tests.contracts import records
from tests.contracts.records import ANN, BOB, NOW, an_id


async def open_again(folder: Path, busy_s: float = 5.0) -> SqliteDatabase:
    keys = await open_file_keys(folder / "keys", bytes(32))
    return await open_sqlite(folder / "data" / "image route%.db", keys, lambda: NOW, busy_s=busy_s)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await open_again(tmp_path, busy_s=0.05)
    yield opened
    await opened.close()


def file_of(folder: Path) -> Path:
    return folder / "data" / "image route%.db"


def damage(file: Path, start: int) -> None:
    """Overwrite everything from a byte on; what an empty database takes holds the schema and the roots of every table."""
    raw = file.read_bytes()
    file.write_bytes(raw[:start] + b"\xff" * (len(raw) - start))


def size_of_log(folder: Path) -> int:
    return Path(f"{file_of(folder)}-wal").stat().st_size


@contextlib.contextmanager
def outside(folder: Path) -> Any:
    """Yield a connection of another process to the file."""
    connection = sqlite3.connect(file_of(folder), isolation_level=None, timeout=0)
    try:
        yield connection
    finally:
        connection.close()


# --- Schema ---------------------------------------------------------------------------------------------------------------


async def test_the_migrations_make_exactly_the_tables(database: SqliteDatabase) -> None:
    def compare(connection: Connection) -> list[Any]:
        return compare_metadata(MigrationContext.configure(connection), metadata)

    assert await database._file.read(compare) == []
    assert set(metadata.tables) <= set(DATA_MAP) | set(SYSTEM_TABLES)
    for name, table in DATA_MAP.items():
        assert set(metadata.tables[name].columns.keys()) == set(table.fields)


def test_the_newest_step_is_the_one_we_look_for() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


async def test_migrating_leaves_the_logging_alone(tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers), logging.getLogger("imageroute_app").disabled)
    await (await open_again(tmp_path)).close()
    assert (root.level, list(root.handlers), logging.getLogger("imageroute_app").disabled) == before


async def test_several_that_start_at_once_make_one_schema(tmp_path: Path) -> None:
    opened = await asyncio.gather(*(open_again(tmp_path) for _ in range(4)))
    await opened[0].tables.drafts.add(records.draft())
    assert await opened[3].tables.drafts.get(ANN, ANN)
    for one in opened:
        await one.close()


async def test_a_start_waits_for_who_is_just_making_the_file(tmp_path: Path) -> None:
    file_of(tmp_path).parent.mkdir()
    with outside(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        start = asyncio.create_task(open_again(tmp_path))
        await asyncio.sleep(0.3)
        assert not start.done()
        other.execute("COMMIT")
        await (await start).close()


async def test_a_start_does_not_wait_for_ever_for_the_file(tmp_path: Path) -> None:
    file_of(tmp_path).parent.mkdir()
    with outside(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="busy"):
            await open_again(tmp_path, busy_s=0.05)


async def test_a_file_of_a_newer_release_is_refused_with_the_cure(tmp_path: Path) -> None:
    await (await open_again(tmp_path)).close()
    with outside(tmp_path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Unavailable, match=r"image route%\.db.*newer release.*update"):
        await open_again(tmp_path)


async def test_files_are_private(tmp_path: Path, database: SqliteDatabase) -> None:
    await database.tables.drafts.add(records.draft())
    modes = {stat.S_IMODE(file.stat().st_mode) for file in (tmp_path / "data").iterdir()}
    assert modes == {0o600}


# --- What can be wrong with a file --------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"no database at all" * 300, b"SQLite format 3\x00" + b"x" * 9000])
async def test_a_damaged_file_is_named_with_the_cure(tmp_path: Path, content: bytes) -> None:
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).write_bytes(content)
    with pytest.raises(Unavailable, match=r"image route%\.db is damaged.*backup"):
        await open_again(tmp_path)


async def test_a_folder_in_the_way_is_named_with_the_cure(tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(b"a file where the folder should be")
    with pytest.raises(Unavailable, match=r"image route%\.db cannot be written"):
        await open_again(tmp_path)


async def test_a_writer_elsewhere_makes_a_write_unavailable_and_reads_go_on(
    tmp_path: Path, database: SqliteDatabase
) -> None:
    await database.tables.drafts.add(records.draft())
    with outside(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable):
            await database.tables.sessions.add(records.session())
        with pytest.raises(Unavailable):
            await database.check()
        with pytest.raises(Unavailable):
            await database.transact(lambda tables: tables.sessions.add(records.session()))
        assert await database.tables.drafts.get(ANN, ANN)
        other.execute("ROLLBACK")
    await database.tables.sessions.add(records.session())
    await database.check()


async def test_a_writer_here_makes_the_next_one_unavailable(database: SqliteDatabase) -> None:
    inside, done = asyncio.Event(), asyncio.Event()

    async def work(tables: Tables) -> None:
        await tables.drafts.add(records.draft())
        inside.set()
        await done.wait()

    task = asyncio.create_task(database.transact(work))
    await inside.wait()
    with pytest.raises(Unavailable):
        await database.tables.sessions.add(records.session())
    assert await database.tables.drafts.count(Query(owner=ANN)) == 0
    done.set()
    await task
    await database.tables.sessions.add(records.session())


async def test_the_first_statements_of_a_transaction_run_where_its_code_runs(database: SqliteDatabase) -> None:
    file, ways = database._file, list[object]()
    to_thread = file.on_writer

    async def counted(work: Callable[[Connection], Any]) -> Any:
        ways.append(work)
        return await to_thread(work)

    async def work(tables: Tables, count: int) -> int:
        for number in range(count):
            await tables.images.add(records.image(count * 100 + number, prompt="fern"))
        return await tables.images.count(Query(owner=ANN))

    file.on_writer = counted
    assert await database.transact(lambda tables: work(tables, INLINE_MAX)) == INLINE_MAX
    assert len(ways) == 2, "BEGIN with the first statement, and COMMIT"
    assert await database.transact(lambda tables: work(tables, 3 * INLINE_MAX)) == 4 * INLINE_MAX
    assert len(ways) == 2 + 2 + 2 * INLINE_MAX, "a long one lets others run between its statements"


async def test_one_row_by_an_index_is_read_where_its_code_runs_and_a_page_in_a_thread(database: SqliteDatabase) -> None:
    file, pages = database._file, list[object]()
    to_thread = file.read

    async def counted(work: Callable[[Connection], Any]) -> Any:
        pages.append(work)
        return await to_thread(work)

    file.read = counted
    await database.tables.images.add(records.image(1, prompt="fern"))
    assert (await database.tables.images.get(an_id(1), ANN)).prompt == "fern"
    assert len(await database.tables.images.find(Query(owner=ANN, limit=1))) == 1
    assert pages == []
    await database.tables.images.find(Query(owner=ANN, equals={"trashed": False, "favourite": False}, limit=1))
    await database.tables.images.find(Query(owner=ANN, text="fern", limit=1))
    await database.tables.images.find(Query(owner=ANN, limit=2))
    assert len(pages) == 3
    some = [Query(owner=ANN), Query(owner=ANN, text="fern"), Query(owner=ANN, equals={"favourite": True})]
    assert await database.tables.images.counts(some) == [1, 1, 0]
    assert len(pages) == 4, "several counts go one way"


async def test_a_row_that_is_not_to_be_had_at_once_is_waited_for_in_a_thread(database: SqliteDatabase) -> None:
    await database.tables.drafts.add(records.draft())
    tried = list[str]()

    def work(connection: Connection) -> str:
        tried.append(threading.current_thread().name)
        if len(tried) == 1:
            raise sqlite3.OperationalError("database is locked")
        return "read"

    assert await database._file.glance(work) == "read"
    assert tried[0] == threading.main_thread().name
    assert tried[1].startswith("db-read")


async def test_a_full_disk_is_storage_full_and_loses_nothing(database: SqliteDatabase) -> None:
    await database.tables.drafts.add(records.draft())

    def fill_up(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}").all()

    await database._file.outside(fill_up)
    long = [records.image(number, prompt="fern " * 500) for number in range(1, 40)]

    async def work(tables: Tables) -> None:
        for image in long:
            await tables.images.add(image)

    with pytest.raises(StorageFull):
        await database.transact(work)
    assert await database.tables.images.count(Query(owner=ANN)) == 0
    assert await database.tables.drafts.get(ANN, ANN)
    await database._file.outside(lambda c: c.exec_driver_sql("PRAGMA max_page_count = 100000").all())
    await database.transact(work)


async def test_a_file_that_cannot_be_written_any_more_is_unavailable(database: SqliteDatabase) -> None:
    await database._file.outside(lambda c: c.exec_driver_sql("PRAGMA query_only = ON"))
    with pytest.raises(Unavailable):
        await database.tables.drafts.add(records.draft())
    with pytest.raises(Unavailable):
        await database.check()


# --- Threads and processes ----------------------------------------------------------------------------------------------


async def test_two_processes_share_a_balance(tmp_path: Path) -> None:
    one, two = await open_again(tmp_path), await open_again(tmp_path)
    await one.tables.ledger.post(records.entry(1, 10))
    holds = [(one, two)[number % 2].tables.ledger.post(records.entry(number, -1)) for number in range(100, 150)]
    outcomes = await asyncio.gather(*holds, return_exceptions=True)
    assert Counter(type(o).__name__ for o in outcomes) == {"Entry": 10, "NotEnoughCredits": 40}
    assert (await two.tables.ledger.wallet(ANN)).available == 0
    await one.close()
    await two.close()


async def test_a_write_past_the_transaction_is_a_fault_and_no_deadlock(database: SqliteDatabase) -> None:
    async def work(tables: Tables) -> None:
        await tables.drafts.add(records.draft())
        await database.tables.sessions.add(records.session())

    with pytest.raises(RuntimeError, match="tables it hands over"):
        await database.transact(work)
    assert await database.tables.drafts.count(Query(owner=ANN)) == 0


async def test_the_tables_of_a_transaction_end_with_it(database: SqliteDatabase) -> None:
    kept: list[Tables] = []

    async def work(tables: Tables) -> None:
        kept.append(tables)
        await tables.drafts.add(records.draft())

    await database.transact(work)
    with pytest.raises(RuntimeError, match="end with it"):
        await kept[0].sessions.add(records.session())


async def test_a_closed_database_is_unavailable(tmp_path: Path) -> None:
    database = await open_again(tmp_path)
    await database.close()
    with pytest.raises(Unavailable):
        await database.tables.drafts.get(ANN, ANN)
    with pytest.raises(Unavailable):
        await database.check()
    await database.close()


async def test_damage_that_shows_later_is_not_told_to_people(tmp_path: Path) -> None:
    await (await open_again(tmp_path)).close()
    empty = file_of(tmp_path).stat().st_size
    database = await open_again(tmp_path)
    for number in range(1, 400):
        await database.tables.attempts.add(records.attempt(number))
    await database.close()
    damage(file_of(tmp_path), empty)
    again = await open_again(tmp_path)
    with pytest.raises(Unavailable) as told:
        await again.tables.attempts.find(Query(owner=ANN, limit=900))
    assert str(tmp_path) not in told.value.message
    await again.close()


async def test_the_loop_stays_free_while_the_writer_waits(tmp_path: Path) -> None:
    database = await open_again(tmp_path, busy_s=5.0)
    with outside(tmp_path) as other:
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(database.tables.drafts.add(records.draft()))
        for _ in range(20):
            assert await database.tables.drafts.count(Query(owner=ANN)) == 0
        assert not waiting.done()
        other.execute("COMMIT")
    await waiting
    await database.close()


async def test_a_damaged_prompt_can_still_be_erased(tmp_path: Path, database: SqliteDatabase) -> None:
    await database.tables.images.add(records.image())
    with outside(tmp_path) as other:
        other.execute("UPDATE images SET prompt = x'00'")
    with pytest.raises(Unavailable):
        await database.tables.images.get(an_id(1), ANN)
    assert await database.tables.images.delete(an_id(1), ANN) is True
    with outside(tmp_path) as other:
        assert other.execute("SELECT count(*) FROM image_tokens").fetchone() == (0,)


async def test_an_erasure_leaves_no_page_of_the_person_in_the_log(tmp_path: Path, database: SqliteDatabase) -> None:
    await database.tables.images.add(records.image())
    await database.tables.images.add(records.image(2, BOB))
    await database.erase_rows(ANN)
    assert size_of_log(tmp_path) == 0


# --- Plans ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("equals", "index"),
    [
        ({}, "ix_images_owner "),
        ({"trashed": False}, "ix_images_owner_trashed"),
        ({"trashed": False, "job_id": "j"}, "ix_images_owner_job_id"),
        ({"trashed": False, "favourite": True}, "ix_images_owner_favourite"),
    ],
)
async def test_a_page_walks_one_index_and_sorts_nothing(
    database: SqliteDatabase, equals: dict[str, Any], index: str
) -> None:
    kind = database._kinds["images"]
    shape = tuple(sorted(((n, 1) for n in equals), key=lambda f: (kind.codec.is_flag(f[0]), f[0])))

    found = await plan_of(database, kind.sql.page(shape, ("<",), False))
    assert index in found
    assert "TEMP B-TREE" not in found
    assert "SCAN" not in found


async def test_some_of_many_are_counted_by_looking_each_up(database: SqliteDatabase) -> None:
    """Not by passing over everything that the person has, which took 4 ms for 200 of 10,000."""
    counting = database._kinds["images"].sql.count((("id", 200), ("trashed", 1)), ())
    found = await plan_of(database, counting.sql, counting.names)
    assert "COVERING INDEX ix_images_owner_trashed (owner=? AND trashed=? AND id=?)" in found


async def plan_of(database: SqliteDatabase, sql: str, names: Sequence[str] | None = None) -> str:
    """Return how SQLite goes about one of our statements."""

    def plan(connection: Connection) -> str:
        rows = run(connection, f"EXPLAIN QUERY PLAN {sql}", defaultdict(lambda: "x") if names is None else names)
        return " / ".join(f"{row[3]} " for row in rows)

    return await database._file.read(plan)


async def test_bounds_and_the_other_order_walk_the_same_index(database: SqliteDatabase) -> None:
    sql = database._kinds["images"].sql
    for compared, oldest_first in (((">=", "<"), False), (("<", ">"), True)):
        found = await plan_of(database, sql.page((("trashed", 1),), compared, oldest_first))
        assert "ix_images_owner_trashed (owner=? AND trashed=? AND id>" in found
        assert "TEMP B-TREE" not in found


async def test_bytes_are_added_up_from_the_index_alone(database: SqliteDatabase) -> None:
    found = await plan_of(database, database._kinds["images"].sql.sum("size_bytes"))
    assert "USING COVERING INDEX ix_images_owner_size_bytes" in found


FACETS = (facet("album", "a"), facet("tag", "sea"), facet("model", "b"))


async def test_a_filter_walks_the_index_of_tokens_in_order(database: SqliteDatabase) -> None:
    found = await plan_of_search(database, FACETS[:2])
    assert "SCAN" not in found
    assert found.count("PRIMARY KEY (owner=? AND token=? AND id=?)") >= 1


async def test_long_lists_are_merged_and_nothing_is_sorted(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "CAPS", (0, 0))

    found = await plan_of_search(database, FACETS)
    assert "MERGE (INTERSECT) / LEFT / SEARCH walk USING PRIMARY KEY (owner=? AND token=? AND id>? AND id<?)" in found
    assert found.count("SCAN") == 1, "the merged ids as they come"
    assert "SCAN walk / SEARCH t2 USING PRIMARY KEY (owner=? AND token=? AND id=?)" in found


@pytest.mark.parametrize("oldest_first", [False, True])
@pytest.mark.parametrize("caps", [search.CAPS, (0, 0)])
async def test_a_merge_finds_what_looking_up_finds_in_the_same_order(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch, caps: tuple[int, ...], oldest_first: bool
) -> None:
    monkeypatch.setattr(search, "CAPS", caps)
    for number in range(1, 40):
        image = records.image(number, ANN, prompt="ant " * (number % 2) + "bee " * (number % 3))
        await database.tables.images.add(image)
    in_album = facet("album", records.image().albums[0])
    query = Query(owner=ANN, text="ant bee", tokens=(in_album,), oldest_first=oldest_first, from_id=an_id(4), limit=5)

    expected = sorted((n for n in range(4, 40) if n % 2 and n % 3), reverse=not oldest_first)
    first = await database.tables.images.find(query)
    second = await database.tables.images.find(replace(query, after=first[-1].id))
    assert [image.id for image in first + second] == [an_id(n) for n in expected[:10]]
    assert await database.tables.images.count(query) == len(expected)
    assert await database.tables.images.find(replace(query, text="ant bee cow")) == []


async def plan_of_search(database: SqliteDatabase, tokens: tuple[str, ...]) -> str:
    """Return how SQLite goes about a search that is bounded on both sides."""
    query = Query(owner=ANN, tokens=tokens, from_id="1", below_id="9", after="5")
    cipher = await database._sealer.cipher(ANN)

    def plan(connection: Connection) -> str:
        source, order, values = Search.for_query(query, {"trashed": [0]}, cipher)._joined(connection, with_after=True)
        sql = f"EXPLAIN QUERY PLAN SELECT walk.id FROM {source}{order} LIMIT 60"  # noqa: S608  # no outside text in it
        return " / ".join(row[3] for row in connection.exec_driver_sql(sql, tuple(values)))

    found = await database._file.read(plan)
    assert "TEMP B-TREE" not in found
    return found


async def test_what_a_page_held_is_stored_as_what_it_stands_for(database: SqliteDatabase) -> None:
    job = records.job(1)
    held = replace(job, request=MutableProxy(job.request, None, "request"))  # pyright: ignore[reportArgumentType]

    await database.tables.jobs.add(held)

    assert (await database.tables.jobs.get(job.id, ANN)).request == job.request
