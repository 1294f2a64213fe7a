"""The empty stage: three prompts that one press runs, with price and provider already shown."""

import reflex as rx

from imageroute_app.components.icons import icon
from imageroute_app.components.marks import mini_route
from imageroute_app.state.create import CreateState
from imageroute_app.state.create_views import ExampleView
from imageroute_app.state.session import SessionState


def _example(example: rx.Var[ExampleView]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.span(example.prompt, class_name="read"),
            rx.el.span(mini_route(example.letter, example.line), example.facts, class_name="by small q3"),
            rx.el.span(icon("play", "s"), "Run · ", example.price, class_name="btn line sm run"),
            type="button",
            class_name="example",
            aria_label="Run: " + example.prompt + ", " + example.price,
            on_click=CreateState.run_example(example.quote_id),
        ),
        key=example.quote_id,
    )


def examples() -> rx.Component:
    """Draw what to begin with."""
    return rx.el.div(
        rx.el.h2("Your first picture", class_name="h2"),
        rx.el.p(
            "You have ",
            rx.el.b(SessionState.credits_label),
            ". Run one of these, or write what you want to see below.",
            class_name="read q2",
        ),
        rx.el.ul(rx.foreach(CreateState.examples, _example), class_name="examples", role="list"),
        class_name="first",
    )
