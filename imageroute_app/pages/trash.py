"""Trash: deleted pictures for 30 days."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.shell import shell
from imageroute_app.components.trash_list import erase_dialog, trashed
from imageroute_app.state.trash import TrashState


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.p("The trash is empty", class_name="h3"),
        rx.el.p("Items stay 30 days, then they are erased everywhere.", class_name="q2"),
        rx.el.a("Back to the gallery", href=paths.GALLERY, class_name="btn line"),
        class_name="empty",
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.el.p("Items stay 30 days, then they are erased everywhere. Only you see them here.", class_name="q2 lead"),
        rx.el.ul(rx.foreach(TrashState.images, trashed), class_name="trashed"),
        rx.cond(
            TrashState.has_older,
            rx.el.button("Show older", type="button", class_name="btn line", on_click=TrashState.show_older),
            rx.fragment(),
        ),
    )


def trash() -> rx.Component:
    """Show the trash screen."""
    return shell(
        rx.el.section(
            rx.cond(TrashState.images.length() > 0, _list(), rx.cond(TrashState.is_loaded, _empty(), rx.fragment())),
            class_name="scroll tt",
            aria_label="Trash",
            tab_index=-1,
        ),
        erase_dialog(),
        title="Trash",
    )
