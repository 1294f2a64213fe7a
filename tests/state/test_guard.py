import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from types import SimpleNamespace
from typing import Any, Literal

import pytest
import reflex as rx
from reflex.istate.manager.memory import StateManagerMemory
from reflex.istate.manager.token import BaseStateToken
from reflex_base.event import Event
from reflex_base.event.processor import BaseStateEventProcessor
from reflex_base.registry import RegistrationContext
from typing_extensions import TypedDict

from imageroute_app.bootstrap import use_services
from imageroute_app.domain.errors import NotSignedIn
from imageroute_app.state import guard
from imageroute_app.state.guard import Guard, backend_exception_handler, contract, public, signed_in, unguarded_handlers
from imageroute_app.state.session import actor, session_token

TAB = "11111111-2222-4333-8444-555555555555"
PEOPLE = {"ir_session=alice": "alice", "ir_session=bob": "bob"}


class Shape(StrEnum):
    SQUARE = "square"


class Size(TypedDict):
    width: int


class GuardedState(rx.State):
    """What a page of ours might have, right and wrong."""

    seen: list[str] = []
    secret: str = ""

    @rx.event
    @public
    def note(self, text: str, count: int = 1):
        self.seen = [*self.seen, text * count]

    @rx.event
    @signed_in
    def keep(self, text: str):
        self.secret = text

    @rx.event
    @public
    def choose(self, shape: Shape, size: Size, ratio: float, mode: Literal["a", "b"]):
        self.seen = [*self.seen, shape]

    @rx.event
    @public
    def submit(self, form: dict[str, str]):
        self.seen = [*self.seen, form["prompt"]]

    @rx.event
    @public
    def chain(self):
        return [GuardedState.note("chained") for _ in range(100)]

    @rx.event(background=True)
    @signed_in
    async def watch(self):
        async with self:
            self.seen = [*self.seen, "watched"]

    @rx.event
    @public
    async def say_who(self):
        try:
            self.seen = [*self.seen, await actor(self)]
        except NotSignedIn:
            self.seen = [*self.seen, "nobody"]

    @rx.event
    def forgot_marker(self):
        self.seen = [*self.seen, "forgot"]

    def never_meant_as_handler(self):
        self.seen = [*self.seen, "never"]


NAME = GuardedState.get_full_name()


@pytest.fixture(autouse=True)
def served() -> None:
    """These states need no services."""


@dataclass
class Middlewares:
    """What an rx.App gives the processor."""

    guard: Guard

    async def _preprocess(self, state: rx.State, event: Event) -> Any:
        return await self.guard.preprocess(None, state, event)  # type: ignore[arg-type]


@dataclass
class Pipeline:
    """Reflex's own event processor with our guard before it."""

    processor: BaseStateEventProcessor
    guard: Guard
    manager: StateManagerMemory
    events: list[Event] = field(default_factory=list)
    reported: list[Exception] = field(default_factory=list)

    async def send(self, handler: str, payload: Any = None, *, cookie: str = "", tab: str = TAB) -> None:
        router_data = {
            "pathname": "/create",
            "asPath": "/create?x=1",
            "headers": {"cookie": cookie},
            "token": tab,
            "sid": "s",
            "ip": "10.0.0.9",
        }
        name = handler if "." in handler else f"{NAME}.{handler}"
        event = Event(name=name, payload=payload or {}, router_data=router_data)
        future = await self.processor.enqueue(tab, event)
        await asyncio.wait_for(future.wait_all(), 60)

    async def state(self, tab: str = TAB) -> GuardedState:
        root = await self.manager.get_state(BaseStateToken(ident=tab, cls=GuardedState))
        return await root.get_state(GuardedState)


@asynccontextmanager
async def open_pipeline() -> AsyncIterator[Pipeline]:
    async def resolve(cookie: str) -> str | None:
        return PEOPLE.get(cookie)

    pipeline: Pipeline
    watcher, manager = Guard(resolve, sign_in_path="/sign-in"), StateManagerMemory()

    async def emit_event(token: str, *events: Event) -> None:
        pipeline.events.extend(events)

    async def emit_delta(token: str, delta: Any) -> None:
        json.dumps(delta, default=str)

    def report(exception: Exception) -> None:
        pipeline.reported.append(exception)

    here = RegistrationContext.get().fork()
    here._set_app(SimpleNamespace(get_load_events=lambda path: []))  # type: ignore[arg-type]
    token = RegistrationContext.set(here)
    processor = BaseStateEventProcessor(middleware=Middlewares(watcher), backend_exception_handler=report)  # type: ignore[arg-type]
    processor.configure(state_manager=manager)
    context = processor._root_context
    assert context is not None
    object.__setattr__(context, "emit_event_impl", emit_event)
    object.__setattr__(context, "emit_delta_impl", emit_delta)
    pipeline = Pipeline(processor, watcher, manager)
    async with processor:
        yield pipeline
    RegistrationContext.reset(token)
    if manager._expiration_task:
        manager._expiration_task.cancel()
    assert not pipeline.reported


async def test_marked_handler_runs_with_its_arguments() -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("note", {"text": "ab", "count": 2})
        await pipeline.send("note", {"text": "c"})

        assert (await pipeline.state()).seen == ["abab", "c"]


@pytest.mark.parametrize(
    "handler", ["forgot_marker", "never_meant_as_handler", "setvar", "reset", "_secret", "get_state"]
)
async def test_unmarked_method_is_denied(handler: str) -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("note", {"text": "first"})
        if f"{NAME}.{handler}" in RegistrationContext.get().event_handlers:
            await pipeline.send(handler, {"var_name": "secret", "value": "x"} if handler == "setvar" else {})
            assert pipeline.guard.refused["unmarked"] == 1

        state = await pipeline.state()
        assert (state.seen, state.secret) == (["first"], "")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"text": 1},
        {"text": None},
        {"text": ["a"]},
        {"text": {"$gt": ""}},
        {"text": "a", "count": "2"},
        {"text": "a", "count": True},
        {"text": "a", "count": 1.5},
        {"text": "a", "more": 1},
        {"text": "a", "self": 1},
    ],
)
async def test_arguments_that_do_not_fit_are_dropped(payload: dict[str, Any]) -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("note", payload)

        assert (await pipeline.state()).seen == []
        assert pipeline.guard.refused == {"arguments": 1}


async def test_rich_arguments_are_checked_as_their_types_say() -> None:
    good = {"shape": "square", "size": {"width": 2}, "ratio": 1, "mode": "a"}
    async with open_pipeline() as pipeline:
        await pipeline.send("choose", good)
        for name, value in {"shape": "round", "size": {"width": 2, "more": 1}, "ratio": "1", "mode": "c"}.items():
            await pipeline.send("choose", {**good, name: value})

        assert (await pipeline.state()).seen == ["square"]
        assert pipeline.guard.refused == {"arguments": 4}


async def test_form_arrives_as_entries_or_as_object() -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("submit", {"form": {"__reflex_form_data__": [["prompt", "cat"]]}})
        await pipeline.send("submit", {"form": {"prompt": "dog"}})
        await pipeline.send("submit", {"form": {"__reflex_form_data__": [["prompt", 1]]}})
        await pipeline.send("submit", {"form": {"__reflex_form_data__": "prompt"}})

        assert (await pipeline.state()).seen == ["cat", "dog"]


async def test_signed_in_handler_leads_others_to_the_sign_in_page_and_back() -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("keep", {"text": "x"})

        assert (await pipeline.state()).secret == ""
        assert [event.payload["path"] for event in pipeline.events] == ["/sign-in?next=/create%3Fx%3D1"]


async def test_background_handler_passes_the_same_guard() -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("watch")
        assert (await pipeline.state()).seen == []

        await pipeline.send("watch", cookie="ir_session=alice")
        assert (await pipeline.state()).seen == ["watched"]


async def test_state_is_emptied_when_another_person_comes() -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("keep", {"text": "alice's"}, cookie="ir_session=alice")
        assert (await pipeline.state()).secret == "alice's"

        await pipeline.send("note", {"text": "hi"}, cookie="ir_session=bob")

        state = await pipeline.state()
        assert (state.secret, state.seen) == ("", ["hi"])


async def test_ended_session_empties_the_state_on_the_next_event(monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("keep", {"text": "alice's"}, cookie="ir_session=alice")
        monkeypatch.delitem(PEOPLE, "ir_session=alice")

        await pipeline.send("keep", {"text": "again"}, cookie="ir_session=alice")

        assert (await pipeline.state()).secret == ""
        assert pipeline.events[-1].name == "_redirect"


@dataclass
class Asked:
    """Sessions as handlers ask for them; `cookies` holds each that was asked for."""

    cookies: list[str] = field(default_factory=list)

    async def session(self, token: str) -> SimpleNamespace | None:
        self.cookies.append(token)
        owner = PEOPLE.get(f"ir_session={token}")
        return SimpleNamespace(owner=owner) if owner else None


@pytest.fixture
def asked() -> Iterator[Asked]:
    """Serve nothing but sessions, and hold on to who asks for them."""
    asked = Asked()
    use_services(SimpleNamespace(accounts=asked, site=SimpleNamespace(origins=("http://127.0.0.1",))))  # type: ignore[arg-type]
    yield asked
    use_services(None)


async def test_a_handler_does_not_ask_again_what_the_guard_found_for_its_event(asked: Asked) -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("say_who", cookie="ir_session=alice")
        await pipeline.send("say_who", cookie="ir_session=alice")

        assert (await pipeline.state()).seen == ["alice", "alice"]
        assert asked.cookies == []


async def test_what_the_guard_found_is_nobody_elses(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("say_who", cookie="ir_session=alice")
        assert (await pipeline.state()).seen == ["alice"]
        for cookie, who in (("ir_session=bob", "bob"), ("", "nobody"), ("ir_session=stolen", "nobody")):
            await pipeline.send("say_who", cookie=cookie)
            assert (await pipeline.state()).seen[-1:] == [who]
        await pipeline.send("say_who", cookie="ir_session=alice")
        monkeypatch.delitem(PEOPLE, "ir_session=alice")
        await pipeline.send("say_who", cookie="ir_session=alice")

        assert (await pipeline.state()).seen[-1:] == ["nobody"]


async def test_a_handler_that_runs_on_asks_again(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    ticks = itertools.count(100.0, 2.0)  # two seconds go by from each look at the clock to the next
    monkeypatch.setattr("imageroute_app.state.guard.time", SimpleNamespace(monotonic=lambda: next(ticks)))
    async with open_pipeline() as pipeline:
        await pipeline.send("say_who", cookie="ir_session=alice")

        assert (await pipeline.state()).seen == ["alice"]
        assert asked.cookies == ["alice"]


@pytest.mark.parametrize(
    ("header", "token"),
    [
        ("ir_session=abc", "abc"),
        ("a=b; ir_session=abc; ir_anon=x", "abc"),
        ("__Host-ir_session=abc", ""),
        ("", ""),
    ],
)
@pytest.mark.usefixtures("asked")
def test_the_session_is_found_where_it_is(header: str, token: str) -> None:
    assert session_token(header) == token


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "neighbour", ['theme={"dark": true}', "a b=c", "name=J\u00fcrgen", "x=a b c; y", "[]=1", 'odd{}[]="(x)"']
)
def test_a_cookie_of_another_program_of_this_host_signs_nobody_out(neighbour: str) -> None:
    assert session_token(f"{neighbour}; ir_session=token") == "token"
    assert session_token(f"ir_session=token; {neighbour}") == "token"


async def test_tab_faster_than_a_person_is_slowed_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    # The clock stands still: on a busy machine the bucket would fill up again between two presses.
    monkeypatch.setattr("imageroute_app.state.guard.time", SimpleNamespace(monotonic=lambda: 100.0))
    async with open_pipeline() as pipeline:
        for _ in range(70):
            await pipeline.send("note", {"text": "x"})
        await pipeline.send("note", {"text": "y"}, tab="22222222-2222-4333-8444-555555555555")

        assert len((await pipeline.state()).seen) == 60
        assert (await pipeline.state("22222222-2222-4333-8444-555555555555")).seen == ["y"]


async def test_person_with_many_tabs_is_slowed_and_others_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imageroute_app.state.guard.time", SimpleNamespace(monotonic=lambda: 100.0))
    tabs = [f"{number:08d}-2222-4333-8444-555555555555" for number in range(4)]
    async with open_pipeline() as pipeline:
        for tab in tabs:
            for _ in range(60):
                await pipeline.send("note", {"text": "x"}, tab=tab, cookie="ir_session=alice")
        await pipeline.send("note", {"text": "y"}, tab=TAB, cookie="ir_session=bob")

        assert sum([len((await pipeline.state(tab)).seen) for tab in tabs]) == 180
        assert (await pipeline.state()).seen == ["y"]


@pytest.mark.parametrize(
    ("handler", "payload"),
    [
        ("hydrate", {"x": 1}),
        ("hydrate_and_load", {"x": 1}),
        ("hydrate_and_load", {"vars": "x"}),
        ("set_is_hydrated", {}),
        ("set_is_hydrated", {"value": "x"}),
        ("reflex___state____update_vars_internal_state.update_vars_internal", {"vars": "x"}),
        ("reflex___state____frontend_event_exception_state.handle_frontend_exception", {"info": "x"}),
        (
            "reflex___state____frontend_event_exception_state.handle_frontend_exception",
            {"info": 1, "component_stack": []},
        ),
    ],
)
async def test_reflexs_own_handlers_take_what_they_are_made_for_only(handler: str, payload: dict[str, Any]) -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send(f"reflex___state____state.{handler}", payload)

        assert pipeline.guard.refused == {"arguments": 1}


async def test_events_that_handlers_chain_are_not_counted() -> None:
    async with open_pipeline() as pipeline:
        await pipeline.send("chain")

        assert (await pipeline.state()).seen == ["chained"] * 100


def test_handlers_without_marker_or_types_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GuardedState.forgot_marker.fn, "__module__", "imageroute_app.state.example")

    assert [fault for fault in unguarded_handlers() if "guarded_state" in fault] == [
        f"{NAME}.forgot_marker: mark it @public or @signed_in below @rx.event"
    ]


def test_contract_needs_a_type_for_every_argument() -> None:
    def untyped(self, text): ...

    with pytest.raises(KeyError, match="text"):
        contract(untyped)


def test_failed_handler_is_logged_without_its_input_and_told_with_a_number(caplog: pytest.LogCaptureFixture) -> None:
    told: list[str] = []
    report = backend_exception_handler(told.append)

    report(ValueError("canary"))

    error_id = told[0].partition("noted as ")[2].partition(".")[0]
    assert f"error {error_id}: ValueError" in caplog.text
    assert "canary" not in caplog.text


def test_browsers_error_text_is_not_kept(caplog: pytest.LogCaptureFixture) -> None:
    guard.frontend_exception_handler(Exception("canary"))

    assert "a page reported an error, 6 characters" in caplog.text
    assert "canary" not in caplog.text


def test_refusals_are_logged_by_powers_of_ten(caplog: pytest.LogCaptureFixture) -> None:
    async def nobody(cookie: str) -> None:
        return None

    watcher = Guard(nobody, sign_in_path="/sign-in")
    for _ in range(150):
        watcher._refuse("pace")

    assert len(caplog.records) == 3
