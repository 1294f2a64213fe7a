"""Pictures whose size is known before their bytes are here."""

from typing import Any

import reflex as rx


def picture(*, width: rx.Var[int] | int, height: rx.Var[int] | int, **props: Any) -> rx.Component:
    """Draw a picture with its size as attributes: Reflex makes a style of them, which no style sheet could overrule."""
    attributes = {"width": width, "height": height, **props.pop("custom_attrs", {})}
    return rx.el.img(custom_attrs=attributes, **props)
