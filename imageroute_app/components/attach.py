"""How pictures come into the form: the button, what is dropped or pasted, and the references beside the first picture."""

import reflex as rx

from imageroute_app.components.icons import icon
from imageroute_app.components.pictures import picture
from imageroute_app.components.upload_island import upload_island
from imageroute_app.state.attach import AttachState
from imageroute_app.state.create import CreateState
from imageroute_app.state.create_views import SourceView


def composer_upload() -> rx.Component:
    """Draw what takes pictures and recipes into the form."""
    return upload_island(on_uploaded=AttachState.take_upload, on_recipe=AttachState.take_recipe)


def choose_button() -> rx.Component:
    """Draw the button that opens the choice of files."""
    return rx.el.button(
        icon("image-plus"),
        type="button",
        class_name="ib",
        aria_label="Add a picture",
        title="Add a picture, or drop or paste one. A recipe (.json) brings its settings back",
        custom_attrs={"data-upload-choose": True},
    )


def _reference(view: rx.Var[SourceView]) -> rx.Component:
    return rx.el.li(
        picture(src=view.thumb, alt="", width=28, height=28),
        rx.el.span("Reference", class_name="small"),
        rx.el.button(
            icon("x", "s"),
            type="button",
            class_name="ib",
            aria_label="Remove the reference " + view.name,
            on_click=AttachState.drop_reference(view.id),
        ),
        key=view.id,
    )


def references() -> rx.Component:
    """Draw the further pictures that are sent along."""
    chips = rx.el.ul(
        rx.foreach(CreateState.references, _reference), class_name="refs", role="list", aria_label="References"
    )
    return rx.cond(CreateState.references.length() > 0, chips, rx.fragment())


def spare() -> rx.Component:
    """Offer what to do with a picture that the chosen model has no room for."""
    view, taken = AttachState.spare, CreateState.references.length() + 1
    who = rx.cond(CreateState.compare.length() > 1, "One of these models", CreateState.model.name)
    most = rx.cond(CreateState.edit.room == 1, "one picture only", f"at most {CreateState.edit.room} pictures")
    is_full = taken >= CreateState.edit.room
    note = rx.el.div(
        picture(src=view.thumb, alt="", width=28, height=28),
        rx.el.span(
            rx.cond(is_full, who + " takes " + most + ". ", ""),
            view.name,
            " waits in your uploads.",
            class_name="grow small",
        ),
        rx.el.button(
            rx.cond(is_full, rx.cond(taken == 1, "Use it instead", "Use it instead of the last"), "Send it along"),
            type="button",
            class_name="btn line sm",
            on_click=AttachState.take_spare,
        ),
        rx.el.button(
            icon("x", "s"),
            type="button",
            class_name="ib",
            aria_label="Go on without " + view.name,
            on_click=AttachState.leave_spare,
        ),
        class_name="note spare",
        role="status",
    )
    return rx.cond((view.id != "") & (CreateState.source.id != ""), note, rx.fragment())


def accept_keeping() -> rx.Component:
    """Offer to let a company keep an upload longer than we do, when that is what stands in the way."""
    return rx.cond(
        CreateState.outlives != "",
        rx.el.div(
            rx.el.span(CreateState.outlives, class_name="grow small"),
            rx.el.button(
                "Send it all the same",
                type="button",
                class_name="btn line sm",
                on_click=AttachState.accept_keeping,
            ),
            class_name="row",
        ),
        rx.fragment(),
    )
