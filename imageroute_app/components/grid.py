"""Our own custom elements as components: the grid of pictures and the filmstrip of the lightbox.

What they show comes over HTTP, so that no list travels over the socket. Their scripts are files of ours (assets/grid.js,
assets/film.js), so that the policy for scripts holds; see there for attributes and events.
"""

import dataclasses
from typing import Any

import reflex as rx
from reflex_base.components.memoize_helpers import get_memoized_event_triggers
from reflex_base.utils.imports import ImportVar
from reflex_base.vars.base import Var
from reflex_base.vars.object import ObjectVar

from imageroute_app.components.scripts import module, when_shown


@dataclasses.dataclass
class Detail:
    """What our elements tell with an event."""

    id: str = ""
    shown: int = 0
    done: bool = False
    count: int = 0
    everything: bool = False
    verb: str = ""
    ids: str = ""
    but: str = ""


@dataclasses.dataclass
class ElementEvent:
    """What a handler may read of an event of ours."""

    detail: Detail = dataclasses.field(default_factory=Detail)


def picked(event: ObjectVar[ElementEvent]) -> tuple[rx.Var[str]]:
    """Hand on the id of the picture that the event names."""
    return (event.detail.id,)


def counted(event: ObjectVar[ElementEvent]) -> tuple[rx.Var[int], rx.Var[bool]]:
    """Hand on how many pictures are shown, and whether that is all."""
    return event.detail.shown, event.detail.done


def chosen(event: ObjectVar[ElementEvent]) -> tuple[rx.Var[int], rx.Var[bool]]:
    """Hand on how many pictures are chosen, or left out of everything."""
    return event.detail.count, event.detail.everything


def acted(
    event: ObjectVar[ElementEvent],
) -> tuple[rx.Var[str], rx.Var[str], rx.Var[bool], rx.Var[str]]:
    """Hand on the verb and the choice that it works on."""
    return event.detail.verb, event.detail.ids, event.detail.everything, event.detail.but


class Island(rx.el.Div):
    """A custom element whose inside is its own: React sets attributes, and our hook listens to its events.

    React 19 does not attach a custom element's events when it hydrates, and empties an element that it hydrates unless
    the inside is declared as foreign; the constant keeps React from declaring it anew, and so emptying it, later.
    """

    on_open: rx.EventHandler[picked]
    on_trash: rx.EventHandler[picked]
    on_favourite: rx.EventHandler[picked]
    on_state: rx.EventHandler[counted]
    on_choose: rx.EventHandler[chosen]
    on_act: rx.EventHandler[acted]

    # The name that the memoized component of this tag gets must be an identifier, so the element's goes through a constant.
    _is_tag_in_global_scope = False

    @classmethod
    def create(cls, *children: Any, **props: Any) -> "Island":
        """Create the element; its handlers keep their identity, so that listeners are attached once."""
        island = super().create(*children, **props)
        island.event_triggers = {**island.event_triggers, **get_memoized_event_triggers(island)}
        return island

    def _exclude_props(self) -> list[str]:
        return [*super()._exclude_props(), *self.event_triggers]

    def add_imports(self) -> dict[str, Any]:
        """Import what the hook uses."""
        return {"react": [ImportVar(tag="useEffect")]}

    def add_hooks(self) -> list[str | Var[Any]]:
        """Listen to the element; what it told before this page was awake is asked for again."""
        names = sorted(self.event_triggers)
        handlers = ", ".join(f'["ir-{name.removeprefix("on_")}", {self.event_triggers[name]!s}]' for name in names)
        watched = ", ".join(str(self.event_triggers[name]) for name in names)
        hook = f"""
useEffect(() => {{
    const element = {self.get_ref()}.current;
    const heard = [{handlers}].map(([name, act]) => [name, (event) => {{ event.preventDefault(); act(event); }}]);
    for (const [name, act] of heard) element.addEventListener(name, act);
    element.tell?.(true);
    return () => {{ for (const [name, act] of heard) element.removeEventListener(name, act); }};
}}, [{watched}]);
"""
        return [Var(hook)]


class Grid(Island):
    """<ir-grid>."""

    tag = "IrGrid"

    def add_custom_code(self) -> list[str]:
        """Name the custom element, and keep one value for its foreign inside."""
        return ['const IrGrid = "ir-grid";', 'const gridInside = { __html: "" };']


class Film(Island):
    """<ir-film>."""

    tag = "IrFilm"

    def add_custom_code(self) -> list[str]:
        """Name the custom element."""
        return ['const IrFilm = "ir-film";']


def grid(source: str, attributes: dict[str, Any], **handlers: Any) -> rx.Component:
    """Draw the pictures of a source; `attributes` are those of assets/grid.js.

    Before on_load ran, a tab's state still holds what an earlier visit left in it: until then no attribute is set.
    """
    fresh = {name: rx.cond(rx.State.is_hydrated, value, Var("undefined")) for name, value in attributes.items()}
    foreign = {"dangerouslySetInnerHTML": Var("gridInside"), "suppressHydrationWarning": True}
    return Grid.create(id="grid", custom_attrs={"src": source, "aria-busy": "true", **foreign, **fresh}, **handlers)


def film(attributes: dict[str, Any], **handlers: Any) -> rx.Component:
    """Draw what surrounds the open picture; `attributes` are those of assets/film.js."""
    return Film.create(id="film", custom_attrs=attributes, **handlers)


class Comparison(rx.el.Div):
    """<ir-compare>: its inside is React's, and moves by style; it tells nothing."""

    tag = "IrCompare"
    _is_tag_in_global_scope = False

    def add_custom_code(self) -> list[str]:
        """Name the custom element."""
        return ['const IrCompare = "ir-compare";']


def comparison(*frames: rx.Component) -> rx.Component:
    """Draw frames whose pictures zoom and move together (assets/compare.js)."""
    return Comparison.create(
        *frames,
        role="group",
        aria_label="Compared pictures, zoom with + and -",
        tab_index=0,
        custom_attrs=when_shown("compare"),
    )


def scripts() -> rx.Component:
    """Load what draws the grid and the film strip."""
    return module("grid", "high")
