"""The share dialog, and the list of links on the account page."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.forms import switch
from imageroute_app.components.icons import icon, icon_button
from imageroute_app.components.marks import moment
from imageroute_app.state.share import LinkView, ShareState

DAYS = (("1", "1 day"), ("7", "7 days"), ("30", "30 days"))


def share_button(image_id: rx.Var[str]) -> rx.Component:
    """Draw the icon that opens the dialog for one picture."""
    return icon_button("Share", "share-2", on_click=ShareState.open_share(image_id), aria_haspopup="dialog")


def link_line(view: rx.Var[LinkView]) -> rx.Component:
    """Draw one link: its address, what it shows, until when, and the way to end it."""
    return rx.el.li(
        rx.el.div(
            rx.el.input(
                value=view.url,
                read_only=True,
                aria_label="Link",
                class_name="in sm mono",
            ),
            rx.el.span(
                view.facts,
                ", until ",
                moment(view.expires_at, "day"),
                class_name="small q3",
            ),
            class_name="two grow",
        ),
        rx.el.button(
            rx.cond(ShareState.copied == view.id, "Copied", "Copy"),
            type="button",
            class_name="btn line sm",
            on_click=[rx.set_clipboard(view.url), ShareState.note_copied(view.id)],
        ),
        rx.el.button("Revoke", type="button", class_name="btn danger sm", on_click=ShareState.revoke(view.id)),
        key=view.id,
        class_name="row",
    )


def link_list() -> rx.Component:
    """Draw every link that works."""
    return rx.cond(
        ShareState.links.length() > 0,
        rx.el.ul(rx.foreach(ShareState.links, link_line), class_name="made", role="list", aria_label="Share links"),
        rx.el.p("No link works now. Pictures are private until you make one.", class_name="small q3"),
    )


def _days() -> rx.Component:
    buttons = [
        rx.el.button(name, type="button", aria_pressed=ShareState.days == value, on_click=ShareState.set_days(value))
        for value, name in DAYS
    ]
    return rx.el.div(*buttons, class_name="seg", role="group", aria_label="How long the link works")


def _password() -> rx.Component:
    return rx.el.div(
        rx.el.label("Password", html_for="share_password"),
        rx.el.input(
            id="share_password",
            name="share_password",
            type="password",
            class_name="in sm",
            auto_complete="off",
            min_length=8,
            max_length=256,
            aria_describedby="share_password-hint",
        ),
        rx.el.p(
            "Optional, 8 characters or more. Tell it another way than the link.",
            id="share_password-hint",
            class_name="hint",
        ),
        class_name="field",
    )


def _form() -> rx.Component:
    return rx.el.form(
        rx.el.div(rx.el.span("Works for", class_name="flabel"), _days(), class_name="field"),
        _password(),
        switch(
            "Show prompt and model",
            "Off: the picture and its size only. Your name is never shown",
            checked=ShareState.with_metadata,
            on_change=ShareState.set_with_metadata,
        ),
        rx.el.div(
            rx.el.button(
                icon("link", "s"), "Make a link", type="submit", class_name="btn ink", disabled=ShareState.is_busy
            ),
            class_name="row ends",
        ),
        on_submit=ShareState.submit_share,
        reset_on_submit=True,
        class_name="link-form",
    )


def _problem() -> rx.Component:
    return rx.cond(
        ShareState.problem != "",
        rx.el.div(icon("circle-alert"), rx.el.span(ShareState.problem), class_name="note bad", role="alert"),
        rx.fragment(),
    )


@rx.memo
def share_dialog() -> rx.Component:
    """Draw the dialog while it is open."""
    content = dialog.content(
        rx.el.div(
            dialog.title(rx.el.h2("Share this picture", class_name="h3"), as_child=True),
            dialog.close(icon_button("Close", "x"), as_child=True),
            class_name="row between",
        ),
        rx.el.p(
            "Whoever has the link sees this one picture, until it expires or you revoke it.", class_name="small q2"
        ),
        _form(),
        _problem(),
        rx.el.div(rx.el.h3("Links that work", class_name="h4"), link_list(), role="status"),
        class_name="dialog over",
        aria_describedby=None,
    )
    return dialog.root(
        dialog.portal(dialog.overlay(class_name="scrim over"), content),
        open=ShareState.is_open,
        on_open_change=ShareState.close_share,
    )
