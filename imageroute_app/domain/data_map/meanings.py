"""How a field's meaning is written down, and what fields of the same name mean in every table."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a field says, who it came from, and in which unit it counts."""

    text: str
    given: bool = False
    unit: str = ""


def you(text: str, unit: str = "") -> Meaning:
    """Describe what the person gave, or what came of what the person did here."""
    return Meaning(text, given=True, unit=unit)


def us(text: str, unit: str = "") -> Meaning:
    """Describe what we made or were told by others."""
    return Meaning(text, unit=unit)


COMMON: Mapping[str, Meaning] = {
    "id": us("The number by which we tell this record from others; newer ones sort behind older ones"),
    "owner": us("The number of your account"),
    "version": us("How often the record was changed"),
    "created_at": us("When the record was made", "UTC"),
    "updated_at": us("When the record was last changed", "UTC"),
    "started_at": us("When it began", "UTC"),
    "ended_at": us("When it was over", "UTC"),
    "answered_at": us("When it was answered", "UTC"),
    "expires_at": us("When it ends or is removed", "UTC"),
    "lease_holder": us("Which of our workers had it in hand"),
    "lease_until": us("Until when that worker had it to itself", "UTC"),
    "state": us("Where it stands"),
    "kind": us("What kind of record it is"),
    "job_id": us("The generation that it belongs to"),
    "image_id": us("The picture that it belongs to"),
    "image_ids": us("The pictures that it belongs to"),
    "provider": us("Which provider was asked"),
    "model": us("Which model was asked"),
    "width": us("Width", "pixels"),
    "height": us("Height", "pixels"),
    "mime": us("The type of the file"),
    "size_bytes": us("The size of the file", "bytes"),
    "sha256": us("The SHA-256 checksum of the file"),
    "colour": us("The picture's main colour, shown until it is loaded; “transparent” for one that can be seen through"),
    "request": you("What you asked for: prompt, model, size, style, seed, sources and your rule"),
    "retry_of": us("The generation that this one repeats"),
    "reason": us("Why it happened"),
}
