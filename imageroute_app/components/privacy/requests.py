"""Requests and complaints: every case with its date and state, and a form for a new one that the browser posts by itself."""

import reflex as rx

from imageroute_app.components.forms import post_form
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.components.privacy.frame import part
from imageroute_app.state.cases import CaseView, RequestsState

ASKS = (
    ("access", "Access to my data"),
    ("correct", "Correction"),
    ("erase", "Erasure"),
    ("restrict", "Restriction"),
    ("object", "Objection"),
    ("port", "A portable copy"),
    ("opt_out", "Opt-out of sale and sharing"),
)


def requests() -> rx.Component:
    """Draw the section."""
    return part(
        "requests",
        "Requests and complaints",
        rx.cond(RequestsState.cases.length() > 0, _table(), rx.el.p("Nothing asked yet.", class_name="q2")),
        rx.el.details(rx.el.summary("New request", class_name="btn line"), _form(), class_name="newcase"),
        rx.el.p(
            link("Complain", href="/complaint"),
            " to us or to an authority, ",
            link("ask support", href="/support"),
            ", or write a mail; all of it appears here.",
            class_name="q2",
        ),
        says="Ask for anything about your data. You have an answer within one month, or reasons, and where to complain.",
    )


def reports() -> rx.Component:
    """Draw the ways to report, and to follow a report by its code."""
    return part(
        "report",
        "Report a child, abuse or a breach",
        rx.el.p(
            link("Report a problem", href="/report", class_name="btn line"),
            " ",
            link("Follow a report by its code", href="/cases", class_name="btn bare"),
        ),
        says="Anyone can report, without an account too. An account reported as a child's is locked at once.",
    )


def _table() -> rx.Component:
    heads = ("Case", "Received", "Answer by", "State")
    return rx.el.table(
        rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in heads])),
        rx.el.tbody(rx.foreach(RequestsState.cases, _row)),
        class_name="tbl resp cases",
        aria_label="Cases",
    )


def _row(case: rx.Var[CaseView]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(
            link(case.title, href=case.path),
            rx.el.span(case.reference, class_name="small q3 mono casenr"),
        ),
        rx.el.td(moment(case.received, "day"), class_name="q2 nw hide"),
        rx.el.td(
            rx.cond(case.due != "", moment(case.due, "day"), "–"),
            rx.el.span(case.law, class_name="small q3 casenr"),
            class_name="q2",
        ),
        rx.el.td(rx.el.span(case.state, class_name="tag " + case.tone), class_name="rtp"),
        key=case.id,
    )


def _form() -> rx.Component:
    return post_form(
        rx.el.div(
            rx.el.label("What you ask for", html_for="request-kind"),
            rx.el.span(
                rx.el.select(
                    *[rx.el.option(words, value=kind) for kind, words in ASKS],
                    id="request-kind",
                    name="kind",
                    class_name="in",
                ),
                icon("chevron-down"),
                class_name="pick",
            ),
            class_name="field",
        ),
        rx.el.div(
            rx.el.label("In your words", html_for="request-text"),
            rx.el.textarea(
                id="request-text",
                name="text",
                rows="4",
                max_length=5000,
                required=True,
                class_name="in long",
                aria_describedby="request-hint",
            ),
            rx.el.p(
                "For a correction: what is wrong, and what it should say. We complete what we may not change with your words.",
                id="request-hint",
                class_name="hint",
            ),
            class_name="field",
        ),
        rx.el.button("Send request", type="submit", class_name="btn go"),
        action="/requests",
        class_name="ask",
        aria_label="New request",
    )
