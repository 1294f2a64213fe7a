"""Black Forest Labs' API with its delivery host, as strict as the vendor.

RULES names what each model takes, with its source ([S] SDK source, [D] documentation, [?] unconfirmed), so a change of the
contract is one row. A second BflEmulator with the same `tasks` is the gateway on another origin that a polling_url may name.
"""

import asyncio
import base64
import binascii
import io
import re
from dataclasses import dataclass, field
from typing import Any

from PIL import Image as Pillow

from tests.emulators.kit import Emulator, Reply, Seen, picture

ADDRESS_S = 600.0  # [D] a result's address is dead after 10 minutes
ACTIVE_MAX = 24  # [D] kontext-max: 6
RATIO = re.compile(r"\d{1,2}:\d{1,2}")
RATIOS_3 = "auto|21:9|2:1|16:9|3:2|7:5|4:3|5:4|1:1|4:5|3:4|5:7|2:3|9:16|1:2|9:21"  # [D: docs.comfy.org]
COMMON = {"prompt", "seed", "safety_tolerance", "output_format", "webhook_url", "webhook_secret"}
SIZED = COMMON | {"width", "height"}
UPSAMPLED = SIZED | {"prompt_upsampling"}


def _inputs(most: int) -> set[str]:
    return {"input_image", *(f"input_image_{number}" for number in range(2, most + 1))}


RULES: dict[str, dict[str, Any]] = {  # [D: docs.bfl.ai], credits of a first and of each further megapixel
    "flux-2-pro": {"fields": UPSAMPLED | _inputs(8), "cost": (3, 1.5)},
    "flux-2-max": {"fields": UPSAMPLED | _inputs(8), "cost": (7, 3)},
    "flux-2-flex": {"fields": UPSAMPLED | _inputs(8) | {"steps", "guidance"}, "cost": (5, 5)},
    "flux-2-klein-9b": {"fields": SIZED | _inputs(4), "cost": (1.5, 0.2)},
    "flux-2-klein-4b": {"fields": SIZED | _inputs(4), "cost": (1.4, 0.1)},
    "flux-3-image": {  # [?] the path
        "fields": {"prompt", "images", "aspect_ratio", "resolution", "grounding", "safety_tolerance", "version"},
        "ratios": RATIOS_3,
        "cost": (4.8, 0),
    },
    "flux-kontext-pro": {"fields": COMMON | {"aspect_ratio", "prompt_upsampling"} | _inputs(4), "cost": (4, 0)},
    "flux-kontext-max": {
        "fields": COMMON | {"aspect_ratio", "prompt_upsampling"} | _inputs(4),
        "cost": (8, 0),
        "active": 6,
    },
    "flux-pro-1.0-fill": {
        "fields": COMMON | {"image", "mask", "prompt_upsampling", "steps", "guidance"},
        "needs": "image",
        "cost": (5, 0),
    },
}


def invalid(name: str, kind: str = "value_error") -> Reply:
    """Return an error of the request's fields: a list of details [D]."""
    return Reply(422, {"detail": [{"loc": ["body", name], "msg": "vendor text", "type": kind}]})


@dataclass
class Task:
    """One task; `signed` holds when each address of its result was given out."""

    id: str
    model: str
    body: dict[str, Any]
    cost: float
    status: str = "Pending"
    polls: int = 0
    signed: list[float] = field(default_factory=list)


@dataclass
class BflEmulator(Emulator):
    """What `scenario.extra` may say.

    "polling_url": as it is; "gateway": another origin for it; "files": another origin for results; "dead": how many addresses
    are dead; "quiet": no costs are told; "prompt": the one that was drawn; "sample": as it is; "progress". `refuse` is "input"
    or "output"; `cost` stands in for the final answer's.
    """

    key: str = "bfl_test"
    tasks: dict[str, Task] = field(default_factory=dict)
    keys_at_files: int = 0

    async def reply(self, seen: Seen) -> Reply:
        if seen.path.startswith("/delivery/"):
            return self._file(seen)
        if seen.headers.get("x-key") != self.key:
            return Reply(403, {"detail": "Not authenticated - Invalid Authentication. vendor text"})
        if seen.path == "/v1/get_result" and seen.method == "GET":
            return self._get(seen.query.get("id", ""))
        found = re.fullmatch(r"/v1/([\w.-]+)", seen.path)
        if seen.method != "POST" or found is None or found[1] not in RULES:
            return Reply(404, {"detail": "Not Found"})
        return await self._submit(found[1], seen)

    async def _submit(self, model: str, seen: Seen) -> Reply:
        if reply := _objection(RULES[model], seen.json):
            return reply
        self.submissions += 1
        if failing := self.failing("submit"):
            self.billable += failing.drop == "before"
            return failing
        active = [task for task in self.tasks.values() if task.status == "Pending"]
        if len(active) >= RULES[model].get("active", ACTIVE_MAX):
            return Reply(429, {"detail": "Too many active tasks. vendor text"})
        self.billable += 1
        await asyncio.sleep(self.scenario.latency_s)
        task = Task(id=f"task-{len(self.tasks):04d}", model=model, body=seen.json, cost=_cost(RULES[model], seen.json))
        self.tasks[task.id] = task
        extra = self.scenario.extra
        url = f"{extra.get('gateway', self.url)}/v1/get_result?id={task.id}"
        told: dict[str, Any] = {"id": task.id, "polling_url": extra.get("polling_url", url)}
        return Reply(200, told if extra.get("quiet") else told | {"cost": task.cost, "input_mp": 0.0, "output_mp": 1.0})

    def _get(self, task_id: str) -> Reply:
        if failing := self.failing("poll"):
            return failing
        task = self.tasks.get(task_id)
        if task is None:
            return Reply(404, {"id": task_id, "status": "Task not found", "result": None})  # [?] or with status 200
        self._advance(task)
        told: dict[str, Any] = {"id": task.id, "status": task.status, "result": None, "progress": None, "details": None}
        if task.status == "Pending":
            told["progress"] = self.scenario.extra.get("progress", 0.5)
        if task.status.endswith("Moderated"):
            told["details"] = {"Moderation Reasons": ["vendor text"]}
        if task.status == "Ready":
            told["result"] = self._result(task)
        if self.scenario.cost is not None:
            told["cost"] = self.scenario.cost
        elif task.status == "Ready" and not self.scenario.extra.get("quiet"):
            told["cost"] = task.cost
        return Reply(200, told)

    def _advance(self, task: Task) -> None:
        """Let the task be where the scenario wants it at this look; a list of statuses stays at its last one."""
        scenario, polls = self.scenario, task.polls
        task.polls += 1
        if scenario.statuses:
            task.status = scenario.statuses[min(polls, len(scenario.statuses) - 1)]
        elif polls >= scenario.queue_polls:
            task.status = {"input": "Request Moderated", "output": "Content Moderated"}.get(scenario.refuse, "Ready")

    def _result(self, task: Task) -> dict[str, Any]:
        extra = self.scenario.extra
        task.signed.append(self.clock.now)
        sample = f"{extra.get('files', self.url)}/delivery/{task.id}/{len(task.signed)}/sample.png?sig=x%2By%3D"
        return {
            "sample": extra.get("sample", sample),
            "prompt": extra.get("prompt", task.body.get("prompt")),
            "seed": task.body.get("seed", 42),
            "start_time": 1.0,
            "end_time": 2.0,
            "duration": 1.0,
        }

    def _file(self, seen: Seen) -> Reply:
        if "x-key" in seen.headers:  # a signed address needs no key
            self.keys_at_files += 1
            return Reply(400, b"a key arrived")
        if failing := self.failing("download"):
            return failing
        _, _, task_id, number, _ = seen.path.split("/")
        task = self.tasks.get(task_id)
        is_dead = int(number) <= self.scenario.extra.get("dead", 0)
        if task is None or is_dead or self.clock.now - task.signed[int(number) - 1] > ADDRESS_S:
            return Reply(403, b"<Error>AuthenticationFailed</Error>", {"content-type": "application/xml"})
        mime = self.scenario.picture_mime or "image/png"
        data = self.scenario.body or picture(task.body["prompt"], mime=mime, size=self.scenario.size or (64, 64))
        return Reply(200, data, {"content-type": mime}, bytes_per_s=self.scenario.slow_bytes_per_s)


def _cost(rules: dict[str, Any], body: dict[str, Any]) -> float:
    first, more = rules["cost"]
    megapixels = -(-body.get("width", 1024) * body.get("height", 1024) // 1_048_576)
    references = sum(name.startswith("input_image") for name in body)
    return first + more * (megapixels - 1 + references)


def _objection(rules: dict[str, Any], body: Any) -> Reply | None:
    """Return the vendor's answer to fields that it would not take, or None."""
    if not isinstance(body, dict) or not isinstance(body.get("prompt"), str):
        return invalid("prompt", "missing")
    if strange := sorted(set(body) - rules["fields"]):
        return invalid(strange[0], "extra_forbidden")  # [?] may be ignored instead
    sides = [body[name] for name in ("width", "height") if name in body]
    pictures = [value for name, value in body.items() if name.startswith(("image", "input_image", "mask"))]
    checks = (
        (rules.get("needs", "prompt") not in body, "image"),
        (any(not isinstance(side, int) or side < 64 or side % 16 for side in sides), "width"),  # [D]
        (len(sides) == 2 and sides[0] * sides[1] > 4_194_304, "width"),  # [D] about 4 MP
        (not RATIO.fullmatch(body.get("aspect_ratio", "1:1")), "aspect_ratio"),
        (not re.fullmatch(rules.get("ratios", ".*"), body.get("aspect_ratio", "1:1")), "aspect_ratio"),
        (body.get("resolution", "1k") not in ("768sq", "1k", "1.5k", "2k", "4k"), "resolution"),
        (body.get("output_format", "png") not in ("jpeg", "png"), "output_format"),
        (not 0 <= body.get("safety_tolerance", 2) <= 6, "safety_tolerance"),
        (not isinstance(body.get("seed", 1), int), "seed"),
        (any(not _is_picture(value) for value in pictures), "input_image"),
        (_sizes(body.get("mask")) != _sizes(body.get("image")) if "mask" in body else False, "mask"),
    )
    return next((invalid(name) for is_wrong, name in checks if is_wrong), None)


def _is_picture(value: Any) -> bool:
    if isinstance(value, list):
        return 1 <= len(value) <= 10 and all(_is_picture(item) for item in value)
    return isinstance(value, str) and (value.startswith("https://") or _sizes(value) is not None)


def _sizes(text: Any) -> tuple[int, int] | None:
    try:
        with Pillow.open(io.BytesIO(base64.b64decode(text, validate=True))) as image:
            return image.size
    except (TypeError, binascii.Error, OSError):
        return None
