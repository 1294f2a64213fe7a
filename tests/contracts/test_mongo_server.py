"""A MongoDB server as it is run, with users and TLS, and what goes wrong on the way to it (failCommand, a test command)."""

import asyncio
import contextlib
import gc
import re
import secrets
from collections.abc import AsyncIterator, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from imageroute_app.adapters import mongo
from imageroute_app.adapters.database.mongo.database import MongoDatabase, open_mongo
from imageroute_app.adapters.database.mongo.rights import too_much
from imageroute_app.adapters.keys.files import open_file_keys
from imageroute_app.adapters.keys.mongo import open_mongo_keys
from imageroute_app.adapters.keys.mongo_tombstones import MongoTombstones
from imageroute_app.bootstrap import open_services
from imageroute_app.domain.errors import Duplicate, NotFound, Unavailable
from imageroute_app.domain.ports import Query, Tables
from imageroute_app.services.accounts import SignUp
from imageroute_app.settings import load_settings
from tests.adapters.test_database_sealing import Keys
from tests.adapters.trusted import Authority
from tests.contracts import records
from tests.contracts.conftest import MASTER
from tests.contracts.records import ANN, NOW
from tests.doubles import MovingClock
from tests.mongo_server import ROOT, MongoServer, is_foreign, needs_mongo

pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
NAME, PASSWORD = "imageroute", "of the tests"


@pytest.fixture(autouse=True)
def collected() -> Iterator[None]:
    """Collect what pymongo leaves of connections that broke, while it is expected."""
    yield
    gc.collect()


@contextlib.contextmanager
def running(folder: Path, *more: str) -> Iterator[MongoServer]:
    needs_mongo()
    if is_foreign():
        pytest.skip("somebody else's server is not set up anew")
    server = MongoServer(folder, *more)
    server.start()
    try:
        yield server
    finally:
        server.stop()


# --- Users and TLS --------------------------------------------------------------------------------------------------------


def documented_roles() -> list[dict[str, str]]:
    """Return the roles that docs/operations.md gives the user of an installation."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    databases = re.findall(r'"(imageroute\w*)"', text[text.index("roles: [") : text.index("flatMap")])
    roles = re.findall(r'role: "(\w+)", db', text)
    assert (databases, roles) == ([NAME, f"{NAME}_keys", f"{NAME}_tombstones"], ["readWrite", "dbAdmin"])
    return [{"role": role, "db": database} for database in databases for role in roles]


@contextlib.contextmanager
def guarded(folder: Path, authority: Authority) -> Iterator[str]:
    """Run a server that lets in only the documented user, over TLS; yields its address without user and authority."""
    with running(folder) as server:
        with contextlib.closing(MongoClient[dict[str, Any]](server.uri)) as client:
            roles = documented_roles()
            client["admin"].command("createUser", NAME, pwd=PASSWORD, roles=roles)
        server.stop()
        server.more = ("--auth", "--tls-cert-file", str(authority.path), "--tls-key-file", str(authority.path))
        server.start()
        yield server.uri.removeprefix("mongodb://")


async def test_the_documented_user_over_tls_is_enough_for_everything_and_no_mightier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path, monkeypatch)
    with guarded(tmp_path, authority) as place:
        user = f"mongodb://{NAME}:{PASSWORD.replace(' ', '%20')}@{place}?authSource=admin&tls=true"
        uri = f"{user}&tlsCAFile={authority.path}"
        assert await too_much(uri, NAME) == ""
        environ = {
            "IMAGEROUTE_DATA_DIR": str(tmp_path / "data"), "IMAGEROUTE_TESTING": "1", "IMAGEROUTE_RENDER_WORKERS": "1",
            "IMAGEROUTE_MONGODB_URI": uri, "IMAGEROUTE_MASTER_KEY": "A" * 43 + "=",
        }  # fmt: skip
        for _ in range(2):  # the second start finds indexes and validators
            services = await open_services(load_settings(environ), clock=MovingClock())
            form = SignUp(full_name="Ada", email=f"{secrets.token_hex(4)}@example.com", password="long enough",
                          born=date(1990, 1, 1))  # fmt: skip
            person = (await services.accounts.sign_up(form, device="", address="127.0.0.1")).person
            assert (await services.jobs.balance(person.id)).available == 50
            erasure = await services.erasures.begin(person.id, at_once=True)
            await services.erasures.run(erasure.id)
            with pytest.raises(NotFound):
                await services.database.tables.people.get(person.id, person.id)
            await services.close()
        for wrong in (f"mongodb://{place}?tls=true&tlsCAFile={authority.path}", uri.replace("of%20", "not%20")):
            with pytest.raises(Unavailable):
                await open_mongo(wrong, NAME, Keys(), lambda: NOW)
        with pytest.raises(Unavailable):  # nobody whom we trust has signed for it
            await open_mongo(user, NAME, Keys(), lambda: NOW, timeout_ms=400)
        with pytest.raises(Unavailable):  # a neighbour's data is not ours
            await open_mongo(uri, "somebody_else", Keys(), lambda: NOW)


@pytest.mark.parametrize(
    "option", ["tlsInsecure=true", "tlsAllowInvalidCertificates=true", "tlsallowinvalidhostnames=true"]
)
async def test_an_address_by_which_anybody_could_pose_as_the_server_is_refused(option: str) -> None:
    uri = f"mongodb://127.0.0.1:9/?tls=true&{option}"
    with pytest.raises(Unavailable, match="pose as the server"):
        await open_mongo(uri, NAME, Keys(), lambda: NOW)
    with pytest.raises(Unavailable, match="pose as the server"):
        await open_mongo_keys(uri, f"{NAME}_keys", MASTER)
    with pytest.raises(Unavailable, match="pose as the server"):
        MongoTombstones(uri, f"{NAME}_tombstones")


# --- What goes wrong on the way -------------------------------------------------------------------------------------------


class Fault:
    """Switches the server's faults on for our clients."""

    def __init__(self, uri: str) -> None:
        self._client = MongoClient[dict[str, Any]](uri)

    def next(self, times: int, *commands: str, **what: Any) -> None:
        """Let the next commands fail in a way, for our clients only."""
        data = {"failCommands": list(commands), "appName": "imageroute", **what}
        self._client.admin.command({"configureFailPoint": "failCommand", "mode": {"times": times}, "data": data})

    def end(self) -> None:
        self._client.admin.command({"configureFailPoint": "failCommand", "mode": "off"})

    def close(self) -> None:
        self._client.close()


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MongoServer]:
    with running(tmp_path_factory.mktemp("faulty"), "--enable-test-commands") as server:
        yield server


@pytest.fixture
def fault(faulty: MongoServer) -> Iterator[Fault]:
    switch = Fault(faulty.uri)
    yield switch
    switch.close()


@pytest.fixture
async def database(faulty: MongoServer, tmp_path: Path) -> AsyncIterator[MongoDatabase]:
    keys = await open_file_keys(tmp_path / "keys", MASTER)
    opened = await open_mongo(faulty.uri, f"faulty_{secrets.token_hex(4)}", keys, lambda: NOW)
    await opened.tables.ledger.post(records.entry(1, 10))
    yield opened
    await opened.close()


async def books(database: MongoDatabase) -> tuple[int, list[int]]:
    entries = await database.tables.ledger.find(Query(owner=ANN))
    return (await database.tables.ledger.wallet(ANN)).available, [entry.amount for entry in entries]


async def test_a_commit_of_which_nobody_knows_is_sent_again_and_counts_once(
    database: MongoDatabase, fault: Fault
) -> None:
    unknown = {"code": 64, "errmsg": "waiting for replication timed out"}
    fault.next(2, "commitTransaction", writeConcernError=unknown, errorLabels=["UnknownTransactionCommitResult"])
    await database.tables.ledger.post(records.entry(2, -3))
    assert await books(database) == (7, [-3, 10])
    fault.next(1000, "commitTransaction", writeConcernError=unknown, errorLabels=["UnknownTransactionCommitResult"])
    with pytest.raises(Unavailable):  # it gives up, and whoever asks again is told that the line is there
        await database.tables.ledger.post(records.entry(3, -3))
    fault.end()
    with contextlib.suppress(Duplicate):
        await database.tables.ledger.post(records.entry(3, -3))
    assert await books(database) == (4, [-3, -3, 10])


async def test_a_transaction_that_others_were_in_the_way_of_is_run_again_as_a_whole(
    database: MongoDatabase, fault: Fault
) -> None:
    runs = 0

    async def work(tables: Tables) -> None:
        nonlocal runs
        runs += 1
        await tables.ledger.post(records.entry(2, -3))
        await tables.drafts.add(records.draft())

    fault.next(2, "insert", errorCode=112, errorLabels=["TransientTransactionError"])
    await database.transact(work)
    assert (runs, await books(database)) == (3, (7, [-3, 10]))


async def test_a_transaction_that_never_gets_through_says_so_and_leaves_nothing(
    database: MongoDatabase, fault: Fault
) -> None:
    fault.next(5, "insert", errorCode=112, errorLabels=["TransientTransactionError"])
    with pytest.raises(Unavailable):
        await database.tables.ledger.post(records.entry(2, -3))
    assert await books(database) == (10, [10])


async def test_a_write_whose_connection_broke_is_sent_again_by_the_driver_and_counts_once(
    database: MongoDatabase, fault: Fault
) -> None:
    fault.next(1, "insert", closeConnection=True)
    await database.tables.drafts.add(records.draft())
    fault.next(1, "find", closeConnection=True)
    assert await database.tables.drafts.count(Query(owner=ANN)) == 1
    assert len(await database.tables.drafts.find(Query(owner=ANN))) == 1


async def test_a_server_that_falls_silent_holds_nobody_up_for_ever(
    faulty: MongoServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    near = await open_file_keys(tmp_path / "keys", MASTER)
    monkeypatch.setattr(mongo, "SOCKET_TIMEOUT_MS", 300)
    async with silenced(faulty.uri) as (uri, falls_silent):
        database = await open_mongo(uri, f"silent_{secrets.token_hex(4)}", near, lambda: NOW, timeout_ms=300)
        keys = await open_mongo_keys(uri, f"silent_{secrets.token_hex(4)}", MASTER)
        tombstones = MongoTombstones(uri, f"silent_{secrets.token_hex(4)}")
        assert await tombstones.marks() == frozenset()
        falls_silent.set()
        async with asyncio.timeout(60):
            for asked in (database.tables.drafts.get("x", ANN), keys.key("y"), tombstones.marks()):
                with pytest.raises(Unavailable):
                    await asked
        for one in (database, keys, tombstones):
            await one.close()


@contextlib.asynccontextmanager
async def silenced(uri: str) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """Stand between a client and the server; once the event is set nothing is passed on, and no connection ends."""
    port, silent = int(uri.rstrip("/").rpartition(":")[2]), asyncio.Event()
    tasks: set[asyncio.Task[None]] = set()

    async def pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65_536):
                if silent.is_set():
                    await asyncio.Event().wait()
                writer.write(data)
        writer.close()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        for task in (asyncio.create_task(pass_on(reader, ours)), asyncio.create_task(pass_on(theirs, writer))):
            tasks.add(task)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    try:
        yield f"mongodb://127.0.0.1:{server.sockets[0].getsockname()[1]}/?directConnection=true", silent
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
