"""The privacy centre: every promise of the policy as a control, section by section."""

import reflex as rx

from imageroute_app.components.privacy.activity import activity
from imageroute_app.components.privacy.choices import choices
from imageroute_app.components.privacy.closing import closing
from imageroute_app.components.privacy.exports import exports
from imageroute_app.components.privacy.frame import Section, section_list, section_menu
from imageroute_app.components.privacy.gallery import gallery
from imageroute_app.components.privacy.holdings import got, holdings
from imageroute_app.components.privacy.overview import overview
from imageroute_app.components.privacy.policies import policies
from imageroute_app.components.privacy.requests import reports, requests
from imageroute_app.components.privacy.storage import storage
from imageroute_app.components.privacy.training import training
from imageroute_app.components.privacy.trust import trust
from imageroute_app.components.privacy.uploads import uploads
from imageroute_app.components.shell import shell
from imageroute_app.state.account import AccountState
from imageroute_app.state.activity import ActivityState
from imageroute_app.state.cases import RequestsState
from imageroute_app.state.choices import ChoicesState
from imageroute_app.state.closing import ClosingState
from imageroute_app.state.download import DownloadState
from imageroute_app.state.exports import ExportsState
from imageroute_app.state.policies import PoliciesState
from imageroute_app.state.privacy import PrivacyState
from imageroute_app.state.stored import StoredState
from imageroute_app.state.training import TrainingState
from imageroute_app.state.uploads import UploadsState

SECTIONS = (
    Section(name="overview", title="Overview", content=overview, loads=(PrivacyState.load_overview,)),
    Section(name="hold", title="What we hold", content=holdings, loads=(PrivacyState.load_holdings,)),
    Section(name="uploads", title="Uploads", content=uploads, loads=(UploadsState.load_uploads,)),
    Section(
        name="gallery",
        title="Gallery and downloads",
        content=gallery,
        loads=(StoredState.load_stored, DownloadState.load_downloads),
    ),
    Section(name="export", title="Export my data", content=exports, loads=(ExportsState.load_exports,)),
    Section(name="choices", title="Consents and choices", content=choices, loads=(ChoicesState.load_choices,)),
    Section(name="training", title="AI training", content=training, loads=(TrainingState.load_training,)),
    Section(name="cookies", title="Cookies and storage", content=storage),
    Section(name="got", title="Who got what", content=got, loads=(PrivacyState.load_lines,)),
    Section(
        name="activity",
        title="Activity and access",
        content=activity,
        loads=(AccountState.load_account, ActivityState.load_activity),
    ),
    Section(name="requests", title="Requests and complaints", content=requests, loads=(RequestsState.load_requests,)),
    Section(name="close", title="Close account", content=closing, loads=(ClosingState.load_closing,)),
    Section(name="policy", title="Policy and versions", content=policies, loads=(PoliciesState.load_policies,)),
    Section(name="report", title="Report", content=reports),
    Section(name="trust", title="Trust", content=trust),
)
"""In the order of the page."""

LOADS = [load for section in SECTIONS for load in section.loads]


def privacy_center() -> rx.Component:
    """Show every section on one page."""
    return shell(
        rx.el.div(
            rx.el.div(
                section_list(SECTIONS),
                rx.el.div(section_menu(SECTIONS), *[section.content() for section in SECTIONS]),
                class_name="pc",
            ),
            class_name="scroll",
            tab_index=0,
            role="region",
            aria_label="Privacy center",
        ),
        title="Privacy",
    )
