"""The frame of the screens that need no account: masthead and footer."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.consent import asked_here
from imageroute_app.components.links import link
from imageroute_app.components.marks import logo

FOOTER = (
    ("Privacy center", paths.PRIVACY_CENTER),
    ("Your privacy choices", f"{paths.COOKIES}#choices"),
    ("Privacy", paths.PRIVACY),
    ("Terms", paths.TERMS),
    ("Cookies", paths.COOKIES),
    ("Processors", paths.PROCESSORS),
    ("Trust", paths.TRUST),
    ("Check a picture", paths.VERIFY),
    ("Contact", paths.CONTACT),
)


def wordmark() -> rx.Component:
    """Draw the logo with the name beside it, as the way home."""
    return link(logo(), "ImageRoute", href=paths.LANDING, class_name="wm", aria_label="ImageRoute, home")


def masthead(*links: rx.Component) -> rx.Component:
    """Draw the head of a public screen: the wordmark, then these links."""
    return rx.el.div(rx.el.header(wordmark(), *links, class_name="lh"), class_name="wrap")


def door() -> tuple[rx.Component, ...]:
    """Draw the way in; consent.js changes it for whoever is in already."""
    return (
        link("Sign in", href=paths.SIGN_IN, class_name="btn line", custom_attrs={"data-stranger": True}),
        link("Create", href=paths.CREATE, class_name="btn line", hidden=True, custom_attrs={"data-known": True}),
    )


def footer() -> rx.Component:
    """Draw the links to the pages that say how things are done here."""
    return rx.el.div(
        rx.el.footer(
            rx.el.span("ImageRoute"),
            *[link(name, href=path) for name, path in FOOTER],
            class_name="foot",
        ),
        class_name="wrap",
    )


def public_page(*content: rx.Component, head: rx.Component) -> rx.Component:
    """Put content between masthead and footer, with the skip link first."""
    return rx.el.div(
        link("Skip to content", href="#main", class_name="btn ink skip"),
        head,
        rx.el.main(*content, id="main", tab_index=-1),
        asked_here(),
        footer(),
        class_name="public",
    )
