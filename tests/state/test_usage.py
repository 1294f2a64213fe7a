"""The ledger as the usage page shows it."""

import pytest

from imageroute_app.domain.ledger import Entry, EntryKind
from imageroute_app.domain.ports import ErrorKind, ProviderError
from imageroute_app.state import usage
from imageroute_app.state.session import SessionState
from imageroute_app.state.usage import UsageState, collect
from tests.doubles import REQUEST, MovingClock, png
from tests.services.conftest import House
from tests.state.conftest import OpenTab, Tab


async def load(tab: Tab) -> UsageState:
    await SessionState.load_session.fn(tab.state(SessionState))
    state = tab.state(UsageState)
    await UsageState.load_usage.fn(state)
    return state


def entry(number: int, kind: EntryKind, job_id: str = "") -> Entry:
    amount = -1 if kind in (EntryKind.HOLD, EntryKind.CHARGE) else 1
    return Entry(
        id=f"{number:04d}", owner="ada", kind=kind, amount=amount, balance_after=0, job_id=job_id,
        reason="", dedupe_key=str(number), created_at=MovingClock()(),
    )  # fmt: skip


async def test_new_account_shows_its_grant_as_a_row_of_its_own(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")

    state = await load(await open_tab())

    (grant,) = state.groups
    assert (grant.title, grant.reason, grant.credits, grant.balance) == ("Grant", "Starter credits", "+50", "50")
    assert grant.job_id == ""
    assert state.receipt.job_id == ""
    assert not state.has_older


async def test_delivered_job_shows_quote_hold_release_and_charge_in_order(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    job = await house.job(owner)
    await house.runner.run(job.id)

    tab = await open_tab()
    state = await load(tab)

    group = state.groups[0]
    assert [(line.kind, line.credits, line.balance) for line in group.lines] == [
        ("Quote", "1", ""),
        ("Hold", "−1", "49"),
        ("Release", "+1", "50"),
        ("Charge", "−1", "49"),
    ]
    assert (group.title, group.credits, group.balance, group.lines[-1].place) == (REQUEST.prompt, "−1", "49", "end")
    assert tab.state(SessionState).credits == 49 == await house.check_books(owner)


async def test_running_job_keeps_its_line_open(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    await house.job(owner)

    state = await load(await open_tab())

    assert [line.kind for line in state.groups[0].lines] == ["Quote", "Hold"]
    assert state.groups[0].lines[-1].place == "open"
    assert state.receipt.is_open


async def test_receipt_of_a_failed_job_names_the_recipient_and_nothing_paid(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    house.provider.script = [ProviderError(ErrorKind.INVALID, "no")]
    job = await house.job(owner)
    await house.runner.run(job.id)

    receipt = (await load(await open_tab())).receipt

    assert [stop.kind for stop in receipt.stops] == ["you", "hub", "prov", "home"]
    assert receipt.stops[2].state == "fail"
    assert receipt.stops[3].sub == "Nothing delivered · 0 credits charged"
    assert (receipt.quoted_credits, receipt.delivered_credits, receipt.returned, receipt.paid) == (
        "1", "0", "1", "0 credits",
    )  # fmt: skip


async def test_receipt_of_a_delivered_job_ends_in_the_gallery(house: House, open_tab: OpenTab) -> None:
    owner = await house.person("ada")
    house.provider.script = [[png()]]
    job = await house.job(owner)
    await house.runner.run(job.id)

    receipt = (await load(await open_tab())).receipt

    assert receipt.stops[-1].sub == "1 picture"
    assert receipt.paid == "1 credit"


async def test_older_entries_come_below_and_every_group_once(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await house.person("ada")
    jobs = []
    for _ in range(7):
        jobs.append(await house.job(owner))
        house.clock.move(seconds=1)
        await house.runner.run(jobs[-1].id)
    monkeypatch.setattr(usage, "PAGE_ENTRIES", 4)

    state = await load(await open_tab())
    while state.has_older:
        async for _ in UsageState.load_older.fn(state):
            assert state.is_loading

    assert not state.is_loading
    assert [group.job_id for group in state.groups] == [*(job.id for job in reversed(jobs)), ""]
    assert all(len(group.lines) == 4 for group in state.groups[:-1])


async def test_list_never_grows_past_what_is_sent_at_once(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await house.person("ada")
    for _ in range(3):
        await house.job(owner)
        house.clock.move(seconds=1)
    monkeypatch.setattr(usage, "SHOWN_MAX", 2)

    state = await load(await open_tab())

    assert len(state.groups) == 2
    assert state.skipped_newest


async def test_receipt_of_another_person_is_not_there(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    foreign = await house.job(await house.person("eve"))
    tab = await open_tab("ada")
    state = await load(tab)

    await UsageState.open_sheet.fn(state, foreign.id)

    assert state.receipt.job_id == ""
    assert not state.is_sheet_open
    assert tab.notice == "There is nothing here."


async def test_sheet_opens_on_its_job_and_closes(house: House, open_tab: OpenTab) -> None:
    job = await house.job(await house.person("ada"))
    state = await load(await open_tab())

    await UsageState.open_sheet.fn(state, job.id)
    assert state.is_sheet_open

    await UsageState.set_sheet.fn(state, False)
    assert not state.is_sheet_open


def test_group_waits_for_its_hold_when_jobs_overlap_a_page() -> None:
    newest_first = [entry(5, EntryKind.CHARGE, "a"), entry(4, EntryKind.RELEASE, "a"), entry(3, EntryKind.HOLD, "b")]
    pending, closed = collect({}, newest_first)

    assert [[item.job_id for item in group] for group in closed] == [["b"]]

    pending, closed = collect(pending, [entry(2, EntryKind.HOLD, "a"), entry(1, EntryKind.GRANT)])

    assert [[item.id for item in group] for group in closed] == [["0005", "0004", "0002"], ["0001"]]
    assert pending == {}
