"""Create: the stage with the newest jobs, the composer at its foot, the inspector beside it."""

import reflex as rx

from imageroute_app.components.compare import compare_dialog
from imageroute_app.components.composer import composer
from imageroute_app.components.download import download_dialog
from imageroute_app.components.inspector import inspector
from imageroute_app.components.scripts import address
from imageroute_app.components.share import share_dialog
from imageroute_app.components.shell import shell
from imageroute_app.components.stage import stage
from imageroute_app.state.inspector import InspectorState


def create() -> rx.Component:
    """Show the create screen."""
    # The script hoists itself into the head; only this screen needs it.
    script = rx.el.script(src=address("create"), custom_attrs={"async": True})
    return shell(
        script,
        stage(),
        composer(),
        download_dialog(),
        share_dialog(),
        compare_dialog(),
        title="Create",
        undo=InspectorState.undo_trash,
        inspector=inspector(),
        class_name=rx.cond(InspectorState.is_open, "app insp", "app"),
    )
