"""The bar on the chosen pictures, the progress of a verb on many, and the dialogs for albums and tags."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.icons import icon, icon_button
from imageroute_app.state.gallery import GalleryState, OptionView
from imageroute_app.state.selection import SelectionState


def selection_bar() -> rx.Component:
    """Draw the bar while pictures are chosen in the grid, a verb runs, or an outage left something undone."""
    return bar_of(rx.cond(SelectionState.everything | (SelectionState.count > 0), _bar(), rx.fragment()))


def bar_of(verbs: rx.Component) -> rx.Component:
    """Draw how far a verb on many is, what an outage left of it, else these verbs."""
    return rx.el.div(
        rx.cond(SelectionState.doing != "", _progress(), rx.cond(SelectionState.left != "", _rest(), verbs)),
        class_name="selwrap",
    )


def _bar() -> rx.Component:
    in_album = GalleryState.album != ""
    can_compare = ~SelectionState.everything & (SelectionState.count > 1) & (SelectionState.count < 5)  # 2 to 4
    return rx.el.div(
        rx.el.b(_label(), role="status"),
        rx.cond(
            SelectionState.everything,
            rx.fragment(),
            _plain("Select all " + GalleryState.found.to_string(), "everything"),
        ),
        rx.el.span(class_name="bar desk"),
        _verb("Favourite", "heart", "favourite"),
        _verb("Remove from favourites", "heart-off", "unfavourite", class_name="desk"),
        _verb("Add to album", "folder-plus", "album"),
        rx.cond(in_album, _verb("Take out of this album", "folder-minus", "unalbum"), rx.fragment()),
        _verb("Tag", "tag", "tag"),
        rx.cond(can_compare, _verb("Compare", "columns-2", "compare", "c"), rx.fragment()),
        _verb("Download", "download", "download"),
        _verb("Move to trash", "trash-2", "trash", "Delete"),
        rx.el.span(class_name="bar desk"),
        _verb("Clear selection", "x", "clear"),
        class_name="toast selbar",
        role="toolbar",
        aria_label="Selection",
    )


def _label() -> rx.Var[str]:
    """Say how many are chosen; of everything the ones that were left out are not."""
    everything = (GalleryState.found - SelectionState.count).to_string() + " selected"
    return rx.cond(SelectionState.everything, everything, SelectionState.label)


def _plain(name: rx.Var[str], verb: str) -> rx.Component:
    return rx.el.button(name, type="button", class_name="btn sm", custom_attrs={"data-act": verb})


def _verb(name: str, symbol: str, verb: str, hotkey: str = "", class_name: str = "") -> rx.Component:
    keys = {"data-hotkey": hotkey} if hotkey else {}
    return icon_button(name, symbol, class_name=class_name, custom_attrs={"data-act": verb, **keys})


def _progress() -> rx.Component:
    return rx.el.div(
        rx.el.span(SelectionState.progress, role="status"),
        rx.el.progress(
            value=SelectionState.done,
            max=rx.cond(SelectionState.of > 0, SelectionState.of, 1),
            aria_label=SelectionState.doing,
        ),
        class_name="toast selbar",
    )


def _rest() -> rx.Component:
    return rx.el.div(
        rx.el.span(SelectionState.left, role="status"),
        rx.el.button("Go on", type="button", class_name="btn sm", on_click=SelectionState.go_on),
        icon_button("Leave the rest", "x", on_click=SelectionState.forget_rest),
        class_name="toast selbar",
    )


def selection_dialogs() -> rx.Component:
    """Draw whichever dialog is open."""
    return rx.fragment(
        _dialog("album", "Add to album", _albums()),
        _dialog("tag", "Tag the pictures", _tag()),
    )


def _dialog(name: str, title: str, inside: rx.Component) -> rx.Component:
    content = dialog.content(
        dialog.title(rx.el.h2(title, class_name="h3"), as_child=True),
        inside,
        rx.el.div(
            dialog.close(rx.el.button("Cancel", type="button", class_name="btn line"), as_child=True),
            class_name="row ends",
        ),
        class_name="dialog",
        aria_describedby=None,
    )
    return dialog.root(
        dialog.portal(dialog.overlay(class_name="scrim"), content),
        open=SelectionState.dialog == name,
        on_open_change=SelectionState.close_dialog,
    )


def _albums() -> rx.Component:
    return rx.fragment(
        rx.el.ul(rx.foreach(SelectionState.albums, _album), class_name="pick-albums"),
        rx.el.form(
            rx.el.label(
                rx.el.span("New album", class_name="small"),
                rx.el.input(
                    name="name", class_name="in", max_length=80, required=True, auto_complete="off", dir="auto"
                ),
                class_name="field",
            ),
            rx.el.button("Make and add", type="submit", class_name="btn go"),
            on_submit=SelectionState.add_to_new_album,
            class_name="row form-line",
        ),
    )


def _album(album: rx.Var[OptionView]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            icon("folder", "s"),
            rx.el.span(album.label, dir="auto"),
            type="button",
            class_name="btn bare",
            on_click=SelectionState.add_to_album(album.value),
        ),
        key=album.value,
    )


def _tag() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            rx.el.span("Tag", class_name="small"),
            rx.el.input(name="tag", class_name="in", max_length=40, required=True, auto_complete="off", dir="auto"),
            class_name="field",
        ),
        rx.el.button("Tag", type="submit", class_name="btn go"),
        on_submit=SelectionState.tag,
        class_name="row form-line",
    )
