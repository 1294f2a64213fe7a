"""Closing an account: the grace, the steps, what does not answer, and what is left after every crash."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.case_rules import Ruling
from imageroute_app.domain.cases import Kind
from imageroute_app.domain.cases import Outcome as Granted
from imageroute_app.domain.erasures import Phase, StepState, System
from imageroute_app.domain.errors import Conflict, NotFound, Unavailable
from imageroute_app.domain.jobs import AttemptOutcome
from imageroute_app.domain.ports import ErrorKind, Mail, ProviderError, Query
from imageroute_app.domain.settlement import OrderState
from imageroute_app.services.cases import Opening
from imageroute_app.services.erasure_companies import Answer, CompanyAnswers
from imageroute_app.services.erasure_steps import rows_left
from imageroute_app.services.provider_copies import kept_until
from imageroute_app.services.recipients import Recipients
from imageroute_app.services.tombstones import tombstone
from tests.contracts.records import attempt, order, payment
from tests.doubles import png
from tests.services.conftest import House

POINTS = [
    "erasure.locked",
    "erasure.claimed",
    *(f"erasure.{system}{part}" for system in System if system is not System.COMPANY for part in ("", ".written")),
    "erasure.told",
    "erasure.finished",
]


class Crashed(Exception):
    """The worker died here."""


def dies_at(point: str) -> Any:
    struck: list[str] = []

    def strike(here: str) -> None:
        if here == point and not struck:
            struck.append(here)
            raise Crashed(here)

    return strike


async def lived_in(house: House, name: str = "ada") -> str:
    """Return a person with a picture, an upload and a generation that still waits."""
    owner = await house.person(name)
    job = await house.job(owner)
    await house.runner.run(job.id)
    await house.uploads.add(owner, png(), name="beach.png")
    house.clock.move(seconds=10)  # sooner it would be the same press of the button
    await house.job(owner)
    return owner


async def assert_gone(house: House, owner: str) -> None:
    assert await rows_left(house.database, owner) == {}
    for name in ("images", "uploads", "archives"):
        assert await house.media.list(f"{name}/{owner}/") == []
    with pytest.raises(NotFound):
        await house.keys.key(owner)
    assert tombstone(house.keys, owner) in await house.tombstones.marks()


@pytest.mark.promise("P47", "P49")
async def test_erase_now_leaves_nothing_and_says_how(either_house: House) -> None:
    house = either_house
    owner, neighbour = await lived_in(house), await lived_in(house, "bob")

    erasure = await house.erasures.begin(owner, at_once=True)
    await house.erasures.sweep()

    status = await house.erasures.status(erasure.code)
    assert status.erasure.phase is Phase.COMPLETE
    assert {step.state for step in status.steps} <= {StepState.DONE, StepState.ABSENT}
    counts = {step.system: step.count for step in status.steps}
    assert (counts[System.JOBS], counts[System.PICTURES]) == (1, 2)
    await assert_gone(house, owner)
    assert owner not in str(status)
    assert not re.search(r"\bada\b", str(status))  # as a word: ids are random hexadecimal digits
    assert house.letters.sent[-1].subject == "Erased"
    assert await house.database.tables.farewells.by_key("erasure_id", erasure.id) is None
    assert len(await house.database.tables.images.find(Query(owner=neighbour))) == 1
    await house.check_media(neighbour)


@pytest.mark.promise("P49")
async def test_nothing_that_is_owed_keeps_anybody_from_leaving(house: House) -> None:
    owner, tables = await lived_in(house), house.database.tables
    await tables.orders.add(order(owner=owner))
    await tables.payments.add(replace(payment(owner=owner), state=OrderState.LOST, taken=500))  # spent, and taken back
    erasure = await house.erasures.begin(owner, at_once=True)
    await house.erasures.sweep()
    assert (await house.erasures.status(erasure.code)).erasure.phase.is_final
    await assert_gone(house, owner)


@pytest.mark.promise("P47", "P49")
async def test_seven_days_can_be_called_off_until_the_last_second(either_house: House) -> None:
    house = either_house
    owner = await lived_in(house)
    before = [(image.id, image.sha256) for image in await house.database.tables.images.find(Query(owner=owner))]
    erasure = await house.erasures.begin(owner, at_once=False)
    assert (await house.database.tables.people.get(owner, owner)).locked_for is Lock.CLOSING
    assert await house.accounts.devices(owner) == []

    house.clock.move(days=7, seconds=-1)
    await house.erasures.sweep()
    cancelled = await house.erasures.cancel(owner)

    assert cancelled.phase is Phase.CANCELLED
    assert (await house.database.tables.people.get(owner, owner)).locked_for is Lock.OPEN
    assert [(image.id, image.sha256) for image in await house.database.tables.images.find(Query(owner=owner))] == before
    assert await house.erasures.of(owner) is None
    assert await house.database.tables.farewells.by_key("erasure_id", erasure.id) is None
    again = await house.erasures.begin(owner, at_once=False)
    assert again.id != erasure.id


@pytest.mark.promise("P47")
async def test_one_second_after_seven_days_is_too_late(either_house: House) -> None:
    house = either_house
    owner = await lived_in(house)
    await house.erasures.begin(owner, at_once=False)

    house.clock.move(days=7)
    with pytest.raises(Conflict, match="cannot be called off"):
        await house.erasures.cancel(owner)
    await house.erasures.sweep()

    await assert_gone(house, owner)


async def test_grace_is_announced_and_reminded_of_twice(house: House) -> None:
    owner = await lived_in(house)
    await house.erasures.begin(owner, at_once=False)
    for _ in range(7):
        house.clock.move(hours=23, minutes=59)
        await house.erasures.sweep()

    subjects = [mail.subject for mail in house.letters.sent]

    assert subjects.count("Your account is being closed") == 1
    assert subjects.count("Your account is erased soon") == 2
    assert "Erased" not in subjects


async def test_asking_twice_is_asking_once(house: House) -> None:
    owner = await lived_in(house)

    first = await house.erasures.begin(owner, at_once=False)
    second = await house.erasures.begin(owner, at_once=False)
    hurried = await house.erasures.begin(owner, at_once=True)

    assert first.id == second.id == hurried.id
    assert hurried.phase is Phase.ERASING


@pytest.mark.promise("P47")
async def test_a_store_that_is_down_for_a_day_is_said_so_until_it_answers(
    either_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = either_house
    owner = await lived_in(house)
    real = house.media.delete
    is_down = [True]

    async def delete(key: str) -> None:
        if is_down[0] and key.startswith("images/"):
            raise Unavailable
        await real(key)

    monkeypatch.setattr(house.media, "delete", delete)
    erasure = await house.erasures.begin(owner, at_once=True)
    for _ in range(24):
        await house.erasures.sweep()
        house.clock.move(hours=1)
    status = await house.erasures.status(erasure.code)
    states = {step.system: step.state for step in status.steps}
    assert status.erasure.phase is Phase.ERASING
    assert states[System.PICTURES] is StepState.RETRY
    assert states[System.DATABASE] is StepState.PENDING
    assert (await house.accounts.person(owner)).id == owner
    assert "Erased" not in [mail.subject for mail in house.letters.sent]

    is_down[0] = False
    done = await house.erasures.try_now(erasure.code)

    assert done.erasure.phase is Phase.COMPLETE
    await assert_gone(house, owner)


@pytest.mark.promise("P47")
async def test_an_erasure_that_does_not_end_wakes_people_after_20_days_and_tells_the_person_after_a_month(
    either_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = either_house
    owner = await lived_in(house)
    real, is_down = house.media.delete, [True]

    async def delete(key: str) -> None:
        if is_down[0] and key.startswith("images/"):
            raise Unavailable
        await real(key)

    monkeypatch.setattr(house.media, "delete", delete)
    erasure = await house.erasures.begin(owner, at_once=True)
    told: dict[int, tuple[int, int]] = {}
    for day in (0, 19, 20, 21, 29, 30, 31):
        house.clock.now = erasure.asked_at + timedelta(days=day)
        await house.erasures.sweep()
        late = [mail for mail in house.letters.sent if mail.subject == "Needs you now: an erasure does not end"]
        delayed = [mail for mail in house.letters.sent if mail.subject == "Your erasure takes longer"]
        told[day] = len(late), len(delayed)
        assert {mail.to for mail in late} <= {"olga@example.com"}
        assert {mail.to for mail in delayed} <= {"ada@example.com"}
        assert all("Pictures and their sizes" in mail.text and owner not in mail.text for mail in late + delayed)
    assert told == {0: (0, 0), 19: (0, 0), 20: (1, 0), 21: (1, 0), 29: (1, 0), 30: (2, 1), 31: (2, 1)}

    is_down[0] = False
    house.clock.move(hours=1)
    await house.erasures.sweep()
    await assert_gone(house, owner)
    assert (await house.erasures.status(erasure.code)).erasure.remind_at is None


@pytest.mark.parametrize("point", POINTS)
async def test_a_worker_that_dies_anywhere_is_followed(house: House, point: str) -> None:
    owner = await lived_in(house)
    try:
        erasures = house.new_erasures(dies_at(point))
        await erasures.begin(owner, at_once=True)
        await erasures.sweep()
    except Crashed:
        pass
    else:
        pytest.fail("it did not come by here")

    if await house.erasures.of(owner) is None and (await rows_left(house.database, owner)):
        await house.erasures.begin(owner, at_once=True)
    house.clock.move(days=8)
    await house.erasures.sweep()
    house.clock.move(days=8)
    await house.erasures.sweep()

    await assert_gone(house, owner)
    [erasure] = await house.database.tables.erasures.overdue("ended_at", house.clock(), 10)
    assert erasure.phase is Phase.COMPLETE
    assert await house.database.tables.farewells.overdue("created_at", house.clock(), 10) == []


@pytest.mark.promise("P47")
async def test_companies_are_named_with_the_day_they_promised(house: House) -> None:
    owner = await house.person()
    sent = replace(
        attempt(owner=owner), company="Acme", region="us", retention="Kept 30 days", outcome=AttemptOutcome.DELIVERED,
        started_at=house.clock(), ended_at=house.clock(),
    )  # fmt: skip
    await house.database.tables.attempts.add(sent)
    silent = replace(sent, id="f" * 32, number=2, company="Murk", retention="Retention unknown")
    await house.database.tables.attempts.add(silent)

    erasure = await house.erasures.begin(owner, at_once=True)
    await house.erasures.sweep()

    status = await house.erasures.status(erasure.code)
    found = {step.label: (step.state, step.until) for step in status.steps if step.system is System.COMPANY}
    assert status.erasure.phase is Phase.RETAINED
    assert found == {
        "Acme": (StepState.RETAINED, house.clock() + timedelta(days=30)),
        "Murk": (StepState.RETAINED, None),
    }


@pytest.mark.promise("P47")
async def test_companies_are_told_where_they_take_it_and_the_receipt_says_where_not(
    either_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    house = either_house
    told = Recipients(mailer=house.letters, contacts={"murk": "privacy@murk.example"}, reply_to="dpo@here.example")
    house.outside = replace(house.outside, recipients=told)
    erasures = house.new_erasures()
    owner, now = await house.person(), house.clock()
    sent = replace(
        attempt(owner=owner), company="Acme", region="us", retention="Retention unknown", job_ref="job-1",
        outcome=AttemptOutcome.DELIVERED, started_at=now, ended_at=now,
    )  # fmt: skip
    await house.database.tables.attempts.add(sent)
    await house.database.tables.attempts.add(
        replace(sent, id="f" * 32, number=2, company="Murk", job_ref="job-2", model="murk-1")
    )
    send = house.letters.send

    async def refuse(_mail: Mail) -> None:
        raise Unavailable

    monkeypatch.setattr(house.letters, "send", refuse)
    erasure = await erasures.begin(owner, at_once=True)
    await erasures.sweep()
    steps = {step.label: step for step in (await erasures.status(erasure.code)).steps}
    assert steps["Murk"].state is StepState.RETRY
    monkeypatch.setattr(house.letters, "send", send)
    house.clock.move(hours=1)
    await erasures.sweep()

    steps = {step.label: step for step in (await erasures.status(erasure.code)).steps}
    assert (steps["Acme"].state, steps["Murk"].state) == (StepState.RETAINED, StepState.MANUAL)
    assert "cannot be told" in steps["Acme"].detail
    (notice,) = [mail for mail in house.letters.sent if mail.to == "privacy@murk.example"]
    assert "murk-1, job-2" in notice.text
    assert not [word for word in ("job-1", owner, "ada@") if word in notice.text]
    answers = CompanyAnswers(database=house.database, clock=house.clock)
    (owed,) = await answers.owed()
    await answers.note(owed, Answer.KEEPS, "its tax law", now + timedelta(days=900))
    kept = next(step for step in (await erasures.status(erasure.code)).steps if step.label == "Murk")
    assert (kept.state, kept.until, "its tax law" in kept.detail) == (
        StepState.RETAINED,
        now + timedelta(days=900),
        True,
    )


HELD, OVER = timedelta(minutes=5), timedelta(hours=2)


@pytest.mark.promise("P47", "P48", "P37")
@pytest.mark.parametrize(
    ("answer", "ago", "stands", "words"),
    [
        ("erased", HELD, StepState.DONE, "Erased there by its API"),
        ("erased", OVER, StepState.DONE, "Erased there by its API"),
        ("not_there", HELD, StepState.RETAINED, "at the time it promised"),
        ("not_there", OVER, StepState.DONE, "that time is over"),
        ("refused", HELD, StepState.RETAINED, "refuses to erase with the key"),
        (ProviderError(ErrorKind.TRANSIENT, "down"), HELD, StepState.RETRY, "does not answer"),
        (ProviderError(ErrorKind.TRANSIENT, "down"), OVER, StepState.DONE, "that time is over"),
    ],
)  # fmt: skip
async def test_a_company_with_an_api_is_asked_to_erase_and_believed_only_what_it_proves(
    either_house: House, answer: Any, ago: timedelta, stands: StepState, words: str
) -> None:
    house = either_house
    owner, then = await house.person(), house.clock() - ago
    house.provider.forgets = answer
    sent = replace(
        attempt(owner=owner), provider="scripted", company="Acme", region="us", retention="Kept 1 hour",
        outcome=AttemptOutcome.DELIVERED, job_ref="acme-1", started_at=then, ended_at=then,
    )  # fmt: skip
    for number in range(3):
        await house.database.tables.attempts.add(
            replace(sent, id=f"{number + 7:032x}", number=number + 1, job_ref=f"acme-{number}")
        )

    erasure = await house.erasures.begin(owner, at_once=True)
    await house.erasures.sweep()

    (step,) = [one for one in (await house.erasures.status(erasure.code)).steps if one.system is System.COMPANY]
    assert (step.state, words in step.detail) == (stands, True)
    if isinstance(answer, str):
        assert sorted(house.provider.forgotten) == ["acme-0", "acme-1", "acme-2"]
    if answer == "erased":
        assert (step.count, step.proof) == (3, "3 erased with their files, which were looked for")
    if stands is StepState.RETRY:  # a day later the promised time is over, and silence holds up nothing
        house.clock.move(days=1)
        await house.erasures.sweep()
        assert (await house.erasures.status(erasure.code)).erasure.phase is Phase.COMPLETE
        await assert_gone(house, owner)


@pytest.mark.promise("P47", "P53")
async def test_every_company_is_told_of_an_erasure_that_the_desk_granted(either_house: House) -> None:
    house = either_house
    told = Recipients(mailer=house.letters, contacts={"murk": "privacy@murk.example"}, reply_to="dpo@here.example")
    house.outside = replace(house.outside, recipients=told)
    house.erasures = house.new_erasures()
    owner, now = await house.person(), house.clock()
    sent = replace(
        attempt(owner=owner), company="Acme", region="us", retention="Retention unknown", job_ref="job-1",
        started_at=now, ended_at=now,
    )  # fmt: skip
    house.provider.forgets = "erased"
    for number, changes in enumerate(({}, {"company": "Murk"}, {"company": "Fal", "provider": "scripted"}), 1):
        await house.database.tables.attempts.add(replace(sent, id=f"{number:032x}", number=number, **changes))
    office = house.open_office()
    opening = Opening(kind=Kind.ERASE, text="All of it, at once", owner=owner)
    case = (await office.cases.open(opening, address="192.0.2.7")).case

    await office.desk.settle(case, Ruling(outcome=Granted.GRANTED, text="It is done for you.", at_once=True))
    erasure = await house.erasures.of(owner)
    await house.erasures.settle()

    assert erasure is not None
    steps = {step.label: step for step in (await house.erasures.status(erasure.code)).steps}
    assert "cannot be told" in steps["Acme"].detail
    assert (steps["Fal"].state, steps["Murk"].state) == (StepState.DONE, StepState.MANUAL)
    assert [mail.to for mail in house.letters.sent if "notice N-" in mail.subject] == ["privacy@murk.example"]


@pytest.mark.promise("P48")
async def test_one_picture_that_is_erased_is_erased_at_its_maker_too(either_house: House) -> None:
    house = either_house
    owner = await lived_in(house)
    [image] = await house.database.tables.images.find(Query(owner=owner))
    [sent] = await house.jobs.attempts(owner, image.job_id)
    await house.database.tables.attempts.update(replace(sent, retention="Kept 1 hour"))
    await house.gallery.trash(owner, image.id)
    house.provider.forgets = ProviderError(ErrorKind.TRANSIENT, "down")
    with pytest.raises(Unavailable):
        await house.gallery.erase(owner, image.id)
    assert await house.gallery.image(owner, image.id), "the sweep comes back to it"
    assert await house.media.list(f"images/{owner}/{image.id}/") == []

    house.provider.forgets = "erased"
    await house.gallery.erase(owner, image.id)

    assert house.provider.forgotten == [sent.job_ref]
    with pytest.raises(NotFound):
        await house.gallery.image(owner, image.id)


def test_retention_is_read_from_the_words_of_the_receipt() -> None:
    now = attempt().started_at

    assert kept_until(now, "Kept 0 days") == now
    assert kept_until(now, "Kept 1 hour") == now + timedelta(hours=1)
    assert kept_until(now, "Retention unknown") is None


async def test_a_wrong_address_of_the_page_is_not_there(house: House) -> None:
    for code in ("", "0" * 32, "' OR 1=1"):
        with pytest.raises(NotFound):
            await house.erasures.status(code)
