"""A real browser over the built product. Every test here is a journey: marked `browser`, on one loop, watched.

A page that writes an error to its console, breaks the content security policy, throws, or asks another host for
anything fails the test that opened it, whatever else the test looks at.
"""

import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_FILE_PATH
from playwright.async_api import (
    Browser,
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    async_playwright,
    expect,
)

from tests.product import Product

HERE = Path(__file__).parent
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
OMNIBOX = "WebUIOmniboxPopup WebUIOmniboxFullPopup WebUIOmniboxAimPopup"
"""The lists under the address bar, which nobody sees here: pages of their own, at 1.3 s of CPU for each new person."""
PLAYWRIGHTS = (
    "AvoidUnnecessaryBeforeUnloadCheckSync DestroyProfileOnBrowserClose HttpsUpgrades HttpsFirstBalancedModeAutoEnable "
    "LensOverlay MediaRouter PaintHolding ThirdPartyStoragePartitioning AvoidCorsURLLoaderRestartOnRedirect "
    "OptimizationHints NetworkTimeServiceQuerying AimEnabled PreconnectToSearch"
)
"""What Playwright turns off (chromiumSwitches of its pinned version), named again: only the last of these flags holds."""
CHROMIUM_FLAGS = (
    f"--disable-features={','.join(f'{OMNIBOX} {PLAYWRIGHTS}'.split())}",
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
)
SIZES = {"phone": (390, 844), "desktop": (1440, 900)}
LOOKS = (("desktop", "light"), ("phone", "dark"))
"""Each size and each theme once: layout follows the size, and `find_barriers` compares the colours of both themes."""
PATIENCE_MS = 20_000
"""How long a journey waits for what it expects and for what it clicks: a machine with other work is several times slower."""
AXE_TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the journeys, and run them on the loop that the browser lives on."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@dataclass
class Watch:
    """What went wrong in the pages of one browser context. `allowed` are parts of messages that a test expects."""

    origins: tuple[str, ...]
    faults: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def follow(self, context: BrowserContext) -> None:
        """Note the faults of every page that the context opens."""
        context.on("console", self._on_console)
        context.on("weberror", lambda error: self.faults.append(f"thrown: {error.error}"))
        context.on("request", self._on_request)

    def _on_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or "Content Security Policy" in message.text:
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _on_request(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in {"http", "https", "ws", "wss"} and f"http://{parts.netloc}" not in self.origins:
            self.faults.append(f"foreign request: {request.url}")

    def check(self) -> None:
        """Fail with everything that was noted and not expected."""
        unexpected = [fault for fault in self.faults if not any(part in fault for part in self.allowed)]
        assert not unexpected, "\n".join(unexpected)


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all journeys: the system's, else Playwright's own."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield chromium
        await chromium.close()


def fresh(name: str) -> str:
    """Return an address that nobody has: a journey that is tried again opens its account once more."""
    return f"{name}-{secrets.token_hex(4)}@example.com"


async def expect_whole(pictures: Locator) -> None:
    """Expect that each picture is as large as what it stands in: nothing of it is cut off, nothing beside it is bare."""
    apart = """each => { const [own, around] = [each, each.parentElement].map(one => one.getBoundingClientRect());
        return Math.max(...["x", "y", "width", "height"].map(side => Math.abs(own[side] - around[side]))) }"""
    assert await pictures.count() > 0
    for picture in await pictures.all():
        assert await picture.evaluate(apart) <= 1


OpenContext = Callable[..., Awaitable[BrowserContext]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_context(browser: Browser, product: Product, watch: Watch) -> AsyncIterator[OpenContext]:
    """Open separate people: `await open_context(size="phone", theme="dark")`; each has cookies of its own."""
    opened: list[BrowserContext] = []

    async def open_one(*, size: str = "desktop", theme: str = "light", url: str = "", **options: Any) -> BrowserContext:
        width, height = SIZES[size]
        context = await browser.new_context(
            base_url=url or product.url,
            viewport={"width": width, "height": height},
            color_scheme="dark" if theme == "dark" else "light",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        watch.follow(context)
        opened.append(context)
        return context

    yield open_one
    for context in opened:
        await context.close()
    watch.check()


@pytest.fixture
def watch(product: Product) -> Watch:
    """What this test's pages did wrong; a test that provokes an error allows it here."""
    return Watch(origins=(product.url, product.url.replace("127.0.0.1", "localhost")))


@pytest_asyncio.fixture(loop_scope="session")
async def page(open_context: OpenContext) -> Page:
    """A new person's page on a desktop."""
    return await (await open_context()).new_page()


async def find_barriers(page: Page) -> list[str]:
    """Return what axe finds against WCAG 2.2 AA on the page as it stands, one line a barrier; contrast in both themes."""
    session = await page.context.new_cdp_session(page)
    script = AXE_FILE_PATH.read_text(encoding="utf-8")
    await session.send("Runtime.evaluate", {"expression": script, "allowUnsafeEvalBlockedByCSP": True})
    found = await _ask_axe(session, AXE_TAGS)
    is_dark = await page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    await page.emulate_media(color_scheme="light" if is_dark else "dark")
    found += await _ask_axe(session, ["color-contrast"])
    await page.emulate_media(color_scheme="dark" if is_dark else "light")
    await session.detach()
    return found


async def _ask_axe(session: CDPSession, rules: list[str]) -> list[str]:
    found = await session.send(
        "Runtime.evaluate",
        {
            "expression": f"axe.run({{runOnly: {rules!r}, resultTypes: ['violations']}}).then(r => r.violations.map("
            "v => `${v.id} (${v.impact}): ${v.help}: ${v.nodes.map(n => n.target.join(' ')).join(', ')}`))",
            "awaitPromise": True,
            "returnByValue": True,
        },
    )
    assert "exceptionDetails" not in found, found["exceptionDetails"]
    return found["result"]["value"]
