"""Reading forms: small limits, known fields only, and every fault collected beside its field."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from starlette.requests import Request

from imageroute_app.domain.accounts import check_name, check_password
from imageroute_app.domain.errors import InvalidInput
from imageroute_app.services.accounts import SignUp, clean_email

FIELDS_MAX, FIELD_BYTES = 20, 4096
MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
WRONG_DATE = "Enter day, month and year, like 7 3 1990."


def _read_countries() -> Mapping[str, str]:
    text = Path(__file__).with_name("templates").joinpath("countries.tsv").read_text(encoding="utf-8")
    rows = (line.split("\t") for line in text.splitlines() if not line.startswith("#"))
    return dict(rows)


COUNTRIES = _read_countries()


@dataclass(slots=True)
class Form:
    """What was typed, and what is wrong with it; passwords are never shown again."""

    values: Mapping[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def get(self, name: str) -> str:
        """Return what was typed, or nothing."""
        return self.values.get(name, "")

    def add(self, error: InvalidInput, default: str = "") -> None:
        """Note a fault at its field; the first one of a field counts."""
        self.errors.setdefault(error.field or default, error.message)

    def try_to(self, check: Callable[[], object]) -> None:
        """Run a check and note the fault it finds."""
        try:
            check()
        except InvalidInput as error:
            self.add(error)

    @property
    def first_error(self) -> str:
        """Return the first field with a fault in reading order, so that the page can go there."""
        order: Sequence[str] = (*self.values, *self.errors)
        return next((name for name in order if name in self.errors), "")


async def read_form(request: Request, *names: str) -> Form:
    """Return these fields of the posted form in this order; others are ignored, missing ones are empty.

    Starlette answers 400 when there are more than 20 fields or one is larger than 4 KB.
    """
    async with request.form(max_files=0, max_fields=FIELDS_MAX, max_part_size=FIELD_BYTES) as posted:
        found = {name: posted.get(name, "") for name in names}
    return Form(values={name: value if isinstance(value, str) else "" for name, value in found.items()})


def read_date(form: Form) -> date:
    """Return the date of birth from its three fields; raises InvalidInput."""
    day, month, year = (form.get(f"born_{part}").strip() for part in ("day", "month", "year"))
    try:
        if not re.fullmatch(r"[0-9]{4}", year):
            raise ValueError(year)
        return date(int(year), _month(month), int(day))
    except ValueError as error:
        raise InvalidInput(WRONG_DATE, field="date_of_birth") from error


def _month(text: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text)
    word = text.casefold().rstrip(".")
    found = [number for number, name in enumerate(MONTHS, start=1) if len(word) >= 3 and name.startswith(word)]
    if len(found) != 1:
        raise ValueError(text)
    return found[0]


def read_country(form: Form) -> str:
    """Return the chosen ISO 3166 code, or nothing for a person who rather does not say."""
    code = form.get("country")
    return code if code in COUNTRIES else ""


def check_sign_up(form: Form, born: date | None) -> SignUp | None:
    """Return the sign-up once everything but the age was checked, or None with the faults in the form."""
    if not form.get("email").strip():
        form.add(InvalidInput("Enter your email address.", field="email"))
    form.try_to(lambda: check_name(form.get("full_name")))
    form.try_to(lambda: clean_email(form.get("email")))
    form.try_to(lambda: check_password(form.get("password")))
    if form.errors or born is None:
        return None
    return SignUp(
        full_name=form.get("full_name"),
        email=form.get("email"),
        password=form.get("password"),
        born=born,
        country=read_country(form),
        wants_newsletter=form.get("newsletter") == "yes",
    )


def hinted_country(request: Request) -> str:
    """Return the region of the browser's first language that names one, such as DE for de-DE; else nothing."""
    for part in request.headers.get("accept-language", "")[:200].split(","):
        tag = part.split(";")[0].strip()
        for subtag in tag.split("-")[1:]:
            if subtag.upper() in COUNTRIES and len(subtag) == 2:
                return subtag.upper()
    return ""
