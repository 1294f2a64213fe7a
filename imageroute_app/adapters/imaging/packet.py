"""The XMP packet that says how a picture was made, never who made it or with which words.

IPTC Digital Source Type, machine-readable as EU AI Act Art. 50(2) asks (design/PRIVACY.md 2.5, 23
Nov 2026).
"""

from datetime import UTC
from xml.sax.saxutils import quoteattr

from imageroute_app.domain.ports import Marking

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
TEMPLATE = """<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>
<x:xmpmeta xmlns:x="adobe:ns:meta/">
 <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">
  <rdf:Description rdf:about=""
    xmlns:xmp="http://ns.adobe.com/xap/1.0/"
    xmlns:Iptc4xmpExt="http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
    Iptc4xmpExt:DigitalSourceType={source}
    xmp:CreatorTool={tool}
    xmp:CreateDate={date}/>
 </rdf:RDF>
</x:xmpmeta>
<?xpacket end="r"?>"""


def make_packet(marking: Marking) -> bytes:
    """Return the packet, UTF-8."""
    tool = "".join(ch for ch in marking.generator if ch.isprintable())[:200]
    created = marking.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return TEMPLATE.format(
        source=quoteattr(SOURCE_TYPES + marking.source_type),
        tool=quoteattr(tool),
        date=quoteattr(created),
    ).encode()
