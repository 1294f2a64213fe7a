"""The edit panel and the mask editor's state: what is offered, what a press sends, and what a change of picture clears."""

from dataclasses import replace

import pytest

from imageroute_app.domain.catalog import Task
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.uploads import UploadKind
from imageroute_app.state.create import CreateState
from imageroute_app.state.edit import EditState
from imageroute_app.state.form import Form, fit_form, request_of, sides_of
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.views import ImageView
from tests.doubles import png
from tests.services.conftest import House
from tests.services.test_editing import ALONE, half_mask, put_upload
from tests.state.conftest import OpenTab, Tab
from tests.state.test_create import form_shown, press, ready, select, shown, watch

SIZE = (512, 384)


async def started(house: House, open_tab: OpenTab, verb: str = "edit") -> tuple[Tab, ImageView]:
    """Open a tab whose form starts from a picture that was just made, which has 512 x 384 pixels."""
    await house.person()
    tab = await ready(open_tab)
    await press(tab, form_shown(tab, price="8"))
    house.provider.script = [[png(size=SIZE)]]
    await house.runner.run(shown(tab)[0])
    await watch(tab)
    house.clock.move(seconds=1)
    image = (await select(tab)).image
    await CreateState.use_image.fn(tab.state(CreateState), verb, image.id)
    return tab, image


async def sent(house: House, tab: Tab, **changes: str):
    await press(tab, form_shown(tab, **changes))
    return (await house.jobs.recent(tab.owner))[0].request


@pytest.mark.parametrize(
    ("verb", "task", "size"),
    [("edit", "edit", ""), ("upscale", "upscale", "1024 × 768"), ("cutout", "cutout", "512 × 384")],
)
async def test_a_verb_opens_the_panel_with_its_task(
    house: House, open_tab: OpenTab, verb: str, task: str, size: str
) -> None:
    tab, image = await started(house, open_tab, verb)
    state = tab.state(CreateState)
    assert (state.source.id, state.edit.task) == (image.id, task)
    assert not state.edit.closed
    assert not size or state.pixels == state.edit.size == size
    assert state.quote_id


async def test_an_upscale_is_sent_as_it_is_shown(house: House, open_tab: OpenTab) -> None:
    tab, image = await started(house, open_tab, "upscale")
    await EditState.set_scale.fn(tab.state(EditState), "4")
    assert tab.state(CreateState).edit.size == "2048 × 1536"
    request = await sent(house, tab, count="3")
    assert (request.task, request.source_id, request.scale, request.count) == (Task.UPSCALE, image.id, 4, 1)
    assert (request.width, request.height) == (2048, 1536)


async def test_an_extension_follows_its_four_sides(house: House, open_tab: OpenTab) -> None:
    tab, _ = await started(house, open_tab, "extend")
    state, edit = tab.state(CreateState), tab.state(EditState)
    assert (state.edit.left, state.edit.right, state.edit.size) == (256, 256, "1024 × 384")
    await EditState.set_side.fn(edit, "bottom", "32")
    await EditState.set_side.fn(edit, "left", "")
    await EditState.set_side.fn(edit, "right", "0")
    assert (await sent(house, tab)).expand == (0, 0, 0, 32)
    await EditState.set_side.fn(edit, "bottom", "0")
    assert state.edit.hint == "Say how far the picture should go on: one side at least."
    await EditState.set_side.fn(edit, "bottom", "9999")
    assert state.problem == "Extend each side by 0 to 2,000 pixels."


async def test_a_side_that_cannot_be_read_is_refused_and_no_other_side_is_sent_in_its_place(
    house: House, open_tab: OpenTab
) -> None:
    tab, _ = await started(house, open_tab, "extend")
    state, edit = tab.state(CreateState), tab.state(EditState)
    pixels = state.pixels
    for typed in ("abc", "1,2", "9999"):
        await EditState.set_side.fn(edit, "left", typed)
        await EditState.set_side.fn(edit, "bottom", "32")
        assert (state.problem != "", state.pixels) == (True, pixels)
        await press(tab, form_shown(tab))
        assert len(await house.jobs.recent(tab.owner)) == 1
    await EditState.set_side.fn(edit, "left", "8")
    assert (await sent(house, tab)).expand == (8, 0, 256, 32)


async def test_painting_begins_at_once_and_its_mask_is_sent(house: House, open_tab: OpenTab) -> None:
    tab, _ = await started(house, open_tab)
    state, edit = tab.state(CreateState), tab.state(EditState)
    await EditState.set_task.fn(edit, "inpaint")
    assert (edit.is_painting, state.edit.hint) == (True, "Paint over what should change first.")
    assert (state.price, state.quote_id, state.problem) == (1, "", "")
    await EditState.say.fn(edit, "a ripe orange")
    mask_id = await put_upload(house, tab.owner, half_mask(SIZE), UploadKind.MASK, SIZE)
    await EditState.take_mask.fn(edit, mask_id)
    assert (edit.is_painting, state.edit.mask, state.start.prompt) == (False, mask_id, "a ripe orange")
    request = await sent(house, tab)
    assert (request.task, request.mask_id, request.prompt) == (Task.INPAINT, mask_id, "a ripe orange")


async def test_pressing_without_a_mask_says_what_is_missing_and_sends_nothing(house: House, open_tab: OpenTab) -> None:
    tab, _ = await started(house, open_tab)
    await EditState.set_task.fn(tab.state(EditState), "inpaint")
    await EditState.stop_painting.fn(tab.state(EditState), False)  # as the dialog tells it
    await press(tab, form_shown(tab))
    state = tab.state(CreateState)
    assert (state.problem, state.problem_field) == ("Paint over what should change first.", "mask")
    assert len(await house.jobs.recent(tab.owner)) == 1


async def test_a_mask_of_somebody_else_is_not_taken(house: House, open_tab: OpenTab) -> None:
    tab, _ = await started(house, open_tab)
    stranger = await house.person("eve")
    foreign = await put_upload(house, stranger, half_mask(SIZE), UploadKind.MASK, SIZE)
    await EditState.take_mask.fn(tab.state(EditState), foreign)
    assert tab.state(CreateState).problem == "This mask is no longer there. Paint it again."


async def test_what_the_model_cannot_do_is_closed_with_a_reason_and_who_can(house: House, open_tab: OpenTab) -> None:
    able = replace(house.provider.model.capabilities, tasks=frozenset({Task.TEXT, Task.EDIT}), takes_mask=False)
    house.provider.model = replace(house.provider.model, capabilities=able)
    tab, _ = await started(house, open_tab)
    state, edit = tab.state(CreateState), tab.state(EditState)
    await CreateState.set_field.fn(state, "model", "scripted/scripted-1")
    assert [(view.value, view.closed, view.others) for view in state.edit.closed] == [
        ("inpaint", "Takes no mask", "1 model can"),
        ("outpaint", "Does not extend pictures", "1 model can"),
        ("upscale", "Does not upscale", "1 model can"),
        ("cutout", "Does not remove backgrounds", "1 model can"),
    ]
    await EditState.set_task.fn(edit, "inpaint")
    assert not edit.is_painting
    assert state.problem.endswith("cannot be used: takes no mask. Nothing was sent or charged.")
    assert {view.key: view.closed for view in state.models} == {
        "sketch/sketch-1": "",
        "scripted/scripted-1": "Takes no mask",
    }


async def test_another_picture_clears_the_mask_and_none_clears_the_task(house: House, open_tab: OpenTab) -> None:
    tab, image = await started(house, open_tab)
    state = tab.state(CreateState)
    mask_id = await put_upload(house, tab.owner, half_mask(SIZE), UploadKind.MASK, SIZE)
    await EditState.take_mask.fn(tab.state(EditState), mask_id)
    await CreateState.use_image.fn(state, "edit", image.id)
    assert state._form.mask == mask_id
    await CreateState.remove_source.fn(state)
    assert (state._form.task, state._form.mask, state.edit.task) == ("", "", "text")


async def test_a_result_shows_what_it_was_made_from_and_says_when_that_is_gone(house: House, open_tab: OpenTab) -> None:
    tab, image = await started(house, open_tab, "upscale")
    await press(tab, form_shown(tab, model="sketch/sketch-1"))
    job = (await house.jobs.recent(tab.owner))[0]
    await house.runner.run(job.id)
    (result,) = await house.gallery.of_job(tab.owner, job.id)
    panel = tab.state(InspectorState)
    await InspectorState.open_image.fn(panel, result.id)
    assert (panel.origin.id, panel.origin.name, panel.origin.is_image) == (image.id, image.prompt, True)
    await house.gallery.trash(tab.owner, image.id)
    await house.gallery.erase(tab.owner, image.id)
    await InspectorState.open_image.fn(panel, result.id)
    assert (panel.origin.id, panel.origin.name) == (image.id, "")


@pytest.mark.parametrize("fields", [{"task": "conjure"}, {"expand": "1,2"}, {"expand": "1,2,3,x"}, {"scale": "huge"}])
def test_a_form_that_cannot_be_read_is_refused(fields: dict[str, str]) -> None:
    form = replace(Form(prompt="x", model="sketch/sketch-1", source="s"), **fields)
    with pytest.raises(InvalidInput):
        request_of(form, ALONE)


def test_a_draft_keeps_only_what_still_makes_sense() -> None:
    fitted = fit_form(Form(task="upscale", mask="m", scale="7"), ())
    assert (fitted.task, fitted.mask, fitted.scale) == ("", "", "2")
    assert sides_of("1,,3,4") == (1, 0, 3, 4)
