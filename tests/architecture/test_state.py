"""What a browser can reach of our states: handlers by name, public vars by looking."""

import dataclasses
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from reflex.istate.storage import ClientStorageBase
from reflex.state import BaseState
from reflex_base.registry import RegistrationContext

import imageroute_app.state
from imageroute_app.settings import ROOT
from imageroute_app.state.guard import FRAMEWORK, POLICY, find_handler, unguarded_handlers

FORBIDDEN = {
    "rx.upload": "uploads go through our own route; Reflex's takes anyone's body (SECURITY.md R7, R8)",
    "rx.toast": "a toast from a handler needs eval, which our policy forbids; set the notice var",
    "rx.call_script": "needs eval, which our policy forbids",
    "rx.html": "text of people or providers is never markup",
    "rx.markdown": "text of people or providers is never markup",
    "rx.Cookie": "the browser may set it to anything; nothing of ours may rest on it",
    "rx.LocalStorage": "the browser may set it to anything; nothing of ours may rest on it",
    "rx.SessionStorage": "the browser may set it to anything; nothing of ours may rest on it",
}


@pytest.fixture(scope="module", autouse=True)
def every_state() -> None:
    for module in pkgutil.iter_modules(imageroute_app.state.__path__):
        importlib.import_module(f"imageroute_app.state.{module.name}")


def our_states() -> Iterator[type[BaseState]]:
    for state in RegistrationContext.get().base_states.values():
        if state.__module__.startswith("imageroute_app."):
            yield state


def types_within(annotation: Any) -> Iterator[Any]:
    yield annotation
    for part in get_args(annotation):
        yield from types_within(part)
    if dataclasses.is_dataclass(annotation):
        for item in dataclasses.fields(annotation):
            yield from types_within(item.type)


def test_every_handler_says_who_may_send_it_and_with_what() -> None:
    assert unguarded_handlers() == []


REVIEWED = Path(__file__).with_name("handlers.txt")
"""Every handler that a browser can call, with who may and with what; the test below says which line is new."""


def callable_handlers() -> list[str]:
    found = []
    for name in RegistrationContext.get().event_handlers:
        handler = find_handler(name)
        if handler is None:
            continue
        state, _, method = name.rpartition(".")
        if name in FRAMEWORK:
            found.append(f"{state.rpartition('.')[2]}.{method} reflex")
        elif handler.__module__.startswith("imageroute_app") and (policy := getattr(handler, POLICY, "")):
            told = str(inspect.signature(handler)).replace("imageroute_app.", "")
            found.append(f"{state.rpartition('____')[2]}.{method} {policy} {told}")
    return sorted(found)


def test_what_a_browser_can_call_is_what_was_reviewed() -> None:
    """A new line means: somebody has looked at who may call it, with what, and whose records it touches."""
    assert callable_handlers() == REVIEWED.read_text(encoding="utf-8").splitlines()


@pytest.mark.promise("P32")
def test_only_two_handlers_are_open_to_anybody() -> None:
    anybody = [line.split()[0] for line in callable_handlers() if line.split()[1] == "public"]

    assert anybody == ["session_state.close_notice", "session_state.tell"]


def test_no_public_var_holds_a_domain_type() -> None:
    faults = [
        f"{state.__name__}.{name} holds {kind}"
        for state in our_states()
        for name, var in state.vars.items()
        for kind in types_within(var._var_type)
        if inspect.isclass(kind) and kind.__module__.startswith(("imageroute_app.domain", "imageroute_app.services"))
    ]

    assert faults == []


@pytest.mark.promise("P55")
def test_no_var_comes_from_the_browsers_storage() -> None:
    faults = [
        f"{state.__name__}.{name}"
        for state in our_states()
        for name, item in state.get_fields().items()
        if isinstance(item.default, ClientStorageBase)
    ]

    assert faults == []


@pytest.mark.parametrize("name", FORBIDDEN)
def test_risky_parts_of_reflex_are_not_used(name: str) -> None:
    users = [
        str(path.relative_to(ROOT))
        for path in sorted((ROOT / "imageroute_app").rglob("*.py"))
        if f"{name}(" in path.read_text(encoding="utf-8")
    ]

    assert users == [], FORBIDDEN[name]
