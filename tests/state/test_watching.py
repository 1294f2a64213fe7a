"""What goes on in the background of a page ends with the session that it was begun in: nothing is shown after it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace

import pytest

from imageroute_app.bootstrap import services, use_services
from imageroute_app.domain.errors import NotFound
from imageroute_app.domain.exports import ExportState
from imageroute_app.domain.sharing import ArchiveState
from imageroute_app.state import download, exports
from imageroute_app.state.download import DownloadState
from imageroute_app.state.exports import ExportsState
from imageroute_app.state.selection import SelectionState
from imageroute_app.state.stage import StageState
from tests.contracts.records import archive, export
from tests.doubles import Background
from tests.services.conftest import House
from tests.state.conftest import OpenTab

LOOKS_MAX = 5


class Watched:
    """Something that is always under way; the session ends while it is looked at for the second time."""

    def __init__(self, house: House, record: object) -> None:
        self._house, self._record = house, record
        self.looks = 0

    async def all(self, owner: str) -> list[object]:
        self.looks += 1
        assert self.looks < LOOKS_MAX, "it goes on after the session has ended"
        if self.looks == 2:
            await self._house.accounts.end_devices(owner)
        return [self._record]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (exports, download):
        monkeypatch.setattr(module, "WATCH_S", 0)


def serve(**parts: object) -> None:
    use_services(SimpleNamespace(**{**vars(services()), **parts}))  # type: ignore[arg-type]  # the parts that handlers call


async def test_a_watch_of_packages_ends_with_the_session(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    state = (await open_tab()).state(ExportsState)
    watched = Watched(house, replace(export(), state=ExportState.COLLECTING, snapshot_at=None))
    serve(exports=watched)

    await ExportsState.watch_exports.fn(Background(state))

    assert watched.looks == 2
    assert not state._watching


async def test_a_watch_of_archives_ends_with_the_session(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    state = (await open_tab()).state(DownloadState)
    state.is_open = True
    watched = Watched(house, replace(archive(), state=ArchiveState.PREPARING))
    serve(archives=watched)

    await DownloadState.watch_archives.fn(Background(state))

    assert watched.looks == 2
    assert not state._watching


async def test_a_watch_of_jobs_ends_with_the_session(
    house: House, open_tab: OpenTab, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await house.person("ada")
    state = (await open_tab()).state(StageState)
    told: list[str] = []

    class Jobs:
        async def changes(self, owner: str) -> AsyncIterator[str]:
            for number in range(LOOKS_MAX):
                yield f"job{number}"

        async def balance(self, owner: str) -> SimpleNamespace:
            told.append(owner)
            assert len(told) < LOOKS_MAX, "it goes on after the session has ended"
            if len(told) == 2:
                await house.accounts.end_devices(owner)
            return SimpleNamespace(available=1, reserved=0)

        async def job(self, owner: str, job_id: str) -> None:
            raise NotFound

    serve(jobs=Jobs())
    monkeypatch.setattr(StageState, "_is_open", lambda _: True)  # a job that does not end
    await StageState.watch_jobs.fn(Background(state))

    assert told == [owner, owner]


async def test_nothing_runs_that_was_not_begun(house: House, open_tab: OpenTab) -> None:
    await house.person("ada")
    state = (await open_tab()).state(SelectionState)

    assert await SelectionState.go_on.fn(state) is None
    await SelectionState.run.fn(Background(state))
    await asyncio.sleep(0)

    assert (state.doing, state.left) == ("", "")
