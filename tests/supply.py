"""What the product is made of: every package with its licence, and a list of all (SBOM) in CycloneDX 1.6.

`python -m tests.supply licences` fails for one that is not permissive; `python -m tests.supply sbom FILE` writes the list;
`python -m tests.supply advisories PIP_AUDIT` asks whether any of them is known to be unsafe. `make audit` does all three.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from uuid import uuid4

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PERMISSIVE = re.compile(
    r"\b(MIT(-0|-CMU)?|Apache(-2\.0| Software| 2\.0| License)?|BSD|0BSD|BSD-[23]-Clause|ISC|PSF(-2\.0)?"
    r"|Python(-2\.0| Software)|Unlicense|CC0(-1\.0)?|HPND|Historical Permission|zlib|BlueOak-1\.0\.0|Public Domain)\b",
    re.IGNORECASE,
)
COPYLEFT = re.compile(r"\b(A?GPL|LGPL|SSPL|EUPL|CDDL|EPL|MPL|Mozilla Public|GNU)\b", re.IGNORECASE)
EXCEPTIONS = {
    "bidict": "MPL-2.0: used unchanged through python-socketio; nothing of ours is derived from it",
    "caniuse-lite": "CC-BY-4.0: a table of what browsers can do, read while the pages are built; nothing of it is shipped",
    "certifi": "MPL-2.0: Mozilla's list of certificates, used unchanged through httpx; nothing of ours is derived from it",
    "tqdm": "MPL-2.0 and MIT: used unchanged where a dependency brings it",
    "lightningcss": "MPL-2.0: runs while the pages are built, nothing of it is shipped",
}
"""Packages whose licence asks more than to be named, and why they may be there all the same."""
TOLD = {"taskiq-dependencies": "MIT"}
"""What a package says of its licence in its repository only, looked up by hand (2026-11-27)."""
NO_ADVISORIES = 3


@dataclass(frozen=True, slots=True)
class Package:
    """One package of one world ("pypi" or "npm")."""

    world: str
    name: str
    version: str
    licence: str

    @property
    def purl(self) -> str:
        """Return its package URL."""
        return f"pkg:{self.world}/{self.name.replace('@', '%40')}@{self.version}"

    @property
    def is_permissive(self) -> bool:
        """Say whether it asks no more than to be named, or is a known exception."""
        base = self.name.partition("/")[0] if self.name.startswith("lightningcss") else self.name
        is_known = any(base == name or base.startswith(f"{name}-") for name in EXCEPTIONS)
        return is_known or (bool(PERMISSIVE.search(self.licence)) and not COPYLEFT.search(self.licence))


def python_packages() -> list[Package]:
    """Return what requirements.txt brings, with everything below it, as it is installed here."""
    found: dict[str, Package] = {}
    waiting = [Requirement(line) for line in _lines(ROOT / "requirements.txt")]
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        if name in found or (wanted.marker and not wanted.marker.evaluate({"extra": ""})):
            continue
        found[name] = Package("pypi", name, metadata.version(name), _licence(name))
        for line in metadata.requires(name) or ():
            below = Requirement(line)
            extras = wanted.extras or {""}
            if below.marker is None or any(below.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(below)
    return sorted(found.values(), key=lambda one: one.name)


def page_packages() -> list[Package]:
    """Return what the pages are built from, by the lock file; the licence is known where they are installed."""
    text = (ROOT / "reflex.lock" / "bun.lock").read_text(encoding="utf-8")
    named = re.findall(r'^    "[^"]+": \["(@?[^"@]+)@([0-9][^"]*)"', text, flags=re.MULTILINE)
    return [Package("npm", name, version, _page_licence(name)) for name, version in sorted(set(named))]


def _lines(path: Path) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if text := line.partition("#")[0].strip():
            yield text


def _licence(name: str) -> str:
    facts = metadata.metadata(name).json
    lines = [str(line) for line in facts.get("classifier", []) if str(line).startswith("License ::")]
    named = [line.rpartition("::")[2].strip() for line in lines]
    told = TOLD.get(name) or facts.get("license_expression") or "; ".join(one for one in named if one != "OSI Approved")
    return str(told) or next(iter(str(facts.get("license") or "").splitlines()), "")


def _page_licence(name: str) -> str:
    path = ROOT / ".web" / "node_modules" / name / "package.json"
    if not path.is_file():
        return ""
    licence = json.loads(path.read_text(encoding="utf-8")).get("license", "")
    return licence if isinstance(licence, str) else str(licence.get("type", ""))


def licences() -> int:
    """Print every licence that is not permissive or not known; returns 1 when there is one in the product."""
    python, pages = python_packages(), page_packages()
    known = [one for one in pages if one.licence]
    wrong = [one for one in (*python, *known) if not one.is_permissive]
    for one in wrong:
        _say(f"not permissive: {one.purl}: {one.licence or 'no licence is named'}")
    _say(
        f"{len(python)} Python packages and {len(known)} of {len(pages)} packages of the pages looked at, {len(wrong)} wrong"
    )
    if len(known) < len(pages):
        _say("the rest are not installed on this machine (other platforms, or the pages were not built here)")
    return 1 if wrong else 0


def sbom() -> dict[str, object]:
    """Return the list of everything as a CycloneDX 1.6 document (ECMA-424)."""
    components = [
        {
            "type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version, "purl": one.purl,
            **({"licenses": [{"license": {"name": one.licence}}]} if one.licence else {}),
        }
        for one in (*python_packages(), *page_packages())
    ]  # fmt: skip
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {"type": "application", "bom-ref": "imageroute", "name": "imageroute"},
        },
        "components": components,
    }


def advisories(command: str) -> int:
    """Ask pip-audit; returns 1 for a known weakness, 3 when the advisories could not be asked for and nothing is known."""
    site = Path(str(metadata.distribution("reflex").locate_file(""))).resolve()
    done = subprocess.run(
        [command, "--path", site, "--progress-spinner", "off"], capture_output=True, text=True, check=False
    )
    weak = re.search(r"^Name +Version +ID", done.stdout, flags=re.MULTILINE)
    skipped = done.stdout.count("could not be audited")  # pip-audit calls that a success
    if weak:
        _say(done.stdout.strip())
    if skipped or (done.returncode and not weak):
        why = f"{skipped} packages are unknown to the index it asks" if skipped else "the advisories cannot be fetched"
        _say(f"NOT AUDITED: {why}. Run it where pypi.org can be reached.")
    elif not weak:
        _say("no known weakness in any package")
    return 1 if weak else NO_ADVISORIES if skipped or done.returncode else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def main(words: list[str]) -> int:
    """Run one of the three."""
    if words[:1] == ["licences"]:
        return licences()
    if words[:1] == ["advisories"] and len(words) == 2:
        return advisories(words[1])
    if words[:1] == ["sbom"] and len(words) == 2:
        Path(words[1]).write_text(json.dumps(sbom(), indent=1) + "\n", encoding="utf-8")
        _say(f"{words[1]} is written")
        return 0
    _say(__doc__ or "")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
