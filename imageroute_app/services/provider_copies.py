"""Copies at the makers of pictures: erased there by their API where one exists, request by request (PRIVACY 5.3, P37, P48).

Principle: what a maker does not answer for is not called gone. Past the time that it promised, its silence holds up nobody.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from imageroute_app.domain.backups import FAR
from imageroute_app.domain.errors import NotFound, Unavailable
from imageroute_app.domain.jobs import Attempt
from imageroute_app.domain.ports import Clock, Database, Forgotten, ImageProvider, ProviderError, Query

ASKED_MAX = 500
"""Of requests whose time is over, how many of the newest are asked about all the same; what is still held always is."""
AT_ONCE = 4
NO_KEY = "its API refuses to erase with the key that is set here"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the API of a company said about requests; `left` are those that it did not prove gone, newest first."""

    left: Sequence[Attempt]
    erased: int = 0
    not_there: int = 0
    refused: int = 0

    @property
    def proof(self) -> str:
        """Return it in words, empty where there is no API."""
        said = (
            (self.erased, "erased with their files, which were looked for"),
            (self.not_there, "not known there any more"),
        )
        return ", ".join(f"{number:,} {words}" for number, words in said if number)


class ProviderCopies:
    """What the makers still hold."""

    def __init__(self, *, database: Database, providers: Mapping[str, ImageProvider], clock: Clock) -> None:
        self._tables, self._providers, self._clock = database.tables, providers, clock

    async def erase(self, attempts: Sequence[Attempt]) -> Asked:
        """Erase what was sent with these submissions, newest first; repeating is harmless.

        Raises:
            Unavailable: A company that still holds something does not answer.
        """
        now = self._clock()
        wanted = [one for number, one in enumerate(attempts) if number < ASKED_MAX or is_held(one, now)]
        lane = asyncio.Semaphore(AT_ONCE)

        async def ask(attempt: Attempt) -> Forgotten:
            async with lane:
                return await self._ask(attempt, now)

        answers = await asyncio.gather(*map(ask, wanted), return_exceptions=True)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer
        erased = {one.id for one, answer in zip(wanted, answers, strict=True) if answer == "erased"}
        return Asked(
            left=[one for one in attempts if one.id not in erased],
            erased=len(erased),
            not_there=answers.count("not_there"),
            refused=answers.count("refused"),
        )

    async def forget_image(self, owner: str, image_id: str) -> None:
        """Erase what a maker still holds of the request behind a picture that is erased here. Raises Unavailable."""
        try:
            image = await self._tables.images.get(image_id, owner)
        except NotFound:
            return
        if not image.job_id:
            return
        now = self._clock()
        attempts = await self._tables.attempts.find(
            Query(owner=owner, equals={"job_id": image.job_id}, limit=ASKED_MAX)
        )
        await self.erase([one for one in attempts if is_held(one, now)])

    async def _ask(self, attempt: Attempt, now: datetime) -> Forgotten:
        provider = self._providers.get(attempt.provider)
        if provider is None or not attempt.job_ref:
            return "unsupported"
        try:
            return await provider.forget(attempt.job_ref)
        except ProviderError as error:
            if is_held(attempt, now):
                raise Unavailable from error
            return "unsupported"


def ended(attempt: Attempt) -> datetime:
    """Return when a company last got something by a submission."""
    return attempt.ended_at or attempt.started_at


def is_held(attempt: Attempt, now: datetime) -> bool:
    """Say whether a company may still hold what it got by a submission."""
    return (kept_until(ended(attempt), attempt.retention) or FAR) > now


def kept_until(sent_at: datetime, retention: str) -> datetime | None:
    """Return until when a company keeps what it was sent, read from the words of the receipt; None when it does not say."""
    words = retention.split()
    if len(words) != 3 or words[0] != "Kept" or not words[1].isdigit():
        return None
    number = int(words[1])
    return sent_at + (timedelta(hours=number) if words[2].startswith("hour") else timedelta(days=number))
