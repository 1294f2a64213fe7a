"""Google's generateContent for pictures, as strict as the vendor: key in a header, enums by the letter, refusals as 200.

`scenario.refuse` is a blockReason or a finishReason; `extra` knows "text_only", "draft" (a thought part with a picture before
the real one), "wrapped" (errors in a list of one), "reason" (a finishReason without a picture), "parts" (how many pictures).
"""

import asyncio
import base64
import re
from dataclasses import dataclass
from typing import Any

from tests.emulators.kit import Emulator, Reply, Seen, picture

KEY = "gemini-test-key"
RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")  # [S:google-genai 3.4.0]
SIZES = ("1K", "2K", "4K")  # capital K [S]; "512" is not on 2.1
BLOCK_REASONS = ("SAFETY", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "IMAGE_SAFETY")  # [S]
FINISH_REFUSALS = (
    "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "RECITATION",
    "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
)  # fmt: skip  # [S]
MODELS = ("gemini-nano-banana-2.1", "gemini-3-pro-image", "gemini-3.1-flash-lite-image")  # [L]
INPUT_MIMES = ("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif")  # [?]
CONFIG = {"responseModalities", "imageConfig", "seed", "candidateCount", "temperature"}  # [S]
TOTAL_MAX = 20 * 1024 * 1024  # [?]
SEED_MAX = 2**31 - 1  # int32 [S]


def error(status: int, name: str, details: list[Any] | None = None) -> tuple[int, dict[str, Any]]:
    """Return a status and a body in the vendor's error shape."""
    return status, {
        "error": {"code": status, "message": f"vendor text {name}", "status": name, "details": details or []}
    }


def exhausted(delay: str = "", quota: str = "GenerateRequestsPerMinutePerProjectPerModel") -> dict[str, Any]:
    """Return the body of a 429: a QuotaFailure, and a RetryInfo when there is a delay."""
    details: list[Any] = [{"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": quota}]}]
    if delay:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay})
    return error(429, "RESOURCE_EXHAUSTED", details)[1]


@dataclass
class GeminiEmulator(Emulator):
    """The Gemini Developer API at /v1beta."""

    prefix: str = "/gemini"
    block: str = ""
    """A blockReason for the prompt; `scenario.refuse` is a finishReason."""

    async def reply(self, seen: Seen) -> Reply:
        """Answer models/{model}:generateContent and nothing else."""
        match = re.fullmatch(r"/v1beta/models/([\w.-]+):generateContent", seen.path)
        if match is None or seen.method != "POST":
            return self._error(404, "NOT_FOUND")
        if "key" in seen.query or KEY in seen.target:
            return self._error(400, "KEY_IN_ADDRESS")
        if seen.headers.get("x-goog-api-key") != KEY:
            invalid = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}]
            return self._error(400, "INVALID_ARGUMENT", invalid)
        if match[1] not in MODELS:
            return self._error(404, "NOT_FOUND")
        if (wrong := _wrong(seen)) != "":
            return self._error(400, "INVALID_ARGUMENT", [{"field": wrong}])
        self.submissions += 1
        return await self._answer(seen)

    async def _answer(self, seen: Seen) -> Reply:
        await asyncio.sleep(self.scenario.latency_s)
        if "submit" in self.scenario.drop:
            self.billable += 1
        if failing := self.failing("submit"):
            return failing
        if reason := self.block:
            return Reply(body={"promptFeedback": {"blockReason": reason}, "usageMetadata": {"promptTokenCount": 7}})
        self.billable += 1
        answer = {
            "candidates": [self._candidate(seen.json)],
            "usageMetadata": {"promptTokenCount": 7, "candidatesTokenCount": 1120},
            "responseId": f"resp-{self.submissions}",
        }
        return Reply(body=answer, bytes_per_s=self.scenario.slow_bytes_per_s)

    def _candidate(self, body: Any) -> dict[str, Any]:
        extra = self.scenario.extra
        if reason := self.scenario.refuse or extra.get("reason", ""):
            return {"finishReason": reason, "index": 0}
        parts: list[dict[str, Any]] = [{"text": "Here is your picture."}]
        if extra.get("draft"):
            parts.append({"thought": True, **self._part("a draft", 9)})
        if not extra.get("text_only"):
            prompt = body["contents"][0]["parts"][0]["text"]
            parts += [self._part(prompt, number) for number in range(extra.get("parts", 1))]
        return {"content": {"role": "model", "parts": parts}, "finishReason": "STOP", "index": 0}

    def _part(self, prompt: str, number: int) -> dict[str, Any]:
        mime = self.scenario.picture_mime or "image/png"
        data = self.scenario.body or picture(prompt, size=self.scenario.size or (64, 64), mime=mime, number=number)
        return {"inlineData": {"mimeType": mime, "data": base64.b64encode(data).decode()}}

    def _error(self, status: int, name: str, details: list[Any] | None = None) -> Reply:
        body = error(status, name, details)[1]
        return Reply(status, [body] if self.scenario.extra.get("wrapped") else body)


def _wrong(seen: Seen) -> str:
    """Return the field that the vendor would refuse, or an empty text."""
    body = seen.json
    if not isinstance(body, dict) or len(seen.body) > TOTAL_MAX or set(body) - {"contents", "generationConfig"}:
        return "body"
    config, contents = body.get("generationConfig", {}), body.get("contents")
    if not isinstance(contents, list) or len(contents) != 1 or contents[0].get("role") != "user":
        return "contents"
    return _wrong_config(config) or _wrong_parts(contents[0].get("parts", []))


def _wrong_config(config: dict[str, Any]) -> str:
    image = config.get("imageConfig", {})
    rules = (
        ("generationConfig", not set(config) - CONFIG),
        ("responseModalities", config.get("responseModalities") in (["IMAGE"], ["TEXT", "IMAGE"])),
        ("imageConfig", not set(image) - {"aspectRatio", "imageSize"}),
        ("aspectRatio", image.get("aspectRatio", "1:1") in RATIOS),
        ("imageSize", image.get("imageSize", "1K") in SIZES),
        ("seed", 0 <= config.get("seed", 0) <= SEED_MAX),
        ("candidateCount", config.get("candidateCount", 1) == 1),
    )
    return next((name for name, is_right in rules if not is_right), "")


def _wrong_parts(parts: list[Any]) -> str:
    if not parts or not all(isinstance(part, dict) and set(part) in ({"text"}, {"inlineData"}) for part in parts):
        return "parts"
    inline = [part["inlineData"] for part in parts if "inlineData" in part]
    if len(inline) > 14:
        return "parts"
    return (
        ""
        if all(one.get("mimeType") in INPUT_MIMES and base64.b64decode(one["data"]) for one in inline)
        else "mimeType"
    )
