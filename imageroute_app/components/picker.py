"""The model picker: everyone who could draw the next picture, with price, usual time, country, retention, training, health.

Closed rows keep their facts and name the rule that closes them. The radios belong to the form, so what is sent is what is seen.
"""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.marks import bullet
from imageroute_app.components.popovers import close_button, popover
from imageroute_app.components.rule import FAILOVERS, LEVELS
from imageroute_app.state.create import CreateState
from imageroute_app.state.form import MODES
from imageroute_app.state.picker import PickerState
from imageroute_app.state.views import ModelView

START = CreateState.start
HEAD = ("Model", "Rule it breaks", "Credits", "Usual", "Country", "Kept", "Trains", "Health")


def _segments(choices: tuple[tuple[str, str], ...], chosen: rx.Var[str], event: object, label: str) -> rx.Component:
    buttons = [
        rx.el.button(name, type="button", aria_pressed=chosen == value, on_click=event(value))
        for value, name in choices
    ]
    return rx.el.div(*buttons, class_name="seg", role="group", aria_label=label)


def _rule() -> rx.Component:
    own = rx.el.button(
        "Back to your own rule", type="button", class_name="btn line sm", on_click=PickerState.set_level("own")
    )
    return rx.el.div(
        rx.el.div(
            rx.el.input(
                type="search",
                placeholder="Search models",
                aria_label="Search models",
                class_name="in sm grow",
                custom_attrs={"data-filter-rows": "picker"},
            ),
            _segments(LEVELS, CreateState.level, PickerState.set_level, "Privacy level"),
            class_name="row wrapx",
        ),
        rx.el.p(
            rx.el.span(
                rx.match(
                    CreateState.level,
                    ("strict", "Strict: no training, kept 30 days or less, EU or local only. "),
                    ("balanced", "Balanced: nobody who says they train on it. "),
                    "Any: nobody is left out by the level. ",
                ),
                CreateState.fits,
            ),
            rx.cond(CreateState.is_own_rule, rx.fragment(), own),
            class_name="row between small q2",
        ),
        class_name="hd",
    )


def _mode(value: str, name: str, meaning: str) -> rx.Component:
    return rx.el.label(
        rx.el.input(
            type="radio",
            name="model",
            value=value,
            default_checked=START.model == value,
            class_name="sr",
            on_change=CreateState.set_field("model", value),
        ),
        rx.el.b(name),
        title=meaning,
        class_name="opt mode",
    )


def _modes() -> rx.Component:
    options = [_mode(value, name, meaning) for value, (_, name, meaning) in MODES.items()]
    return rx.cond(
        CreateState.has_companies & ~CreateState.is_comparing,
        rx.el.div(*options, class_name="modes", role="group", aria_label="Let us choose"),
        rx.fragment(),
    )


def _mark(view: rx.Var[ModelView]) -> rx.Component:
    """Draw the row's own control: one choice, or one of several to compare."""
    is_compared = CreateState.compare.contains(view.key)
    return rx.cond(
        CreateState.is_comparing,
        rx.el.input(
            type="checkbox",
            checked=is_compared,
            disabled=(view.closed != "") | ((CreateState.compare.length() >= 4) & ~is_compared),
            class_name="chk",
            on_change=PickerState.toggle_compared(view.key).stop_propagation,
        ),
        rx.el.input(
            type="radio",
            name="model",
            value=view.key,
            default_checked=START.model == view.key,
            disabled=view.closed != "",
            class_name="chk round",
            on_change=CreateState.set_field("model", view.key),
        ),
    )


def _health(view: rx.Var[ModelView]) -> rx.Component:
    return rx.el.span(
        rx.el.i(class_name="dot", aria_hidden="true"), view.health_text, class_name="health " + view.health
    )


def _row(view: rx.Var[ModelView]) -> rx.Component:
    is_closed = view.closed != ""
    broken = rx.cond(is_closed, rx.el.span(icon("ban", "s"), view.closed, class_name="br"), rx.fragment())
    name = rx.el.label(
        _mark(view),
        bullet(view.letter, view.line, ""),
        rx.el.span(rx.el.b(view.name), rx.el.span(view.company, class_name="sub"), class_name="grow"),
    )
    facts = (view.usual, view.country, view.kept, view.trained)
    return rx.el.tr(
        rx.el.td(name),
        rx.el.td(broken),
        rx.el.td(
            view.credits,
            rx.el.span(rx.cond(view.credits == 1, " credit", " credits"), class_name="unit"),
            class_name="num",
        ),
        *[rx.el.td(fact) for fact in facts],
        rx.el.td(_health(view)),
        class_name=rx.cond(is_closed, "dis", ""),
        custom_attrs={"data-words": view.name + " " + view.company + " " + view.country},
        key=view.key,
    )


def _foot() -> rx.Component:
    compare = rx.el.button(
        rx.cond(CreateState.is_comparing, "One model", "Compare up to 4"),
        type="button",
        class_name="btn line sm",
        aria_pressed=CreateState.is_comparing,
        on_click=PickerState.set_comparing(~CreateState.is_comparing),
    )
    return rx.el.div(
        rx.el.div(
            rx.el.span("If it fails, ask another", class_name="small q2"),
            _segments(FAILOVERS, CreateState.failover, PickerState.set_failover, "If it fails, ask another"),
            class_name="row wrapx",
        ),
        rx.el.div(
            rx.el.span("Facts checked ", CreateState.checked, ". ", link("Sources", href=paths.PROCESSORS)),
            rx.cond(CreateState.has_companies, compare, rx.fragment()),
            class_name="row between small q2",
        ),
        rx.cond(CreateState.has_companies, rx.fragment(), _how_to_add()),
        class_name="ft",
    )


def _how_to_add() -> rx.Component:
    return rx.el.p(
        "Only our own engine is set up here. To add a company, put its key into the settings, for example ",
        rx.el.code(CreateState.key_example),
        ", or the address of your own server, for example ",
        rx.el.code(CreateState.url_example),
        ", and start again.",
        class_name="small q2",
    )


def picker_popover() -> rx.Component:
    """Draw the picker; a sheet on a phone."""
    heads = [rx.el.th(name, class_name="num" if name == "Credits" else "", scope="col") for name in HEAD]
    heads[1] = rx.el.th(rx.el.span(HEAD[1], class_name="sr"), scope="col")
    return popover(
        rx.el.h2("Who draws it", class_name="h4 sr"),
        _rule(),
        _modes(),
        rx.el.div(
            rx.el.table(
                rx.el.thead(rx.el.tr(*heads)),
                rx.el.tbody(rx.foreach(CreateState.models, _row), id="picker-rows"),
                class_name="tbl",
                key=CreateState.form_key,
            ),
            class_name="tw",
            tab_index=0,
            role="group",
            aria_label="Models",
        ),
        _foot(),
        close_button("picker"),
        name="picker",
        label="Who draws it",
        class_name="picker",
    )
