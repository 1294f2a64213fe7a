"""The XMP packet that says how a picture was made, never who made it; with which words only when its owner asks.

IPTC Digital Source Type, machine-readable as EU AI Act Art. 50(2) asks (design/PRIVACY.md 2.5, 23
Nov 2026); the fields of a recipe beside ours are those of IPTC Photo Metadata 2025.1.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any
from xml.etree import ElementTree
from xml.sax.saxutils import quoteattr

from imageroute_app.domain.errors import InvalidInput
from imageroute_app.domain.pictures import Marking

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
RECIPES = "urn:imageroute:recipe:1.0/"
EXTENSION = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
BASIC = "http://ns.adobe.com/xap/1.0/"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
PACKET_BYTES_MAX = 65_000
PROMPT_FIELD = "Iptc4xmpExt:AIPromptInformation"
STANDARD = {
    "Iptc4xmpExt:AISystemUsed": "model",
    "Iptc4xmpExt:AISystemVersionUsed": "model_version",
    PROMPT_FIELD: "prompt",
}
"""Fields of IPTC 2025.1 by the recipe's; the prompt stands in the recipe too and gives way when both are too long."""
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
    recipe = _read_recipe(recipe_json) if recipe_json is not None else {}
    told = {**_told(marking), **_recipe(recipe)}
    for fields in (told, {name: text for name, text in told.items() if name != PROMPT_FIELD}):
        written = "".join(f"\n    {name}={quoteattr(text)}" for name, text in fields.items())
        packet = TEMPLATE.format(fields=written).encode()
        if len(packet) <= PACKET_BYTES_MAX:
            return packet
    raise InvalidInput("These settings are too long to be put into a picture.")


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


def _read_recipe(recipe_json: str) -> dict[str, Any]:
    try:
        recipe: Any = json.loads(recipe_json)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(UNREADABLE) from error
    if not isinstance(recipe, dict):
        raise InvalidInput(UNREADABLE)
    return recipe


def _recipe(recipe: Mapping[str, Any]) -> dict[str, str]:
    if not recipe:
        return {}
    text = json.dumps(recipe, separators=(",", ":"), ensure_ascii=False)
    text = NOT_XML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    told = {name: _spoken(recipe.get(key)) for name, key in STANDARD.items()}
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
