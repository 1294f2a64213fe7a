"""How the text of a setting becomes a value. Each reader raises ValueError with the cure, to stand behind the name."""

import base64
import binascii
import difflib
import ipaddress
from collections.abc import Callable, Sequence
from decimal import Decimal, InvalidOperation
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error")
LOG_FORMATS = ("text", "json")
TOKEN_LENGTH_MIN = 16
NAMED, SERVERS = ("cloudinary", "clerk", "dodo"), ("mail", "database", "redis")
"""What companies are called that settings switch on (domain/arrivals); of a server the domain stands behind a colon."""


def read_text(text: str) -> str:
    """Return the text itself."""
    return text


def read_addresses(text: str) -> str:
    """Return email addresses with single commas between them."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    if any(part.count("@") != 1 or part[0] == "@" or part[-1] == "@" or " " in part for part in found):
        raise ValueError("give addresses like ada@example.org, with commas between them")
    return ",".join(found)


def read_contacts(text: str) -> str:
    """Return companies with their addresses, single commas between them."""
    found = [part.strip() for part in text.split(",") if part.strip()]
    for part in found:
        company, sign, email = (piece.strip() for piece in part.partition("="))
        if not company or not sign or read_addresses(email) != email or not email:
            raise ValueError("give a company and its address, like Acme=privacy@acme.example, with commas between them")
    return ",".join(found)


def whole(low: int, high: int) -> Callable[[str], int]:
    """Return a reader of whole numbers from `low` to `high`."""

    def read(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise ValueError(f"give a whole number from {low} to {high}")
        return int(text)

    return read


def read_arrivals(text: str) -> str:
    """Read the keys of companies, as `imageroute announce` takes them, commas between."""
    keys = [part.strip().casefold() for part in text.split(",") if part.strip()]
    for key in keys:
        kind, _, domain = key.partition(":")
        if key not in NAMED and not (kind in SERVERS and "." in domain):
            known = ", ".join((*NAMED, *(f"{one}:example.org" for one in SERVERS)))
            raise ValueError(f'"{key}" is no company that a setting switches on: use {known}')
    return ",".join(keys)


def read_margin(text: str) -> Decimal:
    """Return a factor from 1 to 100 as Decimal, because prices are multiplied by it."""
    try:
        margin = Decimal(text)
    except InvalidOperation:
        margin = Decimal(0)
    if not 1 <= margin <= 100:
        raise ValueError("give a decimal number from 1 to 100, such as 1.25")
    return margin


def read_switch(text: str) -> bool:
    """Return whether the switch is on."""
    if text not in {"0", "1"}:
        raise ValueError("give 1 or 0")
    return text == "1"


def read_seller(text: str) -> str:
    """Return who sells credits; empty stays empty."""
    if text not in {"", "dodo", "sandbox", "off"}:
        raise ValueError("give dodo, sandbox or off")
    return text


def read_mode(text: str) -> str:
    """Return which of a payment service's two worlds is meant."""
    if text not in {"test", "live"}:
        raise ValueError("give test or live")
    return text


def read_folder(text: str) -> Path:
    """Return the folder."""
    if not text:
        raise ValueError("give a folder, such as ./data")
    return Path(text).expanduser()


def read_file(text: str) -> Path | None:
    """Return the file, which must be there; None for no text."""
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise ValueError("there is no such file; correct the path, or leave it empty")
    return path


def read_level(text: str) -> str:
    """Return the log level in small letters."""
    if text.lower() not in LOG_LEVELS:
        raise ValueError(f"give one of {', '.join(LOG_LEVELS)}")
    return text.lower()


def read_log_format(text: str) -> str:
    """Return how lines of the log are written, in small letters."""
    if text.lower() not in LOG_FORMATS:
        raise ValueError(f"give one of {', '.join(LOG_FORMATS)}")
    return text.lower()


def read_token(text: str) -> str:
    """Return a token that nobody guesses, or nothing."""
    if text and len(text) < TOKEN_LENGTH_MIN:
        raise ValueError(f"give {TOKEN_LENGTH_MIN} characters or more")
    return text


def read_master_key(text: str) -> str:
    """Return the key's text, checked for its 32 bytes."""
    try:
        size_bytes = len(base64.b64decode(text, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        size_bytes = 0
    if text and size_bytes != 32:
        raise ValueError(
            "give 32 bytes as URL-safe base64, made by: python3 -c 'import base64, secrets; "
            "print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"
        )
    return text


def address(*schemes: str) -> Callable[[str], str]:
    """Return a reader of addresses with one of these schemes; empty stays empty."""

    def read(text: str) -> str:
        parts = split_address(text)
        if text and (parts is None or parts.scheme not in schemes or not (parts.netloc or parts.path)):
            raise ValueError("give an address that begins with " + " or ".join(f"{name}://" for name in schemes))
        return text

    return read


def coded(*starts: str, several: bool = False) -> Callable[[str], str]:
    """Return a reader of keys that begin so and go on in base64, as vendors print them; empty stays empty.

    `several`: an old and a new one may stand with a comma between, while one takes the other's place.
    """

    def is_whole(text: str) -> bool:
        found = next((start for start in starts if text.startswith(start)), "")
        rest = text.removeprefix(found)
        try:
            held = base64.b64decode(rest + "=" * (-len(rest) % 4), validate=True)
        except binascii.Error:
            return False
        return bool(found and held)

    def read(text: str) -> str:
        parts = [part.strip() for part in text.split(",")] if several else [text]
        if text and not all(map(is_whole, parts)):
            raise ValueError("copy it whole: it begins with " + " or ".join(starts))
        return ",".join(parts)

    return read


def read_origin(text: str) -> str:
    """Return the origin in small letters; empty stays empty."""
    parts = split_address(text)
    is_bare = (
        parts is not None and parts.path in {"", "/"} and not (parts.query or parts.fragment or "@" in parts.netloc)
    )
    if text and (parts is None or parts.scheme not in {"http", "https"} or not parts.hostname or not is_bare):
        raise ValueError("give scheme, host and port as the browser shows them, such as https://images.example.org")
    return text.rstrip("/").lower()


def split_address(text: str) -> SplitResult | None:
    """Return the parts of an address, or None when it has none that make sense."""
    try:
        parts = urlsplit(text)
        return parts if parts.port is None or parts.port > 0 else None
    except ValueError:
        return None


def read_lines(path: Path, faults: list[str]) -> dict[str, str]:
    """Return what a file of NAME=value lines gives; a line of another form is added to the faults."""
    given: dict[str, str] = {}
    if not path.is_file():
        return given
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        name, equals, text = line.strip().removeprefix("export ").partition("=")
        if not name or name.startswith("#"):
            continue
        if not equals:
            faults.append(f"{path}:{number}: not of the form NAME=value; correct the line or put # before it")
        text = text.strip()
        is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "\"'"
        given[name.strip()] = text[1:-1] if is_quoted else text.partition(" #")[0].strip()
    return given


def unknown_name(name: str, known: Sequence[str], prefix: str) -> str:
    """Return the fault of a name that is none of the known ones, which stand without the prefix; empty when it is one."""
    short = name.removeprefix(prefix)
    if short in known:
        return ""
    near = difflib.get_close_matches(short, known, n=1)
    cure = f"did you mean {prefix}{near[0]}?" if near else "remove it"
    return f"{name} is no setting: {cure}"


def is_near(host: str) -> bool:
    """Say whether a host can only be of one's own network: a private address, or a name without a dot."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return "." not in host


def is_loopback(host: str) -> bool:
    """Say whether a host is reached from its own machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
