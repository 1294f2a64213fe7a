"""`python -m bench [section ...]`: every figure of PERFORMANCE.md 3, or some sections of them; nothing is asserted."""

import asyncio
import importlib
import sys
import time

from bench.rows import show
from tests.product import build_front_end

SECTIONS = {
    "server": "Server: start, memory, 100 people",
    "scale": "100 signed-in tabs on one node, one and two web workers",
    "pages": "Pages in a browser, beside the floor",
    "pictures": "Pictures and generations on the server",
    "routing": "Generations over a company",
    "exports": "Export",
    "database": "SQLite, 1,000 and 100,000 pictures",
}


def main(names: list[str]) -> int:
    """Run the sections named, all when none is."""
    if unknown := set(names) - set(SECTIONS):
        sys.stderr.write(f"no section {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}\n")
        return 2
    begun = time.monotonic()
    build_front_end()
    for name in names or SECTIONS:
        section = importlib.import_module(f"bench.{name}")
        show(SECTIONS[name], asyncio.run(section.rows()))
    sys.stdout.write(f"\n{time.monotonic() - begun:.0f} s; ratios are medians of pairs measured in turns\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
