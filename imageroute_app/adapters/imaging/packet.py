"""The XMP packet that says how a picture was made, never who made it; with which words only when its owner asks.

IPTC Digital Source Type, machine-readable as EU AI Act Art. 50(2) asks (design/PRIVACY.md 2.5, 23
Nov 2026); the fields of a recipe beside ours are those of IPTC Photo Metadata 2025.1.
"""

import json
import re
from datetime import UTC
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.ports import Marking

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
RECIPES = "urn:imageroute:recipe:1.0/"
EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
BASIC = "http://ns.adobe.com/xap/1.0/"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
RECIPE_CHARS_MAX, PACKET_BYTES_MAX = 24_000, 65_000
UNREADABLE = "These settings cannot be read."
READ_BYTES_MAX = 256 * 1024
START, END = b"<x:xmpmeta", b"</x:xmpmeta>"
DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
TEMPLATE = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"{fields}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def make_packet(marking: Marking | None, recipe_json: str | None = None) -> bytes:
    """Return the packet, UTF-8; without a marking it says nothing of the making.

    Raises:
        InvalidInput: The recipe is no JSON object or is too long for a file.
    """
    told = {**_told(marking), **_recipe(recipe_json)}
    fields = "".join(f"\n    {name}={quoteattr(text)}" for name, text in told.items())
    packet = TEMPLATE.format(fields=fields).encode()
    if len(packet) > PACKET_BYTES_MAX:
        raise InvalidInput("These settings are too long to be put into a picture.")
    return packet


def read_packet(data: bytes) -> dict[str, str]:
    """Return what the first XMP packet in a file says, by "{namespace}name"; nothing where there is none to be read."""
    start = data.find(START)
    end = data.find(END, start, start + READ_BYTES_MAX)
    packet = data[start : end + len(END)]
    if start < 0 or end < 0 or any(word in packet for word in DECLARATIONS):
        return {}
    try:
        root = ElementTree.fromstring(packet)  # noqa: S314  # small, and without declarations that could grow it
    except (ElementTree.ParseError, ValueError):
        return {}
    told: dict[str, str] = {}
    for description in root.iter(f"{RDF}Description"):
        told |= {part.tag: "".join(part.itertext()).strip() for part in description}
        told |= description.attrib
    return told


def source_type(address: str) -> str:
    """Return the short name of a Digital Source Type; empty for anything else."""
    name = address.strip().rpartition("/")[2]
    is_known = address.strip().startswith((SOURCE_TYPES, "http://c2pa.org/digitalsourcetype/"))
    return name[:60] if is_known and name.isalnum() else ""


def _told(marking: Marking | None) -> dict[str, str]:
    if marking is None:
        return {}
    told = {
        "Iptc4xmpExt:DigitalSourceType": SOURCE_TYPES + marking.source_type,
        "xmp:CreatorTool": "".join(ch for ch in marking.generator if ch.isprintable())[:200],
    }
    if marking.created_at is not None:
        told["xmp:CreateDate"] = marking.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return told


def _recipe(recipe_json: str | None) -> dict[str, str]:
    if recipe_json is None:
        return {}
    try:
        recipe: Any = json.loads(recipe_json)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(UNREADABLE) from error
    if not isinstance(recipe, dict):
        raise InvalidInput(UNREADABLE)
    text = json.dumps(recipe, separators=(",", ":"))
    if len(text) > RECIPE_CHARS_MAX:
        raise InvalidInput("These settings are too long to be put into a picture.")
    standard = {"AISystemUsed": "model", "AISystemVersionUsed": "model_version", "AIPromptInformation": "prompt"}
    told = {f"Iptc4xmpExt:{name}": _spoken(recipe.get(key)) for name, key in standard.items()}
    return {
        "xmlns:imageroute": RECIPES,
        "imageroute:recipe": text,
        **{name: said for name, said in told.items() if said},
    }


def _spoken(value: Any) -> str:
    """Return a text of the recipe as XML can hold it; a model may be told by its name."""
    if isinstance(value, dict):
        value = value.get("name") or value.get("id")
    return NOT_XML.sub("", value) if isinstance(value, str) else ""
