"""Export my data: the button, what goes in, the route of the package in hand, and the packages that were made."""

import reflex as rx

from imageroute_app.components.forms import post_form, switch
from imageroute_app.components.icons import icon
from imageroute_app.components.marks import moment
from imageroute_app.components.privacy.frame import part
from imageroute_app.state.export_views import ExportView, PartView, StopView
from imageroute_app.state.exports import CATEGORIES, ExportsState

CURRENT = ExportsState.current
FORM = "export-form"
SCOPES = (("everything", "Everything"), ("gallery", "Gallery only"), ("chosen", "Choose"))
SIZES = (("1", "1 GB"), ("2", "2 GB"), ("5", "5 GB"), ("10", "10 GB"))


def exports() -> rx.Component:
    """Draw the section."""
    return part(
        "export",
        "Export my data",
        _options(),
        rx.cond(ExportsState.problem != "", _note("bad", ExportsState.problem, role="alert"), rx.fragment()),
        rx.el.div(rx.cond(ExportsState.has_current, _in_hand(), rx.fragment()), aria_live="off"),
        _history(),
        says="Everything we hold, with a checksum for every file and a page you can read offline.",
        act=rx.el.button(
            "Export my data",
            type="submit",
            class_name="btn ink",
            custom_attrs={"form": FORM},
            disabled=ExportsState.has_current,  # it waits for no load: the route begins no second one
        ),
    )


def _options() -> rx.Component:
    return post_form(
        rx.el.details(
            rx.el.summary("What goes in, and how large the files may be", class_name="lk small"),
            rx.el.div(_scope(), _size(), _only_new(), class_name="card exp opts"),
        ),
        rx.el.input(type="hidden", name="scope", value=ExportsState.scope, read_only=True),
        rx.el.input(type="hidden", name="categories", value=ExportsState.chosen_text, read_only=True),
        action="/privacy-center/export",
        id=FORM,
    )


def _scope() -> rx.Component:
    scopes = [
        rx.el.button(
            name, type="button", aria_pressed=ExportsState.scope == value, on_click=ExportsState.set_scope(value)
        )
        for value, name in SCOPES
    ]
    kinds = [
        rx.el.button(
            name,
            type="button",
            class_name="chip out",
            aria_pressed=ExportsState.chosen.contains(name),
            on_click=ExportsState.toggle_category(name),
        )
        for name in CATEGORIES
    ]
    shown = rx.el.div(*kinds, class_name="row wrapx kinds", role="group", aria_label="Kinds of data")
    return rx.fragment(
        rx.el.div(*scopes, class_name="seg", role="group", aria_label="What to export"),
        rx.cond(ExportsState.scope == "chosen", shown, rx.fragment()),
    )


def _size() -> rx.Component:
    sizes = [rx.el.option(name, value=value) for value, name in SIZES]
    return rx.el.label(
        "Largest file ",
        rx.el.select(*sizes, name="part_size", default_value="2", class_name="chip"),
        class_name="row",
    )


def _only_new() -> rx.Component:
    title = "Only pictures since my last export"
    return switch(title, "Records are always complete", name="only_new", value="yes")


def _in_hand() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.div(
                rx.el.b(CURRENT.headline),
                rx.cond(CURRENT.facts != "", rx.el.span(" · ", CURRENT.facts, class_name="q3"), rx.fragment()),
                role="status",
            ),
            rx.el.div(_pause(), _resume(), _cancel(), class_name="row"),
            class_name="row between wrapx exp-top",
        ),
        rx.cond(CURRENT.problem != "", _note("warn", CURRENT.problem), rx.fragment()),
        rx.el.progress(value=CURRENT.percent, max=100, aria_label="Pictures copied", class_name="sr"),
        rx.el.ol(
            rx.foreach(CURRENT.stops, _stop),
            class_name="route h",
            style={"--g": "var(--surface)"},
            aria_label="Export progress",
        ),
        rx.el.p(
            "It goes on when you close this page. Your password is asked for again before a download.",
            class_name="small q3",
        ),
        class_name="card exp",
    )


def _stop(view: rx.Var[StopView]) -> rx.Component:
    return rx.el.li(
        rx.el.span(class_name="mk", aria_hidden="true"),
        rx.el.span(view.name, class_name="nm"),
        rx.el.span(view.sub, class_name="sub"),
        class_name=view.look,
        aria_current=rx.cond(view.is_here, "step", "false"),
        key=view.name,
    )


def _pause() -> rx.Component:
    return rx.cond(
        CURRENT.can_pause,
        rx.el.button("Pause", type="button", class_name="btn line sm", on_click=ExportsState.pause_export(CURRENT.id)),
        rx.fragment(),
    )


def _resume() -> rx.Component:
    return rx.cond(
        CURRENT.can_resume,
        rx.el.button(
            CURRENT.resume_label,
            type="button",
            class_name="btn line sm",
            on_click=ExportsState.resume_export(CURRENT.id),
        ),
        rx.fragment(),
    )


def _cancel() -> rx.Component:
    return rx.el.button(
        "Cancel export", type="button", class_name="btn bare sm", on_click=ExportsState.cancel_export(CURRENT.id)
    )


def _history() -> rx.Component:
    return rx.cond(
        ExportsState.history.length() > 0,
        rx.el.ul(
            rx.foreach(ExportsState.history, _line), class_name="made exps", role="list", aria_label="Your exports"
        ),
        rx.cond(
            ExportsState.is_loaded & ~ExportsState.has_current,
            rx.el.p("No export yet. The files stay for 7 days.", class_name="small q3"),
            rx.fragment(),
        ),
    )


def _line(view: rx.Var[ExportView]) -> rx.Component:
    ends = rx.el.span("Kept until ", moment(view.expires_at, "both"), class_name="small q3")
    return rx.el.li(
        rx.el.div(
            rx.el.div(
                rx.el.b(view.what, " · ", moment(view.made_at, "both")),
                rx.el.span(view.standing, class_name=rx.cond(view.has_gaps, "small warn", "small q3")),
                rx.cond(view.is_ready, ends, rx.fragment()),
                class_name="two grow",
            ),
            rx.cond(view.is_ready, _delete(view), rx.fragment()),
            class_name="row between wrapx",
        ),
        rx.cond(view.gaps.length() > 0, _gaps(view), rx.fragment()),
        rx.el.ul(rx.foreach(view.parts, _part), role="list", class_name="parts"),
        key=view.id,
    )


def _gaps(view: rx.Var[ExportView]) -> rx.Component:
    return rx.el.details(
        rx.el.summary("Which ones, and why", class_name="lk small"),
        rx.el.ul(rx.foreach(view.gaps, lambda gap: rx.el.li(gap, dir="auto", class_name="small q2"))),
    )


def _part(view: rx.Var[PartView]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.span(view.label, " · ", view.size),
            rx.el.span("SHA-256 ", view.sha256, class_name="small q3 mono clip"),
            class_name="two grow",
        ),
        post_form(
            rx.el.button(
                icon("download", "s"), "Download", type="submit", class_name="btn line sm",
                aria_label="Download " + view.label,
            ),
            action=view.action,
        ),
        key=view.action,
        class_name="row between",
    )  # fmt: skip


def _delete(view: rx.Var[ExportView]) -> rx.Component:
    return rx.el.button(
        "Delete file now",
        type="button",
        class_name="btn bare sm bad",
        on_click=ExportsState.delete_export_files(view.id),
    )


def _note(kind: str, words: rx.Var[str], **props: str) -> rx.Component:
    return rx.el.div(icon("circle-alert"), rx.el.span(words), class_name=f"note {kind}", **props)
