"""Overview: how things stand, in one sentence, before anything else."""

import reflex as rx

from imageroute_app.domain.choices import SIGNAL_WORDS
from imageroute_app.state.privacy import PrivacyState


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
        aria_labelledby="overview",
    )
