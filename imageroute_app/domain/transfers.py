"""Transfers: by which safeguard data may go to a country (GDPR Art. 44 to 49)."""

from dataclasses import dataclass

# fmt: off
EEA = frozenset({
    "Austria", "Belgium", "Bulgaria", "Croatia", "Cyprus", "Czechia", "Denmark", "Estonia", "Finland", "France",
    "Germany", "Greece", "Hungary", "Iceland", "Ireland", "Italy", "Latvia", "Liechtenstein", "Lithuania",
    "Luxembourg", "Malta", "Netherlands", "Norway", "Poland", "Portugal", "Romania", "Slovakia", "Slovenia", "Spain",
    "Sweden",
})
# Decisions under Art. 45(3); the operator compares them with the Commission's list at ADEQUACY_LIST.
ADEQUATE = frozenset({
    "Andorra", "Argentina", "Canada", "Faroe Islands", "Guernsey", "Isle of Man", "Israel", "Japan", "Jersey",
    "New Zealand", "South Korea", "Switzerland", "United Kingdom", "Uruguay",
})
# fmt: on
OWN = "Where you run it"
HERE = "This server"
UNKNOWN = frozenset({"", "Unknown"})
ADEQUACY_LIST = "https://commission.europa.eu/law/law-topic/data-protection/international-dimension-data-protection/adequacy-decisions_en"
CLAUSES = "https://eur-lex.europa.eu/eli/dec_impl/2021/914/oj"


def is_outside(country: str) -> bool:
    """Say whether what goes there leaves the installation."""
    return country not in (HERE, OWN)


@dataclass(frozen=True, slots=True)
class Safeguard:
    """What makes a transfer lawful, in a sentence; `copy_at` is where its text can be read, empty where there is none."""

    text: str
    copy_at: str = ""


def safeguard(country: str) -> Safeguard:
    """Return what safeguards data in a country, by its English name as the catalogues write it."""
    if country == HERE:
        return Safeguard("None needed: it never leaves this server")
    if country == OWN:
        return Safeguard("None needed: it runs where you run it")
    if country in EEA:
        return Safeguard("None needed: inside the European Economic Area")
    if country in ADEQUATE:
        return Safeguard("Adequacy decision of the European Commission, Art. 45", ADEQUACY_LIST)
    if country in UNKNOWN:
        return Safeguard("Country not known: by standard contractual clauses only, Art. 46(2)(c)", CLAUSES)
    return Safeguard("Standard contractual clauses between the operator and the company, Art. 46(2)(c)", CLAUSES)
