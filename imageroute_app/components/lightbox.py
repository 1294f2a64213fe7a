"""The lightbox: one picture as large as the window allows, with its neighbours a key away and all facts beside it."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components import paths
from imageroute_app.components.icons import icon, icon_button
from imageroute_app.components.inspector import facts
from imageroute_app.components.links import link
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.inspector import InspectorState

IMAGE = InspectorState.image
VERBS = (("Use prompt", "prompt"), ("Use seed", "seed"), ("Remix", "remix"), ("Use all", "all"))


def _step(label: str, symbol: str, way: str, key: str) -> rx.Component:
    return rx.el.button(
        icon(symbol),
        type="button",
        class_name=f"step {label.split()[0].lower()}",
        aria_label=label,
        title=label,
        custom_attrs={"data-grid-step": way, "data-hotkey": key},
    )


def _picture() -> rx.Component:
    return rx.el.div(
        rx.el.div(
            rx.el.button(
                icon("arrow-left"),
                "Gallery",
                type="button",
                class_name="btn bare",
                on_click=InspectorState.close_inspector,
            ),
            class_name="lb-head",
        ),
        rx.el.div(
            _step("Previous picture", "arrow-left", "-1", "ArrowLeft"),
            rx.el.img(
                src=IMAGE.large,
                alt=IMAGE.alt,
                width=IMAGE.width,
                height=IMAGE.height,
                style={"background_color": IMAGE.colour, "aspect_ratio": f"{IMAGE.width} / {IMAGE.height}"},
                key=IMAGE.id,
            ),
            _step("Next picture", "arrow-right", "1", "ArrowRight"),
            class_name="lb-stage",
        ),
        class_name="lb-main",
    )


def _bar() -> rx.Component:
    return rx.el.div(
        dialog.title(rx.el.h2("Picture", class_name="h4"), as_child=True),
        rx.el.span(
            icon_button(
                rx.cond(IMAGE.favourite, "Remove from favourites", "Favourite"),
                "heart",
                class_name=rx.cond(IMAGE.favourite, "on filled", ""),
                aria_pressed=IMAGE.favourite,
                on_click=GalleryState.favourite_image(IMAGE.id),
                custom_attrs={"data-hotkey": "f"},
            ),
            link(
                icon("download"),
                href=IMAGE.download,
                download=True,
                class_name="ib",
                aria_label="Download",
                title="Download",
                custom_attrs={"data-hotkey": "d"},
            ),
            icon_button(
                "Move to trash",
                "trash-2",
                on_click=GalleryState.trash_image(IMAGE.id),
                custom_attrs={"data-hotkey": "Delete"},
            ),
            icon_button("Close", "x", on_click=InspectorState.close_inspector),
            class_name="row acts",
        ),
        class_name="hd",
    )


def _verb(name: str, verb: str) -> rx.Component:
    return link(name, href=f"{paths.CREATE}?how={verb}&use=" + IMAGE.id, class_name="btn soft sm")


def lightbox() -> rx.Component:
    """Draw the dialog while a picture is open; focus goes in, is kept, and comes back to its tile."""
    content = dialog.content(
        _picture(),
        rx.el.aside(
            _bar(),
            rx.el.div(
                rx.el.p(IMAGE.prompt, class_name="read said", dir="auto"),
                rx.el.div(*[_verb(*verb) for verb in VERBS], class_name="verbs"),
                facts(),
                class_name="bd",
                tab_index=0,
                role="group",
                aria_label="About this picture",
            ),
            class_name="insp-p",
            aria_label="Inspector",
        ),
        class_name="lightbox",
        aria_describedby=None,
    )
    return dialog.root(
        dialog.portal(content),
        open=InspectorState.is_open,
        on_open_change=InspectorState.set_open,
    )
