"""The bell of the top bar, the banners above every page, and one notice of the list."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.icons import icon, icon_button
from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.state.notices import BannerView, NoticesState, NoticeView


def bell() -> rx.Component:
    """Draw the bell; its name says how many were not seen."""
    count = rx.el.span(NoticesState.unseen, class_name="bdg", aria_hidden="true")
    return rx.el.a(
        icon("bell"),
        rx.cond(NoticesState.unseen > 0, count, rx.fragment()),
        href=paths.NOTICES,
        class_name="ib bell",
        aria_label=NoticesState.bell,
        title=NoticesState.bell,
    )


def banners() -> rx.Component:
    """Draw what matters now, and read again when the person comes back to the tab."""
    return rx.fragment(
        rx.window_event_listener(on_visibility_change=NoticesState.look_again),
        rx.el.div(rx.foreach(NoticesState.banners, _banner), class_name="banners", role="status"),
    )


def _banner(view: rx.Var[BannerView]) -> rx.Component:
    close = icon_button("Mark as seen", "x", on_click=NoticesState.see_notice(view.notice_id))
    return rx.el.div(
        rx.el.p(view.text, " ", link(view.act, href=view.path, class_name="lk"), class_name="grow"),
        rx.cond(view.notice_id != "", close, rx.fragment()),
        class_name="note warn",
        key=view.path,
    )


def told(view: rx.Var[NoticeView]) -> rx.Component:
    """Draw one notice: when, what, where to go, and marking it."""
    see = rx.el.button(
        "Mark as seen", type="button", class_name="btn bare sm", on_click=NoticesState.see_notice(view.id)
    )
    return rx.el.li(
        rx.el.div(
            rx.cond(view.is_new, rx.el.span("New", class_name="tag"), rx.fragment()),
            moment(view.at, "both"),
            class_name="row small q3",
        ),
        rx.el.p(view.text, dir="auto"),
        rx.el.div(
            link("Open", href=view.path, class_name="btn line sm", aria_label="Open: " + view.text),
            rx.cond(view.is_new, see, rx.fragment()),
            class_name="row",
        ),
        class_name=rx.cond(view.is_new, "told new", "told"),
        key=view.id,
    )
