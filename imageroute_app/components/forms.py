"""Form parts, and forms that the browser posts by itself."""

from typing import Any

import reflex as rx


class NativeForm(rx.el.Div):
    """A form that reaches our HTTP routes: rx.form always prevents that.

    It works without a websocket, and what is typed never travels through an event.
    """

    tag = "form"
    action: rx.Var[str]
    method: rx.Var[str]


def post_form(*content: rx.Component, action: str, **props: Any) -> rx.Component:
    """Draw a form that posts to one of our routes."""
    return NativeForm.create(*content, action=action, method="post", **props)


def post_button(label: str, action: str, class_name: str = "btn line") -> rx.Component:
    """Draw a button that posts nothing but itself."""
    return post_form(rx.el.button(label, type="submit", class_name=class_name), action=action)


def field(label: str, name: str, *, hint: str = "", **props: Any) -> rx.Component:
    """Draw a labelled input with its hint below."""
    described = {"aria_describedby": f"{name}-hint"} if hint else {}
    return rx.el.div(
        rx.el.label(label, html_for=name),
        rx.el.input(id=name, name=name, class_name="in", **described, **props),
        rx.el.p(hint, id=f"{name}-hint", class_name="hint") if hint else rx.fragment(),
        class_name="field",
    )


def section(title: str, *content: rx.Component, hint: str = "", name: str) -> rx.Component:
    """Draw one part of a settings page: its title at the left, its controls at the right."""
    return rx.el.section(
        rx.el.div(
            rx.el.h2(title, class_name="h3", id=name),
            rx.el.p(hint, class_name="small q3") if hint else rx.fragment(),
        ),
        rx.el.div(*content),
        aria_labelledby=name,
    )


def switch(title: str, facts: str, **props: Any) -> rx.Component:
    """Draw an on-off choice of a dialog with what it means; `props` are its state and what it does."""
    return rx.el.label(
        rx.el.input(type="checkbox", role="switch", class_name="sw", **props),
        rx.el.span(rx.el.b(title), rx.el.span(facts, class_name="small q3"), class_name="two"),
        class_name="row",
    )


def setting(title: str, facts: rx.Component | rx.Var[str] | str, control: rx.Component) -> rx.Component:
    """Draw one line of a settings part: what it is, how it stands, and its control."""
    return rx.el.div(
        rx.el.div(rx.el.b(title), rx.el.div(facts, class_name="small q3")),
        control,
        class_name="li",
    )
