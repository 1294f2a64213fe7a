"""Every port that more than one adapter fulfils has one contract suite, which runs on each of them.

Adapters are found by reading: a class in adapters/ that has every verb of a port with the same arguments fulfils it. So a new
adapter, or a new port, fails here until its suite is written down and runs on it.
"""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import pytest

from imageroute_app.settings import ROOT
from tests.syntax import parsed

APP, CONTRACTS = ROOT / "imageroute_app", ROOT / "tests/contracts"


@dataclass(frozen=True)
class Suite:
    """A file of tests/contracts, the fixture that opens an adapter, and the parameter of each adapter."""

    file: str
    fixture: str
    runs_on: Mapping[str, str]


ROWS = {"SqliteRows": "sqlite", "MongoRows": "mongo"}
PROVIDERS = {
    "BflProvider": "bfl", "FalProvider": "fal", "GeminiProvider": "gemini", "OpenAICompatProvider": "openai_compat",
    "OpenRouterProvider": "openrouter", "ReplicateProvider": "replicate", "SdapiProvider": "sdapi",
    "StabilityProvider": "stability", "SketchProvider": "sketch",
}  # fmt: skip

SUITES: Mapping[str, Suite] = {
    "Database": Suite("test_database.py", "place", {"SqliteDatabase": "sqlite", "MongoDatabase": "mongo"}),
    "Tables": Suite("test_database.py", "place", {"SqliteTables": "sqlite", "MongoTables": "mongo"}),
    "Repository": Suite("test_database.py", "place", {
        "SqliteRepository": "sqlite", "SqliteImages": "sqlite", "SqliteJobs": "sqlite", "SqliteLedger": "sqlite",
        "MongoRepository": "mongo", "MongoJobs": "mongo", "MongoLedger": "mongo",
    }),
    "Jobs": Suite("test_database_money.py", "place", {"SqliteJobs": "sqlite", "MongoJobs": "mongo"}),
    "Ledger": Suite("test_database_money.py", "place", {"SqliteLedger": "sqlite", "MongoLedger": "mongo"}),
    "RowStore": Suite("test_backups.py", "place", ROWS),
    "Rows": Suite("test_backups.py", "place", {"SqliteMoment": "sqlite", "MongoMoment": "mongo"}),
    "KeyStore": Suite("test_keys.py", "open_keys", {"FileKeys": "files", "MongoKeys": "mongo"}),
    "KeyRows": Suite("test_keys.py", "open_keys", {"FileKeys": "files", "MongoKeys": "mongo"}),
    "Tombstones": Suite("test_tombstones.py", "open_again", {"FileTombstones": "files", "MongoTombstones": "mongo"}),
    "MediaStore": Suite("test_media.py", "media", {"LocalMedia": "local", "CloudinaryMedia": "cloudinary"}),
    "PreparedMedia": Suite("test_media.py", "media", {"PreparedFiles": "local", "Fetched": "cloudinary"}),
    "ImageProvider": Suite("test_providers.py", "vendor", PROVIDERS),
    "Payments": Suite("test_payments.py", "seller", {"SandboxPayments": "sandbox", "DodoPayments": "dodo"}),
    "Dispatcher": Suite("test_dispatcher.py", "post", {"MemoryDispatcher": "memory", "RedisDispatcher": "redis"}),
    "Mailer": Suite("test_mailer.py", "way", {"Outbox": "outbox", "SmtpMailer": "smtp"}),
    "Limiter": Suite("test_limiter.py", "limiter", {"MovingWindow": "redis"}),
    "IdentityProvider": Suite("test_identity.py", "door", {"Clerk": "clerk"}),
    "HostedIdentity": Suite("test_identity.py", "door", {"Clerk": "clerk"}),
}  # fmt: skip
EMBEDDED = {"Limiter": "memory", "IdentityProvider": "local", "HostedIdentity": "local"}
"""Where the default is no class of its own: a storage of the same limiter, and services.accounts for who signs in here."""
ALONE = {"Imaging", "Moderation", "Sandbox", "Passwords", "PasskeyCeremony", "Strongbox", "Shelf"}
"""Ports of one adapter: they are there because services may not import the adapter's room."""
NOTHING = {"NoPayments": "it sells nothing, so that there is nothing to promise"}


@dataclass(frozen=True)
class Class:
    """What a class says: its verbs with the names of their arguments, and its bases."""

    verbs: Mapping[str, tuple[str, ...]]
    bases: tuple[str, ...]


def _classes(text: str) -> Iterator[tuple[str, Class]]:
    for node in ast.walk(parsed(text)):
        if isinstance(node, ast.ClassDef):
            functions = [one for one in node.body if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]
            yield node.name, Class({one.name: _arguments(one) for one in functions}, tuple(map(_name, node.bases)))


def _arguments(function: ast.FunctionDef | ast.AsyncFunctionDef) -> tuple[str, ...]:
    said = function.args
    return tuple(argument.arg.lstrip("_") for argument in [*said.posonlyargs, *said.args, *said.kwonlyargs])


def _name(node: ast.expr) -> str:
    return ast.unparse(node.value if isinstance(node, ast.Subscript) else node).rpartition(".")[2]


def _all_verbs(name: str, known: Mapping[str, Class]) -> dict[str, tuple[str, ...]]:
    if name not in known:
        return {}
    inherited = [_all_verbs(base, known) for base in known[name].bases if base != name]
    return {verb: said for verbs in inherited for verb, said in verbs.items()} | dict(known[name].verbs)


@cache
def ports() -> dict[str, Class]:
    """Return every protocol of the domain that adapters fulfil."""
    texts = [(APP / "domain" / name).read_text(encoding="utf-8") for name in ("ports.py", "backups.py")]
    found = {name: said for text in texts for name, said in _classes(text)}
    return {name: said for name, said in found.items() if "Protocol" in said.bases}


@cache
def adapters() -> dict[str, Class]:
    """Return every class of the adapters."""
    texts = [path.read_text(encoding="utf-8") for path in sorted((APP / "adapters").rglob("*.py"))]
    return {name: said for text in texts for name, said in _classes(text)}


def fulfilling(port: str) -> set[str]:
    """Return the adapters that fulfil a port."""
    wanted = _all_verbs(port, ports())
    return {name for name in adapters() if wanted and wanted.items() <= _all_verbs(name, adapters()).items()} - set(
        NOTHING
    )


def params(fixture: str, *files: str) -> set[str]:
    """Return the parameters that a fixture runs with, in the first of the files that has it."""
    for file in files:
        for node in parsed((CONTRACTS / file).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name == fixture:
                said = [word for one in node.decorator_list for word in ast.walk(one)]
                return {word.value for word in said if isinstance(word, ast.Constant) and isinstance(word.value, str)}
    return set()


def test_every_port_is_written_down_and_nothing_else_is() -> None:
    assert set(ports()) == set(SUITES) | ALONE


@pytest.mark.parametrize("port", sorted(ALONE))
def test_a_port_that_needs_no_suite_has_one_adapter(port: str) -> None:
    assert len(fulfilling(port)) == 1


@pytest.mark.parametrize("port", sorted(SUITES))
def test_every_adapter_of_a_port_runs_its_contract_suite(port: str) -> None:
    suite = SUITES[port]
    assert fulfilling(port) == set(suite.runs_on)
    wanted = {*suite.runs_on.values(), *([EMBEDDED[port]] if port in EMBEDDED else [])}
    assert len(wanted) > 1
    if port == "ImageProvider":  # one of every kind that the registry knows, by a comprehension
        from imageroute_app.adapters.registry import KINDS

        assert wanted == {*KINDS, "sketch"}
        wanted = {"sketch"}
    assert wanted <= params(suite.fixture, suite.file, "conftest.py")


@pytest.mark.parametrize("file", sorted({suite.file for suite in SUITES.values()}))
def test_a_suite_has_tests_that_use_its_fixture(file: str) -> None:
    module = parsed((CONTRACTS / file).read_text(encoding="utf-8"))
    tests = [node for node in module.body if isinstance(node, ast.AsyncFunctionDef) and node.name.startswith("test_")]
    fixtures = {suite.fixture for suite in SUITES.values() if suite.file == file} | {"database", "first"}
    assert sum(bool(fixtures & {argument.arg for argument in one.args.args}) for one in tests) >= 3
