"""Replicate's HTTP API for official models, as strict as the vendor.

RULES names each rule with its source ([S] SDK source, [D] documentation, [?] unconfirmed), so a change of the contract is one
row. By hand: `Prefer: wait=1` holds for a second at most, like the vendor's.
"""

import asyncio
import re
from dataclasses import dataclass, field
from typing import Any

from tests.emulators.kit import Emulator, Reply, Seen, picture

RETENTION_S = 3600.0  # [D: data-retention] inputs, outputs and files are gone after an hour
ADDRESS_S = 3600.0
WAITING = ("starting", "processing")
RATIOS = ("1:1", "16:9", "21:9", "3:2", "2:3", "4:5", "5:4", "3:4", "4:3", "9:16", "9:21")
COMMON = {"prompt", "seed", "aspect_ratio", "output_format"}

RULES: dict[str, dict[str, Any]] = {  # [D: each model's API page]
    "black-forest-labs/flux-schnell": {"fields": COMMON | {"num_outputs", "megapixels", "go_fast"}, "count": 4},
    "black-forest-labs/flux-dev": {
        "fields": COMMON | {"num_outputs", "megapixels", "go_fast", "image", "prompt_strength"},
        "count": 4,
    },
    "black-forest-labs/flux-1.1-pro": {"fields": COMMON | {"width", "height"}, "side": (256, 1440, 32)},
    "black-forest-labs/flux-2-pro": {
        "fields": COMMON | {"width", "height", "resolution", "input_images"},
        "side": (256, 2048, 32),
        "list": True,
    },
    "black-forest-labs/flux-kontext-pro": {"fields": COMMON | {"input_image"}, "list": False},
    "black-forest-labs/flux-fill-pro": {"fields": (COMMON | {"image", "mask"}) - {"aspect_ratio"}, "needs": "image"},
}


def problem(status: int, title: str, detail: str) -> Reply:
    """Return an error in the vendor's shape (RFC 7807) [D]."""
    return Reply(status, {"type": "about:blank", "title": title, "status": status, "detail": detail})


@dataclass
class Prediction:
    """One job; `polls` is how often it was looked at."""

    id: str
    model: str
    input: dict[str, Any]
    created: float
    begun: bool = False
    status: str = "starting"
    polls: int = 0
    files: int = 0
    generation: int = 0


@dataclass
class ReplicateEmulator(Emulator):
    """What `scenario.extra` may say.

    "error": a failed job's text; "shape": "string" or "list"; "output": as it is; "logs"; "dead": how many addresses answer 404
    first; "host": another origin for the files; "purged": data_removed instead of 404.
    """

    key: str = "r8_test"
    predictions: dict[str, Prediction] = field(default_factory=dict)

    async def reply(self, seen: Seen) -> Reply:
        if seen.path.startswith("/delivery/"):
            return self._file(seen)
        if seen.headers.get("authorization") != f"Bearer {self.key}":
            return problem(401, "Unauthenticated", "You did not pass a valid authentication token")
        if found := re.fullmatch(r"/v1/models/([\w.-]+/[\w.-]+)/predictions", seen.path):
            return await self._create(found[1], seen)
        if found := re.fullmatch(r"/v1/predictions/(\w+)(/cancel)?", seen.path):
            return self._cancel(found[1], seen) if found[2] else self._get(found[1])
        return problem(404, "Not Found", "The requested resource could not be found.")

    async def _create(self, model: str, seen: Seen) -> Reply:
        if reply := self._objection(model, seen):
            return reply
        self.submissions += 1
        if failing := self.failing("submit"):
            self.billable += failing.drop == "before"
            return failing
        self.billable += 1
        await asyncio.sleep(self.scenario.latency_s)
        job = Prediction(
            id=f"job{len(self.predictions):023d}", model=model, input=seen.json["input"], created=self.clock.now
        )
        self.predictions[job.id] = job
        self._advance(job)
        return Reply(202 if job.status in WAITING else 201, self._shown(job))

    def _objection(self, model: str, seen: Seen) -> Reply | None:
        if seen.method != "POST" or not seen.headers.get("content-type", "").startswith("application/json"):
            return problem(400, "Bad Request", "The body must be JSON.")
        if not re.fullmatch(r"wait(=([1-9]|[1-5]\d|60))?", seen.headers.get("prefer", "wait")):  # [D] 1 to 60 s
            return problem(400, "Bad Request", "Prefer must be wait or wait=n.")
        if not re.fullmatch(r"(\d+h)?(\d+m)?(\d+s?)?", seen.headers.get("cancel-after", "1m")):  # [D]
            return problem(400, "Bad Request", "Cancel-After is not a duration.")
        if model not in RULES:
            return problem(404, "Not Found", "The requested resource could not be found.")
        fields = seen.json.get("input") if isinstance(seen.json, dict) else None
        if not isinstance(fields, dict) or set(seen.json) - {"input", "webhook", "webhook_events_filter"}:
            return problem(422, "Input validation failed", "- input is required")  # [D] the wrapper
        fault = _fault(RULES[model], fields)
        return problem(422, "Input validation failed", f"- input.{fault}") if fault else None

    def _get(self, job_id: str) -> Reply:
        if failing := self.failing("poll"):
            return failing
        job = self.predictions.get(job_id)
        if job is None:
            return problem(404, "Not Found", "The requested resource could not be found.")
        if self.clock.now - job.created > RETENTION_S:
            if self.scenario.extra.get("purged"):
                return Reply(200, self._shown(job) | {"data_removed": True, "output": None, "input": {}, "logs": ""})
            return problem(404, "Not Found", "The requested resource could not be found.")
        job.polls += 1
        self._advance(job)
        return Reply(200, self._shown(job))

    def _cancel(self, job_id: str, seen: Seen) -> Reply:
        if failing := self.failing("cancel"):
            return failing
        job = self.predictions.get(job_id)
        if job is None or seen.method != "POST":
            return problem(404, "Not Found", "The requested resource could not be found.")
        if job.status in WAITING:
            job.status = "canceled"
            self.billable -= not job.begun
        return Reply(200, self._shown(job))

    def _advance(self, job: Prediction) -> None:
        """Let the job be where the scenario wants it at this look; a list of statuses stays at its last one."""
        if job.status not in WAITING:
            return
        scenario = self.scenario
        if scenario.statuses:
            job.status = scenario.statuses[min(job.polls, len(scenario.statuses) - 1)]
        elif job.polls < scenario.queue_polls:
            job.status = "starting" if job.polls < scenario.queue_polls // 2 else "processing"
        else:
            job.status = "failed" if scenario.refuse or "error" in scenario.extra else "succeeded"
        job.begun = job.begun or job.status not in ("starting", "aborted")
        if job.status == "aborted":  # [D: prediction deadlines] not billed
            self.billable -= 1

    def _shown(self, job: Prediction) -> dict[str, Any]:
        api = f"{self.url}/v1/predictions/{job.id}"
        extra = self.scenario.extra
        error = extra.get("error", "NSFW content detected. Try running it again, or try a different prompt.")
        return {
            "id": job.id,
            "model": job.model,
            "version": "hidden",
            "input": job.input,
            "logs": extra.get("logs", "Using seed: 1\n 42%|####      | 2/4\n" if job.begun else ""),
            "output": self._output(job) if job.status == "succeeded" else None,
            "data_removed": False,
            "error": error if job.status == "failed" or extra.get("error_anyway") else None,
            "status": job.status,
            "created_at": "2026-11-23T10:00:00Z",
            "started_at": "2026-11-23T10:00:01Z" if job.begun else None,
            "urls": {"get": extra.get("get_url", api), "cancel": f"{api}/cancel", "web": "https://replicate.com/p/1"},
            "metrics": {"predict_time": 1.0} if job.status == "succeeded" else {},
        }

    def _output(self, job: Prediction) -> Any:
        extra = self.scenario.extra
        if "output" in extra:
            return extra["output"]
        asked = int(job.input.get("num_outputs", 1))
        job.files = asked if self.scenario.count is None else self.scenario.count
        job.generation += 1
        origin = extra.get("host", self.url)
        urls = [f"{origin}/delivery/{job.id}/{job.generation}/{n}" for n in range(job.files)]
        is_list = extra.get("shape", "list" if "num_outputs" in job.input else "string") == "list"
        return urls if is_list or not urls else urls[0]

    def _file(self, seen: Seen) -> Reply:
        if "authorization" in seen.headers:  # the CDN is no place for a key
            return Reply(400, b"a key arrived")
        if failing := self.failing("download"):
            return failing
        _, _, job_id, generation, number = seen.path.split("/")
        job = self.predictions.get(job_id)
        is_dead = int(generation) <= self.scenario.extra.get("dead", 0)
        if job is None or is_dead or self.clock.now - job.created > ADDRESS_S:
            return Reply(404, b"<html>gone</html>", {"content-type": "text/html"})
        mime = self.scenario.picture_mime or "image/png"
        data = self.scenario.body or picture(
            job.input["prompt"], mime=mime, number=int(number), size=self.scenario.size or (64, 64)
        )
        return Reply(200, data, {"content-type": mime}, bytes_per_s=self.scenario.slow_bytes_per_s)


def _fault(rules: dict[str, Any], fields: dict[str, Any]) -> str:
    """Return what the vendor would object to in a model's input, or an empty text."""
    extra = sorted(set(fields) - rules["fields"])
    least, most, step = rules.get("side", (1, 1, 1))
    sides = [fields[name] for name in ("width", "height") if name in fields]
    pictures = [name for name in ("image", "input_image", "input_images", "mask") if name in fields]
    checks = (
        (bool(extra), f"{extra[0] if extra else ''}: additional property"),
        (not isinstance(fields.get("prompt"), str) or not fields.get("prompt"), "prompt: required"),
        (rules.get("needs", "prompt") not in fields, "image: required"),
        (not isinstance(fields.get("seed", 0), int), "seed: must be an integer"),
        (fields.get("aspect_ratio", "1:1") not in (*RATIOS, *(["custom"] if "side" in rules else [])), "aspect_ratio"),
        (not 1 <= fields.get("num_outputs", 1) <= rules.get("count", 1), "num_outputs: out of range"),
        (any(not least <= side <= most or side % step for side in sides), "width: out of range"),
        (bool(sides) and fields.get("aspect_ratio") != "custom", "width: only used with aspect_ratio=custom"),
        (fields.get("output_format", "png") not in ("png", "jpg", "webp"), "output_format"),
        (not 0 <= fields.get("prompt_strength", 0.5) <= 1, "prompt_strength: out of range"),
        (isinstance(fields.get("input_images", []), str), "input_images: must be a list"),
        (any(not _is_picture(fields[name]) for name in pictures), "image: not a URI"),
    )
    return next((text for is_wrong, text in checks if is_wrong), "")


def _is_picture(value: Any) -> bool:
    found = value if isinstance(value, list) else [value]
    return all(isinstance(item, str) and item.startswith(("data:image/", "https://")) for item in found)
