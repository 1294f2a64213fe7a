"""The controls of the account's own rule."""

import reflex as rx

from imageroute_app.components.forms import setting
from imageroute_app.components.icons import icon
from imageroute_app.state.rule import CompanyView, Part, RuleState

LEVELS = (("strict", "Strict"), ("balanced", "Balanced"), ("any", "Any"))
FAILOVERS = (("never", "Never"), ("equal", "Equal or better"), ("any", "Any it allows"))
DEBOUNCE_MS = 500


def _segments(part: Part, choices: tuple[tuple[str, str], ...], chosen: rx.Var[str], label: str) -> rx.Component:
    buttons = [
        rx.el.button(name, type="button", aria_pressed=chosen == value, on_click=RuleState.set_part(part, value))
        for value, name in choices
    ]
    return rx.el.div(*buttons, class_name="seg", role="group", aria_label=label)


def _switch(part: Part, is_on: rx.Var[bool], label: str) -> rx.Component:
    return rx.el.button(
        rx.cond(is_on, "On", "Off"),
        type="button",
        class_name="btn line sm",
        role="switch",
        aria_checked=is_on,
        aria_label=label,
        on_click=RuleState.set_part(part, rx.cond(is_on, "off", "on")),
    )


def _company(company: rx.Var[CompanyView]) -> rx.Component:
    return rx.el.li(
        rx.el.label(
            rx.el.input(
                type="checkbox",
                checked=company.is_allowed,
                on_change=lambda is_on: RuleState.set_company(company.id, is_on),
            ),
            company.name,
            class_name="row",
        ),
        key=company.id,
    )


def _problem() -> rx.Component:
    return rx.cond(
        RuleState.problem != "",
        rx.el.div(icon("circle-alert"), rx.el.span(RuleState.problem), class_name="note bad", role="alert"),
        rx.fragment(),
    )


def _levels() -> tuple[rx.Component, ...]:
    return (
        setting(
            "Privacy level",
            "Strict: no training, kept 30 days or less, EU or local only. Balanced: nobody who says they train on it",
            _segments("level", LEVELS, RuleState.level, "Privacy level"),
        ),
        setting(
            "If a company fails, ask another",
            "Equal or better: only one that promises at least as much, never above the quoted price",
            _segments("failover", FAILOVERS, RuleState.failover, "If a company fails, ask another"),
        ),
    )


def _own_limits() -> tuple[rx.Component, ...]:
    return (
        setting(
            "Only in the EU or on this server",
            "Leaves out every other region",
            _switch("region_eu", RuleState.region_eu, "Only in the EU"),
        ),
        setting(
            "Only in the United States or on this server",
            "With both on, either will do",
            _switch("region_us", RuleState.region_us, "Only in the United States"),
        ),
        setting(
            "No training",
            "Leaves out everyone who does not say that they never train",
            _switch("no_training", RuleState.no_training, "No training"),
        ),
        setting(
            "No human review",
            "Leaves out everyone who does not say that nobody looks",
            _switch("no_human_review", RuleState.no_human_review, "No human review"),
        ),
        setting(
            "Longest retention in days",
            "Empty: no limit beside the level",
            rx.el.input(
                default_value=RuleState.days,
                key=RuleState.days,
                input_mode="numeric",
                class_name="in sm days",
                aria_label="Longest retention in days",
                on_change=lambda value: RuleState.set_part("retention_days_max", value).debounce(DEBOUNCE_MS),
            ),
        ),
    )


def rule_controls() -> rx.Component:
    """Draw the rule, part by part; every change is kept at once."""
    return rx.fragment(
        _problem(),
        *_levels(),
        *_own_limits(),
        rx.el.details(
            rx.el.summary(
                rx.el.span(
                    rx.el.b("Companies that may get a prompt"),
                    rx.el.span("Untick who must never get one", class_name="small q3"),
                    class_name="two",
                ),
                icon("chevron-down"),
                class_name="li",
            ),
            rx.el.ul(rx.foreach(RuleState.companies, _company), class_name="companies small", role="list"),
        ),
        rx.el.p("Your rule now: ", rx.el.b(RuleState.line), class_name="small q2", aria_live="polite"),
    )
