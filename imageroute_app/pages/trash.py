"""Trash: deleted pictures for 30 days."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.icons import icon_button
from imageroute_app.components.selection import bar_of
from imageroute_app.components.shell import shell
from imageroute_app.components.trash_list import delete_question, trashed
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
            delete_question(
                "Delete all now",
                "Delete everything in the trash now?",
                TrashState.total_label,
                SelectionState.clear_trash("erase"),
                class_name="btn bare sm bad",
            ),
            class_name="row lead",
        ),
        rx.el.ul(rx.foreach(TrashState.images, trashed), class_name="trashed"),
        rx.cond(
            TrashState.after != "",
            rx.el.button("Show older", type="button", class_name="btn line", on_click=TrashState.show_older),
            rx.fragment(),
        ),
    )


def _chosen() -> rx.Component:
    """Draw the verbs on what is chosen here."""
    return rx.el.div(
        rx.el.b(TrashState.chosen_label, " selected", role="status"),
        rx.el.button("Restore", type="button", class_name="btn sm", on_click=SelectionState.act_in_trash("restore")),
        delete_question(
            "Delete now",
            "Delete the selected pictures now?",
            TrashState.chosen_label,
            SelectionState.act_in_trash("erase"),
            class_name="btn sm",
        ),
        icon_button("Clear selection", "x", on_click=TrashState.clear_choice),
        class_name="toast selbar",
        role="toolbar",
        aria_label="Selection",
    )


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
    verbs = bar_of(rx.cond(TrashState.chosen.length() > 0, _chosen(), rx.fragment()))
    return shell(section, verbs, title="Trash", undo=TrashState.undo_trash)
