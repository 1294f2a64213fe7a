"""Every kind of network provider, one line each, and the catalogues beside them. Adding one: a module, a catalogue, a line.

A provider's module, and the HTTP client with it, is loaded when one is opened: a start waits for nothing that it does not use.
"""

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from imageroute_app.adapters.catalogue import Catalogue, read_catalogue
from imageroute_app.domain.ports import ImageProvider

if TYPE_CHECKING:
    from imageroute_app.adapters.http import Opening


def _kind(module: str, name: str) -> Callable[[Catalogue, "Opening"], ImageProvider]:
    def opened(catalogue: Catalogue, opening: "Opening") -> ImageProvider:
        found = importlib.import_module(f"imageroute_app.adapters.providers.{module}")
        return getattr(found, name)(catalogue, opening)

    return opened


KINDS: Mapping[str, Callable[[Catalogue, "Opening"], ImageProvider]] = {
    "bfl": _kind("bfl", "BflProvider"),
    "fal": _kind("fal", "FalProvider"),
    "gemini": _kind("gemini", "GeminiProvider"),
    "openai_compat": _kind("openai_compat", "OpenAICompatProvider"),
    "openrouter": _kind("openrouter", "OpenRouterProvider"),
    "replicate": _kind("replicate", "ReplicateProvider"),
    "sdapi": _kind("sdapi", "SdapiProvider"),
    "stability": _kind("stability", "StabilityProvider"),
}

FOLDER = Path(__file__).with_name("providers")


def catalogues(wanted: Callable[[str], bool] = lambda _id: True) -> tuple[Catalogue, ...]:
    """Return the catalogues of the network providers whose id is wanted, whether they have a key here or not, by name."""
    paths = (path for path in FOLDER.glob("*.toml") if wanted(path.stem))
    return tuple(sorted(map(read_catalogue, paths), key=lambda one: one.name.casefold()))


def open_providers(keys: Mapping[str, str], urls: Mapping[str, str]) -> tuple[ImageProvider, ...]:
    """Open every provider that can be used with these keys and addresses, by provider id."""
    set_up = catalogues(lambda provider: bool(keys.get(provider) or urls.get(provider)))
    usable = [one for one in set_up if is_usable(one, keys, urls)]
    if not usable:
        return ()
    from imageroute_app.adapters.http import Opening

    return tuple(
        KINDS[one.kind](one, Opening(key=keys.get(one.id, ""), url=urls.get(one.id, one.url))) for one in usable
    )


def is_usable(one: Catalogue, keys: Mapping[str, str], urls: Mapping[str, str]) -> bool:
    """Say whether what this provider needs was set: its key, or for a server of one's own its address."""
    has_address = bool(urls.get(one.id) or one.url)
    return has_address and bool(keys.get(one.id)) if one.key == "needed" else bool(urls.get(one.id))
