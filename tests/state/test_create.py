"""The create screen's handlers over real services: what a press sends, what it shows, and what it never loses."""

import json
from types import SimpleNamespace

import pytest

from imageroute_app.adapters.providers.sketch import engine
from imageroute_app.bootstrap import services, use_services
from imageroute_app.domain.jobs import JobState
from imageroute_app.domain.ports import ErrorKind, ProviderError
from imageroute_app.services.drafts import Drafts
from imageroute_app.services.finding import TRASH
from imageroute_app.state import stage
from imageroute_app.state.create import CreateState
from imageroute_app.state.form import STYLES, Form, form_from, read_draft
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import SessionState
from imageroute_app.state.stage import StageState
from tests.doubles import png
from tests.services.conftest import House
from tests.state.conftest import OpenTab, Tab

WISH = "a lighthouse at night"


@pytest.fixture(autouse=True)
def with_drafts(house: House, served: None) -> None:
    """Let handlers find the drafts too."""
    parts = {**vars(services()), "drafts": Drafts(database=house.database, clock=house.clock)}
    use_services(SimpleNamespace(**parts))  # type: ignore[arg-type]  # the parts that handlers call


async def load(tab: Tab) -> CreateState:
    await CreateState.load_create.fn(tab.state(CreateState))
    return tab.state(CreateState)


async def type_prompt(tab: Tab, prompt: str = WISH) -> None:
    state = tab.state(CreateState)
    await CreateState.set_prompt.fn(state, prompt, state.prompt_key)


def form_shown(tab: Tab, **changes: str) -> dict[str, str]:
    """Return what the browser would send now: the fields, and the hidden ones as they are shown."""
    state = tab.state(CreateState)
    hidden = {"quote_id": state.quote_id, "price": str(state.price), "source": state.source.id}
    hidden["expand"] = state.expand
    fields = {name: getattr(state._form, name) for name in Form.__dataclass_fields__}
    return {**fields, "model": "scripted/scripted-1", **hidden, **changes}


async def press(tab: Tab, form: dict[str, str]) -> list[object]:
    return [event async for event in CreateState.submit_prompt.fn(tab.state(CreateState), form)]


async def ready(open_tab: OpenTab, prompt: str = WISH) -> Tab:
    tab = await open_tab()
    await load(tab)
    await type_prompt(tab, prompt)
    return tab


def shown(tab: Tab) -> list[str]:
    return [job.id for job in tab.state(StageState)._jobs]


def test_styles_are_those_of_the_engine() -> None:
    assert tuple(STYLES) == tuple(engine.STYLES)


async def test_price_and_provider_are_there_before_anything_is_written(house: House, open_tab: OpenTab) -> None:
    await house.person()

    state = await load(await open_tab())

    assert (state.price, state.unit, state.quote_id) == (1, "1 picture at 1 credit", "")
    assert (state.model.company, state.model.retention, state.model.trains) == (
        "ImageRoute Sketch", "Kept 0 days", "Never trains",
    )  # fmt: skip
    assert len(state.examples) == 3
    assert all(example.price == "1 credit" for example in state.examples)


async def test_press_sends_what_the_form_holds_and_shows_it_at_once(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)

    events = await press(tab, form_shown(tab, prompt="something newer", count="1"))

    (job,) = await house.jobs.recent(owner)
    assert (job.request.prompt, shown(tab)) == ("something newer", [job.id])
    assert tab.state(StageState)._jobs[0].tiles[0].kind == "queued"
    assert tab.state(SessionState).credits == 49
    assert StageState.watch_jobs in events
    assert not tab.state(CreateState).is_sending


async def test_double_click_makes_one_job_and_a_later_press_a_second(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    first = form_shown(tab)

    await press(tab, first)
    await press(tab, first)
    await press(tab, form_shown(tab))
    assert len(await house.jobs.recent(owner)) == 1

    house.clock.move(seconds=1)
    await press(tab, form_shown(tab))
    assert len(await house.jobs.recent(owner)) == 2


async def test_double_click_on_text_that_was_never_quoted_makes_one_job(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    form = form_shown(tab, prompt="typed faster than the price came")

    await press(tab, form)
    await press(tab, form)

    assert len(await house.jobs.recent(owner)) == 1


async def test_two_tabs_with_the_same_form_make_one_job(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    one, two = await ready(open_tab), await ready(open_tab)

    await press(one, form_shown(one))
    await press(two, form_shown(two))

    assert len(await house.jobs.recent(owner)) == 1
    assert shown(one) == shown(two)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"prompt": "  "}, "Write what you want to see first."),
        ({"prompt": "x" * 10_000}, "10,000 characters"),
        ({"size": "99999x1"}, "width from 256 to 2048"),
        ({"size": "wide"}, "shapes on offer"),
        ({"count": "9"}, "1 to 8 pictures"),
        ({"seed": "lucky"}, "whole number"),
        ({"model": "nobody/nothing"}, "not on offer"),
        ({"price": ""}, "price was not shown"),
    ],
)
async def test_refused_form_is_explained_and_kept(
    house: House, open_tab: OpenTab, changes: dict[str, str], words: str
) -> None:
    owner = await house.person()
    tab = await ready(open_tab)

    await press(tab, form_shown(tab, **changes))

    state = tab.state(CreateState)
    assert words in state.problem
    assert await house.jobs.recent(owner) == []
    assert not state.is_sending
    kept = read_draft(await services().drafts.load(owner))
    assert kept.prompt == changes.get("prompt", WISH)


@pytest.mark.parametrize("prompt", ["🦊🌲 fox", "منارة في الليل", "bell\x07 and\x00 null", "two\nlines"])
async def test_unusual_prompt_is_sent(house: House, open_tab: OpenTab, prompt: str) -> None:
    owner = await house.person()
    tab = await ready(open_tab, prompt)

    await press(tab, form_shown(tab))

    (job,) = await house.jobs.recent(owner)
    assert job.request.prompt == prompt.replace("\x07", " ").replace("\x00", " ")


async def test_missing_credits_are_named_and_nothing_is_lost(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await CreateState.set_field.fn(tab.state(CreateState), "count", "8")
    for _ in range(6):
        await press(tab, form_shown(tab))
        house.clock.move(seconds=1)

    await press(tab, form_shown(tab))

    state = tab.state(CreateState)
    assert state.problem == "6 credits missing. Your prompt is kept; nothing was charged."
    assert state.problem_field == "not_enough_credits"
    assert (await house.jobs.balance(owner)).available == 2
    assert read_draft(await services().drafts.load(owner)).prompt == WISH


async def test_price_above_the_shown_one_is_not_taken(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)

    await press(tab, form_shown(tab, count="4"))

    assert tab.state(CreateState).problem == "The price is now 4 credits. Press again to accept it."
    assert await house.jobs.recent(owner) == []
    assert tab.state(CreateState).price == 4


async def test_quote_that_ran_out_is_renewed_at_the_same_price(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    house.clock.move(minutes=45)

    await press(tab, form_shown(tab))

    assert len(await house.jobs.recent(owner)) == 1


async def test_draft_comes_back_with_every_field(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)
    for name, value in (("size", "1344x768"), ("count", "3"), ("style", "ink"), ("seed", "7")):
        await CreateState.set_field.fn(tab.state(CreateState), name, value)

    state = await load(await open_tab())

    assert (state.start.prompt, state.start.seed, state.ratio, state.count, state.style) == (
        WISH, "7", "16:9", 3, "Ink",
    )  # fmt: skip
    assert state.unit == "3 pictures at 1 credit"
    assert state.quote_id == tab.state(CreateState).quote_id


async def test_draft_too_long_to_send_still_opens_the_screen(house: House, open_tab: OpenTab) -> None:
    await house.person()
    await ready(open_tab, "x" * 10_000)

    state = await load(await open_tab())

    assert state.is_loaded
    assert len(state.start.prompt) == 10_000
    assert "10,000 characters" in state.problem


@pytest.mark.parametrize("draft", ["", "{", "[]", '{"prompt": 3, "colour": "red"}', json.dumps({"count": "99"})])
def test_draft_of_another_version_opens_as_far_as_it_can(draft: str) -> None:
    assert read_draft(draft).prompt == ""


def test_unknown_fields_of_a_form_are_left_out() -> None:
    assert form_from({"prompt": "x", "owner": "eve"}) == Form(prompt="x")


async def test_example_runs_by_its_quote_and_fills_the_form(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await open_tab()
    example = (await load(tab)).examples[0]

    await CreateState.run_example.fn(tab.state(CreateState), example.quote_id)
    await CreateState.run_example.fn(tab.state(CreateState), example.quote_id)

    (job,) = await house.jobs.recent(owner)
    assert tab.state(CreateState).start.prompt == job.request.prompt == example.prompt
    assert shown(tab) == [job.id]


async def delivered(house: House, tab: Tab, pictures: int = 1, **changes: str) -> str:
    """Send the form and carry the job out; returns its id."""
    house.provider.script = [[png()] * pictures]
    await press(tab, form_shown(tab, price="8", **changes))
    job_id = shown(tab)[0]
    await house.runner.run(job_id)
    await watch(tab)
    house.clock.move(seconds=1)
    return job_id


async def watch(tab: Tab) -> None:
    """Read once more what a watcher would show."""
    state = tab.state(StageState)
    state._watch = "turn"
    await StageState._reread(BackgroundTwin(state), tab.owner, "turn", "")


class BackgroundTwin:
    """A state as a background handler holds it: writable inside `async with` only, which a unit test may ignore."""

    def __init__(self, state: StageState) -> None:
        object.__setattr__(self, "_state", state)

    def __getattr__(self, name: str) -> object:
        return getattr(self._state, name)

    async def __aenter__(self) -> "BackgroundTwin":
        return self

    async def __aexit__(self, *error: object) -> None:
        return


async def test_watching_shows_the_picture_and_the_balance(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)

    await delivered(house, tab)

    (job,) = tab.state(StageState)._jobs
    assert (job.state, job.is_final, job.price) == ("succeeded", True, "1 credit")
    assert [tile.kind for tile in job.tiles] == ["image"]
    assert job.tiles[0].thumb == f"/media/{job.tiles[0].id}/320"
    assert tab.state(SessionState).credits == 49


async def test_newer_watch_ends_the_older_one(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)
    await press(tab, form_shown(tab))
    state = tab.state(StageState)
    state._watch = "newer"

    assert not await StageState._reread(BackgroundTwin(state), tab.owner, "older", "")
    assert await StageState._reread(BackgroundTwin(state), tab.owner, "newer", "")


async def test_part_delivery_shows_what_is_missing_and_what_it_cost(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)

    await delivered(house, tab, pictures=3, count="4")

    (job,) = tab.state(StageState)._jobs
    assert [tile.kind for tile in job.tiles] == ["image", "image", "image", "missing"]
    assert (job.price, job.can_retry) == ("3 credits", False)


async def test_failure_names_its_reason_costs_nothing_and_can_be_tried_again(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    house.provider.script = [ProviderError(ErrorKind.INVALID, "no")]
    await press(tab, form_shown(tab))
    failed_id = shown(tab)[0]
    await house.runner.run(failed_id)
    await watch(tab)
    (job,) = tab.state(StageState)._jobs
    assert (job.state, job.reason, job.money) == (
        "failed",
        "ImageRoute Sketch did not accept these settings.",
        "0 credits charged",
    )

    for _ in range(2):
        assert await StageState.retry_job.fn(tab.state(StageState), failed_id) is StageState.watch_jobs

    assert len(await house.jobs.recent(owner)) == 2
    assert shown(tab)[1] == failed_id


async def test_blocked_job_says_so(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)
    house.provider.script = [ProviderError(ErrorKind.REFUSED, "no")]
    await press(tab, form_shown(tab))
    await house.runner.run(shown(tab)[0])
    await watch(tab)

    (job,) = tab.state(StageState)._jobs
    assert (job.state, job.money) == ("blocked", "0 credits charged")
    assert "rules" in job.reason


async def test_cancelled_job_tells_what_came_back(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await press(tab, form_shown(tab, count="4", price="4"))

    await StageState.cancel_job.fn(tab.state(StageState), shown(tab)[0])

    (job,) = tab.state(StageState)._jobs
    assert (job.state, job.money, job.reason) == ("cancelled", "4 credits returned", "Stopped before it started.")
    assert tab.state(SessionState).credits == (await house.jobs.balance(owner)).available == 50


async def test_queued_jobs_know_their_place(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)
    for _ in range(3):
        await press(tab, form_shown(tab))
        house.clock.move(seconds=1)

    jobs = tab.state(StageState)._jobs
    assert [job.place for job in jobs] == ["3rd", "2nd", "1st"]
    assert [job.starts for job in jobs] == ["Starts in about 0:04", "Starts in about 0:02", "Starts now"]


async def test_older_jobs_come_below(house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "PAGE_JOBS", 2)
    owner = await house.person()
    made = [(await house.job(owner)).id]
    for _ in range(2):
        house.clock.move(seconds=1)
        made.append((await house.job(owner)).id)
    tab = await open_tab()
    await load(tab)
    assert shown(tab) == made[:0:-1]

    async for _ in StageState.show_older.fn(tab.state(StageState)):
        assert tab.state(StageState).is_loading_older

    assert shown(tab) == made[::-1]
    assert not tab.state(StageState).has_older


async def test_job_of_another_person_is_not_there(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    foreign = await house.job(await house.person("eve"))
    tab = await ready(open_tab)

    await StageState.cancel_job.fn(tab.state(StageState), foreign.id)

    assert tab.notice == "There is nothing here."
    assert (await house.jobs.job(foreign.owner, foreign.id)).state is JobState.QUEUED


async def select(tab: Tab) -> InspectorState:
    tile = tab.state(StageState)._jobs[0].tiles[0]
    await InspectorState.open_image.fn(tab.state(InspectorState), tile.id)
    return tab.state(InspectorState)


async def test_inspector_tells_all_and_leaves_the_form_alone(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab)
    await type_prompt(tab, "something else")
    keys = (tab.state(CreateState).prompt_key, tab.state(CreateState).form_key)

    panel = await select(tab)

    assert panel.is_open
    assert (panel.image.prompt, panel.company, panel.kept) == (WISH, "ImageRoute Sketch", "Kept 0 days")
    assert [stop.kind for stop in panel.image.stops] == ["you", "hub", "prov", "home"]
    assert tab.state(CreateState)._form.prompt == "something else"
    assert (tab.state(CreateState).prompt_key, tab.state(CreateState).form_key) == keys


async def test_a_picture_that_went_in_another_tab_leaves_the_stage_and_the_inspector(
    house: House, open_tab: OpenTab
) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab, count="2", pictures=2)
    panel, stage = await select(tab), tab.state(StageState)
    first, second = [tile.id for tile in stage._jobs[0].tiles]

    await house.gallery.trash(owner, first)
    await InspectorState.look_again.fn(panel)
    assert ([tile.id for tile in stage._jobs[0].tiles], stage._jobs[0].aside) == ([second], "1 in the trash")
    assert (panel.is_open, tab.notice) == (False, "")

    await house.gallery.restore(owner, first)
    await InspectorState.look_again.fn(panel)
    assert len(stage._jobs[0].tiles) == 2
    await house.gallery.trash(owner, first)
    await InspectorState.open_image.fn(panel, first)
    assert ([tile.id for tile in stage.groups[0].jobs[0].tiles], panel.is_open) == ([second], False)
    assert "trash" in tab.notice


async def test_verbs_take_into_the_form_what_they_say(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab, style="ink", seed="42", count="2", pictures=2)
    await type_prompt(tab, "something else")
    await CreateState.set_field.fn(tab.state(CreateState), "count", "3")
    image, state = (await select(tab)).image, tab.state(CreateState)

    prompt_key = state.prompt_key
    await CreateState.use_image.fn(state, "seed", image.id)
    assert state.prompt_key == prompt_key
    assert (state.start.prompt, state.start.seed, state.count) == ("something else", image.seed, 3)
    await CreateState.use_image.fn(state, "remix", image.id)
    assert (state.start.prompt, state.source.id, state.quote_id != "") == ("something else", image.id, True)
    await CreateState.remove_source.fn(state)
    assert (state.source.id, state._form.source) == ("", "")
    await CreateState.use_image.fn(state, "prompt", image.id)
    assert (state.start.prompt, state.style) == (WISH, "Ink")
    await CreateState.use_image.fn(state, "all", image.id)
    assert (state.start.prompt, state.start.seed, state.style, state.count) == (WISH, "42", "Ink", 1)


async def test_words_typed_before_the_prompt_was_replaced_come_too_late(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab)
    image, state = (await select(tab)).image, tab.state(CreateState)
    key = state.prompt_key
    await CreateState.use_image.fn(state, "prompt", image.id)
    assert state.prompt_key == key + 1

    await CreateState.set_prompt.fn(state, "on its way for a while", key)

    assert read_draft(await services().drafts.load(owner)).prompt == WISH


async def test_model_that_the_picker_has_disabled_stays_the_chosen_one(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    chosen, form = tab.state(CreateState)._form.model, form_shown(tab)
    del form["model"]

    await press(tab, form)

    state = tab.state(CreateState)
    assert (state._form.model, state.problem) == (chosen, "")
    assert read_draft(await services().drafts.load(owner)).model == chosen


async def test_remixed_picture_is_sent_as_the_source(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab)
    image = (await select(tab)).image
    await CreateState.use_image.fn(tab.state(CreateState), "remix", image.id)

    await press(tab, form_shown(tab, strength="35"))

    job = (await house.jobs.recent(owner))[0]
    assert (job.request.source_id, job.request.strength) == (image.id, 0.35)


async def test_trashed_picture_leaves_the_stage_and_undo_brings_it_back(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab)
    panel = await select(tab)
    await InspectorState.favourite.fn(panel)
    assert panel.image.favourite

    await InspectorState.trash_image.fn(panel)

    assert not panel.is_open
    assert tab.state(SessionState).can_undo
    assert tab.state(StageState)._jobs[0].tiles == []
    assert tab.state(StageState)._jobs[0].aside == "1 in the trash"

    await InspectorState.undo_trash.fn(panel)

    assert [tile.kind for tile in tab.state(StageState)._jobs[0].tiles] == ["image"]
    assert await house.gallery.count(owner, TRASH) == 0


async def test_picture_that_was_deleted_for_good_is_not_said_to_be_in_the_trash(
    house: House, open_tab: OpenTab
) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab)
    image_id = (await select(tab)).image.id
    await house.gallery.trash(owner, image_id)
    await house.gallery.erase(owner, image_id)

    await load(tab)

    (job,) = tab.state(StageState)._jobs
    assert (job.tiles, job.aside, job.erased) == ([], "", "1 deleted for good")


async def test_source_that_is_gone_leaves_the_form(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab)
    image = (await select(tab)).image
    await CreateState.use_image.fn(tab.state(CreateState), "remix", image.id)
    await house.gallery.trash(owner, image.id)
    await house.gallery.erase(owner, image.id)

    state = await load(await open_tab())

    assert (state.source.id, state.problem, state.start.prompt) == ("", "", WISH)


async def test_earlier_prompts_are_distinct_and_come_back_whole(house: House, open_tab: OpenTab) -> None:
    await house.person()
    tab = await ready(open_tab)
    for prompt in ("one\nof two lines", "two", "two"):
        await press(tab, form_shown(tab, prompt=prompt))
        house.clock.move(seconds=1)
    state = tab.state(CreateState)
    assert [view.prompt for view in state.earlier] == ["two", "one of two lines"]

    await CreateState.use_earlier.fn(state, state.earlier[1].job_id)

    assert state.start.prompt == "one\nof two lines"


async def test_address_reuses_a_picture_once_and_keeps_the_draft(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await ready(open_tab)
    await delivered(house, tab)
    image = (await select(tab)).image
    await type_prompt(tab, "something else")

    other = await open_tab(address=f"/create?how=remix&use={image.id}")
    event = await CreateState.load_create.fn(other.state(CreateState))

    assert event is not None
    kept = read_draft(await services().drafts.load(owner))
    assert (kept.prompt, kept.source) == ("something else", image.id)


@pytest.mark.parametrize("address", ["/create?how=remix&use=nothing", "/create?how=steal&use=x", "/create?use=x"])
async def test_address_that_leads_to_no_picture_still_opens_the_screen(
    house: House, open_tab: OpenTab, address: str
) -> None:
    await house.person()

    state = await load(await open_tab(address=address))

    assert state.is_loaded
    assert state.source.id == ""
