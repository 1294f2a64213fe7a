"""fal.ai's queue: a job is submitted once and then watched at the addresses that fal itself named for it.

Principles: with every request fal is told to keep no payload, to drop its files after an hour and to run nothing twice. An
address that fal named gets the key only where VendorHttp allows it; pictures come from its public CDN without one. How
models differ stands in the catalogue: `options.input` are fixed fields, `options.edit` is the path for edits.
"""

import json
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from imageroute_app.adapters.answers import (
    BROKE,
    EMPTY,
    GONE,
    NO_CREDIT,
    REFUSED,
    data_uri,
    dropped_notes,
    fetch_pictures,
    fitted,
    patient_get,
    refused,
    rejected,
    size_note,
)
from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.fal_platform import PLATFORM, forget
from imageroute_app.adapters.http import Answer, Opening, VendorHttp, at, paced
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import (
    Billed,
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

ALWAYS = {
    "X-Fal-Store-IO": "0",
    "X-Fal-Object-Lifecycle-Preference": '{"expiration_duration_seconds":3600}',
    "X-Fal-No-Retry": "1",
}
WAITING = {"IN_QUEUE": "queued", "IN_PROGRESS": "running"}
UNKNOWN_MAX = 3
POLICY = "content_policy_violation"
TIMEOUTS = frozenset({"request_timeout", "startup_timeout", "generation_timeout"})
BALANCE = re.compile(r"exhausted balance|user is locked", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A submitted job by fal's own addresses; as JSON it is the job_ref."""

    id: str
    status: str
    result: str
    cancel: str


class FalProvider:
    """ImageProvider for models that run at fal.ai."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = 60.0) -> None:
        self.id = catalogue.id
        self._models, self._sleep = catalogue.models, opening.sleep
        is_vendors = opening.url in ("", catalogue.url)
        self._platform = PLATFORM if is_vendors else opening.url.rstrip("/")
        self._http = VendorHttp(
            base_url=opening.url or catalogue.url,
            headers={"Authorization": f"Key {opening.key}", **ALWAYS},
            key_hosts=catalogue.key_hosts,
            download_hosts=catalogue.download_hosts,
            read_s=read_s,
        )

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Submit one job, which must have begun before our deadline, and follow it."""
        path = call.model.options.get("edit", call.model.remote) if call.images else call.model.remote
        headers = {"X-Fal-Request-Timeout": str(call.model.deadline_s)}
        answer = await self._http.post(path, paid=True, headers=headers, json=_input(call))
        if not answer.is_ok:
            raise _failed(answer, has_run=False)
        names = {"id": "request_id", "status": "status_url", "result": "response_url", "cancel": "cancel_url"}
        job = _job({ours: answer.text(theirs) for ours, theirs in names.items()})
        yield Submitted(job_ref=json.dumps(asdict(job), separators=(",", ":")))
        async for event in self._follow(call, job):
            yield event

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """Watch a job that an earlier process submitted."""
        async for event in self._follow(call, _read_job(job_ref)):
            yield event

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """Ask to stop; only what has not begun is free, so a job that is then seen to run or to be done was too late."""
        job = _read_job(job_ref)
        answer = await self._http.put(job.cancel)
        if not answer.is_ok:
            return "too_late" if answer.status in (400, 404) else "unsupported"
        seen = await self._http.get(job.status)
        if not seen.is_ok and seen.status not in (404, 410):
            return "unsupported"
        has_ended = seen.text("status") == "COMPLETED" and not seen.at("error")
        return "too_late" if has_ended or seen.text("status") == "IN_PROGRESS" else "stopped"

    async def forget(self, job_ref: str) -> Forgotten:
        """Erase payload and files of a job by its platform API."""
        return await forget(self._http, self._platform, _read_job(job_ref).id)

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """There is no free preview."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _follow(self, call: ProviderCall, job: Job) -> AsyncIterator[ProviderEvent]:
        unknown = 0
        async for _ in paced(self._sleep):
            seen = await patient_get(self._http, self._sleep, job.status)
            status = seen.text("status")
            if status == "COMPLETED":
                break
            unknown = 0 if status in WAITING else unknown + 1
            if unknown >= UNKNOWN_MAX:
                raise ProviderError(
                    ErrorKind.RESULT_LOST, "The provider's job is in no state that we know.", billed="unknown"
                )
            if status in WAITING:
                yield Progress(stage="queued" if status == "IN_QUEUE" else "running")
        else:
            return
        result = await self._ended(job, seen)
        addresses = _addresses(call, result)
        yield Progress(stage="downloading")

        async def again() -> Sequence[str]:
            return _addresses(call, await self._result(job))

        yield _done(call, job, result, await fetch_pictures(self._http, addresses, again))

    async def _ended(self, job: Job, seen: Answer) -> Any:
        """Return the result of a completed job. COMPLETED may carry an error; where it has no type, the result tells more."""
        if found := _by_type(seen.text("error_type"), billed="unknown"):
            raise found
        result = await self._result(job)
        if seen.at("error"):
            raise ProviderError(ErrorKind.TRANSIENT, BROKE, billed="unknown")
        return result

    async def _result(self, job: Job) -> Any:
        answer = await patient_get(self._http, self._sleep, job.result, wanted=_is_verdict)
        if not answer.is_ok:
            raise _failed(answer, has_run=True)
        return answer.json


# --- What is sent -----------------------------------------------------------------------------------------------------


def _input(call: ProviderCall) -> dict[str, Any]:
    able, options = call.model.capabilities, call.model.options
    width, height = _size(call)
    fields: dict[str, Any] = {"prompt": call.prompt, **options.get("input", {})}
    fields["image_size"] = {"width": width, "height": height}
    if able.takes_seed:
        fields["seed"] = call.seed
    if able.max_count > 1:
        fields["num_images"] = call.count
    if call.images:
        fields["image_urls"] = [data_uri(image) for image in call.images[: able.max_references]]
    return fields


def _size(call: ProviderCall) -> tuple[int, int]:
    able, asked = call.model.capabilities, call.request
    return fitted(asked.width, asked.height, multiple_of=able.multiple_of, pixels_max=able.pixels_max)


# --- What comes back --------------------------------------------------------------------------------------------------


def _job(facts: Any) -> Job:
    found = {name: at(facts, name) for name in ("id", "status", "result", "cancel")}
    if not all(isinstance(value, str) and value for value in found.values()):
        raise ProviderError(ErrorKind.RESULT_LOST, "The provider named no job.", billed="unknown")
    return Job(**found)


def _read_job(job_ref: str) -> Job:
    try:
        return _job(json.loads(job_ref))
    except ValueError as error:
        raise ProviderError(ErrorKind.RESULT_LOST, "The job's number cannot be read.", billed="unknown") from error


def _is_verdict(answer: Answer) -> bool:
    """Say whether fal tells the job's end: a result, or an error in one of its two shapes."""
    return answer.is_ok or (answer.status != 429 and _is_fals(answer))


def _is_fals(answer: Answer) -> bool:
    return bool(answer.at("detail") or _error_type(answer))


def _error_type(answer: Answer) -> str:
    """Return the type of either error shape: the model's list of details, or the platform's text with a type beside it."""
    return answer.text("detail", 0, "type") or answer.text("error_type") or answer.headers.get("x-fal-error-type", "")


def _by_type(error_type: str, *, billed: Billed) -> ProviderError | None:
    """Return what a type of error means wherever it stands, or None. What a runner did not finish costs nothing."""
    if error_type == POLICY:
        return ProviderError(ErrorKind.REFUSED, REFUSED, billed=billed, stage="input")
    if error_type in TIMEOUTS:
        return ProviderError(ErrorKind.TIMEOUT, "The provider did not finish in time.")
    if error_type.startswith("runner_"):
        return ProviderError(ErrorKind.TRANSIENT, BROKE)
    if error_type == "client_cancelled":
        return ProviderError(ErrorKind.CANCELLED, "The provider stopped the job.", billed=billed)
    if error_type == "no_media_generated":
        return ProviderError(ErrorKind.RESULT_LOST, EMPTY, billed=billed)
    return None


def _failed(answer: Answer, *, has_run: bool) -> ProviderError:
    """Return what an error of the submission or of the result means; fal bills no 5xx, and a 422 only if a runner saw it."""
    billed: Billed = "unknown" if has_run and answer.status < 500 else "no"
    found = _by_type(_error_type(answer), billed=billed)
    if found is not None:
        found.stage = _stage(answer) if found.kind is ErrorKind.REFUSED else ""
        return found
    if has_run and answer.status in (404, 410):
        return ProviderError(ErrorKind.RESULT_LOST, GONE, billed="unknown")
    if answer.status == 403 and BALANCE.search(answer.text("detail")):
        return ProviderError(ErrorKind.QUOTA, NO_CREDIT)
    error = rejected(answer, paid=not has_run)
    if has_run or _is_fals(answer):
        error.billed = billed
    return error


def _stage(answer: Answer) -> Any:
    """Return "output" when the detail's place is a picture that was made, else "input"."""
    place = answer.at("detail", 0, "loc")
    return "output" if isinstance(place, list) and {"output", "response", "images"} & set(map(str, place)) else "input"


def _kept(result: Any) -> tuple[list[str], int]:
    """Return the addresses of the pictures and how many were held back; those are black squares at best."""
    images, flags = at(result, "images"), at(result, "has_nsfw_concepts")
    held = [at(flags, number) is True for number in range(len(images) if isinstance(images, list) else 0)]
    urls = [at(images, number, "url") for number, is_held in enumerate(held) if not is_held]
    return [url for url in urls if isinstance(url, str) and url], sum(held)


def _addresses(call: ProviderCall, result: Any) -> list[str]:
    found, held_back = _kept(result)
    if found:
        return found[: call.count]
    if held_back:
        raise refused("output", billed=True)
    raise ProviderError(ErrorKind.RESULT_LOST, EMPTY, billed="unknown")


def _done(call: ProviderCall, job: Job, result: Any, files: Sequence[bytes]) -> Done:
    told = at(result, "seed")
    seed = told if isinstance(told, int) else call.seed if call.model.capabilities.takes_seed else None
    held_back = min(_kept(result)[1], max(0, call.count - len(files)))
    notes = _notes(call)
    if len(files) + held_back < call.count:
        notes.append(f"{len(files)} of {call.count} pictures came back.")
    pictures = [Picture(data=data, seed=seed) for data in files]
    return Done(pictures=pictures, notes=tuple(notes), refused=held_back, request_id=job.id)


def _notes(call: ProviderCall) -> list[str]:
    return [*dropped_notes(call), *size_note((call.request.width, call.request.height), _size(call))]
