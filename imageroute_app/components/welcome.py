"""The choices of the first visit, below the first pictures: they can be skipped, and nothing waits for them."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.forms import setting
from imageroute_app.components.icons import icon_button
from imageroute_app.domain.choices import OBJECT_WORDS
from imageroute_app.domain.purposes import PURPOSES, Purpose
from imageroute_app.state.welcome import WelcomeState

LEVELS = (("strict", "Strict"), ("balanced", "Balanced"), ("any", "Any"))


def _level() -> rx.Component:
    buttons = [
        rx.el.button(
            name,
            type="button",
            aria_pressed=WelcomeState.level == value,
            on_click=WelcomeState.choose_level(value),
        )
        for value, name in LEVELS
    ]
    return rx.el.div(*buttons, class_name="seg", role="group", aria_label="Privacy level")


def _settings() -> rx.Component:
    return rx.el.input(
        type="checkbox",
        role="switch",
        class_name="sw",
        aria_label="Settings in downloaded files",
        checked=WelcomeState.keeps_settings,
        on_change=WelcomeState.keep_settings,
    )


def _newsletter() -> rx.Component:
    return rx.el.input(
        type="checkbox",
        role="switch",
        class_name="sw",
        aria_label="Newsletter",
        checked=WelcomeState.wants_newsletter,
        on_change=WelcomeState.want_newsletter,
    )


def welcome() -> rx.Component:
    """Draw the card until it is put away."""
    card = rx.el.section(
        rx.el.div(
            rx.el.h2("Your choices, now or later", class_name="h3", id="welcome"),
            icon_button("Skip these choices", "x", on_click=WelcomeState.close),
            class_name="row between",
        ),
        setting(
            "Privacy level",
            "Strict: no training, kept 30 days or less, EU or this server only. Balanced: nobody who says they train"
            " on it. Any: whoever you pick",
            _level(),
        ),
        setting(
            "Settings in downloaded files",
            "Prompt, model and seed inside the file, so that it can be made again",
            _settings(),
        ),
        setting(
            "Newsletter",
            rx.cond(
                WelcomeState.is_waiting,
                "We sent you a mail that asks; nothing else comes until you answer it",
                PURPOSES[Purpose.NEWSLETTER].sentence,
            ),
            _newsletter(),
        ),
        setting(
            "You may object",
            OBJECT_WORDS.removeprefix("You may object. "),
            rx.el.a("Switches", href=f"{paths.PRIVACY_CENTER}#choices", class_name="lk"),
        ),
        rx.el.button("Done", type="button", class_name="btn ink", on_click=WelcomeState.close),
        class_name="card welcome",
        aria_labelledby="welcome",
    )
    return rx.cond(WelcomeState.is_shown, card, rx.fragment())
