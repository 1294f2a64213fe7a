"""The limit of open files, tried in a process that begins with few of them."""

import subprocess
import sys

import pytest

from imageroute_app.settings import ROOT

TRY = """
import resource
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
from imageroute_app.limits import allow_open_files
told = allow_open_files()
print(told, *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


@pytest.mark.parametrize(("soft", "hard", "expected"), [(256, 4096, 4096), (4096, 4096, 4096), (300, 300, 300)])
def test_it_is_raised_to_what_the_system_allows(soft: int, hard: int, expected: int) -> None:
    code = TRY.format(soft=soft, hard=hard)
    ended = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert ended.stdout.split() == [str(expected), str(expected), str(hard)]
