"""Gallery: every picture of the person, found by the words of its prompt."""

import reflex as rx

from imageroute_app.components.compare import compare_dialog
from imageroute_app.components.download import download_dialog
from imageroute_app.components.gallery_bar import gallery_bar, nothing
from imageroute_app.components.grid import grid, scripts
from imageroute_app.components.lightbox import lightbox
from imageroute_app.components.selection import selection_bar, selection_dialogs
from imageroute_app.components.share import share_dialog
from imageroute_app.components.shell import shell
from imageroute_app.state.gallery import GalleryState
from imageroute_app.state.selection import SelectionState


def _pictures() -> rx.Component:
    attributes = {
        "query": GalleryState.filter,
        "refresh": GalleryState.refresh,
        "gone": GalleryState.gone,
        "marked": GalleryState.marked,
        "current": GalleryState.current,
        "cleared": GalleryState.cleared,
    }
    return rx.el.section(
        grid(
            "/api/gallery",
            attributes,
            on_open=GalleryState.open_image,
            on_trash=GalleryState.trash_image,
            on_favourite=GalleryState.toggle_favourite,
            on_state=GalleryState.note_shown,
            on_choose=SelectionState.choose,
            on_act=SelectionState.act,
        ),
        nothing(),
        class_name="scroll gg",
        aria_label="Gallery",
        tab_index=-1,
    )


def gallery() -> rx.Component:
    """Show the gallery screen."""
    return shell(
        scripts(),
        gallery_bar(),
        _pictures(),
        selection_bar(),
        lightbox(),
        download_dialog(),
        share_dialog(),
        selection_dialogs(),
        compare_dialog(),
        title="Gallery",
        undo=SelectionState.undo,
    )
