"""Billing: everything around buying credits, opened together; without a payment service it sells nothing and says so."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from imageroute_app.domain.erasures import Outcome
from imageroute_app.domain.payments import Pack, Seller
from imageroute_app.domain.ports import Clock, Database, Limiter, NewId, Payments, Sandbox
from imageroute_app.services.checkouts import Checkouts
from imageroute_app.services.disclosures import Disclosures
from imageroute_app.services.gate import Gate
from imageroute_app.services.notices import Notices
from imageroute_app.services.payment_erasure import PaymentErasure
from imageroute_app.services.reconciling import Reconciling
from imageroute_app.services.refunds import Refunds
from imageroute_app.services.settling import Settling


@dataclass(frozen=True, slots=True, kw_only=True)
class Billing:
    """The services of buying; `sandbox` is there only while the sandbox is the seller."""

    seller: Seller
    checkouts: Checkouts
    settling: Settling
    refunds: Refunds
    reconciling: Reconciling
    forget: Callable[[str], Awaitable[Outcome]]
    tell: Callable[[str, str], Awaitable[Sequence[str]]]
    sandbox: Sandbox | None

    @property
    def is_open(self) -> bool:
        """Say whether anything can be bought."""
        return bool(self.checkouts.packs)

    @property
    def sweeps(self) -> Sequence[Callable[[], Awaitable[int]]]:
        """What the sweep does for it."""
        return (self.reconciling.orders, self.reconciling.payments, self.reconciling.listed) if self.is_open else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """What billing is opened with."""

    database: Database
    payments: Payments
    sandbox: Sandbox | None
    packs: Sequence[Pack]
    notices: Notices
    limiter: Limiter
    gate: Gate
    clock: Clock
    new_id: NewId
    origin: str
    accounting_years: int


def open_billing(counter: Counter) -> Billing:
    """Open the services."""
    database, payments, clock, new_id = counter.database, counter.payments, counter.clock, counter.new_id
    settling = Settling(database=database, payments=payments, notices=counter.notices, clock=clock, new_id=new_id)
    checkouts = Checkouts(
        database=database,
        payments=payments,
        settling=settling,
        packs=counter.packs,
        disclosures=Disclosures(database=database, clock=clock, new_id=new_id),
        limiter=counter.limiter,
        gate=counter.gate,
        clock=clock,
        new_id=new_id,
        origin=counter.origin,
    )
    refunds = Refunds(database=database, payments=payments, settling=settling, clock=clock, new_id=new_id)
    erasure = PaymentErasure(
        database=database, payments=payments, new_id=new_id, clock=clock, years=counter.accounting_years
    )
    reconciling = Reconciling(
        database=database,
        payments=payments,
        checkouts=checkouts,
        refunds=refunds,
        settling=settling,
        correct=erasure.correct,
        clock=clock,
        new_id=new_id,
    )
    return Billing(
        seller=payments.seller,
        checkouts=checkouts,
        settling=settling,
        refunds=refunds,
        reconciling=reconciling,
        forget=erasure.forget,
        tell=erasure.tell,
        sandbox=counter.sandbox,
    )
