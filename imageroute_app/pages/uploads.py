"""Uploads: pictures of one's own, each with the days it has left."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.icons import icon
from imageroute_app.components.shell import shell
from imageroute_app.components.upload_island import upload_island
from imageroute_app.components.uploads_list import delete_all, uploaded
from imageroute_app.state.uploads import LIST, UploadsState

RULE = "Every upload is erased after 30 days, from every store and address. Saving one to your gallery stops its clock."


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.h2("No uploads", class_name="h3"),
        rx.el.p(RULE, class_name="q2"),
        _choose(),
        rx.el.a("Back to Create", href=paths.CREATE, class_name="btn line"),
        class_name="vacant",
    )


def _choose() -> rx.Component:
    return rx.el.button(
        icon("image-plus"),
        "Choose a picture",
        type="button",
        class_name="btn go",
        title="Or drop one on this page, or paste it",
        custom_attrs={"data-upload-choose": True},
    )


def _failed() -> rx.Component:
    return rx.el.div(
        rx.el.h2("Your uploads could not be read", class_name="h3"),
        rx.el.p("Nothing in them was changed.", class_name="q2"),
        rx.el.button("Try again", type="button", class_name="btn line", on_click=UploadsState.load_uploads),
        class_name="vacant",
    )


def _head() -> rx.Component:
    has_some = UploadsState.stored != ""
    return rx.el.div(
        rx.el.div(
            rx.el.h2(UploadsState.ahead, class_name="h2"),
            rx.el.p(RULE, class_name="q2"),
            rx.cond(
                has_some,
                rx.el.p(
                    UploadsState.stored,
                    ". Private; place and camera data were removed on the way in.",
                    class_name="small q3",
                ),
                rx.fragment(),
            ),
            class_name="grow",
        ),
        rx.el.div(rx.cond(has_some, delete_all(), rx.fragment()), _choose(), class_name="row acts"),
        class_name="uh",
    )


def _list() -> rx.Component:
    return rx.fragment(_head(), rx.el.ul(rx.foreach(UploadsState.uploads, uploaded), class_name="ups"))


def _waiting() -> rx.Component:
    return rx.el.div(*[rx.el.div(class_name="sk") for _ in range(4)], class_name="ups", aria_hidden="true")


def uploads() -> rx.Component:
    """Show the uploads screen."""
    content = rx.cond(
        UploadsState.uploads.length() > 0,
        _list(),
        rx.cond(~UploadsState.is_loaded, _waiting(), rx.cond(UploadsState.has_failed, _failed(), _empty())),
    )
    island = upload_island(on_uploaded=UploadsState.take_upload, on_recipe=UploadsState.refuse_recipe)
    section = rx.el.section(island, content, id=LIST, class_name="scroll tt", aria_label="Uploads", tab_index=-1)
    return shell(section, title="Uploads")
