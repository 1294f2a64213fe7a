"""Usage: what can be spent, every credit that moved, and the receipt behind it."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.ledger_table import ledger_table
from imageroute_app.components.links import link
from imageroute_app.components.receipt import receipt_panel, receipt_sheet
from imageroute_app.components.shell import shell
from imageroute_app.state.session import SessionState


def _bar() -> rx.Component:
    return rx.el.div(
        rx.el.i(class_name="have", style={"flexGrow": f"{SessionState.credits}"}),
        rx.cond(
            SessionState.reserved > 0,
            rx.el.i(class_name="held", style={"flexGrow": f"{SessionState.reserved}"}),
            rx.fragment(),
        ),
        class_name="bar",
        aria_hidden="true",
    )


def _balance() -> rx.Component:
    return rx.el.div(
        rx.el.p(
            rx.cond(
                SessionState.is_loaded,
                rx.el.span(SessionState.credits, class_name="bal"),
                rx.el.span(class_name="sk bal"),
            ),
            rx.el.span(
                rx.cond(SessionState.credits == 1, "credit to spend", "credits to spend"),
                class_name="q2",
            ),
            class_name="spend",
        ),
        _bar(),
        rx.el.p(
            rx.el.span("Available ", rx.el.b(rx.cond(SessionState.is_loaded, SessionState.credits, "–"))),
            rx.el.span(
                "Reserved by running jobs ", rx.el.b(rx.cond(SessionState.is_loaded, SessionState.reserved, "–"))
            ),
            class_name="row small q2 wrapx legend",
        ),
        rx.el.p(
            "A picture costs what its button says, and what is not delivered comes back when the job ends.",
            class_name="small q3 how",
        ),
        rx.el.nav(
            link("Buy credits", href=paths.CREDITS, class_name="btn go"),
            link("Orders", href=paths.ORDERS, class_name="btn line"),
            link("Statement", href=paths.STATEMENT, class_name="btn line"),
            link("Spending limits", href=paths.LIMITS, class_name="btn line"),
            class_name="row wrapx ways",
            aria_label="Credits",
        ),
    )


def usage() -> rx.Component:
    """Show balance, ledger and receipt."""
    return shell(
        rx.el.div(
            rx.el.div(rx.el.div(_balance(), ledger_table()), receipt_panel(), class_name="us"),
            class_name="scroll",
            tab_index=0,
            role="region",
            aria_label="Usage and credits",
        ),
        receipt_sheet(),
        title="Usage",
    )
