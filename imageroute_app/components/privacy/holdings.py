"""What we hold, counted where it lies, and who got what, one line a handing over."""

import reflex as rx

from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.components.privacy.frame import part
from imageroute_app.state.privacy import HoldingView, LineView, PrivacyState

HELD = ("What", "Count", "Oldest", "Why", "Who else may have it", "Goes", "See or erase")
GOT = ("When", "Company", "What", "Country", "Safeguard", "Their retention", "Now")


def holdings() -> rx.Component:
    """Draw what we hold."""
    return part(
        "hold",
        "What we hold",
        _table(HELD, rx.foreach(PrivacyState.holdings, _holding), "What we hold"),
        says="Counted now. The export below holds every row.",
    )


def got() -> rx.Component:
    """Draw who got what."""
    return part(
        "got",
        "Who got what",
        rx.cond(
            PrivacyState.lines.length() > 0,
            _table(GOT, rx.foreach(PrivacyState.lines, _line), "Who got what"),
            rx.el.p("Nobody got anything yet.", class_name="q2"),
        ),
        says="The newest 20; the file has all. Nothing is sold or shared for advertising.",
        act=link("Export ledger", href="/privacy-center/who-got-what.csv", class_name="btn line sm"),
    )


def _table(heads: tuple[str, ...], rows: rx.Component, label: str) -> rx.Component:
    return rx.el.table(
        rx.el.thead(rx.el.tr(*[rx.el.th(head, class_name="num" if head == "Count" else "") for head in heads])),
        rx.el.tbody(rows),
        class_name="tbl resp held",
        aria_label=label,
    )


def _holding(view: rx.Var[HoldingView]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(rx.el.b(view.name)),
        rx.el.td(view.count, class_name="num"),
        rx.el.td(rx.cond(view.oldest != "", moment(view.oldest, "day"), "–"), class_name="nw q2 hide"),
        rx.el.td(view.why, title=view.basis, class_name="q2"),
        rx.el.td(view.who, class_name="hide"),
        rx.el.td(view.goes, class_name="q2 hide"),
        rx.el.td(_see(view), _erase(view), class_name="erase"),
        key=view.name,
    )


def _see(view: rx.Var[HoldingView]) -> rx.Component:
    """Draw the way to the rows themselves."""
    way = link("See", href=view.see, class_name="lk small", aria_label="See: " + view.name)
    return rx.cond(view.see != "", way, rx.fragment())


def _erase(view: rx.Var[HoldingView]) -> rx.Component:
    """Draw the way to erase a category, or why it goes with the account only."""
    way = link("Erase", href=view.erase, class_name="btn line sm", aria_label="Erase: " + view.name)
    why = rx.el.details(
        rx.el.summary("Why not alone", class_name="lk small", aria_label="Why not alone: " + view.name),
        rx.el.p(view.whole, class_name="small q2"),
    )
    return rx.cond(view.erase != "", way, rx.cond(view.whole != "", why, rx.fragment()))


def _line(view: rx.Var[LineView]) -> rx.Component:
    return rx.el.tr(
        rx.el.td(moment(view.at, "both"), class_name="nw q2"),
        rx.el.td(rx.el.b(view.company)),
        rx.el.td(view.what),
        rx.el.td(view.country, class_name="hide"),
        rx.el.td(view.safeguard, class_name="q2 hide"),
        rx.el.td(view.retention, class_name="q2 hide"),
        rx.el.td(view.now, class_name=rx.cond(view.is_gone, "q3 rtp", "rtp")),
        key=view.id,
    )
