"""The frame of every signed-in screen: rail, top bar, phone tabs, notice, connection line."""

import reflex as rx
from reflex_components_core.core.banner import has_connection_errors

from imageroute_app.components import paths
from imageroute_app.components.consent import consent_bar, yes_stands
from imageroute_app.components.icons import icon, icon_button
from imageroute_app.components.keys import keys_button, keys_popover
from imageroute_app.components.links import link
from imageroute_app.components.marks import logo
from imageroute_app.components.notices import banners, bell
from imageroute_app.state.session import SessionState

PLACES = (
    ("Create", paths.CREATE, "sparkles"),
    ("Gallery", paths.GALLERY, "images"),
    ("Uploads", paths.UPLOADS, "upload"),
    ("Albums", paths.ALBUMS, "folder"),
    ("Trash", paths.TRASH, "trash-2"),
    ("Usage", paths.USAGE, "receipt-text"),
    ("Privacy", paths.PRIVACY_CENTER, "shield"),
    ("Account", paths.ACCOUNT, "circle-user-round"),
)
NOTICES = "Notices"
PHONE_PLACES = (
    ("Create", paths.CREATE, "sparkles", "Create"),
    ("Gallery", paths.GALLERY, "images", "Gallery"),
    ("Activity", paths.NOTICES, "bell", NOTICES),
    ("Account", paths.ACCOUNT, "circle-user-round", "Account"),
)
"""Name, path, symbol, and the title of the page that it leads to."""


def _here(name: str, current: rx.Var[str]) -> dict[str, rx.Var[str]]:
    return {"aria-current": rx.cond(current == name, "page", rx.Var("undefined"))}


def _link(name: str, path: str, symbol: str, current: rx.Var[str]) -> rx.Component:
    here = _here(name, current)
    if name == "Uploads":
        return rx.el.a(
            icon(symbol, "l"),
            rx.el.span(name),
            _expiring(),
            href=path,
            aria_label=rx.cond(SessionState.expiring > 0, f"{name}, " + SessionState.expiring_label, name),
            custom_attrs=here,
        )
    return rx.el.a(icon(symbol, "l"), rx.el.span(name), href=path, custom_attrs=here)


def _expiring() -> rx.Component:
    """Count the uploads that go soon; the link's name says it in words."""
    badge = rx.el.span(SessionState.expiring, class_name="bdg", aria_hidden="true")
    return rx.cond(SessionState.expiring > 0, badge, rx.fragment())


@rx.memo
def rail(current: rx.Var[str]) -> rx.Component:
    """Draw the places at the left of a wide screen. Memoized, like all of the frame: its code is in the bundle once."""
    return rx.el.nav(
        rx.el.a(logo(), href=paths.LANDING, class_name="logo", aria_label="ImageRoute, home"),
        *[_link(name, path, symbol, current) for name, path, symbol in PLACES],
        rx.el.div(class_name="sp"),
        keys_button(),
        class_name="rail",
        aria_label="Main",
    )


@rx.memo
def tabs(current: rx.Var[str]) -> rx.Component:
    """Draw the places at the foot of a phone."""
    return rx.el.nav(
        *[
            rx.el.a(icon(symbol, "l"), rx.el.span(name), href=path, custom_attrs=_here(title, current))
            for name, path, symbol, title in PHONE_PLACES
        ],
        class_name="tabs",
        aria_label="Main, phone",
    )


def theme_button() -> rx.Component:
    """Draw the light and dark switch."""
    return icon_button("Switch between light and dark", "sun-moon", on_click=rx.toggle_color_mode)


@rx.memo
def top_bar(title: rx.Var[str]) -> rx.Component:
    """Draw the title, the credit pill, the bell and the account link."""
    return rx.el.header(
        rx.el.span(logo(26), class_name="phone brand"),
        rx.el.h1(title, tab_index=-1),
        rx.el.div(class_name="grow"),
        rx.el.a(
            rx.cond(SessionState.is_loaded, SessionState.credits.to_string(), "··"),
            rx.el.span(rx.cond(SessionState.credits == 1, "credit", "credits"), class_name="q3"),
            href=paths.USAGE,
            class_name="pill",
            aria_label=rx.cond(SessionState.is_loaded, SessionState.credits_label, "Credits"),
        ),
        bell(),
        theme_button(),
        rx.el.a(
            rx.cond(SessionState.initial != "", SessionState.initial, "·"),
            href=paths.ACCOUNT,
            class_name="ava desk",
            aria_label="Account",
        ),
        class_name="top",
    )


def notice(undo: rx.EventHandler | None = None) -> rx.Component:
    """Draw the notice bar in a live region; it stays until used or closed, one with a way back for ten seconds."""
    undo_button = (
        rx.cond(
            SessionState.can_undo,
            rx.fragment(
                rx.el.button(
                    "Undo", type="button", class_name="btn sm", on_click=undo, custom_attrs={"data-undo": True}
                ),
                # Its style counts down (app.css), app.js closes the notice at its end.
                rx.el.i(class_name="count", aria_hidden="true", key=SessionState.undo_turn),
            ),
            rx.fragment(),
        )
        if undo is not None
        else rx.fragment()
    )
    return rx.el.div(
        rx.cond(
            SessionState.notice != "",
            rx.el.div(
                rx.el.span(SessionState.notice, class_name="grow"),
                undo_button,
                icon_button("Dismiss", "x", on_click=SessionState.close_notice, custom_attrs={"data-dismiss": True}),
                class_name="toast",
                custom_attrs={"data-kind": SessionState.notice_kind},
            ),
            rx.fragment(),
        ),
        class_name="notices",
        role="status",
        aria_live="polite",
    )


@rx.memo
def connection_line() -> rx.Component:
    """Say that the connection is lost, and that nothing else is."""
    return rx.el.div(
        rx.cond(
            has_connection_errors,
            rx.el.div(
                icon("wifi-off"),
                rx.el.span(rx.el.b("Reconnecting. "), "Your jobs go on; results will appear.", class_name="grow"),
                class_name="note warn",
            ),
            rx.fragment(),
        ),
        class_name="connection",
        role="status",
        aria_live="polite",
    )


@rx.memo
def _above_content() -> rx.Component:
    return rx.fragment(banners(), consent_bar(f"{paths.PRIVACY_CENTER}#choices"), yes_stands())


def shell(
    *content: rx.Component,
    title: str,
    undo: rx.EventHandler | None = None,
    inspector: rx.Component | None = None,
    class_name: rx.Var[str] | str = "app",
) -> rx.Component:
    """Put a screen's content into the frame."""
    return rx.el.div(
        link("Skip to content", href="#main", class_name="btn ink skip"),
        rx.el.div(
            rail(current=title),
            rx.el.main(
                top_bar(title=title),
                connection_line(),
                _above_content(),
                *content,
                notice(undo),
                id="main",
                class_name="main",
                custom_attrs={"data-awake": rx.cond(rx.State.is_hydrated, "yes", "no")},
            ),
            inspector if inspector is not None else rx.fragment(),
            tabs(current=title),
            class_name=class_name,
        ),
        keys_popover(),
    )
