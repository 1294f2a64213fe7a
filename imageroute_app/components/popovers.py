"""What opens above the composer: the route, the price, earlier prompts. Native popovers, placed by assets/app.js."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.links import link
from imageroute_app.components.marks import stop
from imageroute_app.state.create import CreateState
from imageroute_app.state.create_views import EarlierView
from imageroute_app.state.plan_views import ClosedView
from imageroute_app.state.views import StopView

MODEL = CreateState.model


def opener(*content: rx.Component | rx.Var | str, opens: str, section: str = "", **props: object) -> rx.Component:
    """Draw a button that opens a popover; `section` is the part of it that a wide screen shows alone."""
    extra = {"data-section": section} if section else {}
    return rx.el.button(*content, type="button", custom_attrs={"popoverTarget": opens, **extra}, **props)


def popover(*content: rx.Component, name: str, label: str, class_name: str = "") -> rx.Component:
    """Draw what an opener opens: beside it on a wide screen, a sheet on a phone."""
    return rx.el.div(
        *content,
        id=name,
        class_name=f"pop above {class_name}".strip(),
        role="dialog",
        aria_label=label,
        tab_index=-1,
        custom_attrs={"popover": "auto"},
    )


def close_button(name: str) -> rx.Component:
    """Draw the button that closes a sheet on a phone, where nothing lies beside it to press."""
    return rx.el.button(
        "Done",
        type="button",
        class_name="btn line phone done",
        custom_attrs={"popoverTarget": name, "popoverTargetAction": "hide"},
    )


def _fact(name: str, value: rx.Var | rx.Component) -> rx.Component:
    return rx.fragment(rx.el.dt(name), rx.el.dd(value))


def _stops() -> rx.Component:
    here = StopView(kind="hub", name="ImageRoute", sub="Holds the price, checks your balance and your rule")
    return rx.el.ol(
        stop(rx.Var.create(StopView(kind="you", name="You", sub="Your prompt, and a picture only if you add one"))),
        stop(rx.Var.create(here)),
        rx.foreach(CreateState.route, stop),
        stop(rx.Var.create(StopView(kind="home", name="Your gallery", sub="Private, only you see it"))),
        class_name=rx.Var.create("route v ln-") + MODEL.line,
        aria_label="Route of the next picture",
    )


def left_out(view: rx.Var[ClosedView]) -> rx.Component:
    """Draw who is left out, and why."""
    return rx.el.li(rx.el.b(view.name), " ", view.company, ": ", view.reason, key=view.name)


def _left_out() -> rx.Component:
    return rx.cond(
        CreateState.closed.length() > 0,
        rx.el.details(
            rx.el.summary(CreateState.closed.length(), " left out, and why"),
            rx.el.ul(rx.foreach(CreateState.closed, left_out), class_name="whys"),
            class_name="small q2",
        ),
        rx.fragment(),
    )


def route_popover() -> rx.Component:
    """Draw all that is known about who gets the next picture, with source and date."""
    return popover(
        rx.el.h2("Route of the next picture", class_name="h4"),
        _stops(),
        rx.el.dl(
            _fact("Your rule", CreateState.rule_line),
            _fact("Company", MODEL.company),
            _fact("Country", MODEL.country),
            _fact("Retention", MODEL.retention),
            _fact("Training", MODEL.trains),
            _fact("People", MODEL.review),
            _fact("Method", MODEL.summary),
            _fact(
                "Source",
                rx.el.span(
                    rx.el.a(
                        MODEL.source,
                        " (external)",
                        href=MODEL.source,
                        target="_blank",
                        rel="noopener noreferrer",
                        class_name="src",
                    ),
                    rx.el.span("Checked on ", MODEL.checked_on, class_name="q3"),
                ),
            ),
            class_name="dl",
        ),
        _left_out(),
        link("What happens to your pictures", href=paths.PRIVACY, class_name="small"),
        close_button("route"),
        name="route",
        label="Route of the next picture",
        class_name="facts",
    )


def price_lines() -> rx.Component:
    """Draw the price as lines, and what happens when less is delivered."""
    credits = CreateState.price.to_string() + rx.cond(CreateState.price == 1, " credit", " credits")
    return rx.fragment(
        rx.el.dl(
            rx.el.div(rx.el.dt(CreateState.unit), rx.el.dd(credits)),
            rx.el.div(rx.el.dt("You pay at most"), rx.el.dd(credits)),
            class_name="lines",
        ),
        rx.el.p(
            "Held when you press, charged for each picture that is delivered. A picture that fails, is blocked"
            " or is cancelled costs 0 credits: what was held for it comes back by itself when the job ends.",
            class_name="small q2",
        ),
    )


def price_popover() -> rx.Component:
    """Draw the price of the next press."""
    return popover(
        rx.el.h2("What this costs", class_name="h4"),
        price_lines(),
        close_button("price"),
        name="price",
        label="What this costs",
        class_name="bill",
    )


def _earlier(view: rx.Var[EarlierView]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            view.prompt,
            type="button",
            dir="auto",
            class_name="item",
            on_click=CreateState.use_earlier(view.job_id),
            custom_attrs={"popoverTarget": "earlier", "popoverTargetAction": "hide"},
        ),
        key=view.job_id,
    )


def earlier_popover() -> rx.Component:
    """Draw the last prompts; pressing one puts it into the form."""
    return popover(
        rx.el.h2("Earlier prompts", class_name="h4"),
        rx.cond(
            CreateState.earlier.length() > 0,
            rx.el.ul(rx.foreach(CreateState.earlier, _earlier), role="list"),
            rx.el.p("Prompts that you send will be listed here.", class_name="small q2"),
        ),
        close_button("earlier"),
        name="earlier",
        label="Earlier prompts",
        class_name="list",
    )
