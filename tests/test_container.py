"""The container files: what the Dockerfile names is there, and its steps, run in an empty folder, give a product that serves.

No daemon is needed: COPY and RUN are done here, `/app` being the empty folder; what the second stage starts must then serve and
change nothing there.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from imageroute_app.settings import ENV_FILE_NAME, PREFIX, ROOT, Settings
from tests.product import clean_environment, free_port

DOCKERFILE = ROOT / "Dockerfile"
COMPOSE = ROOT / "docker-compose.yml"
SETTINGS = {PREFIX + item.name.upper() for item in fields(Settings) if item.metadata} | {ENV_FILE_NAME}


def steps() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions with their text, lines joined, comments left out."""
    text = re.sub(r"^#.*\n", "", DOCKERFILE.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


def stages() -> list[list[tuple[str, str]]]:
    found: list[list[tuple[str, str]]] = []
    for step in steps():
        if step[0] == "FROM":
            found.append([])
        found[-1].append(step)
    return found


def texts(stage: list[tuple[str, str]], name: str) -> Iterator[str]:
    return (text for instruction, text in stage if instruction == name)


def test_it_has_two_stages_and_the_last_runs_as_nobody_special() -> None:
    build, last = stages()
    assert next(texts(build, "FROM")).endswith(" AS build")
    assert list(texts(last, "USER")) == ["imageroute"]
    assert [name for name, _ in last].index("USER") < [name for name, _ in last].index("CMD")
    assert "--uid 10001" in next(texts(last, "RUN"))
    assert json.loads(next(texts(last, "CMD"))) == ["python", "-m", "imageroute_app.serve"]
    assert "/ready" in next(texts(last, "HEALTHCHECK"))
    assert "pip" not in "".join(texts(last, "RUN"))


def test_what_it_copies_is_there_and_let_through() -> None:
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    for text in texts(stages()[0], "COPY"):
        for source in text.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert f"!{source}" in ignored, source
    assert "*" in ignored
    assert not any(line.startswith(("!.env", "!data")) for line in ignored)


def test_its_settings_and_those_of_compose_are_known() -> None:
    named = set(re.findall(r"IMAGEROUTE_[A-Z0-9_]+", DOCKERFILE.read_text() + COMPOSE.read_text()))
    assert named - SETTINGS == set()
    assert not re.search(r"(PASSWORD|KEY|SECRET|TOKEN): [A-Za-z0-9]", COMPOSE.read_text())


def test_compose_lets_every_setting_through_and_calls_a_database_well_only_where_others_reach_it() -> None:
    compose = COMPOSE.read_text()
    shared = compose.partition("services:\n")[0]
    assert "env_file: [{ path: services.env, required: false }]" in shared
    assert "read_only: true" in shared
    # At its first start the image runs a server on loopback for a moment: by that it is not well yet.
    assert 'test: ["CMD", "mongosh", "--quiet", "--host", "mongo", "--eval"' in compose
    assert {"services.env", "secrets/", ".env"} <= set((ROOT / ".gitignore").read_text().splitlines())


def test_compose_is_valid_where_its_client_is() -> None:
    clients = [[found] for found in [shutil.which("docker-compose")] if found]
    docker = shutil.which("docker")
    if docker and not subprocess.run([docker, "compose", "version"], capture_output=True, check=False).returncode:
        clients.append([docker, "compose"])
    if not clients:
        pytest.skip("there is no docker compose on this machine")
    needed = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    done = subprocess.run(
        [*clients[-1], "-f", COMPOSE, "config", "--quiet"],
        env={**os.environ, **dict.fromkeys(needed, "x" * 43)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.soak
def test_its_steps_give_a_product_that_serves_and_writes_nothing_beside_its_data(tmp_path: Path) -> None:
    app, data = tmp_path / "app", tmp_path / "data"
    app.mkdir()
    data.mkdir()
    for name, text in stages()[0]:
        _do(app, name, text)
    assert {path.name for path in (app / ".web").iterdir()} == {"build", "backend"}
    before, port = _files(app), free_port()
    settings = {**clean_environment({"PORT": str(port), "DATA_DIR": str(data)}), "PYTHONDONTWRITEBYTECODE": "1"}
    serve = subprocess.Popen(
        [app / ".venv" / "bin" / "python", "-m", "imageroute_app.serve"],
        cwd=app,
        env={**settings, "HOME": str(data)},
    )
    try:
        assert _answers(serve, f"http://127.0.0.1:{port}/ready") == 200
        assert _answers(serve, f"http://127.0.0.1:{port}/") == 200
    finally:
        serve.send_signal(signal.SIGTERM)
        serve.wait(40)
    assert _files(app) == before  # so that its root may be read-only


def _do(app: Path, name: str, text: str) -> None:
    """Carry out a COPY or a RUN of the first stage."""
    if name == "COPY":
        *sources, target = text.split()
        for source in sources:
            _copy(ROOT / source, app / target)
    elif name == "RUN":
        subprocess.run(["/bin/sh", "-c", text], cwd=app, env=clean_environment({}), check=True, timeout=1800)


def _files(app: Path) -> dict[str, tuple[int, int]]:
    """Return what lies in a folder, with size and time of change; the folder that is in memory is left out."""
    in_memory = app / ".web" / "backend"
    assert "/app/.web/backend" in COMPOSE.read_text()
    found = {path: path.lstat() for path in app.rglob("*") if not path.is_dir() and in_memory not in path.parents}
    return {str(path): (facts.st_size, facts.st_mtime_ns) for path, facts in found.items()}


def _copy(source: Path, target: Path) -> None:
    """Copy as COPY does: of a folder what is in it."""
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        return
    into = target / source.name if str(target).endswith(("/", ".")) or target.is_dir() else target
    into.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(source, into)


def _answers(serve: "subprocess.Popen[bytes]", url: str) -> int:
    end = time.monotonic() + 60
    while time.monotonic() < end and serve.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310  # our own address
                return answer.status
        except OSError:
            time.sleep(0.2)  # nothing tells us when a foreign process listens
    raise AssertionError(f"{url} is not served; the process ended with {serve.poll()}")
