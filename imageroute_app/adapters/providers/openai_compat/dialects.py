"""What each vendor makes of OpenAI's image API: one row of a table each.

Principle: the words a person wrote can never act as anything but words. Where a server reads settings out of the prompt
(sd-server's tags, LocalAI's bar) the signs that it would read are sent as look-alikes, and the receipt says so; everybody else
gets the prompt byte by byte. Facts: PROVIDERS.md 1.1, 1.7, 1.9, 1.13, 1.14 (2026-11-23); what was read elsewhere says where.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

IN_PROMPT = "(prompt)"
"""The name of a field that a vendor reads out of the prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor: where to send, which fields there are (an empty name: none), what comes back.

    `packing` is how pictures travel: as files of a form, or in JSON as one data: address, a list of them, or bare base64.
    `inpaints` is where masks go if not to `edits`. `is_plain_edit`: edits take neither size nor seed. `counts_seeds`: picture n
    is drawn with seed + n. `keeps_models`: the vendor chooses what it hosts, so its 404 means that a model is gone. `guard`
    takes the power out of a text, `words` makes the prompt of guarded texts (prompt, negative) and a seed.
    """

    generations: str = "v1/images/generations"
    edits: str = ""
    inpaints: str = ""
    header: str = "Authorization"
    scheme: str = "Bearer "
    names_model: bool = True
    response_format: str = ""
    has_sides: bool = False
    seed: str = ""
    negative: str = ""
    strength: str = ""
    packing: Literal["form", "uri", "uris", "base64"] = "form"
    image: str = "image[]"
    mask: str = ""
    is_white_mask: bool = False
    is_plain_edit: bool = False
    counts_seeds: bool = False
    keeps_models: bool = True
    pixels_min: int = 0
    turn_max: int = 0
    cost: Literal["", "tokens", "credits", "usd"] = ""
    guard: Callable[[str], str] = str
    words: Callable[[str, str, int], str] = lambda prompt, negative, seed: prompt


# --- Servers that read settings out of the prompt -----------------------------------------------------------------------

_TAG = re.compile(r"<(?=\s*/?\s*sd_cpp_extra_args)", re.IGNORECASE)


def _untagged(text: str) -> str:
    return _TAG.sub("\u2039", text)


def _with_tag(prompt: str, negative: str, seed: int) -> str:
    """Return the prompt with our own settings in the one tag that sd-server cuts out.

    Read in leejet/stable-diffusion.cpp, examples/server/routes_openai.cpp (2026-11-26): the first tag's JSON is taken, every
    tag is cut. "<" is escaped inside the JSON.
    """
    settings = {"seed": seed} | ({"negative_prompt": negative} if negative else {})
    packed = json.dumps(settings).replace("<", "\\u003c")
    return f"{prompt} <sd_cpp_extra_args>{packed}</sd_cpp_extra_args>"


def _unbarred(text: str) -> str:
    return text.replace("|", "¦")


def _with_bar(prompt: str, negative: str, _seed: int) -> str:
    """Return the prompt and, after the one bar that LocalAI splits at, the negative prompt."""
    return f"{prompt}|{negative}" if negative else prompt


# --- The table ----------------------------------------------------------------------------------------------------------

_OPENAI = Dialect(
    edits="v1/images/edits",
    mask="mask",
    pixels_min=655_360,  # OpenAI's image guide, "Size constraints", read 2026-11-26
    turn_max=3,
    cost="tokens",
)
_AZURE_QUERY = "?api-version=2025-04-01-preview"  # [?] the newest version known to take gpt-image deployments
_LOCAL = Dialect(edits="v1/images/edits", response_format="b64_json", keeps_models=False)

DIALECTS: dict[str, Dialect] = {
    "openai": _OPENAI,
    "azure": replace(
        _OPENAI,
        generations="openai/deployments/{model}/images/generations" + _AZURE_QUERY,
        edits="openai/deployments/{model}/images/edits" + _AZURE_QUERY,
        header="api-key",
        scheme="",
        names_model=False,
        keeps_models=False,
    ),
    "imagerouter": Dialect(
        generations="v1/openai/images/generations",
        edits="v1/openai/images/edits",
        response_format="b64_ephemeral",  # b64_json would keep the picture at a public address [D:docs.imagerouter.io]
        mask="mask[]",
        cost="usd",
    ),
    "localai": replace(
        _LOCAL,
        edits="v1/images/generations",
        packing="base64",
        image="file",
        negative=IN_PROMPT,
        guard=_unbarred,
        words=_with_bar,
    ),
    "sdcpp": replace(
        _LOCAL,
        response_format="",
        seed=IN_PROMPT,
        negative=IN_PROMPT,
        mask="mask",
        is_white_mask=True,  # routes_openai.cpp reads one grey channel, alpha does not count
        counts_seeds=True,
        guard=_untagged,
        words=_with_tag,
    ),
    "vllm": replace(_LOCAL, seed="seed", negative="negative_prompt"),
    "sglang": replace(_LOCAL, seed="seed", negative="negative_prompt"),
    "recraft": Dialect(
        edits="v1/images/imageToImage",
        inpaints="v1/images/inpaint",
        response_format="b64_json",
        seed="random_seed",
        negative="negative_prompt",
        strength="strength",
        packing="uri",
        image="image",
        mask="mask",
        is_white_mask=True,
        is_plain_edit=True,
        cost="credits",
    ),
    "together": Dialect(
        edits="v1/images/generations",
        response_format="base64",
        has_sides=True,
        seed="seed",
        negative="negative_prompt",
        packing="uris",
        image="reference_images",
    ),
}
