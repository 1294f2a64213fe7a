"""A server of one's own that speaks AUTOMATIC1111's API: A1111, Forge, SD.Next.

Principle: others may use the same server. Its queue is one for all and /interrupt stops whatever runs, so we interrupt only
when the server itself says that the running task is ours; where it cannot say, a cancelled picture is left to finish. All of
it is free: whatever fails, nothing was billed. Shapes: PROVIDERS.md 1.15, [repo AUTOMATIC1111 modules/progress.py].
"""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from imageroute_app.adapters import answers
from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.http import Answer, Opening, VendorHttp, at
from imageroute_app.domain.catalog import Model
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

READ_S, ASK_S, POLL_S = 900.0, 4.0, 1.0
FAILURES_MAX = 5
NEARLY_DONE = 0.9
"""From here on a task may end, and somebody else's begin, before an interrupt arrives."""

NO_MEMORY = "Your server has too little memory for a picture of this size."
NO_API = "Your server does not have this model, or its API is off (start it with --api)."
STOPPED_THERE = "Somebody stopped this picture at your server."


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the server says about its running task; `is_ours` is None where it cannot tell."""

    is_ours: bool | None = None
    is_finished: bool = False
    is_interrupted: bool = False
    is_idle: bool = False
    fraction: float | None = None

    @property
    def may_interrupt(self) -> bool:
        """Say whether the running task is proven to be ours and is not about to end."""
        return self.is_ours is True and (self.fraction or 0.0) < NEARLY_DONE

    @property
    def progress(self) -> Progress:
        """Return it as an event; another person's progress is not ours."""
        if self.is_ours is False and not self.is_finished:
            return Progress(stage="queued")
        return Progress(stage="running", fraction=self.fraction)


class SdapiProvider:
    """ImageProvider for one server; the POST blocks until the picture is there, and its progress is polled beside it."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = READ_S) -> None:
        self.id = catalogue.id
        self._models, self._sleep = catalogue.models, opening.sleep
        self._http = VendorHttp(base_url=opening.url, headers=_basic(opening.key), read_s=read_s)

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Name the task, POST it once under that name, and tell how far it is while it runs."""
        task = f"task(imageroute-{call.id})"
        yield Submitted(job_ref=json.dumps({"task": task}, separators=(",", ":")))
        path = "sdapi/v1/img2img" if call.images else "sdapi/v1/txt2img"
        post = asyncio.create_task(self._http.post(path, paid=False, json=_body(call, task)))
        try:
            async for standing in self._watched(post, task):
                yield standing.progress
            yield await self._done(call, await post)
        except ProviderError as error:
            error.billed = "no"
            raise
        finally:
            post.cancel()
            await asyncio.gather(post, return_exceptions=True)

    async def _watched(self, post: asyncio.Task[Answer], task: str) -> AsyncIterator[Standing]:
        """Yield what the server says until the POST is answered; who cannot be asked is not asked for ever."""
        failures = 0
        while not post.done() and failures < FAILURES_MAX:
            pause = asyncio.ensure_future(self._sleep(POLL_S))
            await asyncio.wait({post, pause}, return_when=asyncio.FIRST_COMPLETED)
            pause.cancel()
            if post.done():
                return
            try:
                standing = await self._standing(task)
                failures = 0
            except ProviderError:
                failures += 1
                continue
            if standing.is_ours and standing.is_interrupted:
                raise ProviderError(ErrorKind.CANCELLED, STOPPED_THERE)
            yield standing

    async def _done(self, call: ProviderCall, answer: Answer) -> Done:
        if not answer.is_ok:
            raise _failure(answer)
        pictures = _pictures(answer, call.count)
        if await self._was_interrupted():
            raise ProviderError(ErrorKind.CANCELLED, STOPPED_THERE)
        if not pictures:
            raise ProviderError(ErrorKind.RESULT_LOST, answers.EMPTY)
        notes = answers.size_note((call.request.width, call.request.height), _size(call))
        return Done(pictures=pictures, cost_micro_usd=0, notes=notes)

    async def _was_interrupted(self) -> bool:
        """Say whether the task that ended last was interrupted: it is answered with 200 and a half-done picture."""
        try:
            shown = await self._shown()
        except ProviderError:
            return False
        return shown.is_interrupted and shown.is_idle

    async def _standing(self, task: str) -> Standing:
        """Ask whose the running task is, then how far it is; in this order an older interrupt is never taken for ours."""
        told, shown = await self._told(task), await self._shown()
        return shown if told.is_ours is None else replace(told, is_interrupted=shown.is_interrupted)

    async def _told(self, task: str) -> Standing:
        """Ask at the address of the server's own page whether the running task is this one.

        The API's progress has a `current_task` too, but A1111 fills it with what it was when the module was loaded: nothing.
        """
        told = await self._http.post("internal/progress", paid=False, json={"id_task": task}, timeout=ASK_S)
        if not isinstance(told.at("active"), bool):  # there is no such address with --nowebui
            return Standing()
        return Standing(
            is_ours=told.at("active"),
            is_finished=bool(told.at("completed")),
            fraction=_share(told.at("progress")),
        )

    async def _shown(self) -> Standing:
        answer = await self._http.get("sdapi/v1/progress", params={"skip_current_image": "true"}, timeout=ASK_S)
        if not answer.is_ok:
            raise answers.rejected(answer, paid=False)
        return Standing(
            is_interrupted=bool(answer.at("state", "interrupted")),
            is_idle=not answer.at("state", "job_count"),
            fraction=_share(answer.at("progress")),
        )

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """There is nothing to fetch: the server keeps no results, and drawing again costs nothing."""
        raise ProviderError(ErrorKind.UNSUPPORTED, "Your server keeps no result to fetch.")
        yield

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """Interrupt the running task if it is proven to be ours and not about to end; leave everything else alone."""
        task = _task(job_ref)
        if not task:
            return "unsupported"
        try:
            standing = await self._told(task)
            if not standing.may_interrupt:
                return "too_late" if standing.is_finished or standing.is_ours else "unsupported"
            answer = await self._http.post("sdapi/v1/interrupt", paid=False, timeout=ASK_S)
        except ProviderError:
            return "unsupported"
        return "stopped" if answer.is_ok else "unsupported"

    async def forget(self, job_ref: str) -> Forgotten:
        """There is no such API: the server is the operator's own."""
        return "unsupported"

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """There is none without drawing it."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


# --- What is sent -------------------------------------------------------------------------------------------------------


def _basic(key: str) -> dict[str, str]:
    """Return the header for a key of the form "user:password" (--api-auth), or none."""
    return {"Authorization": f"Basic {base64.b64encode(key.encode()).decode()}"} if key else {}


def _body(call: ProviderCall, task: str) -> dict[str, Any]:
    width, height = _size(call)
    body: dict[str, Any] = {
        "prompt": call.prompt,
        "negative_prompt": call.request.negative,
        "width": width,
        "height": height,
        "seed": call.seed,
        "batch_size": 1,
        "n_iter": call.count,
        "send_images": True,
        "save_images": False,
        "force_task_id": task,
        **call.model.options,
    }
    if call.model.remote:
        body["override_settings"] = {"sd_model_checkpoint": call.model.remote}
    return body | _edit(call) if call.images else body


def _edit(call: ProviderCall) -> dict[str, Any]:
    edit: dict[str, Any] = {
        "init_images": [answers.encode_picture(call.images[0])],
        "denoising_strength": call.request.strength,
    }
    if call.mask is None:
        return edit
    mask = {"mask": answers.encode_picture(call.mask), "inpainting_mask_invert": 0}  # white = change, as ours
    return edit | mask | {"inpainting_fill": 1, "inpaint_full_res": False}


def _size(call: ProviderCall) -> tuple[int, int]:
    able, request = call.model.capabilities, call.request
    return answers.fitted(request.width, request.height, multiple_of=able.multiple_of, pixels_max=able.pixels_max)


def _task(job_ref: str) -> str:
    try:
        task = at(json.loads(job_ref), "task")
    except ValueError:
        return ""
    return task if isinstance(task, str) else ""


# --- What comes back ----------------------------------------------------------------------------------------------------


def _pictures(answer: Answer, count: int) -> list[Picture]:
    """Return the pictures with their seeds, without a grid before them or a detection map after them."""
    images = [image for image in answer.at("images") or () if isinstance(image, str)]
    try:
        made = json.loads(answer.text("info") or "{}")
    except ValueError:
        made = {}
    first = at(made, "index_of_first_image")
    if not isinstance(first, int):
        first = int(1 < count < len(images))
    seeds = [at(made, "all_seeds", position) for position in range(count)]
    return [
        Picture(data=answers.decode_picture(image), seed=seed if isinstance(seed, int) else None)
        for image, seed in zip(images[first : first + count], seeds, strict=False)
    ]


def _share(value: Any) -> float | None:
    return min(max(float(value), 0.0), 1.0) if isinstance(value, int | float) else None


def _failure(answer: Answer) -> ProviderError:
    said = f"{answer.at('error')} {answer.at('errors')} {answer.at('detail')}".lower()
    if answer.status >= 500 and ("outofmemory" in said or "out of memory" in said):
        return ProviderError(ErrorKind.INVALID, NO_MEMORY)
    if answer.status == 404:
        return ProviderError(ErrorKind.UNSUPPORTED, NO_API)
    return answers.rejected(answer, paid=False)
