"""A package as its person has it: downloaded, unpacked, checked with the tools that the README names."""

import io
import json
import subprocess
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bagit

from imageroute_app.domain.exports import Export
from imageroute_app.services.export_stream import PartStream
from imageroute_app.services.exports import Ask
from imageroute_app.services.house import Services


@dataclass(frozen=True, kw_only=True)
class Package:
    """The parts of one export as folders."""

    export: Export
    folders: tuple[Path, ...]

    def files(self) -> dict[str, bytes]:
        """Return every file by its path in the bag; tag files and pages of the first part win."""
        found: dict[str, bytes] = {}
        for folder in self.folders:
            for file in sorted(folder.rglob("*")):
                if file.is_file():
                    found.setdefault(str(file.relative_to(folder)), file.read_bytes())
        return found

    def json(self, path: str) -> Any:
        """Return a JSON file."""
        return json.loads(self.files()[path])

    def manifest(self, part: int = 1) -> Mapping[str, Any]:
        """Return the manifest of a part."""
        return json.loads((self.folders[part - 1] / "data/manifest.json").read_bytes())


async def made(services: Services, owner: str, ask: Ask | None = None) -> Export:
    """Start an export and have a worker carry it to its end."""
    export = await services.exports.start(owner, ask or Ask())
    await services.export_worker.run(owner, export.id)
    return await services.exports.get(owner, export.id)


async def part_bytes(services: Services, export: Export, part: int) -> bytes:
    """Return a part as it is sent."""
    size, _ = export.part_facts(part)
    stream = PartStream(export, part, tables=services.database.tables, media=services.media)
    return b"".join([chunk async for chunk in stream.read(0, size)])


async def unpacked(services: Services, export: Export, folder: Path) -> Package:
    """Return the package with every part unpacked into a folder of its own."""
    folders: list[Path] = []
    for part in range(1, export.part_count + 1):
        target = folder / f"part{part}"
        zipfile.ZipFile(io.BytesIO(await part_bytes(services, export, part))).extractall(target)
        folders.append(target)
    return Package(export=export, folders=tuple(folders))


def is_valid_bag(folder: Path) -> bool:
    """Ask the bagit package."""
    return bagit.Bag(str(folder)).is_valid()


def digests_match(folder: Path) -> "subprocess.CompletedProcess[str]":
    """Ask sha256sum, as the README says."""
    return subprocess.run(
        ["sha256sum", "-c", "--quiet", "manifest-sha256.txt"],  # a tool that every Linux has
        cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
