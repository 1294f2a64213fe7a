"""The list of keyboard shortcuts, which `?` opens, with the switch that turns single letters off (WCAG 2.1.4)."""

import reflex as rx

from imageroute_app.components.icons import icon

KEYS = (
    ("/", "Go to the prompt"),
    ("Ctrl Enter", "Generate"),
    ("Arrows", "Move between pictures"),
    ("Enter", "Open the picture"),
    ("F", "Favourite"),
    ("R", "Remix"),
    ("E", "Edit"),
    ("D", "Download"),
    ("C", "Compare 2 to 4 chosen pictures, or the open one with what belongs to it"),
    ("I", "Open the inspector"),
    ("X", "Choose the picture"),
    ("Shift Arrows", "Choose a range"),
    ("Ctrl A", "Choose all that the filter found"),
    ("Ctrl Z", "Undo"),
    ("Del", "Move to trash"),
    ("Esc", "Close"),
    ("?", "This list"),
)
NAME = "keys"


def keys_button() -> rx.Component:
    """Draw the button at the foot of the rail."""
    return rx.el.button(
        icon("keyboard", "l"),
        rx.el.span("Keys"),
        type="button",
        class_name="keys",
        aria_label="Keyboard shortcuts",
        custom_attrs={"popoverTarget": NAME},
    )


@rx.memo
def keys_popover() -> rx.Component:
    """Draw the list."""
    return rx.el.div(
        rx.el.h2("Keyboard shortcuts", class_name="h4"),
        rx.el.dl(*[rx.fragment(rx.el.dt(what), rx.el.dd(rx.el.kbd(key))) for key, what in KEYS]),
        rx.el.label(
            rx.el.span("Single letters"),
            rx.el.input(
                type="checkbox", class_name="sw", default_checked=True, custom_attrs={"data-keys-switch": True}
            ),
            class_name="row between",
        ),
        id=NAME,
        class_name="pop keylist",
        role="dialog",
        aria_label="Keyboard shortcuts",
        tab_index=-1,
        custom_attrs={"popover": "auto"},
    )
