"""The question about statistics: hidden until the page's script knows that it may be asked; reject and accept are equals."""

import reflex as rx
from reflex_base.vars.base import Var

from imageroute_app.components import paths
from imageroute_app.components.forms import post_form
from imageroute_app.components.grid import Island
from imageroute_app.components.links import link
from imageroute_app.components.scripts import module
from imageroute_app.domain.choices import BAR_WORDS, SIGNAL_MEANING, SIGNAL_WORDS, STANDS_WORDS

QUESTION, _, REST = BAR_WORDS.partition("? ")


def consent_bar(choose: str) -> rx.Component:
    """Draw the question; `choose` is where each purpose has its own switch."""
    return post_form(
        rx.el.span(rx.el.b(QUESTION, "?"), " ", rx.el.span(REST, class_name="q2"), class_name="grow"),
        rx.el.span(
            link("Choose", href=choose, class_name="btn bare"),
            _answer("Reject all", "reject"),
            _answer("Accept all", "accept"),
            class_name="ans",
        ),
        action="/choices",
        hidden=True,
        aria_label="Cookie choices",
        class_name="cookie",
        custom_attrs={"data-ask": True},
    )


def _answer(label: str, value: str, size: str = "") -> rx.Component:
    return rx.el.button(label, type="submit", name="answer", value=value, class_name=f"btn line {size}".strip())


def yes_stands() -> rx.Component:
    """Draw the way back from a yes, where the question stood: one press, as it took to give it."""
    return post_form(
        rx.el.span(STANDS_WORDS),
        _answer("Take it back", "back", "sm"),
        action="/choices",
        hidden=True,
        aria_label="Your yes to statistics",
        class_name="stands",
        custom_attrs={"data-back": True},
    )


def asked_here() -> rx.Component:
    """Draw the question at the foot of a public screen, or that the browser's signal answered it."""
    signal = rx.el.p(
        rx.el.span(SIGNAL_WORDS, class_name="tag ok"),
        rx.el.span(SIGNAL_MEANING, class_name="small q2"),
        hidden=True,
        class_name="cookie said",
        custom_attrs={"data-signal": True},
    )
    return rx.el.div(consent_bar(f"{paths.COOKIES}#choices"), yes_stands(), signal, class_name="asks")


class Device(Island):
    """<ir-device>."""

    tag = "IrDevice"

    def add_custom_code(self) -> list[str]:
        """Name the custom element, and keep one value for its foreign inside."""
        return ['const IrDevice = "ir-device";', 'const deviceInside = { __html: "" };']


def device() -> rx.Component:
    """Draw what is on this device now."""
    foreign = {"dangerouslySetInnerHTML": Var("deviceInside"), "suppressHydrationWarning": True}
    return rx.fragment(
        Device.create(id="device", custom_attrs=foreign),
        module("device"),
    )
