"""What is left out of the start is really gone, and what it was left out of goes on."""

import subprocess
import sys

from imageroute_app.adapters.workers import PRELOADED
from imageroute_app.settings import ROOT

START = """
import sys
from imageroute_app.lean import leave_out
leave_out()
import httpx, socketio, taskiq
from taskiq import InMemoryBroker
InMemoryBroker()
httpx.Client(trust_env=False).close()
heavy = {name.partition(".")[0] for name, module in sys.modules.items() if module is not None}
print(*sorted(heavy & {"aiohttp", "requests", "pygments"}))
"""

WORKER = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted(name for name in sys.modules if name.startswith("imageroute_app.domain.")))
"""


def test_libraries_go_on_without_what_is_left_out() -> None:
    told = subprocess.run([sys.executable, "-c", START], cwd=ROOT, capture_output=True, text=True, check=True)

    assert told.stdout.strip() == ""


def test_a_picture_worker_starts_with_little_of_the_domain() -> None:
    told = subprocess.run(
        [sys.executable, "-c", WORKER, *PRELOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert told.stdout.split() == ["imageroute_app.domain.errors", "imageroute_app.domain.pictures"]
