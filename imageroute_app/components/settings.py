"""The settings: one panel in the form. A wide screen shows the part that was asked for, a phone all of it as a sheet.

Radio buttons and inputs belong to the browser, so what is sent is what is seen; events only follow them.
"""

import reflex as rx

from imageroute_app.components.popovers import close_button, popover, price_lines
from imageroute_app.domain.catalog import RATIOS, Ratio
from imageroute_app.state.create import CreateState
from imageroute_app.state.form import COUNTS, STYLES, size_value

DEBOUNCE_MS = 400
START = CreateState.start


def _radio(name: str, value: rx.Var[str] | str, start: rx.Var[str], *content: rx.Component) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name=name,
            value=value,
            default_checked=start == value,
            class_name="sr",
            on_change=CreateState.set_field(name, value),
        ),
        *content,
        class_name=f"opt {name}",
    )


def _part(title: str, *content: rx.Component, name: str, class_name: str = "") -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend(title, class_name="h4"),
        rx.el.div(*content, class_name=class_name),
        custom_attrs={"data-part": name},
    )


def _size(ratio: Ratio) -> rx.Component:
    way = "flat" if ratio.width > ratio.height else "tall"
    return _radio(
        "size",
        size_value(ratio),
        START.size,
        rx.el.span(
            rx.el.i(class_name=f"shape {way}", style={"aspectRatio": f"{ratio.width}/{ratio.height}"}),
            class_name="cell",
        ),
        rx.el.b(ratio.name),
        rx.el.span(f"{ratio.width} × {ratio.height}", class_name="q3"),
    )


def _negative() -> rx.Component:
    takes = CreateState.model.takes_negative
    return rx.el.label(
        rx.el.span("Negative prompt", class_name="flabel"),
        rx.el.textarea(
            name="negative",
            default_value=START.negative,
            rows="2",
            dir="auto",
            class_name="in area",
            disabled=~takes,
            on_change=lambda value: CreateState.set_field("negative", value).debounce(DEBOUNCE_MS),
        ),
        rx.el.span(
            rx.cond(takes, "What should not be in it.", CreateState.model.name + " does not use one."),
            class_name="hint",
        ),
        class_name="field",
    )


def _seed() -> rx.Component:
    return rx.el.label(
        rx.el.span("Seed", class_name="flabel"),
        rx.el.input(
            name="seed",
            default_value=START.seed,
            placeholder="Random",
            input_mode="numeric",
            auto_complete="off",
            class_name="in sm",
            on_change=lambda value: CreateState.set_field("seed", value).debounce(DEBOUNCE_MS),
        ),
        rx.el.span("The same seed, prompt and size make the same picture.", class_name="hint"),
        class_name="field",
    )


def settings_popover() -> rx.Component:
    """Draw the panel."""
    return popover(
        rx.el.div(
            _part("Shape", *[_size(ratio) for ratio in RATIOS], name="size", class_name="sizes"),
            _part(
                "How many",
                *[_radio("count", count, START.count, rx.el.span(count)) for count in COUNTS],
                name="count",
                class_name="counts",
            ),
            _part(
                "Style",
                *[_radio("style", style, START.style, rx.el.span(name)) for style, name in STYLES],
                name="style",
                class_name="styles",
            ),
            _part("More", _seed(), _negative(), name="more", class_name="more"),
            key=CreateState.form_key,
        ),
        rx.el.div(rx.el.h2("Price", class_name="h4"), price_lines(), class_name="phone bill"),
        close_button("settings"),
        name="settings",
        label="Settings",
        class_name="settings",
    )
