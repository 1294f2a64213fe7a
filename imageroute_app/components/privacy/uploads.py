"""Uploads: what goes next, each with its days, and the two ways out of the clock."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.links import link
from imageroute_app.components.privacy.frame import part
from imageroute_app.components.uploads_list import uploaded
from imageroute_app.state.uploads import LIST, UploadsState

SHOWN = 4


def uploads() -> rx.Component:
    """Draw the section; its list takes the focus when an upload goes together with its buttons."""
    none = rx.el.p("You have no uploads.", class_name="q2")
    shown = rx.el.ul(rx.foreach(UploadsState.uploads[:SHOWN], uploaded), class_name="ups")
    return part(
        LIST,
        "Uploads",
        rx.cond(UploadsState.uploads.length() > 0, shown, rx.cond(UploadsState.is_loaded, none, rx.fragment())),
        says="Erased 30 days after they came in, everywhere, unless you save one. Using one never moves its day.",
        act=rx.cond(
            UploadsState.uploads.length() > 0,
            link("All uploads", href=paths.UPLOADS, class_name="btn line sm"),
            rx.fragment(),
        ),
    )
