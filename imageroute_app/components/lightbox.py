"""The lightbox: one picture as large as the window allows, its neighbours a key away, and all facts beside it."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components import paths
from imageroute_app.components.download import download_button
from imageroute_app.components.grid import film
from imageroute_app.components.icons import icon, icon_button
from imageroute_app.components.inspector import facts, verbs
from imageroute_app.components.links import link
from imageroute_app.components.pictures import picture
from imageroute_app.components.share import share_button
from imageroute_app.components.tags import tags
from imageroute_app.state.albums import AlbumsState
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.inspector import InspectorState

IMAGE = InspectorState.image
VERBS = (
    ("Use prompt", "prompt"),
    ("Use seed", "seed"),
    ("Remix", "remix"),
    ("Use all", "all"),
    ("Edit", "edit"),
    ("Extend", "extend"),
    ("Upscale", "upscale"),
    ("Remove background", "cutout"),
)
HOTKEYS = {"remix": "r", "edit": "e"}
THUMBNAIL_PX = 960


def _picture() -> rx.Component:
    """Draw the middle size at once, and the original over it as soon as its bytes are here."""
    is_larger = (IMAGE.width > THUMBNAIL_PX) | (IMAGE.height > THUMBNAIL_PX)
    return rx.el.div(
        picture(src=IMAGE.large, alt=IMAGE.alt, width=IMAGE.width, height=IMAGE.height),
        rx.cond(
            is_larger,
            rx.el.img(src=IMAGE.original, alt="", custom_attrs={"fetchPriority": "low"}),
            rx.fragment(),
        ),
        class_name="frame",
        style={"background_color": IMAGE.colour, "--w": IMAGE.width, "--h": IMAGE.height},
        key=IMAGE.id,
    )


def _stage() -> rx.Component:
    back = rx.el.button(icon("arrow-left", "s"), "Gallery", type="button", class_name="btn bare back")
    return rx.el.div(
        dialog.close(back, as_child=True),
        film({"current": GalleryState.current, "total": GalleryState.found}, on_open=GalleryState.open_image),
        rx.el.div(_picture(), class_name="lb-stage"),
        class_name="lb-main",
    )


def _bar() -> rx.Component:
    return rx.el.div(
        rx.el.span("Picture"),
        rx.el.span(
            icon_button(
                rx.cond(IMAGE.favourite, "Remove from favourites", "Favourite"),
                "heart",
                class_name=rx.cond(IMAGE.favourite, "ib on filled", "ib"),
                aria_pressed=IMAGE.favourite,
                on_click=GalleryState.toggle_favourite(IMAGE.id),
                custom_attrs={"data-hotkey": "f"},
            ),
            download_button(IMAGE.id),
            share_button(IMAGE.id),
            icon_button(
                "Move to trash",
                "trash-2",
                on_click=GalleryState.trash_image(IMAGE.id),
                custom_attrs={"data-hotkey": "Delete"},
            ),
            dialog.close(icon_button("Close", "x"), as_child=True),
            class_name="row acts",
        ),
        class_name="hd",
    )


def _verb(name: str, verb: str) -> rx.Component:
    hotkey = {"data-hotkey": HOTKEYS[verb]} if verb in HOTKEYS else {}
    href = f"{paths.CREATE}?how={verb}&use=" + IMAGE.id
    # The tab's state outlives the way to Create: without closing, the next visit would begin with this picture.
    return link(name, href=href, class_name="btn soft sm", on_click=GalleryState.close_image, custom_attrs=hotkey)


def _panel() -> rx.Component:
    return rx.el.aside(
        _bar(),
        rx.el.div(
            dialog.title(rx.el.h2(IMAGE.prompt, class_name="read said", dir="auto"), as_child=True),
            verbs(*[_verb(*verb) for verb in VERBS]),
            tags(),
            _cover(),
            facts(),
            class_name="bd",
            tab_index=0,
            role="group",
            aria_label="About this picture",
        ),
        class_name="insp-p",
        aria_label="Inspector",
    )


def _cover() -> rx.Component:
    button = rx.el.button(
        "Make this the album's cover",
        type="button",
        class_name="btn soft sm",
        on_click=AlbumsState.set_cover(IMAGE.id),
    )
    return rx.cond(GalleryState.album != "", rx.el.section(button), rx.fragment())


def lightbox() -> rx.Component:
    """Draw the dialog while a picture is open; the grid takes the focus back to its tile (assets/grid.js)."""
    content = dialog.content(
        _stage(),
        _panel(),
        class_name="lightbox",
        aria_describedby=None,
        on_interact_outside=rx.prevent_default,  # nothing lies beside it but notices, which may be put away
    )
    return dialog.root(
        dialog.portal(content),
        open=GalleryState.current != "",
        on_open_change=GalleryState.close_image,
    )
