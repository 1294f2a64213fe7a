"""Links that the browser follows by itself.

rx.el.a is React Router's Link: it never leaves the page's script, so an address of our HTTP routes would end in the 404
screen, and a skip link would not move the focus.
"""

from typing import Any

import reflex as rx
from reflex_components_core.el.elements.inline import A


def link(*content: rx.Component | rx.Var[str] | str, **props: Any) -> rx.Component:
    """Draw a plain link: another page, one of our HTTP routes, or a place on this page."""
    return A.create(*content, **props)
