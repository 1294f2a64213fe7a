"""Tests 13 to 20 of PRIVACY.md section 6 on MongoDB with Cloudinary and Dodo Payments: choices, children, rules and the law."""

import html
import logging
import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.choices import CONSENT_LIFE, TRAINING_WORDS, ChoiceEvent
from imageroute_app.domain.errors import InvalidInput, Unavailable
from imageroute_app.domain.policies import Edition, Kind
from imageroute_app.domain.ports import Query
from imageroute_app.domain.purposes import OPTIONAL, Purpose
from imageroute_app.domain.statistics import HOUSE
from imageroute_app.services.gate import Frozen
from imageroute_app.services.mail_intake import read_letter
from tests.acceptance.conftest import PASSWORD, SIGN_UP, Far
from tests.marks import assert_marked
from tests.traces import mongo

SEEN = {"page": "home", "load_ms": 400}
GPC = {"Sec-GPC": "1"}


async def counted(far: Far, owner: str = HOUSE) -> int:
    return await far.services.database.tables.usage_counts.count(Query(owner=owner))


async def standing(client: httpx.AsyncClient, **headers: str) -> dict[str, bool]:
    return (await client.get("/api/choices", headers=headers)).json()


@pytest.mark.promise("P13", "P14", "P24", "P56")
async def test_13_no_is_as_fast_as_yes_and_nothing_comes_before_either(far: Far) -> None:
    fresh = await far.browser()
    for path in ("/privacy", "/cookies", "/sign-up", "/trust"):
        assert "set-cookie" not in (await fresh.get(path)).headers
    await fresh.post("/api/seen", json=SEEN)
    assert await counted(far) == 0
    await fresh.post("/choices", data={"answer": "accept"})
    await fresh.post("/api/seen", json=SEEN)
    assert await counted(far) > 0
    await fresh.post("/choices", data={"answer": "reject"})
    assert (await counted(far), set(fresh.cookies)) == (0, {"ir_choices"})
    far.clock.move(seconds=CONSENT_LIFE.total_seconds() - 1)
    assert not (await standing(fresh))["ask"]
    far.clock.move(seconds=1)
    assert (await standing(fresh))["ask"]


@pytest.mark.promise("P67")
async def test_14_the_browser_already_said_it(far: Far) -> None:
    fresh = await far.browser()
    assert await standing(fresh, **GPC) == {"ask": False, "signal": True, "counts": False, "known": False}
    shown = (await fresh.get("/privacy", headers=GPC)).text
    assert "Opt-out preference signal honored" in shown
    assert "data-signal hidden" not in shown
    for odd in ("0", "yes"):
        assert (await standing(fresh, **{"Sec-GPC": odd}))["ask"]
        assert "data-signal hidden" in (await fresh.get("/privacy", headers={"Sec-GPC": odd})).text
    assert (await fresh.get("/.well-known/gpc.json")).json()["gpc"] is True
    ada = await far.signed_up("ada")
    owner = await far.owner(ada)
    await far.services.choices.choose(owner, Purpose.ANALYTICS, on=True)
    assert not (await standing(ada, **GPC))["counts"]
    signals = [one for one in await far.services.choices.log.history(owner) if one.event is ChoiceEvent.SIGNAL]
    assert len(signals) == len(OPTIONAL)


@pytest.mark.promise("P27", "P61", "P62")
async def test_15_only_picture_seven_and_not_the_one_that_was_taken_back(far: Far) -> None:
    ada = await far.signed_up("bea")
    owner, choices, training = await far.owner(ada), far.services.choices, far.services.training
    images = [*await far.made(owner, count=4), *await far.made(owner, count=4)]
    assert await training.allowed(owner) == []
    await choices.allow_training(owner, images[6].id, on=True)
    await choices.allow_training(owner, images[2].id, on=True)
    with pytest.raises(InvalidInput):
        await choices.choose(owner, Purpose.TRAINING, on=True)
    far.clock.move(days=13)
    await choices.allow_training(owner, images[2].id, on=False)
    await training.build()
    assert await training.entries(owner) == []
    far.clock.move(days=1)
    await training.build()
    assert [one.image_id for one in await training.entries(owner)] == [images[6].id]
    far.clock.move(days=400)
    await training.build()
    assert {one.image_id for one in await training.entries(owner)} == {images[6].id}
    ada = await far.signed_in("bea")
    for image in images:
        assert_marked((await ada.get(f"/media/{image.id}/original")).content)  # notAllowed to the rest of the world


@pytest.mark.promise("P4", "P16")
async def test_16_of_a_card_nothing_is_left_even_when_the_message_broke_off(
    far: Far, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ada = await far.signed_up("cyd")
    owner = await far.owner(ada)
    needles = ("4000000000000002", "Qzelda Holder", "Qzolm Street 5", "Qzurich")
    card = {
        "card_holder_name": needles[1], "payment_method": needles[0], "error_message": f"card {needles[0]}",
        "billing": {"street": needles[2], "city": needles[3], "country": "CH"},
    }  # fmt: skip
    payment = await far.bought(ada)

    async def broken(*_args: object, **_more: object) -> None:
        raise Unavailable

    with monkeypatch.context() as patch:
        patch.setattr(far.services.database, "transact", broken)
        first = await far.told("payment.succeeded", payment, **card)
    again = await far.told("payment.succeeded", payment, **card)

    assert (first, again) == (503, 204)
    assert (await far.services.jobs.balance(owner)).available == 550
    (row,) = await far.services.database.tables.payments.find(Query(owner=owner))
    rows = "".join([str(one) async for one in await far.services.database.export_rows(owner)])
    stored = far.stored()
    for needle in needles:
        assert needle.encode() not in stored, needle
        assert needle not in caplog.text + rows, needle
    assert (row.payment_id, row.currency) == (payment, "USD")


def born(far: Far, years: int, days_younger: int) -> dict[str, str]:
    """Return the form of somebody who turns that old in so many days."""
    day = far.clock().date() + timedelta(days=days_younger)
    return {"born_day": str(day.day), "born_month": str(day.month), "born_year": str(day.year - years)}


@pytest.mark.promise("P58", "P59")
@pytest.mark.parametrize(("country", "age"), [("US", 13), ("DE", 16)])
async def test_17_a_day_too_young_leaves_nothing_and_a_reported_child_is_erased(
    far: Far, country: str, age: int
) -> None:
    name = f"kid{age}"
    form = {**SIGN_UP, "email": f"{name}@example.com", "country": country}
    young = await far.browser()
    refused = await young.post("/auth/sign-up", data={**form, **born(far, age, 1)})
    assert refused.status_code == 403
    said = html.unescape(refused.text.partition("<main")[2].partition("</main")[0])
    assert str(age) not in re.sub(r'<span class="mono">[0-9a-f]{16}</span>', "", said)  # but for the request's number
    assert (await young.get("/sign-up")).status_code == 403  # back, or a new tab
    assert (await young.post("/auth/sign-up", data=form)).status_code == 403
    assert f"{name}@".encode() not in far.stored()
    far.clock.move(days=1)
    kid = await far.signed_up(name, country=country, **born(far, age, 0))
    owner = await far.owner(kid)
    await far.made(owner)
    olga, stranger = await far.operator(), await far.browser()
    report = {"kind": "child", "account": f"{name}@example.com", "text": "In my class", "contact": "mum@example.com"}
    await stranger.post("/report", data=report)
    assert (await far.services.accounts.person(owner)).locked_for is Lock.CHILD_REPORT
    (reference,) = await far.waiting(olga)
    await far.decide(olga, reference, "look", reason="To review")
    await far.decide(olga, reference, "confirm_child")
    assert await far.services.database.tables.people.by_key("email_key", f"{name}@example.com") is None
    assert not any(owner in address for _, _, address in far.cloud.assets)
    assert "erased" in (await far.letters("mum@example.com"))[0].text


@pytest.mark.promise("P46")
async def test_18_a_corrected_address_reaches_who_has_it(far: Far) -> None:
    ada = await far.signed_up("gil")
    owner = await far.owner(ada)
    assert await far.told("payment.succeeded", await far.bought(ada)) == 204
    asked = await ada.post("/auth/change-email", data={"email": "gil.new@example.com"})
    assert asked.headers["location"] == "/account?done=email"
    await far.services.new_address.settle()
    (mail,) = await far.letters("gil.new@example.com")
    assert b"gil.new@" not in b"".join(mongo(far.uri, far.database).values())  # stored nowhere before it is proven
    token = mail.link.partition("token=")[2]
    done = await ada.post("/auth/new-email", data={"token": token, "email": "Gil.New@example.com"})
    assert "Your email is changed" in done.text
    await far.services.new_address.settle()
    assert (await far.letters("gil@example.com"))[0].subject == "Your email was changed"
    assert "gil.new@example.com" in str(far.dodo.customers).lower()
    assert (await far.signed_in("gil.new")).cookies["ir_session"]
    stranger = await far.browser()
    entered = await stranger.post("/auth/sign-in", data={"email": "gil@example.com", "password": PASSWORD})
    assert entered.status_code == 401
    journal = await far.services.activity.newest(owner)
    assert "email_changed" in [line.kind for line in journal]
    assert not any("gil" in line.detail for line in journal)


@pytest.mark.promise("P51", "P52", "P68")
async def test_18_object_and_freeze(far: Far) -> None:
    ada = await far.signed_up("dan")
    owner, choices = await far.owner(ada), far.services.choices
    await choices.choose(owner, Purpose.ANALYTICS, on=True)
    before = await far.services.jobs.balance(owner)
    await choices.choose(owner, Purpose.ANALYTICS, on=False)
    await ada.post("/api/seen", json=SEEN)
    assert await counted(far, owner) == 0
    assert await far.services.jobs.balance(owner) == before
    await choices.freeze(owner)
    with pytest.raises(Frozen) as frozen:
        await far.made(owner)
    assert frozen.value.status == 423
    assert (await ada.post("/credits", data={"pack": "small"})).status_code == 423
    assert (await far.exported(ada)).state == "ready"
    assert "generate and upload again" in await choices.announce_lifting(owner)
    await choices.lift(owner)
    assert await far.made(owner)
    await choices.freeze(owner)
    path = await far.closed(ada, "now")
    assert (await (await far.browser()).get(f"{path}/status.json")).json()["state"] == "complete"


@pytest.mark.promise("P70", "P72", "P73")
async def test_19_new_rules_wait_fourteen_days_and_change_no_choice(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    ada = await far.signed_up("eve")
    owner, policies = await far.owner(ada), far.services.policies
    await far.services.choices.choose(owner, Purpose.ANALYTICS, on=True)
    (chosen,) = await far.services.choices.log.history(owner)
    known = policies.editions(Kind.PRIVACY)
    day = far.clock().date() + timedelta(days=1)
    text = known[-1].text.replace("No system is perfectly safe.", "No system is entirely safe.")
    coming = Edition(
        kind=Kind.PRIVACY, effective=day, sha256="1" * 64, is_material=True, summary="Other words.", text=text,
        new_purposes=("performance",),
    )  # fmt: skip
    monkeypatch.setattr(policies, "_editions", {**policies._editions, Kind.PRIVACY: (*known, coming)})
    far.clock.move(days=5)
    assert "entirely safe" not in (await ada.get("/privacy")).text  # nobody was told yet
    await policies.announce()
    await far.services.notices.settle()
    assert any("new version" in mail.subject for mail in await far.letters("eve@example.com"))
    assert any(one.is_banner for one in await far.services.notices.newest(owner))
    compare = f"/privacy/compare?from={known[-1].effective.isoformat()}&to={day.isoformat()}"
    assert "entirely" in (await ada.get(compare)).text
    far.clock.move(days=14, seconds=-1)
    assert "entirely safe" not in (await ada.get("/privacy")).text
    far.clock.move(seconds=1)
    assert "entirely safe" in (await ada.get("/privacy")).text
    old = (await ada.get(f"/privacy/versions/{known[-1].effective.isoformat()}")).text
    assert "perfectly safe" in old
    ada = await far.signed_in("eve")
    assert await far.services.choices.log.history(owner) == [chosen]
    assert await far.made(owner)  # who looks at nothing goes on working
    receipt = (await ada.get(f"/privacy-center/choices/{chosen.id}")).text
    assert chosen.words in receipt
    assert TRAINING_WORDS not in receipt


def letter_of(name: str) -> bytes:
    head = f"From: {name} <{name}@example.com>\r\nTo: contact@imageroute.com\r\nSubject: My data\r\nMessage-ID: <1@a>"
    return f"{head}\r\n\r\nWhat do you know about me?\r\n".encode()


@pytest.mark.promise("P43", "P53", "P71", "P76")
async def test_20_the_law_clerk_gets_a_date_an_answer_and_an_alarm(far: Far) -> None:
    ada, olga, office = await far.signed_up("fay"), await far.operator(), far.services.office
    (image,) = await far.made(await far.owner(ada))
    assert_marked((await ada.get(f"/media/{image.id}/320")).content, is_signed=False)
    far.clock.now = datetime(2029, 1, 31, 9, tzinfo=UTC)
    case = await office.intake.take(read_letter(letter_of("fay")))
    assert case.due_at == datetime(2029, 2, 28, 9, tzinfo=UTC)
    assert "28 February 2029" in (await far.letters("fay@example.com"))[0].text
    far.clock.move(days=20)
    await office.clock.ring()
    assert any(case.reference in mail.text for mail in await far.letters("olga@example.com"))
    olga = await far.operator()
    await far.decide(olga, case.reference, "look", reason="To answer")
    late = await olga.post(f"/admin/cases/{case.reference}", data={"act": "extend", "reason": ""})
    assert late.status_code == 422
    refusal = await olga.post(
        f"/admin/cases/{case.reference}", data={"act": "decide", "outcome": "refused", "text": "No."}
    )
    assert refusal.status_code == 422
    complaint = await (await far.browser()).post("/complaint", data={"text": "Slow.", "contact": "fay@example.com"})
    assert complaint.status_code == 200
    assert len(await far.letters("fay@example.com")) >= 3  # welcome, case, complaint: acknowledged at once
    form = {"kind": "breach", "text": "Drill", "categories": "Images", "is_drill": "yes", "until": "2100-01-01 00:00"}
    made = await olga.post("/admin/entry", data=form)
    await olga.post(made.headers["location"], data={"act": "look", "reason": "Drill"})
    drill = await office.desk.by_reference(made.headers["location"].rpartition("/")[2])
    images = far.services.database.tables.images
    owners = {one.owner for one in await images.walk("", 200)}
    assert set(await office.registers.affected(drill)) == owners
    far.clock.move(hours=60)
    await office.clock.ring()
    assert any(drill.reference in mail.text for mail in await far.letters("olga@example.com"))
