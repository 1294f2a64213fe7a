"""Google's Gemini image models, on the paid and on the free tier (two catalogues, one adapter).

Principle: an HTTP 200 means little here. Refusals, drafts and pure talk all arrive as 200, so only an image part that is no
thought counts as a picture, and only the reasons that Google names for its rules count as a refusal. The key travels in a
header, never in the address. Shapes: PROVIDERS.md 1.2 (2026-11-23).
"""

from collections.abc import AsyncIterator, Sequence
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
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Stopped,
)

OUTPUT_BLOCKS = frozenset(
    {
        "SAFETY",
        "PROHIBITED_CONTENT",
        "BLOCKLIST",
        "SPII",
        "RECITATION",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
    }
)
"""NO_IMAGE and IMAGE_OTHER are not here: the model answered without a picture, which is no refusal."""

SEED_SPAN = 2**31  # the field is a signed 32-bit integer [S:google-genai 3.4.0]
NOT_SERVED = "The provider does not serve this installation's key here: wrong country for its tier, or no billing."


class GeminiProvider:
    """ImageProvider for generateContent; one picture a submission, since there is no field for more."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = 120.0) -> None:
        self.id = catalogue.id
        self._models = catalogue.models
        self._http = VendorHttp(base_url=opening.url, headers={"x-goog-api-key": opening.key}, read_s=read_s)

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models, retired ones included."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """POST once and take the first pictures that are no drafts."""
        if call.mask is not None:
            raise ProviderError(ErrorKind.UNSUPPORTED, "This model takes no mask.")
        path = f"models/{call.model.remote}:generateContent"
        answer = await self._http.post(path, paid=True, json=_body(call))
        if not answer.is_ok:
            raise _failure(answer)
        pictures = _pictures(answer, call)
        if not pictures:
            raise _missing(answer)
        yield Done(pictures=pictures, notes=_notes(call), request_id=answer.text("responseId"))

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """There is nothing to fetch: the answer was the only copy."""
        raise ProviderError(ErrorKind.UNSUPPORTED, "The provider keeps no result to fetch.")
        yield

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """Nothing can be stopped; closing the connection only ends our wait."""
        return "unsupported"

    async def forget(self, job_ref: str) -> Forgotten:
        """There is no such API."""
        return "unsupported"

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """There is none for nothing."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()


# --- What is sent -------------------------------------------------------------------------------------------------------


def _body(call: ProviderCall) -> dict[str, Any]:
    parts: list[dict[str, Any]] = [{"text": call.prompt}]
    parts += [
        {"inlineData": {"mimeType": answers.mime_of(image), "data": answers.encode_picture(image)}}
        for image in call.images
    ]
    config: dict[str, Any] = {"responseModalities": ["IMAGE"], "imageConfig": _shape(call)}
    if call.request.seed is not None:
        config["seed"] = call.seed % SEED_SPAN
    return {"contents": [{"role": "user", "parts": parts}], "generationConfig": config}


def _shape(call: ProviderCall) -> dict[str, Any]:
    return {"aspectRatio": _ratio(call), **call.model.options}


def _ratio(call: ProviderCall) -> str:
    return answers.closest_ratio(call.model.capabilities.ratios, call.request.width, call.request.height)


def _notes(call: ProviderCall) -> tuple[str, ...]:
    request, tier = call.request, call.model.options.get("imageSize", "1K")
    ratio = _ratio(call)
    is_exact = (ratio, tier, request.width, request.height) == ("1:1", "1K", 1024, 1024)
    notes = [] if is_exact else list(answers.size_note((request.width, request.height), f"{ratio} at {tier}"))
    if request.seed is not None and call.seed >= SEED_SPAN:
        notes.append(f"Seed: asked for {call.seed}, sent as {call.seed % SEED_SPAN}.")
    if request.negative:
        notes.append("Negative prompt: not supported by this model, not sent.")
    if call.images:
        notes.append("Strength: not supported by this model, not sent.")
    return tuple(notes)


# --- What comes back ----------------------------------------------------------------------------------------------------


def _pictures(answer: Answer, call: ProviderCall) -> list[Picture]:
    seed = call.seed % SEED_SPAN if call.request.seed is not None else None
    found = [
        Picture(data=answers.decode_picture(data), seed=seed)
        for candidate in answer.at("candidates") or ()
        for part in at(candidate, "content", "parts") or ()
        if not at(part, "thought") and isinstance(data := at(part, "inlineData", "data"), str) and data
    ]
    return found[: call.count]


def _missing(answer: Answer) -> ProviderError:
    """Return what an answer without a picture means; Google does not say whether it bills one, so nobody knows."""
    if answer.text("promptFeedback", "blockReason") not in ("", "BLOCK_REASON_UNSPECIFIED"):
        return answers.refused(
            "input"
        )  # SAFETY, OTHER, BLOCKLIST, PROHIBITED_CONTENT, IMAGE_SAFETY and whatever is new
    reasons = {at(candidate, "finishReason") for candidate in answer.at("candidates") or ()}
    if reasons & OUTPUT_BLOCKS:
        return ProviderError(ErrorKind.REFUSED, answers.REFUSED, billed="unknown", stage="output")
    return ProviderError(ErrorKind.RESULT_LOST, answers.EMPTY, billed="unknown")


def _failure(answer: Answer) -> ProviderError:
    error = at(answer.json, "error") or at(answer.json, 0, "error")  # sometimes wrapped in a list of one
    details = at(error, "details") or []
    status = at(error, "status")
    if status == "FAILED_PRECONDITION":
        return ProviderError(ErrorKind.AUTH, NOT_SERVED)
    if any(at(detail, "reason") == "API_KEY_INVALID" for detail in details):
        return ProviderError(ErrorKind.AUTH, answers.NO_KEY)
    if status == "RESOURCE_EXHAUSTED" and _is_daily(details):
        return ProviderError(ErrorKind.QUOTA, answers.NO_CREDIT)
    return answers.rejected(answer, paid=True, retry_after_s=_delay_s(details))


def _is_daily(details: Sequence[Any]) -> bool:
    """Say whether a limit by the day is used up, which no short wait helps."""
    return any(
        "perday" in str(at(violation, "quotaId") or at(violation, "quotaMetric") or "").replace("_", "").lower()
        for detail in details
        for violation in at(detail, "violations") or ()
    )


def _delay_s(details: Sequence[Any]) -> float | None:
    """Return the seconds of a RetryInfo ("37s" or "37.5s")."""
    for detail in details:
        text = str(at(detail, "retryDelay") or "").removesuffix("s")
        if text.replace(".", "", 1).isdigit():
            return float(text)
    return None
