"""Pictures and recipes that come into the form: what a stranger's id does, what is kept, and what is sent along."""

import json

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


async def test_the_first_picture_is_the_source_and_further_ones_are_references(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await open_tab()
    await load(tab)
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


async def test_too_many_references_are_refused_in_words(house: House, open_tab: OpenTab) -> None:
    owner = await house.person()
    tab = await open_tab()
    await load(tab)
    for _ in range(REFERENCES_MAX + 2):
        await take(tab, (await house.uploads.add(owner, PHOTO)).id)
    assert len(referenced(tab.state(CreateState)._form)) == REFERENCES_MAX
    assert "the most" in tab.state(SessionState).notice


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
