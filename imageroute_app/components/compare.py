"""The dialog that compares two to four pictures with one zoom, and the verb that opens it for one picture."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.grid import comparison
from imageroute_app.components.icons import icon_button
from imageroute_app.components.pictures import picture
from imageroute_app.state.compare import CompareState, CompareView


def compare_button(image_id: rx.Var[str]) -> rx.Component:
    """Draw the verb that compares one picture with what belongs to it."""
    return rx.el.button(
        "Compare",
        type="button",
        class_name="btn soft sm",
        on_click=CompareState.open_related(image_id),
        aria_haspopup="dialog",
        custom_attrs={"data-hotkey": "c"},
    )


@rx.memo
def compare_dialog() -> rx.Component:
    """Draw the dialog while it is open."""
    content = dialog.content(
        rx.el.div(
            dialog.title(rx.el.h2("Compare", class_name="h3"), as_child=True),
            rx.el.span("Scroll or pinch to zoom, drag to move; all move together.", class_name="small q3 grow desk"),
            dialog.close(icon_button("Close", "x"), as_child=True),
            class_name="row between cmp-top",
        ),
        comparison(rx.foreach(CompareState.compared, _frame)),
        class_name="compare",
        aria_describedby=None,
    )
    return dialog.root(
        dialog.portal(content),
        open=CompareState.is_open,
        on_open_change=CompareState.close_compare,
    )


def _frame(image: rx.Var[CompareView]) -> rx.Component:
    return rx.el.figure(
        rx.el.div(
            picture(
                src=image.large,
                alt=image.prompt,
                width=image.width,
                height=image.height,
                custom_attrs={"draggable": "false"},
            ),
            class_name=rx.cond(image.is_clear, "cmp-frame clear", "cmp-frame"),
        ),
        rx.el.figcaption(rx.el.b(image.model), " ", rx.el.span(image.size, class_name="q3"), class_name="small"),
        key=image.id,
    )
