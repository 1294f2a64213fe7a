"""Everyone who speaks OpenAI's image API: one POST that waits, and an answer with the pictures in it.

Principle: the POST is the purchase. It is sent once; nothing is streamed, resumed or repeated, and what comes back decides what
is said about the bill. The shapes of refusals and errors are those of PROVIDERS.md 1.1 (2026-11-23) and Azure's content filter.
"""

import re
from collections.abc import AsyncIterator, Sequence
from typing import Any

from imageroute_app.adapters import answers
from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.http import Answer, Opening, VendorHttp, at
from imageroute_app.adapters.providers.openai_compat import submission
from imageroute_app.adapters.providers.openai_compat.dialects import DIALECTS, Dialect
from imageroute_app.domain.catalog import Model, Task
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

SEEDS = 2**32
REFUSALS = {
    "moderation_blocked",
    "content_policy_violation",
    "content_filter",
    "contentfilter",
    "responsibleaipolicyviolation",
    "content_moderation",
    "nsfw",
    "nsfw_content",
}
REFUSAL_PHRASES = ("safety system", "content policy", "content management policy", "nsfw")
USED_UP = {"insufficient_quota", "billing_hard_limit_reached", "insufficient_credits", "insufficient_balance"}
GONE = {"model_not_found", "model_not_available"}
NOTHING_THERE = "There is nothing at this address, or no deployment of this name."
_WAIT = re.compile(r"(?:again|retry|resets?) in ~?(\d+(?:\.\d+)?) ?(ms|s|m)\b", re.IGNORECASE)
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0}


class OpenAICompatProvider:
    """ImageProvider for the catalogues of kind "openai_compat"; the catalogue's id picks the dialect."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = 0.0) -> None:
        self.id = catalogue.id
        self._models, self._row = catalogue.models, DIALECTS[catalogue.id]
        self._http = VendorHttp(
            base_url=opening.url.rstrip("/").removesuffix("/v1"),
            headers={self._row.header: self._row.scheme + opening.key} if opening.key else {},
            key_hosts=catalogue.key_hosts,
            download_hosts=catalogue.download_hosts,
            read_s=read_s or max(model.deadline_s for model in catalogue.models),
        )

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models, retired ones included."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """POST once; the answer has the pictures."""
        _check(call)
        asked = submission.compose(self._row, call)
        answer = await self._http.post(asked.path, paid=True, **asked.content)
        if not answer.is_ok or (answer.at("error") is not None and not answer.at("data")):
            raise _failure(self._row, answer)
        yield Done(
            pictures=await self._pictures(call, answer),
            cost_micro_usd=_cost(self._row, call, answer),
            notes=submission.notes(self._row, call),
            request_id=_request_id(answer),
        )

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """There is nothing to fetch: the answer was the only copy."""
        raise ProviderError(ErrorKind.UNSUPPORTED, "The provider keeps no result to fetch.")
        yield

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """Nothing can be stopped; closing the connection ends our wait, not the bill."""
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

    async def _pictures(self, call: ProviderCall, answer: Answer) -> list[Picture]:
        """Return what can be read of the pictures; raise what went wrong with the first when there is none."""
        found = answer.at("data")
        items, pictures = found[: call.count] if isinstance(found, list) else [], list[Picture]()
        problem = ProviderError(ErrorKind.RESULT_LOST, answers.EMPTY, billed="unknown")
        for number, item in enumerate(items):
            try:
                data = await self._picture(item)
            except ProviderError as error:
                problem = error
                continue
            if data:
                pictures.append(Picture(data=data, seed=_seed(self._row, call, number)))
        if not pictures:
            raise problem
        return pictures

    async def _picture(self, item: Any) -> bytes:
        text, url = at(item, "b64_json"), at(item, "url")
        if isinstance(text, str) and text:
            return answers.decode_picture(text)
        if not isinstance(url, str) or not url:
            return b""
        return answers.decode_picture(url) if url.startswith("data:") else await self._fetch(url)

    async def _fetch(self, url: str) -> bytes:
        """Download a picture, once more if that fails: there is no job to ask for a new address."""
        try:
            return await self._http.download(url)
        except ProviderError:
            pass
        try:
            return await self._http.download(url)
        except ProviderError as error:
            raise ProviderError(ErrorKind.RESULT_LOST, str(error), billed="yes") from error


def _check(call: ProviderCall) -> None:
    """Raise ProviderError for what would have to be faked; nothing was sent."""
    able = call.model.capabilities
    if call.images and Task.EDIT not in able.tasks:
        raise ProviderError(ErrorKind.UNSUPPORTED, "This model does not start from a picture.")
    if call.mask is not None and not (able.takes_mask and call.images):
        raise ProviderError(ErrorKind.UNSUPPORTED, "This model takes no mask.")


# --- What comes back ----------------------------------------------------------------------------------------------------


def _seed(row: Dialect, call: ProviderCall, number: int) -> int | None:
    """Return the seed of a picture where it is known: of the first, of the others only if the server counts up."""
    if not submission.takes_seed(row, call) or (number and not row.counts_seeds):
        return None
    return (call.seed + number) % SEEDS


def _request_id(answer: Answer) -> str:
    headers = answer.headers
    return headers.get("x-request-id") or headers.get("apim-request-id") or answer.text("id")


def _cost(row: Dialect, call: ProviderCall, answer: Answer) -> int | None:
    """Return the bill in micro-USD where the answer tells it."""
    if row.cost == "tokens":
        return _token_cost(call.model.options.get(submission.PRICES), answer.at("usage"))
    amount = answer.at("credits" if row.cost == "credits" else "cost") if row.cost else None
    if not isinstance(amount, int | float) or isinstance(amount, bool) or amount < 0:
        return None
    return round(amount * (1_000 if row.cost == "credits" else 1_000_000))


def _token_cost(prices: Any, usage: Any) -> int | None:
    """Return what tokens cost at prices in micro-USD per 1,000; words of unknown kind count as pictures do, the dearer."""
    came, went = at(usage, "input_tokens"), at(usage, "output_tokens")
    if not prices or not isinstance(came, int) or not isinstance(went, int):
        return None
    text = at(usage, "input_tokens_details", "text_tokens")
    text = min(text, came) if isinstance(text, int) else 0
    total = text * prices["text_in"] + (came - text) * prices["image_in"] + went * prices["image_out"]
    return -(-total // 1_000)


def _failure(row: Dialect, answer: Answer) -> ProviderError:
    error = answer.at("error")
    codes = {str(at(error or answer.json, name)).lower() for name in ("code", "type")}
    codes |= {str(at(error, inner, "code")).lower() for inner in ("innererror", "inner_error")}
    said = (answer.text("error", "message") or answer.text("message") or answer.text("error")).lower()
    if _is_refusal(answer, codes, said):
        return answers.refused("output" if "generated image" in said else "input")
    if codes & USED_UP:
        return ProviderError(ErrorKind.QUOTA, answers.NO_CREDIT)
    if answer.is_ok:
        return ProviderError(ErrorKind.RESULT_LOST, answers.EMPTY, billed="unknown")
    if answer.status in (400, 404) and codes & GONE:
        return ProviderError(ErrorKind.UNSUPPORTED, answers.RETIRED, is_retired=True)
    if answer.status == 404 and not row.keeps_models:
        return ProviderError(ErrorKind.UNSUPPORTED, NOTHING_THERE)
    return answers.rejected(answer, paid=True, retry_after_s=_wait_s(answer, said))


def _is_refusal(answer: Answer, codes: set[str], said: str) -> bool:
    is_about_words = answer.is_ok or answer.status in (400, 403, 422)
    return is_about_words and (bool(codes & REFUSALS) or any(phrase in said for phrase in REFUSAL_PHRASES))


def _wait_s(answer: Answer, said: str) -> float | None:
    """Return the seconds that a header names, else those in the message ("Please try again in 12s.")."""
    if answer.retry_after_s is not None or not (found := _WAIT.search(said)):
        return answer.retry_after_s
    return float(found[1]) * _SECONDS[found[2].lower()]
