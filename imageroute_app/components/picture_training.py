"""The training switch of one picture, with the words that are kept, how long it rests, and its history."""

import reflex as rx

from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.domain.choices import NEVER_MINORS, TRAINING_WORDS
from imageroute_app.state.choice_views import EventView
from imageroute_app.state.picture_training import PictureTrainingState

TITLE = "Allow training on this picture"
WORDS = "training-words"


def picture_training() -> rx.Component:
    """Draw the part of the inspector."""
    return rx.cond(
        PictureTrainingState.is_offered,
        rx.el.section(
            rx.cond(PictureTrainingState.is_minor, _never(), _switch()),
            rx.cond(PictureTrainingState.history.length() > 0, _history(), rx.fragment()),
            class_name="ptrain",
        ),
        rx.fragment(),
    )


def _never() -> rx.Component:
    return rx.fragment(rx.el.h3("AI training", class_name="h4"), rx.el.p(NEVER_MINORS, class_name="small q2"))


def _switch() -> rx.Component:
    return rx.fragment(
        rx.el.h3("AI training", class_name="h4"),
        rx.el.label(
            rx.el.b(TITLE),
            rx.el.input(
                type="checkbox",
                role="switch",
                class_name="sw",
                aria_label=TITLE,
                aria_describedby=WORDS,
                checked=PictureTrainingState.is_on,
                on_change=lambda is_on: PictureTrainingState.set_training(PictureTrainingState.image_id, is_on),
            ),
            class_name="row between",
        ),
        rx.el.p(TRAINING_WORDS.removeprefix(f"{TITLE}. "), id=WORDS, class_name="small q2"),
        rx.el.p(
            rx.cond(
                PictureTrainingState.is_on,
                rx.cond(
                    PictureTrainingState.is_resting,
                    rx.fragment("On. Rests until ", moment(PictureTrainingState.cooled, "both"), "."),
                    "On. It may be in the next build.",
                ),
                "Off. It is in no build to come.",
            ),
            role="status",
            class_name="small q3",
        ),
    )


def _history() -> rx.Component:
    return rx.el.details(
        rx.el.summary("History", class_name="lk small"),
        rx.el.ul(rx.foreach(PictureTrainingState.history, _event), role="list", aria_label="Training on this picture"),
    )


def _event(view: rx.Var[EventView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(view.event, " ", view.way, ", ", moment(view.at, "both")),
        link("Receipt", href=view.receipt, aria_label=view.label),
        class_name="row between small",
        key=view.id,
    )
