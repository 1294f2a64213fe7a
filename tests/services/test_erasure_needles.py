"""Test 11 of PRIVACY.md section 6: whoever gets every store, log, mail and cache after an erasure finds not one word of her.

The whole product as bootstrap opens it, once on SQLite and the local disk, once on MongoDB and Cloudinary. What a later
feature stores is sown by tests/needles.py by itself, so a new field that an erasure forgets fails here.
"""

import base64
import secrets
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import reflex as rx

from imageroute_app.domain.cases import Kind
from imageroute_app.domain.data_map import DATA_MAP, Protection
from imageroute_app.domain.erasures import Phase, StepState, System
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.ports import Query, Repository
from imageroute_app.domain.registers import Facts
from imageroute_app.routes.api import build_api
from imageroute_app.routes.socket import SESSION_COOKIE
from imageroute_app.services.case_office import Office
from imageroute_app.services.cases import Opening
from imageroute_app.services.house import Services
from imageroute_app.services.mail_intake import Letter
from imageroute_app.services.registers import Entry
from imageroute_app.state.forget import forget_pages
from imageroute_app.state.guard import Binding
from tests.doubles import MovingClock
from tests.emulators.cloudinary import CloudinaryEmulator, settings_of
from tests.emulators.kit import served
from tests.mongo_server import RUN
from tests.needles import PASSWORD, Needles, open_home, pattern_picture, shows, sow
from tests.services.exporting import made
from tests.traces import everything_logged, files, found, layers, memory, mongo


@dataclass(kw_only=True)
class Estate:
    """One installation with one person in it, and every place where something of hers could lie."""

    services: Services
    needles: Needles
    clock: MovingClock
    folder: Path
    uri: str
    database: str
    cloud: CloudinaryEmulator | None
    pages: dict[str, Any]
    log: Callable[[], bytes]

    @property
    def tokens(self) -> dict[str, str]:
        """What may be nowhere, by where it was sown."""
        sown = self.needles
        return {**sown.tokens, **sown.secrets, **sown.stripped, **sown.files}

    def stores(self) -> dict[str, bytes]:
        """Return every byte at rest: files, databases, the vendor's objects, versions, copies and names."""
        found_files = {name: data for name, data in files(self.folder).items() if not name.startswith("lock")}
        held = {**found_files, **(mongo(self.uri, self.database) if self.uri else {})}
        return {**held, **_at_cloudinary(self.cloud)} if self.cloud else held

    async def rows(self) -> dict[str, bytes]:
        """Return every row of everybody as the services read it, whichever key it lies under."""
        dump: dict[str, bytes] = {}
        for name in DATA_MAP:
            tables: Repository[Any] | None = getattr(self.services.database.tables, name, None)
            after, told = "", b""
            while tables is not None and (page := await tables.walk(after, 200)):
                told, after = told + "\n".join(map(str, page)).encode(), page[-1].id
            dump[name] = told
        return dump

    def backup(self, where: Path) -> dict[str, bytes]:
        """Copy the databases as a backup does: without the key store, which has backups of its own."""
        if self.uri:
            dump = mongo(self.uri, self.database)
            return {name: data for name, data in dump.items() if not name.startswith(f"{self.database}_keys")}
        shutil.copytree(self.folder, where, ignore=shutil.ignore_patterns("keys", "media", "outbox"))
        return files(where)

    async def browser(self, stack: AsyncExitStack) -> httpx.AsyncClient:
        """Return a browser that is signed in as her."""
        transport = httpx.ASGITransport(build_api(lambda: self.services), client=("127.0.0.1", 50_000))
        client = httpx.AsyncClient(transport=transport, base_url=self.services.rules.origin)
        await stack.enter_async_context(client)
        accounts = self.services.accounts  # past every further factor that was sown
        person = await accounts.person(self.needles.owner)
        signed_in = await accounts.enter(person, device="Test", address="127.0.0.1")
        client.cookies.set(SESSION_COOKIE, signed_in.token)
        return client


def _at_cloudinary(cloud: CloudinaryEmulator) -> dict[str, bytes]:
    held = {f"asset {name}": f"{name}\n".encode() + asset.data for (_, _, name), asset in cloud.assets.items()}
    for backup in cloud.backups.values():
        held |= {f"version {backup.address} {one}": data for one, data in backup.versions.items()}
    held |= {f"edge {path}": path.encode() + data for path, (_, data) in cloud.edge.items()}
    return {**held, "folders": "\n".join(cloud.folders).encode(), "parts": b"".join(cloud.parts.values())}


@pytest.fixture(params=["sqlite and disk", "mongo and cloudinary"])
async def estate(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Estate]:
    clock, settings, cloud, uri, name = MovingClock(), {}, None, "", f"{RUN}_{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        log = stack.enter_context(everything_logged())
        if request.param == "mongo and cloudinary":
            uri = request.getfixturevalue("mongo_uri")
            cloud = CloudinaryEmulator(prefix="/cloudinary", now=lambda: clock().timestamp())
            cloud.scenario.extra |= {"forces_backup": True, "folder_mode": "fixed"}
            await stack.enter_async_context(served(cloud))
            settings = {key.removeprefix("IMAGEROUTE_"): value for key, value in settings_of(cloud).items()}
            settings |= {"MONGODB_DATABASE": name, "MASTER_KEY": base64.urlsafe_b64encode(bytes(32)).decode()}
        home = open_home(tmp_path / "data", mongo_uri=uri, clock=clock, **settings)
        services = await stack.enter_async_context(home)
        pages: dict[str, Any] = {}
        services.outside.pages.append(partial(forget_pages, pages))
        opened = Estate(
            services=services, needles=await sow(services), clock=clock, folder=tmp_path / "data", uri=uri, database=name,
            cloud=cloud, pages=pages, log=log,
        )  # fmt: skip
        await live(opened)
        yield opened


async def live(estate: Estate) -> None:
    """Leave traces in what no table shows: mails, files, packages, caches, an open page, the newsletter."""
    services, needles = estate.services, estate.needles
    await services.accounts.request_reset(needles.email, address="127.0.0.1")
    planted = await services.database.tables.newsletter_subscriptions.find(Query(owner=needles.owner))
    for row in planted:  # a real one belongs to itself, not to the person
        await services.database.tables.newsletter_subscriptions.delete(row.id, row.owner)
    await services.newsletter.ask(needles.email)
    await services.newsletter.settle()
    person = await services.accounts.person(needles.owner)
    await services.database.tables.people.update(replace(person, email_verified_at=estate.clock()))
    await _write(services.office, needles)
    await _be_written_about(services.office, needles)
    export = await made(services, needles.owner)
    assert export.state == "ready"
    for image_id in needles.image_ids:
        await services.gallery.image(needles.owner, image_id)
    estate.pages["tab"] = _open_page(needles)
    await services.accounts.settle()
    await services.notices.settle()


async def _write(office: Office, needles: Needles) -> None:
    """Ask something with a picture in the envelope."""
    picture = pattern_picture(needles.pattern, exif=needles.stripped["EXIF of an upload"], kind="PNG")
    opening = Opening(kind=Kind.TICKET, text=needles.new("cases.a question"), owner=needles.owner, file=picture)
    await office.cases.open(opening, address="127.0.0.1")


async def _be_written_about(office: Office, needles: Needles) -> None:
    """Make the cases that belong to no account: her own mail, an authority's request, a report."""
    words = needles.new("cases.a mail")
    await office.intake.take(Letter(sender=needles.email, subject=words, text=words, mark="mark-of-a-mail"))
    facts = Facts(authority="A court", statute="A law", scope="All")
    entry = Entry(kind=Kind.LEGAL, text="In writing.", facts=facts, account=needles.email)
    await office.registers.open(entry)
    report = needles.new("cases.a report")
    await office.children.report(needles.email, report, contact="reporter@example.com", address="127.0.0.2")


def _open_page(needles: Needles) -> rx.State:
    """Return the state of a page that shows her words."""
    root = rx.State(_reflex_internal_init=True)  # type: ignore[call-arg]  # as Reflex itself makes it
    binding = root.substates[Binding.get_name()]
    assert isinstance(binding, Binding)
    binding._owner = needles.owner
    root.router_data = {"headers": {"cookie": needles.tokens["people.email"]}}
    return root


async def erase(estate: Estate) -> str:
    """Close the account as she does, on the page; returns the path of the erasure's page once it is over."""
    async with AsyncExitStack() as stack:
        browser = await estate.browser(stack)
        answer = await browser.post("/privacy-center/close", data={"when": "now"})
        assert answer.status_code == 303, answer.text
        path = str(answer.headers["location"])
        for _ in range(10):
            await estate.services.erasures.settle()
            await estate.services.erasures.sweep()
            estate.clock.move(minutes=15)
        status = await estate.services.erasures.status(path.rpartition("/")[2])
        waiting = {step.label: step.detail for step in status.steps if not step.state.is_over}
        assert status.erasure.phase is Phase.RETAINED, (
            waiting
        )  # at the sign-in service that the sown link names: not set here
        states = {step.system: step.state for step in status.steps}
        assert states.pop(System.IDENTITY) is StepState.MANUAL
        assert set(states.values()) <= {StepState.DONE, StepState.ABSENT}
        await _look_as_stranger(browser, estate, path)
        estate.clock.move(hours=72)  # the longest that the last mail waits where no mail server takes it
        await estate.services.retention.sweep(timedelta(minutes=15))
        return path


async def _look_as_stranger(browser: httpx.AsyncClient, estate: Estate, path: str) -> None:
    """Nothing that she could open is there any more, and the page of the erasure names nobody."""
    form = {"email": estate.needles.email, "password": PASSWORD}
    assert (await browser.post("/auth/sign-in", data=form)).status_code == 401
    for address in (f"/media/{estate.needles.image_ids[0]}/original", f"/s/{estate.needles.tokens['shares.token']}"):
        assert (await browser.get(address)).status_code in (401, 404), address
    page = (await browser.get(path)).content + (await browser.get(f"{path}/status.json")).content
    assert not found(page, {**estate.tokens, "owner": estate.needles.owner})


@pytest.mark.metric("erasure_residual_needles")
@pytest.mark.promise("P18", "P47")
async def test_after_an_erasure_no_word_name_tag_or_pixel_is_left(estate: Estate) -> None:
    owner, pattern = estate.needles.owner, estate.needles.pattern
    before = estate.stores()
    rows = await estate.rows()
    assert any(owner.encode() in data for data in before.values())
    told = {name for name in rows if found(rows[name], estate.tokens)}
    assert {"cases", "people", "newsletter_subscriptions"} <= told
    assert any(shows(data.partition(b"\n")[2], pattern) for data in before.values())
    assert memory(estate.pages, tokens=estate.tokens)

    await erase(estate)

    rows = {name: found(data, {**estate.tokens, "owner": owner}) for name, data in (await estate.rows()).items()}
    assert {name: names for name, names in rows.items() if names} == {}
    left = {place: found(data, {**estate.tokens, "owner": owner}) for place, data in estate.stores().items()}
    assert {place: names for place, names in left.items() if names} == {}
    assert [place for place, data in estate.stores().items() if _shown(data, pattern)] == []
    if estate.cloud:  # what the emulator was asked is its own record, reached by the loop that serves it here
        estate.cloud.seen.clear()
    assert memory(estate.services, estate.pages, tokens=estate.tokens) == set()
    assert found(estate.log(), estate.tokens) == set()
    with pytest.raises(NotFound):
        await estate.services.accounts.person(owner)


@pytest.mark.promise("P28", "P47")
async def test_a_backup_from_before_holds_no_readable_word_and_opens_for_nobody(estate: Estate, tmp_path: Path) -> None:
    copy = estate.backup(tmp_path / "copy")
    read = {place: names for place, data in copy.items() if (names := found(data, _sealed(estate)))}
    assert read == {}  # not even while she is here: the key is somewhere else
    await erase(estate)
    if estate.uri:
        return  # tests/contracts/test_database_erasure.py opens a restored database on both
    shutil.copytree(estate.folder / "keys", tmp_path / "copy" / "keys")
    async with open_home(tmp_path / "copy", clock=estate.clock) as restored:
        with pytest.raises(NotFound):
            await restored.accounts.person(estate.needles.owner)
        assert [name for name in DATA_MAP if await _opens(restored, name, estate.needles.owner)] == []


async def _opens(services: Services, name: str, owner: str) -> bool:
    """Say whether a table gives rows with sealed words to anyone."""
    tables: Repository[Any] | None = getattr(services.database.tables, name, None)
    if tables is None or Protection.SEALED not in DATA_MAP[name].fields.values():
        return False
    try:
        return bool(await tables.find(Query(owner=owner)))
    except NotFound:
        return False


def _sealed(estate: Estate) -> dict[str, str]:
    """Return the tokens of what is sealed; the others are keyed hashes, random ids, dates and words of ours."""
    by_place = {place: place.partition(".")[::2] for place in estate.tokens}
    return {
        place: estate.tokens[place]
        for place, (table, item) in by_place.items()
        if table not in DATA_MAP or DATA_MAP[table].fields.get(item, Protection.SEALED) is Protection.SEALED
    }


def _shown(data: bytes, pattern: str) -> bool:
    return any(shows(layer.partition(b"\n")[2], pattern) or shows(layer, pattern) for layer in layers(data))
