"""Small doubles for what a test must script: the clock, a provider that fails on purpose, a bell instead of workers."""

import asyncio
import io
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image as Pillow

from imageroute_app.adapters.dispatch.watchers import Watchers
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.jobs import Failover, Request, Rule
from imageroute_app.domain.ports import (
    Done,
    Forgotten,
    Mail,
    Picture,
    ProviderCall,
    ProviderError,
    ProviderEvent,
    Stopped,
    Submitted,
)
from imageroute_app.services.choice_log import Edition


@dataclass
class MovingClock:
    """A clock that only a test moves."""

    now: datetime = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def move(self, **parts: float) -> None:
        self.now += timedelta(**parts)


class Background:
    """A state as a background handler holds it: `async with` is a formality here."""

    def __init__(self, state: object) -> None:
        object.__setattr__(self, "_state", state)

    def __getattr__(self, name: str) -> Any:
        found = getattr(type(self._state), name, None)
        return found.__get__(self) if callable(found) and hasattr(found, "__get__") else getattr(self._state, name)

    def __setattr__(self, name: str, value: object) -> None:
        setattr(self._state, name, value)

    async def __aenter__(self) -> "Background":
        return self

    async def __aexit__(self, *error: object) -> None:
        return


async def never_over(_cookie: str) -> bool:
    """Say of a session that it goes on."""
    return False


@dataclass
class Bell:
    """A dispatcher that notes who was woken; the test decides when a worker looks."""

    woken: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    watchers: Watchers = field(default_factory=Watchers)

    async def wake(self, job_id: str) -> None:
        self.woken.append(job_id)

    async def changed(self, owner: str, job_id: str) -> None:
        self.told.append((owner, job_id))
        self.watchers.tell(owner, job_id)

    def changes(self, owner: str, job_id: str = "") -> AsyncIterator[str]:
        return self.watchers.watch(owner, job_id)


@dataclass
class Objections:
    """A pre-check that objects to one word."""

    word: str = "objectionable"

    def objection(self, prompt: str) -> str:
        return "test-rule" if self.word in prompt else ""


async def shown_edition() -> Edition:
    """Stand for what is in front of a person who chooses."""
    return Edition(policy_version="2026-11-25", ui_build="test")


async def no_page(_owner: str) -> int:
    """Stand for a process in which nobody has a page open."""
    return 0


@dataclass
class Letters:
    """A mailer that keeps what it was given."""

    sent: list[Mail] = field(default_factory=list)

    async def send(self, mail: Mail) -> None:
        self.sent.append(mail)

    async def forget(self, address: str) -> int:
        mine = [mail for mail in self.sent if mail.to == address]
        self.sent = [mail for mail in self.sent if mail.to != address]
        return len(mine)

    def secret(self) -> str:
        return self.sent[-1].link.partition("token=")[2]


@dataclass
class NothingFails:
    """A sweep of which a test writes down what fails."""

    failing: dict[str, datetime] = field(default_factory=dict)


def png(colour: str = "teal", size: tuple[int, int] = (64, 48)) -> bytes:
    """Return a real PNG."""
    file = io.BytesIO()
    Pillow.new("RGB", size, colour).save(file, "PNG")
    return file.getvalue()


@dataclass
class ScriptedProvider:
    """A provider whose next answers a test writes down: bytes for pictures, an exception, or a wait."""

    model: Model
    script: list[Sequence[bytes] | Exception | Callable[[], object]] = field(default_factory=list)
    calls: list[ProviderCall] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    resumed: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    stops: Stopped = "stopped"
    forgets: Forgotten | ProviderError = "unsupported"
    forgotten: list[str] = field(default_factory=list)
    id: str = "scripted"

    def __post_init__(self) -> None:
        price = replace(self.model.price, basis="exact", micro_usd=10_000)
        self.model = replace(
            self.model, provider="scripted", id="scripted-1", price=price, makes="trainedAlgorithmicMedia"
        )

    def models(self) -> Sequence[Model]:
        return (self.model,)

    async def generate(self, call: ProviderCall) -> AsyncIterator[ProviderEvent]:
        self.calls.append(call)
        yield Submitted(job_ref=f"ref-{len(self.calls)}")
        answer = self.script.pop(0) if self.script else [png()] * call.count
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            await self.release.wait()
            answer = [png()] * call.count
        yield Done(pictures=[Picture(data=data) for data in answer])

    async def resume(self, call: ProviderCall, job_ref: str) -> AsyncIterator[ProviderEvent]:
        self.resumed.append(job_ref)
        yield Done(pictures=[Picture(data=png())] * call.count)

    async def cancel(self, model: Model, job_ref: str) -> Stopped:
        self.cancelled.append(job_ref)
        return self.stops

    async def forget(self, job_ref: str) -> Forgotten:
        if isinstance(self.forgets, ProviderError):
            raise self.forgets
        self.forgotten.append(job_ref)
        return self.forgets

    async def preview(self, request: Request, seed: int) -> bytes | None:
        return None

    async def close(self) -> None:
        return


ALONE = Rule(failover=Failover.NEVER)
REQUEST = Request(
    prompt="a fern at dawn", provider="scripted", model="scripted-1", width=256, height=256, count=1, rule=ALONE
)


async def tell_nobody(_owner: str, _what: str) -> Sequence[str]:
    """Tell no company, and so return no names."""
    return ()
