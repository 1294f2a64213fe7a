"""What the built front end may contain. Builds it once if its sources changed."""

import re

import pytest

from imageroute_app.components.scripts import address
from imageroute_app.routes.asleep import WAKE
from imageroute_app.settings import ROOT

FINGERPRINTS = (
    "AudioContext", "RTCPeerConnection", "getBattery", "enumerateDevices", "deviceMemory", "hardwareConcurrency",
    "navigator.plugins", "mimeTypes", "WEBGL_debug_renderer_info", "queryLocalFonts", "getHighEntropyValues",
)  # fmt: skip
CLIENT = ROOT / ".web" / "build" / "client"


SIGNED_IN = ("create", "gallery", "trash", "usage", "account")
HEADERS_BYTES = 460


def script_files(page: str) -> set[str]:
    """Return the scripts that a first visit of this page loads, as paths below the built folder."""
    html = (CLIENT / page / "index.html").read_text(encoding="utf-8")
    asked = [name.removeprefix("/") for name in re.findall(r"/(?:assets/)?[\w-]+(?:\.[\w-]+)*\.js", html)]
    found = set[str]()
    while asked:
        name = asked.pop()
        if name not in found and (CLIENT / name).is_file():
            found.add(name)
            text = (CLIENT / name).read_text(encoding="utf-8")
            asked += [f"assets/{part}" for part in re.findall(r"""(?:from|import) ?["'`]\./([^"'`]+\.js)["'`]""", text)]
    return found


def sent_kb(names: set[str]) -> float:
    """Return what these files weigh on their way to a browser that takes brotli, headers included."""
    sizes = [min(path.stat().st_size for path in CLIENT.glob(f"{name}*") if path.suffix != ".gz") for name in names]
    return sum(size + HEADERS_BYTES for size in sizes) / 1024


@pytest.fixture(scope="module")
def scripts(front_end: None) -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((CLIENT / "assets").glob("*.js")))


def test_page_connects_to_where_it_came_from(scripts: str) -> None:
    assert 'location.host+"/_event"' in scripts
    assert not re.search(r"localhost:(3000|8000)", scripts)


def test_reflex_upload_endpoint_was_never_switched_on(scripts: str) -> None:
    assert not (ROOT / ".web" / "backend" / "upload_is_used").exists()


def test_no_page_holds_a_script_that_moves_its_parts(scripts: str) -> None:
    assert [path for path in CLIENT.rglob("*.html") if "$RC(" in path.read_text(encoding="utf-8")] == []


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


def test_script_of_the_signed_in_app_is_light(scripts: str) -> None:
    needed = {path: script_files(path) for path in SIGNED_IN}
    together = set[str]().union(*needed.values())

    assert max(map(sent_kb, needed.values())) <= 170
    assert sent_kb(together) <= 180
    assert sent_kb(script_files("")) <= 140


def test_landing_page_is_painted_before_its_scripts(scripts: str) -> None:
    page = (CLIENT / "index.html").read_text(encoding="utf-8")

    assert 'type="later"' in page
    assert re.findall(r'<script(?![^>]*type="later")[^>]* src=|rel="modulepreload"|<script type="module"', page) == []
    assert page.endswith(f"<script>{WAKE}</script></body></html>")
    assert '<html class="early"' in page


def test_bundle_leaves_out_what_no_page_uses(scripts: str) -> None:
    assert "data-emotion" not in scripts
    assert "xhr poll error" not in scripts


def test_styles_of_components_are_plain(scripts: str) -> None:
    compiled = "".join(
        path.read_text(encoding="utf-8") for path in (CLIENT.parents[1] / "app_components").rglob("*.jsx")
    )
    styles = re.findall(r"css: ?\(\{(.*?)\}\)", compiled)

    assert styles
    assert [style for style in styles if re.search(r'\["[^"]*[&:@ ]', style) or "{" in style] == []
    assert re.findall(r"css:\{(?:width|height):[^{}]*\}", scripts) == [], "see components/pictures.py"


@pytest.mark.promise("P12")
@pytest.mark.parametrize("name", FINGERPRINTS)
def test_no_script_asks_what_could_tell_one_device_from_another(scripts: str, name: str) -> None:
    own = "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "assets").glob("*.js")))

    assert name not in scripts + own


@pytest.mark.promise("P34")
def test_no_page_or_script_names_a_secret_setting(scripts: str) -> None:
    pages = "".join(path.read_text(encoding="utf-8") for path in CLIENT.rglob("*.html"))

    assert "IMAGEROUTE_" not in scripts + pages
