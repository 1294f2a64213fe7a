"""AUTOMATIC1111's API: one queue for everybody, a POST that blocks, and an interrupt that stops whatever runs.

`scenario.queue_polls` keeps a job running until its progress was asked for that many times; `latency_s` is shared out over
its steps. `dialect` says whether a server tells whose task runs: with its web UI at /internal/progress, else ("silent") not
at all; `current_task` in the API's progress is always null [repo modules/api/api.py]. `extra` knows "grid" (a grid before
the pictures, as True or "unsaid"), "map" (a detection map after them), "hold" (jobs wait until `release`), "linger"
(even interrupted ones), "fraction".
"""

import asyncio
import base64
import json
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.emulators.kit import Emulator, Reply, Seen, picture

STEPS = 20
FIELDS = {
    "prompt": str, "negative_prompt": str, "width": int, "height": int, "seed": int, "batch_size": int, "n_iter": int,
    "steps": int, "cfg_scale": (int, float), "sampler_name": str, "scheduler": str, "send_images": bool,
    "save_images": bool, "override_settings": dict, "force_task_id": str, "init_images": list, "mask": str,
    "denoising_strength": (int, float), "inpainting_fill": int, "inpaint_full_res": bool, "inpainting_mask_invert": int,
}  # fmt: skip  # [repo modules/api/models.py]
EDIT_ONLY = {"init_images", "mask", "inpainting_fill", "inpaint_full_res", "inpainting_mask_invert"}
CHECKPOINTS = ("sd_xl_base_1.0",)
OUT_OF_MEMORY = {"error": "OutOfMemoryError", "detail": "", "body": "", "errors": "CUDA out of memory. vendor text"}
UNPROCESSABLE = {"detail": [{"loc": ["body", "width"], "msg": "vendor text", "type": "value_error"}]}


@dataclass
class SdapiEmulator(Emulator):
    """A server at its root; `auth` is "user:password" when it was started with --api-auth. Nothing is ever billable."""

    prefix: str = "/sdapi-server"
    auth: str = ""
    dialect: Literal["webui", "silent"] = "webui"
    current: str = ""
    pending: list[str] = field(default_factory=list)
    finished: list[str] = field(default_factory=list)
    interrupts: list[str] = field(default_factory=list)
    """Whose task each interrupt stopped; an empty text when nothing ran."""
    is_interrupted: bool = False
    step: int = 0
    polls: int = 0
    queue: asyncio.Lock = field(default_factory=asyncio.Lock)
    moved: asyncio.Event = field(default_factory=asyncio.Event)

    async def reply(self, seen: Seen) -> Reply:
        """Answer the few addresses that there are."""
        if self.auth and seen.path.startswith("/sdapi/") and seen.headers.get("authorization") != _basic(self.auth):
            return Reply(401, {"detail": "Incorrect username or password"}, {"www-authenticate": "Basic"})
        match seen.method, seen.path:
            case "POST", "/sdapi/v1/txt2img" | "/sdapi/v1/img2img":
                return await self._submitted(seen)
            case "GET", "/sdapi/v1/progress":
                return self._poll(self._progress)
            case "POST", "/internal/progress" if self.dialect == "webui":
                return self._poll(lambda: self._internal(seen.json.get("id_task")))
            case "POST", "/sdapi/v1/interrupt":
                return self._interrupt()
        return Reply(404, {"detail": "Not Found"})

    async def release(self) -> None:
        """Let jobs go on that "hold" or "linger" keep."""
        self.scenario.extra.update(hold=False, linger=False)
        self.moved.set()

    # --- The one queue ------------------------------------------------------------------------------------------------

    async def _submitted(self, seen: Seen) -> Reply:
        if (wrong := _wrong(seen)) is not None:
            return wrong
        self.submissions += 1
        if failing := self.failing("submit"):
            return failing
        body, task = seen.json, seen.json.get("force_task_id") or f"task(auto-{self.submissions})"
        made = await self.draw(task, body["prompt"], body.get("n_iter", 1) * body.get("batch_size", 1))
        return self._answer(body, made)

    async def draw(self, task: str, prompt: str, count: int = 1) -> list[bytes]:
        """Wait for the queue and draw, for us or for anybody else; an interrupt leaves one half-done picture."""
        self.pending.append(task)
        async with self.queue:
            self.pending.remove(task)
            self.current, self.is_interrupted, self.step, self.polls = task, False, 0, 0
            await self._work()
            self.current = ""
            self.finished.append(task)
            if self.is_interrupted:
                return [picture(f"{prompt}, half done")]
        mime, size = self.scenario.picture_mime or "image/png", self.scenario.size or (64, 64)
        return [self.scenario.body or picture(prompt, size=size, mime=mime, number=number) for number in range(count)]

    async def _work(self) -> None:
        while self.step < STEPS and not self.is_interrupted:
            await asyncio.sleep(self.scenario.latency_s / STEPS)
            self.step += 1
        while self._must_wait() and not self.is_interrupted:
            self.moved.clear()
            await self.moved.wait()
        while self.scenario.extra.get("linger"):
            self.moved.clear()
            await self.moved.wait()

    def _must_wait(self) -> bool:
        return self.scenario.extra.get("hold", False) or self.polls < self.scenario.queue_polls

    def _answer(self, body: dict[str, Any], made: list[bytes]) -> Reply:
        texts = [base64.b64encode(data).decode() for data in made]
        extra, seed = self.scenario.extra, body.get("seed", -1)
        info: dict[str, Any] = {"seed": seed, "all_seeds": [seed + number for number in range(len(made))]}
        if grid := extra.get("grid"):
            texts.insert(0, base64.b64encode(picture("the grid")).decode())
        if grid != "unsaid":
            info["index_of_first_image"] = int(bool(grid))
        if extra.get("map"):
            texts.append(base64.b64encode(picture("a detection map")).decode())
        answer = {"images": texts, "parameters": {}, "info": json.dumps(info)}
        return Reply(body=answer, bytes_per_s=self.scenario.slow_bytes_per_s)

    # --- Watching and stopping ----------------------------------------------------------------------------------------

    def _poll(self, answer: Any) -> Reply:
        if failing := self.failing("poll"):
            return failing
        self.polls += bool(self.current)
        self.moved.set()
        return Reply(body=answer())

    @property
    def fraction(self) -> float:
        """How far the running task is."""
        if not self.current:
            return 0.0
        if self.scenario.queue_polls:
            return min(self.polls / (self.scenario.queue_polls + 1), 1.0)
        return self.scenario.extra.get("fraction", self.step / STEPS)

    def _progress(self) -> dict[str, Any]:
        state = {
            "job": "scripts_txt2img" if self.current else "",
            "job_count": int(bool(self.current)),
            "interrupted": self.is_interrupted,
            "skipped": False,
            "sampling_step": self.step,
        }
        shown = {"progress": self.fraction, "eta_relative": 1.0, "state": state}
        return {**shown, "current_image": None, "current_task": None}

    def _internal(self, task: str) -> dict[str, Any]:
        is_active = task == self.current
        return {
            "active": is_active,
            "queued": task in self.pending,
            "completed": task in self.finished,
            "progress": self.fraction if is_active else None,
        }

    def _interrupt(self) -> Reply:
        if failing := self.failing("cancel"):
            return failing
        self.interrupts.append(self.current)
        self.is_interrupted = True
        self.moved.set()
        return Reply(body={})


def _wrong(seen: Seen) -> Reply | None:
    """Return the vendor's refusal of a request, or None."""
    body = seen.json
    if not isinstance(body, dict) or "prompt" not in body:
        return Reply(422, UNPROCESSABLE)
    if any(name not in FIELDS or not isinstance(value, FIELDS[name]) for name, value in body.items()):
        return Reply(422, UNPROCESSABLE)
    is_edit = seen.path.endswith("img2img")
    if is_edit != bool(body.get("init_images")) or (not is_edit and EDIT_ONLY & set(body)):
        return Reply(404 if is_edit else 422, {"detail": "Init image not found"} if is_edit else UNPROCESSABLE)
    checkpoint = body.get("override_settings", {}).get("sd_model_checkpoint", CHECKPOINTS[0])
    if checkpoint not in CHECKPOINTS:
        return Reply(404, {"error": "HTTPException", "detail": "Model not found", "errors": ""})
    return Reply(422, UNPROCESSABLE) if body.get("width", 512) % 8 or body.get("height", 512) % 8 else None


def _basic(auth: str) -> str:
    return f"Basic {base64.b64encode(auth.encode()).decode()}"
