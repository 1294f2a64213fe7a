"""The grid of pictures: our own custom element (assets/grid.js), fed over HTTP so that no list travels over the socket."""

import dataclasses
from typing import Any

import reflex as rx
from reflex_base.vars.object import ObjectVar


@dataclasses.dataclass
class CustomEvent:
    """What a handler gets of a DOM CustomEvent."""

    detail: str = ""


def detail_spec(event: ObjectVar[CustomEvent]) -> tuple[rx.Var[str]]:
    """Hand the event's detail to the handler."""
    return (event.detail.to(str),)


class Grid(rx.el.Div):
    """<ir-grid>. React listens to a custom element's own events by their names, so on_open hears "Open"."""

    # The name that the memoized component of this tag gets must be an identifier, so the element's goes through a constant.
    tag = "IrGrid"
    _is_tag_in_global_scope = False

    on_open: rx.EventHandler[detail_spec]
    on_trash: rx.EventHandler[detail_spec]
    on_favourite: rx.EventHandler[detail_spec]
    on_loaded: rx.EventHandler[detail_spec]

    def add_custom_code(self) -> list[str]:
        """Name the custom element."""
        return ['const IrGrid = "ir-grid";']


def grid(source: str, attributes: dict[str, Any], **props: Any) -> rx.Component:
    """Draw the grid of one source; `attributes` are those of assets/grid.js."""
    return Grid.create(role="list", class_name="grid", custom_attrs={"src": source, **attributes}, **props)
