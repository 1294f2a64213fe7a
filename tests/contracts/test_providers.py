"""What every provider of pictures promises, each against its own emulator, and the engine that draws here.

What only one vendor does is in tests/adapters; here is what the carrier relies on whoever was asked.
"""

import inspect
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from PIL import Image as Pillow

from imageroute_app.adapters.http import Opening
from imageroute_app.adapters.providers.sketch.provider import SketchProvider
from imageroute_app.adapters.registry import KINDS, catalogues
from imageroute_app.adapters.workers import WorkerPool
from imageroute_app.domain.catalog import Task
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import (
    Done,
    ErrorKind,
    ImageProvider,
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Submitted,
)
from tests.emulators.__main__ import base_path, every_emulator
from tests.emulators.kit import Emulator, VirtualClock, served

WORDS = "a lighthouse nobody may hear of"
KEY = "key-of-the-contract"
NETWORKED = {one.id: one for one in catalogues() if one.kind != "sketch"}
ONE_EACH = sorted({one.kind: one.id for one in NETWORKED.values()}.values())
"""A provider of every kind; further ones of a kind differ in their catalogue only."""


@dataclass
class Vendor:
    """A provider, and the emulator of its vendor if it has one."""

    port: ImageProvider
    emulator: Emulator | None

    def call(self, **changes: Any) -> ProviderCall:
        """Return the smallest order that it takes."""
        model = next(one for one in self.port.models() if Task.TEXT in one.capabilities.tasks)
        request = Request(prompt=WORDS, provider=self.port.id, model=model.id, width=1024, height=1024)
        call = ProviderCall(id="call-1", model=model, prompt=WORDS, request=request, count=1, seed=77)
        return replace(call, **changes)

    async def events(self) -> list[ProviderEvent]:
        return [event async for event in self.port.generate(self.call())]

    async def failed(self) -> ProviderError:
        with pytest.raises(ProviderError) as caught:
            await self.events()
        for secret in (WORDS, KEY, "vendor text"):
            assert secret not in str(caught.value)
        return caught.value


@pytest.fixture(params=[*ONE_EACH, "sketch"])
async def vendor(request: pytest.FixtureRequest) -> AsyncIterator[Vendor]:
    if request.param == "sketch":
        pool = WorkerPool(1)
        sketch = SketchProvider(pool)
        yield Vendor(sketch, None)
        await sketch.close()
        await pool.close()
        return
    emulator = next(one for one in every_emulator() if one.prefix == f"/{request.param}")
    emulator.scenario.latency_s = 0
    key = getattr(emulator, "key", getattr(inspect.getmodule(emulator), "KEY", ""))
    async with served(emulator):
        made = _opened(request.param, emulator, key)
        yield made
        await made.port.close()


def _opened(provider: str, emulator: Emulator, key: str) -> Vendor:
    clock: VirtualClock = emulator.clock
    opening = Opening(key=key, url=emulator.url + base_path(provider), sleep=clock.sleep)
    return Vendor(KINDS[NETWORKED[provider].kind](NETWORKED[provider], opening), emulator)


async def test_models_are_its_own_and_each_is_there_once(vendor: Vendor) -> None:
    models = vendor.port.models()
    assert {model.provider for model in models} == {vendor.port.id}
    assert len({model.id for model in models}) == len(models) > 0


async def test_one_order_is_one_submission_and_ends_with_its_pictures(vendor: Vendor) -> None:
    *before, last = await vendor.events()
    assert isinstance(last, Done)
    assert not any(isinstance(event, Done) for event in before)
    (picture,) = last.pictures
    Pillow.open(io.BytesIO(picture.data)).load()
    if vendor.emulator:
        assert (vendor.emulator.submissions, vendor.emulator.billable) == (1, vendor.port.id != "sdapi")
        assert any(WORDS in seen.body.decode("latin-1") for seen in vendor.emulator.seen)


@pytest.mark.parametrize("vendor", ONE_EACH, indirect=True)
async def test_a_fault_of_the_vendor_is_told_in_our_words_and_nothing_is_sent_twice(vendor: Vendor) -> None:
    assert vendor.emulator
    vendor.emulator.scenario.fail("submit", 500, {"error": "vendor text"})
    error = await vendor.failed()
    assert error.kind in (ErrorKind.TRANSIENT, ErrorKind.RESULT_LOST)
    assert vendor.emulator.submissions <= 1
    assert vendor.emulator.billable == 0
    assert isinstance((await vendor.events())[-1], Done)  # and it goes on by itself once the vendor does


@pytest.mark.parametrize("vendor", ONE_EACH, indirect=True)
async def test_an_answer_that_never_came_is_not_taken_for_free(vendor: Vendor) -> None:
    assert vendor.emulator
    vendor.emulator.scenario.drop.append("submit")
    error = await vendor.failed()
    assert error.billed == "unknown" or vendor.port.id == "sdapi"  # a server of one's own costs nothing
    assert sum(seen.method == "POST" for seen in vendor.emulator.seen) <= 2  # sdapi asks first which model is loaded


async def test_what_cannot_be_fetched_again_is_said_not_ordered_anew(vendor: Vendor) -> None:
    with pytest.raises(ProviderError) as caught:
        [event async for event in vendor.port.resume(vendor.call(), "no reference of ours")]
    assert WORDS not in str(caught.value)
    if vendor.emulator:
        assert (vendor.emulator.submissions, vendor.emulator.billable) == (0, 0)


async def test_stopping_says_what_is_known(vendor: Vendor) -> None:
    events = await vendor.events()
    refs = [event.job_ref for event in events if isinstance(event, Submitted)]
    for ref in refs or ["who answers at once gives none"]:
        assert await vendor.port.cancel(vendor.call().model, ref) in ("stopped", "too_late", "unsupported")


async def test_erasing_says_what_is_proven_and_costs_nothing(vendor: Vendor) -> None:
    events = await vendor.events()
    refs = [event.job_ref for event in events if isinstance(event, Submitted)]
    before = vendor.emulator.billable if vendor.emulator else 0
    for ref in refs or ["who answers at once gives none"]:
        assert await vendor.port.forget(ref) in ("erased", "not_there", "unsupported")
    assert (vendor.emulator.billable if vendor.emulator else 0) == before


async def test_a_preview_is_a_small_webp_or_nothing_and_costs_nothing(vendor: Vendor) -> None:
    found = await vendor.port.preview(vendor.call().request, 7)
    if found is not None:
        assert Pillow.open(io.BytesIO(found)).format == "WEBP"
    if vendor.emulator:
        assert (vendor.emulator.submissions, vendor.emulator.billable) == (0, 0)
