"""fal.ai's queue and its CDN, as strict as the vendor.

RULES names what each app takes, with its source ([S] SDK source, [D] documentation, [?] unconfirmed), so a change of the
contract is one row. Faults in the input are found by the runner, like at fal: the queue takes the job, its result is a 422.
"""

import asyncio
import json
import re
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.kit import Emulator, Place, Reply, Seen, picture

COMMON = {"prompt", "image_size", "seed", "num_images", "output_format", "sync_mode", "enable_safety_checker"}
FLUX_2 = COMMON | {"guidance_scale", "enable_prompt_expansion"}
PRESETS = ("square_hd", "square", "portrait_4_3", "portrait_16_9", "landscape_4_3", "landscape_16_9")  # [D]

RULES: dict[str, dict[str, Any]] = {  # [D: each model's llms.txt]
    "fal-ai/flux/schnell": {"fields": COMMON | {"num_inference_steps", "guidance_scale"}},
    "fal-ai/flux/dev": {"fields": COMMON | {"num_inference_steps", "guidance_scale"}},
    "fal-ai/flux-2/flash": {"fields": FLUX_2, "side": (512, 2048)},
    "fal-ai/flux-2/flash/edit": {"fields": FLUX_2 | {"image_urls"}, "side": (512, 2048), "needs": "image_urls"},
    "fal-ai/flux-2/turbo": {"fields": FLUX_2, "side": (512, 2048)},
    "fal-ai/flux-2/turbo/edit": {"fields": FLUX_2 | {"image_urls"}, "side": (512, 2048), "needs": "image_urls"},
}
POLICY = {
    "loc": ["body", "prompt"],
    "msg": "The content could not be processed because it contained material flagged by a content checker. vendor text",
    "type": "content_policy_violation",
    "url": "https://docs.fal.ai/errors#content_policy_violation",
    "ctx": {"extra_info": {"reason": "partner_validation_failed"}},
    "input": {"prompt": "..."},
}


def model_error(*details: dict[str, Any]) -> Reply:
    """Return an error in the model's shape [D: model-apis/errors]."""
    return Reply(422, {"detail": list(details)})


def platform_error(status: int, error_type: str, text: str = "vendor text") -> Reply:
    """Return an error in the platform's shape [D: model-apis/request-errors]."""
    return Reply(status, {"detail": text, "error_type": error_type}, {"X-Fal-Error-Type": error_type})


@dataclass
class Job:
    """One request in the queue; `lifetime_s` is how long its files live and `is_kept` whether its payload is stored."""

    id: str
    app: str
    input: dict[str, Any]
    created: float
    is_kept: bool
    lifetime_s: float | None
    status: str = "IN_QUEUE"
    polls: int = 0
    generation: int = 0
    is_erased: bool = False
    error: Reply | None = None


@dataclass
class FalEmulator(Emulator):
    """What `scenario.extra` may say.

    "end": the Reply that a job ends with instead of a result; "silent": its COMPLETED does not say so; "untyped": says so
    without a type; "flags": has_nsfw_concepts; "result": a result as it is; "dead": how many generations of addresses are
    dead; "files": another origin for them; "addresses": others in the answer to a submission. "erases": False where the key
    is not an admin's, "nothing" where no payload is stored; "lingers": erased files stay. `refuse` is "input" or "output".
    """

    key: str = "fal_test"
    jobs: dict[str, Job] = field(default_factory=dict)
    keys_at_files: int = 0

    async def reply(self, seen: Seen) -> Reply:
        if seen.path.startswith("/files/"):
            return self._file(seen)
        if seen.headers.get("authorization") != f"Key {self.key}":  # [S] not Bearer
            return Reply(401, {"detail": "Authentication is required to access this application. vendor text"})
        if found := re.fullmatch(r"/([\w-]+/[\w.-]+)/requests/([\w-]+)(/status|/cancel)?", seen.path):
            return self._job_reply(found[1], found[2], found[3] or "", seen)  # [S] the sub-path is dropped here
        if found := re.fullmatch(r"/v1/models/requests/([\w-]+)/payloads", seen.path):
            return self._erase(found[1], seen)
        if seen.method == "POST" and "/requests/" not in seen.path:
            return await self._submit(seen.path.strip("/"), seen)
        return Reply(404, {"detail": "Not Found"})

    async def _submit(self, app: str, seen: Seen) -> Reply:
        lifetime = self._lifetime(seen)
        if app not in RULES:
            return Reply(404, {"detail": "Application not found. vendor text"})
        if not isinstance(seen.json, dict) or lifetime == "wrong":
            return model_error({"loc": ["body"], "msg": "vendor text", "type": "value_error"})
        self.submissions += 1
        if failing := self.failing("submit"):
            self.billable += failing.drop == "before"
            return failing
        self.billable += 1
        await asyncio.sleep(self.scenario.latency_s)
        job = Job(
            id=f"764cabcf-b745-4b3e-ae38-{len(self.jobs):012d}",
            app=app,
            input=seen.json,
            created=self.clock.now,
            is_kept=seen.headers.get("x-fal-store-io") != "0",
            lifetime_s=lifetime,
        )
        self.jobs[job.id] = job
        base = f"{self.url}/{'/'.join(app.split('/')[:2])}/requests/{job.id}"
        addresses = {"response_url": base, "status_url": f"{base}/status", "cancel_url": f"{base}/cancel"}
        addresses |= self.scenario.extra.get("addresses", {})
        return Reply(200, {"status": "IN_QUEUE", "request_id": job.id, "queue_position": 0, **addresses})

    def _lifetime(self, seen: Seen) -> Any:
        text = seen.headers.get("x-fal-object-lifecycle-preference")
        try:
            found = json.loads(text)["expiration_duration_seconds"] if text else None
        except (ValueError, KeyError):
            return "wrong"
        return found if found is None or isinstance(found, int) else "wrong"

    def _job_reply(self, app: str, job_id: str, rest: str, seen: Seen) -> Reply:
        places: dict[str, Place] = {"/status": "poll", "/cancel": "cancel", "": "result"}
        if failing := self.failing(places[rest]):
            return failing
        job = self.jobs.get(job_id)
        if job is None or job.app.split("/")[:2] != app.split("/"):
            return Reply(404, {"detail": "Request not found. vendor text", "status": "NOT_FOUND"})
        if rest == "/cancel":
            return self._cancel(job) if seen.method == "PUT" else Reply(405, {"detail": "Method Not Allowed"})
        return self._status(job) if rest == "/status" else self._result(job)

    def _cancel(self, job: Job) -> Reply:
        if job.status == "COMPLETED":
            return Reply(400, {"status": "ALREADY_COMPLETED"})  # [S]
        if job.status == "IN_QUEUE":
            job.status, job.error = "COMPLETED", platform_error(499, "client_cancelled")
            self.billable -= 1
        return Reply(202, {"status": "CANCELLATION_REQUESTED"})  # [S] also while it runs, which then goes on

    def _erase(self, job_id: str, seen: Seen) -> Reply:
        """Erase payload and output files [D: platform-apis/v1/models/requests/payloads]; its errors are [?]."""
        erases, job = self.scenario.extra.get("erases", True), self.jobs.get(job_id)
        if seen.method != "DELETE":
            return Reply(405, {"detail": "Method Not Allowed"})
        if not erases:
            return Reply(403, {"error": {"type": "authorization_error", "message": "vendor text"}})
        if job is None or erases == "nothing":
            return Reply(404, {"error": {"type": "not_found", "message": "vendor text"}})
        job.is_erased = not self.scenario.extra.get("lingers", False)
        links = [f"{self.url}/files/{job.id}/{one}/0.png" for one in range(1, job.generation + 1)]
        return Reply(200, {"cdn_delete_results": [{"link": link, "exception": None} for link in links]})

    def _status(self, job: Job) -> Reply:
        if job.status != "COMPLETED":
            self._advance(job)
        told: dict[str, Any] = {"status": job.status, "request_id": job.id}
        if job.status == "IN_QUEUE":
            told["queue_position"] = 1
        if job.status == "COMPLETED":
            told["metrics"] = {"inference_time": 1.0}
        if job.error is not None and not self.scenario.extra.get("silent"):
            told["error"] = "vendor text"
            told |= {} if self.scenario.extra.get("untyped") else {"error_type": _type_of(job.error)}
        return Reply(200 if job.status == "COMPLETED" else 202, told)

    def _advance(self, job: Job) -> None:
        """Let the job be where the scenario wants it at this look; a list of statuses stays at its last one."""
        scenario, polls = self.scenario, job.polls
        job.polls += 1
        if scenario.statuses:
            job.status = scenario.statuses[min(polls, len(scenario.statuses) - 1)]
        elif polls < scenario.queue_polls:
            job.status = "IN_QUEUE" if polls < scenario.queue_polls // 2 else "IN_PROGRESS"
        else:
            job.status = "COMPLETED"
        if job.status == "COMPLETED":
            fault = _fault(RULES[job.app], job.input)
            job.error = scenario.extra.get("end") or (model_error(fault) if fault else None)
            if scenario.refuse == "input":
                job.error = model_error(POLICY)
            if job.error is not None and job.error.status >= 500:
                self.billable -= 1  # [D: faq] 5xx is not billed

    def _result(self, job: Job) -> Reply:
        if job.error is not None:
            return job.error
        if job.status != "COMPLETED":
            return Reply(400, {"detail": "Request is still in progress"})
        if "result" in self.scenario.extra:
            return Reply(200, self.scenario.extra["result"])
        asked = job.input.get("num_images", 1)
        count = asked if self.scenario.count is None else self.scenario.count
        flags = self.scenario.extra.get("flags", [self.scenario.refuse == "output"] * count)
        job.generation += 1
        origin = self.scenario.extra.get("files", self.url)
        mime = self.scenario.picture_mime or "image/png"
        size = {"width": 1024, "height": 1024, "content_type": mime}
        images = [{"url": f"{origin}/files/{job.id}/{job.generation}/{n}.png", **size} for n in range(count)]
        body = {"images": images, "has_nsfw_concepts": flags, "prompt": job.input["prompt"], "timings": {}}
        return Reply(200, body | {"seed": job.input.get("seed", 42)}, {"x-fal-billable-units": str(count)})

    def _file(self, seen: Seen) -> Reply:
        if "authorization" in seen.headers:  # the CDN is public: no place for a key
            self.keys_at_files += 1
            return Reply(400, b"a key arrived")
        if failing := self.failing("download"):
            return failing
        _, _, job_id, generation, name = seen.path.split("/")
        job = self.jobs.get(job_id)
        if job is None or int(generation) <= self.scenario.extra.get("dead", 0) or self._is_expired(job):
            return Reply(404, b"<html>gone</html>", {"content-type": "text/html"})
        mime, number = self.scenario.picture_mime or "image/png", int(name.partition(".")[0])
        data = self.scenario.body or picture(
            job.input["prompt"], mime=mime, number=number, size=self.scenario.size or (64, 64)
        )
        return Reply(200, data, {"content-type": mime}, bytes_per_s=self.scenario.slow_bytes_per_s)

    def _is_expired(self, job: Job) -> bool:
        return job.is_erased or (job.lifetime_s is not None and self.clock.now - job.created > job.lifetime_s)


def _type_of(error: Reply) -> str:
    detail = error.body.get("detail") if isinstance(error.body, dict) else None
    return detail[0]["type"] if isinstance(detail, list) else error.headers.get("X-Fal-Error-Type", "")


def _fault(rules: dict[str, Any], fields: dict[str, Any]) -> dict[str, Any] | None:
    """Return the detail of what the model would object to in an input, or None."""
    size, sides = fields.get("image_size", "square"), rules.get("side", (64, 14142))
    pixels = [size.get("width"), size.get("height")] if isinstance(size, dict) else []
    checks = (
        (next(iter(sorted(set(fields) - rules["fields"])), ""), "extra_forbidden"),  # [?] may be ignored instead
        ("" if isinstance(fields.get("prompt"), str) and fields["prompt"] else "prompt", "missing"),
        ("" if rules.get("needs", "prompt") in fields else "image_urls", "missing"),
        ("" if isinstance(size, dict) or size in PRESETS else "image_size", "enum"),
        (
            "image_size" if any(not isinstance(px, int) or not sides[0] <= px <= sides[1] for px in pixels) else "",
            "range",
        ),
        ("" if isinstance(fields.get("seed", 1), int) else "seed", "int_type"),
        ("" if 1 <= fields.get("num_images", 1) <= 4 else "num_images", "less_than_equal"),  # [D]
        ("" if fields.get("output_format", "png") in ("png", "jpeg") else "output_format", "enum"),
        ("" if all(_is_picture(url) for url in fields.get("image_urls", [])) else "image_urls", "file_download_error"),
    )
    name, kind = next(((name, kind) for name, kind in checks if name), ("", ""))
    return {"loc": ["body", name], "msg": "vendor text", "type": kind, "input": {}} if name else None


def _is_picture(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("data:image/", "https://"))
