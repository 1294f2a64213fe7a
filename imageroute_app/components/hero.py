"""The landing page's route picture: one prompt, the company that gets it, and the gallery where it ends.

The line that is reached is our own sketch engine, because its facts are true of every installation; the other companies
are lettered examples and say so.
"""

import reflex as rx

from imageroute_app.components.marks import route
from imageroute_app.state.views import StopView

ROUTE = (
    "Example route of a picture: from you to ImageRoute, then on one line to ImageRoute Sketch on this server,"
    " kept 0 days, never used for training, then to your private gallery. Companies A to D were not chosen and get nothing."
)
CHOSEN = "ImageRoute Sketch"
CHOSEN_FACTS = "This server · kept 0 days · never trains"
STOPS = [
    StopView(kind="you", name="You", sub="Prompt only"),
    StopView(kind="hub", name="ImageRoute", sub="Holds the price you saw"),
    StopView(kind="prov", name=CHOSEN, sub=CHOSEN_FACTS, mark="L"),
    StopView(kind="home", name="Your gallery", sub="Private"),
]


def _words(name: str, facts: str, x: int, y: int, extra: str = "") -> rx.Component:
    return rx.el.svg.text(
        rx.el.svg.tspan(name, class_name="n"),
        rx.el.svg.tspan(facts, dx="10", class_name="d"),
        x=str(x),
        y=str(y),
        class_name=f"t {extra}".strip(),
    )


def _letter(letter: str, y: float, extra: str = "") -> rx.Component:
    return rx.el.svg.text(letter, x="320", y=str(y), class_name=f"b {extra}".strip())


def _example(letter: str, facts: str, y: int, line: str) -> rx.Component:
    """Draw a company that could have been chosen."""
    return rx.el.svg.g(
        rx.el.svg.path(d=f"M262 {y}H320", class_name="thin"),
        rx.el.svg.circle(cx="320", cy=str(y), r="12", class_name="disc"),
        _letter(letter, y + 4.5),
        _words(f"Company {letter}", facts, 344, y + 5, "q"),
        class_name=f"ln-{line}",
    )


def _distant(letter: str, facts: str, y: int) -> rx.Component:
    """Draw a company of which something speaks against it."""
    return rx.el.svg.g(
        rx.el.svg.path(d=f"M262 {y}H306", class_name="far"),
        rx.el.svg.circle(cx="320", cy=str(y), r="11", class_name="hole"),
        _letter(letter, y + 4.5, "q"),
        _words(f"Company {letter}", facts, 344, y + 5, "q"),
    )


def _chosen() -> rx.Component:
    return rx.el.svg.g(
        rx.el.svg.path(d="M262 484H776L876 384H896", class_name="thick"),
        rx.el.svg.circle(cx="320", cy="484", r="19", class_name="disc big"),
        _letter("L", 490.5, "big"),
        _words(CHOSEN, CHOSEN_FACTS, 350, 464),
        class_name="ln-local",
    )


def hero_map() -> rx.Component:
    """Draw the route across the hero, from you into the picture."""
    return rx.el.svg(
        _example("A", "EU · kept 1 day · not chosen", 428, "google"),
        _example("B", "US · kept 30 days · not chosen", 540, "openai"),
        _distant("C", "Trains on it · not chosen", 596),
        _distant("D", "Retention unknown · not chosen", 652),
        rx.el.svg.path(d="M14 540H250", class_name="thick ink"),
        _chosen(),
        rx.el.svg.rect(x="240", y="404", width="30", height="272", rx="15", class_name="ring"),
        rx.el.svg.circle(cx="20", cy="540", r="14", class_name="ring you"),
        rx.el.svg.text("You", x="5", y="511", class_name="t s"),
        rx.el.svg.text("Prompt only", x="5", y="580", class_name="t d"),
        rx.el.svg.text("ImageRoute", x="226", y="426", class_name="t s end"),
        rx.el.svg.rect(x="888", y="370", width="28", height="28", rx="7", class_name="ring you"),
        view_box="0 0 1280 760",
        class_name="hm",
        role="img",
        aria_label=ROUTE,
    )


def phone_route() -> rx.Component:
    """Draw the same route down the page where the map has no room."""
    return rx.el.div(
        route(STOPS, "local"),
        rx.el.p(
            rx.el.span("Example", class_name="tag"),
            "Only the stop you choose gets your prompt.",
            class_name="small q3",
        ),
        class_name="heroroute",
    )


def destination() -> rx.Component:
    """Show the picture where the route ends."""
    return rx.el.figure(
        rx.el.img(
            src="/img/planet.webp",
            alt="Ringed planet rising at sunset",
            custom_attrs={"width": "688", "height": "860", "fetchPriority": "high"},
        ),
        rx.el.figcaption(
            rx.el.b("Your gallery"), rx.el.span("Drawn by ImageRoute Sketch · 1 credit"), class_name="small"
        ),
        class_name="dest",
    )
