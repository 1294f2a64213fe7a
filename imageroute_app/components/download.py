"""The download dialog: one picture in the format of one's choice, or several as an archive that can be resumed."""

import reflex as rx
from reflex_components_radix.primitives.dialog import dialog

from imageroute_app.components.forms import switch
from imageroute_app.components.icons import icon, icon_button
from imageroute_app.components.links import link
from imageroute_app.components.marks import moment
from imageroute_app.state.download import ArchiveView, DownloadState

IMAGE = DownloadState.image
ENCODINGS = (("original", "Original"), ("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WebP"))
EDGES = (("0", "Full size"), ("2048", "2048 px"), ("1024", "1024 px"), ("512", "512 px"))


def download_button(image_id: rx.Var[str]) -> rx.Component:
    """Draw the icon that opens the dialog for one picture."""
    return icon_button(
        "Download",
        "download",
        on_click=DownloadState.open_one(image_id),
        custom_attrs={"data-hotkey": "d"},
        aria_haspopup="dialog",
    )


def _segments(choices: tuple[tuple[str, str], ...], chosen: rx.Var, act: rx.EventHandler, label: str) -> rx.Component:
    buttons = [
        rx.el.button(name, type="button", aria_pressed=chosen == value, on_click=act(value)) for value, name in choices
    ]
    return rx.el.div(*buttons, class_name="seg", role="group", aria_label=label)


def _choices() -> rx.Component:
    edges = rx.cond(
        DownloadState.encoding != "original",
        _segments(EDGES, DownloadState.edge, DownloadState.set_edge, "Longest edge"),
        rx.fragment(),
    )
    return rx.fragment(
        _segments(ENCODINGS, DownloadState.encoding, DownloadState.set_encoding, "Format"),
        edges,
        switch(
            "Settings in the file",
            "Prompt, model and seed; drop it on Create to use them again",
            checked=DownloadState.with_settings,
            on_change=DownloadState.set_with_settings,
        ),
    )


def _one() -> rx.Component:
    shown = rx.cond(DownloadState.encoding == "original", IMAGE.kind + " · " + IMAGE.pixels, "")
    return rx.fragment(
        rx.el.div(
            rx.el.img(src=IMAGE.thumbnail, alt=""),
            rx.el.p(IMAGE.prompt, dir="auto"),
            class_name="asked",
        ),
        _choices(),
        rx.el.p(
            rx.el.span(rx.cond(DownloadState.size != "", DownloadState.size, "Measuring…"), class_name="bigger"),
            rx.el.span(" ", shown, class_name="q3"),
            role="status",
            class_name="row",
        ),
        rx.el.p("Every format carries the mark of how it was made. Downloads cost no credits.", class_name="small q3"),
        rx.el.div(
            link("Settings as JSON", href=DownloadState.recipe_href, download=True, class_name="btn bare"),
            link(icon("download", "s"), "Download", href=DownloadState.href, download=True, class_name="btn ink"),
            class_name="row ends",
        ),
    )


def _many() -> rx.Component:
    return rx.fragment(
        _choices(),
        rx.el.p(
            "One ZIP with the settings of each picture beside it. It can be stopped and resumed, costs no credits and"
            " stays for 7 days.",
            class_name="small q3",
        ),
        rx.el.div(
            rx.el.button(
                rx.cond(DownloadState.is_busy, "Preparing…", "Prepare the download"),
                type="button",
                class_name="btn ink",
                disabled=DownloadState.is_busy,
                on_click=DownloadState.make_archive,
            ),
            class_name="row ends",
        ),
    )


def archive_line(view: rx.Var[ArchiveView]) -> rx.Component:
    """Draw one archive: how far it is, or the way to it."""
    bar = rx.el.progress(value=view.done, max=view.total, aria_label="Preparing " + view.title)
    return rx.el.li(
        rx.el.div(
            rx.el.b(view.title),
            rx.el.span(
                view.facts,
                rx.cond(view.state == "ready", rx.fragment(", until ", moment(view.expires_at, "day")), ""),
                class_name="small q3",
            ),
            rx.cond(view.gaps != "", rx.el.span(view.gaps, class_name="small warn"), rx.fragment()),
            rx.cond(view.state == "preparing", bar, rx.fragment()),
            class_name="two grow",
        ),
        rx.cond(
            view.state == "ready",
            link("Download", href=view.href, download=True, class_name="btn line sm"),
            rx.fragment(),
        ),
        icon_button("Delete file", "trash-2", on_click=DownloadState.delete_archive(view.id)),
        key=view.id,
        class_name="row",
    )


def archive_list() -> rx.Component:
    """Draw every archive that can still be had."""
    return rx.cond(
        DownloadState.archives.length() > 0,
        rx.el.ul(
            rx.foreach(DownloadState.archives, archive_line), class_name="made", role="list", aria_label="Downloads"
        ),
        rx.el.p("Nothing here yet. What you prepare stays for 7 days.", class_name="small q3"),
    )


def _problem() -> rx.Component:
    return rx.cond(
        DownloadState.problem != "",
        rx.el.div(icon("circle-alert"), rx.el.span(DownloadState.problem), class_name="note bad", role="alert"),
        rx.fragment(),
    )


@rx.memo
def download_dialog() -> rx.Component:
    """Draw the dialog while it is open."""
    title = rx.cond(
        IMAGE.id != "",
        "Download this picture",
        rx.cond(DownloadState.count > 0, "Download " + DownloadState.count_label, "Downloads"),
    )
    body = rx.cond(IMAGE.id != "", _one(), rx.cond(DownloadState.count > 0, _many(), archive_list()))
    content = dialog.content(
        rx.el.div(
            dialog.title(rx.el.h2(title, class_name="h3"), as_child=True),
            dialog.close(icon_button("Close", "x"), as_child=True),
            class_name="row between",
        ),
        body,
        _problem(),
        class_name="dialog over",
        aria_describedby=None,
    )
    return dialog.root(
        dialog.portal(dialog.overlay(class_name="scrim over"), content),
        open=DownloadState.is_open,
        on_open_change=DownloadState.close_download,
    )
