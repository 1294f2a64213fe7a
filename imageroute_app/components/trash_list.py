"""The trash as a list of pictures with the days that are left, and the question before one is deleted for good."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.icons import icon
from imageroute_app.components.marks import moment
from imageroute_app.state.trash import TrashedView, TrashState


def trashed(image: rx.Var[TrashedView]) -> rx.Component:
    """Draw one picture in the trash."""
    return rx.el.li(
        _thumbnail(image),
        _pick(image),
        rx.el.p(image.prompt, class_name="clip", dir="auto"),
        rx.el.p(moment(image.purge, "left"), class_name="small q3"),
        rx.el.div(_restore(image), _delete(image), class_name="row"),
        key=image.id,
    )


def _thumbnail(image: rx.Var[TrashedView]) -> rx.Component:
    return rx.el.div(
        rx.el.img(src=image.thumb, alt="", loading="lazy", custom_attrs={"decoding": "async"}),
        class_name="tile",
        style={"background_color": image.colour, "aspect_ratio": f"{image.width} / {image.height}"},
    )


def _pick(image: rx.Var[TrashedView]) -> rx.Component:
    """Draw the box that chooses the picture; a button, because the state answers later than a checkbox of the browser's."""
    return rx.el.button(
        icon("check", "s"),
        type="button",
        role="checkbox",
        class_name="take",
        aria_checked=TrashState.chosen.contains(image.id),
        aria_label="Select: " + image.prompt,
        on_click=TrashState.choose(image.id),
    )


def _restore(image: rx.Var[TrashedView]) -> rx.Component:
    return rx.el.button(
        icon("undo-2", "s"),
        "Restore",
        type="button",
        class_name="btn line sm",
        aria_label="Restore: " + image.prompt,
        on_click=TrashState.restore_image(image.id),
    )


def _delete(image: rx.Var[TrashedView]) -> rx.Component:
    """Draw the button and the dialog that it opens; the dialog takes the focus and gives it back."""
    ask = rx.el.button(
        "Delete now", type="button", class_name="btn bare sm bad", aria_label="Delete now: " + image.prompt
    )
    return dialog.root(
        dialog.trigger(ask, as_child=True),
        dialog.portal(dialog.overlay(class_name="scrim"), _question(image)),
    )


def _question(image: rx.Var[TrashedView]) -> rx.Component:
    keep = rx.el.button("Keep it", type="button", class_name="btn line")
    delete = rx.el.button(
        "Delete now",
        type="button",
        class_name="btn danger",
        on_click=TrashState.erase_image(image.id),
    )
    return dialog.content(
        dialog.title(rx.el.h2("Delete this picture now?", class_name="h3"), as_child=True),
        rx.el.div(
            rx.el.img(src=image.thumb, alt=""),
            rx.el.p(image.prompt, dir="auto"),
            class_name="asked",
        ),
        dialog.description(
            rx.el.p(
                "The original and both sizes are erased at once and cannot be brought back. ",
                "The line in your ledger stays.",
                class_name="q2",
            ),
            as_child=True,
        ),
        rx.el.div(dialog.close(keep, as_child=True), dialog.close(delete, as_child=True), class_name="row ends"),
        class_name="dialog",
    )


def delete_question(
    name: str, title: str, what: rx.Var[str], act: rx.event.EventSpec, *, class_name: str
) -> rx.Component:
    """Draw a button that deletes many, and the question before it does."""
    keep = rx.el.button("Keep them", type="button", class_name="btn line")
    delete = rx.el.button(name, type="button", class_name="btn danger", on_click=act)
    content = dialog.content(
        dialog.title(rx.el.h2(title, class_name="h3"), as_child=True),
        rx.el.p(rx.el.b(what), ": every original and size is erased and cannot be brought back.", class_name="q2"),
        rx.el.div(dialog.close(keep, as_child=True), dialog.close(delete, as_child=True), class_name="row ends"),
        class_name="dialog",
        aria_describedby=None,
    )
    ask = rx.el.button(name, type="button", class_name=class_name)
    return dialog.root(dialog.trigger(ask, as_child=True), dialog.portal(dialog.overlay(class_name="scrim"), content))
