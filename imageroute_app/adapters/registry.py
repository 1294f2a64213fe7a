"""Every kind of network provider, one line each, and the catalogues beside them. Adding one: a module, a catalogue, a line."""

from collections.abc import Callable, Mapping
from pathlib import Path

from imageroute_app.adapters.catalogue import Catalogue, read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.bfl import BflProvider
from imageroute_app.adapters.providers.fal import FalProvider
from imageroute_app.adapters.providers.gemini import GeminiProvider
from imageroute_app.adapters.providers.openai_compat import OpenAICompatProvider
from imageroute_app.adapters.providers.openrouter import OpenRouterProvider
from imageroute_app.adapters.providers.replicate import ReplicateProvider
from imageroute_app.adapters.providers.sdapi import SdapiProvider
from imageroute_app.adapters.providers.stability import StabilityProvider
from imageroute_app.domain.ports import ImageProvider

KINDS: Mapping[str, Callable[[Catalogue, Opening], ImageProvider]] = {
    "bfl": BflProvider,
    "fal": FalProvider,
    "gemini": GeminiProvider,
    "openai_compat": OpenAICompatProvider,
    "openrouter": OpenRouterProvider,
    "replicate": ReplicateProvider,
    "sdapi": SdapiProvider,
    "stability": StabilityProvider,
}

FOLDER = Path(__file__).with_name("providers")


def catalogues() -> tuple[Catalogue, ...]:
    """Return the catalogue of every network provider, whether it has a key here or not, by name."""
    return tuple(sorted((read_catalogue(path) for path in FOLDER.glob("*.toml")), key=lambda one: one.name.casefold()))


def open_providers(keys: Mapping[str, str], urls: Mapping[str, str]) -> tuple[ImageProvider, ...]:
    """Open every provider that can be used with these keys and addresses, by provider id."""
    return tuple(
        KINDS[one.kind](one, Opening(key=keys.get(one.id, ""), url=urls.get(one.id, one.url)))
        for one in catalogues()
        if is_usable(one, keys, urls)
    )


def is_usable(one: Catalogue, keys: Mapping[str, str], urls: Mapping[str, str]) -> bool:
    """Say whether what this provider needs was set: its key, or for a server of one's own its address."""
    has_address = bool(urls.get(one.id) or one.url)
    return has_address and bool(keys.get(one.id)) if one.key == "needed" else bool(urls.get(one.id))
