"""Running checks: each is green on a house that is in order, and red once the thing that it watches is broken."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest

from imageroute_app.adapters.findings import BUILT, REVIEWS, read_built, read_reviews
from imageroute_app.bootstrap import new_id
from imageroute_app.domain.cases import Kind
from imageroute_app.domain.data_map import DATA_MAP
from imageroute_app.domain.erasures import Erasure, ErasureStep, Phase, StepState, System
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.exports import ExportState
from imageroute_app.domain.gallery import media_key
from imageroute_app.domain.measures import METRICS, Built, Every, Measure, State, figure
from imageroute_app.domain.policies import HOUSE
from imageroute_app.domain.ports import Query
from imageroute_app.domain.promises import PROMISES
from imageroute_app.domain.statistics import HOUSE as OF_ALL
from imageroute_app.domain.training import DatasetBuild, DatasetEntry
from imageroute_app.services.cases import Opening
from imageroute_app.services.checks import Check, Checks, Found
from imageroute_app.services.checks_data import data_checks, holds_card
from imageroute_app.services.checks_facts import facts_checks
from imageroute_app.services.checks_house import house_checks
from imageroute_app.services.checks_rights import percentile, rights_checks
from tests.contracts import records
from tests.doubles import NothingFails, png
from tests.services.conftest import House

NOT_TESTED = Built(at=None, failed=frozenset(), tests={})


@dataclass
class Watch:
    """A house with its checks, and what a test can break in it."""

    house: House
    checks: Checks
    owner: str
    failing: NothingFails

    @property
    def tables(self) -> Any:
        return self.house.database.tables

    async def image(self) -> Any:
        (image,) = await self.tables.images.find(Query(owner=self.owner, limit=1))
        return image


def checks_of(house: House, failing: NothingFails, **house_parts: Any) -> Checks:
    """Return every check over a house."""
    reviews = read_reviews(REVIEWS)
    parts = {"tables": house.database.tables, "controller": "Acme GmbH", "reviews": reviews, **house_parts}
    return Checks(
        [
            *house_checks(retention=failing, clock=house.clock, **parts),
            *facts_checks(policies=[model.policy for model in house.sketch.models()], clock=house.clock),
            *data_checks(database=house.database, media=house.media, imaging=house.imaging, log=house.choices.log),
            *rights_checks(database=house.database, clock=house.clock),
        ],
        database=house.database,
        built=NOT_TESTED,
        reviews=reviews,
        clock=house.clock,
        new_id=new_id,
    )


@pytest.fixture
async def watch(either_house: House) -> Watch:
    """A person with a picture, an upload and a choice; everything is in order."""
    house, failing = either_house, NothingFails()
    owner = await house.person()
    job = await house.job(owner)
    await house.runner.run(job.id)
    await house.uploads.add(owner, png(), name="beach.png")
    (image,) = await house.gallery.of_job(owner, job.id)
    await house.choices.allow_training(owner, image.id, on=True)
    house.clock.move(days=15)
    await house.training.build()
    return Watch(house, checks_of(house, failing), owner, failing)


# --- What breaks each of them ---------------------------------------------------------------------------------------------


async def overdue(watch: Watch) -> None:
    watch.house.clock.move(days=15, seconds=901)  # it came in 15 days ago; no sweep came by


async def failing_sweep(watch: Watch) -> None:
    watch.failing.failing["uploads"] = watch.house.clock()


async def nobody_named(watch: Watch) -> None:
    watch.checks = checks_of(watch.house, watch.failing, controller="")


async def unmapped(watch: Watch) -> None:
    fields = {name: how for name, how in DATA_MAP["notices"].fields.items() if name != "text"}
    table_map = {**DATA_MAP, "notices": replace(DATA_MAP["notices"], fields=fields)}
    watch.checks = checks_of(watch.house, watch.failing, table_map=table_map)


async def no_rule(watch: Watch) -> None:
    table_map = {**DATA_MAP, "notices": replace(DATA_MAP["notices"], rule="for ever")}
    watch.checks = checks_of(watch.house, watch.failing, table_map=table_map)


async def not_read_again(watch: Watch) -> None:
    checked_on = max(model.policy.checked_on for model in watch.house.sketch.models())
    watch.house.clock.now = watch.house.clock.now.replace(
        year=checked_on.year, month=checked_on.month, day=checked_on.day
    ) + timedelta(days=91)


async def not_reviewed(watch: Watch) -> None:
    watch.house.clock.move(days=400)


async def readable(watch: Watch) -> None:
    """Write a prompt where nothing is sealed, as a codec that forgot to seal would."""
    image = await watch.image()
    await watch.tables.shares.add(replace(records.share(1, owner=watch.owner), image_id=image.prompt))


async def orphan(watch: Watch) -> None:
    await watch.house.media.put(media_key(watch.owner, "f" * 32, "original"), b"of nobody", "image/png")


async def dangling(watch: Watch) -> None:
    await watch.house.media.delete(media_key(watch.owner, (await watch.image()).id, "original"))


async def card(watch: Watch) -> None:
    notice = records.MADE["notices"](owner=watch.owner)
    await watch.tables.notices.add(replace(notice, text="Paid with 4242 4242 4242 4242."))


async def unmarked(watch: Watch) -> None:
    await watch.house.media.put(media_key(watch.owner, (await watch.image()).id, "original"), png(), "image/png")


@pytest.mark.promise("P8")
async def test_a_smaller_size_that_lost_its_mark_is_red_too(watch: Watch) -> None:
    before = await watch.checks.run("outputs_marked_valid")
    assert (before.state, before.value) == (State.MET, "100 % of 3")
    await watch.house.media.put(media_key(watch.owner, (await watch.image()).id, "320"), png(), "image/webp")
    after = await watch.checks.run("outputs_marked_valid")
    assert (after.state, after.value) == (State.MISSED, "66 % of 3")


async def without_yes(watch: Watch) -> None:
    build, image, now = new_id(), await watch.image(), watch.house.clock()
    entry = DatasetEntry(
        id=new_id(), owner=watch.owner, build_id=build, image_id=image.id, image_sha256=image.sha256, choice_id="f" * 32,
        built_at=now,
    )  # fmt: skip
    await watch.tables.dataset_entries.add(entry)
    await watch.tables.dataset_builds.add(DatasetBuild(id=build, owner=OF_ALL, images=1, totals=(), built_at=now))


async def changed_words(watch: Watch) -> None:
    (choice,) = await watch.tables.choices.find(Query(owner=watch.owner, limit=1))
    await watch.tables.choices.update(replace(choice, words="Something else."))


async def add_erasure(watch: Watch, *, since: timedelta, took: timedelta | None, phase: Phase = Phase.ERASING) -> None:
    """Add an erasure whose grace was over so long ago, and that has ended if it took a time."""
    erasure_id, over_at = new_id(), watch.house.clock() - since
    erasure = Erasure(
        id=erasure_id, owner=erasure_id, code=new_id(), subject=new_id(), phase=phase, asked_at=over_at - timedelta(days=7),
        grace_until=over_at, due_at=None, remind_at=None, ended_at=None if took is None else over_at + took,
    )  # fmt: skip
    await watch.tables.erasures.add(erasure)


async def slow_erasure(watch: Watch) -> None:
    await add_erasure(watch, since=timedelta(hours=25), took=None)


async def old_erasure(watch: Watch) -> None:
    await add_erasure(watch, since=timedelta(days=20), took=None)


async def no_answer(watch: Watch) -> None:
    step = ErasureStep(
        id=new_id(), owner="e" * 32, place=1, system=System.PAYMENTS, label="Payment service", state=StepState.MANUAL,
        at=watch.house.clock() - timedelta(days=15), next_at=watch.house.clock() - timedelta(days=1),
    )  # fmt: skip
    await watch.tables.erasure_steps.add(step)


async def failed_export(watch: Watch) -> None:
    export = records.MADE["exports"](owner=watch.owner)
    await watch.tables.exports.add(replace(export, state=ExportState.FAILED, ready_at=None))


async def add_export(watch: Watch, number: int, took: timedelta, *parts: str) -> None:
    """Add an export that was made in a time; its parts are "bytes:sha256"."""
    export, now = records.MADE["exports"](number, owner=watch.owner), watch.house.clock()
    await watch.tables.exports.add(replace(export, parts=parts, snapshot_at=now - took, ready_at=now))


async def slow_export(watch: Watch) -> None:
    await add_export(watch, 1, timedelta(minutes=2), "500000000:ab")


async def late_answer(watch: Watch) -> None:
    office = watch.house.open_office()
    await office.cases.open(Opening(kind=Kind.ACCESS, text="What do you hold?", owner=watch.owner), address="127.0.0.1")
    watch.house.clock.move(days=32)


BREAKS: dict[str, Callable[[Watch], Awaitable[None]]] = {
    "upload_overdue_seconds_max": overdue,
    "sweeps_failing": failing_sweep,
    "controller_named": nobody_named,
    "datamap_unmapped_fields": unmapped,
    "records_without_rule": no_rule,
    "security_review_days": not_reviewed,
    "facts_checked_days": not_read_again,
    "plain_rows": readable,
    "orphan_blobs": orphan,
    "dangling_rows": dangling,
    "card_pattern_hits": card,
    "outputs_marked_valid": unmarked,
    "training_rows_without_live_consent": without_yes,
    "consents_without_event": changed_words,
    "erasure_time_p50": slow_erasure,
    "erasure_time_p95": slow_erasure,
    "erasure_oldest_open": old_erasure,
    "erasure_steps_manual_open": no_answer,
    "export_success_rate": failed_export,
    "export_minutes_per_5gb": slow_export,
    "dsr_answered_within_law": late_answer,
}
NOTHING_AT_FIRST = {
    "erasure_time_p50", "erasure_time_p95", "export_success_rate", "export_minutes_per_5gb", "dsr_answered_within_law",
}  # fmt: skip
"""Where nobody asked for anything yet, so that there is nothing to be in order."""


@pytest.mark.promise("P33", "P35", "P37")
@pytest.mark.parametrize("metric", list(BREAKS))
async def test_what_is_in_order_is_green_and_what_is_broken_is_red(watch: Watch, metric: str) -> None:
    first = await watch.checks.run(metric)
    if metric in NOTHING_AT_FIRST:
        assert (first.state, first.value) == (State.UNKNOWN, "nothing to measure yet")
    else:
        assert first.state is State.MET, first

    await BREAKS[metric](watch)

    red = await watch.checks.run(metric)
    assert red.state is State.MISSED
    assert red.note
    (shown,) = [one for one in await watch.checks.board() if one.id == metric]
    assert (shown.state, shown.value, shown.taken_at) == (State.MISSED, red.value, watch.house.clock())


@pytest.mark.promise("P49")
async def test_times_of_erasures_have_figures_from_twenty_people_on(watch: Watch) -> None:
    for _ in range(19):
        await add_erasure(watch, since=timedelta(days=3), took=timedelta(minutes=10), phase=Phase.COMPLETE)
    few = [(await watch.checks.run(f"erasure_time_{name}")).value for name in ("p50", "p95")]
    assert few == ["within the target, of fewer than 20"] * 2
    await add_erasure(watch, since=timedelta(days=3), took=timedelta(hours=3), phase=Phase.RETAINED)
    await add_erasure(watch, since=timedelta(days=3), took=timedelta(days=1), phase=Phase.CANCELLED)
    await add_erasure(watch, since=timedelta(days=-3), took=None, phase=Phase.GRACE)
    await add_erasure(watch, since=timedelta(minutes=5), took=None)  # is not over, so it was not fast
    assert (await watch.checks.run("erasure_time_p50")).value == "10 min, of 20"
    assert (await watch.checks.run("erasure_time_p95")).value == "1 h, of 20"
    for _ in range(2):
        await add_erasure(watch, since=timedelta(hours=30), took=None, phase=Phase.GRACE)  # no worker has taken it up
    slow = await watch.checks.run("erasure_time_p95")
    assert (slow.state, slow.value) == (State.MISSED, "30 h, of 22")
    assert (await watch.checks.run("erasure_time_p50")).state is State.MET


@pytest.mark.promise("P49")
async def test_the_oldest_erasure_is_told_in_steps_because_it_is_somebodys(watch: Watch) -> None:
    assert (await watch.checks.run("erasure_oldest_open")).value == "none under way"
    await add_erasure(watch, since=timedelta(days=19), took=None)
    await add_erasure(watch, since=timedelta(days=90), took=timedelta(days=40), phase=Phase.COMPLETE)
    told = []
    for seconds in (24 * 3600 - 1, 1, 10 * 24 * 3600):
        watch.house.clock.move(seconds=seconds)
        found = await watch.checks.run("erasure_oldest_open")
        told.append((found.state, found.value))
    assert told == [
        (State.MET, "less than 20 days"),
        (State.MISSED, "20 days or more"),
        (State.MISSED, "30 days or more"),
    ]


@pytest.mark.promise("P44")
async def test_minutes_of_exports_count_large_ones_for_five_gigabytes_each(watch: Watch) -> None:
    await add_export(watch, 1, timedelta(hours=1), "499999999:ab")
    assert (await watch.checks.run("export_minutes_per_5gb")).state is State.UNKNOWN  # too small to tell
    for number in range(2, 21):
        await add_export(watch, number, timedelta(minutes=2), "600000000:ab", "400000000:cd")
    few = await watch.checks.run("export_minutes_per_5gb")
    assert (few.state, few.value) == (State.MET, "within the target, of fewer than 20")
    await add_export(watch, 21, timedelta(minutes=60), "20000000000:ab")
    many = await watch.checks.run("export_minutes_per_5gb")
    assert (many.state, many.value) == (State.MET, "10 min, of 20")  # 15 is the slowest of 20
    await add_export(watch, 22, timedelta(minutes=61), "20000000000:ab")
    slow = await watch.checks.run("export_minutes_per_5gb")
    assert (slow.state, slow.value) == (State.MET, "15 min, of 21")
    await add_export(watch, 23, timedelta(minutes=61), "20000000000:ab")
    assert (await watch.checks.run("export_minutes_per_5gb")).value == "16 min, of 22"


async def test_exports_with_gaps_are_counted_and_shown(watch: Watch) -> None:
    assert (await watch.checks.run("exports_with_gaps")).value == "0"
    export = records.MADE["exports"](owner=watch.owner)
    await watch.tables.exports.add(replace(export, gaps=("image|1|missing|x|y",)))
    assert (await watch.checks.run("exports_with_gaps")).value == "1"


def test_every_metric_is_measured_by_a_check_by_tests_or_by_an_act(house: House) -> None:
    built = read_built(BUILT)
    here = checks_of(house, NothingFails()).metrics
    by_every = {every: {name for name, metric in METRICS.items() if metric.every is every} for every in Every}
    assert {*here, *by_every[Every.BUILD], *by_every[Every.ACT]} == set(METRICS)
    assert set(built.tests) == by_every[Every.BUILD]
    assert not built.failed
    assert set(BREAKS) | {"exports_with_gaps"} == set(here)
    assert {promise.metric for promise in PROMISES.values() if promise.metric} <= set(METRICS)


# --- How they run -----------------------------------------------------------------------------------------------------------


def counted(house: House, looks: list[str]) -> Checks:
    async def look() -> Found:
        looks.append("looked")
        return Found(is_met=True, value=str(len(looks) // 4))

    checks = [Check("sweeps_failing", look), Check("plain_rows", look)]
    return Checks(checks, database=house.database, built=NOT_TESTED, reviews=(), clock=house.clock, new_id=new_id)


async def test_a_check_runs_at_the_start_and_then_once_in_its_period(house: House) -> None:
    looks: list[str] = []
    checks = counted(house, looks)
    assert await checks.sweep() == 2
    assert await checks.sweep() == 0
    house.clock.move(minutes=15)
    assert await checks.sweep() == 1
    house.clock.move(days=1)
    assert await counted(house, looks).sweep() == 2  # another process after it
    assert len(looks) == 5


async def test_only_one_worker_checks_at_a_time(house: House) -> None:
    now = house.clock()
    await house.database.tables.acquire_lease("checks", holder="another", now=now, until=now + timedelta(minutes=5))
    assert await counted(house, []).sweep() == 0


async def test_the_same_result_is_one_row_and_another_one_is_kept_beside_it(house: House) -> None:
    looks: list[str] = []
    checks = counted(house, looks)
    await checks.run("sweeps_failing")
    house.clock.move(minutes=15)
    await checks.run("sweeps_failing")
    query = Query(owner=HOUSE, equals={"metric": "sweeps_failing"}, limit=9)
    (row,) = await house.database.tables.measures.find(query)
    assert row.taken_at == house.clock()
    looks += ["", ""]
    await checks.run("sweeps_failing")
    assert [row.value for row in await house.database.tables.measures.find(query)] == ["1", "0"]


async def test_a_check_that_cannot_look_is_red_and_holds_up_no_other(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    async def blind() -> Found:
        raise Unavailable

    checks = counted(house, [])
    checks._checks = (Check("orphan_blobs", blind), *checks._checks)
    with caplog.at_level(logging.WARNING):
        assert await checks.sweep() == 3
    (shown,) = [one for one in await checks.board() if one.id == "orphan_blobs"]
    assert (shown.state, shown.value) == (State.MISSED, "unknown")
    assert "check.failed" in caplog.messages


async def test_a_missed_target_is_told_once_with_its_cure_and_its_end_too(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    checks = checks_of(house, NothingFails(), controller="")
    caplog.set_level(logging.INFO, "imageroute_app.services.checks")
    for _ in range(3):
        await checks.run("controller_named")
    cure = "Development installation: set IMAGEROUTE_CONTROLLER_NAME, _ADDRESS and _EMAIL."
    assert caplog.messages == [f"check.missed controller_named is no. {cure}"]
    named = {check.metric: check for check in checks_of(house, NothingFails())._checks}["controller_named"]
    checks._checks = (named,)
    for _ in range(2):
        await checks.run("controller_named")
    assert caplog.messages[1:] == ["check.met controller_named is yes again"]


async def test_a_check_that_stands_still_is_shown_as_old(house: House) -> None:
    checks = counted(house, [])
    await checks.sweep()
    house.clock.move(minutes=61)
    old = {one.id: one.is_old for one in await checks.board() if one.taken_at}
    assert old == {"sweeps_failing": True, "plain_rows": False}


def test_an_act_that_nobody_did_is_red_and_one_counts_for_90_days(house: House) -> None:
    now = house.clock()
    assert figure("restore_drill_last", None, now).state is State.MISSED
    drill = Measure(id="1", owner=HOUSE, metric="restore_drill_last", state=State.MET, value="0", note="", taken_at=now)
    late, early = now + timedelta(days=91), now + timedelta(days=90)
    assert (figure("restore_drill_last", drill, early).value, figure("restore_drill_last", drill, early).state) == (
        "90",
        State.MET,
    )
    assert figure("restore_drill_last", drill, late).state is State.MISSED


def test_what_only_tests_measure_says_which_and_when(house: House) -> None:
    now = house.clock()
    tests = {"export_needle_coverage": ("tests/a.py::b",), "gpc_requests_honoured": ("tests/a.py::c",)}
    built = Built(at=now, failed=frozenset({"gpc_requests_honoured"}), tests=tests)
    good, bad = built.figure("export_needle_coverage"), built.figure("gpc_requests_honoured")
    assert (good.state, good.taken_at, good.tests) == (State.MET, now, ("tests/a.py::b",))
    assert bad.state is State.MISSED
    assert built.figure("clicks_reject_accept").state is State.UNKNOWN
    later = replace(built, alone={"export_needle_coverage": now + timedelta(hours=1)})
    assert later.figure("export_needle_coverage").taken_at == now + timedelta(hours=1)
    assert later.figure("gpc_requests_honoured").taken_at == now


@pytest.mark.parametrize(
    "text", ["4242424242424242", "pan 4242-4242-4242-4242.", "378282246310005", "x 5555 5555 5555 4444"]
)
def test_a_card_number_is_known(text: str) -> None:
    assert holds_card(text)


@pytest.mark.parametrize(
    "text", ["4242424242424241", "a4242424242424242", "2026-11-27 14:00:00", "0" * 16, "42" * 30, ""]
)
def test_other_digits_are_none(text: str) -> None:
    assert not holds_card(text)


def test_nearest_rank() -> None:
    hours = [timedelta(hours=number) for number in range(1, 101)]
    assert percentile(hours, 95) == timedelta(hours=95)
    assert percentile([], 95) == timedelta()
    assert percentile(hours[:1], 95) == timedelta(hours=1)
