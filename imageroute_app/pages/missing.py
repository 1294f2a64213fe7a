"""The page for an address that leads nowhere; served with status 404."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.marks import route
from imageroute_app.components.public import masthead, public_page
from imageroute_app.state.views import StopView

TITLE = "Nothing here · ImageRoute"
STOPS = [
    StopView(kind="you", name="You", sub="Asked for this address"),
    StopView(kind="hub", name="ImageRoute", sub="Looked, and answered 404", state="toahead"),
    StopView(
        kind="home", name="Nothing here", sub="Never was, is gone, or is not yours", state="gone"
    ),
]


def missing() -> rx.Component:
    """Say that nothing is here, and which ways lead on."""
    return public_page(
        rx.el.div(
            rx.el.section(
                rx.el.div(
                    rx.el.h1("This address leads nowhere", class_name="h1"),
                    rx.el.p(
                        "Check the address for a typing slip. A picture in the trash or erased is"
                        " gone from its address too.",
                        class_name="read q2",
                    ),
                    rx.el.div(
                        rx.el.a("Go to Create", href=paths.CREATE, class_name="btn ink lg"),
                        rx.el.a("Home", href=paths.LANDING, class_name="btn line lg"),
                        class_name="cta",
                    ),
                ),
                route(rx.Var.create(STOPS), "local", label="What happened to this address"),
                class_name="nowhere",
            ),
            class_name="wrap",
        ),
        head=masthead(rx.el.a("Sign in", href=paths.SIGN_IN, class_name="btn line")),
    )
