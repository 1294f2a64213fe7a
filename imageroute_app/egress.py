"""Where this process may go: hosts that the register of companies or the settings name, and nowhere else (PRIVACY P39).

The interpreter itself asks here before a name is looked up and before anything is connected or sent (audit events of PEP 578),
whichever library wants to, and a hook cannot be taken out again. Loopback is this machine. An address in numbers is let
through when an allowed name was found to lie there, when a setting names it, or when it is the name server of this machine.
"""

import ipaddress
import logging
import socket
import sys
from collections.abc import Callable, Iterable
from functools import wraps
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
SENDS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
INET = frozenset({socket.AF_INET, socket.AF_INET6})
HERE = frozenset({"", "localhost", "0.0.0.0", "::"})  # noqa: S104  # names of this machine, bound by nobody here
RESOLVERS, DNS_PORT = Path("/etc/resolv.conf"), 53
REMEMBERED_MAX = 10_000


class Blocked(socket.gaierror):
    """The name stands in no register; libraries take it for a host that is not there."""


class Found:
    """Where allowed names were found to lie; of very many the oldest are forgotten, until they are looked up again."""

    def __init__(self) -> None:
        self._addresses: dict[str, None] = {}

    def __contains__(self, address: str) -> bool:
        return address in self._addresses

    def add(self, address: object) -> None:
        """Remember an address as a look-up gave it."""
        self._addresses[_plain(_name(address))] = None
        while len(self._addresses) > REMEMBERED_MAX:
            del self._addresses[next(iter(self._addresses))]


def guard(hosts: Iterable[str]) -> None:
    """From now on let this process reach these hosts only; "*.example.com" means the name and all below it."""
    allowed = frozenset(host.casefold() for host in hosts if host)
    found, resolvers = Found(), _resolvers()
    _remember(found)

    def hear(event: str, given: tuple[Any, ...]) -> None:
        if event in LOOKUPS:
            _let(_name(given[0]), is_allowed(_name(given[0]), allowed))
        elif event in SENDS and given[0].family in INET and given[1] is not None:
            host, port = _name(given[1][0]), given[1][1]
            is_known = _plain(host) in found or (port == DNS_PORT and _plain(host) in resolvers)
            _let(host, is_known or is_allowed(host, allowed))

    sys.addaudithook(hear)


def _let(host: str, is_free: bool) -> None:
    if not is_free:
        log.error("egress.blocked", extra={"host": host})
        raise Blocked(socket.EAI_NONAME, "This host is in no register of ours.")


def _remember(found: Found) -> None:
    """Have every look-up note what it found; the interpreter reports only that there was one."""
    look_up: Callable[..., Any] = socket.getaddrinfo
    look_up_one: Callable[..., Any] = socket.gethostbyname
    look_up_all: Callable[..., Any] = socket.gethostbyname_ex

    @wraps(look_up)
    def getaddrinfo(*given: Any, **named: Any) -> Any:
        answers = look_up(*given, **named)
        for family, _, _, _, address in answers:
            if family in INET:
                found.add(address[0])
        return answers

    @wraps(look_up_one)
    def gethostbyname(hostname: str) -> Any:
        found.add(address := look_up_one(hostname))
        return address

    @wraps(look_up_all)
    def gethostbyname_ex(hostname: str) -> Any:
        answer = look_up_all(hostname)
        for address in answer[2]:
            found.add(address)
        return answer

    socket.getaddrinfo, socket.gethostbyname, socket.gethostbyname_ex = getaddrinfo, gethostbyname, gethostbyname_ex


def _resolvers() -> frozenset[str]:
    """Return the name servers of this machine: a driver that reads service records asks them by itself."""
    try:
        lines = RESOLVERS.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    return frozenset(
        _plain(line.split()[1]) for line in lines if line.split()[:1] == ["nameserver"] and line.split()[1:]
    )


def is_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Say whether a host is this machine, or one of the allowed."""
    if host in HERE or host in allowed or _plain(host) in allowed or _is_loopback(host):
        return True
    parts = host.split(".")
    return any(f"*.{'.'.join(parts[number:])}" in allowed for number in range(len(parts)))


def hosts_in(address: str) -> list[str]:
    """Return the hosts of a URL, several where a database has several; of a seed list all below its domain too."""
    parts = urlsplit(address)
    places = [place for place in parts.netloc.rpartition("@")[2].split(",") if place]
    names = [urlsplit(f"//{place}").hostname or "" for place in places]
    if parts.scheme == "mongodb+srv":
        names += [f"*.{name.partition('.')[2]}" for name in names]
    return [name.casefold() for name in names if name]


def _name(value: object) -> str:
    text = value.decode("ascii", "replace") if isinstance(value, bytes) else str(value or "")
    return text.casefold().rstrip(".")


def _plain(address: str) -> str:
    """Return an address in its one spelling: without zone, and as IPv4 where IPv6 only wraps it; a name stays as it is."""
    try:
        number = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return str(getattr(number, "ipv4_mapped", None) or number)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(_plain(host)).is_loopback
    except ValueError:
        return False
