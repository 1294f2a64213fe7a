"""What covers the whole app: the screen for a page that broke, and the bar for a connection that stays away.

Stands in for Reflex's own, which show addresses and stack traces to people and need eval.
"""

from collections.abc import Callable

import reflex as rx
from reflex_components_core.base.error_boundary import ErrorBoundary
from reflex_components_core.core.banner import has_too_many_connection_errors

from imageroute_app.components import paths
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.public import masthead


def broken_page() -> rx.Component:
    """Show that this page broke, that nothing was lost, and the two ways on."""
    return rx.fragment(
        masthead(),
        _what_broke(),
    )


def _what_broke() -> rx.Component:
    return rx.el.main(
        rx.el.div(
            icon("unplug", "l"),
            rx.el.h1("This page broke", class_name="h1"),
            rx.el.p(
                "Nothing was lost and nothing was charged by it. Jobs that run go on, and their"
                " pictures wait in your gallery.",
                class_name="read q2",
            ),
            rx.el.div(
                link("Load it again", href="", class_name="btn ink"),
                link("Go to Create", href=paths.CREATE, class_name="btn line"),
                class_name="cta",
            ),
            class_name="broken",
            role="alert",
        ),
        id="main",
        class_name="wrap",
    )


def offline_bar() -> rx.Component:
    """Say that the server has been out of reach for a while; shown on signed-in screens only."""
    return rx.el.div(
        rx.cond(
            has_too_many_connection_errors,
            rx.el.div(
                rx.el.span(
                    "Still no connection. Check your network; this page goes on by itself.",
                    class_name="grow",
                ),
                link("Load again", href="", class_name="btn sm"),
                class_name="toast",
            ),
            rx.fragment(),
        ),
        class_name="offline",
        role="status",
        aria_live="polite",
    )


def _boundary(_stateful: bool) -> rx.Component:
    return ErrorBoundary.create(fallback_render=rx.Var.create(broken_page()))


def _offline(stateful: bool) -> rx.Component | None:
    return rx.fragment(rx.memo(offline_bar)()) if stateful else None


def app_wraps() -> dict[tuple[int, str], Callable[[bool], rx.Component | None]]:
    """Return what rx.App takes as `app_wraps`, in Reflex's order."""
    return {(55, "ErrorBoundary"): _boundary, (5, "Overlay"): _offline}
