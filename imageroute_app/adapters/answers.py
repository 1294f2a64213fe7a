"""What providers' answers have in common: statuses as our errors, pictures in text, the closest shape on offer, masks.

A provider looks for its vendor's own words first and falls back to `rejected`.
"""

import base64
import binascii
import io
import math
from collections.abc import Sequence

from PIL import Image as Pillow

from imageroute_app.adapters.http import Answer
from imageroute_app.domain.ports import ErrorKind, ProviderError

NO_KEY = "The provider does not accept this installation's key."
NO_CREDIT = "This installation's account at the provider is used up."
BUSY = "The provider takes no more requests for the moment."
REFUSED = "The provider's rules do not allow this picture."
NOT_UNDERSTOOD = "The provider does not accept this request."
RETIRED = "The provider no longer has this model."
BROKE = "The provider failed."
EMPTY = "The provider answered without a picture."
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


def alpha_mask(mask: bytes) -> bytes:
    """Return our mask (255 = change) as an RGBA PNG whose alpha is 0 where the picture may change (OpenAI's way)."""
    with Pillow.open(io.BytesIO(mask)) as image:
        grey = image.convert("L")
    painted = Pillow.new("RGBA", grey.size, (0, 0, 0, 255))
    painted.putalpha(grey.point(lambda value: 255 - value))
    file = io.BytesIO()
    painted.save(file, "PNG")
    return file.getvalue()


def _turn(one: float, other: float) -> float:
    return abs(math.log(one / other))


def _ratio(text: str) -> float:
    width, _, height = text.partition(":")
    return int(width) / int(height)
