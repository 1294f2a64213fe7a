"""Stability AI's v2beta: one picture a request, always as multipart/form-data, also where there is only text.

Principle: we ask for application/json, a third more bytes than image/*, because there the reason for the ending and the seed
stand in the same body as the picture: a header lost on the way cannot turn a filtered picture into a delivered one.
`remote` is the path; `options` are fixed fields. Endpoints that answer with an id are polled and can be resumed.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from imageroute_app.adapters.answers import (
    BROKE,
    EMPTY,
    closest_ratio,
    decode_picture,
    mime_of,
    refused,
    rejected,
    size_note,
)
from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.http import Answer, Opening, VendorHttp, paced
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

SEEDS = 2**32 - 1  # 0 to 4294967294; 0 asks for a random one, which the answer names
POLL_S = 10.0  # the vendor asks for no more than one look in ten seconds
POLL_FAILURES_MAX = 5
RATE_WAIT_S = 60.0  # the penalty for more than 150 requests in ten seconds; no header names it
MARGIN_MAX_PX = 2000
ID = re.compile(r"[A-Za-z0-9-]{8,128}")
ASYNCHRONOUS = frozenset({"upscale/creative", "edit/replace-background-and-relight"})
WORDLESS = frozenset({"upscale/fast", "edit/remove-background"})
Part = tuple[str | None, Any] | tuple[str | None, Any, str]


class StabilityProvider:
    """ImageProvider for Stable Image: generate, edit and upscale."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = 120.0) -> None:
        self.id = catalogue.id
        self._models, self._sleep = catalogue.models, opening.sleep
        self._http = VendorHttp(
            base_url=opening.url or catalogue.url,
            headers={"Authorization": f"Bearer {opening.key}", "Accept": "application/json"},
            key_hosts=catalogue.key_hosts,
            download_hosts=catalogue.download_hosts,
            read_s=read_s,
        )

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Send one request; the answer has the picture, or an id where the endpoint works asynchronously."""
        remote = call.model.remote
        answer = await self._http.post(f"v2beta/stable-image/{remote}", paid=True, files=_parts(call))
        _raise_for(answer, paid=True)
        if remote not in ASYNCHRONOUS:
            yield _done(call, answer)
            return
        if not ID.fullmatch(answer.text("id")):
            raise ProviderError(ErrorKind.RESULT_LOST, "The provider named no job.", billed="unknown")
        job_ref = json.dumps({"id": answer.text("id")}, separators=(",", ":"))
        yield Submitted(job_ref=job_ref)
        async for event in self._follow(call, answer.text("id")):
            yield event

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """Poll for what an asynchronous endpoint was sent; a picture that came with the answer is lost with it."""
        if call.model.remote not in ASYNCHRONOUS:
            raise ProviderError(ErrorKind.UNSUPPORTED, "The provider keeps no result of this model.", billed="unknown")
        async for event in self._follow(call, _job_id(job_ref)):
            yield event

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """There is no way to stop."""
        return "unsupported"

    async def forget(self, job_ref: str) -> Forgotten:
        """There is no such API."""
        return "unsupported"

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """There is no free preview."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _follow(self, call: ProviderCall, job_id: str) -> AsyncIterator[ProviderEvent]:
        async for _ in paced(self._sleep, first_s=POLL_S, most_s=POLL_S):
            answer = await self._poll(job_id)
            if answer.status != 202:
                yield _done(call, answer, job_id=job_id)
                return
            yield Progress(stage="running")

    async def _poll(self, job_id: str) -> Answer:
        """Return a 2xx answer; what has been submitted may be billed, so every failure to see it is "unknown"."""
        failed = ProviderError(ErrorKind.TRANSIENT, BROKE)
        for _ in range(POLL_FAILURES_MAX):
            try:
                answer = await self._http.get(f"v2beta/results/{job_id}")
                _raise_for(answer, paid=False)
            except ProviderError as error:
                failed = error
                if error.kind not in (ErrorKind.TRANSIENT, ErrorKind.TIMEOUT, ErrorKind.RATE):
                    break
                await self._sleep(error.retry_after_s or POLL_S)
            else:
                return answer
        if failed.kind is ErrorKind.UNSUPPORTED:
            raise ProviderError(ErrorKind.RESULT_LOST, "The provider no longer has the result.", billed="unknown")
        raise ProviderError(failed.kind, str(failed), billed="unknown", stage=failed.stage) from failed


# --- What is sent -----------------------------------------------------------------------------------------------------


def _parts(call: ProviderCall) -> dict[str, Part]:
    """Return the fields as parts of a multipart body, texts as parts without a file name."""
    model, fields = call.model, dict[str, Any](call.model.options)
    able = model.capabilities
    if model.remote not in WORDLESS:
        fields["prompt"] = call.prompt
    if able.takes_seed:
        fields["seed"] = call.seed % SEEDS
    if able.takes_negative and call.request.negative:
        fields["negative_prompt"] = call.request.negative
    if not call.images:
        fields["aspect_ratio"] = closest_ratio(able.ratios, call.request.width, call.request.height)
    else:
        fields |= _edit_fields(call)
    parts: dict[str, Part] = {name: (None, str(value)) for name, value in fields.items()}
    if call.images:
        parts["image"] = ("image", call.images[0], mime_of(call.images[0]))
    if call.mask is not None and able.takes_mask:
        parts["mask"] = ("mask.png", call.mask, "image/png")  # white means change here as well
    return parts


def _edit_fields(call: ProviderCall) -> dict[str, Any]:
    """Return what an edit needs beside its picture; `strength` is 1.0 where nothing of the source is kept."""
    remote = call.model.remote
    if remote == "edit/outpaint":
        return _margins(call)
    if not remote.startswith("generate/"):
        return {}
    mode = {"mode": "image-to-image"} if remote == "generate/sd3" else {}
    return {"strength": call.request.strength, **mode}


def _margins(call: ProviderCall) -> dict[str, int]:
    """Return pixels to add per side."""
    sides = zip(("left", "up", "right", "down"), call.request.expand, strict=True)
    return {side: min(pixels, MARGIN_MAX_PX) for side, pixels in sides}


# --- What comes back --------------------------------------------------------------------------------------------------


def _raise_for(answer: Answer, *, paid: bool) -> None:
    """Raise what a status outside 2xx means; the vendor's moderation of what was sent answers 403 under its own name."""
    if answer.is_ok:
        return
    if answer.status == 403 and answer.text("name") == "content_moderation":
        raise refused("input")
    raise rejected(answer, paid=paid, retry_after_s=answer.retry_after_s or RATE_WAIT_S)


def _job_id(job_ref: str) -> str:
    try:
        found = json.loads(job_ref)["id"]
    except (ValueError, KeyError, TypeError):
        found = None
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise ProviderError(ErrorKind.RESULT_LOST, "The job's number cannot be read.", billed="unknown")
    return found


def _done(call: ProviderCall, answer: Answer, *, job_id: str = "") -> Done:
    reason = answer.text("finish_reason")
    if reason == "CONTENT_FILTERED":  # a blurred picture comes with it; whether it is billed is not stated
        raise ProviderError(
            ErrorKind.REFUSED, "The provider's rules do not allow this picture.", billed="unknown", stage="output"
        )
    encoded = answer.text("image") or answer.text("result")
    if not encoded or reason not in ("SUCCESS", ""):
        raise ProviderError(ErrorKind.RESULT_LOST, EMPTY, billed="unknown")
    seed = answer.at("seed") if call.model.capabilities.takes_seed else None
    picture = Picture(data=decode_picture(encoded), seed=seed if isinstance(seed, int) else None)
    request_id = job_id or answer.headers.get("x-request-id", "")
    return Done(pictures=(picture,), notes=_notes(call), request_id=request_id)


def _notes(call: ProviderCall) -> tuple[str, ...]:
    able, request, remote = call.model.capabilities, call.request, call.model.remote
    dropped = {
        "Words: this model takes none, not sent.": remote in WORDLESS,
        "Seed: not supported, not sent.": not able.takes_seed,
        f"Seed: {call.seed} is out of range, sent as {call.seed % SEEDS}.": able.takes_seed and call.seed >= SEEDS,
        "Negative prompt: not supported, not sent.": bool(request.negative) and not able.takes_negative,
        "Strength: not supported, not sent.": bool(call.images) and not remote.startswith("generate/"),
        "Pictures: only the first one sent.": len(call.images) > 1,
    }
    notes = tuple(note for note, is_so in dropped.items() if is_so)
    if call.images:
        return (*notes, "Size: follows the source picture.")
    ratio = closest_ratio(able.ratios, request.width, request.height)
    return (*notes, *size_note((request.width, request.height), f"shape {ratio}"))
