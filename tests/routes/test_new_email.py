"""Another email for the account: proven first, told to the old mailbox, stored nowhere before, taken from nobody."""

import httpx
import pytest

from tests.routes.conftest import PASSWORD, House

NEW = "countess@example.com"


async def mailed(house: House, ada: httpx.AsyncClient, email: str = NEW) -> str:
    """Ask for another address; returns the secret of the link that was mailed there."""
    house.clock.move(seconds=1)  # so that its mail is the newest
    answer = await ada.post("/auth/change-email", data={"email": email})
    assert answer.headers.get("location") == "/account?done=email", answer.text
    await house.services.new_address.settle()
    return (await house.link("Confirm your new email")).partition("token=")[2]


async def use(client: httpx.AsyncClient, token: str, email: str = NEW) -> httpx.Response:
    return await client.post("/auth/new-email", data={"token": token, "email": email})


async def link_to(house: House, subject: str, name: str) -> str:
    assert house.services.outbox is not None
    mails = [one for one in await house.services.outbox() if (one.subject, one.to) == (subject, f"{name}@example.com")]
    return mails[0].link


async def address_of(house: House, owner: str) -> str:
    return (await house.services.accounts.person(owner)).email


@pytest.mark.promise("P30", "P46")
async def test_it_takes_presence_and_the_link_and_works_once(house: House, browser: httpx.AsyncClient) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    house.clock.move(minutes=11)
    asked = await ada.post("/auth/change-email", data={"email": NEW})
    assert (asked.status_code, f'value="{NEW}"' in asked.text) == (403, True)
    await ada.post("/auth/change-email", data={"email": NEW, "current_password": PASSWORD})
    token = await mailed(house, ada)
    page = await browser.get(f"/new-email?token={token}")
    assert "Type the new address once more" in page.text
    assert page.headers["referrer-policy"] == "strict-origin"
    assert await address_of(house, owner) == "ada@example.com"

    assert (await use(browser, token, "countes@example.com")).status_code == 404
    assert (await use(browser, token)).status_code == 200
    assert (await use(browser, token)).status_code == 404

    person = await house.services.accounts.person(owner)
    assert (person.email, person.email_verified_at) == (NEW, house.clock())
    await house.services.new_address.settle()
    assert await house.link("Your email was changed") == ""


@pytest.mark.promise("P46")
async def test_it_takes_an_address_from_nobody_and_tells_nobody_who_is_here(house: House) -> None:
    ada, eve = await house.signed_up(), await house.signed_up("eve")
    for odd in ("", "nobody", "ada@example.com", "x@y"):
        assert (await ada.post("/auth/change-email", data={"email": odd})).status_code == 422, odd
    taken = await ada.post("/auth/change-email", data={"email": "eve@example.com"})
    assert taken.headers["location"] == "/account?done=email"
    await house.services.new_address.settle()
    assert house.services.outbox is not None
    assert "You have an account" in [mail.subject for mail in await house.services.outbox()]
    token = await mailed(house, eve)
    await house.signed_up("countess")  # came first after all
    answer = await use(eve, token)
    assert (answer.status_code, "already" in answer.text) == (422, True)
    assert await address_of(house, await house.owner(eve)) == "eve@example.com"


@pytest.mark.promise("P6", "P46", "P50")
async def test_the_newsletter_ends_at_the_old_address_and_the_new_one_is_asked(house: House) -> None:
    ada, eve = await house.signed_up(), await house.signed_up("eve")
    services, newsletter = house.services, house.services.newsletter
    await services.accounts.verify_email((await link_to(house, "Confirm your email", "ada")).partition("token=")[2])
    for name in ("ada", "eve"):
        await newsletter.ask(f"{name}@example.com", is_proven=True)
        await newsletter.settle()
        link = await link_to(house, "Do you want the newsletter?", name)
        await newsletter.confirm(link.partition("confirm=")[2])

    assert (await use(ada, await mailed(house, ada))).status_code == 200
    await services.new_address.settle()
    await newsletter.settle()

    assert await newsletter.find("ada@example.com") is None
    assert (await newsletter.send("News", "What is new.")).sent == 1  # to Eve alone: the new mailbox did not answer yet
    standing = await services.newsletter_choice.standing(await house.owner(ada))
    assert (standing.email, standing.is_waiting) == (NEW, True)
    assert services.outbox is not None
    told = next(one.text for one in await services.outbox() if one.subject == "Your email was changed")
    assert "comes here no more" in told
    await newsletter.confirm((await link_to(house, "Do you want the newsletter?", "countess")).partition("confirm=")[2])
    assert (await services.newsletter_choice.standing(await house.owner(ada))).is_on

    # One who never proved the old address moves nobody's newsletter.
    assert (await use(eve, await mailed(house, eve, "eva@example.com"), "eva@example.com")).status_code == 200
    await services.new_address.settle()
    assert await newsletter.find("eve@example.com") is not None


async def test_only_the_newest_link_works_for_a_day_and_old_ones_open_nothing(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    await ada.post("/auth/forgot-password", data={"email": "ada@example.com"})
    first, second = await mailed(house, ada), await mailed(house, ada, "second@example.com")
    assert (await use(ada, first)).status_code == 404
    house.clock.move(hours=24)
    assert (await use(ada, second, "second@example.com")).status_code == 404
    ada = await house.browser()
    await ada.post("/auth/sign-in", data={"email": "ada@example.com", "password": PASSWORD})
    reset = (await house.link("Set a new password")).partition("token=")[2]
    assert (await use(ada, await mailed(house, ada))).status_code == 200
    late = await ada.post("/auth/reset-password", data={"token": reset, "password": "another long one"})
    assert late.status_code == 404
    assert await address_of(house, owner) == NEW


async def test_it_needs_a_session_and_is_tried_only_so_often(house: House, browser: httpx.AsyncClient) -> None:
    assert (await browser.post("/auth/change-email", data={"email": NEW})).status_code == 401
    codes = [(await use(browser, f"guess-{number}")).status_code for number in range(11)]
    assert codes == [404] * 10 + [429]
    assert (await browser.get("/new-email")).status_code == 200
