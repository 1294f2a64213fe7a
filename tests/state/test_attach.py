"""Pictures and recipes that come into the form: what a stranger's id does, what is kept, and what is sent along."""

import json
from dataclasses import replace

from imageroute_app.domain.checks import REFERENCES_MAX
from imageroute_app.state.attach import RESTORED, AttachState
from imageroute_app.state.create import CreateState
from imageroute_app.state.form import read_draft, referenced
from imageroute_app.state.session import SessionState
from tests.adapters.pictures import encode, photo
from tests.services.conftest import House
from tests.state.conftest import OpenTab, Tab
from tests.state.test_create import WISH, form_shown, load, press, type_prompt

PHOTO = encode(photo(64, 48), "JPEG")


async def take(tab: Tab, upload_id: str) -> None:
    await AttachState.take_upload.fn(tab.state(AttachState), upload_id)


async def choose_model(tab: Tab, key: str) -> CreateState:
    await CreateState.set_field.fn(tab.state(CreateState), "model", key)
    return tab.state(CreateState)


def take_many(house: House) -> None:
    """Let the scripted model take more pictures than anybody may send."""
    able = replace(house.provider.model.capabilities, max_references=16)
    house.provider.model = replace(house.provider.model, capabilities=able)


async def test_the_first_picture_is_the_source_and_further_ones_are_references(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    take_many(house)
    tab = await open_tab()
    await load(tab)
    await choose_model(tab, "scripted/scripted-1")
    first, second = [(await house.uploads.add(owner, PHOTO, name=name)).id for name in ("one.jpg", "two.jpg")]
    await take(tab, first)
    await take(tab, second)
    await take(tab, second)
    state = tab.state(CreateState)
    assert (state.source.id, state.source.name) == (first, "one.jpg")
    assert [view.id for view in state.references] == [second]
    assert (await load(await open_tab())).source.id == first  # the draft keeps it for a reload and another device
    await AttachState.drop_reference.fn(tab.state(AttachState), second)
    assert state.references == []
    await CreateState.remove_source.fn(state)
    assert (state.source.id, state._form.references) == ("", "")


async def test_what_is_sent_along_reaches_the_provider(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await open_tab()
    await load(tab)
    upload = await house.uploads.add(owner, PHOTO)
    await CreateState.set_field.fn(tab.state(CreateState), "model", "scripted/scripted-1")
    await take(tab, upload.id)
    await type_prompt(tab, WISH)
    await press(tab, form_shown(tab))
    (job,) = await house.jobs.recent(owner)
    assert job.request.source_id == upload.id
    await house.runner.run(job.id)
    assert len(house.provider.calls[-1].images) == 1


async def test_a_strangers_picture_never_gets_into_the_form(house: House, open_tab: OpenTab) -> None:
    await house.person()
    stranger = await house.person("bob")
    upload = await house.uploads.add(stranger, PHOTO)
    tab = await open_tab()
    await load(tab)
    await take(tab, upload.id)
    assert tab.state(CreateState).source.id == ""
    assert tab.state(CreateState)._form.source == ""


async def test_a_model_of_one_picture_keeps_the_first_and_the_second_is_offered_in_its_place(
    house: House, open_tab: OpenTab
) -> None:
    owner = await house.person()
    tab = await open_tab()
    await load(tab)
    state, attach = await choose_model(tab, "sketch/sketch-1"), tab.state(AttachState)
    one, two, three = [(await house.uploads.add(owner, PHOTO, name=f"{name}.jpg")).id for name in ("a", "b", "c")]
    for upload_id in (one, two, one, three):
        await take(tab, upload_id)
    assert (state.source.id, state.references, state.problem) == (one, [], "")
    assert (attach.spare.name, state.edit.room) == ("c.jpg", 1)

    await AttachState.take_spare.fn(attach)
    await AttachState.take_spare.fn(attach)
    assert (state.source.name, attach.spare.id, state._form.references) == ("c.jpg", "", "")
    await take(tab, two)
    await AttachState.leave_spare.fn(attach)
    assert (state.source.name, attach.spare.id) == ("c.jpg", "")

    take_many(house)
    await take(tab, two)
    await choose_model(tab, "scripted/scripted-1")
    await AttachState.take_spare.fn(attach)
    assert ([view.id for view in state.references], state.problem) == ([two], "")


async def test_too_many_references_leave_the_last_one_over(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    take_many(house)
    tab = await open_tab()
    await load(tab)
    state, attach = await choose_model(tab, "scripted/scripted-1"), tab.state(AttachState)
    ids = [(await house.uploads.add(owner, PHOTO)).id for _ in range(REFERENCES_MAX + 2)]
    for upload_id in ids:
        await take(tab, upload_id)
    assert referenced(state._form) == tuple(ids[1:-1])
    assert attach.spare.id == ids[-1]
    await AttachState.take_spare.fn(attach)
    assert referenced(state._form) == (*ids[1:-2], ids[-1])


async def test_a_recipe_fills_the_form_and_names_what_is_gone(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await open_tab()
    await load(tab)
    answer = {
        "form": {"prompt": "from a recipe", "seed": "42", "hat": "x"},
        "notes": ["The model a/b is not on offer."],
    }
    await AttachState.take_recipe.fn(tab.state(AttachState), json.dumps(answer))
    state = tab.state(CreateState)
    assert (state.start.prompt, state.start.seed) == ("from a recipe", "42")
    assert tab.state(SessionState).notice == f"{RESTORED} The model a/b is not on offer."
    assert read_draft((await house.database.tables.drafts.get(owner, owner)).form).seed == "42"
    for broken in ("", "[]", '{"form": 1, "notes": []}', '{"form": {}, "notes": 3}'):
        await AttachState.take_recipe.fn(tab.state(AttachState), broken)
        assert tab.state(SessionState).notice == "This recipe cannot be read."
    assert state.start.prompt == "from a recipe"
