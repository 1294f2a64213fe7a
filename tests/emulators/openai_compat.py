"""OpenAI's image API as nine vendors serve it; `dialect` picks one, and each refuses what its vendor would refuse.

`refuse` is "input" or "output". `extra` knows "urls" (addresses come back whatever was asked), "usage" (the tokens, or None),
"host" (the origin of those addresses) and "no_cost". `drawn` is what the model behind each submission was told.
"""

import asyncio
import base64
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from PIL import Image as Pillow

from tests.emulators.kit import Emulator, Reply, Seen, picture

KEY = "openai-compat-test-key"
MASK_MAX = 4 * 1024 * 1024
PRO_SIZES = {"2048x2048", "3072x1536", "1536x3072", "2560x1664", "1664x2560"}
V4_SIZES = {
    "1024x1024", "1536x768", "768x1536", "1280x832", "832x1280", "1216x896", "896x1216", "1152x896", "896x1152",
    "832x1344", "1280x896", "896x1280", "1344x768", "768x1344",
}  # fmt: skip  # [D:recraft.ai/llms-full.txt]
V3_SIZES = {
    "1024x1024",
    "1365x1024",
    "1024x1365",
    "1536x1024",
    "1024x1536",
    "1820x1024",
    "1024x1820",
    "1280x1024",
    "1024x1280",
}
GPT_TOKENS = {
    "gpt-image-2": {"low": 200, "medium": 1_767, "high": 7_033},
    "gpt-image-2.5-flare": {"low": 196, "medium": 439, "high": 1_756},
    "gpt-image-2.5-sunburst": {"low": 196, "medium": 439, "high": 1_756},
    "gpt-image-1.5": {"low": 282, "medium": 1_063, "high": 4_157},
}  # what the prices per picture at 1024 x 1024 come to at the price per token [L]
GPT_2 = {"low", "medium", "high", "auto"}
GPT_MODELS = {
    "gpt-image-2": GPT_2,
    "gpt-image-2.5-flare": GPT_2 | {"xhigh", "max"},
    "gpt-image-2.5-sunburst": GPT_2 | {"xhigh", "max"},
    "gpt-image-1.5": GPT_2,
}  # [S:openai 3.54.0], [L]; everything else is retired or unknown
GPT_FIELDS = {
    "prompt", "model", "n", "size", "quality", "background", "output_format", "output_compression", "moderation", "stream",
    "partial_images", "safety_identifier", "complexity", "frame_count", "frame_duration_ms", "svg",
}  # fmt: skip  # [S:openai 3.54.0]; no response_format, style, seed or negative_prompt
LOCAL_FIELDS = {"prompt", "model", "n", "size", "response_format", "output_format"}
DIFFUSION_FIELDS = LOCAL_FIELDS | {"seed", "negative_prompt", "num_inference_steps", "guidance_scale"}
RECRAFT_FIELDS = {
    "prompt", "model", "n", "size", "style", "style_id", "controls", "response_format", "negative_prompt",
    "random_seed",
}  # fmt: skip  # [D:recraft.ai/docs/api-reference]
RECRAFT_EDIT_FIELDS = {
    "prompt", "model", "n", "style", "response_format", "negative_prompt", "strength", "image", "mask",
}  # fmt: skip  # neither size nor seed
TOGETHER_FIELDS = {
    "prompt", "model", "n", "width", "height", "steps", "seed", "negative_prompt", "guidance_scale",
    "image_url", "reference_images", "image_loras", "output_format", "response_format",
    "disable_safety_checker",
}  # fmt: skip  # [S:together 3.1.1]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What one vendor takes. `packing` is how edits come; `formats` what response_format may be (an empty text: absent)."""

    text: str
    edit: str = ""
    inpaint: str = ""
    header: str = "authorization"
    scheme: str = "Bearer "
    fields: set[str]
    edit_fields: set[str] | None = None
    formats: tuple[str, ...] = ("",)
    models: Callable[[Any], bool]
    count_max: int
    packing: Literal["form", "json"] = "form"
    mask: str = ""


def _is_absent(model: Any) -> bool:
    return model is None


RULES = {
    "openai": Rules(
        text="/v1/images/generations",
        edit="/v1/images/edits",
        fields=GPT_FIELDS,
        models=lambda model: model in GPT_MODELS,
        count_max=10,
        mask="mask",
    ),  # [S:openai 3.54.0]
    "azure": Rules(
        text="/openai/deployments/{}/images/generations",
        edit="/openai/deployments/{}/images/edits",
        header="api-key",
        scheme="",
        fields=GPT_FIELDS - {"model"},
        models=_is_absent,
        count_max=10,
        mask="mask",
    ),  # [?]
    "imagerouter": Rules(
        text="/v1/openai/images/generations",
        edit="/v1/openai/images/edits",
        fields={"prompt", "model", "quality", "size", "response_format", "output_format"},
        formats=("", "url", "b64_json", "b64_ephemeral"),
        models=lambda model: model in ("openai/gpt-image-2", "black-forest-labs/flux-2-klein-9b"),
        count_max=1,
        mask="mask[]",
    ),  # [D:docs.imagerouter.io/api-reference/image-generation]
    "localai": Rules(
        text="/v1/images/generations",
        edit="/v1/images/generations",
        fields=LOCAL_FIELDS - {"output_format"} | {"step", "mode", "file", "files", "ref_images"},
        formats=("", "url", "b64_json"),
        models=lambda model: model == "stablediffusion",
        count_max=8,
        packing="json",
    ),  # PROVIDERS.md 1.14
    "sdcpp": Rules(
        text="/v1/images/generations",
        edit="/v1/images/edits",
        fields={"prompt", "n", "size", "output_format", "output_compression"},
        models=_is_absent,
        count_max=8,
        mask="mask",
    ),  # [repo leejet/stable-diffusion.cpp routes_openai.cpp]; it ignores other fields in silence, here they are refused
    "vllm": Rules(
        text="/v1/images/generations",
        edit="/v1/images/edits",
        fields=DIFFUSION_FIELDS | {"true_cfg_scale"},
        formats=("", "b64_json"),
        models=_is_absent,
        count_max=10,
    ),  # [repo vllm-project/vllm-omni api_server.py]
    "sglang": Rules(
        text="/v1/images/generations",
        edit="/v1/images/edits",
        fields=DIFFUSION_FIELDS,
        formats=("", "url", "b64_json"),
        models=_is_absent,
        count_max=10,
    ),  # PROVIDERS.md 1.14
    "recraft": Rules(
        text="/v1/images/generations",
        edit="/v1/images/imageToImage",
        inpaint="/v1/images/inpaint",
        fields=RECRAFT_FIELDS,
        edit_fields=RECRAFT_EDIT_FIELDS,
        formats=("", "url", "b64_json"),
        models=lambda model: str(model).startswith("recraftv"),
        count_max=6,
        packing="json",
    ),  # [D:recraft.ai/docs/api-reference]
    "together": Rules(
        text="/v1/images/generations",
        edit="/v1/images/generations",
        fields=TOGETHER_FIELDS,
        formats=("", "url", "base64"),
        models=lambda model: str(model).startswith("black-forest-labs/FLUX."),
        count_max=4,
        packing="json",
    ),  # [S:together 3.1.1]
}


def error(message: str = "vendor text", kind: str = "invalid_request_error", code: str | None = None) -> dict[str, Any]:
    """Return a body in OpenAI's error shape."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


MODERATED = error(kind="image_generation_user_error", code="moderation_blocked")
OLD_MODERATED = error(code="content_policy_violation")
AZURE_MODERATED = {
    "error": {
        "code": "content_filter",
        "message": "vendor text",
        "innererror": {"code": "ResponsibleAIPolicyViolation"},
    }
}
OUTPUT_MODERATED = error("Generated image was filtered as a result of our safety system.", code="contentFilter")
TOGETHER_MODERATED = error("The prompt was flagged as NSFW content.")
NO_MODEL = error(code="model_not_found")
LIMITED = error("Rate limit reached. Please try again in 12s.", "requests", "rate_limit_exceeded")
QUOTA = error(kind="insufficient_quota", code="insufficient_quota")


@dataclass
class OpenAICompatEmulator(Emulator):
    """One of the nine."""

    dialect: str = "openai"
    drawn: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.prefix = self.prefix or f"/{self.dialect}"

    @property
    def rules(self) -> Rules:
        """The dialect's rules."""
        return RULES[self.dialect]

    async def reply(self, seen: Seen) -> Reply:
        """Answer a submission, or the download of a picture."""
        if seen.method == "GET" and seen.path.startswith("/pictures/"):
            return self._download(seen)
        asked = self._asked(seen)
        if isinstance(asked, Reply):
            return asked
        self.submissions += 1
        return await self._answer(asked)

    def _asked(self, seen: Seen) -> dict[str, Any] | Reply:
        """Return the fields of a request that the vendor would take, else its answer."""
        rules = self.rules
        if rules.scheme + KEY != seen.headers.get(rules.header) and not self.is_open:
            return Reply(401, error(code="invalid_api_key"))
        path, name = self._place(seen.path)
        if seen.method != "POST" or path not in (rules.text, rules.edit, rules.inpaint):
            return Reply(404, error())
        if self.dialect == "azure" and ("api-version" not in seen.query or name not in GPT_MODELS):
            return Reply(404, error(code="DeploymentNotFound"))
        asked = _form(seen) if seen.is_multipart else seen.json
        if not isinstance(asked, dict):
            return Reply(400, error())
        if not rules.models(asked.get("model")):
            return Reply(404, NO_MODEL)
        asked = asked | ({"deployment": name} if name else {})
        return asked if self._is_right(path, asked, seen) else Reply(400, error())

    @property
    def is_open(self) -> bool:
        """Whether it serves without a key, as servers of one's own do."""
        return self.dialect in ("localai", "sdcpp", "vllm", "sglang")

    def _place(self, path: str) -> tuple[str, str]:
        """Return the path with "{}" for Azure's deployment, and the deployment."""
        if found := re.fullmatch(r"(/openai/deployments/)([^/]+)(/images/\w+)", path):
            return f"{found[1]}{{}}{found[3]}", found[2]
        return path, ""

    def _is_right(self, path: str, asked: dict[str, Any], seen: Seen) -> bool:
        """Say whether the vendor would take it; one row a rule."""
        rules = self.rules
        is_edit = path != rules.text or bool({"file", "reference_images", "image_url"} & set(asked))
        fields = rules.edit_fields if is_edit and rules.edit_fields else rules.fields
        pictures = (
            {"image[]", "image", rules.mask, "deployment"} if rules.packing == "form" and is_edit else {"deployment"}
        )
        count = int(asked.get("n", 1))
        return all(
            (
                not set(asked) - fields - pictures,
                bool(asked.get("prompt")) and len(asked["prompt"]) <= 32_000,
                1 <= count <= rules.count_max,
                asked.get("response_format", "") in rules.formats,
                seen.is_multipart == (is_edit and rules.packing == "form"),
                not is_edit or self._are_pictures(path, asked),
                self._is_size(asked, is_edit),
                self._is_quality(asked),
                asked.get("background") != "transparent" or asked.get("output_format", "png") in ("png", "webp"),
            )
        )

    def _is_size(self, asked: dict[str, Any], is_edit: bool) -> bool:
        size = asked.get("size", "")
        if self.dialect == "together":
            sides = asked.get("width", 1024), asked.get("height", 1024)
            return all(isinstance(side, int) and side % 16 == 0 and 256 <= side <= 2048 for side in sides)
        if self.dialect == "recraft":
            model = asked.get("model", "")
            return is_edit or size in (PRO_SIZES if "pro" in model else V4_SIZES if "v4" in model else V3_SIZES)
        if size in ("", "auto"):
            return True
        if not (found := re.fullmatch(r"(\d+)x(\d+)", size)):
            return False
        width, height = int(found[1]), int(found[2])
        return self.dialect not in ("openai", "azure") or _is_gpt_size(_gpt(asked), width, height)

    def _is_quality(self, asked: dict[str, Any]) -> bool:
        return "quality" not in asked or asked["quality"] in GPT_MODELS.get(_gpt(asked), GPT_2)

    def _are_pictures(self, path: str, asked: dict[str, Any]) -> bool:
        if self.dialect == "localai":
            return _opens(asked["file"])
        if self.dialect == "together":
            return "image_url" not in asked and all(_opens(_after(one)) for one in asked["reference_images"])
        if self.dialect == "recraft":
            has_mask = "mask" in asked
            are_fit = _opens(_after(asked.get("image", ""))) and asked["model"] == "recraftv3"
            if path == self.rules.inpaint:
                return are_fit and has_mask and _opens(_after(asked["mask"])) and "strength" not in asked
            return are_fit and not has_mask and 0 <= asked["strength"] <= 1
        return self._are_files(asked)

    def _are_files(self, asked: dict[str, Any]) -> bool:
        images, masks = asked.get("image[]", []), asked.get(self.rules.mask, [])
        if not 1 <= len(images) <= 16 or not all(mime.startswith("image/") for _, mime, _ in images):
            return False
        if not masks or self.dialect == "sdcpp":
            return True
        (_, mime, data), (_, _, first) = masks[0], images[0]
        with Pillow.open(io.BytesIO(data)) as mask, Pillow.open(io.BytesIO(first)) as image:
            return mime == "image/png" and mask.mode == "RGBA" and mask.size == image.size and len(data) < MASK_MAX

    async def _answer(self, asked: dict[str, Any]) -> Reply:
        await asyncio.sleep(self.scenario.latency_s)
        if "submit" in self.scenario.drop:
            self.billable += 1
        if failing := self.failing("submit"):
            return failing
        if self.scenario.refuse:
            return Reply(400, OUTPUT_MODERATED if self.scenario.refuse == "output" else MODERATED)
        told = self._told(asked)
        if told is None:
            return Reply(400, {"error": "invalid sd_cpp_extra_args"})
        self.drawn.append(told)
        self.billable += 1
        count = int(asked.get("n", 1)) if self.scenario.count is None else self.scenario.count
        body: dict[str, Any] = {
            "created": 1_795_000_000,
            "data": [self._item(asked, number) for number in range(count)],
        }
        return Reply(
            body=body | self._bill(asked, count),
            headers={"x-request-id": "req-1"},
            bytes_per_s=self.scenario.slow_bytes_per_s,
        )

    def _told(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        """Return what the model is told; None when a tag in the prompt holds no JSON."""
        prompt = asked["prompt"]
        if self.dialect == "localai":
            parts = prompt.split("|")
            return {"prompt": parts[0], "negative_prompt": parts[1] if len(parts) > 1 else ""}
        if self.dialect != "sdcpp":
            return {"prompt": prompt} | {name: asked[name] for name in ("seed", "negative_prompt") if name in asked}
        tag = re.compile("<sd_cpp_extra_args>(.*?)</sd_cpp_extra_args>")
        found = tag.search(prompt)
        try:
            return {"prompt": tag.sub("", prompt)} | (json.loads(found[1]) if found else {})
        except ValueError:
            return None

    def _item(self, asked: dict[str, Any], number: int) -> dict[str, Any]:
        has_urls = self.scenario.extra.get("urls") or (
            self.dialect not in ("openai", "azure", "sdcpp", "vllm") and asked.get("response_format", "url") == "url"
        )
        if has_urls:
            return {"url": f"{self.scenario.extra.get('host', self.url)}/pictures/{number}"}
        return {"b64_json": base64.b64encode(self._drawing(number)).decode()}

    def _drawing(self, number: int) -> bytes:
        size = self.scenario.size or (64, 64)
        mime = self.scenario.picture_mime or "image/png"
        return self.scenario.body or picture(self.drawn[-1]["prompt"], size=size, mime=mime, number=number)

    def _download(self, seen: Seen) -> Reply:
        if "authorization" in seen.headers or "api-key" in seen.headers:
            return Reply(400, {"error": "a key came to a public address"})
        if failing := self.failing("download"):
            return failing
        return Reply(body=self._drawing(int(seen.path.rpartition("/")[2])), headers={"content-type": "image/png"})

    def _bill(self, asked: dict[str, Any], count: int) -> dict[str, Any]:
        """Return what the vendor adds to an answer about its price."""
        cost, extra = self.scenario.cost, self.scenario.extra
        if self.dialect == "recraft":
            return {} if extra.get("no_cost") else {"credits": 35 * count if cost is None else cost}
        if self.dialect == "imagerouter":
            return {} if extra.get("no_cost") else {"cost": 0.04 * count if cost is None else cost, "latency": 6_942}
        if self.dialect not in ("openai", "azure"):
            return {}
        usage = extra["usage"] if "usage" in extra else _usage(asked, count)
        return {"size": asked.get("size"), "quality": asked.get("quality")} | ({"usage": usage} if usage else {})


def _gpt(asked: dict[str, Any]) -> str:
    return asked.get("model") or asked.get("deployment", "")


def _is_gpt_size(model: str, width: int, height: int) -> bool:
    """Say whether a GPT image model draws a size [D: OpenAI's image guide, "Size constraints"]."""
    if model == "gpt-image-1.5":
        return (width, height) in ((1024, 1024), (1536, 1024), (1024, 1536))
    long, short = max(width, height), min(width, height)
    has_steps = width % 16 == height % 16 == 0
    return has_steps and long <= 3840 and long <= 3 * short and 655_360 <= width * height <= 8_294_400


def _usage(asked: dict[str, Any], count: int) -> dict[str, Any]:
    text, images = len(asked["prompt"]) // 4 + 1, 1_500 * len(asked.get("image[]", ()))
    went = GPT_TOKENS[_gpt(asked)][asked.get("quality", "high")] * count
    details = {"text_tokens": text, "image_tokens": images}
    came = text + images
    return {"input_tokens": came, "input_tokens_details": details, "output_tokens": went, "total_tokens": came + went}


def _form(seen: Seen) -> dict[str, Any]:
    """Return a form's texts as values and its files as lists."""
    return {name: values[0] if isinstance(values[0], str) else values for name, values in seen.form.items()}


def _after(uri: str) -> str:
    return uri.partition(";base64,")[2] if uri.startswith("data:image/") else ""


def _opens(text: str) -> bool:
    try:
        with Pillow.open(io.BytesIO(base64.b64decode(text, validate=True))) as image:
            return image.width > 0
    except (ValueError, OSError):
        return False
