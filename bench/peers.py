"""The same gallery page in other products, beside the floor and ours: `python -m bench.peers`.

Each peer lives in an environment of its own under .venv-peers/; what cannot be installed is said in its row.
"""

import asyncio
import contextlib
import statistics
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from playwright.async_api import Browser

from bench.floor import run_server
from bench.pages import GO, generate_ms, receipt_ms, write_prompt
from bench.rows import Row, median_ratio, show
from bench.site import Site, open_site
from bench.visit import Tab, Visit, open_browser, open_tab, quoted
from imageroute_app.settings import ROOT
from tests.product import build_front_end, free_port

ENVIRONMENTS = ROOT / ".venv-peers"
PAGES = Path(__file__).with_name("peer_pages")
ROUNDS, CLICKS = 5, 12
INSTALL_S, START_S = 600, 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """A product to measure beside ours; its package is named as itself."""

    name: str
    command: Callable[[Path, int, Path], list[str]]

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return ENVIRONMENTS / self.name / "bin" / "python"


def _script(name: str) -> Callable[[Path, int, Path], list[str]]:
    page = str(PAGES / f"{name}_page.py")
    return lambda python, port, folder: [str(python), page, str(port), str(folder)]


def _streamlit(python: Path, port: int, folder: Path) -> list[str]:
    options = ["--server.headless=true", "--browser.gatherUsageStats=false", "--server.address=127.0.0.1"]
    page = str(PAGES / "streamlit_page.py")
    return [str(python), "-m", "streamlit", "run", page, f"--server.port={port}", *options, "--", "-", str(folder)]


PEERS = (
    Peer(name="gradio", command=_script("gradio")),
    Peer(name="nicegui", command=_script("nicegui")),
    Peer(name="streamlit", command=_streamlit),
)


@dataclass
class Measured:
    """Everything measured of one page, a value a round, so that pages can be compared round by round."""

    first: list[Visit] = field(default_factory=list)
    again: list[Visit] = field(default_factory=list)
    clicks_ms: list[float] = field(default_factory=list)

    def figures(self) -> Mapping[str, tuple[str, list[float]]]:
        """Return each figure's unit and values by its name."""
        return {
            "first contentful paint": ("ms", [visit.fcp_ms for visit in self.first]),
            "20 thumbnails painted": ("ms", [visit.t20_ms or 0 for visit in self.first]),
            "20 thumbnails, repeat visit": ("ms", [visit.t20_ms or 0 for visit in self.again]),
            "transfer": ("KB", [visit.traffic.kb() for visit in self.first]),
            "JavaScript": ("KB", [visit.traffic.kb("Script") for visit in self.first]),
            "heap": ("MB", [visit.heap_mb for visit in self.first]),
            "long tasks": ("ms", [sum(visit.long_tasks_ms) for visit in self.first]),
            "click to visible change": ("ms", self.clicks_ms),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page that takes its turn: its address, its person, and the page whose button is clicked."""

    name: str
    url: str
    cookies: Mapping[str, str]
    click_url: str
    measured: Measured = field(default_factory=Measured)


async def rows() -> list[Row]:
    """Return the rows of this file."""
    missing = [row for peer in PEERS if (row := await install(peer))]
    async with open_site(200) as site, open_browser() as browser, contextlib.AsyncExitStack() as stack:
        places = [_floor(site), _ours(site)]
        for peer in PEERS:
            if peer.python.is_file() and peer.name not in {row.name for row in missing}:
                url = await stack.enter_async_context(run_peer(peer, site.folder))
                places.append(Place(name=peer.name, url=url, cookies={}, click_url=url))
        await make_receipts(browser, site)
        for round_number in range(ROUNDS + 1):
            for place in places:
                await take_turn(browser, place, keeps=round_number > 0)
        for place in places:
            await measure_clicks(browser, place)
    return [*missing, *table(places), *goals(places)]


def _floor(site: Site) -> Place:
    return Place(name="floor", url=site.floor_url, cookies={}, click_url=f"{site.floor_url}/click")


def _ours(site: Site) -> Place:
    url = site.product.url
    return Place(name="ours", url=f"{url}/gallery", cookies=site.cookies, click_url=f"{url}/usage")


async def install(peer: Peer) -> Row | None:
    """Make the peer's environment unless it is there; returns a row that says why not."""
    if await _runs([str(peer.python), "-c", f"import {peer.name}"]):
        return None
    commands = (
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENTS / peer.name)],
        [str(peer.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer.name],
    )
    for command in commands:
        if not await _runs(command):
            return Row(name=peer.name, value="not installed", goal=f"{' '.join(command[1:4])} failed")
    return None


async def _runs(command: list[str]) -> bool:
    try:
        process = await asyncio.create_subprocess_exec(*command, stderr=asyncio.subprocess.DEVNULL)
    except FileNotFoundError:
        return False
    return await asyncio.wait_for(process.wait(), INSTALL_S) == 0


@contextlib.asynccontextmanager
async def run_peer(peer: Peer, folder: Path) -> AsyncIterator[str]:
    """Serve the peer's page of these thumbnails; gives its address."""
    port = free_port()
    command = peer.command(peer.python, port, folder)
    async with run_server(command, f"http://127.0.0.1:{port}", wait_s=START_S) as url:
        yield url


async def make_receipts(browser: Browser, site: Site) -> None:
    """Make two pictures, so that our usage page has two receipts to choose between."""
    async with open_tab(browser, site.product.url, cookies=site.cookies) as create:
        await write_prompt(create, site.product.url)
        for _ in range(2):
            await generate_ms(create, GO)


async def take_turn(browser: Browser, place: Place, *, keeps: bool) -> None:
    """Visit twice with an empty cache; the first turn of all only warms up."""
    async with open_tab(browser, place.url, cookies=place.cookies) as tab:
        first, again = await tab.visit(place.url), await tab.visit(place.url)
    if keeps:
        place.measured.first.append(first)
        place.measured.again.append(again)


async def measure_clicks(browser: Browser, place: Place) -> None:
    """Click the page's button again and again, each time until its answer is seen."""
    async with open_tab(browser, place.click_url, cookies=place.cookies) as tab:
        await tab.visit(place.click_url, thumbnails=False)
        for turn in range(CLICKS + 1):
            took_ms = await (receipt_ms(tab, turn % 2) if place.name == "ours" else answer_ms(tab))
            place.measured.clicks_ms += [took_ms] if turn else []
            await asyncio.sleep(0.3)


async def answer_ms(tab: Tab) -> float:
    """Click Generate and wait for an answer that was not there."""
    said = "(document.body?.innerText.match(/answer \\d+/) ?? [''])[0]"
    before = await tab.evaluate(said)
    return await tab.click_ms("button:has-text('Generate')", f"!['', {quoted(before)}].includes({said})")


def table(places: Sequence[Place]) -> list[Row]:
    """Return a row a figure and page: the ratio is to the floor, beside the value stands how it compares with ours."""
    floor, ours = (place.measured.figures() for place in places[:2])
    found: list[Row] = []
    for name, (unit, floor_values) in floor.items():
        mine = statistics.median(ours[name][1])
        for place in places:
            values = place.measured.figures()[name][1]
            middle = statistics.median(values)
            beside = f"{middle / mine:.2f}x ours" if mine and place.name not in {"floor", "ours"} else ""
            ratio = median_ratio(values, floor_values) if all(floor_values) and place.name != "floor" else None
            found.append(Row(name=f"{name}, {place.name}", value=f"{middle:,.1f} {unit}", ratio=ratio, goal=beside))
    return found


def goals(places: Sequence[Place]) -> list[Row]:
    """Return the goals that are ratios to the fastest peer."""
    _, ours, *peers = (place.measured for place in places)
    if not peers:
        return []
    fastest = min(peers, key=lambda peer: statistics.median(peer.figures()["20 thumbnails painted"][1]))
    quickest = min(peers, key=lambda peer: statistics.median(peer.clicks_ms))
    t20 = median_ratio(*(side.figures()["20 thumbnails painted"][1] for side in (ours, fastest)))
    ahead = median_ratio(quickest.clicks_ms, ours.clicks_ms)
    return [
        Row(name="20 thumbnails, ours against the fastest peer", value="", ratio=t20, goal="<= 0.40x", met=t20 <= 0.4),
        Row(name="click, the fastest peer against ours", value="", ratio=ahead, goal=">= 3.00x", met=ahead >= 3),
    ]


if __name__ == "__main__":
    build_front_end()
    show("The same gallery page in other products", asyncio.run(rows()))
