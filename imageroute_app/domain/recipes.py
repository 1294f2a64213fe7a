"""Recipes: everything that makes a picture again, as JSON beside its file and as settings for the form.

The same picture has the same recipe byte for byte as long as what it was made from is there: an archive relies on it.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.gallery import UNKNOWN_SEED, Image
from imageroute_app.domain.jobs import Job

KIND, VERSION = "imageroute-recipe", 1
SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
RECIPE_MAX_BYTES = 64 * 1024
ENCODER = json.JSONEncoder(ensure_ascii=False)
UNREADABLE = "This file holds no settings of ours. Choose a recipe (.json) or a picture that you downloaded here."


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """What was read from a recipe; nothing in it is believed, the form checks every value."""

    fields: Mapping[str, str] = field(default_factory=dict[str, str])
    source_id: str = ""
    task: str = ""


def sources_of(image: Image, job: Job | None) -> tuple[str, tuple[str, ...]]:
    """Return the id of the picture that this one was made from, and those of its references."""
    if job is None:
        return image.source_id, ()
    return image.source_id or job.request.source_id, job.request.reference_ids


def write_recipe(image: Image, job: Job | None, hashes: Mapping[str, str]) -> bytes:
    """Return the recipe as UTF-8 JSON; `hashes` maps ids of pictures that are still there to their SHA-256."""
    source_id, reference_ids = sources_of(image, job)
    content: dict[str, object] = {
        "kind": KIND,
        "version": VERSION,
        "prompt": image.prompt,
        "negative": image.negative,
        "provider": image.provider,
        "model": image.model,
        "style": image.style,
        "width": image.width,
        "height": image.height,
        "seed": None if image.seed == UNKNOWN_SEED else image.seed,
        **_task(job),
        "source": _reference(source_id, hashes) if source_id else None,
        "references": [_reference(reference_id, hashes) for reference_id in reference_ids],
        "receipt": image.job_id,
        "price_credits": image.price_credits,
        "created_at": image.created_at.isoformat(timespec="milliseconds"),
        "original": {
            "id": image.id,
            "type": image.mime,
            "size_bytes": image.size_bytes,
            "sha256": image.sha256,
        },
        "marking": {"digital_source_type": SOURCE_TYPES + image.source_type if image.source_type else None},
    }
    return (ENCODER.encode(content) + "\n").encode()


def _task(job: Job | None) -> dict[str, object]:
    if job is None:
        return {"task": None}
    request = job.request
    return {
        "task": request.task.value,
        "strength": request.strength,
        "scale": request.scale,
        "expand": list(request.expand),
        "mask": request.mask_id or None,
    }


def _reference(image_id: str, hashes: Mapping[str, str]) -> dict[str, object]:
    return {"id": image_id, "sha256": hashes.get(image_id)}


def read_recipe(data: bytes) -> Recipe:
    """Return what a recipe says, in the words of the form; raises InvalidInput for anything else."""
    try:
        content = json.loads(data) if len(data) <= RECIPE_MAX_BYTES else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise InvalidInput(UNREADABLE)
    values = cast("dict[str, object]", content)
    if values.get("kind") != KIND or values.get("version") != VERSION:
        raise InvalidInput(UNREADABLE)
    source = values.get("source")
    source_id = cast("dict[str, object]", source).get("id") if isinstance(source, dict) else ""
    return Recipe(
        fields=_fields(values),
        source_id=source_id if isinstance(source_id, str) else "",
        task=_text(values, "task"),
    )


def _fields(values: Mapping[str, object]) -> dict[str, str]:
    seed, strength = _number(values, "seed"), values.get("strength")
    found = {
        "prompt": _text(values, "prompt"),
        "negative": _text(values, "negative"),
        "model": f"{_text(values, 'provider')}/{_text(values, 'model')}",
        "size": f"{_number(values, 'width') or 0}x{_number(values, 'height') or 0}",
        "style": _text(values, "style"),
        "seed": "" if seed is None else str(seed),
        "count": "1",
    }
    if isinstance(strength, float | int) and 0 <= strength <= 1:
        found["strength"] = str(round(strength * 20) * 5)
    return found


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) else ""


def _number(values: Mapping[str, object], name: str) -> int | None:
    value = values.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**32 else None
