"""Consents and choices: a switch for each purpose that has one, the freeze, and the history with its receipts."""

import reflex as rx

from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.components.privacy.frame import part
from imageroute_app.domain.choices import FREEZE_WORDS, SIGNAL_WORDS
from imageroute_app.domain.purposes import PURPOSES, PurposeFacts, Toggle
from imageroute_app.state.choice_views import EventView, SwitchView
from imageroute_app.state.choices import ChoicesState
from imageroute_app.state.privacy import PrivacyState

FREEZE = "Freeze my data"
PLAIN = (
    "These switches need JavaScript. The page “The same without script” below has each as a button that works without."
)


def choices() -> rx.Component:
    """Draw the section."""
    return part(
        "choices",
        "Consents and choices",
        rx.el.ul(rx.foreach(ChoicesState.switches, _switch), _freeze(), role="list", class_name="cns"),
        rx.el.noscript(rx.el.p(PLAIN, class_name="note warn")),
        _without_switch(),
        _history(),
        rx.el.p(link("The same without script", href="/privacy-center/choices", class_name="lk"), class_name="small"),
        says="What needs your yes is off until you switch it on, and goes off the same way. Nothing here changes a price, a"
        " limit or your place in the queue.",
        act=signal_badge(),
    )


def signal_badge() -> rx.Component:
    """Say that the browser's opt-out signal is honoured, where one came in."""
    return rx.cond(
        PrivacyState.has_signal,
        rx.el.span(
            icon("shield-check", "s"), SIGNAL_WORDS, class_name="tag ok", title="Your browser's signal is honoured"
        ),
        rx.fragment(),
    )


def _switch(view: rx.Var[SwitchView]) -> rx.Component:
    name = "choice-" + view.purpose
    return rx.el.li(
        rx.el.div(
            rx.el.label(rx.el.b(view.title), html_for=name),
            rx.el.p(view.words, id=name + "-words", class_name="small q2"),
            _decided(view),
            class_name="two grow",
        ),
        rx.el.span(
            rx.el.span(view.state, class_name="small q3", aria_hidden="true"),
            rx.el.input(
                type="checkbox",
                role="switch",
                id=name,
                class_name="sw",
                aria_describedby=name + "-words",
                checked=view.is_on,
                on_change=lambda is_on: ChoicesState.set_choice(view.purpose, is_on),
            ),
            class_name="row",
        ),
        key=view.purpose,
    )


def _decided(view: rx.Var[SwitchView]) -> rx.Component:
    when = rx.cond(view.at != "", rx.fragment(", ", moment(view.at, "both")), rx.fragment())
    ends = rx.cond(view.ends != "", rx.fragment(" · asked again after ", moment(view.ends, "day")), rx.fragment())
    return rx.el.p(view.decided, when, ends, " · ", view.basis, class_name="small q3 decided")


def _freeze() -> rx.Component:
    words = FREEZE_WORDS.removeprefix(f"{FREEZE}. ")
    button = rx.el.button(FREEZE, type="button", class_name="btn line sm", on_click=ChoicesState.freeze_data)
    lift = rx.el.button("Lift the freeze", type="button", class_name="btn line sm", on_click=ChoicesState.ask_lifting)
    return rx.el.li(
        rx.el.div(
            rx.el.b(FREEZE, id="freeze", tab_index=-1),
            rx.el.p(words, class_name="small q2"),
            rx.el.div(
                rx.cond(
                    ChoicesState.is_frozen,
                    rx.el.p(
                        rx.el.span(icon("snowflake", "s"), "Frozen", class_name="tag warn"),
                        rx.el.span("since ", moment(ChoicesState.frozen_at, "both")),
                        class_name="small frozen",
                    ),
                    rx.fragment(),
                ),
                rx.cond(ChoicesState.lift_words != "", _lifting(), rx.fragment()),
                role="status",
            ),
            class_name="two grow",
        ),
        rx.cond(
            ChoicesState.is_frozen,
            rx.cond(ChoicesState.lift_words == "", lift, rx.fragment()),
            button,
        ),
    )


def _lifting() -> rx.Component:
    return rx.el.div(
        rx.el.p(ChoicesState.lift_words),
        rx.el.div(
            rx.el.button("Lift it now", type="button", class_name="btn line sm", on_click=ChoicesState.lift_freeze),
            rx.el.button("Stay frozen", type="button", class_name="btn line sm", on_click=ChoicesState.stay_frozen),
            class_name="row",
        ),
        class_name="note warn lifting",
    )


def _without_switch() -> rx.Component:
    told = [facts for facts in PURPOSES.values() if facts.toggle is Toggle.NONE]
    return rx.el.details(
        rx.el.summary("What has no switch, and why", class_name="lk small"),
        rx.el.ul(*[_told(facts) for facts in told], role="list", class_name="cns"),
        class_name="more",
    )


def _told(facts: PurposeFacts) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.b(facts.title),
            rx.el.p(facts.sentence, " ", facts.no_toggle, class_name="small q2"),
            rx.el.p(facts.basis.value, class_name="small q3"),
            class_name="two grow",
        ),
    )


def _history() -> rx.Component:
    older = rx.el.button(
        "Show older", type="button", class_name="btn line sm", on_click=ChoicesState.show_older_choices
    )
    kept = rx.fragment(
        rx.el.p(ChoicesState.proof, class_name="small q3"),
        rx.el.ul(rx.foreach(ChoicesState.history, _event), role="list", class_name="events", aria_label="Your choices"),
        rx.cond(ChoicesState.has_more, older, rx.fragment()),
    )
    return rx.el.details(
        rx.el.summary("History and receipts", class_name="lk small"),
        rx.cond(
            ChoicesState.history.length() > 0,
            kept,
            rx.el.p("Nothing decided yet, so there is nothing on record.", class_name="small q3"),
        ),
        class_name="more",
    )


def _event(view: rx.Var[EventView]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.b(view.title), ": ", view.event.lower(), " ", view.way),
            rx.el.p(
                moment(view.at, "both"),
                " · policy of ",
                link(view.policy, href="/privacy/versions/" + view.policy),
                class_name="small q3",
            ),
            rx.el.p("“", view.words, "”", class_name="small q2 shown"),
            class_name="two grow",
        ),
        link(icon("download", "s"), "Receipt", href=view.receipt, class_name="btn line sm", aria_label=view.label),
        key=view.id,
    )
