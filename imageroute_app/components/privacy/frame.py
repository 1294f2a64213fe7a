"""What every section of the privacy centre shares: its place in the list at the left, its heading, its purpose in a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import reflex as rx

from imageroute_app.components.links import link


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One section: `name` is its address after the #, `loads` are events that fill it when the page opens."""

    name: str
    title: str
    content: Callable[[], rx.Component]
    loads: Sequence[Any] = ()


def part(
    name: str, title: str, *content: rx.Component, says: str = "", act: rx.Component | None = None
) -> rx.Component:
    """Draw one section: heading, a line that says what it is for, its main act at the right."""
    heading = rx.el.div(
        rx.el.h2(title, class_name="h3", id=name, tab_index=-1),
        rx.el.p(says, class_name="q2") if says else rx.fragment(),
    )
    top = rx.el.div(heading, *([act] if act is not None else []), class_name="row between part-top")
    return rx.el.section(top, *content, aria_labelledby=name)


def section_list(sections: Sequence[Section]) -> rx.Component:
    """Draw the line of all sections that stays at the left of a wide screen."""
    stops = [rx.el.li(link(section.title, href=f"#{section.name}")) for section in sections]
    return rx.el.nav(rx.el.ol(*stops), class_name="pcn", aria_label="Privacy sections")


def section_menu(sections: Sequence[Section]) -> rx.Component:
    """Draw the same list folded up, for screens that are not wide."""
    return rx.el.details(
        rx.el.summary("Sections", class_name="btn line"),
        rx.el.ul(*[rx.el.li(link(section.title, href=f"#{section.name}")) for section in sections]),
        class_name="pcsel",
    )
