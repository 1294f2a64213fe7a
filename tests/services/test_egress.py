"""Where data goes: the product opens connections to those that the settings name and to nobody else, in everything it does.

The interpreter itself reports each connection and each look-up of a name (audit events of PEP 578), whichever library asks.
"""

import asyncio
import base64
import os
import secrets
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiosmtpd.controller import Controller

from imageroute_app.domain.jobs import Failover, JobState, Level, Request, Rule
from imageroute_app.egress import hosts_in
from imageroute_app.services.house import Services
from imageroute_app.settings import ROOT
from tests.doubles import MovingClock, png
from tests.emulators.bfl import BflEmulator
from tests.emulators.cloudinary import CloudinaryEmulator, settings_of
from tests.emulators.kit import served
from tests.mongo_server import RUN
from tests.needles import open_home, sow
from tests.services.exporting import made

INET = (socket.AF_INET, socket.AF_INET6)


@dataclass
class Traffic:
    """Every address that was connected to and every name that was looked up while it was on."""

    is_on: bool = False
    ports: set[int] = field(default_factory=set)
    others: set[str] = field(default_factory=set)

    def hear(self, event: str, given: tuple[Any, ...]) -> None:
        """Note an audit event of the interpreter."""
        if not self.is_on:
            return
        if event == "socket.connect" and given[0].family in INET:
            host, port = given[1][:2]
            (self.ports.add(port) if host in ("127.0.0.1", "::1") else self.others.add(f"{host}:{port}"))
        elif event == "socket.getaddrinfo" and given[0]:
            name = given[0].decode() if isinstance(given[0], bytes) else str(given[0])
            self.others |= {name} - {"127.0.0.1", "::1", "localhost"}
        elif event == "socket.sendto" and given[0].family in INET:
            self.others.add(str(given[1]))


_TRAFFIC = Traffic()
_HEARS: list[bool] = []


@contextmanager
def traffic() -> Iterator[Traffic]:
    """Listen around a block; a hook cannot be taken out again, so there is one for all tests."""
    if not _HEARS:
        _HEARS.append(True)
        sys.addaudithook(_TRAFFIC.hear)
    _TRAFFIC.is_on, _TRAFFIC.ports, _TRAFFIC.others = True, set(), set()
    try:
        yield _TRAFFIC
    finally:
        _TRAFFIC.is_on = False


def port_of(url: str) -> int:
    return int(url.rstrip("/").rpartition(":")[2].partition("/")[0])


async def live_and_leave(services: Services) -> str:
    """Do everything that a person can have done to data: store, make, share, mail, export, sweep, check, erase."""
    needles = await sow(services)
    await services.accounts.request_reset(needles.email, address="127.0.0.1")
    await services.accounts.settle()
    await services.newsletter.ask("somebody@example.com")
    await services.newsletter.settle()
    await services.uploads.add(needles.owner, png(), name="beach.png")
    assert (await made(services, needles.owner)).state == "ready"
    await services.runner.sweep()
    await services.checks.sweep()
    return needles.owner


async def leave(services: Services, owner: str, clock: MovingClock) -> None:
    erasure = await services.erasures.begin(owner, at_once=True)
    for _ in range(5):
        await services.erasures.sweep()
        clock.move(minutes=15)
    assert (await services.erasures.status(erasure.code)).erasure.phase.is_final


@pytest.mark.promise("P38", "P39")
async def test_with_the_embedded_defaults_nothing_leaves_at_all(tmp_path: Path) -> None:
    clock = MovingClock()
    with traffic() as heard:
        async with open_home(tmp_path / "data", clock=clock) as services:
            await leave(services, await live_and_leave(services), clock)
    assert (heard.ports, heard.others) == (set(), set())


@asynccontextmanager
async def named_recipients(tmp_path: Path, mongo_uri: str) -> AsyncIterator[tuple[dict[str, str], dict[str, int], Any]]:
    """Serve each company that the settings can name; yields settings, their ports, and the one that makes pictures."""
    cloud, maker = CloudinaryEmulator(prefix="/cloudinary"), BflEmulator()
    mail = Controller(Devour(), hostname="127.0.0.1", port=0)
    mail.port = _free_port()
    mail.start()
    async with AsyncExitStack() as stack:
        stack.callback(mail.stop)
        for emulator in (cloud, maker):
            await stack.enter_async_context(served(emulator))
        settings = {key.removeprefix("IMAGEROUTE_"): value for key, value in settings_of(cloud).items()}
        settings |= {
            "BFL_KEY": maker.key,
            "BFL_URL": maker.url,
            "SMTP_URL": f"smtp://127.0.0.1:{mail.port}",
            "MAIL_FROM": "ImageRoute <noreply@example.com>",
            "MONGODB_DATABASE": f"{RUN}_{secrets.token_hex(4)}",
            "MASTER_KEY": base64.urlsafe_b64encode(bytes(32)).decode(),
        }
        ports = {
            "database": port_of(mongo_uri), "mail": mail.port, "cloudinary": port_of(cloud.url.removesuffix("/cloudinary")),
            "bfl": port_of(maker.url),
        }  # fmt: skip
        yield settings, ports, (cloud, maker)


class Devour:
    """A mail server that takes everything."""

    async def handle_DATA(self, _server: object, _session: object, _envelope: object) -> str:  # noqa: N802  # its name for it
        return "250 OK"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.promise("P38", "P39", "P19")
async def test_only_those_that_the_settings_name_are_spoken_to_and_people_see_each(
    tmp_path: Path, mongo_uri: str
) -> None:
    clock = MovingClock()
    async with named_recipients(tmp_path, mongo_uri) as (settings, ports, (cloud, _maker)):
        cloud.now = lambda: clock().timestamp()
        with traffic() as heard:
            async with open_home(tmp_path / "data", mongo_uri=mongo_uri, clock=clock, **settings) as services:
                owner = await live_and_leave(services)
                await _make_one(services, owner, clock)
                named = "".join(map(str, await services.disclosures.lines(owner)))
                await leave(services, owner, clock)
        assert (heard.ports - set(ports.values()), heard.others) == (set(), set())
        assert heard.ports == set(ports.values()), "a recipient was never spoken to, so the flow proves little"
        assert "Black Forest Labs" in named
        assert services.site.receivers == ("cloudinary",)


async def _make_one(services: Services, owner: str, clock: MovingClock) -> None:
    person = await services.accounts.person(owner)
    await services.database.tables.people.update(replace(person, email_verified_at=clock()))
    request = Request(
        prompt="a fern at dawn", provider="bfl", model="flux-2-pro", width=1024, height=1024,
        rule=Rule(level=Level.ANY, failover=Failover.NEVER),
    )  # fmt: skip
    quote = await services.jobs.quote(owner, request)
    job = await services.jobs.submit(owner, quote.id)
    await services.runner.run(job.id)
    while not (job := await services.jobs.job(owner, job.id)).state.is_final:
        await asyncio.sleep(0.05)
    assert job.state is JobState.SUCCEEDED, job.failure_message


async def test_a_connection_to_anybody_else_is_heard() -> None:
    port = _free_port()
    with traffic() as heard:
        async with httpx.AsyncClient(trust_env=False) as client:
            for address in ("http://collector.example/", f"http://127.0.0.1:{port}/"):
                with suppress(httpx.HTTPError, RuntimeError):  # there is no network here, and the tests forbid it
                    await client.get(address, timeout=2)
    assert "collector.example" in heard.others
    assert heard.ports == {port}


# --- What is not in the register ------------------------------------------------------------------------------------------

TRY = """
import asyncio, socket, sys
from dataclasses import replace
import httpx, urllib3
from imageroute_app.bootstrap import open_guarded
from imageroute_app.egress import Blocked
from imageroute_app.settings import load_settings

class Asked(Exception):
    pass

def ask(event, given):  # after the guard: a name that comes by here would have been looked up
    if event == "socket.getaddrinfo" and given[0] not in ("127.0.0.1", "localhost"):
        raise Asked(given[0])

def verdict(look):
    try:
        look()
    except Blocked:
        return "blocked"
    except Asked:
        return "asked"
    except (httpx.ConnectError, urllib3.exceptions.HTTPError) as error:
        return "blocked" if "no register" in str(error) else repr(error)
    return "nothing"

async def over_httpx(host):
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.get(f"https://{host}/")

async def main():
    services = await open_guarded(load_settings())
    sys.addaudithook(ask)
    await services.close()

asyncio.run(main())
for host in sys.argv[1:]:
    told = {
        verdict(lambda: socket.getaddrinfo(host, 443)),
        verdict(lambda: asyncio.run(over_httpx(host))),
        verdict(lambda: urllib3.PoolManager(retries=False).request("GET", f"https://{host}/")),
    }
    print(host, *told)
"""


@pytest.mark.promise("P38", "P39")
def test_a_host_in_no_register_is_looked_up_by_nobody_whichever_library_wants_to(tmp_path: Path) -> None:
    named = ["queue.fal.run", "api.fal.ai", "v3.fal.media", "api.cloudinary.com", "mail.example.org"]
    others = ["collector.example", "api.replicate.com", "api.clerk.com", "fal.run.evil.example"]
    environment = {
        "PATH": os.environ["PATH"], "IMAGEROUTE_DATA_DIR": str(tmp_path / "data"), "IMAGEROUTE_FAL_KEY": "k",
        "IMAGEROUTE_CLOUDINARY_CLOUD": "c", "IMAGEROUTE_CLOUDINARY_KEY": "k", "IMAGEROUTE_CLOUDINARY_SECRET": "s",
        "IMAGEROUTE_SMTP_URL": "smtp://user:pass@mail.example.org:587", "IMAGEROUTE_MAIL_FROM": "I <i@example.org>",
    }  # fmt: skip
    ran = subprocess.run(
        [sys.executable, "-c", TRY, *named, *others],  # ours
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert dict(line.split(" ", 1) for line in ran.stdout.splitlines()) == {
        **dict.fromkeys(named, "asked"),
        **dict.fromkeys(others, "blocked"),
    }


NUMBERS = """
import asyncio, contextlib, socket, sys
import httpx, urllib3
from imageroute_app import egress
from imageroute_app.egress import Blocked, guard

real = socket.getaddrinfo

def answer(host, port, *given, **named):  # what a name server would say, for there is none here
    if host == "mail.example.org":
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("198.51.100.7", port)),
                (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("2001:db8::7", port, 0, 0))]
    return real(host, port, *given, **named)

socket.getaddrinfo = answer
egress._resolvers = lambda: frozenset({"203.0.113.53"})
guard(["mail.example.org", "198.51.100.8", "2001:db8::8"])

class Reached(Exception):
    pass

def reached(event, given):  # after the guard: what comes by here would have left
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg") and given[0].family in egress.INET:
        raise Reached

sys.addaudithook(reached)

def verdict(go):
    try:
        go()
    except Blocked:
        return "blocked"
    except Reached:
        return "reached"
    except (httpx.HTTPError, urllib3.exceptions.HTTPError) as error:
        return "blocked" if "no register" in str(error) else repr(error)
    return "nothing"

def connect(host, port=443):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as one:
        one.setblocking(False)
        one.connect((host, port))

def send(host, port=443):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendto(b"words", (host, port))

def pass_on(host):
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.sendmsg([b"words"], [], 0, (host, 443))

async def over_asyncio(host):
    await asyncio.open_connection(host, 443)

def told(host):
    ways = (connect, send, pass_on, lambda host: asyncio.run(over_asyncio(host)))
    return sorted({verdict(lambda way=way: way(host)) for way in ways})

def over(host):
    url = f"http://[{host}]/" if ":" in host else f"http://{host}/"
    ways = (lambda: httpx.get(url, trust_env=False), lambda: urllib3.PoolManager(retries=False).request("GET", url))
    return sorted({verdict(way) for way in ways})

print("before", *told("198.51.100.7"), *told("2001:db8::7"))
socket.getaddrinfo("mail.example.org", 25)
print("after", *told("198.51.100.7"), *told("2001:db8::7"))
print("mapped", *told("::ffff:198.51.100.7"), *told("::ffff:192.0.2.1"))
print("setting", *told("198.51.100.8"), *told("2001:db8::8"))
print("strange", *told("192.0.2.1"), *told("2001:db8::1"), *over("192.0.2.1"), *over("2001:db8::1"))
print("here", *told("127.0.0.1"), *told("::1"))
print("dns", verdict(lambda: send("203.0.113.53", 53)), verdict(lambda: send("203.0.113.53", 443)))
left, right = socket.socketpair()
print("unix", left.send(b"x"))
"""


@pytest.mark.promise("P38", "P39")
def test_an_address_in_numbers_is_reached_only_where_an_allowed_name_lies() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", NUMBERS], cwd=ROOT, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert dict(line.split(" ", 1) for line in ran.stdout.splitlines()) == {
        "before": "blocked blocked",
        "after": "reached reached",
        "mapped": "reached blocked",
        "setting": "reached reached",
        "strange": "blocked blocked blocked blocked",
        "here": "reached reached",
        "dns": "reached blocked",
        "unix": "1",
    }


@pytest.mark.promise("P39")
def test_every_way_to_start_a_process_comes_by_the_guard() -> None:
    for path in (ROOT / "imageroute_app").rglob("*.py"):
        if path.name != "bootstrap.py":
            assert "open_services" not in path.read_text(encoding="utf-8"), path


def test_hosts_of_addresses_are_read() -> None:
    assert hosts_in("mongodb://me:p%40ss@a.example:27017,b.example/db?x=1") == ["a.example", "b.example"]
    assert hosts_in("mongodb+srv://me:pass@cluster0.abc.mongodb.net/db") == [
        "cluster0.abc.mongodb.net",
        "*.abc.mongodb.net",
    ]
    assert hosts_in("rediss://:pass@[2001:db8::1]:6379/0") == ["2001:db8::1"]
    assert hosts_in("unix:///tmp/redis.sock") == []
