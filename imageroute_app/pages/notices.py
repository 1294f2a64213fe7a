"""Notices: what the person was told, newest first; on a phone the place for all that goes on."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.notices import told
from imageroute_app.components.shell import NOTICES, shell
from imageroute_app.state.notices import NoticesState
from imageroute_app.state.session import SessionState


def _going_on() -> rx.Component:
    """Name the jobs that run and the uploads that go soon, each with its place."""
    jobs = rx.el.a("Jobs are running", href=paths.CREATE, class_name="chip out")
    uploads = rx.el.a(SessionState.expiring_uploads, " expiring soon", href=paths.UPLOADS, class_name="chip out")
    return rx.el.div(
        rx.cond(SessionState.reserved > 0, jobs, rx.fragment()),
        rx.cond(SessionState.expiring > 0, uploads, rx.fragment()),
        class_name="row wrapx",
    )


def _list() -> rx.Component:
    all_seen = rx.el.button("Mark all as seen", type="button", class_name="btn line sm", on_click=NoticesState.see_all)
    return rx.el.div(
        rx.el.div(
            rx.el.h2(NoticesState.heading, class_name="h2", aria_live="polite"),
            rx.cond(NoticesState.unseen > 0, all_seen, rx.fragment()),
            class_name="row between wrapx",
        ),
        _going_on(),
        rx.el.ul(rx.foreach(NoticesState.notices, told), role="list", class_name="tolds", aria_label="Notices"),
        rx.el.p("What matters is sent to you by mail as well. The newest 100 are shown.", class_name="small q3"),
        class_name="nt",
    )


def notices() -> rx.Component:
    """Show the notices."""
    waiting = rx.el.div(rx.el.div(class_name="sk bar3"), rx.el.div(class_name="sk bar3"), class_name="nt")
    return shell(
        rx.el.div(
            rx.cond(NoticesState.is_listed & NoticesState.is_loaded, _list(), waiting),
            class_name="scroll",
            tab_index=0,
            role="region",
            aria_label="Your notices",
        ),
        title=NOTICES,
    )
