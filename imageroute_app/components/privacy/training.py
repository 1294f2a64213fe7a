"""AI training: off for every picture, the few that were switched on, and the builds that held any."""

import reflex as rx

from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.components.pictures import picture
from imageroute_app.components.privacy.frame import part
from imageroute_app.domain.choices import NEVER_MINORS, TRAINING_WORDS
from imageroute_app.domain.statistics import K
from imageroute_app.state.training import AllowedView, BuildView, TrainingState


def training() -> rx.Component:
    """Draw the section."""
    return part(
        "training",
        "AI training",
        rx.cond(TrainingState.is_minor, rx.el.p(NEVER_MINORS, class_name="q2"), _allowed()),
        rx.el.p(
            "The companies that make your pictures have terms of their own; each says beside Generate whether it trains on what"
            " it gets. Every picture made here also carries a mark that says: not for training.",
            class_name="small q3",
        ),
        says="Off for every picture. Nothing switches on more than one at a time, and nobody else can.",
        act=rx.cond(
            TrainingState.pictures.length() > 1,
            rx.el.button(
                "Switch all off", type="button", class_name="btn line sm", on_click=TrainingState.stop_all_training
            ),
            rx.fragment(),
        ),
    )


def _allowed() -> rx.Component:
    return rx.fragment(
        rx.el.p(rx.el.b(TrainingState.standing, role="status"), class_name="q2"),
        rx.cond(
            TrainingState.pictures.length() > 0,
            rx.el.ul(
                rx.foreach(TrainingState.pictures, _picture),
                role="list",
                class_name="cns trained",
                aria_label="Pictures switched on for training",
            ),
            rx.el.p(
                "To allow one, open it in ",
                link("your gallery", href="/gallery"),
                " and use its switch.",
                class_name="q2",
            ),
        ),
        _builds(),
        rx.el.details(
            rx.el.summary("The words beside that switch", class_name="lk small"),
            rx.el.p(TRAINING_WORDS, class_name="small q2"),
            class_name="more",
        ),
    )


def _picture(view: rx.Var[AllowedView]) -> rx.Component:
    thumb = picture(src=view.thumb, alt="", width=56, height=56, loading="lazy")
    rests = rx.cond(
        view.is_resting,
        rx.fragment(" · rests until ", moment(view.cooled, "day")),
        rx.fragment(" · may be used since ", moment(view.cooled, "day")),
    )
    return rx.el.li(
        rx.cond(view.thumb != "", thumb, rx.fragment()),
        rx.el.div(
            rx.el.b(view.name, class_name="clip", dir="auto"),
            rx.el.p("On since ", moment(view.since, "both"), rests, class_name="small q3"),
            class_name="two grow",
        ),
        rx.el.input(
            type="checkbox",
            role="switch",
            class_name="sw",
            aria_label="Allow training on this picture: " + view.name,
            checked=True,
            on_change=lambda _is_on: TrainingState.stop_training(view.id),
        ),
        key=view.id,
    )


def _builds() -> rx.Component:
    return rx.cond(
        TrainingState.builds.length() > 0,
        rx.fragment(
            rx.el.h3("Builds that held pictures of yours", class_name="h4"),
            rx.el.ul(rx.foreach(TrainingState.builds, _build), role="list", class_name="events"),
            rx.el.p(
                "What a model has learned cannot be unlearned; a picture that you switch off is in no later build.",
                class_name="small q3",
            ),
            rx.cond(TrainingState.totals.length() > 0, _totals(), rx.fragment()),
        ),
        rx.el.p("No training build has held a picture of yours.", class_name="small q3"),
    )


def _build(view: rx.Var[BuildView]) -> rx.Component:
    return rx.el.li(rx.el.span(moment(view.at, "both")), rx.el.span(view.count), key=view.id)


def _totals() -> rx.Component:
    return rx.el.details(
        rx.el.summary(f"Totals of the last build, of at least {K} people each", class_name="lk small"),
        rx.el.ul(rx.foreach(TrainingState.totals, lambda line: rx.el.li(line, class_name="small q2"))),
        class_name="more",
    )
