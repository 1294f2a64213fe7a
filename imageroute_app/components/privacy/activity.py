"""Activity and access: devices, the journal of the account, and who of our people looked at what and why."""

import reflex as rx

from imageroute_app.components.devices import devices
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.components.privacy.frame import part
from imageroute_app.state.activity import ActivityState, ActivityView, LookView

HAPPENED = ("What", "When", "From", "Address", "Kept")


def activity() -> rx.Component:
    """Draw the section."""
    return part(
        "activity",
        "Activity and access",
        rx.el.h3("Devices that are signed in", class_name="h4"),
        devices(),
        rx.el.h3("Looks of our people", class_name="h4"),
        _looks(),
        rx.el.h3("What happened on your account", class_name="h4"),
        _journal(),
        rx.el.p(
            "The network address is cut after a day to what many people share. A line goes after 30 days; what is about your"
            " safety stays 90 days, because a break-in is often noticed late. Your export holds every line.",
            class_name="small q3",
        ),
        says="Who was in your account, what was done, and every look of ours with its reason.",
    )


def _looks() -> rx.Component:
    none = rx.el.p("None of our people looked at anything of yours in the last 12 months.", class_name="q2")
    looks = rx.el.ul(rx.foreach(ActivityState.looks, _look), role="list", class_name="events", aria_label="Looks")
    return rx.cond(ActivityState.looks.length() > 0, looks, rx.cond(ActivityState.is_loaded, none, rx.fragment()))


def _look(view: rx.Var[LookView]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.p(rx.el.b(view.reason, dir="auto")),
            rx.el.p("An operator, ", moment(view.at, "both"), class_name="small q3"),
            class_name="shown",
        ),
        link("The case", href=view.case, class_name="btn line sm"),
        key=view.id,
    )


def _journal() -> rx.Component:
    older = rx.el.button(
        "Show older", type="button", class_name="btn line sm", on_click=ActivityState.show_older_activity
    )
    return rx.fragment(
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in HAPPENED])),
            rx.el.tbody(rx.foreach(ActivityState.lines, _line)),
            class_name="tbl resp journal",
            aria_label="What happened",
        ),
        rx.cond(ActivityState.has_more, rx.el.p(older), rx.fragment()),
    )


def _line(view: rx.Var[ActivityView]) -> rx.Component:
    safety = rx.el.span(icon("shield", "s"), rx.el.span("About your safety", class_name="sr"), class_name="q3")
    return rx.el.tr(
        rx.el.td(rx.el.b(view.what), " ", rx.cond(view.is_safety, safety, rx.fragment())),
        rx.el.td(moment(view.at, "both"), class_name="nw q2 rtp"),
        rx.el.td(view.device, class_name="q2"),
        rx.el.td(view.address, class_name="q2 rtp"),
        rx.el.td(view.kept, class_name="nw q3 hide"),
        key=view.id,
    )
