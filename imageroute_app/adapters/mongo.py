"""The one way to a MongoDB server, for data, keys and tombstones alike.

Principle: no call waits for ever, writes are acknowledged by a majority and journaled, and a server has to prove who it is. An
address that asks for less is refused, because people's data and credits would hang on it.
"""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

from pymongo import AsyncMongoClient
from pymongo.errors import ConfigurationError

from imageroute_app.domain.errors import Unavailable

TIMEOUT_MS = 5000
SOCKET_TIMEOUT_MS = 20_000
UNPROVEN = frozenset({"tlsinsecure", "tlsallowinvalidcertificates", "tlsallowinvalidhostnames"})
"""What turns the proof off (MongoDB manual, connection strings); names there are read in any case."""


def client_of(uri: str, timeout_ms: int = TIMEOUT_MS) -> AsyncMongoClient[dict[str, Any]]:
    """Return a client; nothing is sent yet.

    Args:
        uri: The address of the settings.
        timeout_ms: How long a server may be out of reach before it is said.

    Raises:
        Unavailable: when the address cannot be used, or asks for less than it must.
    """
    try:
        client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(
            uri,
            serverSelectionTimeoutMS=timeout_ms,
            connectTimeoutMS=timeout_ms,
            socketTimeoutMS=SOCKET_TIMEOUT_MS,
            maxPoolSize=50,
            retryWrites=True,
            retryReads=True,
            tz_aware=True,
            uuidRepresentation="standard",
            appname="imageroute",
        )
    except (ConfigurationError, ValueError) as error:
        raise Unavailable(f"IMAGEROUTE_MONGODB_URI cannot be used: {error}") from error
    asked = client.write_concern.document
    if asked.get("w", "majority") != "majority" or asked.get("j") is False:
        raise Unavailable(
            "IMAGEROUTE_MONGODB_URI asks for weaker writes than w=majority with journal:"
            " credits could be lost. Remove w and journal from it."
        )
    options = parse_qsl(urlsplit(uri).query)
    if unproven := [name for name, value in options if name.casefold() in UNPROVEN and value.casefold() != "false"]:
        raise Unavailable(
            f"IMAGEROUTE_MONGODB_URI has {unproven[0]}, so that anybody could pose as the server: remove it, and name a"
            " private authority by tlsCAFile."
        )
    return client
