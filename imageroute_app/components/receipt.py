"""The receipt of one job: who received it, and its price from quote to payment."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.icons import icon
from imageroute_app.components.marks import route
from imageroute_app.state.usage import ReceiptView, UsageState

RECEIPT: ReceiptView = UsageState.receipt
REFOCUS = "document.querySelector('.led [data-shown=true]')?.focus()"
"""A sheet that is opened by state has no trigger of its own to hand the focus back to."""


def _amount(what: str, credits: str) -> rx.Component:
    return rx.el.div(rx.el.dt(what), rx.el.dd(credits))


def _bill() -> rx.Component:
    return rx.el.dl(
        _amount(RECEIPT.quoted, RECEIPT.quoted_credits),
        _amount(RECEIPT.delivered, RECEIPT.delivered_credits),
        rx.cond(
            RECEIPT.is_open,
            _amount("Reserved until it ends", RECEIPT.quoted_credits),
            _amount("Returned", RECEIPT.returned),
        ),
        _amount("You paid", RECEIPT.paid),
        class_name="lines",
    )


def _body() -> rx.Component:
    return rx.fragment(
        rx.el.p(RECEIPT.prompt, class_name="small q2 said"),
        route(RECEIPT.stops, RECEIPT.line),
        rx.el.div(_bill(), class_name="sect"),
        rx.cond(RECEIPT.appeal != "", rx.el.p(RECEIPT.appeal, class_name="small"), rx.fragment()),
    )


def receipt_panel() -> rx.Component:
    """Draw the receipt beside the ledger."""
    return rx.el.div(
        rx.cond(
            RECEIPT.job_id != "",
            rx.el.aside(
                rx.el.h2(RECEIPT.name, class_name="h4"),
                _body(),
                class_name="rc card",
                aria_label=RECEIPT.name,
            ),
            rx.fragment(),
        ),
        class_name="beside",
    )


def receipt_sheet() -> rx.Component:
    """Draw the receipt as a sheet, for screens without room beside the ledger."""
    return dialog.root(
        dialog.portal(
            dialog.overlay(class_name="scrim"),
            dialog.content(
                rx.el.div(
                    dialog.title(RECEIPT.name, class_name="h4"),
                    dialog.close(
                        rx.el.button(icon("x"), type="button", class_name="ib", aria_label="Close"),
                        as_child=True,
                    ),
                    class_name="row between",
                ),
                _body(),
                class_name="rc sheet",
                aria_describedby="",
                on_close_auto_focus=rx.run_script(REFOCUS),
            ),
        ),
        open=UsageState.is_sheet_open,
        on_open_change=UsageState.set_sheet,
    )
