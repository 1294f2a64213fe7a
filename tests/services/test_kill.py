"""kill -9 at every point of a generation (SECURITY.md S1): a new process ends the job, and the books are right."""

import base64
import json
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mongo_server import RUN

ROOT = Path(__file__).parents[2]
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


def worker(act: str, environ: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    base = {name: text for name, text in os.environ.items() if not name.startswith("IMAGEROUTE_")}
    return subprocess.run(
        [sys.executable, "-m", "tests.services.worker_child", act],
        cwd=ROOT,
        env=base | environ,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
    )


def environment(data_dir: Path, extra: dict[str, str]) -> dict[str, str]:
    return {
        "IMAGEROUTE_ENV_FILE": "",
        "IMAGEROUTE_DATA_DIR": str(data_dir),
        "IMAGEROUTE_LEASE_S": "2",
        "IMAGEROUTE_SWEEP_S": "1",
        "IMAGEROUTE_TESTING": "1",
        **extra,
    }


def check_kill(data_dir: Path, point: str, extra: dict[str, str]) -> None:
    settings = environment(data_dir, extra)
    killed = worker("submit", settings | {"IMAGEROUTE_TEST_FAULT": f"{point}:kill"})
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    finished = worker("finish", settings)
    assert finished.returncode == 0, finished.stderr
    facts = json.loads(finished.stdout.splitlines()[-1])
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
    check_kill(tmp_path, point, {})


# Killed inside its transaction, the client leaves it open at the server, which ends it after its own minute
# (transactionLifetimeLimitSeconds); the job is final right after, so this one point runs with the soak.
ON_MONGODB = [pytest.param(point, marks=[pytest.mark.soak] if point == "before_commit" else []) for point in POINTS]


@pytest.mark.each_point_once
@pytest.mark.parametrize("point", ON_MONGODB)
def test_the_same_on_mongodb(tmp_path: Path, point: str, mongo_uri: str) -> None:
    database = f"{RUN}_{secrets.token_hex(4)}"
    check_kill(
        tmp_path,
        point,
        {
            "IMAGEROUTE_MONGODB_URI": mongo_uri,
            "IMAGEROUTE_MONGODB_DATABASE": database,
            "IMAGEROUTE_MASTER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        },
    )
