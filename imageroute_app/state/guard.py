"""Decide which events of a browser may run. Denied unless allowed.

Reflex lets anyone with a socket call any public method of any state, with any arguments. The guard runs before every
handler: it binds the state to the person behind this connection and empties it when that changes, then lets through
only handlers that are marked, with exactly the arguments that their annotations describe, no faster than people act.
What it refuses it counts and drops; the browser learns nothing.
"""

import inspect
import json
import logging
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any, NotRequired, TypeVar, get_type_hints
from urllib.parse import quote

import reflex as rx
from pydantic import ConfigDict, TypeAdapter, ValidationError
from reflex.middleware.middleware import Middleware
from reflex.state import (
    BaseState,
    FrontendEventExceptionState,
    OnLoadInternalState,
    State,
    StateUpdate,
    UpdateVarsInternalState,
)
from reflex_base.event import Event
from reflex_base.registry import RegistrationContext
from reflex_base.utils.form import form_data_as_dict
from typing_extensions import TypedDict

from imageroute_app.logs import new_error_id, trace
from imageroute_app.pace import Buckets, household

logger = logging.getLogger(__name__)

POLICY = "__ir_policy__"
PROOF_S = 1.0
"""For how long a handler may go by what the guard found out for its own event; one that runs on asks again."""
FRAMEWORK = frozenset(
    f"{state.get_full_name()}.{name}"
    for state, names in {
        State: ("hydrate", "hydrate_and_load", "set_is_hydrated"),
        OnLoadInternalState: ("on_load_internal", "set_is_hydrated"),
        UpdateVarsInternalState: ("update_vars_internal",),
        FrontendEventExceptionState: ("handle_frontend_exception",),
    }.items()
    for name in names
)
"""Reflex's own handlers that a page needs. Every state's `setvar` is not among them."""

F = TypeVar("F", bound=Callable[..., Any])
ResolveSession = Callable[[str], Awaitable[str | None]]
"""From a Cookie header to the id of the person whose session it is, or None."""


def public(handler: F) -> F:
    """Let anyone send this event. Stands below @rx.event."""
    setattr(handler, POLICY, "public")
    return handler


def signed_in(handler: F) -> F:
    """Let only a signed-in person send this event; others are led to the sign-in page. Stands below @rx.event."""
    setattr(handler, POLICY, "signed_in")
    return handler


_proof: ContextVar[tuple[str, str, float] | None] = ContextVar("_proof", default=None)
"""Cookie header, owner and when: what the guard asked the database for the event of this task."""


def proven(cookie_header: str) -> str | None:
    """Return whose session the guard has just seen behind this very event and cookie; None where it must be asked again."""
    found = _proof.get()
    if found is None or found[0] != cookie_header or time.monotonic() - found[2] > PROOF_S:
        return None
    return found[1]


class Binding(rx.State):
    """Whose state this is: None until the first event, then an owner's id, or an empty text for nobody."""

    _owner: str | None = None


class Guard(Middleware):
    """Reflex middleware that every event passes before its handler."""

    def __init__(self, resolve_session: ResolveSession, *, sign_in_path: str) -> None:
        """Ask `resolve_session` on every event, so that an ended session ends here at once."""
        self._resolve_session = resolve_session
        self._sign_in_path = sign_in_path
        self._contracts: dict[str, TypeAdapter[Any]] = {}
        self._by_tab = Buckets(per_s=30, burst=60)
        self._by_person = Buckets(per_s=90, burst=180)
        self._by_address = Buckets(per_s=500, burst=1000)
        self.refused: Counter[str] = Counter()

    async def preprocess(self, app: rx.App, state: BaseState, event: Event) -> StateUpdate | None:
        """Return None to let the event's handler run, an update to answer in its place."""
        _proof.set(None)
        if "sid" in event.router_data and not self._is_calm(event.router_data):
            return self._refuse("pace")
        cookie = str(state.router_data.get("headers", {}).get("cookie", ""))
        asked_s = time.monotonic()
        owner = await self._resolve_session(cookie)
        if owner:
            _proof.set((cookie, owner, asked_s))
        await self._bind(state, owner or "")
        if owner and "sid" in event.router_data and not self._by_person.take(owner, time.monotonic()):
            return self._refuse("pace")
        handler = find_handler(event.name)
        policy = "public" if event.name in FRAMEWORK else getattr(handler, POLICY, None)
        if handler is None or policy is None:
            return self._refuse("unmarked")
        if policy == "signed_in" and not owner:
            return self._lead_to_sign_in(state)
        if not self._fits(event, handler):
            return self._refuse("arguments")
        return None

    def _is_calm(self, router_data: dict[str, Any]) -> bool:
        """Say whether this tab and this address keep to a person's pace; events that handlers chain are not counted."""
        now_s = time.monotonic()
        tab, address = str(router_data.get("token", "")), household(str(router_data.get("ip", "")))
        return self._by_tab.take(tab, now_s) and self._by_address.take(address, now_s)

    async def _bind(self, state: BaseState, owner: str) -> None:
        binding = await state.get_state(Binding)
        if binding._owner == owner:
            return
        if binding._owner is not None:
            root = state._get_root_state()
            root.reset()
            binding = await root.get_state(Binding)
        binding._owner = owner

    def _fits(self, event: Event, handler: Callable[..., Any]) -> bool:
        if event.name not in self._contracts:
            self._contracts[event.name] = contract(handler)
        try:
            payload = {name: form_data_as_dict(value) for name, value in event.payload.items()}
            self._contracts[event.name].validate_json(json.dumps(payload))
        except (ValidationError, TypeError, ValueError):
            return False
        return True

    def _refuse(self, reason: str) -> StateUpdate:
        self.refused[reason] += 1
        count = self.refused[reason]
        if str(count).rstrip("0") == "1":
            logger.warning("events refused for %s: %d so far", reason, count)
        return StateUpdate()

    def _lead_to_sign_in(self, state: BaseState) -> StateUpdate:
        self.refused["signed out"] += 1
        back = quote(str(state.router_data.get("asPath", "/")), safe="/")
        return StateUpdate(events=Event.from_event_type(rx.redirect(f"{self._sign_in_path}?next={back}")))


def find_handler(event_name: str) -> Callable[..., Any] | None:
    """Return the function behind an event's full name."""
    registered = RegistrationContext.get().event_handlers.get(event_name)
    return registered.handler.fn if registered else None


def contract(handler: Callable[..., Any]) -> TypeAdapter[Any]:
    """Return the strict shape of the handler's arguments: no coercion, nothing missing, nothing more."""
    hints = get_type_hints(handler)
    _, *parameters = inspect.signature(handler).parameters.values()
    shape: dict[str, Any] = {
        item.name: hints[item.name] if item.default is item.empty else NotRequired[hints[item.name]]
        for item in parameters
    }
    arguments = TypedDict("arguments", shape)  # pyright: ignore[reportArgumentType] - its fields are known at run time
    setattr(arguments, "__pydantic_config__", ConfigDict(strict=True, extra="forbid"))  # noqa: B010 - no known attribute
    return TypeAdapter(arguments)


def unguarded_handlers() -> list[str]:
    """Return what the build must not contain: our handlers without a marker or with an argument of unknown type."""
    faults: list[str] = []
    for name in RegistrationContext.get().event_handlers:
        handler = find_handler(name)
        if handler is None or not handler.__module__.startswith("imageroute_app"):
            continue
        if getattr(handler, POLICY, None) is None:
            faults.append(f"{name}: mark it @public or @signed_in below @rx.event")
        try:
            contract(handler)
        except KeyError as missing:
            faults.append(f"{name}: annotate {missing}")
    return faults


def frontend_exception_handler(exception: Exception) -> None:
    """Count a page's own error; its text comes from the browser and is not kept."""
    logger.warning("a page reported an error, %d characters", len(str(exception)))


def backend_exception_handler(tell: Callable[[str], Any]) -> Callable[[Exception], Any]:
    """Return rx.App's `backend_exception_handler`: it logs without the input and tells the person a number to quote.

    Args:
        tell: From a sentence to the event that shows it, such as `SessionState.tell`. Never a toast: those need eval.
    """

    def report(exception: Exception) -> rx.event.EventSpec | None:
        error_id = new_error_id()
        logger.error("handler failed, error %s: %s", error_id, trace(exception))
        return tell(f"Something broke on our side and was noted as {error_id}. Nothing was charged for it; try again.")

    return report


def install(app: rx.App, guard: Guard) -> None:
    """Put the guard before every event, and stop Reflex from answering a page's error with a script (it needs eval)."""
    FrontendEventExceptionState.auto_reload_on_errors = []
    app.add_middleware(guard, index=0)
