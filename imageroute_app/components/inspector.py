"""The inspector: all about the selected picture. A panel beside the stage, a sheet where there is no room."""

import reflex as rx

from imageroute_app.components.compare import compare_button
from imageroute_app.components.download import download_button
from imageroute_app.components.icons import icon, icon_button
from imageroute_app.components.links import link
from imageroute_app.components.marks import route
from imageroute_app.components.picture_training import picture_training
from imageroute_app.components.pictures import picture
from imageroute_app.components.share import share_button
from imageroute_app.components.tags import tags
from imageroute_app.state.create import CreateState
from imageroute_app.state.inspector import InspectorState

IMAGE = InspectorState.image
VERBS = (
    ("Use prompt", "prompt", ""),
    ("Use seed", "seed", ""),
    ("Remix", "remix", "r"),
    ("Use all", "all", ""),
    ("Edit", "edit", "e"),
    ("Extend", "extend", ""),
    ("Upscale", "upscale", ""),
    ("Remove background", "cutout", ""),
)

OF_A_REQUEST = 4
"""The first verbs take up a request, which a picture that the person brought along has not."""


def _bar() -> rx.Component:
    return rx.el.div(
        rx.el.h2("Picture", class_name="h4"),
        rx.el.span(
            icon_button(
                rx.cond(IMAGE.favourite, "Remove from favourites", "Favourite"),
                "heart",
                class_name=rx.cond(IMAGE.favourite, "ib on filled", "ib"),
                aria_pressed=IMAGE.favourite,
                on_click=InspectorState.favourite,
                custom_attrs={"data-hotkey": "f"},
            ),
            download_button(IMAGE.id),
            share_button(IMAGE.id),
            icon_button(
                "Move to trash",
                "trash-2",
                on_click=InspectorState.trash_image,
                custom_attrs={"data-hotkey": "Delete"},
            ),
            icon_button(
                "Close inspector",
                "x",
                on_click=InspectorState.close_inspector,
                custom_attrs={"data-hotkey": "Escape", "data-panel-close": True},
            ),
            class_name="row acts",
        ),
        class_name="hd",
    )


def _verb(name: str, verb: str, key: str) -> rx.Component:
    hotkey = {"data-hotkey": key} if key else {}
    button = rx.el.button(
        name,
        type="button",
        class_name="btn soft sm",
        on_click=CreateState.use_image(verb, IMAGE.id),
        custom_attrs={**hotkey, "data-closes-panel": True},
    )
    return rx.cond(CreateState.model.takes_image, button, rx.fragment()) if verb == "remix" else button


def verbs(*buttons: rx.Component) -> rx.Component:
    """Draw what can be done with the picture, in the order of VERBS."""
    made = rx.cond(IMAGE.job_id != "", rx.fragment(*buttons[:OF_A_REQUEST]), rx.fragment())
    return rx.el.div(made, *buttons[OF_A_REQUEST:], compare_button(IMAGE.id), class_name="verbs")


def _row(name: str, value: rx.Var | rx.Component, class_name: str = "") -> rx.Component:
    return rx.fragment(rx.el.dt(name), rx.el.dd(value, class_name=class_name))


def _route() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h3("Route", class_name="h4"),
            link("Receipt ", IMAGE.receipt, href="/receipts/" + IMAGE.job_id, class_name="small q2"),
            class_name="row between",
        ),
        route(IMAGE.stops, IMAGE.line),
    )


def _price() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h3("Price", class_name="h4"),
            rx.el.span(rx.el.b(IMAGE.price), " ", rx.el.span(IMAGE.quoted, class_name="q3"), class_name="small"),
            class_name="row between",
        ),
        rx.el.dl(
            _row("Model", IMAGE.model),
            _size(),
            _row("Style", InspectorState.style),
            _row("Seed", IMAGE.seed, "mono"),
            _row("Marking", rx.el.span(icon("check", "s"), IMAGE.marking, class_name="row")),
            rx.cond(IMAGE.negative, _row("Negative", IMAGE.negative), rx.fragment()),
            rx.cond(InspectorState.note, _row("Note", InspectorState.note), rx.fragment()),
            class_name="dl",
        ),
    )


def _own() -> rx.Component:
    return rx.el.section(
        rx.el.h3("Your own picture", class_name="h4"),
        rx.el.p("You brought it along; no model made it.", class_name="small q2"),
        rx.el.dl(_size(), class_name="dl"),
    )


def _size() -> rx.Component:
    return _row("Size", rx.el.span(IMAGE.size, rx.el.span(" · ", IMAGE.file_size, class_name="q3")))


def _whereabouts() -> rx.Component:
    return rx.el.section(
        rx.el.h3("Where it is now", class_name="h4"),
        rx.el.dl(
            _row("Your gallery", rx.el.span("Private: the original and 2 sizes")),
            rx.cond(
                InspectorState.company,
                _row("Provider", InspectorState.company + ": " + InspectorState.kept.lower()),
                rx.fragment(),
            ),
            class_name="dl",
        ),
    )


def _origin() -> rx.Component:
    """Draw the picture that this one was made from; it may be gone, what was made of it stays."""
    origin = InspectorState.origin
    thumb = picture(src=origin.thumb, alt="", width=40, height=40)
    way = rx.cond(
        origin.is_image,
        rx.el.button(
            thumb,
            rx.el.span(origin.name, class_name="clip"),
            type="button",
            class_name="orig",
            aria_label="Show the picture this was made from: " + origin.name,
            on_click=InspectorState.open_image(origin.id),
        ),
        rx.el.span(thumb, rx.el.span(origin.name, class_name="clip"), class_name="orig"),
    )
    gone = rx.el.p("A picture that is no longer there. This one stays.", class_name="small q2")
    return rx.cond(
        origin.id,
        rx.el.section(
            rx.el.h3("Made from", class_name="h4"),
            rx.cond(origin.name, way, gone),
        ),
        rx.fragment(),
    )


def facts() -> rx.Component:
    """Draw where the selected picture went, what it was made from and cost, where it is now, and its training switch."""
    made = rx.fragment(_route(), _origin(), _price())
    return rx.fragment(rx.cond(IMAGE.job_id != "", made, _own()), _whereabouts(), picture_training())


def inspector() -> rx.Component:
    """Draw the panel while a picture is selected."""
    return rx.cond(
        InspectorState.is_open,
        rx.el.aside(
            _bar(),
            rx.el.div(
                rx.el.p(IMAGE.prompt, class_name="read said", dir="auto"),
                verbs(*[_verb(*verb) for verb in VERBS]),
                tags(),
                facts(),
                class_name="bd",
                tab_index=0,
                role="group",
                aria_label="About this picture",
            ),
            class_name="insp-p",
            aria_label="Inspector",
            custom_attrs={"data-panel": True},
        ),
        rx.fragment(),
    )
