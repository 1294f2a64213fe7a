"""Albums: every album with its cover; opening one shows it in the gallery."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components import paths
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.shell import shell
from imageroute_app.state.albums import AlbumsState, AlbumView


def _album(album: rx.Var[AlbumView]) -> rx.Component:
    cover = rx.cond(
        album.cover != "",
        rx.el.img(src=album.cover, alt="", loading="lazy", custom_attrs={"decoding": "async"}),
        rx.el.span(icon("images", "l"), class_name="hollow"),
    )
    return rx.el.li(
        link(
            rx.el.span(cover, class_name="cover", style={"background_color": album.colour}),
            rx.el.b(album.name, class_name="clip", dir="auto"),
            href=f"{paths.GALLERY}?album=" + album.id,
            class_name="album",
        ),
        rx.el.span(album.count, class_name="small q3"),
        rx.el.div(_rename(album), _delete(album), class_name="row"),
        key=album.id,
    )


def _rename(album: rx.Var[AlbumView]) -> rx.Component:
    ask = rx.el.button("Rename", type="button", class_name="btn line sm", aria_label="Rename: " + album.name)
    form = rx.el.form(
        rx.el.input(type="hidden", name="id", value=album.id, read_only=True),
        rx.el.label(
            rx.el.span("Album name", class_name="small"),
            rx.el.input(
                name="name", class_name="in", default_value=album.name, max_length=80, required=True, dir="auto"
            ),
            class_name="field",
        ),
        rx.el.div(
            dialog.close(rx.el.button("Cancel", type="button", class_name="btn line"), as_child=True),
            dialog.close(rx.el.button("Rename", type="submit", class_name="btn go"), as_child=True),
            class_name="row ends",
        ),
        on_submit=AlbumsState.rename_album,
    )
    return _dialog(ask, "Rename this album", form)


def _delete(album: rx.Var[AlbumView]) -> rx.Component:
    ask = rx.el.button("Delete", type="button", class_name="btn bare sm bad", aria_label="Delete: " + album.name)
    question = rx.fragment(
        rx.el.p("The album goes, its pictures stay in your gallery.", class_name="q2"),
        rx.el.div(
            dialog.close(rx.el.button("Keep it", type="button", class_name="btn line"), as_child=True),
            dialog.close(
                rx.el.button(
                    "Delete the album",
                    type="button",
                    class_name="btn danger",
                    on_click=AlbumsState.delete_album(album.id),
                ),
                as_child=True,
            ),
            class_name="row ends",
        ),
    )
    return _dialog(ask, "Delete this album?", question)


def _dialog(ask: rx.Component, title: str, inside: rx.Component) -> rx.Component:
    content = dialog.content(
        dialog.title(rx.el.h2(title, class_name="h3"), as_child=True),
        inside,
        class_name="dialog",
        aria_describedby=None,
    )
    return dialog.root(dialog.trigger(ask, as_child=True), dialog.portal(dialog.overlay(class_name="scrim"), content))


def _new() -> rx.Component:
    return rx.el.form(
        rx.el.label(
            rx.el.span("New album", class_name="sr"),
            rx.el.input(
                name="name", class_name="in sm", placeholder="New album", max_length=80, required=True,
                auto_complete="off", dir="auto",
            ),
            class_name="grow",
        ),
        rx.el.button("Make album", type="submit", class_name="btn line sm"),
        on_submit=AlbumsState.create_album,
        reset_on_submit=True,
        class_name="row new-album",
    )  # fmt: skip


def _empty() -> rx.Component:
    return rx.el.div(
        rx.el.h2("No albums yet", class_name="h3"),
        rx.el.p("Make one here, or choose pictures in the gallery and press “Add to album”.", class_name="q2"),
        link("To the gallery", href=paths.GALLERY, class_name="btn line"),
        class_name="vacant",
    )


def albums() -> rx.Component:
    """Show the albums screen."""
    listed = rx.el.ul(rx.foreach(AlbumsState.albums, _album), class_name="albums")
    content = rx.cond(AlbumsState.albums.length() > 0, listed, rx.cond(AlbumsState.is_loaded, _empty(), rx.fragment()))
    return shell(
        rx.el.section(_new(), content, class_name="scroll tt", aria_label="Albums", tab_index=-1), title="Albums"
    )
