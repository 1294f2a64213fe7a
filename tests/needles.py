"""A person whose every text, file name, EXIF tag and pixel is a needle: a unique token that can be looked for afterwards.

An export must hold every one of `tokens` and show `pattern`; after an erasure no store may hold any, in any of `forms`. What
`stripped` names was in a file that came in and may be nowhere at all. `secrets` are texts of ours about the person that an
export withholds and an erasure destroys.

The rows come from the real services as far as they go. What only a vendor, an operator or a later feature writes is planted:
a field that is there gets a token, a table without a row gets the sample of tests/contracts/records.py. So a new table is sown
by itself, and `unsown` names every text field of it that holds no token and is not declared in EXEMPT with a reason.
"""

import asyncio
import base64
import contextlib
import copy
import dataclasses
import io
import json
import secrets
import shutil
import types
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from hashlib import sha256
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import quote

from bson.raw_bson import RawBSONDocument
from PIL import Image as Pillow
from pymongo import MongoClient

from imageroute_app.bootstrap import new_id, open_services
from imageroute_app.domain.cases import file_key
from imageroute_app.domain.data_map import DATA_MAP, Protection
from imageroute_app.domain.data_map.dictionary import withheld
from imageroute_app.domain.jobs import JobState, Request
from imageroute_app.domain.ports import Query, Repository
from imageroute_app.services.accounts import SignUp
from imageroute_app.services.archive_build import Choice
from imageroute_app.services.house import Services
from imageroute_app.settings import load_settings
from tests.contracts.records import MADE
from tests.doubles import MovingClock
from tests.mongo_server import RUN

PASSWORD = "long enough"  # of a person who lives in a test
CELLS, CELL_PX = 8, 24

EXEMPT: Mapping[str, str] = {
    "id": "a random id of ours",
    "owner": "a random id of ours",
    "job_id": "a random id of ours",
    "image_id": "a random id of ours",
    "image_ids": "random ids of ours",
    "albums": "random ids of ours",
    "cover_id": "a random id of ours",
    "source_id": "a random id of ours",
    "quote_id": "a random id of ours",
    "compare_id": "a random id of ours",
    "retry_of": "a random id of ours",
    "follows_job": "a random id of ours",
    "dedupe_key": "names of steps and ids of ours",
    "lease_holder": "a random id of a worker",
    "provider": "from the catalogue",
    "model": "from the catalogue",
    "company": "from the catalogue",
    "country": "an ISO 3166 code",
    "region": "from the catalogue",
    "retention": "from the catalogue",
    "trains": "from the catalogue",
    "review": "from the catalogue",
    "source": "from the catalogue",
    "checked_on": "a date",
    "plan": "from the catalogue",
    "closed": "from the catalogue, with a reason of ours",
    "style": "from a list of ours",
    "mime": "one of three types",
    "encoding": "one of four formats",
    "colour": "six hexadecimal digits",
    "sha256": "a checksum",
    "source_type": "an IPTC term",
    "code": "a code of ours",
    "failure_code": "a code of ours",
    "failure_message": "a sentence of ours",
    "billed": "one of three words",
    "path": "a path of our pages",
    "topic": "a name of ours",
    "exports.slot": "a word or a random id of ours",
    "exports.categories": "from a list of ours",
    "exports.resumes_in": "the name of a state",
    "exports.cursor": "ids and numbers",
    "exports.parts": "sizes and checksums",
    "exports.failure": "a sentence of ours",
    "export_id": "a random id of ours",
    "export_pieces.kind": "one of three words",
    "session_id": "a random id of ours",
    "etag": "a checksum",
    "attempts.rule": "a summary in our words",
    "preferences.rule": "choices from lists",
    "ledger.reason": "a sentence of ours",
    "choices.purpose": "a name of ours",
    "choices.words": "the words of ours beside a switch",
    "choices.policy_version": "a date of ours",
    "choices.ui_build": "a digest of our pages",
    "choices.locale": "a language of our pages",
    "choices.image_sha256": "a checksum",
    "choices.words_sha256": "a checksum",
    "choices.previous": "a checksum",
    "choices.digest": "a checksum",
    "subject": "a random id of ours",
    "erasures.reason": "a word of ours",
    "erasure_id": "a random id of ours",
    "erasure_steps.label": "a name of ours or a company's",
    "erasure_steps.detail": "a sentence of ours",
    "erasure_steps.proof": "a sentence of ours",
    "cell": "a day and a name of ours",
    "feature": "a name of ours",
    "visitor": "a digest",
    "day": "a date",
    "totals": "numbers and names of ours",
    "build_id": "a random id of ours",
    "choice_id": "a random id of ours",
    "dataset_entries.image_sha256": "a checksum",
    "number": "a random number of ours",
    "seller": "a name of ours",
    "pack": "from a list of ours",
    "product_id": "the payment service's number of a pack",
    "currency": "an ISO 4217 code",
    "order_id": "a random id of ours",
    "payments.payment_id": "a random id of the payment service",
    "payments.customer_id": "a random id of the payment service",
    "payments.invoice_id": "a number of the payment service",
    "payments.facts": "words of a list of ours, ids and amounts",
    "orders.session_id": "a random id of the payment service",
    "bookings.payment_id": "a random id of the payment service",
    "quiet_addresses.status": "a number that mail servers give",
}
"""Text fields that hold nothing a person, an operator or a vendor wrote, by name or by "table.name", each with the reason."""

SECRET = ("_hash", "_key")
"""How fields end that are compared, never shown."""


@dataclass(kw_only=True)
class Needles:
    """What was sown; `tokens` by "table.field", `files` in stored files that no row repeats."""

    owner: str
    email: str
    tokens: dict[str, str] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    stripped: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    pattern: str = ""
    image_ids: list[str] = field(default_factory=list)
    upload_ids: list[str] = field(default_factory=list)

    def new(self, place: str) -> str:
        """Return the token of a place, made when it is first asked for."""
        return self.tokens.setdefault(place, new_token())


def new_token() -> str:
    """Return a word that occurs nowhere else and survives case folding, slugs and every search index."""
    return f"qz{secrets.token_hex(6)}"


def forms(token: str) -> tuple[bytes, ...]:
    """Return how a text can lie in a file: plain, UTF-16, hexadecimal, base64 at each of its three alignments."""
    plain = token.encode()
    found = [plain, plain.upper(), token.encode("utf-16-le"), plain.hex().encode(), quote(token).encode()]
    for pad in range(3):
        # The characters at both ends depend on the neighbours, so only those in between are looked for.
        coded = base64.b64encode(b"\0" * pad + plain).rstrip(b"=")
        found.append(coded[(pad * 8 + 5) // 6 : -1])
    return tuple(dict.fromkeys(found))


def holds(data: bytes, token: str) -> bool:
    """Say whether any form of the token is in these bytes."""
    return any(form in data for form in forms(token))


# --- Pixels ---------------------------------------------------------------------------------------------------------------


def _cells(token: str) -> list[int]:
    digest = sha256(token.encode()).digest()
    return [255 * (digest[place // 8] >> place % 8 & 1) for place in range(CELLS * CELLS)]


def pattern_picture(token: str, *, exif: str = "", kind: str = "JPEG") -> bytes:
    """Return a picture of black and white cells that only this token gives; `exif` is written into four of its tags."""
    small = Pillow.new("L", (CELLS, CELLS))
    small.putdata(_cells(token))
    large = small.resize((CELLS * CELL_PX, CELLS * CELL_PX), Pillow.Resampling.NEAREST).convert("RGB")
    tags = Pillow.Exif()
    if exif:
        tags[0x013B], tags[0x010E], tags[0x8298] = exif, exif, exif  # Artist, ImageDescription, Copyright
        tags.get_ifd(0x8825)[0x001D] = exif  # GPSDateStamp
    file = io.BytesIO()
    large.save(file, kind, exif=tags, **({"quality": 95} if kind == "JPEG" else {}))
    return file.getvalue()


def shows(data: bytes, token: str) -> bool:
    """Say whether a file is a picture of the token's pattern, in any size or format."""
    try:
        picture = Pillow.open(io.BytesIO(data)).convert("L").resize((CELLS, CELLS), Pillow.Resampling.BOX)
    except OSError:
        return False
    seen = list(picture.tobytes())
    return sum((value > 127) == (wanted > 127) for value, wanted in zip(seen, _cells(token), strict=True)) >= 61


# --- Sowing ---------------------------------------------------------------------------------------------------------------


async def sow(services: Services) -> Needles:
    """Open an account, use everything that stores a text, plant the rest; raises AssertionError for a field nobody knows."""
    token = new_token()
    needles = Needles(owner="", email=f"{token}@example.com")
    needles.tokens["people.email"] = token
    form = SignUp(
        full_name=needles.new("people.full_name"), email=needles.email, password=PASSWORD, born=date(1990, 1, 1)
    )
    device = needles.new("sessions.device")
    signed_in = await services.accounts.sign_up(form, device=device, address="127.0.0.1")
    needles.owner = signed_in.person.id
    await _make(services, needles)
    await _bring(services, needles)
    await services.drafts.save(needles.owner, json.dumps({"prompt": needles.new("drafts.form")}))
    await services.accounts.settle()
    await plant(services, needles)
    assert not (left := await unsown(services, needles)), f"no needle and no reason in EXEMPT: {left}"
    return needles


async def _make(services: Services, needles: Needles) -> None:
    owner = needles.owner
    request = Request(
        prompt=f"a lighthouse, {needles.new('images.prompt')}", negative=needles.new("images.negative"),
        provider="sketch", model="sketch-1", width=256, height=256, count=2, seed=1,
    )  # fmt: skip
    needles.tokens |= {
        "quotes.request": needles.tokens["images.prompt"],
        "jobs.request": needles.tokens["images.prompt"],
    }
    quoted = await services.jobs.quote(owner, request)
    job = await services.jobs.submit(owner, quoted.id)
    await services.runner.run(job.id)
    while not (job := await services.jobs.job(owner, job.id)).state.is_final:
        await asyncio.sleep(0.02)  # a worker of this home had it first
    assert job.state is JobState.SUCCEEDED, job.failure_message
    needles.image_ids += [image.id for image in await services.gallery.of_job(owner, job.id)]
    await services.gallery.tag(owner, needles.image_ids[0], needles.new("images.tags"), on=True)
    await services.albums.create(owner, needles.new("albums.name"))
    await services.shares.create(owner, needles.image_ids[0], password=PASSWORD)
    await services.archives.create(owner, needles.image_ids, Choice(), title=needles.new("archives.title"))


async def _bring(services: Services, needles: Needles) -> None:
    """Upload the pattern twice, and save the second to the gallery."""
    needles.pattern, needles.stripped["EXIF of an upload"] = new_token(), new_token()
    data = pattern_picture(needles.pattern, exif=needles.stripped["EXIF of an upload"])
    kept = await services.uploads.add(needles.owner, data, name=f"{needles.new('uploads.name')}.jpg")
    saved = await services.uploads.add(
        needles.owner, data, name=f"{needles.new('images.prompt of a saved upload')}.jpg"
    )
    needles.upload_ids.append(kept.id)
    needles.image_ids.append((await services.uploads.save(needles.owner, saved.id)).id)


async def plant(services: Services, needles: Needles) -> None:
    """Give every text field that still holds no token one; a table without a row gets its sample."""
    for name in DATA_MAP:
        tables: Repository[Any] | None = getattr(services.database.tables, name, None)
        if tables is None:
            continue  # written beside another table, such as wallets
        rows = await tables.find(Query(owner=needles.owner, limit=50))
        if not rows and name in MADE:
            sample = MADE[name](owner=needles.owner)
            is_single = sample.id == needles.owner
            rows = [sample if is_single else dataclasses.replace(sample, id=new_id())]
            if "email_key" in DATA_MAP[name].keys:  # belongs to an address, which must be the person's
                rows = [dataclasses.replace(rows[0], email=needles.email, email_key=needles.email)]
                needles.tokens[f"{name}.email"] = needles.tokens["people.email"]
            await tables.add(rows[0])
        for row in rows[:1]:
            if changes := _planted(name, rows, needles):
                await tables.update(dataclasses.replace(row, **changes))
    for message in await services.database.tables.case_messages.find(Query(owner=needles.owner, limit=1)):
        needles.files["file of a case"] = new_token()
        await services.media.put(file_key(message), needles.files["file of a case"].encode(), "text/plain")


def _planted(name: str, rows: Sequence[Any], needles: Needles) -> dict[str, Any]:
    changes: dict[str, Any] = {}
    for item, kind in _texts(name):
        place = f"{name}.{item}"
        values = [str(getattr(row, item)) for row in rows]
        if _is_secret(name, item):
            # In a sample a short word or an address stands for a hash, and would be found anywhere.
            needles.secrets[place] = next((value for value in values if len(value) > 20 and "@" not in value), "")
            continue
        if _reason(name, item) or (place in needles.tokens and any(needles.tokens[place] in value for value in values)):
            continue
        if place == "shares.token":  # random, ours, and the address of a page: it is a needle as it stands
            needles.tokens[place] = values[0]
            continue
        changes[item] = _filled(kind, getattr(rows[0], item), needles.new(place))
    return changes


def _filled(kind: Any, value: Any, token: str) -> Any:
    if kind is str:
        return token
    if get_origin(kind) is tuple:
        return (token,)
    if kind is Request:
        return dataclasses.replace(value, prompt=token)
    raise AssertionError(f"teach tests/needles.py how to put a token into {kind}")


def _texts(name: str) -> list[tuple[str, Any]]:
    """Return the fields of a table that can hold words, with their types."""
    hints = get_type_hints(DATA_MAP[name].record)
    return [(item, kind) for item in DATA_MAP[name].fields if (kind := _words(hints[item])) is not None]


def _words(hint: Any) -> Any:
    """Return the type that holds words, or None for numbers, times, switches and words from a list of ours."""
    bare = [part for part in get_args(hint) if part is not types.NoneType] if _is_union(hint) else [hint]
    kind = bare[0]
    if get_origin(kind) is tuple:
        return kind if get_args(kind)[0] is str else None
    if kind is str or (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
        return kind
    assert isinstance(kind, type)
    return None if issubclass(kind, Enum | int | float) or kind.__name__ in {"datetime", "date"} else kind


def _is_union(hint: Any) -> bool:
    return get_origin(hint) in (Union, types.UnionType)


def _is_secret(name: str, item: str) -> bool:
    return (
        DATA_MAP[name].fields[item] in (Protection.KEYED, Protection.KEYED_PERSON)
        or item.endswith(SECRET[0])
        or item == "secret"
        or bool(withheld(DATA_MAP[name], item))
    )


def _reason(name: str, item: str) -> str:
    return EXEMPT.get(f"{name}.{item}") or EXEMPT.get(item, "") * (DATA_MAP[name].fields[item] is not Protection.SEALED)


async def unsown(services: Services, needles: Needles) -> list[str]:
    """Return every text field of every table that holds no token and has no reason for that."""
    texts: dict[str, list[Any]] = {name: [] for name in DATA_MAP}
    async for name, record in await services.database.export_rows(needles.owner):
        texts[name].append(record)
    found: list[str] = []
    for name, rows in texts.items():
        for item, _ in _texts(name):
            token = needles.tokens.get(f"{name}.{item}", "")
            is_there = bool(token) and any(token in str(getattr(row, item)) for row in rows)
            if not (is_there or _reason(name, item) or _is_secret(name, item)):
                found.append(f"{name}.{item}")
    return found


# --- A home to sow in -----------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_home(
    folder: Path, *, mongo_uri: str = "", clock: Callable[[], Any] | None = None, **settings: str
) -> AsyncIterator[Services]:
    """Open the services as bootstrap does, on SQLite or on a database of its own at a MongoDB server; no worker runs."""
    environ = {"IMAGEROUTE_DATA_DIR": str(folder), "IMAGEROUTE_TESTING": "1", "IMAGEROUTE_RENDER_WORKERS": "1"}
    if mongo_uri:
        environ |= {
            "IMAGEROUTE_MONGODB_URI": mongo_uri,
            "IMAGEROUTE_MONGODB_DATABASE": f"{RUN}_{secrets.token_hex(4)}",
            "IMAGEROUTE_MASTER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        }
    environ |= {f"IMAGEROUTE_{name}": text for name, text in settings.items()}
    services = await open_services(load_settings(environ), clock=clock or MovingClock())
    try:
        yield services
    finally:
        await services.close()


@dataclass(frozen=True)
class Sown:
    """A home that was sown and closed, to be copied: sowing takes longer than most tests of what was sown."""

    needles: Needles
    folder: Path
    mongo_uri: str
    settings: Mapping[str, str]

    @asynccontextmanager
    async def opened(
        self, folder: Path, clock: Callable[[], Any], mongo_name: str = ""
    ) -> AsyncIterator[tuple[Services, Needles]]:
        """Open the services on a copy of its folder and databases, named `mongo_name` at a MongoDB server."""
        shutil.copytree(self.folder, folder)
        settings = dict(self.settings)
        if self.mongo_uri:
            settings["MONGODB_DATABASE"] = mongo_name
            _copy_databases(self.mongo_uri, self.settings["MONGODB_DATABASE"], settings["MONGODB_DATABASE"])
        async with open_home(folder, mongo_uri=self.mongo_uri, clock=clock, **settings) as services:
            yield services, copy.deepcopy(self.needles)


async def sown(folder: Path, mongo_uri: str = "") -> Sown:
    """Sow a home in a folder that is new."""
    settings: dict[str, str] = {}
    if mongo_uri:
        key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
        settings = {"MONGODB_DATABASE": f"{RUN}_{secrets.token_hex(4)}", "MASTER_KEY": key}
    async with open_home(folder, mongo_uri=mongo_uri, clock=MovingClock(), **settings) as services:
        return Sown(await sow(services), folder, mongo_uri, settings)


def _copy_databases(uri: str, name: str, other: str) -> None:
    with contextlib.closing(MongoClient[RawBSONDocument](uri, document_class=RawBSONDocument)) as client:
        for database in [one for one in client.list_database_names() if one == name or one.startswith(f"{name}_")]:
            for collection in client[database].list_collection_names():
                if documents := list(client[database][collection].find()):
                    client[database.replace(name, other, 1)][collection].insert_many(documents)
