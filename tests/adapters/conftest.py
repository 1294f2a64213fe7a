"""The adapters' tests start what the adapters themselves start."""

import pytest


@pytest.fixture(autouse=True)
def _forked_workers() -> None:
    """Leave the pool's own command in its place."""
