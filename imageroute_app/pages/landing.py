"""The landing page: readable before any script runs, and true of every installation."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.hero import destination, hero_map, phone_route
from imageroute_app.components.links import link
from imageroute_app.components.proofs import proofs
from imageroute_app.components.public import door, masthead, public_page

FONT = "/fonts/instrument-sans-latin-standard-normal.woff2"
META: list[dict[str, str] | rx.Component] = [
    rx.el.link(rel="preload", href=FONT, cross_origin="anonymous", custom_attrs={"as": "font", "type": "font/woff2"}),
    {"property": "og:type", "content": "website"},
    {"property": "og:site_name", "content": "ImageRoute"},
    {"property": "og:image:alt", "content": "See where your pictures go: a route from you to your gallery"},
    {"name": "twitter:card", "content": "summary_large_image"},
]
"""What rx.App.add_page takes as `meta` beside title, description and image."""

Picture = tuple[str, int, int, str]
DUNES: Picture = ("dunes", 448, 560, "Desert dunes in late sun, rippled sand, clear sky")
CITY: Picture = ("city", 980, 560, "City at sunset, its lights in the water")
CUTOUTS: Picture = ("cutouts", 420, 560, "Leaves cut from paper on coloured panels")
RAINBOW: Picture = ("rainbow", 560, 560, "Arch of violet, coral and yellow bands around a pale sun")
BALLOONS: Picture = ("balloons", 840, 560, "Hot air balloons over mountains in the morning")
FERN: Picture = ("fern", 448, 560, "Green ferns against a low sun")
ISLANDS: Picture = ("islands", 560, 560, "Tropical islands from the air, reef water and small clouds")
SEA: Picture = ("sea", 980, 560, "Sun setting into the sea, long glitter path")
ARCH: Picture = ("arch", 448, 560, "Pink courtyard with an arch and stairs, hard noon light")
CHROME: Picture = ("chrome", 560, 560, "Liquid chrome drop at sunset")
TOPO: Picture = ("topo", 420, 560, "Topographic map, teal lowland to peach peaks")
WIDE = ((DUNES, CITY, CUTOUTS, RAINBOW, BALLOONS), (FERN, ISLANDS, SEA, ARCH, CHROME))
NARROW = ((DUNES, ARCH, CITY), (RAINBOW, CUTOUTS, FERN), (BALLOONS, CHROME), (TOPO, ISLANDS, SEA))


def _picture(picture: Picture) -> rx.Component:
    name, width, height, alt = picture
    return rx.el.li(
        rx.el.img(
            src=f"/img/{name}.webp",
            alt=alt,
            loading="lazy",
            custom_attrs={"width": str(width), "height": str(height)},
        ),
        class_name=f"r{100 * width // height}",
    )


def _rows(rows: tuple[tuple[Picture, ...], ...], where: str) -> rx.Component:
    return rx.el.div(*[rx.el.ul(*[_picture(picture) for picture in row]) for row in rows], class_name=where)


def _strip() -> rx.Component:
    return rx.el.section(
        _rows(WIDE, "wide desk"),
        _rows(NARROW, "narrow phone"),
        rx.el.p("Drawn by the built-in sketch engine. No AI model was involved.", class_name="small q3 wrap"),
        class_name="stripx",
        aria_label="Sample pictures",
    )


def _hero() -> rx.Component:
    return rx.el.section(
        rx.el.div(
            rx.el.h1("See where your ", rx.el.br(), "pictures go", class_name="h-hero"),
            rx.el.p(
                "Make images from a prompt. Before you press Generate you see which company gets"
                " your prompt, where, for how long, and what it costs."
            ),
            rx.el.div(
                link("Sign up", href=paths.SIGN_UP, class_name="btn go lg"),
                rx.el.span("Free starter credits, no card", class_name="small q3"),
                class_name="cta",
            ),
            class_name="tx",
        ),
        hero_map(),
        phone_route(),
        destination(),
        rx.el.p(
            rx.el.span("Example", class_name="tag"),
            "Only the stop you choose gets your prompt. Real companies, their facts and the price"
            " stand beside the button.",
            class_name="hint-map small q3",
        ),
        class_name="hero",
        aria_label="The route of a picture",
    )


def _policy() -> rx.Component:
    return rx.el.section(
        rx.el.h2("Everything we keep is listed, with the reason and the day it goes.", class_name="h1"),
        link("Read the policy", href=paths.PRIVACY, class_name="btn line lg"),
        class_name="pol",
        aria_label="Policy",
    )


def landing() -> rx.Component:
    """Show what ImageRoute is and how to begin."""
    head = masthead(
        link("How it works", href="#how", class_name="desk"),
        link("Privacy policy", href=paths.PRIVACY, class_name="desk"),
        *door(),
    )
    return public_page(
        rx.el.div(_hero(), proofs(), class_name="wrap"),
        _strip(),
        rx.el.div(_policy(), class_name="wrap"),
        head=head,
    )
