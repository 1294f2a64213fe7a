"""Gallery: every picture of the person, found by the words of its prompt."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.grid import grid
from imageroute_app.components.icons import icon
from imageroute_app.components.lightbox import lightbox
from imageroute_app.components.shell import shell
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.inspector import InspectorState


def _search() -> rx.Component:
    return rx.el.div(
        rx.el.label(
            icon("search"),
            rx.el.span("Search your images", class_name="sr"),
            rx.el.input(
                type="search",
                class_name="in sm",
                default_value=GalleryState.query,
                key=rx.cond(GalleryState.is_loaded, "loaded", "waiting"),
                on_change=GalleryState.set_query.debounce(250),
                placeholder="Search your images",
                aria_label="Search your images",
                auto_complete="off",
                dir="auto",
                max_length=200,
                custom_attrs={"data-hotkey-focus": "/"},
            ),
            class_name="search gs",
        ),
        rx.el.button(
            "All ",
            rx.el.span(GalleryState.total_label, class_name="q"),
            type="button",
            class_name=rx.cond(GalleryState.query == "", "chip out on", "chip out"),
            aria_pressed=GalleryState.query == "",
            on_click=GalleryState.clear_query,
        ),
        class_name="gf",
    )


def _nothing() -> rx.Component:
    no_match = rx.fragment(
        rx.el.p(rx.el.b("No picture matches "), rx.el.span("“", GalleryState.query, "”", dir="auto"), class_name="h3"),
        rx.el.p("Search looks at whole words of your prompts and at their first letters.", class_name="q2"),
        rx.el.button("Clear the search", type="button", class_name="btn line", on_click=GalleryState.clear_query),
    )
    nothing_yet = rx.fragment(
        rx.el.p("Nothing yet", class_name="h3"),
        rx.el.p("Every picture you make lands here, and only you can see it.", class_name="q2"),
        rx.el.a("Make the first one", href=paths.CREATE, class_name="btn go"),
    )
    return rx.el.div(rx.cond(GalleryState.query != "", no_match, nothing_yet), class_name="empty")


def _failed() -> rx.Component:
    return rx.el.div(
        rx.el.p("The pictures could not be read. They are safe; try again.", class_name="q2"),
        rx.el.button("Try again", type="button", class_name="btn line", on_click=GalleryState.try_again),
        class_name="empty",
        role="alert",
    )


def _pictures() -> rx.Component:
    attributes = {
        "query": GalleryState.query,
        "refresh": GalleryState.refresh,
        "gone": GalleryState.gone,
        "current": InspectorState.image.id,
    }
    return rx.el.section(
        # Mounted in the browser only: React does not attach a custom element's own events when it hydrates.
        rx.cond(
            GalleryState.is_loaded,
            grid(
                "/api/gallery",
                attributes,
                on_open=InspectorState.open_image,
                on_trash=GalleryState.trash_image,
                on_favourite=GalleryState.favourite_image,
                on_loaded=GalleryState.note_loaded,
            ),
            rx.fragment(),
        ),
        rx.match(
            GalleryState.shown,
            ("none", _nothing()),
            ("failed", _failed()),
            rx.fragment(),
        ),
        class_name="scroll gg",
        aria_label="Gallery",
        tab_index=-1,
    )


def gallery() -> rx.Component:
    """Show the gallery screen."""
    # The script hoists itself into the head; only this screen needs it.
    script = rx.el.script(src="/grid.js", custom_attrs={"async": True})
    return shell(script, _search(), _pictures(), lightbox(), title="Gallery", undo=GalleryState.undo_trash)
