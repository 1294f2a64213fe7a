"""The composer: who will get the picture, the prompt, the settings, and the price on the button."""

import reflex as rx

from imageroute_app.components import paths
from imageroute_app.components.attach import accept_keeping, choose_button, composer_upload, references, spare
from imageroute_app.components.edit_panel import edit_panel, hidden_fields
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.marks import bullet, mini_route
from imageroute_app.components.mask_editor import mask_editor
from imageroute_app.components.picker import picker_popover
from imageroute_app.components.popovers import earlier_popover, left_out, opener, price_popover, route_popover
from imageroute_app.components.settings import settings_popover
from imageroute_app.state.attach import PROMPT_FIELD
from imageroute_app.state.create import CreateState
from imageroute_app.state.picker import PickerState
from imageroute_app.state.session import SessionState

DEBOUNCE_MS = 400
MODEL = CreateState.model
IS_READY = CreateState.is_loaded & rx.State.is_hydrated
MISSING = CreateState.price - SessionState.credits


def _strip() -> rx.Component:
    facts = (MODEL.country, MODEL.retention, MODEL.trains)
    return opener(
        mini_route(MODEL.letter, MODEL.line),
        rx.el.span(rx.el.b(MODEL.company), *[rx.el.span(fact) for fact in facts], class_name="f"),
        rx.el.span(rx.el.span("Route", class_name="desk"), icon("chevron-down", "s"), class_name="e"),
        opens="route",
        class_name="strip",
        aria_label=CreateState.privacy,
    )


def _prompt() -> rx.Component:
    """Draw the prompt; it belongs to the browser, and only a new form_key puts other words into it."""
    return rx.el.div(
        edit_panel(),
        references(),
        spare(),
        rx.el.textarea(
            id=PROMPT_FIELD,
            name="prompt",
            default_value=CreateState.start.prompt,
            placeholder="Describe a picture",
            aria_label="Prompt",
            dir="auto",
            rows="2",
            auto_complete="off",
            disabled=~IS_READY,
            aria_invalid=CreateState.problem_field == "prompt",
            aria_describedby="composer-problem",
            on_change=lambda value: CreateState.set_prompt(value, CreateState.prompt_key).debounce(DEBOUNCE_MS),
            custom_attrs={
                "data-prompt": True,
                "data-hotkey-focus": "/",
                "data-filled-by": rx.cond(CreateState.is_draft, "draft", "person"),
            },
            key=CreateState.prompt_key,
        ),
        class_name="pr",
    )


def _shape() -> rx.Component:
    return rx.el.span(
        class_name="shape",
        style={"aspectRatio": CreateState.pixels.replace(" × ", "/")},
        aria_hidden="true",
    )


def _chip(*content: rx.Component | rx.Var | str, section: str, label: rx.Var | str) -> rx.Component:
    """Draw a choice of the next picture; on a phone it is in the sheet."""
    return opener(*content, opens="settings", section=section, class_name="chip desk", aria_label=label)


def _who() -> rx.Component:
    """Draw the choice of who draws it: one model, a way of choosing, or several to compare."""
    name = rx.cond(CreateState.mode, CreateState.mode + ": " + MODEL.name, MODEL.name)
    several = CreateState.compare.length().to_string() + " models"
    shown = rx.cond(CreateState.compare.length() > 1, several, name)
    return opener(
        rx.cond(CreateState.compare.length() > 1, icon("columns-2"), bullet(MODEL.letter, MODEL.line)),
        rx.el.span(shown, class_name="clip"),
        opens="picker",
        class_name="chip",
        aria_label="Model: " + shown,
    )


def _chips() -> rx.Component:
    pictures = rx.cond(CreateState.count == 1, " picture", " pictures")
    return rx.fragment(
        _who(),
        _chip(
            _shape(),
            CreateState.ratio,
            rx.el.span(CreateState.pixels, class_name="q"),
            section="size",
            label="Shape " + CreateState.ratio + ", " + CreateState.pixels + " pixels",
        ),
        _chip("×", CreateState.count, section="count", label=CreateState.count.to_string() + pictures),
        _chip(icon("palette"), CreateState.style, section="style", label="Style: " + CreateState.style),
    )


def _controls() -> rx.Component:
    return rx.el.div(
        opener(
            icon("history"),
            opens="earlier",
            class_name="ib",
            aria_label="Earlier prompts",
            title="Earlier prompts",
        ),
        choose_button(),
        _chips(),
        opener(
            icon("sliders-horizontal"),
            opens="settings",
            section="more",
            class_name="ib",
            aria_label="More settings: seed, negative prompt",
            title="More settings",
        ),
        opener(
            icon("receipt-text"),
            opens="price",
            class_name="ib price desk",
            aria_label="What this costs",
            title="What this costs",
        ),
        _go(),
        class_name="ctl",
    )


def _go() -> rx.Component:
    credits = CreateState.price.to_string() + rx.cond(CreateState.price == 1, " credit", " credits")
    return rx.el.button(
        "Generate ",
        rx.el.span("· ", credits, class_name="n"),
        type="submit",
        class_name="btn go",
        disabled=~IS_READY,
        aria_label="Generate, " + credits,
        aria_busy=CreateState.is_sending,
        aria_disabled=IS_READY & SessionState.is_loaded & (MISSING > 0),
    )


def _buy_link() -> rx.Component:
    return link("Buy credits", href=paths.CREDITS, class_name="btn line sm")


def _limits_link() -> rx.Component:
    return link("Change limits", href=paths.LIMITS, class_name="btn line sm")


def _no_route() -> rx.Component:
    """List who is left out and why, with the one change that would help."""
    return rx.cond(
        CreateState.problem_field == "no_route",
        rx.el.div(
            rx.el.ul(rx.foreach(CreateState.closed, left_out), class_name="whys small"),
            rx.cond(
                CreateState.loosening,
                rx.el.div(
                    rx.el.span(CreateState.loosening, class_name="grow small"),
                    rx.el.button(
                        "Allow it for this picture",
                        type="button",
                        class_name="btn line sm",
                        on_click=PickerState.loosen_rule,
                    ),
                    class_name="row",
                ),
                rx.fragment(),
            ),
            accept_keeping(),
        ),
        rx.fragment(),
    )


def _problem() -> rx.Component:
    """Say in plain words what is in the way; nothing that was typed is lost by it."""
    is_short = SessionState.is_loaded & CreateState.is_loaded & (MISSING > 0)
    return rx.el.div(
        rx.cond(
            CreateState.problem,
            rx.el.div(
                icon("circle-alert"),
                rx.el.div(CreateState.problem, _no_route(), class_name="grow"),
                rx.match(
                    CreateState.problem_field,
                    ("not_enough_credits", _buy_link()),
                    ("spend_limit", _limits_link()),
                    rx.fragment(),
                ),
                class_name="note bad",
            ),
            rx.cond(
                is_short,
                rx.el.div(
                    icon("circle-alert"),
                    rx.el.span(
                        rx.el.b(MISSING, rx.cond(MISSING == 1, " credit", " credits"), " missing. "),
                        "Your prompt is kept.",
                        class_name="grow",
                    ),
                    _buy_link(),
                    class_name="note warn",
                ),
                rx.fragment(),
            ),
        ),
        id="composer-problem",
        class_name="problem",
        role="status",
        aria_live="polite",
    )


def composer() -> rx.Component:
    """Draw the bar at the foot of the stage."""
    return rx.el.div(
        _problem(),
        composer_upload(),
        rx.el.form(
            rx.el.input(type="hidden", name="quote_id", value=CreateState.quote_id, read_only=True),
            rx.el.input(type="hidden", name="price", value=CreateState.price.to_string(), read_only=True),
            rx.el.input(type="hidden", name="compare_ids", value=CreateState.compare_ids, read_only=True),
            rx.el.input(type="hidden", name="compare", value=CreateState.compare.join(","), read_only=True),
            rx.el.input(type="hidden", name="rule", value=CreateState.rule_json, read_only=True),
            rx.el.input(type="hidden", name="source", value=CreateState.source.id, read_only=True),
            rx.el.input(type="hidden", name="references", value=CreateState.reference_ids, read_only=True),
            rx.el.input(type="hidden", name="keeping", value=CreateState.keeping, read_only=True),
            hidden_fields(),
            _strip(),
            _prompt(),
            _controls(),
            settings_popover(),
            picker_popover(),
            on_submit=CreateState.submit_prompt,
            class_name="composer",
            aria_label="New picture",
            custom_attrs={"data-composer": True},
        ),
        route_popover(),
        price_popover(),
        earlier_popover(),
        mask_editor(),
        class_name="dock",
    )
