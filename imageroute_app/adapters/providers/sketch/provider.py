"""The sketch engine as an image provider: no key, no network, no AI, drawn in our own worker processes."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.providers.sketch import calls, words
from imageroute_app.domain.catalog import Model, Task
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import (
    Done,
    ErrorKind,
    Forgotten,
    Picture,
    Progress,
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Stopped,
    Submitted,
)
from imageroute_app.domain.routing import task_of

TIMEOUT_S = 60.0


ARITHMETIC: Mapping[Task, str] = {
    Task.OUTPAINT: "Not AI: the edges are mirrored outward. Words are not used.",
    Task.UPSCALE: "Not AI: enlarged by Lanczos and sharpened a little; no detail is invented. Words are not used.",
    Task.CUTOUT: "Not AI: what has the colours of the border became transparent. Words are not used.",
}
"""Tasks that need no drawing, and what the receipt says of them."""


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
        yield Done(pictures=pictures, cost_micro_usd=0, notes=_notes(call))

    async def _draw(self, call: ProviderCall, seed: int) -> bytes:
        request = call.request
        shape: dict[str, Any] = {
            "width": request.width,
            "height": request.height,
            "seed": seed,
            "style": request.style,
        }
        if (task := task_of(request)) in ARITHMETIC:
            changes = {"expand": request.expand, "scale": request.scale}
            return await self._workers.run(calls.transform, call.images[0], task.value, timeout_s=TIMEOUT_S, **changes)
        if call.images:
            strength = 1.0 if call.mask is not None else request.strength
            source, shape = call.images[0], shape | {"mask": call.mask, "strength": strength}
            return await self._workers.run(calls.redraw, source, request.prompt, timeout_s=TIMEOUT_S, **shape)
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

    async def forget(self, job_ref: str) -> Forgotten:
        """Nothing is kept."""
        return "not_there"

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


def _notes(call: ProviderCall) -> tuple[str, ...]:
    if note := ARITHMETIC.get(task_of(call.request)):
        return (note,)
    unknown = words.read(call.request.prompt, call.request.style, call.request.negative).unknown
    more = ("Pictures: only the first one used.",) if len(call.images) > 1 else ()
    return (*((f"Not drawn: {', '.join(unknown[:12])}.",) if unknown else ()), *more)
