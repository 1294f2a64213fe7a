"""Cookies and storage: what is on this device now, named by the register, and the way to the choice about the rest."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.consent import device
from imageroute_app.components.links import link
from imageroute_app.components.privacy.frame import part


def storage() -> rx.Component:
    """Draw the section."""
    return part(
        "cookies",
        "Cookies and storage",
        device(),
        rx.el.p(
            "What needs your yes is decided under ",
            link("Consents and choices", href="#choices"),
            "; your no takes it away again. ",
            link("The whole register", href=paths.COOKIES),
            " has every entry with its purpose and its end.",
            class_name="small q2",
        ),
        says="Read in your browser just now. Nothing of another company is ever among it.",
    )
