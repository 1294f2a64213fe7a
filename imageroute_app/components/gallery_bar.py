"""The bar above the gallery: search and filters; and what is said when they leave nothing to show."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.icons import icon
from imageroute_app.state.download import DownloadState
from imageroute_app.state.gallery import SEARCH, GalleryState


def gallery_bar() -> rx.Component:
    """Draw the search field and the chips."""
    return rx.el.div(_search(), _chips(), _downloads(), class_name="gf")


def _search() -> rx.Component:
    # The grid fills the field from the address and empties it (data-grid-search): typing is never interrupted.
    return rx.el.label(
        icon("search"),
        rx.el.span("Search your images", class_name="sr"),
        rx.el.input(
            id=SEARCH,
            type="search",
            class_name="in sm",
            on_change=GalleryState.set_query.debounce(250),
            placeholder="Search your images",
            auto_complete="off",
            dir="auto",
            max_length=200,
            custom_attrs={"data-hotkey-focus": "/", "data-grid-search": True},
        ),
        rx.el.kbd("/", aria_hidden="true", class_name="desk"),
        class_name="search gs",
    )


def _chips() -> rx.Component:
    return rx.el.div(
        _chip(
            "All", GalleryState.total_label, GalleryState.show_all, is_on=~GalleryState.favourites, symbol=rx.fragment()
        ),
        _chip(
            "Favourites",
            GalleryState.favourite_label,
            GalleryState.show_favourites,
            is_on=GalleryState.favourites,
            symbol=icon("heart", "s"),
        ),
        class_name="row gc",
        role="group",
        aria_label="Show",
    )


def _downloads() -> rx.Component:
    return rx.el.div(
        rx.el.button(
            icon("download", "s"),
            "Download all",
            type="button",
            class_name="chip out",
            aria_haspopup="dialog",
            disabled=GalleryState.found == 0,
            on_click=DownloadState.open_found(GalleryState.query, GalleryState.favourites),
        ),
        rx.el.button(
            "Downloads", type="button", class_name="chip out", aria_haspopup="dialog",
            on_click=DownloadState.open_archives,
        ),
        class_name="row gc",
    )  # fmt: skip


def _chip(
    name: str, number: rx.Var[str], act: rx.EventHandler, *, is_on: rx.Var[bool], symbol: rx.Component
) -> rx.Component:
    return rx.el.button(
        symbol,
        name,
        rx.cond(GalleryState.is_loaded, rx.el.span(" ", number, class_name="q"), rx.fragment()),
        type="button",
        class_name=rx.cond(is_on, "chip out on", "chip out"),
        aria_pressed=is_on,
        on_click=act,
    )


def nothing() -> rx.Component:
    """Say why there is nothing to show, and the way on; nothing is said while the grid still reads."""
    return rx.el.div(
        rx.cond(
            GalleryState.is_empty,
            rx.cond(
                GalleryState.query != "",
                _no_match(),
                rx.cond(GalleryState.favourites, _no_favourites(), _nothing_yet()),
            ),
            rx.fragment(),
        ),
        role="status",
    )


def _empty(title: rx.Component, sentence: rx.Var[str] | str, way_on: rx.Component) -> rx.Component:
    return rx.el.div(title, rx.el.p(sentence, class_name="q2"), way_on, class_name="vacant")


def _no_match() -> rx.Component:
    where = rx.cond(GalleryState.favourites, "No favourite matches ", "No picture matches ")
    return _empty(
        rx.el.h2(where, rx.el.q(GalleryState.query, dir="auto"), class_name="h3"),
        "Search finds whole words of your prompts, and their beginnings from 3 letters on.",
        rx.el.button(
            "Clear the search",
            type="button",
            class_name="btn line",
            on_click=GalleryState.clear_query,
        ),
    )


def _no_favourites() -> rx.Component:
    return _empty(
        rx.el.h2("No favourites yet", class_name="h3"),
        "Press the heart of a picture, or F while it is selected.",
        rx.el.button("Show all pictures", type="button", class_name="btn line", on_click=GalleryState.show_all),
    )


def _nothing_yet() -> rx.Component:
    return _empty(
        rx.el.h2("Nothing yet", class_name="h3"),
        "Every picture you make lands here, and only you can see it.",
        rx.el.a("Make the first one", href=paths.CREATE, class_name="btn go"),
    )
