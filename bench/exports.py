"""Export, once it is built: the zip stream against tar to the same socket."""

from bench.rows import Row, not_built


async def rows() -> list[Row]:
    """Return the rows of this file."""
    return [
        not_built("export, speed against tar to the same socket", ">= 1.00x"),
        not_built("export, first byte", "<= 100 ms"),
        not_built("export, memory from 20 to 1,000 files", "<= 16 MB"),
        not_built("export, memory at 10,000 files", "<= 64 MB"),
    ]
