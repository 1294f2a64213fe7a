"""OpenRouter's POST /images: many companies' models behind one key, with the real charge in every answer.

Principle: OpenRouter hands a prompt on, and the receipt must say to whom, so it may never switch companies by itself
(`allow_fallbacks: false`). A failed generation answers 502 and is not charged. Shapes: PROVIDERS.md 1.11 (2026-11-23),
[S:openrouter 1.3.84].
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

from imageroute_app.adapters import answers
from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.http import Answer, Opening, VendorHttp, at
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import (
    Billed,
    Done,
    ErrorKind,
    Forgotten,
    Picture,
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Stopped,
)

MICROS = 1_000_000
REFUSALS = ("moderation_blocked", "content_policy_violation", "content_filter")
"""What companies behind OpenRouter call a refusal; it is handed through in the error's metadata."""
NO_ENDPOINT = "No company behind this model fits the account's own rules at the provider."


class OpenRouterProvider:
    """ImageProvider for OpenRouter's image endpoint; the older chat form is not used."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = 180.0) -> None:
        self.id = catalogue.id
        self._models = catalogue.models
        self._http = VendorHttp(base_url=opening.url, headers={"Authorization": f"Bearer {opening.key}"}, read_s=read_s)

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models, retired ones included."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """POST once; the answer has the pictures and what they cost."""
        if call.mask is not None:
            raise ProviderError(ErrorKind.UNSUPPORTED, "This model takes no mask.")
        answer = _true_status(await self._http.post("images", paid=True, json=_body(call)))
        if not answer.is_ok:
            raise _failure(answer)
        cost = _cost(answer)
        pictures = _pictures(answer, call)
        if not pictures:
            raise _missing(cost)
        request_id = answer.headers.get("x-generation-id", "")  # [?] the body has none
        yield Done(pictures=pictures, cost_micro_usd=cost, notes=_notes(call), request_id=request_id)

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
    body: dict[str, Any] = {
        "model": call.model.remote,
        "prompt": call.prompt,
        "provider": {"allow_fallbacks": False},
        **_shape(call),
        **call.model.options,
    }
    if call.count > 1:
        body["n"] = call.count
    if call.model.capabilities.takes_seed:
        body["seed"] = call.seed
    if call.images:
        body["input_references"] = [
            {"type": "image_url", "image_url": {"url": answers.data_uri(image)}} for image in call.images
        ]
    return body


def _shape(call: ProviderCall) -> dict[str, str]:
    """Return the ratio or the pixels, never both: a mismatch of the two is refused."""
    if call.model.capabilities.geometry == "ratios":
        return {"aspect_ratio": _ratio(call)}
    width, height = _size(call)
    return {"size": f"{width}x{height}"}


def _ratio(call: ProviderCall) -> str:
    return answers.closest_ratio(call.model.capabilities.ratios, call.request.width, call.request.height)


def _size(call: ProviderCall) -> tuple[int, int]:
    able, request = call.model.capabilities, call.request
    if able.geometry == "sizes":
        return answers.closest_size(able.sizes, request.width, request.height)
    return answers.fitted(request.width, request.height, multiple_of=able.multiple_of, pixels_max=able.pixels_max)


def _notes(call: ProviderCall) -> tuple[str, ...]:
    request, able = call.request, call.model.capabilities
    notes = list(answers.size_note((request.width, request.height), _sent_shape(call)))
    if request.seed is not None and not able.takes_seed:
        notes.append("Seed: not supported by this model, not sent.")
    if request.negative:
        notes.append("Negative prompt: not supported by this model, not sent.")
    if call.images:
        notes.append("Strength: not supported by this model, not sent.")
    return tuple(notes)


def _sent_shape(call: ProviderCall) -> tuple[int, int] | str:
    request = call.request
    if call.model.capabilities.geometry != "ratios":
        return _size(call)
    ratio, tier = _ratio(call), call.model.options.get("resolution", "")
    if (ratio, tier, request.width, request.height) == ("1:1", "1K", 1024, 1024):
        return request.width, request.height
    return f"{ratio} at {tier}" if tier else ratio


# --- What comes back ----------------------------------------------------------------------------------------------------


def _true_status(answer: Answer) -> Answer:
    """Return the answer with the status that its error names: one found late comes inside a 200."""
    code = answer.at("error", "code")
    if answer.is_ok and answer.at("error") is not None and not answer.at("data"):
        return replace(answer, status=code if isinstance(code, int) and code >= 400 else 500)
    return answer


def _pictures(answer: Answer, call: ProviderCall) -> list[Picture]:
    """Return the pictures; the vendor does not say which seed made which, so only the first has ours."""
    seed = call.seed if call.model.capabilities.takes_seed else None
    texts = [text for item in answer.at("data") or () if isinstance(text := at(item, "b64_json"), str) and text]
    return [
        Picture(data=answers.decode_picture(text), seed=None if number else seed)
        for number, text in enumerate(texts[: call.count])
    ]


def _cost(answer: Answer) -> int | None:
    cost = answer.at("usage", "cost")
    return round(cost * MICROS) if isinstance(cost, int | float) and not isinstance(cost, bool) else None


def _missing(cost: int | None) -> ProviderError:
    billed: Billed = "unknown" if cost is None else "yes" if cost > 0 else "no"
    return ProviderError(ErrorKind.RESULT_LOST, answers.EMPTY, billed=billed)


def _failure(answer: Answer) -> ProviderError:
    metadata = answer.at("error", "metadata")
    said = f"{answer.at('error', 'code')} {answer.text('error', 'message')} {metadata}".lower()
    if _is_refusal(answer.status, metadata, said):
        return answers.refused("input")
    if answer.status == 404 and "polic" in said:
        return ProviderError(ErrorKind.UNSUPPORTED, NO_ENDPOINT)
    if answer.status == 502:
        return ProviderError(ErrorKind.TRANSIENT, answers.BROKE)  # not charged [I:aldegad/sprite-gen#37]
    if answer.status in (504, 524):
        return ProviderError(ErrorKind.TIMEOUT, "The provider did not answer in time.", billed="unknown")
    return answers.rejected(answer, paid=True)


def _is_refusal(status: int, metadata: Any, said: str) -> bool:
    has_moderation = status == 403 and (
        at(metadata, "reasons") is not None or at(metadata, "flagged_input") is not None
    )
    return has_moderation or (400 <= status < 500 and any(word in said for word in REFUSALS))
