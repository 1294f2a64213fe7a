"""The edit panel: what is done with the picture that the form starts from.

Only what the chosen model can do is offered; for the rest it says who can. It stands inside the form, above the prompt.
"""

import reflex as rx

from imageroute_app.components.icons import icon
from imageroute_app.components.pictures import picture
from imageroute_app.components.popovers import opener
from imageroute_app.components.scripts import when_shown
from imageroute_app.domain.checks import EXPAND_MAX_PX, SCALES
from imageroute_app.state.create import CreateState
from imageroute_app.state.edit import EditState
from imageroute_app.state.edit_views import TaskView
from imageroute_app.state.form import SIDES
from imageroute_app.state.inspector import InspectorState

DEBOUNCE_MS = 400
EDIT = CreateState.edit


def _task(view: rx.Var[TaskView]) -> rx.Component:
    return rx.el.button(
        view.name,
        type="button",
        aria_pressed=EDIT.task == view.value,
        disabled=view.closed != "",
        title=view.closed,
        on_click=EditState.set_task(view.value),
        key=view.value,
    )


def _other(view: rx.Var[TaskView]) -> rx.Component:
    """Draw what the chosen model cannot do, and the way to those who can: the picker, closed rows with their reason."""
    return rx.el.span(
        view.name,
        ": ",
        rx.cond(
            view.others != "",
            opener(
                view.others,
                opens="picker",
                class_name="lnk",
                aria_label=view.name + ": " + view.others + ". Choose one",
                on_click=EditState.set_task(view.value),
            ),
            rx.el.span("nobody here can"),
        ),
        key=view.value,
    )


def _others() -> rx.Component:
    several = CreateState.compare.length() > 1
    return rx.cond(
        EDIT.closed.length() > 0,
        rx.el.p(
            rx.el.span(rx.cond(several, "Not all of these can. ", CreateState.model.name + " cannot. ")),
            rx.foreach(EDIT.closed, _other),
            class_name="others small q2",
        ),
        rx.fragment(),
    )


def _strength() -> rx.Component:
    """Draw how far to go away from the picture; the slider belongs to the browser."""
    return rx.el.label(
        rx.el.span("Change it by ", CreateState.strength, " %"),
        rx.el.input(
            type="range",
            name="strength",
            min="5",
            max="100",
            step="5",
            default_value=CreateState.start.strength,
            class_name="range",
            aria_label="How much to change the picture, in percent",
            on_change=lambda value: CreateState.set_field("strength", value).debounce(DEBOUNCE_MS),
            key=CreateState.form_key,
        ),
        class_name="one",
    )


def _mask() -> rx.Component:
    return rx.fragment(
        rx.el.span(
            rx.cond(EDIT.mask != "", "Only what you painted over changes.", EDIT.hint),
            class_name="small q2 grow",
        ),
        rx.el.button(
            icon("brush", "s"),
            rx.cond(EDIT.mask != "", "Paint again", "Paint"),
            type="button",
            class_name="btn soft sm",
            on_click=EditState.paint,
        ),
    )


def _side(name: str) -> rx.Component:
    values = {"left": EDIT.left, "top": EDIT.top, "right": EDIT.right, "bottom": EDIT.bottom}
    return rx.el.label(
        rx.el.span(name.capitalize()),
        rx.el.input(
            type="text",
            input_mode="numeric",
            pattern="[0-9]*",
            max_length=len(str(EXPAND_MAX_PX)),
            default_value=values[name].to_string(),
            class_name="in sm",
            aria_label=f"Extend on the {name}, in pixels",
            # Not debounced: Reflex would drop one side when another is changed soon after it.
            on_change=lambda value: EditState.set_side(name, value),
            key=CreateState.source.id,
        ),
    )


def _scale() -> rx.Component:
    buttons = [
        rx.el.button(
            f"{scale} times",
            type="button",
            aria_pressed=EDIT.scale == str(scale),
            on_click=EditState.set_scale(str(scale)),
        )
        for scale in SCALES
    ]
    return rx.el.div(*buttons, class_name="seg", role="group", aria_label="How much larger")


def _result() -> rx.Component:
    return rx.el.span("Gives ", EDIT.size, " pixels", class_name="small q2")


def _settings() -> rx.Component:
    return rx.el.div(
        rx.match(
            EDIT.task,
            ("inpaint", _mask()),
            ("outpaint", rx.fragment(*[_side(name) for name in SIDES], _result())),
            ("upscale", rx.fragment(_scale(), _result())),
            ("cutout", rx.el.span("What stands in front stays, the rest becomes transparent.", class_name="small q2")),
            _strength(),
        ),
        class_name="how",
    )


def hidden_fields() -> rx.Component:
    """Draw what the form sends of the panel beside the slider."""
    values = {
        "task": rx.cond(CreateState.source.id != "", EDIT.task, ""),
        "mask": EDIT.mask,
        "expand": CreateState.expand,
        "scale": EDIT.scale,
    }
    fields = [rx.el.input(type="hidden", name=name, value=value, read_only=True) for name, value in values.items()]
    return rx.fragment(*fields)


def origin_button(source: rx.Var[str], prompt: rx.Var[str]) -> rx.Component:
    """Draw the way from a result to the picture it was made from."""
    return rx.el.button(
        "Made from a picture",
        type="button",
        class_name="lnk",
        aria_label="Show the picture this was made from: " + prompt,
        on_click=InspectorState.open_image(source),
    )


def edit_panel() -> rx.Component:
    """Draw the picture, what is done with it, and how."""
    panel = rx.el.div(
        rx.el.div(
            picture(src=CreateState.source.thumb, alt="", width=40, height=40),
            rx.el.div(
                rx.foreach(EDIT.tasks, _task),
                class_name="seg tasks",
                role="group",
                aria_label="What to do with the picture",
            ),
            rx.el.button(
                icon("x", "s"),
                type="button",
                class_name="ib",
                aria_label="Start without this picture",
                title="Start without this picture",
                on_click=CreateState.remove_source,
            ),
            class_name="what",
        ),
        _settings(),
        _others(),
        class_name="edit",
        role="group",
        aria_label="Starts from: " + CreateState.source.name,
        custom_attrs=when_shown("mask"),  # the brushes are here before anybody asks for them
    )
    return rx.cond(CreateState.source.id != "", panel, rx.fragment())
