"""Every setting of the product, and the only place that reads or writes the process's environment.

A setting is a field of `Settings`: its default, what it means and how its text is read stand together. A wrong
environment is refused as a whole: `load_settings` collects every fault, and each names its cure.
"""

import base64
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from imageroute_app.reading import (
    LOG_LEVELS,
    address,
    coded,
    is_loopback,
    is_near,
    read_addresses,
    read_arrivals,
    read_contacts,
    read_file,
    read_folder,
    read_level,
    read_lines,
    read_log_format,
    read_margin,
    read_master_key,
    read_mode,
    read_origin,
    read_seller,
    read_switch,
    read_text,
    read_token,
    unknown_name,
    whole,
)

PREFIX = "IMAGEROUTE_"
ENV_FILE_NAME = PREFIX + "ENV_FILE"
TEST_ONLY = PREFIX + "TEST_"
CLERK = tuple(f"CLERK_{part}" for part in ("PUBLISHABLE_KEY", "SECRET_KEY", "WEBHOOK_SECRET"))
VENDOR_URLS = (
    "cloudinary_url",
    "cloudinary_delivery_url",
    "clerk_api_url",
    "clerk_frontend_url",
    "clerk_portal_url",
    "dodo_url",
)
CLOUDINARY = tuple(f"CLOUDINARY_{part}" for part in ("CLOUD", "KEY", "SECRET", "URL", "DELIVERY_URL"))
ROOT = Path(__file__).resolve().parent.parent


class SettingsError(Exception):
    """The environment cannot be used; `faults` holds one line per fault, each with its cure."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = tuple(faults)


def _option(default: Any, meaning: str, read: Callable[[str], Any] = read_text, *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"meaning": meaning, "read": read})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The validated environment. Secrets are left out of its repr."""

    host: str = _option("127.0.0.1", "Address to listen on; any other than loopback needs IMAGEROUTE_ORIGIN")
    port: int = _option(3000, "Port to listen on", whole(1, 65_535))
    origin: str = _option("", "Address people type, scheme and port included; empty: http://HOST:PORT", read_origin)
    data_dir: Path = _option(
        Path("data"), "Folder of the database, pictures, mails and keys; relative to the project", read_folder
    )
    mongodb_uri: str = _option("", "MongoDB instead of SQLite", address("mongodb", "mongodb+srv"), secret=True)
    mongodb_database: str = _option("imageroute", "Database name on MongoDB")
    redis_url: str = _option(
        "", "Redis for jobs and page state, for more than one process", address("redis", "rediss", "unix"), secret=True
    )
    master_key: str = _option(
        "",
        "32 bytes, URL-safe base64; empty: made once in the data folder. Needed with MongoDB or Redis",
        read_master_key,
        secret=True,
    )
    master_key_previous: str = _option(
        "", "The master key before it, until `imageroute keys rotate` is done", read_master_key, secret=True
    )
    cloudinary_cloud: str = _option("", "Cloudinary instead of the data folder for pictures: the cloud's name")
    cloudinary_key: str = _option("", "API key of that cloud", secret=True)
    cloudinary_secret: str = _option("", "API secret of that cloud", secret=True)
    cloudinary_url: str = _option("", "Address of its API, instead of Cloudinary's own", address("http", "https"))
    cloudinary_delivery_url: str = _option(
        "", "Address that stands for https://res.cloudinary.com/CLOUD", address("http", "https")
    )
    clerk_publishable_key: str = _option(
        "", "Clerk instead of accounts of this server: pk_test_... or pk_live_...", coded("pk_test_", "pk_live_")
    )
    clerk_secret_key: str = _option("", "Secret key of that instance, sk_...", secret=True)
    clerk_webhook_secret: str = _option(
        "",
        "Signing secret of its webhook to /webhooks/clerk, whsec_...; old and new with a comma while it is replaced",
        coded("whsec_", several=True),
        secret=True,
    )
    clerk_jwt_key: str = _option("", "Its JWT public key, PEM; empty: fetched from Clerk and renewed by itself")
    clerk_api_url: str = _option("", "Address of its backend API, instead of Clerk's own", address("http", "https"))
    clerk_frontend_url: str = _option("", "Address of its frontend API, instead of the key's", address("http", "https"))
    clerk_portal_url: str = _option("", "Address of its Account Portal, instead of the usual", address("http", "https"))
    smtp_url: str = _option(
        "",
        "Mail server, smtp[s]://user:password@host:port; empty: mails stay in the outbox folder",
        address("smtp", "smtps"),
        secret=True,
    )
    mail_from: str = _option("ImageRoute <noreply@localhost>", "Sender of the product's mails")
    controller_name: str = _option("", "Who runs this installation, named on the privacy page; needed off loopback")
    controller_address: str = _option("", "Their postal address; needed off loopback")
    controller_email: str = _option("", "Their email address; needed off loopback")
    operators: str = _option("", "Emails of those who answer cases at /admin, commas between", read_addresses)
    controller_dpo: str = _option("", "Email address of the data protection officer; empty: that of the controller")
    controller_representative: str = _option("", "Their representative in the EU or the UK; empty: none needed")
    privacy_contacts: str = _option(
        "",
        "Where companies take notices of an erasure, by the name on /processors, such as Acme=privacy@acme.example, commas"
        " between; needs a mail server",
        read_contacts,
    )
    announced_late: str = _option(
        "",
        "Companies that get data before people had 30 days to know, because the law leaves no time; shown on /trust",
        read_arrivals,
    )
    payments: str = _option(
        "",
        "Who sells credits: dodo, sandbox (no money moves) or off; empty: dodo with its key, else the sandbox on loopback",
        read_seller,
    )
    dodo_key: str = _option("", "API key of Dodo Payments", secret=True)
    dodo_webhook_key: str = _option(
        "", "Its signing secret for webhooks, whsec_…; old and new with a comma while it is replaced", secret=True
    )
    dodo_mode: str = _option("test", "test or live: which of its two worlds the key is of", read_mode)
    dodo_products: str = _option("", "Its product for each pack we sell, such as small=pdt_1,large=pdt_2")
    dodo_url: str = _option("", "Address of its API, instead of Dodo's own", address("http", "https"))
    accounting_years: int = _option(
        10,
        "Whole calendar years that bookkeeping law has you keep payments; ask your accountant",
        whole(1, 30),
    )
    starter_credits: int = _option(50, "Credits a new account begins with", whole(0, 1_000_000))
    margin: Decimal = _option(Decimal(1), "Factor on list prices, 1 or more", read_margin)
    jobs_running_per_person: int = _option(5, "Jobs of one person that run at once; the rest wait", whole(1, 100))
    jobs_per_hour: int = _option(60, "Jobs one person may submit in an hour", whole(1, 100_000))
    lease_s: int = _option(30, "Seconds until a silent worker's job is taken over", whole(1, 3_600))
    sweep_s: int = _option(10, "Seconds between looks for lost jobs", whole(1, 3_600))
    job_deadline_s: int = _option(
        900, "Most seconds that one try at a provider may take, whatever its catalogue says", whole(1, 86_400)
    )
    session_idle_days: int = _option(7, "Days of disuse that end a session", whole(1, 365))
    session_absolute_days: int = _option(30, "Days that end any session", whole(1, 365))
    sign_ups_per_hour: int = _option(20, "New accounts an hour from one address", whole(1, 100_000))
    sign_in_tries: int = _option(10, "Wrong passwords in 15 minutes for one email and address", whole(1, 1_000))
    trusted_proxy_hops: int = _option(0, "Reverse proxies in front whose X-Forwarded-For is believed", whole(0, 10))
    c2pa_certificate: Path | None = _option(
        None, "PEM file of the certificate that signs the marks in pictures, its issuers behind it", read_file
    )
    c2pa_key: Path | None = _option(None, "PEM file of its private key; both empty: a development one", read_file)
    web_workers: int = _option(1, "Web processes on the port; more than one needs Redis", whole(1, 64))
    jobs_apart: bool = _option(
        False, "1: `python -m imageroute_app.tasks` runs the jobs, not the web processes; needs Redis", read_switch
    )
    render_workers: int = _option(
        max(1, (os.cpu_count() or 2) - 1), "Processes that draw and check pictures", whole(1, 64)
    )
    log_format: str = _option("text", "text or json: how a line of the log is written", read_log_format)
    metrics_token: str = _option(
        "",
        "Opens /metrics to whoever sends it as a bearer token; 16 characters or more, empty: closed",
        read_token,
        secret=True,
    )
    log_level: str = _option("info", f"One of {', '.join(LOG_LEVELS)}", read_level)
    provider_keys: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    provider_urls: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    testing: bool = _option(False, "1 only in the product's own tests", read_switch)
    test_editions: Path | None = _option(None, "Folder of other policy editions; needs IMAGEROUTE_TESTING=1", read_file)
    test_fault: str = _option("", "Named point at which a test stops the process; needs IMAGEROUTE_TESTING=1")

    def __post_init__(self) -> None:
        """Fill in what follows from other settings: the origin, and the data folder's full path."""
        object.__setattr__(self, "data_dir", ROOT / self.data_dir)
        if not self.origin:
            host = f"[{self.host}]" if ":" in self.host else self.host
            object.__setattr__(self, "origin", f"http://{host}:{self.port}")

    @property
    def is_loopback(self) -> bool:
        """Whether people reach this installation from its own machine only."""
        return is_loopback(urlsplit(self.origin).hostname or "")

    @property
    def is_https(self) -> bool:
        """Whether cookies must be Secure."""
        return self.origin.startswith("https://")

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """Origins a page of ours can have: the one set, and on loopback both of its names."""
        parts = urlsplit(self.origin)
        if not self.is_loopback:
            return (self.origin,)
        port = f":{parts.port}" if parts.port else ""
        names = ("127.0.0.1", "localhost")
        return tuple(dict.fromkeys([self.origin, *(f"{parts.scheme}://{name}{port}" for name in names)]))

    @property
    def seller(self) -> str:
        """Who sells credits: "dodo", "sandbox" or "off"."""
        if self.payments:
            return self.payments
        if self.dodo_key:
            return "dodo"
        return "sandbox" if self.is_loopback else "off"

    @property
    def master_key_bytes(self) -> bytes:
        """The 32 bytes of the master key; empty when none is set."""
        return base64.urlsafe_b64decode(self.master_key)

    @property
    def master_key_previous_bytes(self) -> bytes:
        """The 32 bytes of the master key before; empty when none is set."""
        return base64.urlsafe_b64decode(self.master_key_previous)


def provider_ids() -> tuple[str, ...]:
    """Return the ids of all network providers, by the names of their catalogues."""
    return tuple(sorted(path.stem for path in ROOT.glob("imageroute_app/adapters/providers/*.toml")))


def load_settings(environ: Mapping[str, str] | None = None, env_file: Path | None = None) -> Settings:
    """Read the settings from the environment and, below it, from the .env file.

    Args:
        environ: Names and texts; by default the process's environment.
        env_file: File of NAME=value lines. With the process's environment the default is the file that
            IMAGEROUTE_ENV_FILE names (empty for none), or .env in the project's folder.

    Raises:
        SettingsError: Something is wrong; all faults are in it.
    """
    if environ is None:
        environ = os.environ
        env_file = env_file or _default_env_file(environ.get(ENV_FILE_NAME))
    faults: list[str] = []
    given = read_lines(env_file, faults) if env_file else {}
    given = {name: text for name, text in given.items() if name.startswith(PREFIX)}
    given |= {name: text for name, text in environ.items() if name.startswith(PREFIX)}
    values = _read_values(given, faults)
    faults += _unknown_names(given)
    faults += _contradictions(Settings(**values), given)
    if faults:
        raise SettingsError(faults)
    return Settings(**values)


def export_environment(values: Mapping[str, str]) -> None:
    """Set variables that the libraries below us read, such as Reflex's; ours are never set."""
    os.environ.update(values)


def environment_with(values: Mapping[str, str], *, tools: Path) -> dict[str, str]:
    """Return the process's environment for a child: with these values, and the folder `tools` first on its PATH."""
    path = os.pathsep.join([str(tools), os.environ.get("PATH", os.defpath)])
    return {**os.environ, **values, "PATH": path}


def described_settings() -> list[tuple[str, str, str]]:
    """Return name, default and meaning of every setting; a default that depends on the machine is empty."""
    described = [
        (PREFIX + item.name.upper(), _default_text(item.name, item.default), str(item.metadata["meaning"]))
        for item in fields(Settings)
        if item.metadata
    ]
    for name in (PREFIX + provider.upper() for provider in provider_ids()):
        described.append((f"{name}_KEY", "", "Key of this provider"))
        described.append((f"{name}_URL", "", "Address of this provider, instead of its catalogue's"))
    return [*described, (ENV_FILE_NAME, ".env", "File that settings are read from; empty for none")]


def _default_text(name: str, default: Any) -> str:
    if name == "render_workers" or default is None:
        return ""
    return str(int(default)) if isinstance(default, bool) else str(default)


def _default_env_file(named: str | None) -> Path | None:
    if named == "":
        return None
    return Path(named) if named else ROOT / ".env"


def _read_values(given: Mapping[str, str], faults: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for item in fields(Settings):
        name = PREFIX + item.name.upper()
        if name not in given or not item.metadata:
            continue
        try:
            values[item.name] = item.metadata["read"](given[name].strip())
        except ValueError as error:
            shown = f" is {given[name]!r}" if item.repr else " cannot be used"
            faults.append(f"{name}{shown}: {error}")
    return values | _read_providers(given, faults)


def _read_providers(given: Mapping[str, str], faults: list[str]) -> dict[str, dict[str, str]]:
    keys: dict[str, str] = {}
    urls: dict[str, str] = {}
    for provider in provider_ids():
        name = f"{PREFIX}{provider.upper()}"
        keys |= {provider: key} if (key := given.get(f"{name}_KEY", "").strip()) else {}
        try:
            if url := address("http", "https")(given.get(f"{name}_URL", "").strip()):
                urls[provider] = url
        except ValueError as error:
            faults.append(f"{name}_URL cannot be used: {error}")
    return {"provider_keys": keys, "provider_urls": urls}


def _unknown_names(given: Mapping[str, str]) -> list[str]:
    known = [item.name.upper() for item in fields(Settings) if item.metadata] + [ENV_FILE_NAME.removeprefix(PREFIX)]
    known += [f"{provider.upper()}_{part}" for provider in provider_ids() for part in ("KEY", "URL")]
    mine = [name for name in sorted(given) if not name.startswith(TEST_ONLY)]
    return [fault for name in mine if (fault := unknown_name(name, known, PREFIX))]


def _contradictions(settings: Settings, given: Mapping[str, str]) -> list[str]:
    def is_given(name: str) -> bool:
        return bool(given.get(PREFIX + name))

    rules = [
        (
            not is_loopback(settings.host) and not is_given("ORIGIN"),
            "IMAGEROUTE_ORIGIN is empty, but others can reach IMAGEROUTE_HOST: set it to the address they type",
        ),
        (
            (is_given("MONGODB_URI") or is_given("REDIS_URL")) and not is_given("MASTER_KEY"),
            "IMAGEROUTE_MASTER_KEY is empty, but MongoDB or Redis is used: set it, so that every process has the same",
        ),
        (
            (settings.web_workers > 1 or settings.jobs_apart) and not is_given("REDIS_URL"),
            "IMAGEROUTE_WEB_WORKERS above 1 and IMAGEROUTE_JOBS_APART need IMAGEROUTE_REDIS_URL: processes meet in Redis",
        ),
        (
            is_given("MASTER_KEY_PREVIOUS") and not is_given("MASTER_KEY"),
            "IMAGEROUTE_MASTER_KEY is empty, but IMAGEROUTE_MASTER_KEY_PREVIOUS is set: set the new one, or remove the old",
        ),
        (
            is_given("SMTP_URL") and not is_given("MAIL_FROM"),
            "IMAGEROUTE_MAIL_FROM is empty, but a mail server is set: set the sender, such as Name <mail@example.org>",
        ),
        (
            is_given("PRIVACY_CONTACTS") and not is_given("SMTP_URL"),
            "IMAGEROUTE_SMTP_URL is empty, but IMAGEROUTE_PRIVACY_CONTACTS is set: notices would never go out; set both",
        ),
        (
            (settings.c2pa_certificate is None) != (settings.c2pa_key is None),
            "IMAGEROUTE_C2PA_CERTIFICATE and IMAGEROUTE_C2PA_KEY go together: set the missing one, or remove the other",
        ),
        (
            settings.session_idle_days > settings.session_absolute_days,
            "IMAGEROUTE_SESSION_IDLE_DAYS is above IMAGEROUTE_SESSION_ABSOLUTE_DAYS: lower the one or raise the other",
        ),
        (
            bool(settings.test_fault or settings.test_editions) and not settings.testing,
            "IMAGEROUTE_TEST_FAULT stops the process on purpose, IMAGEROUTE_TEST_EDITIONS replaces the policy: remove them",
        ),
    ]
    faults = [fault for is_broken, fault in rules if is_broken]
    faults += _payment_faults(settings)
    faults += _halves(is_given, CLOUDINARY, CLOUDINARY[:3], "Cloudinary's console")
    faults += _halves(is_given, CLERK, CLERK, "Clerk's dashboard")
    faults += _clerk_faults(settings)
    faults += _unencrypted(settings)
    if not settings.is_loopback:
        faults += [
            f"{PREFIX}{name} is empty: the privacy page must name who is responsible; set it"
            for name in ("CONTROLLER_NAME", "CONTROLLER_ADDRESS", "CONTROLLER_EMAIL")
            if not is_given(name)
        ]
    return faults


def _unencrypted(settings: Settings) -> list[str]:
    """Name addresses at which the words and keys of people would travel readable: everything but this machine needs TLS.

    An engine of one's own may stand in the same network.
    """
    faults: list[str] = []
    if not settings.is_loopback and not settings.is_https:
        faults.append(
            "IMAGEROUTE_ORIGIN begins with http://, but others can reach it: put TLS in front, and set https://"
        )
    companies = {name: getattr(settings, name) for name in VENDOR_URLS}
    engines = {f"{name}_url": url for name, url in settings.provider_urls.items()}
    for name, url in {**companies, **engines}.items():
        parts = urlsplit(url)
        host, may_be_near = parts.hostname or "", name in engines
        if parts.scheme == "http" and not is_loopback(host) and not (may_be_near and is_near(host)):
            faults.append(
                f"{PREFIX}{name.upper()} begins with http://, but is not on this machine: set its https:// address"
            )
    return faults


def _clerk_faults(settings: Settings) -> list[str]:
    """Name a test key beside a live one: each alone looks right."""
    start = settings.clerk_publishable_key[: len("pk_test_")].replace("pk_", "sk_", 1)
    if not start or not settings.clerk_secret_key or settings.clerk_secret_key.startswith(start):
        return []
    return [f"IMAGEROUTE_CLERK_SECRET_KEY is of another instance than the publishable key: copy the one with {start}"]


def _payment_faults(settings: Settings) -> list[str]:
    if settings.seller == "dodo":
        needed = {
            "KEY": settings.dodo_key,
            "WEBHOOK_KEY": settings.dodo_webhook_key,
            "PRODUCTS": settings.dodo_products,
        }
        return [
            f"IMAGEROUTE_DODO_{name} is empty, but Dodo Payments sells the credits: set it, or IMAGEROUTE_PAYMENTS to off"
            for name, text in needed.items()
            if not text
        ]
    if settings.seller == "sandbox" and settings.dodo_key:
        return ["IMAGEROUTE_PAYMENTS is sandbox, which gives credits away, but IMAGEROUTE_DODO_KEY is set: remove one"]
    if settings.seller == "sandbox" and not settings.is_loopback:
        return ["IMAGEROUTE_PAYMENTS is sandbox, which gives credits away, but others can reach us: set dodo or off"]
    return []


def _halves(is_given: Callable[[str], bool], names: tuple[str, ...], needed: tuple[str, ...], place: str) -> list[str]:
    """Return what is missing of settings that only work together."""
    used = [name for name in names if is_given(name)]
    return [
        f"{PREFIX}{name} is empty, but {PREFIX}{used[0]} is set: copy it from {place}, or remove the other"
        for name in needed
        if used and not is_given(name)
    ]
