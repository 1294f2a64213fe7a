"""The ledger: one job is one short line of quote, hold, release and charge; other entries stand alone."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.marks import bullet, moment
from imageroute_app.state.usage import GroupView, LineView, UsageState

WIDTH = 6


def _title(group: GroupView) -> rx.Component:
    """Draw the prompt as the button that shows the receipt: in the panel, or in a sheet where that has no room."""
    is_shown = UsageState.receipt.job_id == group.job_id
    return rx.fragment(
        rx.el.button(
            group.title,
            type="button",
            class_name="clip beside",
            aria_pressed=is_shown,
            on_click=UsageState.open_receipt(group.job_id),
        ),
        rx.el.button(
            group.title,
            type="button",
            class_name="clip instead",
            aria_haspopup="dialog",
            custom_attrs={"data-shown": is_shown},
            on_click=UsageState.open_sheet(group.job_id),
        ),
    )


def _head(group: GroupView) -> rx.Component:
    return rx.el.tr(
        rx.el.td(bullet(group.letter, group.line, ""), class_name="tk"),
        rx.el.td(_title(group), col_span=2, class_name="hp"),
        rx.el.td(moment(group.time, "day"), class_name="q3 nw when"),
        rx.el.td(rx.el.b(group.credits), class_name="num"),
        rx.el.td(group.balance, class_name="num bl"),
        class_name="jh ln-" + group.line,
    )


def _line(line: LineView) -> rx.Component:
    return rx.el.tr(
        rx.el.td(class_name="tk"),
        rx.el.td(line.kind, class_name="nw"),
        rx.el.td(line.reason),
        rx.el.td(rx.cond(line.time != "", moment(line.time), rx.fragment()), class_name="q3 nw when"),
        rx.el.td(line.credits, class_name="num"),
        rx.el.td(line.balance, class_name="num bl q3"),
        class_name="jl " + line.place,
    )


def _alone(group: GroupView) -> rx.Component:
    return rx.el.tr(
        rx.el.td(rx.cond(group.is_loss, icon("minus", "s"), icon("plus", "s")), class_name="tk"),
        rx.el.td(rx.el.b(group.title), class_name="nw"),
        rx.el.td(group.reason, class_name="q2"),
        rx.el.td(moment(group.time, "day"), class_name="q3 nw when"),
        rx.el.td(rx.el.b(group.credits), class_name="num"),
        rx.el.td(group.balance, class_name="num bl"),
        class_name="jh solo",
    )


def _group(group: GroupView) -> rx.Component:
    return rx.el.tbody(
        rx.cond(
            group.job_id != "",
            rx.fragment(_head(group), rx.foreach(group.lines, _line)),
            _alone(group),
        ),
        class_name="ln-" + group.line,
        key=group.id,
    )


def _heads() -> rx.Component:
    names = (("Line", "sr-th"), ("Entry", ""), ("Reason", ""), ("When", "when"))
    return rx.el.thead(
        rx.el.tr(
            rx.el.th(rx.el.span("Line", class_name="sr"), scope="col"),
            *[rx.el.th(name, scope="col", class_name=kind) for name, kind in names[1:]],
            rx.el.th("Credits", scope="col", class_name="num"),
            rx.el.th("Balance", scope="col", class_name="num bl"),
        )
    )


def _waiting() -> rx.Component:
    rows = [rx.el.tr(rx.el.td(rx.el.div(class_name="sk bar2"), col_span=WIDTH), class_name="jh") for _ in range(4)]
    return rx.el.tbody(*rows, aria_hidden="true")


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.p(rx.el.b("Nothing has moved yet. "), "Each credit that comes or goes gets a line here."),
        link("Make a picture", href=paths.CREATE, class_name="btn line"),
        class_name="empty",
    )


def _older() -> rx.Component:
    return rx.el.div(
        rx.cond(
            UsageState.has_older,
            rx.el.button(
                rx.cond(UsageState.is_loading, "Reading", "Show older"),
                type="button",
                class_name="btn line",
                disabled=UsageState.is_loading,
                on_click=UsageState.load_older,
            ),
            rx.fragment(),
        ),
        rx.cond(
            UsageState.skipped_newest,
            rx.el.button(
                "Back to the newest",
                type="button",
                class_name="btn bare",
                on_click=UsageState.load_usage,
            ),
            rx.fragment(),
        ),
        class_name="row after",
    )


def ledger_table() -> rx.Component:
    """Draw the ledger, its empty state and the way to older entries."""
    return rx.el.section(
        rx.el.h2("Ledger", class_name="h3", id="ledger-title"),
        rx.el.table(
            _heads(),
            rx.cond(
                UsageState.is_loaded,
                rx.foreach(UsageState.groups, _group),
                _waiting(),
            ),
            class_name="tbl led",
            aria_label="Ledger",
        ),
        rx.cond(UsageState.is_empty, _empty(), rx.fragment()),
        _older(),
        aria_labelledby="ledger-title",
    )
