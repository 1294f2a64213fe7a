"""The stage: jobs newest first, each a row of tiles of one size, so that nothing moves when a picture arrives."""

from typing import TypeAlias

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.edit_panel import origin_button
from imageroute_app.components.examples import examples
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.marks import bullet, mini_route, moment
from imageroute_app.components.pictures import picture
from imageroute_app.components.welcome import welcome
from imageroute_app.state.create import CreateState
from imageroute_app.state.create_views import GroupView, JobView, TileView
from imageroute_app.state.inspector import InspectorState
from imageroute_app.state.session import SessionState
from imageroute_app.state.stage import StageState

Job: TypeAlias = rx.Var[JobView]
Tile: TypeAlias = rx.Var[TileView]


def _head(job: Job) -> rx.Component:
    cancel = rx.el.button(
        "Cancel",
        type="button",
        class_name="btn bare sm stop",
        aria_label="Cancel: " + job.prompt,
        on_click=StageState.cancel_job(job.id),
    )
    return rx.el.div(
        rx.el.h2(job.prompt, class_name="p", dir="auto"),
        rx.el.span(
            rx.cond(job.notice, rx.el.span(job.notice), rx.fragment()),
            mini_route(job.letter, job.line),
            rx.cond(job.source, origin_button(job.source, job.prompt), rx.fragment()),
            rx.cond(job.aside, link(job.aside, href=paths.TRASH), rx.fragment()),
            rx.cond(job.erased, rx.el.span(job.erased), rx.fragment()),
            rx.el.span(job.price),
            rx.cond(
                job.is_final,
                moment(job.created, "short"),
                rx.cond(job.state == "stopping", rx.el.span("Stopping"), cancel),
            ),
            class_name="m",
        ),
        class_name="jobh",
    )


def _track(job: Job) -> rx.Component:
    """Draw the way to the gallery; assets/app.js moves the train by elapsed and usual time."""
    marks = {"data-track": job.since, "data-usual": job.usual_s}
    return rx.el.div(rx.el.i(), rx.el.b(), rx.el.u(), class_name="trk", aria_hidden="true", custom_attrs=marks)


def _queued(job: Job) -> rx.Component:
    return rx.fragment(
        rx.el.span(icon("clock", "s"), "Queued", class_name="row small q2"),
        rx.el.div(
            rx.el.span(job.place, class_name="big"),
            rx.el.div(job.starts, class_name="small q3"),
            _track(job),
            class_name="foot",
        ),
    )


def _running(job: Job, word: str) -> rx.Component:
    return rx.fragment(
        rx.el.span(bullet(job.letter, job.line), word, class_name="row small q2"),
        rx.el.div(
            rx.el.span("0:00", class_name="big", custom_attrs={"data-since": job.since}),
            rx.el.div(job.usual, class_name="small q3"),
            _track(job),
            class_name="foot",
        ),
    )


def _ended(job: Job, tile: Tile, word: str, symbol: str, kind: str, action: rx.Component) -> rx.Component:
    """Draw a place that stays empty: the first of a job says why, all say what it cost."""
    return rx.fragment(
        rx.el.span(icon(symbol, "s"), rx.el.b(word), class_name=f"row small {kind}"),
        rx.cond(
            tile.leads & (job.reason != ""),
            rx.el.p(job.reason, class_name="small q2 why"),
            rx.fragment(),
        ),
        rx.el.p(rx.el.b(rx.cond(tile.leads, job.money, "0 credits charged")), class_name="small cost"),
        rx.cond(tile.leads, rx.el.div(action, class_name="foot acts"), rx.fragment()),
    )


def _retry(job: Job) -> rx.Component:
    return rx.el.button(
        "Retry",
        type="button",
        class_name="btn soft sm",
        aria_label="Retry: " + job.prompt,
        on_click=StageState.retry_job(job.id),
    )


def _another(job: Job) -> rx.Component:
    """Draw the way to somebody else: the prompt goes into the form, and the picker opens."""
    return rx.el.button(
        "Try another provider",
        type="button",
        class_name="btn bare sm",
        on_click=CreateState.use_earlier(job.id),
        custom_attrs={"popoverTarget": "picker"},
    )


def _missing() -> rx.Component:
    return rx.fragment(
        rx.el.span(icon("circle-alert", "s"), rx.el.b("Not delivered"), class_name="row small bad"),
        rx.el.p("This picture could not be opened.", class_name="small q2 why"),
        rx.el.p(rx.el.b("0 credits charged"), class_name="small cost"),
    )


def _place(job: Job, tile: Tile) -> rx.Component:
    """Draw the place of a picture that is not there."""
    appeal = rx.el.button(
        "Appeal",
        type="button",
        class_name="btn soft sm",
        aria_label="Appeal: " + job.prompt,
        on_click=StageState.appeal(job.id),
    )
    return rx.el.div(
        rx.match(
            tile.kind,
            ("queued", _queued(job)),
            ("running", _running(job, "Running")),
            ("stopping", _running(job, "Stopping")),
            ("failed", _ended(job, tile, "Failed", "circle-alert", "bad", rx.fragment(_retry(job), _another(job)))),
            ("blocked", _ended(job, tile, "Blocked", "shield-alert", "bad", appeal)),
            ("cancelled", _ended(job, tile, "Cancelled", "ban", "q2", _retry(job))),
            _missing(),
        ),
        class_name="st",
    )


def _picture(tile: Tile) -> rx.Component:
    """Draw a picture as the button that opens the inspector."""
    is_selected = InspectorState.is_open & (InspectorState.image.id == tile.id)
    return rx.el.button(
        picture(
            src=tile.thumb,
            src_set=tile.sources,
            sizes="(max-width: 759px) 50vw, 25vw",
            width=tile.width,
            height=tile.height,
            alt=tile.alt,
            loading="lazy",
            decoding="async",
        ),
        type="button",
        class_name="pic",
        aria_pressed=is_selected,
        on_click=InspectorState.open_image(tile.id),
        custom_attrs={"data-tile": tile.id},
    )


def _tile(job: Job, tile: Tile) -> rx.Component:
    is_selected = InspectorState.is_open & (InspectorState.image.id == tile.id)
    return rx.el.li(
        rx.cond(tile.kind == "image", _picture(tile), _place(job, tile)),
        class_name=rx.cond(is_selected, "tile sel ln-", "tile ln-") + job.line,
        style={"aspectRatio": job.ratio, "backgroundColor": tile.colour},
        key=tile.id,
    )


def _job(job: Job) -> rx.Component:
    return rx.el.article(
        _head(job),
        rx.el.ul(
            rx.foreach(job.tiles, lambda tile: _tile(job, tile)),
            class_name="tiles " + job.shape,
            role="list",
            custom_attrs={"data-roving": True},
        ),
        class_name="job",
        key=job.id,
        aria_label=job.prompt,
    )


def _column(job: Job) -> rx.Component:
    """Draw one model of a comparison: who, how long, how much, its pictures, and the choice to keep only these."""
    head = rx.el.div(
        rx.el.span(bullet(job.letter, job.line), rx.el.b(job.model), class_name="row"),
        rx.el.span(job.company, class_name="small q2"),
        rx.el.span(job.price, rx.cond(job.took, " · " + job.took, ""), class_name="small q2"),
        class_name="jobh",
    )
    keep = rx.el.button(
        "Keep this one",
        type="button",
        class_name="btn line sm keep",
        aria_label="Keep only " + job.model,
        on_click=StageState.keep_one(job.id),
    )
    tiles = rx.el.ul(
        rx.foreach(job.tiles, lambda tile: _tile(job, tile)),
        class_name=rx.cond(job.tiles.length() > 1, "tiles of4", "tiles"),
        role="list",
        custom_attrs={"data-roving": True},
    )
    return rx.el.article(
        head,
        tiles,
        rx.cond(job.is_final & ~job.can_retry, keep, rx.fragment()),
        class_name="job",
        key=job.id,
        aria_label=job.model + ": " + job.prompt,
    )


def _group(group: rx.Var[GroupView]) -> rx.Component:
    """Draw a job, or a comparison with a column for each model."""
    return rx.cond(
        group.is_compared,
        rx.el.section(
            rx.el.h2(group.prompt, class_name="cmph small", dir="auto"),
            rx.el.div(
                rx.foreach(group.jobs, _column), class_name="cmp", tab_index=0, role="group", aria_label="Columns"
            ),
            key=group.id,
            aria_label="Comparison: " + group.prompt,
        ),
        rx.foreach(group.jobs, _job),
    )


def _waiting() -> rx.Component:
    tiles = [rx.el.li(class_name="sk") for _ in range(4)]
    head = rx.el.div(rx.el.div(class_name="sk bar1"), class_name="jobh")
    return rx.el.div(head, rx.el.ul(*tiles, class_name="tiles"), class_name="job waiting", aria_hidden="true")


def _older() -> rx.Component:
    return rx.cond(
        StageState.has_older,
        rx.el.button(
            rx.cond(StageState.is_loading_older, "Reading", "Show older"),
            type="button",
            class_name="btn line older",
            disabled=StageState.is_loading_older,
            on_click=StageState.show_older,
        ),
        rx.fragment(),
    )


def _unverified() -> rx.Component:
    return rx.cond(
        SessionState.is_loaded & ~SessionState.is_verified,
        rx.el.p(
            icon("mail", "s"),
            rx.el.span(
                "Your email is not confirmed yet. Sketch works without it. ",
                link("Send the link again", href=paths.ACCOUNT),
            ),
            class_name="hintline",
        ),
        rx.fragment(),
    )


def stage() -> rx.Component:
    """Draw the results."""
    return rx.el.section(
        _unverified(),
        rx.cond(
            CreateState.is_loaded & StageState.is_loaded,
            rx.cond(
                StageState.groups.length() > 0,
                rx.fragment(rx.foreach(StageState.groups, _group), _older()),
                examples(),
            ),
            _waiting(),
        ),
        welcome(),
        class_name="scroll stage",
        aria_label="Results",
        tab_index=0,
    )
