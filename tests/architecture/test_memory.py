"""What the server's own process must not load: only its workers open and draw pictures."""

import subprocess
import sys

import pytest

from imageroute_app.settings import ROOT


@pytest.mark.parametrize("library", ["numpy", "PIL", "c2pa"])
def test_server_does_not_load(library: str) -> None:
    program = f"import sys, imageroute_app.bootstrap, imageroute_app.routes.api; sys.exit({library!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
