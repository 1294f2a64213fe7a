"""The mask editor: a dialog around <ir-mask> (assets/mask.js), with the words, the route and the price beside it.

The painting never travels over the socket: the element sends it to our upload route and tells the state its id.
"""

from typing import Any

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.grid import Island, picked
from imageroute_app.components.icons import icon_button
from imageroute_app.components.marks import stop
from imageroute_app.components.scripts import when_shown
from imageroute_app.state.create import CreateState
from imageroute_app.state.edit import EditState
from imageroute_app.state.views import StopView

DEBOUNCE_MS = 400
SOURCE = CreateState.source


class Mask(Island):
    """<ir-mask>."""

    tag = "IrMask"
    on_done: rx.EventHandler[picked]

    def add_custom_code(self) -> list[str]:
        """Name the custom element."""
        return ['const IrMask = "ir-mask";']


def _route() -> rx.Component:
    you = StopView(kind="you", name="You", sub="The picture and the mask. GPS and camera data removed")
    home = StopView(kind="home", name="Your gallery", sub="Private, linked to the picture it came from")
    return rx.el.ol(
        stop(rx.Var.create(you)),
        rx.foreach(CreateState.route, stop),
        stop(rx.Var.create(home)),
        class_name=rx.Var.create("route v ln-") + CreateState.model.line,
        aria_label="Route of this edit",
    )


def _side() -> rx.Component:
    words = rx.el.label(
        rx.el.span("What should be there", class_name="flabel"),
        rx.el.textarea(
            default_value=CreateState.start.prompt,
            rows="3",
            dir="auto",
            class_name="in area",
            on_change=lambda value: EditState.say(value).debounce(DEBOUNCE_MS),
        ),
        class_name="field",
    )
    return rx.el.div(
        words,
        rx.el.div(
            rx.el.h3("Route", class_name="h4"),
            _route(),
            class_name="way",
        ),
        class_name="sd",
    )


def _element(attributes: dict[str, Any]) -> rx.Component:
    script = {**when_shown("mask"), "data-script-name": "The brushes"}
    return Mask.create(id="mask", custom_attrs={**attributes, **script}, on_done=EditState.take_mask)


def mask_editor() -> rx.Component:
    """Draw the dialog while a mask is painted."""
    head = rx.el.div(
        dialog.title(rx.el.h2("Paint what should change", class_name="h4"), as_child=True),
        rx.el.span(SOURCE.name, class_name="q3 small clip"),
        rx.el.span(class_name="grow"),
        dialog.close(icon_button("Close", "x"), as_child=True),
        class_name="mh",
    )
    content = dialog.content(
        head,
        _element({"src": SOURCE.original, "width": SOURCE.width, "height": SOURCE.height, "name": SOURCE.name}),
        _side(),
        class_name="mask",
        aria_describedby=None,
    )
    return dialog.root(
        dialog.portal(dialog.overlay(class_name="scrim"), content),
        open=EditState.is_painting,
        on_open_change=EditState.stop_painting,
    )
