"""Lucide icons at the design's stroke, always inside a named control."""

import reflex as rx


def icon(name: str, size: str = "") -> rx.Component:
    """Draw a lucide icon; assets/app.css gives it the design's stroke. `size` is "", "s" or "l"."""
    pixels = {"": 18, "s": 16, "l": 20}[size]
    return rx.icon(name, size=pixels, class_name=f"i {size}", aria_hidden="true")


def icon_button(label: str | rx.Var[str], name: str, **props: object) -> rx.Component:
    """Draw a button that is only an icon, with its name for assistive technology and as a tooltip."""
    extra = str(props.pop("class_name", ""))
    return rx.el.button(
        icon(name), type="button", class_name=f"ib {extra}".strip(), aria_label=label, title=label, **props
    )
