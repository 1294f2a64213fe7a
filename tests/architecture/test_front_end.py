"""What the built front end may contain. Builds it once if its sources changed."""

import re

import pytest

from imageroute_app.components.scripts import address
from imageroute_app.settings import ROOT

FINGERPRINTS = (
    "AudioContext", "RTCPeerConnection", "getBattery", "enumerateDevices", "deviceMemory", "hardwareConcurrency",
    "navigator.plugins", "mimeTypes", "WEBGL_debug_renderer_info", "queryLocalFonts", "getHighEntropyValues",
)  # fmt: skip
CLIENT = ROOT / ".web" / "build" / "client"


@pytest.fixture(scope="module")
def scripts(front_end: None) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((CLIENT / "assets").glob("*.js")))


def test_page_connects_to_where_it_came_from(scripts: str) -> None:
    assert 'location.host+"/_event"' in scripts
    assert not re.search(r"localhost:(3000|8000)", scripts)


def test_reflex_upload_endpoint_was_never_switched_on(scripts: str) -> None:
    assert not (ROOT / ".web" / "backend" / "upload_is_used").exists()


def test_every_text_file_has_a_brotli_and_a_gzip_twin(scripts: str) -> None:
    files = [
        path for path in CLIENT.rglob("*") if path.suffix in {".js", ".css", ".html"} and path.stat().st_size > 1024
    ]

    assert files
    lonely = [path.name for path in files for end in (".br", ".gz") if not path.with_name(path.name + end).exists()]
    assert lonely == []


def test_own_scripts_are_built_whole_and_named_by_their_state(scripts: str) -> None:
    page = (CLIENT / "gallery" / "index.html").read_text(encoding="utf-8")
    own = {path.stem: path.read_text(encoding="utf-8") for path in CLIENT.glob("*.js")}

    assert f'src="{address("grid")}"' in page
    assert not [name for name, text in own.items() if re.search(r"^import[ {\"']|^/\*\*", text)]
    assert {"grid", "mask", "site"} <= set(own)
    assert not {"film", "grid-rows", "mask-png"} & set(own)


@pytest.mark.promise("P12")
@pytest.mark.parametrize("name", FINGERPRINTS)
def test_no_script_asks_what_could_tell_one_device_from_another(scripts: str, name: str) -> None:
    own = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "assets").glob("*.js")))

    assert name not in scripts + own


@pytest.mark.promise("P34")
def test_no_page_or_script_names_a_secret_setting(scripts: str) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in CLIENT.rglob("*.html"))

    assert "IMAGEROUTE_" not in scripts + pages
