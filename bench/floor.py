"""The floor: the least that shows the same pictures, written by hand. `python -m bench.floor PORT FOLDER` serves it.

The folder holds tiles.json (width, height and colour of each tile, in order) and the thumbnails 0.webp, 1.webp and on.
"""

import asyncio
import contextlib
import gzip
import hashlib
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from imageroute_app.settings import ROOT
from tests.product import free_port

WAIT_S = 1.0
ROW_PX = 262
FOREVER = "public, max-age=31536000, immutable"
HEAD = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Floor</title><link rel="icon" href="data:,"><style>body{font:16px system-ui;margin:16px}
ul{display:flex;flex-wrap:wrap;gap:6px;padding:0;list-style:none}img{width:100%;height:100%;display:block}</style>
<form method="post" action="/click"><label>Prompt <input name="prompt"></label> <button>Generate</button></form>
"""
SCRIPT = """<div id="stage"></div><script>
document.querySelector("form").onsubmit = async (event) => {
  event.preventDefault();
  const image = new Image();
  image.src = await (await fetch("/generate", { method: "POST" })).json();
  document.getElementById("stage").replaceChildren(image);
};</script>"""


@dataclass(frozen=True, slots=True)
class Pictures:
    """The tiles to lay out and the bytes behind them."""

    tiles: list[dict[str, object]]
    thumbnails: list[bytes]


def read_pictures(folder: Path) -> Pictures:
    """Read what the folder holds."""
    tiles = json.loads((folder / "tiles.json").read_text())
    return Pictures(tiles, [(folder / f"{place}.webp").read_bytes() for place in range(len(tiles))])


def gallery_page(pictures: Pictures, count: int) -> bytes:
    """Return the page of `count` lazy thumbnails in boxes of a fixed size; tiles are repeated when there are fewer."""
    items = []
    for place in range(count):
        tile = pictures.tiles[place % len(pictures.tiles)]
        width = round(ROW_PX * float(str(tile["w"])) / float(str(tile["h"])))
        items.append(
            f'<li id="t{place}" style="width:{width}px;height:{ROW_PX}px;background:{tile["colour"]}">'
            f'<img src="/thumb/{place}" alt="Picture {place}" loading="lazy" decoding="async"></li>'
        )
    return f"{HEAD}<ul>{''.join(items)}</ul>".encode()


def build_floor(pictures: Pictures) -> Starlette:
    """Return the application: the gallery, its thumbnails, and three ways to answer a press."""
    pages = {count: gzip.compress(gallery_page(pictures, count), 6) for count in (60, 10_000)}

    async def gallery(request: Request) -> Response:
        body = pages[int(request.query_params.get("count", "60"))]
        etag = f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"'
        headers = {"Cache-Control": "no-cache", "ETag": etag, "Content-Encoding": "gzip"}
        if request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(body, headers=headers)

    async def thumbnail(request: Request) -> Response:
        body = pictures.thumbnails[request.path_params["place"] % len(pictures.thumbnails)]
        return Response(body, media_type="image/webp", headers={"Cache-Control": FOREVER})

    return Starlette(routes=[Route("/", gallery), Route("/thumb/{place:int}", thumbnail), *press_routes()])


def press_routes() -> list[Route]:
    """Return the pages with a button: a post answered with words, one answered with a picture, and a script's picture."""
    presses = iter(range(1, 1_000_000))
    forms = {path: HEAD.replace("/click", path) for path in ("/click", "/post")}

    async def form(request: Request) -> Response:
        return HTMLResponse(forms[request.url.path])

    async def click(_request: Request) -> Response:
        return HTMLResponse(f'{forms["/click"]}<p id="said">answer {next(presses)}</p>')

    async def post(_request: Request) -> Response:
        await asyncio.sleep(WAIT_S)
        return HTMLResponse(f'{forms["/post"]}<img src="/thumb/{next(presses)}" alt="Picture">')

    async def script(_request: Request) -> Response:
        return HTMLResponse(HEAD + SCRIPT)

    async def generate(_request: Request) -> Response:
        await asyncio.sleep(WAIT_S)
        return JSONResponse(f"/thumb/{next(presses)}")

    return [
        Route("/click", form, methods=["GET"]),
        Route("/post", form, methods=["GET"]),
        Route("/generate", script, methods=["GET"]),
        Route("/click", click, methods=["POST"]),
        Route("/post", post, methods=["POST"]),
        Route("/generate", generate, methods=["POST"]),
    ]


@contextlib.asynccontextmanager
async def run_floor(folder: Path) -> AsyncIterator[str]:
    """Serve the folder from a process of its own; gives the origin."""
    port = free_port()
    command = [sys.executable, "-m", "bench.floor", str(port), str(folder)]
    async with run_server(command, f"http://127.0.0.1:{port}") as url:
        yield url


@contextlib.asynccontextmanager
async def run_server(command: list[str], url: str, wait_s: float = 30) -> AsyncIterator[str]:
    """Run a server until the block ends; begins when it answers."""
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        async with asyncio.timeout(wait_s), httpx.AsyncClient() as client:
            while not await _answers(client, url):
                assert process.returncode is None, f"{command} ended with {process.returncode}"
                await asyncio.sleep(0.1)
        yield url
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


async def _answers(client: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await client.get(url)).status_code == 200
    except httpx.TransportError:
        return False


async def _serve(port: int, folder: Path) -> None:
    from granian.constants import Interfaces
    from granian.server.embed import Server

    app = build_floor(read_pictures(folder))
    await Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_enabled=False).serve()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Path(sys.argv[2])))
