"""What every database promises when many write at once, or a write is broken off: credits, claims, leases, transactions."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from imageroute_app.domain.errors import Conflict, Duplicate, NotEnoughCredits, NotFound
from imageroute_app.domain.jobs import Job, JobState
from imageroute_app.domain.ledger import EntryKind
from imageroute_app.domain.ports import Database, Query, Tables
from tests.contracts import records
from tests.contracts.records import ANN, BOB, LATER, NOW, an_id


async def check_books(database: Database, owner: str = ANN) -> int:
    """Assert that the wallet is the sum of the ledger; return it."""
    entries = await database.tables.ledger.find(Query(owner=owner, limit=1000))
    wallet = await database.tables.ledger.wallet(owner)
    assert wallet.available == sum(entry.amount for entry in entries) >= 0
    return wallet.available


async def claim(database: Database, job_id: str, holder: str, cap: int = 5) -> Job | None:
    return await database.tables.jobs.claim(job_id, holder=holder, now=NOW, lease_until=LATER, cap=cap)


async def test_a_person_without_entries_has_an_empty_wallet(database: Database) -> None:
    wallet = await database.tables.ledger.wallet(ANN)
    assert (wallet.id, wallet.owner, wallet.available) == (ANN, ANN, 0)
    with pytest.raises(NotEnoughCredits) as refused:
        await database.tables.ledger.post(records.entry(1, -3))
    assert refused.value.missing == 3


async def test_a_posted_line_carries_the_balance_after_it(database: Database) -> None:
    await database.tables.ledger.post(records.entry(1, 50))
    held = await database.tables.ledger.post(records.entry(2, -20))
    assert held.balance_after == 30
    assert await database.tables.ledger.get(an_id(2), ANN) == held
    with pytest.raises(NotEnoughCredits) as refused:
        await database.tables.ledger.post(records.entry(3, -31))
    assert refused.value.missing == 1
    assert await check_books(database) == 30


async def test_a_repeated_line_is_a_duplicate_even_when_credits_are_short(database: Database) -> None:
    await database.tables.ledger.post(records.entry(1, 10))
    await database.tables.ledger.post(records.entry(2, -10, key="hold"))
    with pytest.raises(Duplicate):
        await database.tables.ledger.post(records.entry(3, -10, key="hold"))
    await database.tables.ledger.post(records.entry(4, 10, BOB))
    await database.tables.ledger.post(records.entry(5, -10, BOB, key="hold"))
    assert await check_books(database) == await check_books(database, BOB) == 0


async def test_fifty_parallel_holds_on_ten_credits_leave_zero(database: Database) -> None:
    await database.tables.ledger.post(records.entry(1, 10))
    holds = [database.tables.ledger.post(records.entry(n, -1)) for n in range(100, 150)]
    outcomes = await asyncio.gather(*holds, return_exceptions=True)
    kinds = Counter(type(outcome).__name__ for outcome in outcomes)
    assert kinds == {"Entry": 10, "NotEnoughCredits": 40}
    assert await check_books(database) == 0


async def test_parallel_transactions_of_one_person_all_come_through(database: Database) -> None:
    await database.tables.ledger.post(records.entry(1, 100))

    def accept(number: int) -> asyncio.Future[None]:
        async def work(tables: Tables) -> None:
            await tables.ledger.post(records.entry(number, -2))
            await tables.jobs.add(records.job(number))

        return asyncio.ensure_future(database.transact(work))

    await asyncio.gather(*(accept(number) for number in range(100, 120)))
    assert await check_books(database) == 60
    assert await database.tables.jobs.count(Query(owner=ANN)) == 20


async def test_the_same_hold_posted_at_once_is_written_once(database: Database) -> None:
    await database.tables.ledger.post(records.entry(1, 10))
    twice = [database.tables.ledger.post(records.entry(n, -4, key="hold")) for n in range(2, 8)]
    outcomes = await asyncio.gather(*twice, return_exceptions=True)
    assert sum(not isinstance(outcome, Exception) for outcome in outcomes) == 1
    assert all(isinstance(o, Duplicate) for o in outcomes if isinstance(o, Exception))
    assert await check_books(database) == 6


async def test_an_error_in_the_middle_takes_everything_back(database: Database) -> None:
    await database.tables.ledger.post(records.entry(1, 10))
    await database.tables.jobs.add(records.job(9))

    async def work(tables: Tables) -> None:
        await tables.ledger.post(records.entry(2, -6))
        await tables.jobs.add(records.job(1))
        await tables.images.add(records.image(1, prompt="violet"))
        await tables.jobs.delete(an_id(9), ANN)
        assert (await tables.ledger.wallet(ANN)).available == 4
        assert await tables.jobs.count(Query(owner=ANN)) == 1
        raise NotFound

    with pytest.raises(NotFound):
        await database.transact(work)
    assert await check_books(database) == 10
    assert [job.id for job in await database.tables.jobs.find(Query(owner=ANN))] == [an_id(9)]
    assert await database.tables.images.find(Query(owner=ANN, text="violet")) == []


async def test_a_swallowed_duplicate_takes_everything_back_too(database: Database) -> None:
    await database.tables.sessions.add(records.session(1))

    async def work(tables: Tables) -> str:
        await tables.drafts.add(records.draft())
        try:
            await tables.sessions.add(records.session(1, BOB))
        except Duplicate:
            return "went on"
        return "was not there"

    with pytest.raises(Duplicate):
        await database.transact(work)
    with pytest.raises(NotFound):
        await database.tables.drafts.get(ANN, ANN)


async def test_a_cancelled_transaction_leaves_nothing_and_blocks_nobody(database: Database) -> None:
    inside = asyncio.Event()

    async def work(tables: Tables) -> None:
        await tables.drafts.add(records.draft())
        inside.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(database.transact(work))
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await database.tables.drafts.count(Query(owner=ANN)) == 0
    await database.tables.drafts.add(records.draft())


async def test_what_a_transaction_wrote_is_seen_after_it_only(database: Database) -> None:
    async def work(tables: Tables) -> int:
        await tables.drafts.add(records.draft())
        return await database.tables.drafts.count(Query(owner=ANN))

    assert await database.transact(work) == 0
    assert await database.tables.drafts.count(Query(owner=ANN)) == 1


async def test_a_claim_takes_the_job_once(database: Database) -> None:
    await database.tables.jobs.add(records.job(1))
    outcomes = await asyncio.gather(*(claim(database, an_id(1), f"w{n}") for n in range(8)))
    (taken,) = [job for job in outcomes if job]
    assert taken == await database.tables.jobs.get(an_id(1), ANN)
    assert (taken.state, taken.attempts, taken.version) == (JobState.RUNNING, 1, 1)
    assert taken.started_at == NOW.replace(microsecond=123_000)
    assert taken.lease_until == LATER.replace(microsecond=123_000)
    assert await claim(database, an_id(1), taken.lease_holder) is None
    assert await claim(database, an_id(404), "w") is None


async def test_twenty_parallel_claims_respect_the_cap(database: Database) -> None:
    for number in range(1, 21):
        await database.tables.jobs.add(records.job(number))
    await database.tables.jobs.add(records.job(50, BOB))
    claims = [claim(database, an_id(number), f"w{number}", cap=5) for number in range(1, 21)]
    outcomes = await asyncio.gather(*claims, claim(database, an_id(50), "w", cap=1))
    assert sum(job is not None for job in outcomes[:20]) == 5
    assert outcomes[20] is not None
    running = Query(owner=ANN, equals={"state": JobState.RUNNING})
    assert await database.tables.jobs.count(running) == 5


async def test_a_final_job_cannot_be_claimed_and_frees_its_place(database: Database) -> None:
    for number in (1, 2):
        await database.tables.jobs.add(records.job(number))
    first = await claim(database, an_id(1), "w1", cap=1)
    assert first is not None
    assert await claim(database, an_id(2), "w2", cap=1) is None
    ended = first.moved(JobState.SUCCEEDED, lease_until=None, ended_at=NOW)
    await database.tables.jobs.update(ended)
    assert await claim(database, an_id(1), "w1", cap=1) is None
    assert await claim(database, an_id(2), "w2", cap=1) is not None


async def test_a_lease_that_ran_out_can_be_taken_over(database: Database) -> None:
    await database.tables.jobs.add(records.job(1))
    jobs = database.tables.jobs
    dead = await claim(database, an_id(1), "dead")
    assert dead is not None
    assert [job.id for job in await jobs.due(NOW, 10)] == []
    assert [job.id for job in await jobs.due(LATER, 10)] == [an_id(1)]
    end = LATER + timedelta(hours=1)
    heir = await jobs.claim(an_id(1), holder="heir", now=LATER, lease_until=end, cap=1)
    assert heir is not None
    assert (heir.attempts, heir.lease_holder, heir.started_at) == (2, "heir", dead.started_at)
    assert await jobs.renew(an_id(1), holder="dead", lease_until=end) is False
    with pytest.raises(Conflict):
        await jobs.update(dead.moved(JobState.SUCCEEDED))


async def test_only_the_holder_renews_and_only_while_it_runs(database: Database) -> None:
    await database.tables.jobs.add(records.job(1))
    jobs, end = database.tables.jobs, LATER + timedelta(hours=1)
    job = await claim(database, an_id(1), "holder")
    assert job is not None
    assert await jobs.renew(an_id(1), holder="stranger", lease_until=end) is False
    assert await jobs.renew(an_id(1), holder="holder", lease_until=end) is True
    assert await jobs.due(LATER, 10) == []
    kept = await jobs.get(an_id(1), ANN)
    await jobs.update(kept.moved(JobState.CANCELLED))
    assert await jobs.renew(an_id(1), holder="holder", lease_until=end) is False


async def test_due_jobs_come_oldest_first_of_everyone(database: Database) -> None:
    for number in (3, 1, 4, 2):
        await database.tables.jobs.add(records.job(number, (ANN, BOB)[number % 2]))
    await claim(database, an_id(2), "dead")
    await database.tables.jobs.add(records.job(5, state=JobState.SUCCEEDED))
    due = await database.tables.jobs.due(LATER, 3)
    assert [job.id for job in due] == [an_id(1), an_id(2), an_id(3)]


async def test_one_holder_at_a_time_has_a_named_lease(database: Database) -> None:
    async def take(holder: str, at: int) -> bool:
        now = NOW + timedelta(minutes=at)
        until = now + timedelta(minutes=10)
        return await database.tables.acquire_lease("sweep", holder=holder, now=now, until=until)

    outcomes = await asyncio.gather(*(take(f"w{number}", 0) for number in range(5)))
    assert sum(outcomes) == 1
    winner = f"w{outcomes.index(True)}"
    assert await take("other", 5) is False
    assert await take(winner, 6) is True
    assert await take("other", 11) is False
    assert await take("other", 16) is True


async def test_release_and_charge_close_a_hold(database: Database) -> None:
    await database.tables.ledger.post(records.entry(1, 10))
    await database.tables.ledger.post(records.entry(2, -6))

    async def close(tables: Tables) -> None:
        release = records.entry(3, 6, kind=EntryKind.RELEASE)
        charge = replace(records.entry(4, -3), kind=EntryKind.CHARGE)
        await tables.ledger.post(release)
        await tables.ledger.post(charge)

    await database.transact(close)
    assert await check_books(database) == 7
    kinds = Query(owner=ANN, equals={"kind": EntryKind.CHARGE})
    assert [entry.amount for entry in await database.tables.ledger.find(kinds)] == [-3]
