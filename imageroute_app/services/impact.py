"""The template of an impact assessment (GDPR Art. 35(7)), filled in as far as the data map knows; people weigh the risks."""

from imageroute_app.services.house import Site
from imageroute_app.services.processing import activities

OPEN = "____"
RISKS = (
    (
        "Uploads show faces, also of people who are not here and did not agree",
        "Private, without place and camera data, gone after 30 days unless saved, never used to train without a yes for that"
        " picture, no recognition of faces",
    ),
    (
        "A child uses the product, or is shown",
        "Neutral age screen that keeps nothing of the refused; a report locks the account at once and erases it after review",
    ),
    (
        "Prompts say something of health, belief or private life",
        "Sealed under the person's own key, never in logs, addresses, file names or marks; erased with the picture",
    ),
    (
        "Pictures and prompts go to companies in other countries",
        "Chosen before each generation with country and period; the strictest by default; every one is a line that the person"
        " sees; a new company waits 30 days",
    ),
    (
        "Somebody breaks in, or an employee is curious",
        "Sealed fields, keys apart from the data, proof of presence before what cannot be undone, a reason before each look of"
        " staff, a register of breaches with its clock",
    ),
    (
        "What is erased comes back, or stays somewhere",
        "An erasure proves each system empty; backups are unreadable once the key is gone, and notes keep the erased out",
    ),
    (
        "A made picture passes for a photo",
        "Every delivered file is marked as made by an AI, signed and in plain metadata",
    ),
)
"""What this kind of product can do to people, and what is built against it."""


def template(site: Site) -> str:
    """Return the assessment as Markdown; what nobody but the controller can say is left open."""
    parts = [
        f"# Data protection impact assessment (GDPR Art. 35)\n\nController: {site.controller_name or OPEN}, "
        f"{site.controller_address or OPEN}\nAdvice of the data protection officer (Art. 35(2)): {site.data_contact or OPEN}\n"
        f"Date: {OPEN}  Next look at it: {OPEN}\n",
        "## 1. What is done, and what for (Art. 35(7)(a))\n\n" + "\n".join(_described(site)),
        "## 2. Is it necessary and in proportion (Art. 35(7)(b))\n\nEach purpose has one legal basis, named above. What needs a"
        " consent is off until it is given, and price, quota and place never depend on it. Periods are those that the retention"
        f" job runs (/trust/retention).\n\nIn the controller's words: {OPEN}\n",
        "## 3. Risks for people, and measures (Art. 35(7)(c) and (d))\n\n"
        "| Risk | Measures that are built in | Likelihood | Severity | What is left |\n| --- | --- | --- | --- | --- |\n"
        + "\n".join(f"| {risk} | {measure} | {OPEN} | {OPEN} | {OPEN} |" for risk, measure in RISKS)
        + "\n\nFigures of running checks: /trust. Proofs of every promise: /trust/promises.\n",
        f"## 4. Views of the people concerned (Art. 35(9))\n\n{OPEN}\n",
        f"## 5. Decision\n\nThe risk that is left is: {OPEN}. If it is high, the authority is asked first (Art. 36).\n",
    ]
    return "\n".join(parts)


def _described(site: Site) -> list[str]:
    lines = ["| Purpose | Legal basis | Data | Recipients | Kept |", "| --- | --- | --- | --- | --- |"]
    for one in activities(site):
        title, basis, _, data, _, _, recipients, _, kept, *_ = one.cells
        lines.append(
            "| " + " | ".join(cell.replace("|", "/") for cell in (title, basis, data, recipients, kept)) + " |"
        )
    return [*lines, ""]
