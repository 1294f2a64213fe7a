"""The installation's own figures, handed to the services by bootstrap so that no rule reads a setting."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Prices, limits and periods; `origin` is the address that links in mails begin with."""

    origin: str
    starter_credits: int = 50
    margin: Decimal = Decimal(1)
    jobs_running_per_person: int = 5
    jobs_per_hour: int = 60
    lease: timedelta = timedelta(seconds=30)
    job_deadline: timedelta = timedelta(seconds=900)
    quote_life: timedelta = timedelta(minutes=30)
    session_idle: timedelta = timedelta(days=7)
    session_absolute: timedelta = timedelta(days=30)
    sign_ups_per_hour: int = 20
    sign_in_tries: int = 10
    uploads_per_person: int = 500
    uploads_per_hour: int = 300
    mail_verified_for_network: bool = True
