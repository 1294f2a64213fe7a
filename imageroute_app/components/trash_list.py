"""The trash as a list of pictures with the days that are left, and the question before one is gone for good."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.icons import icon
from imageroute_app.components.marks import moment
from imageroute_app.state.trash import TrashState
from imageroute_app.state.views import ImageView


def trashed(image: rx.Var[ImageView]) -> rx.Component:
    """Draw one picture in the trash."""
    return rx.el.li(
        rx.el.div(
            rx.el.img(src=image.thumb, alt="", loading="lazy"),
            class_name="tile",
            style={"background_color": image.colour, "aspect_ratio": f"{image.width} / {image.height}"},
        ),
        rx.el.p(image.prompt, class_name="clip", dir="auto"),
        rx.el.p(moment(image.purge, "left"), class_name="small q3"),
        rx.el.div(
            rx.el.button(
                icon("undo-2", "s"),
                "Restore",
                type="button",
                class_name="btn line sm",
                aria_label="Restore: " + image.prompt,
                on_click=TrashState.restore_image(image.id),
            ),
            rx.el.button(
                "Delete now",
                type="button",
                class_name="btn bare sm bad",
                aria_label="Delete now: " + image.prompt,
                on_click=TrashState.ask_erase(image.id),
            ),
            class_name="row",
        ),
        key=image.id,
    )


def erase_dialog() -> rx.Component:
    """Ask before a picture is erased for good."""
    return dialog.root(
        dialog.portal(
            dialog.overlay(class_name="scrim"),
            dialog.content(
                dialog.title(rx.el.h2("Delete this picture now?", class_name="h3"), as_child=True),
                dialog.description(
                    rx.el.p(
                        "The original and both sizes are erased at once and cannot be brought back. "
                        "Its line in the ledger and its receipt stay.",
                        class_name="q2",
                    ),
                    as_child=True,
                ),
                rx.el.p(TrashState.asked.prompt, class_name="small q3 clip", dir="auto"),
                rx.el.div(
                    rx.el.button(
                        "Keep it", type="button", class_name="btn line", on_click=TrashState.set_asking(False)
                    ),
                    rx.el.button("Delete now", type="button", class_name="btn danger", on_click=TrashState.erase_image),
                    class_name="row ends",
                ),
                class_name="dialog",
            ),
        ),
        open=TrashState.is_asking,
        on_open_change=TrashState.set_asking,
    )
