"""Where this process may go: hosts that the register of companies or the settings name, and nowhere else (PRIVACY P39).

The interpreter itself asks here before a name is looked up (audit events of PEP 578), whichever library wants to, and a hook
cannot be taken out again. Loopback is this machine. An address in numbers needs no look-up: only a company's answer could name
one, and adapters/http.py refuses those.
"""

import ipaddress
import logging
import socket
import sys
from collections.abc import Iterable
from urllib.parse import urlsplit

log = logging.getLogger(__name__)

LOOKUPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})
HERE = frozenset({"", "localhost", "0.0.0.0", "::"})  # noqa: S104  # names of this machine, bound by nobody here


class Blocked(socket.gaierror):
    """The name stands in no register; libraries take it for a host that is not there."""


def guard(hosts: Iterable[str]) -> None:
    """From now on let this process look up these hosts only; "*.example.com" means the name and all below it."""
    allowed = frozenset(host.casefold() for host in hosts if host)

    def hear(event: str, given: tuple[object, ...]) -> None:
        if event in LOOKUPS and not is_allowed(_name(given[0]), allowed):
            log.error("egress.blocked", extra={"host": _name(given[0])})
            raise Blocked(socket.EAI_NONAME, "This host is in no register of ours.")

    sys.addaudithook(hear)


def is_allowed(host: str, allowed: frozenset[str]) -> bool:
    """Say whether a host is this machine, or one of the allowed."""
    if host in HERE or host in allowed or _is_loopback(host):
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


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False
