"""kill -9 at every point of a generation (SECURITY.md S1): a new process ends the job, and the books are right."""

import base64
import json
import secrets
import signal
from pathlib import Path

import pytest

from tests.forks import Ended, fork
from tests.mongo_server import RUN
from tests.services.worker_child import environment, work

POINTS = (
    "before_reserve",
    "after_reserve",
    "after_sent",
    "after_answer",
    "half_stored",
    "before_rows",
    "before_commit",
    "after_commit",
)


def worker(act: str, folder: Path, environ: dict[str, str]) -> Ended:
    return fork(work, act, folder=folder / act, environment=environ).ended()


def check_kill(data_dir: Path, point: str, extra: dict[str, str]) -> None:
    settings = environment(data_dir, extra)
    killed = worker("submit", data_dir.parent, settings | {"IMAGEROUTE_TEST_FAULT": f"{point}:kill"})
    assert killed.status == -signal.SIGKILL, killed.error
    finished = worker("finish", data_dir.parent, settings)
    assert finished.status == 0, finished.error
    facts = json.loads(finished.out.splitlines()[-1])
    assert facts["files_match"]
    assert facts["balance"] == facts["sum"]
    if point == "before_reserve":
        assert facts["jobs"] == []
        assert facts["balance"] == 50
        return
    assert facts["jobs"] == [["succeeded", 2, 2]]
    assert facts["kinds"] == ["charge", "grant", "hold", "release"]
    assert (facts["balance"], facts["images"]) == (48, 2)


@pytest.mark.each_point_once
@pytest.mark.parametrize("point", POINTS)
def test_killed_generation_is_ended_exactly_once_by_the_next_process(tmp_path: Path, point: str) -> None:
    check_kill(tmp_path / "data", point, {})


# Killed inside its transaction, the client leaves it open at the server, which ends it after its own minute
# (transactionLifetimeLimitSeconds); the job is final right after, so this one point runs with the soak.
ON_MONGODB = [pytest.param(point, marks=[pytest.mark.soak] if point == "before_commit" else []) for point in POINTS]


@pytest.mark.each_point_once
@pytest.mark.parametrize("point", ON_MONGODB)
def test_the_same_on_mongodb(tmp_path: Path, point: str, mongo_uri: str) -> None:
    database = f"{RUN}_{secrets.token_hex(4)}"
    check_kill(
        tmp_path / "data",
        point,
        {
            "IMAGEROUTE_MONGODB_URI": mongo_uri,
            "IMAGEROUTE_MONGODB_DATABASE": database,
            "IMAGEROUTE_MASTER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        },
    )
