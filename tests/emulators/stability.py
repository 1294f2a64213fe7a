"""Stability AI's v2beta HTTP API, as strict as the vendor.

RULES names what each endpoint takes, with its source ([S] LiteLLM's adapter, [D] documentation, [?] unconfirmed).
"""

import base64
import io
from dataclasses import dataclass, field
from typing import Any

from PIL import Image as Pillow

from tests.emulators.kit import Emulator, Reply, Seen, picture

RESULT_S = 24 * 3600.0  # [D] results of asynchronous endpoints are kept for a day
SEED_MAX = 4294967294  # [D]
RATIOS = ("16:9", "1:1", "21:9", "2:3", "3:2", "4:5", "5:4", "9:16", "9:21")  # [D]
SD3 = ("sd3.5-large", "sd3.5-large-turbo", "sd3.5-medium")
TEXT = {"prompt", "negative_prompt", "aspect_ratio", "seed", "output_format", "style_preset"}


@dataclass(frozen=True)
class Rule:
    """What one endpoint takes and needs; `credits` is what a success costs."""

    takes: set[str]
    needs: set[str]
    credits: float
    formats: tuple[str, ...] = ("png", "jpeg", "webp")
    is_async: bool = False


RULES: dict[str, Rule] = {
    "generate/ultra": Rule(TEXT | {"image", "strength"}, {"prompt"}, 8),
    "generate/core": Rule(TEXT, {"prompt"}, 3),
    "generate/sd3": Rule(TEXT | {"model", "mode", "image", "strength", "cfg_scale"}, {"prompt"}, 6.5, ("png", "jpeg")),
    "edit/inpaint": Rule(
        {"prompt", "negative_prompt", "seed", "output_format", "image", "mask", "grow_mask"}, {"prompt", "image"}, 5
    ),
    "edit/outpaint": Rule(
        {"prompt", "seed", "output_format", "image", "left", "right", "up", "down", "creativity"}, {"image"}, 5
    ),
    "edit/remove-background": Rule({"image", "output_format"}, {"image"}, 5, ("png", "webp")),
    "upscale/fast": Rule({"image", "output_format"}, {"image"}, 2),
    "upscale/conservative": Rule(
        {"prompt", "negative_prompt", "seed", "output_format", "image", "creativity"}, {"prompt", "image"}, 40
    ),
    "upscale/creative": Rule(
        {"prompt", "negative_prompt", "seed", "output_format", "image", "creativity"},
        {"prompt", "image"},
        60,
        is_async=True,
    ),
}
FILES = {"image", "mask"}


def problem(status: int, name: str, *errors: str) -> Reply:
    """Return an error in the vendor's shape [S]."""
    return Reply(status, {"id": "a1b2", "name": name, "errors": list(errors)}, {"x-request-id": "req-error"})


@dataclass
class StabilityEmulator(Emulator):
    """`scenario.refuse` is "input" or "output"; `scenario.extra`: "finish_reason", and "key", the picture's name in JSON."""

    key: str = "sk-stability"
    jobs: dict[str, tuple[Seen, str, float]] = field(default_factory=dict)
    looks: int = 0

    async def reply(self, seen: Seen) -> Reply:
        if seen.headers.get("authorization") != f"Bearer {self.key}":
            return problem(401, "unauthorized", "missing or invalid key")
        if seen.path.startswith("/v2beta/results/") and seen.method == "GET":
            return self._result(seen)
        remote = seen.path.removeprefix("/v2beta/stable-image/")
        if seen.method != "POST" or remote not in RULES:
            return problem(404, "not_found", "no such endpoint")
        return self._objection(RULES[remote], seen) or self._submit(remote, seen)

    def _objection(self, rule: Rule, seen: Seen) -> Reply | None:
        if not seen.is_multipart:  # [S] also for text only
            return problem(400, "bad_request", "content-type: must be multipart/form-data")
        accepted = ("application/json",) if rule.is_async else ("application/json", "image/*")
        if seen.headers.get("accept") not in accepted:  # [D]
            return problem(400, "bad_request", "accept: must be image/* or application/json")
        fault = _fault(rule, seen.form)
        return problem(400, "bad_request", fault) if fault else None

    def _submit(self, remote: str, seen: Seen) -> Reply:
        self.submissions += 1
        if failing := self.failing("submit"):
            self.billable += failing.drop == "before"
            return failing
        if self.scenario.refuse == "input":  # [S, D]
            return problem(403, "content_moderation", "Your request was flagged by our content moderation system")
        self.billable += 1
        if not RULES[remote].is_async:
            return self._picture(remote, seen)
        job_id = f"{len(self.jobs):064x}"
        self.jobs[job_id] = (seen, remote, self.clock.now)
        return Reply(200, {"id": job_id}, {"x-request-id": "req-1"})

    def _result(self, seen: Seen) -> Reply:
        if failing := self.failing("poll"):
            return failing
        job_id = seen.path.rpartition("/")[2]
        if job_id not in self.jobs or self.clock.now - self.jobs[job_id][2] > RESULT_S:
            return problem(404, "not_found", "no generation found for the provided ID")
        submitted, remote, _ = self.jobs[job_id]
        self.looks += 1
        if self.looks <= self.scenario.queue_polls:
            return Reply(202, {"id": job_id, "status": "in-progress"})
        answered = Seen(
            **{**vars(submitted), "headers": {**submitted.headers, "accept": seen.headers.get("accept", "")}}
        )
        return self._picture(remote, answered)

    def _picture(self, remote: str, seen: Seen) -> Reply:
        scenario = self.scenario
        words = (seen.form.get("prompt") or [remote])[0]
        form = (seen.form.get("output_format") or ["png"])[0]
        mime = scenario.picture_mime or f"image/{form}"
        size = scenario.size or _size(remote, seen)
        data = picture(words, size=size, mime=mime) if scenario.body is None else scenario.body
        seed = int((seen.form.get("seed") or ["0"])[0]) or 424242
        reason = scenario.extra.get("finish_reason", "CONTENT_FILTERED" if scenario.refuse == "output" else "SUCCESS")
        if seen.headers["accept"] == "image/*":
            headers = {"content-type": mime, "finish-reason": reason, "seed": str(seed), "x-request-id": "req-1"}
            return Reply(200, data, headers, bytes_per_s=scenario.slow_bytes_per_s)
        name = scenario.extra.get("key", "image")
        body = {name: base64.b64encode(data).decode(), "finish_reason": reason, "seed": seed}
        return Reply(200, body, {"x-request-id": "req-1"}, bytes_per_s=scenario.slow_bytes_per_s)


def _size(remote: str, seen: Seen) -> tuple[int, int]:
    """Return the size of the answer: small for drawings, the source's with what was added for edits."""
    if "image" not in seen.form:
        return 64, 64
    width, height = _opened(seen.form["image"][0]).size
    if remote.startswith("upscale/"):
        return width * 4, height * 4
    add = {side: int((seen.form.get(side) or ["0"])[0]) for side in ("left", "right", "up", "down")}
    return width + add["left"] + add["right"], height + add["up"] + add["down"]


def _opened(part: tuple[str, str, bytes]) -> Pillow.Image:
    with Pillow.open(io.BytesIO(part[2])) as image:
        image.load()
        return image


def _fault(rule: Rule, form: dict[str, list[Any]]) -> str:
    """Return what the vendor would object to in a form, or an empty text."""
    texts = {name: values[0] for name, values in form.items() if isinstance(values[0], str)}
    files = {name: values[0] for name, values in form.items() if not isinstance(values[0], str)}
    is_edit = "image" in form
    extra, missing = sorted(set(form) - rule.takes), sorted(rule.needs - set(form))
    sides = [texts[name] for name in ("left", "right", "up", "down") if name in texts]
    checks = (
        (bool(extra), f"{extra[0] if extra else ''}: not allowed"),
        (bool(missing), f"{missing[0] if missing else ''}: required"),
        (bool(FILES & set(texts) | set(files) - FILES), "image: must be a file"),
        (any(len(values) > 1 for values in form.values()), "image: only one"),
        (not 1 <= len(texts.get("prompt", "x")) <= 10_000, "prompt: must be 1 to 10000 characters"),
        (texts.get("aspect_ratio", "1:1") not in RATIOS, "aspect_ratio: must be one of the ratios"),
        (not texts.get("seed", "0").isdigit() or int(texts.get("seed", "0")) > SEED_MAX, "seed: out of range"),
        (texts.get("output_format", "png") not in rule.formats, "output_format: not supported"),
        (texts.get("model", SD3[0]) not in SD3, "model: unknown"),
        ("aspect_ratio" in texts and is_edit, "aspect_ratio: only for text-to-image"),
        ("strength" in rule.takes and is_edit != ("strength" in texts), "strength: goes with image"),
        ("model" in rule.takes and is_edit != (texts.get("mode") == "image-to-image"), "mode: goes with image"),
        ("left" in rule.takes and not any(int(side) for side in sides), "left: at least one side is needed"),
        (any(not 0 <= int(side) <= 2000 for side in sides), "left: out of range"),
        (_masks_differ(files), "mask: must be of the image's size"),
    )
    return next((text for is_wrong, text in checks if is_wrong), "")


def _masks_differ(files: dict[str, Any]) -> bool:
    return "mask" in files and "image" in files and _opened(files["mask"]).size != _opened(files["image"]).size
