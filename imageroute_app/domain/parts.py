"""Parts of an account that can be erased by themselves: what goes, what stays and why (PRIVACY 5.3, the same engine).

What is not here cannot go alone, and WHOLE says why: then closing the account erases it with the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from imageroute_app.domain.data_map import Category
from imageroute_app.domain.erasures import Erasure, System

SIGN = "/"
"""Stands between the id of a person and the part that is erased, so that each part has one erasure at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One category: its name in an address, the steps of its erasure, what goes, and what stays with the reason."""

    slug: str
    systems: Sequence[System]
    goes: str
    stays: Sequence[tuple[str, str]]


_BACKUPS = (
    "Backups that were made before",
    "they end after 35 days; one that is put back before leaves out what you erased",
)
_RECEIPTS = ("Receipts of who received what", "you may ask for them, and those companies must be told of an erasure")
_LEDGER = ("Credits that were charged", "the balance is the sum of its lines; they hold no prompt and no picture")

PARTS: Mapping[Category, Part] = {
    Category.IMAGES: Part(
        slug="images",
        systems=(
            System.JOBS, System.DOWNLOADS, System.COMPANY, System.PICTURES, System.DATABASE, System.PAGES, System.PROOF,
        ),
        goes="Every picture of your gallery and your trash in every size, saved uploads, albums, links that others use, and"
        " prepared downloads. Jobs that wait are stopped.",
        stays=(
            ("Uploads that you did not save", "they have an end of their own; erase them as well"),
            _RECEIPTS, _LEDGER, _BACKUPS,
        ),
    ),
    Category.UPLOADS: Part(
        slug="uploads",
        systems=(System.JOBS, System.DOWNLOADS, System.COMPANY, System.PICTURES, System.PAGES, System.PROOF),
        goes="Every upload in every size, also those that have days left. Jobs that wait are stopped.",
        stays=(("Pictures made from them, and uploads that you saved", "they are in your gallery"), _RECEIPTS, _BACKUPS),
    ),
    Category.PROMPTS: Part(
        slug="prompts",
        systems=(System.JOBS, System.DOWNLOADS, System.COMPANY, System.DATABASE, System.PAGES, System.PROOF),
        goes="The unsent prompt, every price you were quoted, and every generation that has no picture in your gallery."
        " Jobs that wait are stopped.",
        stays=(
            ("Prompts of pictures in your gallery", "they say how a picture was made; they go with the pictures"),
            _RECEIPTS, _LEDGER, _BACKUPS,
        ),
    ),
    Category.USAGE: Part(
        slug="usage",
        systems=(System.DOWNLOADS, System.DATABASE, System.PROOF),
        goes="What was counted today, and the journal of your account but for what is about your safety.",
        stays=(
            ("Failed sign-ins, new devices, changes of the password", "a break-in is noticed late; each goes after 90 days"),
            ("Looks of our people", "so that you can see them for 12 months"),
            _BACKUPS,
        ),
    ),
    Category.SUPPORT: Part(
        slug="requests",
        systems=(System.DOWNLOADS, System.DATABASE, System.PROOF),
        goes="Every question and appeal that is answered, with its messages and files. Of every request, complaint and report"
        " that is answered: your words, our answer, messages and files.",
        stays=(
            ("Cases without an answer yet", "they are answered first; erase them afterwards"),
            (
                "Of answered requests, complaints and reports the kind, dates and outcome",
                "we must be able to show that you were answered in time; they go three years after their end",
            ),
            ("What you asked without signing in", "it belongs to no account; it goes when you close this one"),
            ("Looks of our people", "so that you can see them for 12 months"),
            _BACKUPS,
        ),
    ),
    Category.NEWSLETTER: Part(
        slug="newsletter",
        systems=(System.MAIL, System.PROOF),
        goes="Your subscription with everything about it. No more newsletters come.",
        stays=(_BACKUPS,),
    ),
}  # fmt: skip

_CLOSE = "It goes when you close the account."
WHOLE: Mapping[Category, str] = {
    Category.ACCOUNT: f"There is no account without it. You can correct it under Account. {_CLOSE}",
    Category.SIGN_INS: f"It keeps you signed in. Sign out everywhere ends every device. {_CLOSE}",
    Category.CREDITS: f"The balance is the sum of its lines, so none can be left out. {_CLOSE}",
    Category.PRIVACY: f"It is the proof of what you allowed and refused, and protects you. {_CLOSE}",
}
"""Why a category cannot go alone."""


def part_of(slug: str) -> Category | None:
    """Return the category of a name in an address, None for no such part."""
    return next((category for category, part in PARTS.items() if part.slug == slug), None)


def subject_of(owner: str, category: Category) -> str:
    """Return what an erasure of a part is known by while it runs."""
    return f"{owner}{SIGN}{PARTS[category].slug}"


def category_of(erasure: Erasure) -> Category | None:
    """Return which part alone an erasure is about, also once it is over; None for a whole account."""
    return next((category for category in PARTS if category.value == erasure.reason), None)


def person_of(erasure: Erasure) -> str:
    """Return the id of whose data an erasure is about, while there is one."""
    return erasure.subject.partition(SIGN)[0]
