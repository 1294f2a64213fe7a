"""The uploads as a list of pictures with their clocks, and the question before one is erased."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.marks import moment
from imageroute_app.state.uploads import UploadsState, UploadView


def uploaded(upload: rx.Var[UploadView]) -> rx.Component:
    """Draw one upload."""
    return rx.el.li(
        _thumbnail(upload),
        rx.cond(upload.is_going, _going(upload), _staying(upload)),
        key=upload.id,
        class_name="up",
    )


def _thumbnail(upload: rx.Var[UploadView]) -> rx.Component:
    return rx.el.div(
        rx.cond(
            upload.is_going,
            rx.fragment(),
            rx.el.img(src=upload.thumb, alt="", loading="lazy", custom_attrs={"decoding": "async"}),
        ),
        class_name="tile",
        style={"background_color": upload.colour},
    )


def _going(upload: rx.Var[UploadView]) -> rx.Component:
    return rx.fragment(
        rx.el.p(rx.el.b("Being erased"), rx.el.span(upload.name, class_name="small q3 clip", dir="auto")),
        rx.el.p(
            "Nobody can use it any more. It leaves this list once every store has said it is gone.",
            class_name="small q2",
        ),
    )


def _staying(upload: rx.Var[UploadView]) -> rx.Component:
    return rx.fragment(
        rx.el.div(_clock(upload), _facts(upload), class_name="row"),
        rx.el.p(upload.made, class_name="small q2"),
        rx.el.div(_save(upload), _delete(upload), class_name="row"),
    )


def _clock(upload: rx.Var[UploadView]) -> rx.Component:
    """Draw the days as ticks of a dial; the words beside it say the same."""
    return rx.el.span(
        rx.el.i(style={"--days": upload.days}),
        rx.el.b(upload.days),
        class_name=rx.cond(upload.is_soon, "clock warn", "clock"),
        aria_hidden="true",
    )


def _facts(upload: rx.Var[UploadView]) -> rx.Component:
    return rx.el.div(
        rx.el.b(upload.days_left, class_name=rx.cond(upload.is_soon, "warn", "")),
        rx.el.p(rx.el.bdi(upload.name), " · ", moment(upload.uploaded, "day"), class_name="small q3 clip"),
        rx.el.p(upload.size, class_name="small q3 clip"),
        class_name="grow",
    )


def _save(upload: rx.Var[UploadView]) -> rx.Component:
    return rx.el.button(
        "Save to gallery",
        type="button",
        class_name="btn soft sm grow",
        aria_label="Save to gallery: " + upload.name,
        on_click=UploadsState.save_upload(upload.id),
    )


def _delete(upload: rx.Var[UploadView]) -> rx.Component:
    """Draw the button and the dialog that it opens; the dialog takes the focus and gives it back."""
    ask = rx.el.button("Delete now", type="button", class_name="btn bare sm", aria_label="Delete now: " + upload.name)
    return dialog.root(
        dialog.trigger(ask, as_child=True),
        dialog.portal(dialog.overlay(class_name="scrim"), _question(upload)),
    )


def _question(upload: rx.Var[UploadView]) -> rx.Component:
    keep = rx.el.button("Keep it", type="button", class_name="btn line")
    delete = rx.el.button(
        "Delete now",
        type="button",
        class_name="btn danger",
        on_click=UploadsState.delete_upload(upload.id),
    )
    return dialog.content(
        dialog.title(rx.el.h2("Delete this upload now?", class_name="h3"), as_child=True),
        rx.el.div(rx.el.img(src=upload.thumb, alt=""), rx.el.p(upload.name, dir="auto"), class_name="asked"),
        dialog.description(
            rx.el.p(
                "The upload and both sizes are erased at once and cannot be brought back. ",
                "Pictures made from it stay.",
                class_name="q2",
            ),
            as_child=True,
        ),
        rx.el.div(dialog.close(keep, as_child=True), dialog.close(delete, as_child=True), class_name="row ends"),
        class_name="dialog",
    )


def delete_all() -> rx.Component:
    """Draw the button that erases every upload, and the question before it does."""
    ask = rx.el.button(
        rx.cond(UploadsState.is_deleting, "Deleting all …", "Delete all"),
        type="button",
        class_name="btn bare bad",
        disabled=UploadsState.is_deleting,
    )
    keep = rx.el.button("Keep them", type="button", class_name="btn line")
    delete = rx.el.button("Delete all now", type="button", class_name="btn danger", on_click=UploadsState.delete_all)
    content = dialog.content(
        dialog.title(rx.el.h2("Delete every upload now?", class_name="h3"), as_child=True),
        dialog.description(
            rx.el.p(
                rx.el.b(UploadsState.stored),
                ": all of them are erased at once, with every size, and cannot be brought back. ",
                "Pictures made from them stay.",
                class_name="q2",
            ),
            as_child=True,
        ),
        rx.el.div(dialog.close(keep, as_child=True), dialog.close(delete, as_child=True), class_name="row ends"),
        class_name="dialog",
    )
    return dialog.root(dialog.trigger(ask, as_child=True), dialog.portal(dialog.overlay(class_name="scrim"), content))
