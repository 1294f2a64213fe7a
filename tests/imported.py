"""Everything that the product imports before it reads a setting: what the process has that tests.forks forks."""

import importlib
import pkgutil

from imageroute_app import components, pages, routes, state
from imageroute_app.lean import leave_out

leave_out()
for room in (components, pages, routes, state):
    for module in pkgutil.walk_packages(room.__path__, f"{room.__name__}."):
        importlib.import_module(module.name)
for name in ("imageroute_app.serve", "imageroute_app.tasks", "imageroute_app.command.line", "granian.server.embed"):
    importlib.import_module(name)
