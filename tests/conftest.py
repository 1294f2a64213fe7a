"""What every room's tests may ask for: the built product, as a process."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis  # here, because its plugin would import it while results are printed; see tests.syntax about CPython 3.11
import pytest
import pytest_asyncio
from pymongo import MongoClient
from xdist.remote import Producer

from imageroute_app.adapters import workers
from imageroute_app.adapters.database.mongo import database as mongo
from imageroute_app.adapters.database.sqlite import schema
from tests.halves import FRONT, Halves, journeys_first
from tests.mongo_server import RUN, is_foreign, mongo_server
from tests.product import ForkedProduct, Product, build_front_end
from tests.ready_mongo import ReadyDatabases
from tests.ready_schema import copying
from tests.worker_forks import forking

hypothesis.settings.register_profile(
    "any machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any machine")  # a slow or busy one breaks no rule that a test states

MakeProduct = Callable[..., Awaitable[Product]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest first; a journey that fails runs once more, and the report names it (R): a slow machine is no defect."""
    journeys_first(items)
    for item in items:
        if item.get_closest_marker("each_point_once") and not _is_its_turn(item):
            item.add_marker(pytest.mark.soak)
        if item.nodeid.startswith(FRONT):
            item.add_marker(pytest.mark.flaky(reruns=1))


def _is_its_turn(item: pytest.Item) -> bool:
    """Say whether this point is tried on this database in every run: each is on one of the two, and on both with the soak."""
    point = str(item.callspec.params["point"]) if isinstance(item, pytest.Function) else ""
    return sum(point.encode()) % 2 != ("mongo" in item.nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Halves:
    """Share the files out between the workers of `-n`."""
    config.option.loadscopereorder = False
    return Halves(config, log)


@pytest.fixture(scope="session", autouse=True)
def _ready_schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(schema, "_upgrade", copying(schema._upgrade, tmp_path_factory.mktemp("schema")))
        yield


@pytest.fixture(scope="session", autouse=True)
def _ready_databases() -> Iterator[ReadyDatabases]:
    ready = ReadyDatabases()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mongo, "make_validators", ready.unless_ready(mongo.make_validators, is_last=False))
        patch.setattr(mongo, "make_indexes", ready.unless_ready(mongo.make_indexes, is_last=True))
        yield ready


@pytest.fixture(scope="session")
def _worker_command(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, ...]]:
    with forking(tmp_path_factory.mktemp("w")) as command:
        yield command


@pytest.fixture(autouse=True)
def _forked_workers(_worker_command: tuple[str, ...]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(workers, "COMMAND", _worker_command)
        yield


@pytest.fixture(scope="session")
def front_end() -> None:
    """Build the pages once, and only if their sources changed."""
    build_front_end()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def product(front_end: None, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Product]:
    """One running installation that all tests share; whoever stops it must start it again."""
    shared = Product(tmp_path_factory.mktemp("product") / "data")
    await shared.start()
    yield shared
    await shared.stop()


@pytest_asyncio.fixture(loop_scope="session")
async def make_product(front_end: None, tmp_path: Path) -> AsyncIterator[MakeProduct]:
    """Start installations of a test's own, by settings without their prefix: `await make_product(JOBS_PER_HOUR="2")`."""
    made: list[Product] = []

    async def make(**settings: str) -> Product:
        own = ForkedProduct(tmp_path / f"data{len(made)}", settings=settings)
        made.append(own)
        await own.start()
        return own

    yield make
    for own in made:
        await own.kill()


@pytest.fixture(scope="session")
def mongo_uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the server's address; our databases go with its folder, or are dropped when it is somebody else's."""
    with mongo_server(tmp_path_factory.mktemp("mongo")) as uri:
        yield uri
        with contextlib.closing(MongoClient[dict[str, Any]](uri, timeoutMS=90_000)) as client:
            for name in client.list_database_names() if is_foreign() else ():
                if name.startswith(RUN):
                    client.drop_database(name)


@pytest.fixture(scope="session")
def _mongo_client(mongo_uri: str) -> Iterator[MongoClient[dict[str, Any]]]:
    with contextlib.closing(MongoClient[dict[str, Any]](mongo_uri, timeoutMS=90_000)) as client:
        yield client


@pytest.fixture
def mongo_name(_ready_databases: ReadyDatabases, _mongo_client: MongoClient[dict[str, Any]]) -> Iterator[str]:
    """Return the name of a database without a document, of the test's own, as are all whose names begin with it."""
    with _ready_databases.lend(_mongo_client) as name:
        yield name
