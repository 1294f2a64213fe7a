"""`make emulators` says the settings with which the product finds every emulator."""

from imageroute_app.adapters.registry import catalogues
from imageroute_app.settings import load_settings
from tests.emulators.__main__ import every_emulator, settings_lines


def test_the_lines_are_settings_for_every_networked_provider() -> None:
    lines = settings_lines(every_emulator(), "http://127.0.0.1:4010")
    settings = load_settings({"IMAGEROUTE_ENV_FILE": "", **dict(line.split("=", 1) for line in lines)})

    networked = {one.id for one in catalogues() if one.kind != "sketch"}
    assert set(settings.provider_urls) == networked
    assert set(settings.provider_keys) == networked - {"sdapi"}  # which takes none
