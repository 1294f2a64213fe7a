"""The receipt's page: everyone who received a job, what it cost, and nothing for anyone else."""

from dataclasses import replace

import pytest

from imageroute_app.domain.jobs import AttemptOutcome
from tests.contracts import records
from tests.routes.conftest import House

PROMPT = "a fern <script>alert(1)</script>"


@pytest.fixture
async def owner(house: House) -> str:
    return await house.owner(await house.signed_up())


async def make(house: House, owner: str) -> str:
    """Store a job that failed at one company and was delivered by another."""
    tables = house.services.database.tables
    job = records.job(1, owner)
    job = replace(job, request=replace(job.request, prompt=PROMPT), held_credits=6, charged_credits=3, delivered=1)
    await tables.jobs.add(job)
    first = replace(
        records.attempt(1, owner), job_id=job.id, number=1, company="First & Co", country="Germany", charged_credits=0,
        outcome=AttemptOutcome.FAILED, code="rate_limited", notes=(),
    )  # fmt: skip
    second = replace(
        records.attempt(2, owner),
        job_id=job.id,
        number=2,
        company="Second",
        charged_credits=3,
        notes=("Seed dropped.",),
    )
    for attempt in (second, first):
        await tables.attempts.add(attempt)
    return job.id


@pytest.mark.promise("P19")
async def test_it_names_everyone_in_order_with_outcome_facts_and_price(house: House) -> None:
    ada = await house.signed_up()
    job_id = await make(house, await house.owner(ada))
    page = await ada.get(f"/receipts/{job_id}")
    assert page.status_code == 200
    text = page.text
    assert text.index("1. First &amp; Co, Germany") < text.index("2. Second")
    for words in (
        "Failed (rate limited)",
        "Delivered",
        "Seed dropped.",
        "Quoted</dt><dd>6 credits",
        "<b>3 credits</b>",
    ):
        assert words in text
    assert "<script>alert" not in text
    assert page.headers["cache-control"] == "private, no-store"
    assert "<script" not in text.partition("<main")[2]


async def test_it_stays_when_the_generation_that_delivered_nothing_is_dropped(house: House) -> None:
    ada = await house.signed_up()
    owner = await house.owner(ada)
    job_id = await make(house, owner)
    await house.services.database.tables.jobs.delete(job_id, owner)
    page = await ada.get(f"/receipts/{job_id}")
    assert page.status_code == 200
    assert "First &amp; Co" in page.text
    assert PROMPT[:6] not in page.text


@pytest.mark.promise("P32")
async def test_nobody_else_sees_it(house: House, owner: str) -> None:
    job_id = await make(house, owner)
    bob, nobody = await house.signed_up("bob"), await house.browser()
    assert (await bob.get(f"/receipts/{job_id}")).status_code == 404
    assert (await nobody.get(f"/receipts/{job_id}")).status_code == 401
    assert (await bob.get("/receipts/none")).status_code == 404
