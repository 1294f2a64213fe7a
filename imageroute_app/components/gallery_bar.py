"""The bar above the gallery: search and filters; and what is said when they leave nothing to show."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.state.download import DownloadState
from imageroute_app.state.gallery import SEARCH, ChipView, GalleryState, OptionView

RATIOS = (
    ("square", "Square"), ("portrait", "Portrait"), ("landscape", "Landscape"), ("1:1", "1:1"), ("4:5", "4:5"),
    ("3:4", "3:4"), ("2:3", "2:3"), ("9:16", "9:16"), ("4:3", "4:3"), ("3:2", "3:2"), ("16:9", "16:9"), ("21:9", "21:9"),
)  # fmt: skip
DATES = (
    ("today", "Today"), ("yesterday", "Yesterday"), ("7d", "Last 7 days"), ("30d", "Last 30 days"),
    ("365d", "Last 365 days"),
)  # fmt: skip


def gallery_bar() -> rx.Component:
    """Draw the search field and the chips."""
    return rx.fragment(
        _album(),
        rx.el.div(_search(), _chips(), _menus(), rx.el.div(class_name="grow"), _order(), _downloads(), class_name="gf"),
        _terms(),
    )


def _album() -> rx.Component:
    """Say which album is shown, and the way out of it."""
    return rx.cond(
        GalleryState.album_name != "",
        rx.el.div(
            link(icon("arrow-left", "s"), "Albums", href=paths.ALBUMS, class_name="btn bare sm"),
            rx.el.h2(GalleryState.album_name, class_name="h3", dir="auto"),
            class_name="row ga",
        ),
        rx.fragment(),
    )


def _menus() -> rx.Component:
    return rx.el.div(
        _menu("Model", "model", _options(GalleryState.models)),
        _menu("Provider", "provider", _options(GalleryState.providers)),
        _menu("Shape", "ratio", *_fixed(RATIOS)),
        _menu("Date", "date", *_fixed(DATES)),
        class_name="row gm",
        role="group",
        aria_label="Filter",
    )


def _menu(label: str, key: str, *options: rx.Component) -> rx.Component:
    value = GalleryState.chosen[key]
    return rx.el.select(
        rx.el.option(label, value=""),
        *options,
        value=value,
        on_change=lambda picked: GalleryState.set_filter(key, picked),
        class_name=rx.cond(value != "", "chip out on", "chip out"),
        aria_label=label,
    )


def _options(options: rx.Var[list[OptionView]]) -> rx.Component:
    return rx.foreach(options, _option)


def _option(option: rx.Var[OptionView]) -> rx.Component:
    return rx.el.option(option.label, value=option.value)


def _fixed(options: tuple[tuple[str, str], ...]) -> list[rx.Component]:
    return [rx.el.option(label, value=value) for value, label in options]


def _order() -> rx.Component:
    stored = rx.el.span(
        GalleryState.stored,
        rx.el.span(" stored", class_name="sr"),
        class_name="small q3 desk",
        title="Originals, trash included",
    )
    return rx.el.div(
        rx.cond(GalleryState.is_loaded, stored, rx.fragment()),
        rx.el.select(
            rx.el.option("Newest first", value="newest"),
            rx.el.option("Oldest first", value="oldest"),
            value=rx.cond(GalleryState.oldest, "oldest", "newest"),
            on_change=GalleryState.set_order,
            class_name="chip",
            aria_label="Order",
        ),
        class_name="row go-s",
    )


def _terms() -> rx.Component:
    """Draw the operators of the search as chips that take themselves out, and what could not be understood."""
    chips = rx.el.div(
        rx.foreach(GalleryState.chips, _term), class_name="row gt", role="group", aria_label="Filters in use"
    )
    return rx.fragment(
        rx.cond(GalleryState.chips.length() > 0, chips, rx.fragment()),
        rx.el.div(rx.foreach(GalleryState.problems, _problem), role="status", class_name="gp"),
    )


def _term(chip: rx.Var[ChipView]) -> rx.Component:
    return rx.el.button(
        chip.label,
        icon("x", "s"),
        type="button",
        class_name="chip out",
        aria_label="Remove filter " + chip.label,
        on_click=GalleryState.drop_term(chip.text),
    )


def _problem(sentence: rx.Var[str]) -> rx.Component:
    return rx.el.p(sentence, class_name="note warn", dir="auto")


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
            on_click=DownloadState.open_found(GalleryState.query, GalleryState.favourites, GalleryState.album),
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
                rx.cond(
                    GalleryState.favourites,
                    _no_favourites(),
                    rx.cond(GalleryState.album != "", _empty_album(), _nothing_yet()),
                ),
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
        "Search finds whole words of your prompts and their beginnings from 3 letters on, and model:, provider:, date:,"
        " ratio:, favourite:, album: and tag:.",
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


def _empty_album() -> rx.Component:
    return _empty(
        rx.el.h2("This album is empty", class_name="h3"),
        "Choose pictures in the gallery, then “Add to album”.",
        rx.el.a("To the gallery", href=paths.GALLERY, class_name="btn line"),
    )


def _nothing_yet() -> rx.Component:
    return _empty(
        rx.el.h2("Nothing yet", class_name="h3"),
        "Every picture you make lands here, and only you can see it.",
        rx.el.a("Make the first one", href=paths.CREATE, class_name="btn go"),
    )
