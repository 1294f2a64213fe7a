"""Trash: deleted pictures for 30 days."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components import paths
from imageroute_app.components.selection import selection_bar
from imageroute_app.components.shell import shell
from imageroute_app.components.trash_list import trashed
from imageroute_app.state.selection import SelectionState
from imageroute_app.state.trash import LIST, TrashState


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.h2("The trash is empty", class_name="h3"),
        rx.el.p("Items stay 30 days, then they are deleted for good.", class_name="q2"),
        rx.el.a("Back to the gallery", href=paths.GALLERY, class_name="btn line"),
        class_name="vacant",
    )


def _failed() -> rx.Component:
    return rx.el.div(
        rx.el.h2("The trash could not be read", class_name="h3"),
        rx.el.p("Nothing in it was changed.", class_name="q2"),
        rx.el.button("Try again", type="button", class_name="btn line", on_click=TrashState.load_trash),
        class_name="vacant",
    )


def _list() -> rx.Component:
    return rx.fragment(
        rx.el.p(
            rx.el.b(TrashState.total_label, " in the trash. "),
            "Items stay 30 days, then they are deleted for good.",
            class_name="q2 lead",
        ),
        rx.el.div(
            rx.el.button(
                "Restore all", type="button", class_name="btn line sm", on_click=SelectionState.clear_trash("restore")
            ),
            _empty_all(),
            class_name="row lead",
        ),
        rx.el.ul(rx.foreach(TrashState.images, trashed), class_name="trashed"),
        rx.cond(
            TrashState.after != "",
            rx.el.button("Show older", type="button", class_name="btn line", on_click=TrashState.show_older),
            rx.fragment(),
        ),
    )


def _empty_all() -> rx.Component:
    """Draw the button that deletes everything, and the question before it does."""
    ask = rx.el.button("Delete all now", type="button", class_name="btn bare sm bad")
    content = dialog.content(
        dialog.title(rx.el.h2("Delete everything in the trash now?", class_name="h3"), as_child=True),
        rx.el.p(
            rx.el.b(TrashState.total_label), ": every original and size is erased and cannot be brought back.",
            class_name="q2",
        ),
        rx.el.div(
            dialog.close(rx.el.button("Keep them", type="button", class_name="btn line"), as_child=True),
            dialog.close(
                rx.el.button(
                    "Delete all now",
                    type="button",
                    class_name="btn danger",
                    on_click=SelectionState.clear_trash("erase"),
                ),
                as_child=True,
            ),
            class_name="row ends",
        ),
        class_name="dialog",
        aria_describedby=None,
    )  # fmt: skip
    return dialog.root(dialog.trigger(ask, as_child=True), dialog.portal(dialog.overlay(class_name="scrim"), content))


def _waiting() -> rx.Component:
    return rx.el.div(*[rx.el.div(class_name="sk") for _ in range(5)], class_name="trashed", aria_hidden="true")


def trash() -> rx.Component:
    """Show the trash screen."""
    content = rx.cond(
        TrashState.images.length() > 0,
        _list(),
        rx.cond(~TrashState.is_loaded, _waiting(), rx.cond(TrashState.has_failed, _failed(), _empty())),
    )
    section = rx.el.section(content, id=LIST, class_name="scroll tt", aria_label="Trash", tab_index=-1)
    return shell(section, selection_bar(), title="Trash", undo=TrashState.undo_trash)
