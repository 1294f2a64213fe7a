"""What providers' answers have in common: statuses as our errors, pictures in text, the closest shape on offer, masks.

A provider looks for its vendor's own words first and falls back to `rejected`.
"""

import base64
import binascii
import math
from collections.abc import Awaitable, Callable, Sequence

from imageroute_app.adapters.http import Answer, Sleep, VendorHttp
from imageroute_app.domain.ports import ErrorKind, ProviderCall, ProviderError

NO_KEY = "The provider does not accept this installation's key."
NO_CREDIT = "This installation's account at the provider is used up."
BUSY = "The provider takes no more requests for the moment."
REFUSED = "The provider's rules do not allow this picture."
NOT_UNDERSTOOD = "The provider does not accept this request."
RETIRED = "The provider no longer has this model."
BROKE = "The provider failed."
EMPTY = "The provider answered without a picture."
GONE = "The provider no longer knows this job."
POLL_FAILURES_MAX = 5
POLL_PAUSE_S, RATE_PAUSE_S = 1.0, 10.0
_STATUSES = {
    401: (ErrorKind.AUTH, NO_KEY),
    402: (ErrorKind.QUOTA, NO_CREDIT),
    403: (ErrorKind.AUTH, NO_KEY),
    429: (ErrorKind.RATE, BUSY),
    503: (ErrorKind.TRANSIENT, BROKE),
    529: (ErrorKind.TRANSIENT, BROKE),
}


def rejected(answer: Answer, *, paid: bool, retry_after_s: float | None = None) -> ProviderError:
    """Return what a status outside 2xx means when the body says nothing more (PROVIDERS.md 2.4).

    `paid` says that the request was a submission: a 500, 502 or 504 may then have been billed.
    """
    status = answer.status
    wait_s = retry_after_s if retry_after_s is not None else answer.retry_after_s
    if status == 404:
        return ProviderError(ErrorKind.UNSUPPORTED, RETIRED, is_retired=paid)
    if status in _STATUSES:
        kind, words = _STATUSES[status]
        return ProviderError(kind, words, retry_after_s=wait_s)
    if status == 408 or status >= 500:
        return ProviderError(ErrorKind.TRANSIENT, BROKE, billed="unknown" if paid else "no")
    if 300 <= status < 400:
        return ProviderError(ErrorKind.TRANSIENT, "The provider sent us elsewhere; we do not follow with a key.")
    return ProviderError(ErrorKind.INVALID, NOT_UNDERSTOOD)


def refused(stage: str, *, billed: bool = False) -> ProviderError:
    """Return a refusal by the provider's rules, of the words ("input") or of the picture ("output")."""
    place = "output" if stage == "output" else "input"
    return ProviderError(ErrorKind.REFUSED, REFUSED, billed="yes" if billed else "no", stage=place)


async def patient_get(
    http: VendorHttp, sleep: Sleep, path: str, *, wanted: Callable[[Answer], bool] = lambda answer: answer.is_ok
) -> Answer:
    """GET what a submitted job has come to, again while the vendor is busy, fails or cannot be reached, 5 times at most.

    Raises:
        ProviderError: billed "unknown", since the job itself may go on unseen; RESULT_LOST when the vendor does not know it.
    """
    failed = ProviderError(ErrorKind.TRANSIENT, BROKE)
    for _ in range(POLL_FAILURES_MAX):
        pause_s = POLL_PAUSE_S
        try:
            answer = await http.get(path)
            if wanted(answer):
                return answer
            if answer.status in (404, 410):
                raise ProviderError(ErrorKind.RESULT_LOST, GONE)
            failed = rejected(answer, paid=False)
            usual_s = RATE_PAUSE_S if failed.kind is ErrorKind.RATE else POLL_PAUSE_S
            pause_s = usual_s if failed.retry_after_s is None else failed.retry_after_s
        except ProviderError as error:
            failed = error
        if failed.kind not in (ErrorKind.RATE, ErrorKind.TRANSIENT, ErrorKind.TIMEOUT):
            break
        await sleep(pause_s)
    raise ProviderError(failed.kind, str(failed), billed="unknown") from failed


async def fetch_pictures(
    http: VendorHttp, addresses: Sequence[str], again: Callable[[], Awaitable[Sequence[str]]]
) -> list[bytes]:
    """Return the bytes at the addresses of a job's result; when one no longer works, once more at those that `again` tells.

    Raises:
        ProviderError: RESULT_LOST, billed "yes", when that does not help either.
    """
    try:
        return [await _fetch(http, address) for address in addresses]
    except ProviderError as error:
        if error.kind not in (ErrorKind.RESULT_LOST, ErrorKind.TRANSIENT):
            raise
    try:
        return [await _fetch(http, address) for address in await again()]
    except ProviderError as error:
        raise ProviderError(ErrorKind.RESULT_LOST, "The picture could not be fetched.", billed="yes") from error


async def _fetch(http: VendorHttp, address: str) -> bytes:
    return decode_picture(address) if address.startswith("data:") else await http.download(address)


def decode_picture(text: str) -> bytes:
    """Return the bytes of base64 text, with or without a data: prefix; raises ProviderError for anything else."""
    if text.startswith("data:"):
        text = text.partition(",")[2]
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProviderError(ErrorKind.RESULT_LOST, "The provider's picture cannot be read.", billed="yes") from error


def encode_picture(data: bytes) -> str:
    """Return bytes as base64 text."""
    return base64.b64encode(data).decode("ascii")


def mime_of(data: bytes) -> str:
    """Return the type of picture bytes by their first bytes; PNG when they are none that we know."""
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    return "image/webp" if data[:4] == b"RIFF" and data[8:12] == b"WEBP" else "image/png"


def data_uri(data: bytes) -> str:
    """Return a picture as a data: address."""
    return f"data:{mime_of(data)};base64,{encode_picture(data)}"


def closest_size(sizes: Sequence[tuple[int, int]], width: int, height: int) -> tuple[int, int]:
    """Return the size on offer that is closest in shape, then in pixels."""
    return min(sizes, key=lambda size: (round(_turn(size[0] / size[1], width / height), 3), abs(size[0] - width)))


def closest_ratio(ratios: Sequence[str], width: int, height: int) -> str:
    """Return the ratio on offer ("16:9") that is closest in shape."""
    return min(ratios, key=lambda ratio: _turn(_ratio(ratio), width / height))


def fitted(width: int, height: int, *, multiple_of: int, pixels_max: int) -> tuple[int, int]:
    """Return the size rounded to a multiple, scaled down when it has too many pixels."""
    scale = min(1.0, math.sqrt(pixels_max / (width * height))) if pixels_max else 1.0
    step = max(1, multiple_of)
    rounding = math.floor if scale < 1.0 else round
    return max(step, rounding(width * scale / step) * step), max(step, rounding(height * scale / step) * step)


def size_note(asked: tuple[int, int], got: tuple[int, int] | str) -> tuple[str, ...]:
    """Return the receipt's line on a size that the provider does not draw as asked, or nothing."""
    shown = got if isinstance(got, str) else f"{got[0]} × {got[1]}"
    return () if got == asked else (f"Size: asked for {asked[0]} × {asked[1]}, sent as {shown}.",)


def dropped_notes(call: ProviderCall, *, has_strength: bool = False) -> list[str]:
    """Return the receipt's lines on what of a request the model does not take."""
    able, notes = call.model.capabilities, list[str]()
    if not able.takes_seed:
        notes.append("Seed: not supported, not sent.")
    elif call.count > 1:
        notes.append(f"Seed: one for all {call.count} pictures.")
    if call.request.negative and not able.takes_negative:
        notes.append("Negative prompt: not supported, not sent.")
    if call.images and not has_strength:
        notes.append("Strength: not supported, not sent.")
    if len(call.images) > able.max_references:
        notes.append(f"Pictures: only the first {able.max_references} sent.")
    return notes


def _turn(one: float, other: float) -> float:
    return abs(math.log(one / other))


def _ratio(text: str) -> float:
    width, _, height = text.partition(":")
    return int(width) / int(height)
