"""The element that takes files on a page: dropped, pasted, or chosen by a button with data-upload-choose."""

from typing import Any

import reflex as rx
from reflex_base.vars.base import Var

from imageroute_app.components.grid import Island, picked
from imageroute_app.components.scripts import module


class Upload(Island):
    """<ir-upload>."""

    tag = "IrUpload"
    on_uploaded: rx.EventHandler[picked]
    on_recipe: rx.EventHandler[picked]

    def add_custom_code(self) -> list[str]:
        """Name the custom element, and keep one value for its foreign inside."""
        return ['const IrUpload = "ir-upload";', 'const uploadInside = { __html: "" };']


def upload_island(**handlers: Any) -> rx.Component:
    """Draw the element that sends files; what it says stands inside it. One on a page."""
    foreign = {"dangerouslySetInnerHTML": Var("uploadInside"), "suppressHydrationWarning": True}
    return rx.fragment(
        Upload.create(id="upload", role="status", aria_live="polite", custom_attrs=foreign, **handlers),
        module("upload"),
    )
