"""The tags of the open picture, beside it in the lightbox and in Create's inspector."""

import reflex as rx

from imageroute_app.components.icons import icon
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.tags import TagState


def tags() -> rx.Component:
    """Draw the tags, each a button that takes itself off, and the field for another."""
    field = rx.el.input(
        name="tag",
        class_name="in sm",
        placeholder="Add a tag",
        aria_label="Add a tag",
        max_length=40,
        required=True,
        auto_complete="off",
        dir="auto",
    )
    return rx.el.section(
        rx.el.h3("Tags", class_name="h4"),
        rx.el.div(
            rx.foreach(InspectorState.image.tags, _tag),
            rx.el.form(field, on_submit=TagState.add_tag, reset_on_submit=True),
            class_name="row tags",
        ),
    )


def _tag(tag: rx.Var[str]) -> rx.Component:
    return rx.el.button(
        tag,
        icon("x", "s"),
        type="button",
        class_name="chip out",
        aria_label="Remove tag " + tag,
        on_click=TagState.remove_tag(tag),
    )
