"""Policy and versions: what is in effect, what comes, what changed, and what the person was shown."""

import reflex as rx

from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.components.privacy.frame import part
from imageroute_app.state.policies import ComingView, EditionView, PoliciesState, SeenView

HEADS = ("Text", "Last updated", "Versions", "Shown to you")


def policies() -> rx.Component:
    """Draw the section."""
    return part(
        "policy",
        "Policy and versions",
        rx.foreach(PoliciesState.coming, _coming),
        rx.el.table(
            rx.el.thead(rx.el.tr(*[rx.el.th(head, scope="col") for head in HEADS])),
            rx.el.tbody(rx.foreach(PoliciesState.editions, _edition)),
            class_name="tbl resp editions",
            aria_label="Texts in effect",
        ),
        rx.el.details(
            rx.el.summary("What you were shown, and when", class_name="lk small"),
            rx.el.ul(
                rx.foreach(PoliciesState.seen, _seen), role="list", class_name="events", aria_label="Shown to you"
            ),
            class_name="more",
        ),
        says="That you were shown a text is noted here. It is never taken as consent, and no choice of yours changes with it.",
    )


def _edition(view: rx.Var[EditionView]) -> rx.Component:
    changes = rx.cond(
        view.differences != "", rx.fragment(", ", link("what changed", href=view.differences)), rx.fragment()
    )
    seen = rx.cond(view.seen != "", rx.fragment("Shown ", moment(view.seen, "day")), _note_it(view.id, view.name))
    return rx.el.tr(
        rx.el.td(link(rx.el.b(view.name), href=view.path)),
        rx.el.td(view.day, class_name="nw rtp"),
        rx.el.td(link(view.earlier, href=view.versions), changes, class_name="q2"),
        rx.el.td(seen, class_name="q2 rtp"),
        key=view.id,
    )


def _coming(view: rx.Var[ComingView]) -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.p(
                rx.el.b(view.name, ": a new version"),
                rx.cond(view.day != "", rx.fragment(" takes effect on ", view.day), ""),
                ".",
            ),
            rx.el.p(view.summary),
            rx.el.p(
                "You do not have to do anything, and your choices stay as they are. If you do not want it: ",
                link("take your data with you", href="#export"),
                " and ",
                link("close the account", href="#close"),
                ".",
            ),
            rx.el.p(
                link("What changes", href=view.differences, class_name="btn line sm"),
                rx.cond(view.is_seen, "", _note_it(view.id, view.name)),
                class_name="row wrapx",
            ),
            class_name="two",
        ),
        class_name="note warn coming",
        key=view.id,
    )


def _note_it(edition_id: rx.Var[str], name: rx.Var[str]) -> rx.Component:
    return rx.el.button(
        "I have seen it",
        type="button",
        class_name="btn bare sm",
        aria_label="I have seen it: " + name,
        on_click=PoliciesState.acknowledge_policy(edition_id),
    )


def _seen(view: rx.Var[SeenView]) -> rx.Component:
    return rx.el.li(
        rx.el.p(link(view.name, href=view.path), class_name="shown"),
        rx.el.p("Shown ", view.where, ", ", moment(view.at, "both"), class_name="small q3"),
        key=view.id,
    )
