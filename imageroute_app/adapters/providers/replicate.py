"""Replicate: official models as predictions that are submitted once and then polled.

Principle: the prediction's id is the only thing kept of a submission; every later address is built from it on our base, so
no address that an answer names ever gets the key. How models differ stands in the catalogue: `options.input` are fixed
fields, `options.pictures` and `options.strength` name the fields for source pictures and strength.
"""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from imageroute_app.adapters.answers import (
    BROKE,
    EMPTY,
    closest_ratio,
    data_uri,
    decode_picture,
    fitted,
    rejected,
    size_note,
)
from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.http import Answer, Opening, VendorHttp, at, paced
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

WAITING = {"starting": "queued", "processing": "running"}
FINAL = frozenset({"succeeded", "failed", "canceled", "aborted"})
UNKNOWN_MAX = 3
POLL_FAILURES_MAX = 5
RATE_WAIT_S = 10.0
ID = re.compile(r"[A-Za-z0-9]{8,64}")
RESET = re.compile(r"resets? in ~?(\d{1,6}(?:\.\d+)?)\s?s")
PERCENT = re.compile(r"(\d{1,3})%\|")
HELD_BACK = re.compile(r"nsfw content|flagged as sensitive|\bE005\b|content policy", re.IGNORECASE)
GONE = "The provider deletes results after an hour; this one is gone."


class ReplicateProvider:
    """ImageProvider for Replicate's official models."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = 60.0) -> None:
        self.id = catalogue.id
        self._models, self._sleep = catalogue.models, opening.sleep
        self._http = VendorHttp(
            base_url=opening.url or catalogue.url,
            headers={"Authorization": f"Bearer {opening.key}"},
            key_hosts=catalogue.key_hosts,
            download_hosts=catalogue.download_hosts,
            read_s=read_s,
        )

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Create one prediction and follow it; `Prefer: wait=1` spares the poll for what is done within a second."""
        headers = {"Prefer": "wait=1", "Cancel-After": f"{call.model.deadline_s}s"}
        path = f"models/{call.model.remote}/predictions"
        answer = await self._http.post(path, paid=True, headers=headers, json={"input": _input(call)})
        if not answer.is_ok:
            raise rejected(answer, paid=True, retry_after_s=_wait_s(answer))
        job_id = answer.text("id")
        if not ID.fullmatch(job_id):
            raise ProviderError(ErrorKind.RESULT_LOST, "The provider named no job.", billed="unknown")
        yield Submitted(job_ref=json.dumps({"id": job_id}, separators=(",", ":")))
        async for event in self._follow(call, job_id, answer.json):
            yield event

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """Poll a prediction that an earlier process submitted."""
        job_id = _job_id(job_ref)
        async for event in self._follow(call, job_id, await self._poll(job_id)):
            yield event

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """Ask to stop; only what had not begun to run is free, so only that counts as stopped."""
        answer = await self._http.post(f"predictions/{_job_id(job_ref)}/cancel", paid=False)
        if not answer.is_ok:
            return "too_late" if answer.status in (404, 409, 422) else "unsupported"
        status, has_begun = answer.text("status"), bool(answer.at("started_at"))
        return "stopped" if status == "aborted" or (status == "canceled" and not has_begun) else "too_late"

    async def forget(self, job_ref: str) -> Forgotten:
        """There is no such API (checked 2026-11-27); all of it goes by itself after an hour."""
        return "unsupported"

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """There is no free preview."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _follow(self, call: ProviderCall, job_id: str, seen: Any) -> AsyncIterator[ProviderEvent]:
        unknown = 0
        pace = paced(self._sleep)
        while (status := at(seen, "status")) not in FINAL:
            unknown = 0 if status in WAITING else unknown + 1
            if unknown >= UNKNOWN_MAX:
                raise ProviderError(
                    ErrorKind.RESULT_LOST, "The provider's job is in no state that we know.", billed="unknown"
                )
            if status in WAITING:
                yield Progress(stage="queued" if status == "starting" else "running", fraction=_fraction(seen))
            await anext(pace)
            seen = await self._poll(job_id)
        addresses = _addresses(call, seen)
        yield Progress(stage="downloading")
        files = await self._files(job_id, call, addresses)
        yield _done(call, job_id, seen, files)

    async def _poll(self, job_id: str) -> Any:
        """Return the prediction; what has been submitted may be billed, so every failure to see it is "unknown"."""
        failed = ProviderError(ErrorKind.TRANSIENT, BROKE)
        for _ in range(POLL_FAILURES_MAX):
            try:
                answer = await self._http.get(f"predictions/{job_id}")
            except ProviderError as error:
                failed = error
                await self._sleep(1.0)
                continue
            if answer.is_ok:
                return answer.json
            if answer.status in (404, 410):
                raise ProviderError(ErrorKind.RESULT_LOST, GONE, billed="unknown")
            failed = rejected(answer, paid=False)
            if failed.kind not in (ErrorKind.RATE, ErrorKind.TRANSIENT):
                break
            wait_s = _wait_s(answer)
            await self._sleep(RATE_WAIT_S if wait_s is None and failed.kind is ErrorKind.RATE else wait_s or 1.0)
        raise ProviderError(failed.kind, str(failed), billed="unknown") from failed

    async def _files(self, job_id: str, call: ProviderCall, addresses: Sequence[str]) -> list[bytes]:
        """Return the pictures' bytes; an address that no longer works is asked for once more, never the picture."""
        try:
            return [await self._file(address) for address in addresses]
        except ProviderError as error:
            if error.kind not in (ErrorKind.RESULT_LOST, ErrorKind.TRANSIENT):
                raise
        try:
            return [await self._file(address) for address in _addresses(call, await self._poll(job_id))]
        except ProviderError as error:
            raise ProviderError(ErrorKind.RESULT_LOST, "The picture could not be fetched.", billed="yes") from error

    async def _file(self, address: str) -> bytes:
        return decode_picture(address) if address.startswith("data:") else await self._http.download(address)


# --- What is sent -----------------------------------------------------------------------------------------------------


def _input(call: ProviderCall) -> dict[str, Any]:
    able, options = call.model.capabilities, call.model.options
    fields: dict[str, Any] = {"prompt": call.prompt, **options.get("input", {}), **_shape(call)}
    if able.takes_seed:
        fields["seed"] = call.seed
    if able.takes_negative and call.request.negative:
        fields["negative_prompt"] = call.request.negative
    if able.max_count > 1:
        fields["num_outputs"] = call.count
    if call.images:
        fields |= _pictures(call, options)
    return fields


def _shape(call: ProviderCall) -> dict[str, Any]:
    """Return the fields for the size: none for a masked picture, which keeps its own."""
    able = call.model.capabilities
    if able.takes_mask and call.images:
        return {}
    if able.geometry == "ratios":
        return {"aspect_ratio": closest_ratio(able.ratios, call.request.width, call.request.height)}
    width, height = fitted(
        call.request.width, call.request.height, multiple_of=able.multiple_of, pixels_max=able.pixels_max
    )
    return {"aspect_ratio": "custom", "width": min(width, able.side_max_px), "height": min(height, able.side_max_px)}


def _pictures(call: ProviderCall, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields for source pictures; the mask goes as it is, since white means change here as well."""
    field = options.get("pictures", "image")
    sent = [data_uri(image) for image in call.images[: call.model.capabilities.max_references]]
    fields: dict[str, Any] = {field: sent if field.endswith("images") else sent[0]}
    if call.mask is not None and call.model.capabilities.takes_mask:
        fields["mask"] = data_uri(call.mask)
    if "strength" in options:
        fields[options["strength"]] = call.request.strength
    return fields


# --- What comes back --------------------------------------------------------------------------------------------------


def _job_id(job_ref: str) -> str:
    try:
        found = at(json.loads(job_ref), "id")
    except ValueError:
        found = None
    if not isinstance(found, str) or not ID.fullmatch(found):
        raise ProviderError(ErrorKind.RESULT_LOST, "The job's number cannot be read.", billed="unknown")
    return found


def _wait_s(answer: Answer) -> float | None:
    """Return the seconds to wait, which stand in the text ("resets in ~30s") when there is no header."""
    found = RESET.search(answer.text("detail"))
    if answer.retry_after_s is None and found:
        return float(found[1])
    return answer.retry_after_s


def _fraction(seen: Any) -> float | None:
    logs = at(seen, "logs")
    percents = PERCENT.findall(logs) if isinstance(logs, str) else []
    return min(int(percents[-1]), 100) / 100 if percents else None


def _addresses(call: ProviderCall, seen: Any) -> list[str]:
    """Return the pictures' addresses of an ended prediction, or raise what its ending means."""
    status, error = at(seen, "status"), at(seen, "error")
    if status == "aborted":  # its deadline passed before it began: not billed
        raise ProviderError(ErrorKind.TIMEOUT, "The provider did not begin in time.")
    if status == "canceled":  # stopped while it ran: billed
        raise ProviderError(ErrorKind.CANCELLED, "The provider stopped the job.", billed="yes")
    output = at(seen, "output")
    found = [output] if isinstance(output, str) else output if isinstance(output, list) else []
    addresses = [address for address in found if isinstance(address, str) and address][: call.count]
    if status == "succeeded" and addresses and not error:
        return addresses
    if _is_held_back(seen):
        raise ProviderError(
            ErrorKind.REFUSED, "The provider's rules do not allow this picture.", billed="unknown", stage="output"
        )
    if status == "failed" or error:
        raise ProviderError(ErrorKind.TRANSIENT, BROKE, billed="unknown")
    if at(seen, "data_removed"):
        raise ProviderError(ErrorKind.RESULT_LOST, GONE, billed="yes")
    raise ProviderError(ErrorKind.RESULT_LOST, EMPTY, billed="unknown")


def _is_held_back(seen: Any) -> bool:
    text = at(seen, "error") or at(seen, "logs")
    return isinstance(text, str) and bool(HELD_BACK.search(text))


def _done(call: ProviderCall, job_id: str, seen: Any, files: Sequence[bytes]) -> Done:
    seed = call.seed if call.model.capabilities.takes_seed else None
    missing = max(0, call.count - len(files))
    held_back = missing if _is_held_back(seen) else 0
    notes = _notes(call)
    if missing > held_back:
        notes = (*notes, f"{len(files)} of {call.count} pictures came back.")
    pictures = [Picture(data=data, seed=seed) for data in files]
    return Done(pictures=pictures, notes=notes, refused=held_back, request_id=job_id)


def _notes(call: ProviderCall) -> tuple[str, ...]:
    able, request = call.model.capabilities, call.request
    notes: list[str] = []
    if not able.takes_seed:
        notes.append("Seed: not supported, not sent.")
    elif call.count > 1:
        notes.append(f"Seed: one for all {call.count} pictures.")
    if request.negative and not able.takes_negative:
        notes.append("Negative prompt: not supported, not sent.")
    if call.images and "strength" not in call.model.options:
        notes.append("Strength: not supported, not sent.")
    if len(call.images) > able.max_references:
        notes.append(f"Pictures: only the first {able.max_references} sent.")
    return (*notes, *_size_notes(call))


def _size_notes(call: ProviderCall) -> tuple[str, ...]:
    asked, shape = (call.request.width, call.request.height), _shape(call)
    if not shape:
        return ("Size: the source picture's.",)
    if shape["aspect_ratio"] == "custom":
        return size_note(asked, (shape["width"], shape["height"]))
    return size_note(asked, f"shape {shape['aspect_ratio']}")
