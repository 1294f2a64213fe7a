"""Trust: the public proofs, each a page that needs no account; from here a person finds all of them."""

import reflex as rx

from imageroute_app.components.links import link
from imageroute_app.components.privacy.frame import part

PROOFS = (
    ("/trust", "Checks of this installation", "What lies in the stores, measured, with the time of the last look."),
    ("/trust/promises", "Promises", "Every promise of the policy with the tests that prove it."),
    ("/trust/retention", "Retention", "How long each kind of record is kept, from when on, and why."),
    ("/processors", "Companies", "Who may receive data, where, what they promise, and whether they erase on request."),
    ("/complaint", "Authorities", "Who decides when you are not content with us."),
    ("/privacy/policy.jsonld", "For programs", "The policy in terms that machines read."),
    ("/.well-known/security.txt", "Security", "How to report a weakness."),
)


def trust() -> rx.Component:
    """Draw the section."""
    return part(
        "trust",
        "Trust",
        rx.el.ul(*[_proof(*proof) for proof in PROOFS], role="list", class_name="cns"),
        says="Do not take our word for it. These pages need no account, and what is red is shown as red.",
    )


def _proof(path: str, title: str, says: str) -> rx.Component:
    return rx.el.li(
        rx.el.div(link(title, href=path, class_name="lk"), rx.el.p(says, class_name="small q2"), class_name="two grow")
    )
