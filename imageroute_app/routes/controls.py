"""Where a person does what a section of the privacy policy says: the controls that stand beside its words on the page.

They are no part of the text, so that a published edition stays as it is when a control moves.
"""

from collections.abc import Mapping

Control = tuple[str, str]
"""What it is called, and its address."""

CENTER = "/privacy-center"
CONTROLS: Mapping[str, tuple[Control, ...]] = {
    "who": (("Contact", "/contact"),),
    "collect": (("See what we hold of you", f"{CENTER}#hold"), ("Correct it", "/account")),
    "use": (("Object, allow, refuse", f"{CENTER}#choices"), ("The same without script", f"{CENTER}/choices")),
    "storage": (("Checks as they stand", "/trust#checks"), ("Your sign-ins, and who looked", f"{CENTER}#activity")),
    "kept": (("Your uploads and their days", f"{CENTER}#uploads"), ("Erase", f"{CENTER}#hold")),
    "sharing": (("Who got what of yours", f"{CENTER}#got"),),
    "transfers": (("Companies and countries", "/processors"), ("Who got what of yours", f"{CENTER}#got")),
    "rights": (
        ("Use a right", f"{CENTER}#overview"),
        ("Ask without an account", "/requests"),
        ("Complain", "/complaint"),
    ),
    "cookies": (("Your privacy choices", "/cookies#choices"), ("On this device now", "/cookies#device")),
    "children": (("Report a child's account", "/report"),),
    "ai": (("Training, picture by picture", f"{CENTER}#training"), ("Check a picture", "/verify")),
    "links": (("Tell us of a link that is not marked", "/support"),),
    "california": (("Your privacy choices", "/cookies#choices"), ("Ask, by yourself or by an agent", "/requests")),
    "bases": (("Each purpose with its switch", f"{CENTER}#choices"),),
    "changes": (("What changed, and what you have seen", f"{CENTER}#policy"),),
    "contact": (("Contact", "/contact"), ("Ask for anything about your data", "/requests")),
}
"""By section of the policy."""
