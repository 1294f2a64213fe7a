"""Whether the connection to MongoDB is safe, and its user no mightier than the product needs (docs/operations.md, MongoDB)."""

import ipaddress

from pymongo.errors import PyMongoError

from imageroute_app.adapters.mongo import client_of
from imageroute_app.domain.errors import Unavailable

MIGHTY = frozenset(
    {
        "root", "dbOwner", "dbAdminAnyDatabase", "readWriteAnyDatabase", "userAdmin", "userAdminAnyDatabase", "clusterAdmin",
        "atlasAdmin", "__system", "backup", "restore",
    }
)  # fmt: skip
"""Built-in roles that reach further than the three databases of an installation (MongoDB manual, Built-In Roles)."""


async def too_much(uri: str, database: str) -> str:
    """Return what to change about the connection, in one sentence; empty when nothing. Raises Unavailable."""
    try:
        async with client_of(uri) as client:
            status = await client.admin.command("connectionStatus", showPrivileges=False)
            hosts = [host for host, _ in client.nodes]
            is_encrypted = client.options.pool_options._ssl_context is not None  # noqa: SLF001  # no public name says so
    except PyMongoError as error:
        raise Unavailable("MongoDB does not answer: look at IMAGEROUTE_MONGODB_URI and at who it lets in") from error
    info = status.get("authInfo", {})
    if not is_encrypted and not all(_is_this_machine(host) for host in hosts):
        return "the connection to MongoDB is not encrypted: use mongodb+srv, or add tls=true to IMAGEROUTE_MONGODB_URI"
    if not info.get("authenticatedUsers"):
        return "MongoDB lets everyone in: turn on its authorization and give this installation a user of its own"
    mighty = sorted({str(role["role"]) for role in info.get("authenticatedUserRoles", [])} & MIGHTY)
    if mighty:
        own = ", ".join((database, f"{database}_keys", f"{database}_tombstones"))
        return f"the MongoDB user has the role {' and '.join(mighty)}: readWrite and dbAdmin on {own} are enough"
    return ""


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "")
