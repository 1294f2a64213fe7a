"""The comparison of a catalogue with a provider's free list."""

from dataclasses import dataclass
from datetime import date

from imageroute_app.adapters.listing import ask, difference
from imageroute_app.adapters.registry import catalogues
from tests.emulators.kit import Emulator, Reply, Seen, served


@dataclass
class Lister(Emulator):
    async def reply(self, seen: Seen) -> Reply:
        rows = [{"id": name} for name in ("gpt-image-2", "gpt-image-9", "text-9", "gpt-image-1.5")]
        return Reply(200, {"data": rows})


async def test_gone_new_and_outlived_models_are_named() -> None:
    openai = next(one for one in catalogues() if one.id == "openai")
    lister = Lister()
    async with served(lister):
        names = await ask(openai, "secret", f"{lister.url}/v1/")
    lines = list(difference(openai, names, date(2026, 12, 24)))
    assert "new    gpt-image-9" in lines
    assert any(line.startswith("gone   openai/gpt-image-2.5-flare") for line in lines)
    assert any(line.startswith("alive  openai/gpt-image-1.5") for line in lines)
    assert not [line for line in lines if "text-9" in line or "gpt-image-2 " in line]
    assert lister.keys_seen("authorization") == ["Bearer secret"]
    assert [seen.path for seen in lister.seen] == ["/v1/models"]
