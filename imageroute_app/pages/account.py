"""Account: name, address, ways to sign in, devices, look, and the pages that say how things are done here."""

from typing import Literal

import reflex as rx
from reflex.style import color_mode, set_color_mode

from imageroute_app.components import paths
from imageroute_app.components.devices import devices
from imageroute_app.components.download import archive_list
from imageroute_app.components.forms import field, post_button, post_form, section, setting
from imageroute_app.components.icons import icon
from imageroute_app.components.links import link
from imageroute_app.components.rule import rule_controls
from imageroute_app.components.share import link_list
from imageroute_app.components.shell import shell
from imageroute_app.state.account import AccountState
from imageroute_app.state.download import DownloadState
from imageroute_app.state.session import SessionState

PLACES = (
    ("Uploads", paths.UPLOADS, "upload"),
    ("Albums", paths.ALBUMS, "folder"),
    ("Trash", paths.TRASH, "trash-2"),
    ("Usage", paths.USAGE, "receipt-text"),
    ("Privacy", paths.PRIVACY_CENTER, "shield"),
)
POLICIES = (
    ("Privacy policy", paths.PRIVACY),
    ("Terms", paths.TERMS),
    ("Cookies", paths.COOKIES),
    ("Processors", paths.PROCESSORS),
    ("Trust", paths.TRUST),
    ("Contact", paths.CONTACT),
)
LOOKS: tuple[tuple[str, Literal["system", "light", "dark"]], ...] = (
    ("System", "system"),
    ("Light", "light"),
    ("Dark", "dark"),
)


def _outcome() -> rx.Component:
    shown = rx.el.div(icon("check"), rx.el.span(AccountState.done), class_name="note ok")
    return rx.el.div(
        rx.cond(AccountState.done != "", shown, rx.fragment()),
        role="status",
        class_name="outcome",
    )


def _name() -> rx.Component:
    return post_form(
        field(
            "Full name",
            "full_name",
            # A new name makes a new input: React never changes the text of one that stands.
            key=SessionState.name,
            default_value=SessionState.name,
            auto_complete="name",
            max_length=120,
            hint="Shown to you only. It may stay empty.",
        ),
        rx.el.button("Save name", type="submit", class_name="btn ink"),
        action="/auth/change-name",
        class_name="named",
    )


def _email() -> rx.Component:
    return setting(
        "Email",
        rx.el.span(SessionState.email, class_name="addr"),
        rx.cond(
            SessionState.is_verified,
            rx.el.span(icon("check", "s"), "Verified", class_name="tag ok"),
            rx.el.span(
                rx.el.span("Not verified", class_name="tag warn"),
                rx.el.button(
                    "Send the link again",
                    type="button",
                    class_name="btn line sm",
                    on_click=AccountState.send_verification,
                ),
                class_name="row wrapx",
            ),
        ),
    )


def _new_email() -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            rx.el.span(
                rx.el.b("Another email"),
                rx.el.span("The new address is proven first, then the old one is told", class_name="small q3"),
                class_name="two",
            ),
            rx.el.span("Change email", class_name="btn line sm"),
            class_name="li",
        ),
        post_form(
            field("New email", "email", type="email", auto_complete="email", required=True, max_length=254),
            rx.el.button("Send the link", type="submit", class_name="btn ink"),
            action="/auth/change-email",
            class_name="pw",
        ),
    )


def _password() -> rx.Component:
    return rx.el.details(
        rx.el.summary(
            rx.el.span(
                rx.el.b("Password"),
                rx.el.span("Changing it signs out every other device", class_name="small q3"),
                class_name="two",
            ),
            rx.el.span("Change", class_name="btn line sm"),
            class_name="li",
        ),
        post_form(
            # Lets a password keeper see whose password changes.
            rx.el.input(type="email", value=SessionState.email, auto_complete="username", read_only=True, hidden=True),
            field(
                "Current password",
                "current_password",
                type="password",
                auto_complete="current-password",
                required=True,
                max_length=256,
            ),
            field(
                "New password",
                "new_password",
                type="password",
                auto_complete="new-password",
                required=True,
                min_length=8,
                max_length=256,
                hint="8 characters or more; a few words work well.",
            ),
            rx.el.button("Change password", type="submit", class_name="btn ink"),
            action="/auth/change-password",
            class_name="pw",
        ),
    )


def _look() -> rx.Component:
    return rx.el.div(
        *[
            rx.el.button(name, type="button", aria_pressed=color_mode == mode, on_click=set_color_mode(mode))
            for name, mode in LOOKS
        ],
        class_name="seg",
        role="group",
        aria_label="Look",
    )


def _links() -> rx.Component:
    return rx.el.ul(*[rx.el.li(link(name, href=path)) for name, path in POLICIES], class_name="pages")


def _count(name: str) -> list[rx.Component]:
    if name != "Uploads":
        return []
    return [
        rx.cond(
            SessionState.expiring > 0, rx.el.span(SessionState.expiring_label, class_name="small warn"), rx.fragment()
        )
    ]


def _places() -> rx.Component:
    return rx.el.nav(
        *[
            link(
                icon(symbol), rx.el.span(name, class_name="grow"), *_count(name), icon("chevron-right", "s"), href=path
            )
            for name, path, symbol in PLACES
        ],
        class_name="places phone",
        aria_label="More places",
    )


def _you() -> rx.Component:
    return section(
        "You",
        rx.cond(
            SessionState.is_loaded,
            rx.fragment(_name(), _email()),
            rx.el.div(rx.el.div(class_name="sk bar3"), rx.el.div(class_name="sk bar2"), aria_hidden="true"),
        ),
        name="you",
    )


def _factors() -> rx.Component:
    return setting(
        "Passkeys and codes",
        "A second lock, or no password at all",
        link("Set up", href=paths.SECURITY, class_name="btn line sm", aria_label="Set up passkeys and codes"),
    )


def _hosted() -> rx.Component:
    return setting(
        "Address, password and second factors",
        "Kept by Clerk, which signs you in here",
        link("Change at Clerk", href=paths.HOSTED_PROFILE, class_name="btn line sm"),
    )


def _signing_in() -> rx.Component:
    return section(
        "Signing in",
        rx.cond(SessionState.is_hosted, _hosted(), rx.fragment(_new_email(), _password(), _factors())),
        setting("This device", "Ends the session here", post_button("Sign out", paths.SIGN_OUT, "btn line sm")),
        name="signing-in",
    )


def _preferences() -> rx.Component:
    return section(
        "Preferences",
        setting("Look", "System follows your device", _look()),
        setting(
            "Single-letter shortcuts",
            "F favourite, R remix, D download. Press ? for the list and to turn them off",
            rx.el.kbd("?"),
        ),
        setting(
            "Settings in downloaded files",
            "Prompt, model and seed inside the file, so that it can be made again; each download can differ",
            rx.el.input(
                type="checkbox",
                role="switch",
                class_name="sw",
                aria_label="Settings in downloaded files",
                checked=DownloadState.prefers_settings,
                on_change=DownloadState.prefer_settings,
            ),
        ),
        name="preferences",
    )


def account() -> rx.Component:
    """Show everything a person can change about the account."""
    return shell(
        rx.el.div(
            rx.el.div(
                _outcome(),
                _places(),
                _you(),
                _signing_in(),
                section("Devices", devices(), hint="A device you sign out is out at once.", name="devices"),
                section(
                    "Your rule",
                    rule_controls(),
                    hint="Who may get your prompts. Each picture can have its own on the create screen.",
                    name="rule",
                ),
                _preferences(),
                section("Share links", link_list(), hint="Revoking works at once.", name="shares"),
                section("Downloads", archive_list(), hint="Kept for 7 days; deleting works at once.", name="downloads"),
                section("How things are done here", _links(), name="policies"),
                class_name="ac",
            ),
            class_name="scroll",
        ),
        title="Account",
    )
