"""One look at a page in a real browser: what travelled, when it was seen, how long the page was busy, what it holds."""

import asyncio
import contextlib
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import Browser, CDPSession, Page, async_playwright

CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--enable-precise-memory-info",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PROBE = Path(__file__).with_name("probe.js").read_text(encoding="utf-8")
VIEWPORT = {"width": 1440, "height": 900}
SLOW_MS, SLOW_BYTES_S = 150, 1.6e6 / 8
QUIET_S = 0.6
ELSEWHERE = "data:text/html,<title>Elsewhere</title>"
"""Where a visit comes from: a page of another site, so that every page measured begins in a process of its own, as it does
when a link or a typed address is followed. From an empty page the floor would get the process that is there already, and a
page that asks for isolation (Cross-Origin-Opener-Policy) would wait for a new one."""
WAIT_S = 60.0
BY_SUFFIX = {".js": "Script", ".mjs": "Script", ".css": "Stylesheet", ".woff2": "Font"}


@dataclass
class Traffic:
    """Bytes on the wire by kind of resource, headers included; nothing is counted for what the cache answered."""

    sent: Counter[str] = field(default_factory=Counter)
    socket_bytes: int = 0
    requests: int = 0
    _kinds: dict[str, str] = field(default_factory=dict)
    _cached: set[str] = field(default_factory=set)

    def follow(self, cdp: CDPSession) -> None:
        """Count from now on."""
        for name, hear in self._ears.items():
            cdp.on(name, hear)

    def leave(self, cdp: CDPSession) -> None:
        """Count no more, so that the next visit of the same tab is not added to this one."""
        for name, hear in self._ears.items():
            cdp.remove_listener(name, hear)

    def __post_init__(self) -> None:
        """Keep one object of each listener, by which it is taken off again."""
        self._ears: dict[str, Callable[[dict[str, Any]], None]] = {
            "Network.responseReceived": self._on_response,
            "Network.requestServedFromCache": lambda event: self._cached.add(event["requestId"]),
            "Network.loadingFinished": self._on_finished,
            "Network.webSocketFrameReceived": self._on_frame,
            "Network.webSocketFrameSent": self._on_frame,
        }

    def _on_response(self, event: dict[str, Any]) -> None:
        suffix = Path(urlsplit(event["response"]["url"]).path).suffix
        self._kinds[event["requestId"]] = BY_SUFFIX.get(suffix) or event["type"]
        if event["response"].get("fromDiskCache"):
            self._cached.add(event["requestId"])

    def _on_finished(self, event: dict[str, Any]) -> None:
        self.requests += 1
        if event["requestId"] not in self._cached:
            self.sent[self._kinds.get(event["requestId"], "Other")] += int(event["encodedDataLength"])

    def _on_frame(self, event: dict[str, Any]) -> None:
        self.requests += 1
        self.socket_bytes += len(event["response"]["payloadData"])

    def kb(self, *kinds: str) -> float:
        """Return the kilobytes (1,024 bytes) of these kinds; of all, the socket's included, when none is named."""
        bytes_sent = sum(self.sent[kind] for kind in kinds) if kinds else self.sent.total() + self.socket_bytes
        return bytes_sent / 1024

    async def settle(self) -> None:
        """Wait until nothing has come for a moment."""
        seen = -1
        while seen != self.requests:
            seen = self.requests
            await asyncio.sleep(QUIET_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What one visit came to; `t20_ms` is when the first 20 thumbnails were painted, None when there were none."""

    fcp_ms: float
    t20_ms: float | None
    traffic: Traffic
    heap_mb: float
    long_tasks_ms: list[float]


@dataclass
class Tab:
    """A browser of its own: empty cache, one page."""

    page: Page
    cdp: CDPSession

    async def evaluate(self, expression: str) -> Any:
        """Run an expression in the page, past its content security policy, and wait for what it promises."""
        answer = await self.cdp.send(
            "Runtime.evaluate",
            {
                "expression": expression,
                "awaitPromise": True,
                "returnByValue": True,
                "allowUnsafeEvalBlockedByCSP": True,
            },
        )
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    async def visit(self, url: str, *, thumbnails: bool = True) -> Visit:
        """Open the page and wait for its first 20 thumbnails, if it has any, and until it is quiet."""
        await self.page.goto(ELSEWHERE)
        traffic = Traffic()
        traffic.follow(self.cdp)
        await self.page.goto(url, wait_until="commit")
        t20_ms = await asyncio.wait_for(self.evaluate("bench.t20"), WAIT_S) if thumbnails else None
        await self.page.wait_for_load_state("load")
        await traffic.settle()
        traffic.leave(self.cdp)
        fcp_ms = await self.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        long_tasks = await self.evaluate("bench.long.map(([, duration]) => duration)")
        return Visit(
            fcp_ms=fcp_ms, t20_ms=t20_ms, traffic=traffic, heap_mb=await self.heap_mb(), long_tasks_ms=long_tasks
        )

    async def heap_mb(self) -> float:
        """Return what the page's scripts hold after a collection."""
        await self.cdp.send("HeapProfiler.collectGarbage")
        found = (await self.cdp.send("Performance.getMetrics"))["metrics"]
        return next(metric["value"] for metric in found if metric["name"] == "JSHeapUsedSize") / 2**20

    async def click_ms(self, selector: str, look: str) -> float:
        """Click and return how long it took until the JavaScript expression `look` was true and painted."""
        await self.page.locator(selector).click()
        return await asyncio.wait_for(self._since_click(look), WAIT_S)

    async def _since_click(self, look: str) -> float:
        # A click may open another document: what was asked of the one before it is lost, so it is asked again.
        while True:
            with contextlib.suppress(Exception):
                return await self.evaluate(f"bench.sinceClick(() => {look})")
            await asyncio.sleep(0.01)


@contextlib.asynccontextmanager
async def open_browser() -> AsyncIterator[Browser]:
    """Start the system's Chromium, else Playwright's own."""
    path = next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_FLAGS))
        yield browser
        await browser.close()


@contextlib.asynccontextmanager
async def open_tab(
    browser: Browser, url: str, *, cookies: Mapping[str, str] | None = None, is_slow: bool = False
) -> AsyncIterator[Tab]:
    """Open a fresh browser context with these cookies of `url`; `is_slow` holds it to 150 ms and 1.6 Mbit/s."""
    context = await browser.new_context(viewport=VIEWPORT, color_scheme="light")  # pyright: ignore[reportArgumentType]
    await context.add_cookies([{"name": name, "value": value, "url": url} for name, value in (cookies or {}).items()])
    await context.add_init_script(PROBE)
    page = await context.new_page()
    cdp = await context.new_cdp_session(page)
    for domain in ("Network", "Performance", "HeapProfiler"):
        await cdp.send(f"{domain}.enable")
    if is_slow:
        limits = {"latency": SLOW_MS, "downloadThroughput": SLOW_BYTES_S, "uploadThroughput": SLOW_BYTES_S}
        await cdp.send("Network.emulateNetworkConditions", {"offline": False, **limits})
    try:
        yield Tab(page, cdp)
    finally:
        await context.close()


def quoted(text: str) -> str:
    """Return the text as a JavaScript literal."""
    return json.dumps(text)
