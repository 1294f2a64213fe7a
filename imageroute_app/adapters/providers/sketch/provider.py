"""The sketch engine as an image provider: no key, no network, no AI, drawn in our own worker processes."""

from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.providers.sketch import calls, words
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import (
    Done,
    ErrorKind,
    Picture,
    Progress,
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Stopped,
    Submitted,
)

TIMEOUT_S = 60.0


class Workers(Protocol):
    """Runs a picklable function in a worker process."""

    async def run(self, function: Callable[..., bytes], *args: Any, timeout_s: float, **kwargs: Any) -> bytes:
        """Return what the function returns."""
        ...


class SketchProvider:
    """ImageProvider; the same prompt, seed, size and style give the same bytes."""

    id = "sketch"

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._models = read_catalogue(Path(__file__).with_name("catalogue.toml")).models

    def models(self) -> Sequence[Model]:
        """Return the one model there is."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Draw the pictures one after the other; picture n uses seed + n."""
        yield Submitted(job_ref=f"sketch-{call.id}")
        pictures: list[Picture] = []
        for position in range(call.count):
            seed = (call.seed + position) % 2**32
            pictures.append(Picture(data=await self._draw(call, seed), seed=seed))
            yield Progress(stage="running", fraction=len(pictures) / call.count)
        unknown = words.read(call.request.prompt, call.request.style, call.request.negative).unknown
        notes = (f"Not drawn: {', '.join(unknown[:12])}.",) if unknown else ()
        yield Done(pictures=pictures, cost_micro_usd=0, notes=notes)

    async def _draw(self, call: ProviderCall, seed: int) -> bytes:
        request = call.request
        shape: dict[str, Any] = {
            "width": request.width,
            "height": request.height,
            "seed": seed,
            "style": request.style,
        }
        if call.images:
            source = call.images[0]
            return await self._workers.run(
                calls.redraw, source, request.prompt, strength=request.strength, timeout_s=TIMEOUT_S, **shape
            )
        return await self._workers.run(
            calls.render, request.prompt, negative=request.negative, timeout_s=TIMEOUT_S, **shape
        )

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """There is nothing to fetch: the engine draws it again, which costs nothing and gives the same."""
        raise ProviderError(ErrorKind.UNSUPPORTED, "Drawn again instead.")
        yield

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """Stopping the worker's wait stops the drawing."""
        return "stopped"

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """Return a small WebP of what this seed gives."""
        return await self._workers.run(
            calls.preview,
            request.prompt,
            width=request.width,
            height=request.height,
            seed=seed,
            style=request.style,
            timeout_s=10.0,
        )

    async def close(self) -> None:
        """Nothing of its own: the workers belong to whoever made them."""
