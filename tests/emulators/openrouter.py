"""OpenRouter's POST /images, with the schema of its SDK and the real charge in `usage.cost`.

`extra` knows "late" (an error inside a 200), "provider" (the company that answered), "no_usage" and "policy" (no endpoint
fits the account's data policy).
"""

import asyncio
import base64
import re
from dataclasses import dataclass
from typing import Any

from tests.emulators.kit import Emulator, Reply, Seen, picture

KEY = "openrouter-test-key"
FIELDS = {
    "model", "prompt", "n", "aspect_ratio", "resolution", "size", "quality", "background", "output_format",
    "output_compression", "seed", "input_references", "stream", "user", "session_id", "provider",
}  # fmt: skip  # [S:openrouter 1.3.84 imagegenerationrequest.py]
RATIOS = (
    "1:1", "1:2", "1:4", "1:8", "2:1", "2:3", "2.35:1", "3:2", "3:4", "4:1", "4:3", "4:5", "5:2", "5:4", "5:7", "7:5",
    "8:1", "9:16", "16:9", "9:19.5", "19.5:9", "9:20", "20:9", "9:21", "21:9", "auto",
)  # fmt: skip  # [S] all 26
RESOLUTIONS = ("512", "768", "1K", "1.5K", "2K", "4K")  # [S]
QUALITIES = ("auto", "low", "medium", "high", "xhigh", "max")  # [S]
FORMATS = ("png", "jpeg", "webp", "svg")  # [S]
ROUTING = {"order", "only", "ignore", "allow_fallbacks", "sort", "options"}  # [S] no data_collection, zdr or max_price
MANY = ("openai/gpt-image-2.5-flare", "openai/gpt-image-1.5")  # take n > 1; others refuse it [S]
SINGLE = ("google/gemini-nano-banana-2.1", "google/gemini-3-pro-image", "black-forest-labs/flux.2-pro")
COST = 0.0336


def error(status: int, metadata: Any = None, message: str = "vendor text") -> dict[str, Any]:
    """Return a body in the vendor's error shape."""
    return {"error": {"code": status, "message": message, "metadata": metadata}}


MODERATED = error(403, {"reasons": ["violence"], "flagged_input": "vendor text", "provider_name": "OpenAI"})
PASSED_ON = error(400, {"provider_name": "OpenAI", "raw": '{"error":{"code":"moderation_blocked"}}'})
NO_ENDPOINT = error(404, message="No endpoints found matching your data policy")


@dataclass
class OpenRouterEmulator(Emulator):
    """OpenRouter at /api/v1."""

    prefix: str = "/openrouter"

    async def reply(self, seen: Seen) -> Reply:
        """Answer POST /api/v1/images and nothing else."""
        if seen.headers.get("authorization") != f"Bearer {KEY}":
            return Reply(401, error(401))
        if (seen.method, seen.path) != ("POST", "/api/v1/images"):
            return Reply(404, error(404))
        body = seen.json
        if not isinstance(body, dict) or not _is_right(body):
            return Reply(400, error(400))
        if self.scenario.extra.get("policy"):
            return Reply(404, NO_ENDPOINT)
        if body["model"] not in (*MANY, *SINGLE):
            return Reply(404, error(404, message="No such model"))
        self.submissions += 1
        return await self._answer(body)

    async def _answer(self, body: dict[str, Any]) -> Reply:
        await asyncio.sleep(self.scenario.latency_s)
        if "submit" in self.scenario.drop:
            self.billable += 1
        if failing := self.failing("submit"):
            return failing
        if self.scenario.refuse:
            return Reply(403, MODERATED)
        if late := self.scenario.extra.get("late"):
            return Reply(body=error(late))
        count = body.get("n", 1) if self.scenario.count is None else self.scenario.count
        cost = COST * count if self.scenario.cost is None else self.scenario.cost
        self.billable += 1
        answer = {"created": 1_795_000_000, "data": [self._item(body, number) for number in range(count)]}
        if not self.scenario.extra.get("no_usage"):
            answer["usage"] = {"prompt_tokens": 7, "total_tokens": 1127, "cost": cost, "is_byok": False}
        return Reply(body=answer, bytes_per_s=self.scenario.slow_bytes_per_s)

    def _item(self, body: dict[str, Any], number: int) -> dict[str, Any]:
        mime = self.scenario.picture_mime or "image/png"
        size = self.scenario.size or (64, 64)
        data = self.scenario.body or picture(body["prompt"], size=size, mime=mime, number=number)
        return {"b64_json": base64.b64encode(data).decode(), "media_type": mime}


def _is_right(body: dict[str, Any]) -> bool:
    """Say whether the vendor would take a request; one row a rule."""
    count, size = body.get("n", 1), body.get("size", "")
    rules = (
        not set(body) - FIELDS,
        isinstance(body.get("model"), str) and bool(body.get("prompt")),
        isinstance(count, int) and 1 <= count <= 10,
        count == 1 or body["model"] in MANY,
        body.get("aspect_ratio", "auto") in RATIOS,
        body.get("resolution", "1K") in RESOLUTIONS,
        body.get("quality", "auto") in QUALITIES,
        body.get("output_format", "png") in FORMATS,
        isinstance(body.get("seed", 0), int),
        size == "" or size in RESOLUTIONS or re.fullmatch(r"\d+x\d+", size) is not None,
        "x" not in size or not {"aspect_ratio", "resolution"} & set(body),
        not set(body.get("provider", {})) - ROUTING,
        all(_is_reference(one) for one in body.get("input_references", [])),
    )
    return all(rules)


def _is_reference(one: Any) -> bool:
    if not isinstance(one, dict) or one.get("type") != "image_url":
        return False
    return re.match(r"data:image/(png|jpeg|webp);base64,|https://", one["image_url"]["url"]) is not None
