"""Companies that a setting switches on: how each is called, what it gets, and whether an installation can wait for its day.

A key is "cloudinary", "clerk" or "dodo" (names of RECEIVERS), or "mail:DOMAIN", "database:DOMAIN" and "redis:DOMAIN" for a
server on somebody else's network.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta

from imageroute_app.domain.data_map import RECEIVERS
from imageroute_app.domain.errors import InvalidInput

NOTICE = timedelta(days=30)
SERVERS = {
    "mail": ("the mail server of {}", "It sees your address and the text of every mail to you"),
    "database": ("the database at {}", "It keeps what is stored about you; what is personal is encrypted before"),
    "redis": ("the server for page state at {}", "It keeps what open pages show, for an hour at most"),
}
CAN_WAIT = frozenset({"dodo"})
"""Until its day nothing is sold; nobody else can stand in for where pictures, rows, mails or sign-ins are."""
OWN = (".local", ".localhost", ".internal", ".lan", ".home.arpa")
COUNTRY_LABEL_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A company that people are told of: its name, what it gets, and since when they are told."""

    key: str
    company: str
    gets: str
    since: datetime
    is_hurried: bool = False

    @property
    def title(self) -> str:
        """Return its name as a sentence begins."""
        return headed(self.company)

    @property
    def opens_at(self) -> datetime:
        """When it may get something for the first time."""
        return self.since if self.is_hurried else self.since + NOTICE


def headed(company: str) -> str:
    """Return the name of a company with a capital, the rest as it is."""
    return company[0].upper() + company[1:]


def described(key: str) -> tuple[str, str]:
    """Return the name of a company and a sentence of what it gets; raises InvalidInput for a key that names none."""
    if (receiver := RECEIVERS.get(key)) is not None:
        return receiver.name.partition(",")[0], f"It receives {', '.join(receiver.receives)}, {receiver.when}"
    kind, _, domain = key.partition(":")
    if kind not in SERVERS or domain_of(domain) != domain or not domain:
        known = ", ".join((*RECEIVERS, *(f"{name}:example.org" for name in SERVERS)))
        raise InvalidInput(f"Name a company as one of {known}; of a server the domain, without its first names.")
    name, gets = SERVERS[kind]
    return name.format(domain), gets


def domain_of(host: str) -> str:
    """Return whose network a host is on, by the last names of it: example.org, example.co.uk; empty for one's own."""
    name = host.casefold().rstrip(".")
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return "" if "." not in name or name.endswith(OWN) else _last_names(name)
    return "" if address.is_private or address.is_loopback else name


def _last_names(name: str) -> str:
    parts = name.split(".")
    is_country = len(parts) > 2 and len(parts[-1]) == 2 and len(parts[-2]) <= COUNTRY_LABEL_MAX
    return ".".join(parts[-3:] if is_country else parts[-2:])
