"""Disclosures: who got what of a person's data, when, and until when it is there (PRIVACY P19, P38, P39).

Generations have their attempts; a row here stands for what leaves otherwise: a mail that was handed to a mail server, pictures
that a store outside keeps. Nothing is ever sold or shared for advertising: there is no field that could say so.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosure:
    """One handing over, or one day of them: `count` things of the kind `what` to a key of RECEIVERS.

    `slot` is unique for the person, so that a day has one row for each receiver; `company`, `country` and `retention` are what
    was known then. `ends_at` is None where the thing stays until it is deleted, or where the company does not say.
    """

    id: str
    owner: str
    receiver: str
    company: str
    country: str
    retention: str
    what: str
    count: int
    slot: str
    at: datetime
    ends_at: datetime | None
    version: int = 0
