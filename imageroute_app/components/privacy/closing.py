"""Close account: what goes, what stays and until when, and two buttons; no survey."""

import reflex as rx

from imageroute_app.components.forms import post_button, post_form
from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.components.privacy.frame import part
from imageroute_app.state.closing import ClosingState, GoingView

STAYS = (
    ("A receipt without your name", "3 years"),
    ("Backups, unreadable once your key is gone", "As long as the operator keeps them"),
    ("What companies keep of what you sent them", "Listed on the receipt, each with its day"),
)


def closing() -> rx.Component:
    """Draw the section."""
    return part(
        "close",
        "Close account",
        rx.cond(ClosingState.is_closing, _under_way(), _offer()),
        says="Everything is erased everywhere, and you can watch it go.",
    )


def _offer() -> rx.Component:
    return rx.fragment(
        rx.el.div(
            rx.el.div(rx.el.h3("Goes, everywhere", class_name="h4"), rx.el.ul(rx.foreach(ClosingState.goes, _going))),
            rx.el.div(
                rx.el.h3("Stays, and until when", class_name="h4"),
                rx.el.ul(*[rx.el.li(rx.el.span(what), rx.el.span(until, class_name="q3")) for what, until in STAYS]),
            ),
            class_name="goes",
        ),
        rx.el.p(
            link("Export first", href="#export"),
            " if you want to keep anything. Close account leaves you 7 days to change your mind; Erase now does not. Both ask"
            " for your password.",
            class_name="small q2",
        ),
        rx.el.div(
            _button("later", "Close account", "btn line"),
            _button("now", "Erase now", "btn line"),
            class_name="row wrapx",
        ),
    )


def _button(when: str, label: str, look: str) -> rx.Component:
    return post_form(
        rx.el.input(type="hidden", name="when", value=when, read_only=True),
        rx.el.button(label, type="submit", class_name=look),
        action="/privacy-center/close",
    )


def _going(view: rx.Var[GoingView]) -> rx.Component:
    return rx.el.li(rx.el.span(view.name), rx.el.span(view.count), key=view.name)


def _under_way() -> rx.Component:
    return rx.el.div(
        rx.el.p(
            rx.el.b("Your account is being closed. "),
            "Everything is erased on ",
            moment(ClosingState.erased_on, "day"),
            ". Until then it only stores; you can export, keep it or erase at once.",
        ),
        rx.el.div(
            post_button("Keep my account", "/privacy-center/keep", "btn ink"),
            _button("now", "Erase now", "btn line"),
            link("How it stands", href=ClosingState.page, class_name="btn bare"),
            class_name="row wrapx",
        ),
        class_name="note warn",
        role="status",
    )
