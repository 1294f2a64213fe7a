"""The request that a row of the table makes of a call, and what the receipt says was left out or changed.

A model's `options` are fixed fields of every request, but for the table `tokens`: that one is never sent. It holds the vendor's
prices in micro-USD per 1,000 tokens (`text_in`, `image_in`, `image_out`), from which the bill follows.
"""

import math
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from imageroute_app.adapters import answers, calls
from imageroute_app.adapters.providers.openai_compat.dialects import IN_PROMPT, Dialect
from imageroute_app.domain.ports import ProviderCall

PRICES = "tokens"
ALTERED = "Prompt: signs that this server would read as settings were sent as look-alikes."


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One POST; `content` is httpx's json, or data and files."""

    path: str
    content: dict[str, Any]


# --- What is sent -------------------------------------------------------------------------------------------------------


def compose(row: Dialect, call: ProviderCall) -> Submission:
    """Return the one POST that asks for all pictures of a call."""
    path = row.generations if not call.images else row.inpaints if call.mask and row.inpaints else row.edits
    path = path.replace("{model}", quote(call.model.remote, safe=""))
    if not call.images:
        return Submission(path=path, content={"json": _fields(row, call)})
    if row.packing == "form":
        return Submission(path=path, content=_form(row, call))
    return Submission(path=path, content={"json": {**_fields(row, call), **_packed(row, call)}})


def _fields(row: Dialect, call: ProviderCall) -> dict[str, Any]:
    negative = call.request.negative if takes_negative(row, call) else ""
    fields: dict[str, Any] = {"prompt": row.words(row.guard(call.prompt), row.guard(negative), call.seed)}
    if row.names_model and call.model.remote:
        fields["model"] = call.model.remote
    if call.count > 1:
        fields["n"] = call.count
    if has_size(row, call):
        width, height = size(row, call)
        fields.update({"width": width, "height": height} if row.has_sides else {"size": f"{width}x{height}"})
    if row.response_format:
        fields["response_format"] = row.response_format
    if row.seed != IN_PROMPT and takes_seed(row, call):
        fields[row.seed] = call.seed
    if row.negative != IN_PROMPT and negative:
        fields[row.negative] = negative
    if takes_strength(row, call):
        fields[row.strength] = call.request.strength
    return fields | {name: value for name, value in call.model.options.items() if name != PRICES}


def _form(row: Dialect, call: ProviderCall) -> dict[str, Any]:
    files = [(row.image, _file(image, f"image-{number}")) for number, image in enumerate(call.images)]
    if call.mask:
        files.append((row.mask, _file(_mask(row, call.mask), "mask")))
    return {"data": {name: str(value) for name, value in _fields(row, call).items()}, "files": files}


def _file(data: bytes, name: str) -> tuple[str, bytes, str]:
    mime = answers.mime_of(data)
    return f"{name}.{mime.removeprefix('image/')}", data, mime


def _packed(row: Dialect, call: ProviderCall) -> dict[str, Any]:
    first = call.images[0]
    packed: dict[str, Any] = {row.image: answers.encode_picture(first) if row.packing == "base64" else None}
    if row.packing == "uri":
        packed[row.image] = answers.data_uri(first)
    if row.packing == "uris":
        packed[row.image] = [answers.data_uri(image) for image in call.images]
    if call.mask:
        packed[row.mask] = answers.data_uri(_mask(row, call.mask))
    return packed


def _mask(row: Dialect, mask: bytes) -> bytes:
    return mask if row.is_white_mask else calls.alpha_mask(mask)


# --- What of a request travels ------------------------------------------------------------------------------------------


def has_size(row: Dialect, call: ProviderCall) -> bool:
    """Say whether the size travels."""
    return not (call.images and row.is_plain_edit)


def takes_seed(row: Dialect, call: ProviderCall) -> bool:
    """Say whether the seed travels."""
    return bool(row.seed) and call.model.capabilities.takes_seed and has_size(row, call)


def takes_negative(row: Dialect, call: ProviderCall) -> bool:
    """Say whether a negative prompt travels."""
    return bool(row.negative) and call.model.capabilities.takes_negative


def takes_strength(row: Dialect, call: ProviderCall) -> bool:
    """Say whether the strength of an edit travels; repainting a mask has none."""
    return bool(row.strength and call.images) and call.mask is None


def size(row: Dialect, call: ProviderCall) -> tuple[int, int]:
    """Return the size to ask for: the closest that the vendor's rules allow."""
    able, request = call.model.capabilities, call.request
    if able.geometry == "sizes":
        return answers.closest_size(able.sizes, request.width, request.height)
    step = able.multiple_of
    width, height = _not_too_thin(row, (request.width, request.height), 1)
    if (scale := math.sqrt(row.pixels_min / (width * height))) > 1:
        width, height = (math.ceil(side * scale / step) * step for side in (width, height))
    sides = answers.fitted(width, height, multiple_of=step, pixels_max=able.pixels_max)
    return _not_too_thin(row, sides, step)


def _not_too_thin(row: Dialect, sides: tuple[int, int], step: int) -> tuple[int, int]:
    """Return the sides with the shorter one long enough for the vendor's steepest ratio."""
    least = math.ceil(max(sides) / row.turn_max / step) * step if row.turn_max else 0
    return max(sides[0], least), max(sides[1], least)


def notes(row: Dialect, call: ProviderCall) -> tuple[str, ...]:
    """Return a line for every option that did not travel or was changed."""
    request, lines = call.request, list[str]()
    sent = size(row, call) if has_size(row, call) else "the source picture's own size"
    lines.extend(answers.size_note((request.width, request.height), sent))
    if (request.seed is not None) and not takes_seed(row, call):
        lines.append("Seed: not supported by this model, not sent.")
    if request.negative and not takes_negative(row, call):
        lines.append("Negative prompt: not supported by this model, not sent.")
    if call.images and not takes_strength(row, call):
        lines.append("Strength: not supported by this model, not sent.")
    if any(row.guard(text) != text for text in (call.prompt, request.negative)):
        lines.append(ALTERED)
    return tuple(lines)
