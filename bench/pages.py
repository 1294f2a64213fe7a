"""The pages in a browser, beside the floor: transfer, first pictures, scrolling, clicks, a generation.

Ours and the floor take turns in one run, each visit in a browser context of its own. Nothing here decides by a clock
alone: every time is a ratio to the floor's of the same round.
"""

import asyncio
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

import httpx
from playwright.async_api import Browser

from bench.rows import Row, compared, limited, median_ratio
from bench.site import Site, open_site
from bench.visit import Tab, Traffic, Visit, open_browser, open_tab, quoted

ROUNDS, SLOW_ROUNDS, SCROLLS, CLICKS, GENERATIONS = 9, 5, 3, 15, 9
SIGNED_IN = ("/create", "/gallery", "/trash", "/usage", "/account")
SCROLL_PX_S, SCROLL_MOST_MS = 5_800, 40_000
THOUSANDTH = 999
KINDS_ASIDE = ("Image", "Font")
GO = "button.go[type=submit]"
WATCH = """() => {
    window.picture = bench.untilNewPicture();
    window.picture.then(() => { window.shown = performance.timeOrigin + performance.now(); });
}"""
PEER_GOAL = "<= 0.40x of the fastest peer"


@dataclass
class Pair:
    """First and second visits of ours and of the floor, in turns."""

    ours: list[Visit] = field(default_factory=list)
    ours_again: list[Visit] = field(default_factory=list)
    floor: list[Visit] = field(default_factory=list)
    floor_again: list[Visit] = field(default_factory=list)


async def rows() -> list[Row]:
    """Return the rows of this file."""
    async with open_site() as site, open_browser() as browser:
        await asyncio.gather(*(warm(browser, site, address) for address in ("/", "/gallery")))
        return [
            *await landing_rows(browser, site),
            *await weight_rows(browser, site),
            *await gallery_rows(browser, site),
            *await scroll_rows(browser, site),
            *await generation_rows(browser, site),
            *await click_rows(browser, site),
        ]


async def warm(browser: Browser, site: Site, address: str) -> None:
    """Let servers and browser do once what they do only once."""
    for url, cookies in ((site.floor_url, {}), (site.product.url + address, site.cookies)):
        async with open_tab(browser, url, cookies=cookies) as tab:
            await tab.visit(url, thumbnails=False)


# --- First and second visits -----------------------------------------------------------------------------------------


async def landing_rows(browser: Browser, site: Site) -> list[Row]:
    """Measure the landing page as a stranger's first visit."""
    ours, floor = list[Visit](), list[Visit]()
    preloads = 0
    for _ in range(ROUNDS):
        for url, kept in ((site.floor_url, floor), (site.product.url + "/", ours)):
            async with open_tab(browser, url) as tab:
                kept.append(await tab.visit(url, thumbnails=False))
                preloads = await tab.evaluate("document.querySelectorAll('link[rel=preload][as=font]').length")
    traffic = ours[-1].traffic
    page_kb = traffic.kb() - traffic.kb(*KINDS_ASIDE)
    return [
        limited("landing, first visit, pictures and fonts aside", page_kb, "KB", 180),
        limited("landing, fonts", traffic.kb("Font"), "KB", 60),
        Row(name="landing, fonts preloaded", value=str(preloads), goal="1", met=preloads == 1),
        *compared("landing, first contentful paint", fcp(ours), fcp(floor), "ms", 1.5),
    ]


async def weight_rows(browser: Browser, site: Site) -> list[Row]:
    """Add up the scripts and styles of every signed-in page, in one browser, and try the gallery without scripts."""
    script_kb = style_kb = 0.0
    async with open_tab(browser, site.product.url, cookies=site.cookies) as tab:
        for path in SIGNED_IN:
            traffic = (await tab.visit(site.product.url + path, thumbnails=False)).traffic
            script_kb, style_kb = script_kb + traffic.kb("Script"), style_kb + traffic.kb("Stylesheet")
    async with open_tab(browser, site.product.url, cookies=site.cookies) as tab:
        await tab.page.route("**/*.js", lambda route: route.abort())
        try:
            await asyncio.wait_for(tab.visit(site.product.url + "/gallery"), 8)
            needs_script = False
        except TimeoutError:
            needs_script = True
    return [
        limited("signed-in app, JavaScript, compressed", script_kb, "KB", 180),
        limited("signed-in app, CSS, compressed", style_kb, "KB", 20),
        Row(
            name="scripts needed before the first 20 thumbnails",
            value="yes" if needs_script else "none",
            goal="none",
            met=not needs_script,
        ),
    ]


async def gallery_rows(browser: Browser, site: Site) -> list[Row]:
    """Measure first and repeat visits, on loopback and on a slow network."""
    quick = await visit_pair(browser, site, ROUNDS)
    slow = await visit_pair(browser, site, SLOW_ROUNDS, is_slow=True)
    again = quick.ours_again[-1].traffic
    return [
        *compared("gallery, first visit, 20 thumbnails painted", t20(quick.ours), t20(quick.floor), "ms", 1.15),
        Row(name="  against the fastest peer", value="make bench-peers", goal=PEER_GOAL),
        *compared("gallery, first visit, 150 ms and 1.6 Mbit/s", t20(slow.ours), t20(slow.floor), "ms", 1.15),
        *visit_rows(quick.ours, quick.floor),
        *compared("gallery, repeat visit", t20(quick.ours_again), t20(quick.floor_again), "ms", 1.25),
        *compared("gallery, repeat visit, slow network", t20(slow.ours_again), t20(slow.floor_again), "ms", 1.25),
        limited("gallery, repeat visit, transfer", again.kb(), "KB", 16, digits=1),
        limited("gallery, repeat visit, image bytes", again.kb("Image"), "KB", 0),
    ]


async def visit_pair(browser: Browser, site: Site, rounds: int, *, is_slow: bool = False) -> Pair:
    """Visit both galleries twice a round, each round with empty caches."""
    pair = Pair()
    sides = (
        (site.floor_url, {}, pair.floor, pair.floor_again),
        (site.product.url + "/gallery", site.cookies, pair.ours, pair.ours_again),
    )
    for _ in range(rounds):
        for url, cookies, first, again in sides:
            async with open_tab(browser, url, cookies=cookies, is_slow=is_slow) as tab:
                first.append(await tab.visit(url))
                again.append(await tab.visit(url))
    return pair


def visit_rows(ours: Sequence[Visit], floor: Sequence[Visit]) -> list[Row]:
    """Return what a first visit costs beside its time; no goals of their own."""
    figures = (
        ("first contentful paint", fcp(ours), fcp(floor), "ms"),
        ("transfer", [visit.traffic.kb() for visit in ours], [visit.traffic.kb() for visit in floor], "KB"),
        ("heap", [visit.heap_mb for visit in ours], [visit.heap_mb for visit in floor], "MB"),
        ("long tasks", *([sum(visit.long_tasks_ms) for visit in side] for side in (ours, floor)), "ms"),
    )
    found: list[Row] = []
    for name, mine, theirs, unit in figures:
        ratio = median_ratio(mine, theirs) if all(theirs) else None
        value, below = (f"{statistics.median(side):,.1f} {unit}" for side in (mine, theirs))
        found.append(Row(name=f"gallery, first visit, {name}", value=value, ratio=ratio))
        found.append(Row(name="  floor", value=below))
    return found


def fcp(visits: Sequence[Visit]) -> list[float]:
    """Return their first contentful paints."""
    return [visit.fcp_ms for visit in visits]


def t20(visits: Sequence[Visit]) -> list[float]:
    """Return when their first 20 thumbnails were painted."""
    return [visit.t20_ms for visit in visits if visit.t20_ms is not None]


# --- Scrolling -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Scroll:
    """What the way to the 1,000th picture came to."""

    ms: float
    dropped: int
    tiles: int
    tasks_ms: list[float]
    heap_mb: float
    socket_kb: float

    @property
    def dropped_share(self) -> float:
        """The part of the 60 frames a second that was not drawn; at least one of them, so that a ratio exists."""
        return max(1, self.dropped) / (self.ms * 60 / 1000)


async def scroll_rows(browser: Browser, site: Site) -> list[Row]:
    """Scroll both to the 1,000th of 10,000 pictures, in turns."""
    target = f'a.tile[data-id="{await thousandth(site)}"]'
    ours, floor = list[Scroll](), list[Scroll]()
    for _ in range(SCROLLS):
        async with open_tab(browser, site.floor_url) as tab:
            await tab.visit(f"{site.floor_url}/?count=10000")
            floor.append(await scroll(tab, "html", f"#t{THOUSANDTH}", "li"))
        async with open_tab(browser, site.product.url, cookies=site.cookies) as tab:
            await tab.visit(site.product.url + "/gallery")
            ours.append(await scroll(tab, ".scroll:has(ir-grid)", target, "ir-grid a.tile"))
    dropped = median_ratio([each.dropped_share for each in ours], [each.dropped_share for each in floor])
    heap_mb = statistics.median(a.heap_mb - b.heap_mb for a, b in zip(ours, floor, strict=True))
    (long50, floor50), (long100, floor100) = (
        [statistics.median(sum(task > most_ms for task in each.tasks_ms) for each in side) for side in (ours, floor)]
        for most_ms in (50, 100)
    )
    name = "scroll to the 1,000th of 10,000"
    return [
        Row(name=name, value=f"{middle(ours, 'ms') / 1000:.1f} s", ratio=middle(ours, "ms") / middle(floor, "ms")),
        Row(name="  floor", value=f"{middle(floor, 'ms') / 1000:.1f} s"),
        limited(f"{name}, websocket", middle(ours, "socket_kb"), "KB", 5, digits=1),
        limited(f"{name}, tasks over 50 ms", long50, f"(floor {floor50:.0f})", 1),
        limited(f"{name}, tasks over 100 ms", long100, f"(floor {floor100:.0f})", 0),
        Row(
            name=f"{name}, dropped frames",
            value=f"{middle(ours, 'dropped_share'):.0%}",
            ratio=dropped,
            goal="<= 1.05x floor",
            met=dropped <= 1.05,
        ),
        Row(name="  floor", value=f"{middle(floor, 'dropped_share'):.0%}"),
        limited(f"{name}, heap over the floor", heap_mb, "MB", 3, digits=1),
        limited(f"{name}, most tiles in the DOM", max(each.tiles for each in ours), "tiles", 600),
    ]


async def thousandth(site: Site) -> str:
    """Return the id of the 1,000th picture of the gallery."""
    async with httpx.AsyncClient(base_url=site.product.url, cookies=site.cookies) as client:
        after, seen = "", list[str]()
        while len(seen) <= THOUSANDTH:
            page = (await client.get("/api/gallery", params={"limit": 200, "after": after})).json()
            seen += [tile["id"] for tile in page["tiles"]]
            after = page["next"]
        return seen[THOUSANDTH]


async def scroll(tab: Tab, scroller: str, target: str, tile: str) -> Scroll:
    """Scroll a visited page at the set speed."""
    traffic = Traffic()
    traffic.follow(tab.cdp)
    numbers = f"{SCROLL_PX_S}, {SCROLL_MOST_MS}"
    found = await tab.evaluate(f"bench.scroll({quoted(scroller)}, {quoted(target)}, {quoted(tile)}, {numbers})")
    assert found["arrived"], f"the 1,000th picture did not come into view: {found}"
    return Scroll(
        ms=found["ms"],
        dropped=found["dropped"],
        tiles=found["tiles"],
        tasks_ms=found["tasks"],
        heap_mb=await tab.heap_mb(),
        socket_kb=traffic.socket_bytes / 1024,
    )


def middle(scrolls: Sequence[Scroll], name: str) -> float:
    """Return the median of one figure."""
    return statistics.median(getattr(each, name) for each in scrolls)


# --- Generations and clicks ------------------------------------------------------------------------------------------


async def generation_rows(browser: Browser, site: Site) -> list[Row]:
    """Measure from the press to the painted picture, less the second that every provider takes.

    The floor is a form post that renders its picture, as it is for clicks; the least that a script can do stands beside it.
    """
    ours, posted, scripted, behind = list[float](), list[float](), list[float](), list[float]()
    async with (
        open_tab(browser, site.floor_url) as post,
        open_tab(browser, site.floor_url) as script,
        open_tab(browser, site.product.url, cookies=site.cookies) as create,
    ):
        await post.visit(f"{site.floor_url}/post", thumbnails=False)
        await script.visit(f"{site.floor_url}/generate", thumbnails=False)
        await write_prompt(create, site.product.url)
        for _ in range(GENERATIONS + 1):
            posted.append(await post_ms(post) - 1000)
            ours.append(await generate_ms(create, GO) - 1000)
            behind.append(await create.evaluate("window.shown") - site.product.last_finished_ms())
            scripted.append(await generate_ms(script, "button") - 1000)
    least = Row(
        name="  the least with a script",
        value=f"{statistics.median(scripted[1:]):.0f} ms",
        ratio=median_ratio(ours[1:], scripted[1:]),
    )
    return [
        *compared("generation overhead in the browser", ours[1:], posted[1:], "ms", 1.0),
        least,
        limited("tile visible after the picture's CPU is done", statistics.median(behind[1:]), "ms", 150),
    ]


async def write_prompt(create: Tab, url: str) -> None:
    """Open the composer and fill it, so that a press generates."""
    await create.visit(f"{url}/create", thumbnails=False)
    await create.page.locator("[data-prompt]").fill("a quiet sea at dawn, measured")
    await asyncio.sleep(1.5)


async def post_ms(tab: Tab) -> float:
    """Post the form and wait for the page with another picture; returns the time between."""
    await tab.page.bring_to_front()
    before = await tab.evaluate("document.images[0]?.src ?? ''")
    other = f"[...document.images].find((each) => each.complete && each.naturalWidth && each.src !== {quoted(before)})"
    return await tab.click_ms("button", other)


async def generate_ms(tab: Tab, button: str) -> float:
    """Press and wait for a picture that was not there; returns the time between."""
    await tab.page.bring_to_front()
    await tab.page.evaluate(WATCH)
    await tab.page.locator(button).click()
    took_ms = await asyncio.wait_for(tab.evaluate("window.picture"), 30)
    await asyncio.sleep(0.5)
    return took_ms


async def click_rows(browser: Browser, site: Site) -> list[Row]:
    """Measure a click that asks the server, on the usage page, against a form post that renders its answer."""
    ours, floor = list[float](), list[float]()
    async with (
        open_tab(browser, site.floor_url) as bare,
        open_tab(browser, site.product.url, cookies=site.cookies) as usage,
    ):
        await bare.visit(f"{site.floor_url}/click", thumbnails=False)
        await usage.visit(site.product.url + "/usage", thumbnails=False)
        for turn in range(CLICKS + 1):
            await bare.page.bring_to_front()
            before = await bare.evaluate("document.getElementById('said')?.textContent ?? ''")
            shown = f"![undefined, {quoted(before)}].includes(document.getElementById('said')?.textContent)"
            floor.append(await bare.click_ms("button", shown))
            await usage.page.bring_to_front()
            ours.append(await receipt_ms(usage, turn % 2))
    return compared("click to visible change", ours[1:], floor[1:], "ms", 1.0)


async def receipt_ms(usage: Tab, place: int) -> float:
    """Click the title of one of the first two jobs and wait for its receipt."""
    title = f".led button.clip.beside >> nth={place}"
    chosen = f"document.querySelectorAll('.led button.clip.beside')[{place}]?.getAttribute('aria-pressed') === 'true'"
    return await usage.click_ms(title, chosen)
