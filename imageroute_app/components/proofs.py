"""The three proofs of the landing page: who gets it, what it costs, that it is gone. Every figure is a marked example."""

import reflex as rx

from imageroute_app.components.hero import CHOSEN, CHOSEN_FACTS
from imageroute_app.components.marks import route
from imageroute_app.state.views import StopView

RECEIPT = [
    StopView(kind="you", name="You", sub="Prompt only, no image · 14:31:07"),
    StopView(kind="hub", name="ImageRoute", sub="Price held, your balance checked"),
    StopView(kind="prov", name=CHOSEN, sub=CHOSEN_FACTS, mark="L"),
    StopView(kind="home", name="Your gallery", sub="Private · 14:31:08 · 0.9 s"),
]
ERASED = [
    StopView(kind="you", name="Your device", sub="Downloaded by you, yours to keep"),
    StopView(kind="home", name="Your gallery", sub="Gone · its address answers 404", state="gone"),
    StopView(kind="hub", name="Storage", sub="Gone · original and every size", state="gone"),
    StopView(kind="prov", name=CHOSEN, sub="Kept 0 days · nothing to erase", mark="L", state="gone"),
]
COSTS = (
    ("Quote, 4 × 1", "4"),
    ("Delivered, 3 × 1", "3"),
    ("Failed, 1 × 0", "0"),
    ("Returned at once", "+1"),
    ("You paid", "3 credits"),
)


def _proof(kind: str, title: str, text: str, picture: rx.Component) -> rx.Component:
    return rx.el.li(
        rx.el.span(class_name="mk", aria_hidden="true"),
        rx.el.h2(title, class_name="h3"),
        rx.el.p(text),
        rx.el.div(rx.el.p("Example", class_name="tag"), picture, class_name="vis"),
        class_name=kind,
    )


def _bill() -> rx.Component:
    return rx.el.dl(
        *[rx.el.div(rx.el.dt(what), rx.el.dd(credits)) for what, credits in COSTS],
        class_name="lines",
    )


def proofs() -> rx.Component:
    """Draw the three proofs along one line."""
    return rx.el.section(
        rx.el.ol(
            _proof(
                "you",
                "Who gets it",
                "Company, country, retention and training, named before you press Generate and"
                " written on the receipt after.",
                route(RECEIPT, "local"),
            ),
            _proof(
                "hubx",
                "What it costs",
                "The quote binds us. You pay for pictures delivered, and never more than the button said.",
                _bill(),
            ),
            _proof(
                "home",
                "The proof that it is gone",
                "The trash leaves you 30 days to change your mind. Erase a picture, and its stops go dark.",
                route(ERASED, "local"),
            ),
            class_name="route h",
        ),
        class_name="pf",
        id="how",
        aria_label="How it works",
    )
