"""Two halves of a run side by side (`pytest -n 2`): the journeys, which wait for pages a lot, beside all that computes.

The tests of a file stay together. The first worker takes files from the front of the line, where the journeys stand, every
other one from its end; whoever is done first takes what the other has left.
"""

import pytest
from xdist.scheduler.loadscope import LoadScopeScheduling
from xdist.workermanage import WorkerController

FRONT = "tests/journeys/"


class Halves(LoadScopeScheduling):
    """Hands out whole files, from both ends of the line."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid.partition("::")[0]

    def _assign_work_unit(self, node: WorkerController) -> None:
        if node is not self.nodes[0]:
            self.workqueue.move_to_end(next(reversed(self.workqueue)), last=False)
        super()._assign_work_unit(node)


def journeys_first(items: list[pytest.Item]) -> None:
    """Put the journeys to the front of the line."""
    items.sort(key=lambda item: not item.nodeid.startswith(FRONT))
