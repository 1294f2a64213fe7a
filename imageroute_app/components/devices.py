"""The devices a person is signed in on."""

import reflex as rx

from imageroute_app.components.forms import post_button
from imageroute_app.components.icons import icon
from imageroute_app.components.marks import moment
from imageroute_app.state.account import AccountState, DeviceView


def _ending(device: DeviceView) -> rx.Component:
    return rx.cond(
        device.verb != "",
        rx.el.button(
            device.verb,
            type="button",
            class_name="lk2",
            aria_label=device.verb + " " + device.name,
            on_click=AccountState.end_device(device.id),
        ),
        rx.fragment(),
    )


def _row(device: DeviceView) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            rx.el.span(
                rx.cond(device.is_phone, icon("smartphone"), icon("laptop")),
                rx.el.b(device.name),
                rx.cond(device.tag != "", rx.el.span(device.tag, class_name="tag"), rx.fragment()),
                class_name="row dev",
            )
        ),
        rx.el.td(moment(device.signed_in, "both"), class_name="q2 nw"),
        rx.el.td(moment(device.seen, "both"), class_name="q2 nw"),
        rx.el.td(_ending(device), class_name="num"),
        key=device.id,
    )


def _waiting() -> rx.Component:
    blank = [rx.el.td(rx.el.div(class_name="sk bar1")) for _ in range(4)]
    return rx.el.tbody(*[rx.el.tr(*blank) for _ in range(2)], aria_hidden="true")


def devices() -> rx.Component:
    """Draw the table of devices and the way to end them all."""
    return rx.el.div(
        rx.el.table(
            rx.el.thead(
                rx.el.tr(
                    rx.el.th("Device", scope="col"),
                    rx.el.th("Signed in", scope="col"),
                    rx.el.th("Last seen", scope="col"),
                    rx.el.th(rx.el.span("Action", class_name="sr"), scope="col"),
                )
            ),
            rx.cond(
                AccountState.is_loaded,
                rx.el.tbody(rx.foreach(AccountState.devices, _row)),
                _waiting(),
            ),
            class_name="tbl devices",
            aria_label="Devices",
        ),
        rx.el.div(AccountState.outside_note, role="status", class_name="small q3"),
        rx.el.div(post_button("Sign out everywhere", "/auth/sign-out-everywhere"), class_name="after"),
    )
