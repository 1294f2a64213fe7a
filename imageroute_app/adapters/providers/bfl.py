"""Black Forest Labs: a task is submitted once to the region's host and then watched at the address the answer named.

Principle: that address may be another host of theirs, so VendorHttp checks that it is https at *.bfl.ai before the key goes
there; the picture's own address is signed, lives for ten minutes and gets no key. How models differ stands in the catalogue:
`options.input` are fixed fields, `options.pictures` names the field for source pictures.
"""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from imageroute_app.adapters.answers import (
    BROKE,
    EMPTY,
    GONE,
    REFUSED,
    closest_ratio,
    dropped_notes,
    encode_picture,
    fetch_pictures,
    fitted,
    patient_get,
    rejected,
    size_note,
)
from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.http import Answer, Opening, VendorHttp, paced
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

PENDING, READY, ERROR, MISSING = "Pending", "Ready", "Error", "Task not found"
MODERATED: Mapping[str, Any] = {"Request Moderated": "input", "Content Moderated": "output"}
ENDS = frozenset({READY, ERROR, *MODERATED})
UNKNOWN_MAX = 3
CREDIT_MICRO_USD = 10_000  # 1 credit = $0.01 (docs.bfl.ai, checked 2026-11-23)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A submitted task: its number, the address to watch it at and the credits it was said to cost; as JSON the job_ref."""

    id: str
    url: str
    cost: float | None


class BflProvider:
    """ImageProvider for FLUX at its makers; one instance for each region."""

    def __init__(self, catalogue: Catalogue, opening: Opening, *, read_s: float = 60.0) -> None:
        self.id = catalogue.id
        self._models, self._sleep = catalogue.models, opening.sleep
        self._http = VendorHttp(
            base_url=opening.url or catalogue.url,
            headers={"x-key": opening.key},
            key_hosts=catalogue.key_hosts,
            download_hosts=catalogue.download_hosts,
            read_s=read_s,
        )

    def models(self) -> Sequence[Model]:
        """Return the catalogue's models."""
        return self._models

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        """Submit one task and follow it."""
        answer = await self._http.post(f"v1/{call.model.remote}", paid=True, json=_body(call))
        if not answer.is_ok:
            raise rejected(answer, paid=True)
        job = _job({"id": answer.at("id"), "url": answer.at("polling_url"), "cost": answer.at("cost")})
        yield Submitted(job_ref=json.dumps(asdict(job), separators=(",", ":")))
        async for event in self._follow(call, job):
            yield event

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        """Watch a task that an earlier process submitted."""
        try:
            job = _job(json.loads(job_ref))
        except ValueError as error:
            raise ProviderError(ErrorKind.RESULT_LOST, "The job's number cannot be read.", billed="unknown") from error
        async for event in self._follow(call, job):
            yield event

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        """There is no way to cancel."""
        return "unsupported"

    async def forget(self, job_ref: str) -> Forgotten:
        """There is no such API."""
        return "unsupported"

    async def preview(self, request: Request, seed: int) -> bytes | None:
        """There is no free preview."""
        return None

    async def close(self) -> None:
        """Close the connections."""
        await self._http.close()

    async def _follow(self, call: ProviderCall, job: Job) -> AsyncIterator[ProviderEvent]:
        unknown = 0
        async for _ in paced(self._sleep):
            seen = await self._look(job)
            status = seen.text("status")
            if status in ENDS:
                break
            unknown = 0 if status == PENDING else unknown + 1
            if unknown >= UNKNOWN_MAX:
                words = GONE if status == MISSING else "The provider's job is in no state that we know."
                raise ProviderError(ErrorKind.RESULT_LOST, words, billed="unknown")
            yield Progress(stage="running", fraction=_fraction(seen))
        else:
            return
        sample = _sample(seen)
        yield Progress(stage="downloading")

        async def again() -> Sequence[str]:
            return [_sample(await self._look(job))]

        yield _done(call, job, seen, await fetch_pictures(self._http, [sample], again))

    async def _look(self, job: Job) -> Answer:
        """Return the task as it stands; "Task not found" may come with a 404 and counts like a status."""
        return await patient_get(self._http, self._sleep, job.url, wanted=_is_told)


# --- What is sent -----------------------------------------------------------------------------------------------------


def _body(call: ProviderCall) -> dict[str, Any]:
    options = call.model.options
    body: dict[str, Any] = {"prompt": call.prompt, **options.get("input", {}), **_shape(call)}
    if call.model.capabilities.takes_seed:
        body["seed"] = call.seed
    if call.images:
        body |= _pictures(call, options.get("pictures", "input_image"))
    return body


def _shape(call: ProviderCall) -> dict[str, Any]:
    """Return the fields for the size: none for a masked picture, which keeps its own."""
    able, asked = call.model.capabilities, call.request
    if able.takes_mask:
        return {}
    if able.geometry == "ratios":
        return {"aspect_ratio": closest_ratio(able.ratios, asked.width, asked.height)}
    width, height = fitted(asked.width, asked.height, multiple_of=able.multiple_of, pixels_max=able.pixels_max)
    return {"width": width, "height": height}


def _pictures(call: ProviderCall, field: str) -> dict[str, Any]:
    """Return the fields for source pictures: a list, or the field and then its name with _2, _3 and so on.

    The mask goes as it is, since white means change here as well.
    """
    able = call.model.capabilities
    sent = [encode_picture(image) for image in call.images[: able.max_references]]
    if field == "images":
        return {field: sent}
    named = {field if number == 1 else f"{field}_{number}": text for number, text in enumerate(sent, start=1)}
    return named | ({"mask": encode_picture(call.mask)} if call.mask is not None and able.takes_mask else {})


# --- What comes back --------------------------------------------------------------------------------------------------


def _job(facts: Any) -> Job:
    found = facts if isinstance(facts, dict) else {}
    number, url, cost = found.get("id"), found.get("url"), found.get("cost")
    if not isinstance(number, str) or not isinstance(url, str) or not url:
        raise ProviderError(ErrorKind.RESULT_LOST, "The provider named no job.", billed="unknown")
    return Job(id=number, url=url, cost=cost if isinstance(cost, int | float) else None)


def _is_told(answer: Answer) -> bool:
    return answer.is_ok or (answer.status == 404 and answer.text("status") == MISSING)


def _fraction(seen: Answer) -> float | None:
    told = seen.at("progress")
    return min(max(float(told), 0.0), 1.0) if isinstance(told, int | float) else None


def _credits(seen: Answer) -> float | None:
    cost = seen.at("cost")
    return cost if isinstance(cost, int | float) else None


def _sample(seen: Answer) -> str:
    """Return the picture's address of an ended task, or raise what that end means; only a named cost tells if it is billed."""
    status, cost = seen.text("status"), _credits(seen)
    billed: Billed = "unknown" if cost is None else "yes" if cost else "no"
    if status in MODERATED:
        raise ProviderError(ErrorKind.REFUSED, REFUSED, billed=billed, stage=MODERATED[status])
    if status == ERROR:
        raise ProviderError(ErrorKind.TRANSIENT, BROKE, billed=billed)
    if status == READY and (sample := seen.text("result", "sample")):
        return sample
    raise ProviderError(ErrorKind.RESULT_LOST, EMPTY, billed=billed)


def _done(call: ProviderCall, job: Job, seen: Answer, files: Sequence[bytes]) -> Done:
    told, cost = seen.at("result", "seed"), _credits(seen)
    seed = told if isinstance(told, int) else call.seed if call.model.capabilities.takes_seed else None
    cost = job.cost if cost is None else cost
    return Done(
        pictures=[Picture(data=data, seed=seed) for data in files],
        cost_micro_usd=None if cost is None else round(cost * CREDIT_MICRO_USD),
        notes=(*dropped_notes(call), *_size_notes(call), *_prompt_notes(call, seen)),
        request_id=job.id,
    )


def _size_notes(call: ProviderCall) -> tuple[str, ...]:
    asked, shape = (call.request.width, call.request.height), _shape(call)
    if not shape:
        return ("Size: the source picture's.",)
    got = f"shape {shape['aspect_ratio']}" if "aspect_ratio" in shape else (shape["width"], shape["height"])
    return size_note(asked, got)


def _prompt_notes(call: ProviderCall, seen: Answer) -> tuple[str, ...]:
    drawn = seen.text("result", "prompt").strip()
    return ("Prompt: the provider rewrote it before drawing.",) if drawn and drawn != call.prompt.strip() else ()
