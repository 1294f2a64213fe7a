"""Gallery and downloads: what lies there, what is on its way out, how pictures are marked, and taking all of them."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.download import archive_list
from imageroute_app.components.forms import post_form, switch
from imageroute_app.components.links import link
from imageroute_app.components.privacy.frame import part
from imageroute_app.state.download import DownloadState
from imageroute_app.state.stored import StoredState


def gallery() -> rx.Component:
    """Draw the section."""
    return part(
        "gallery",
        "Gallery and downloads",
        rx.el.dl(
            _fact("In your gallery", StoredState.kept, paths.GALLERY),
            _fact("In the trash, each for 30 days", StoredState.trashed, paths.TRASH),
            _fact("Originals take", StoredState.size, ""),
            class_name="stored",
        ),
        rx.el.p(
            "Every picture carries a signed mark that says it was made by a machine (C2PA and XMP). The mark never holds your"
            " prompt, your name or your address. ",
            link("Check a file", href=paths.VERIFY),
            ".",
            class_name="q2",
        ),
        switch(
            "Keep settings inside files",
            "Prompt, model and seed go into a file that you download, and nowhere else",
            checked=DownloadState.prefers_settings,
            on_change=DownloadState.prefer_settings,
        ),
        rx.cond(
            DownloadState.archives.length() > 0,
            rx.fragment(rx.el.h3("Downloads that are ready", class_name="h4"), archive_list()),
            rx.fragment(),
        ),
        says="Private, and yours until you delete it. You can take all of it with you at any time.",
        act=post_form(
            rx.el.input(type="hidden", name="scope", value="gallery", read_only=True),
            rx.el.button("Download all pictures", type="submit", class_name="btn line sm"),
            action="/privacy-center/export",
        ),
    )


def _fact(name: str, number: rx.Var[str], path: str) -> rx.Component:
    shown = link(number, href=path) if path else number
    return rx.el.div(rx.el.dt(name), rx.el.dd(shown))
