"""A store, seller, sign-in or mail service that is switched on later: told 30 days ahead, and nothing goes there before."""

from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from imageroute_app.bootstrap import arrivals_of, new_id, open_services, read_editions, refuse_move, services_in
from imageroute_app.domain.arrivals import described, domain_of
from imageroute_app.domain.errors import Conflict, InvalidInput, Unavailable
from imageroute_app.domain.ports import Query
from imageroute_app.services.accounts import SignUp
from imageroute_app.services.arrivals import Arrivals
from imageroute_app.services.policies import Policies
from imageroute_app.settings import Settings, SettingsError, load_settings
from tests.doubles import MovingClock
from tests.services.conftest import House
from tests.services.test_newcomers import proven

OUTSIDE = {
    "IMAGEROUTE_HOST": "127.0.0.1", "IMAGEROUTE_ORIGIN": "https://pictures.example.org", "IMAGEROUTE_PAYMENTS": "off",
    "IMAGEROUTE_CONTROLLER_NAME": "N", "IMAGEROUTE_CONTROLLER_ADDRESS": "A", "IMAGEROUTE_CONTROLLER_EMAIL": "a@example.org",
}  # fmt: skip
DODO = {
    "IMAGEROUTE_PAYMENTS": "dodo", "IMAGEROUTE_DODO_KEY": "key", "IMAGEROUTE_DODO_WEBHOOK_KEY": "whsec_" + "a" * 32,
    "IMAGEROUTE_DODO_PRODUCTS": "small=pdt_1,medium=pdt_2,large=pdt_3",
}  # fmt: skip
CLOUDINARY = {f"IMAGEROUTE_CLOUDINARY_{name}": "c" for name in ("CLOUD", "KEY", "SECRET")}


def arrivals(house: House, *, waits: bool = True, hurried: tuple[str, ...] = ()) -> Arrivals:
    return Arrivals(database=house.database, clock=house.clock, new_id=new_id, waits=waits, hurried=hurried)


def policies(house: House) -> Policies:
    return Policies(
        database=house.database, editions=read_editions(), tell=house.notices.tell, clock=house.clock, new_id=new_id,
        arrivals=arrivals(house),
    )  # fmt: skip


async def told(house: House, owner: str) -> list[str]:
    await house.notices.settle()
    found = await house.database.tables.notices.find(Query(owner=owner, limit=50))
    return [one.text for one in found if one.topic.startswith("service:")]


@pytest.mark.promise("P39")
async def test_what_is_there_first_is_not_new_and_what_comes_later_is_told_first(either_house: House) -> None:
    house = either_house
    ada = await proven(house)
    assert await arrivals(house).admit(["cloudinary"]) == frozenset()  # the first look of this release
    house.clock.move(days=1)
    with pytest.raises(Unavailable) as refused:
        await arrivals(house).admit(["cloudinary", "clerk"])
    assert "Clerk would get data" in refused.value.message
    assert "imageroute announce clerk" in refused.value.message
    assert "Cloudinary" not in refused.value.message
    assert await policies(house).announce() == 0  # a start that was refused tells nobody

    arrival = await arrivals(house).announce("clerk")
    assert await policies(house).announce() == 1
    assert await policies(house).announce() == 0
    (text,) = await told(house, ada)
    assert "Clerk is new here and may get data of yours from 26 December 2026 on, and nothing before" in text
    assert "your name, address and password" in text
    assert house.letters.sent[-1].subject == "New from 26 December 2026: Clerk"
    assert [one.company for one in await arrivals(house).waiting()] == ["Clerk"]

    house.clock.now = arrival.opens_at.replace(microsecond=0)
    house.clock.move(seconds=-1)
    with pytest.raises(Unavailable) as refused:
        await arrivals(house).admit(["clerk"])
    assert "from 26 December 2026 on" in refused.value.message
    house.clock.move(seconds=1)
    assert await arrivals(house).admit(["cloudinary", "clerk"]) == frozenset()
    assert await arrivals(house).waiting() == []


@pytest.mark.promise("P39")
async def test_a_seller_waits_and_is_told_by_its_first_start(house: House) -> None:
    ada = await proven(house)
    await arrivals(house).admit([])
    house.clock.move(days=1)
    assert await arrivals(house).admit(["dodo"]) == {"dodo"}
    await policies(house).announce()
    assert len(await told(house, ada)) == 1
    house.clock.move(days=30, seconds=-1)
    assert await arrivals(house).admit(["dodo"]) == {"dodo"}
    house.clock.move(seconds=1)
    assert await arrivals(house).admit(["dodo"]) == frozenset()


@pytest.mark.promise("P39")
async def test_where_the_law_leaves_no_time_it_is_written_down_and_told(house: House) -> None:
    ada = await proven(house)
    await arrivals(house).admit([])
    house.clock.move(days=1)
    for _ in range(2):
        assert await arrivals(house, hurried=("clerk",)).admit(["clerk"]) == frozenset()
    await policies(house).announce()
    (text,) = await told(house, ada)
    assert "from 26 November 2026 on: the operator says that the law left no time" in text
    house.clock.move(days=31)
    assert [one.company for one in await arrivals(house).came_early()] == ["Clerk"]


async def test_with_nobody_there_or_on_loopback_nobody_waits(house: House) -> None:
    assert await arrivals(house).admit(["cloudinary"]) == frozenset()
    await arrivals(house).announce("clerk")
    assert await arrivals(house).admit(["cloudinary", "clerk"]) == frozenset()
    await house.person("ada")
    assert await arrivals(house).admit(["cloudinary", "clerk"]) == frozenset()  # it was at work before anyone came
    assert await arrivals(house, waits=False).admit(["dodo"]) == frozenset()


async def test_announcing_needs_a_company_a_first_start_and_happens_once(house: House) -> None:
    with pytest.raises(Conflict):
        await arrivals(house).announce("clerk")
    await arrivals(house).admit([])
    for key in ("", "acme", "mail:", "mail:smtp.example.org", "mail:localhost", "files:example.org"):
        with pytest.raises(InvalidInput):
            await arrivals(house).announce(key)
    await arrivals(house).announce("mail:example.org")
    with pytest.raises(Conflict):
        await arrivals(house).announce("mail:example.org")


@pytest.mark.parametrize(
    ("host", "domain"),
    [
        ("smtp.example.org", "example.org"), ("cluster0.abc.mongodb.net", "mongodb.net"), ("a.example.co.uk", "example.co.uk"),
        ("mongo", ""), ("localhost", ""), ("127.0.0.1", ""), ("10.0.0.3", ""), ("::1", ""), ("redis.svc.cluster.local", ""),
        ("93.184.216.34", "93.184.216.34"), ("example.org", "example.org"),
    ],
)  # fmt: skip
def test_whose_network_a_host_is_on(host: str, domain: str) -> None:
    assert domain_of(host) == domain
    assert not domain or described(f"mail:{domain}")[0].endswith(domain)


def at(folder: Path, **more: str) -> Settings:
    return load_settings({"IMAGEROUTE_DATA_DIR": str(folder), **OUTSIDE, **more})


def test_what_the_settings_switch_on_is_known() -> None:
    found = services_in(
        load_settings(
            {
                **OUTSIDE, **DODO, **CLOUDINARY, "IMAGEROUTE_SMTP_URL": "smtp://u:p@smtp.mailer.net:587",
                "IMAGEROUTE_MAIL_FROM": "a@example.org", "IMAGEROUTE_REDIS_URL": "redis://redis:6379/0",
                "IMAGEROUTE_MONGODB_URI": "mongodb+srv://u:p@cluster0.abc.mongodb.net/x",
                "IMAGEROUTE_MASTER_KEY": "A" * 43 + "=",
            }
        )
    )  # fmt: skip
    assert found == ["cloudinary", "dodo", "mail:mailer.net", "database:mongodb.net"]
    own = load_settings(
        {**OUTSIDE, "IMAGEROUTE_SMTP_URL": "smtp://smtp.example.org", "IMAGEROUTE_MAIL_FROM": "a@example.org"}
    )
    assert services_in(own) == []  # the operator's own network is nobody new


async def sign_up(settings: Settings, clock: MovingClock) -> None:
    services = await open_services(settings, clock=clock)
    born = clock().date().replace(year=1990)
    form = SignUp(full_name="Ada", email="ada@example.com", password="long enough", born=born)
    await services.accounts.sign_up(form, device="Test", address="127.0.0.1")
    await services.close()


@pytest.mark.promise("P39")
async def test_an_installation_sells_nothing_before_its_day_and_does_not_start_on_a_new_store(tmp_path: Path) -> None:
    clock = MovingClock()
    await sign_up(at(tmp_path), clock)
    services = await open_services(at(tmp_path, **DODO), clock=clock)
    assert services.site.receivers == ()
    assert not services.billing.is_open
    await services.close()
    with pytest.raises(Unavailable, match="Cloudinary would get data"):
        await open_services(at(tmp_path, **CLOUDINARY), clock=clock)
    services = await open_services(at(tmp_path), clock=clock)  # and the same folder starts as before
    with pytest.raises(Unavailable, match="Cloudinary would get data"):
        await refuse_move(at(tmp_path, **CLOUDINARY), "cloudinary", services.database, clock)
    await services.close()
    clock.move(days=30)
    services = await open_services(at(tmp_path, **DODO), clock=clock)
    assert services.site.receivers == ("dodo",)
    await services.close()


@pytest.mark.promise("P39")
async def test_pages_say_who_is_to_come_and_who_came_early(house: House) -> None:
    from tests.routes.conftest import open_house as open_pages

    async with open_pages(house.folder / "pages", house.rules, house.clock) as pages:
        services = pages.services
        rows = {"database": services.database, "clock": house.clock, "new_id": new_id}
        await Arrivals(**rows, waits=True).admit([])
        browser: httpx.AsyncClient = await pages.signed_up("ada")
        await Arrivals(**rows, waits=True).announce("clerk")
        await Arrivals(**rows, waits=True, hurried=["dodo"]).admit(["dodo"])
        page = (await browser.get("/processors")).text
        assert "Clerk is new here, from 25 December 2026." in page
        assert "Dodo Payments came on 25 November 2026" in page
        trust = (await browser.get("/trust")).text
        assert "without the 30 days of notice" in trust
        assert "Clerk</b>" not in trust.partition("In figures")[2].partition("What we hold")[0]


def test_the_setting_takes_only_companies() -> None:
    given = load_settings({**OUTSIDE, "IMAGEROUTE_ANNOUNCED_LATE": "Dodo, mail:mailer.net"})
    assert given.announced_late == "dodo,mail:mailer.net"
    with pytest.raises(SettingsError, match="ANNOUNCED_LATE"):
        load_settings({**OUTSIDE, "IMAGEROUTE_ANNOUNCED_LATE": "acme"})


def test_arrivals_of_an_installation_wait_only_where_others_can_reach_it(house: House) -> None:
    settings = load_settings(OUTSIDE)
    assert arrivals_of(settings, house.database)._waits
    assert not arrivals_of(replace(settings, origin="http://127.0.0.1:3000"), house.database)._waits
