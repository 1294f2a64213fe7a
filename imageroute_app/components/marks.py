"""The brand's marks: logo, mini route, bullets and the route of a picture (design/look/DESIGN.md 2)."""

import reflex as rx

from imageroute_app.state.views import StopView


def logo(size_px: int = 30) -> rx.Component:
    """Draw the logo: one line that turns towards its stop."""
    return rx.el.svg(
        rx.el.path(
            d="M7 26V15.5c0-1.6.6-3.1 1.8-4.2l1-1A5.6 5.6 0 0 1 13.8 8.6H18",
            stroke="currentColor",
            stroke_width="4.4",
        ),
        rx.el.circle(cx="22", cy="8.6", r="4.8", fill="var(--you)", stroke="currentColor", stroke_width="3.6"),
        width=str(size_px),
        height=str(size_px),
        view_box="0 0 30 30",
        fill="none",
        aria_hidden="true",
    )


def bullet(letter: rx.Var[str] | str, line: rx.Var[str] | str, size: str = "sm") -> rx.Component:
    """Draw a provider's letter on its line colour."""
    return rx.el.span(letter, class_name=rx.Var.create(f"bullet {size} ln-") + line, aria_hidden="true")


def mini_route(letter: rx.Var[str] | str, line: rx.Var[str] | str) -> rx.Component:
    """Draw the route small; its facts stand beside it in words."""
    return rx.el.span(
        rx.el.i(),
        rx.el.s(),
        rx.el.i(class_name="hub"),
        rx.el.s(class_name="p"),
        rx.el.span(letter, class_name="bullet sm"),
        rx.el.s(class_name="p"),
        rx.el.i(class_name="home"),
        class_name=rx.Var.create("mini ln-") + line,
        aria_hidden="true",
    )


def moment(iso: rx.Var[str] | str, form: str = "time") -> rx.Component:
    """Show a UTC moment in the reader's zone; `form` is time, day, both or left (days until then)."""
    return rx.el.time(iso, date_time=iso, custom_attrs={"data-local": form})


def stop(view: rx.Var[StopView]) -> rx.Component:
    """Draw one stop of a route."""
    return rx.el.li(
        rx.el.span(view.mark, class_name="mk", aria_hidden="true"),
        rx.el.span(view.name, class_name="nm"),
        rx.el.span(
            view.sub,
            rx.cond(view.time, rx.fragment(" · ", moment(view.time)), rx.fragment()),
            class_name="sub",
        ),
        rx.cond(view.note, rx.el.span(view.note, class_name="sub"), rx.fragment()),
        class_name=view.kind + " " + view.state + rx.cond(view.line, " ln-" + view.line, ""),
    )


def route(
    stops: rx.Var[list[StopView]] | list[StopView],
    line: rx.Var[str] | str,
    way: str = "v",
    label: str = "Route of this picture",
) -> rx.Component:
    """Draw the route of a picture, down (v) or across (h)."""
    return rx.el.ol(
        rx.foreach(stops, stop),
        class_name=rx.Var.create(f"route {way} ln-") + line,
        aria_label=label,
    )
