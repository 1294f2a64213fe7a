"""Failure case 6 of PROVIDERS.md 5: a refusal in each of its ten shapes ends blocked, free, told once, taken nowhere else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from imageroute_app.adapters.catalogue import read_catalogue
from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.bfl import BflProvider
from imageroute_app.adapters.providers.fal import FalProvider
from imageroute_app.adapters.providers.gemini import GeminiProvider
from imageroute_app.adapters.providers.openai_compat import OpenAICompatProvider
from imageroute_app.adapters.providers.openrouter import OpenRouterProvider
from imageroute_app.adapters.providers.replicate import ReplicateProvider
from imageroute_app.adapters.providers.stability import StabilityProvider
from imageroute_app.domain.jobs import JobState
from tests.emulators import gemini, openai_compat, openrouter
from tests.emulators.bfl import BflEmulator
from tests.emulators.fal import FalEmulator
from tests.emulators.gemini import GeminiEmulator
from tests.emulators.kit import Emulator, served
from tests.emulators.openai_compat import OpenAICompatEmulator
from tests.emulators.openrouter import OpenRouterEmulator
from tests.emulators.replicate import ReplicateEmulator
from tests.emulators.stability import StabilityEmulator
from tests.services.test_routing_flows import ANYONE, CATALOGUES, Street, request, street

__all__ = ["street"]


@dataclass(frozen=True, kw_only=True)
class Shape:
    """How one vendor says no: `stage` is what it refused, `refuse` what its emulator is told."""

    provider: str
    model: str
    kind: Callable[..., Any]
    emulator: Callable[[], Emulator]
    path: str
    stage: str
    refuse: str = ""
    key: str = ""
    block: str = ""


OPENAI = {
    "provider": "openai", "model": "gpt-image-2-low", "kind": OpenAICompatProvider, "path": "/v1", "key": openai_compat.KEY,
    "emulator": lambda: OpenAICompatEmulator(dialect="openai"),
}  # fmt: skip
GEMINI = {
    "provider": "gemini", "model": "gemini-nano-banana-2.1", "kind": GeminiProvider, "path": "/v1beta", "key": gemini.KEY,
    "emulator": GeminiEmulator,
}  # fmt: skip
BFL = {"provider": "bfl", "model": "flux-2-pro", "kind": BflProvider, "path": "", "emulator": BflEmulator}
FAL = {"provider": "fal", "model": "flux-2-flash", "kind": FalProvider, "path": "", "emulator": FalEmulator}
STABILITY = {
    "provider": "stability", "model": "core", "kind": StabilityProvider, "path": "", "emulator": StabilityEmulator,
}  # fmt: skip
SHAPES = {
    "openai 400 moderation_blocked, prompt": Shape(**OPENAI, stage="input", refuse="input"),
    "openai 400 moderation_blocked, picture": Shape(**OPENAI, stage="output", refuse="output"),
    "gemini 200 with a blockReason": Shape(**GEMINI, stage="input", block="PROHIBITED_CONTENT"),
    "gemini 200 with a finishReason": Shape(**GEMINI, stage="output", refuse="IMAGE_SAFETY"),
    "bfl Request Moderated": Shape(**BFL, stage="input", refuse="input"),
    "bfl Content Moderated": Shape(**BFL, stage="output", refuse="output"),
    "fal 422 content_policy_violation": Shape(**FAL, stage="input", refuse="input"),
    "fal has_nsfw_concepts": Shape(**FAL, stage="output", refuse="output"),
    "stability 403": Shape(**STABILITY, stage="input", refuse="input"),
    "stability 200 CONTENT_FILTERED": Shape(**STABILITY, stage="output", refuse="output"),
    "openrouter": Shape(
        provider="openrouter", model="gpt-image-1.5", kind=OpenRouterProvider, path="/api/v1", key=openrouter.KEY,
        emulator=OpenRouterEmulator, stage="input", refuse="input",
    ),
    "replicate failed with words about it": Shape(
        provider="replicate", model="flux-schnell", kind=ReplicateProvider, path="/v1", emulator=ReplicateEmulator,
        stage="output", refuse="input",
    ),
}  # fmt: skip


@pytest.mark.promise("P40")
@pytest.mark.parametrize("name", SHAPES)
async def test_6_a_refusal_is_blocked_free_and_neither_retried_nor_ill_health(street: Street, name: str) -> None:
    shape = SHAPES[name]
    emulator = shape.emulator()
    async with served(emulator):
        key = shape.key or getattr(emulator, "key", "")
        opening = Opening(key=key, url=emulator.url + shape.path, sleep=emulator.clock.sleep)
        provider = shape.kind(read_catalogue(CATALOGUES / f"{shape.provider}.toml"), opening)
        street.house.routing.providers[shape.provider] = provider
        emulator.scenario.refuse = shape.refuse
        if isinstance(emulator, GeminiEmulator):
            emulator.block = shape.block
        job = await street.run(request(shape.provider, shape.model, rule=ANYONE))
        await provider.close()
    assert (job.state, job.delivered, job.charged_credits) == (JobState.BLOCKED, 0, 0)
    assert job.failure_code == f"refused_{shape.stage}"
    assert [one[:2] for one in await street.outcomes(job)] == [(shape.provider, "refused")]
    assert emulator.submissions == 1
    assert street.billable == street.openai.submissions + street.bfl.submissions + street.fal.submissions == 0
    model = street.house.routing.model(f"{shape.provider}/{shape.model}")
    assert model is not None
    assert street.house.routing.health(model).standing(street.house.clock()).failure_rate == 0
