"""Overview: how things stand, in one sentence, before anything else; then every right, each with its own way."""

import reflex as rx

from imageroute_app.components.links import link
from imageroute_app.domain.choices import SIGNAL_WORDS
from imageroute_app.state.privacy import PrivacyState

RIGHTS = (
    ("Take a copy of everything", "#export"),
    ("See and erase what we hold", "#hold"),
    ("Correct my details", "/account"),
    ("Allow, refuse, object", "#choices"),
    ("Freeze my data", "#freeze"),
    ("Ask us", "#requests"),
    ("Complain", "/complaint"),
    ("Close my account", "#close"),
)
"""What the law and the policy let a person do, in words of somebody who read neither."""


def overview() -> rx.Component:
    """Draw the sentence; it is the page's main heading for the eye."""
    return rx.el.section(
        rx.cond(
            PrivacyState.is_loaded,
            rx.el.h2(PrivacyState.sentence, class_name="h1 standing", id="overview"),
            rx.el.h2(rx.el.span("Looking", class_name="sk"), class_name="h1 standing", id="overview"),
        ),
        rx.el.p(PrivacyState.details, class_name="read q2"),
        rx.cond(PrivacyState.has_signal, rx.el.p(rx.el.span(SIGNAL_WORDS, class_name="tag ok")), rx.fragment()),
        rx.el.nav(
            rx.el.ul(*[rx.el.li(link(words, href=href, class_name="btn line sm")) for words, href in RIGHTS]),
            class_name="rights",
            aria_label="What you can do",
        ),
        aria_labelledby="overview",
    )
