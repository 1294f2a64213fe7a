"""Everything about cases, put together once for bootstrap and tests."""

from collections.abc import Sequence
from dataclasses import dataclass

from imageroute_app.domain.ports import Clock, Database, Imaging, Limiter, Mailer, MediaStore, NewId
from imageroute_app.services.address_package import AddressPackages
from imageroute_app.services.case_clock import CaseClock
from imageroute_app.services.case_files import CaseFiles
from imageroute_app.services.case_mail import CaseMail
from imageroute_app.services.case_tallies import Tallies
from imageroute_app.services.case_traces import CaseTraces
from imageroute_app.services.cases import Cases
from imageroute_app.services.child_reports import ChildReports
from imageroute_app.services.desk import Desk, TellRecipients
from imageroute_app.services.fulfilment import Fulfilment, Machines
from imageroute_app.services.gate import Gate
from imageroute_app.services.mail_intake import MailIntake
from imageroute_app.services.newsletter import Newsletter
from imageroute_app.services.notices import Notices
from imageroute_app.services.registers import Registers


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The parts, in the order in which people meet them."""

    cases: Cases
    desk: Desk
    children: ChildReports
    registers: Registers
    tallies: Tallies
    clock: CaseClock
    intake: MailIntake
    traces: CaseTraces
    fulfilment: Fulfilment
    packages: AddressPackages


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What cases need from outside; `operators` are addresses, `contact` is the controller's, empty in development."""

    database: Database
    media: MediaStore
    imaging: Imaging
    mailer: Mailer
    notices: Notices
    newsletter: Newsletter
    limiter: Limiter
    gate: Gate
    clock: Clock
    new_id: NewId
    machines: Machines
    tell_recipients: TellRecipients
    origin: str
    contact: str = ""
    operators: Sequence[str] = ()
    own: Sequence[str] = ()
    """Addresses that our mails come from, so that none of them is answered."""


def open_office(world: World) -> Office:
    """Return the services of cases."""
    files = CaseFiles(imaging=world.imaging, media=world.media)
    mail = _mail(world)
    cases = Cases(
        database=world.database,
        mail=mail,
        files=files,
        limiter=world.limiter,
        clock=world.clock,
        new_id=world.new_id,
    )
    tallies = Tallies(database=world.database, clock=world.clock, new_id=world.new_id)
    traces = CaseTraces(database=world.database, files=files)
    fulfilment = Fulfilment(
        database=world.database, machines=world.machines, traces=traces, clock=world.clock, origin=world.origin
    )
    desk = _desk(world, cases, mail, tallies, fulfilment)
    children = _children(world, cases, desk)
    registers = Registers(
        database=world.database, cases=cases, notices=world.notices, clock=world.clock, new_id=world.new_id
    )
    return Office(
        cases=cases,
        desk=desk,
        registers=registers,
        tallies=tallies,
        children=children,
        traces=traces,
        fulfilment=fulfilment,
        packages=_packages(world, files),
        intake=MailIntake(
            database=world.database, cases=cases, desk=desk, own=(world.contact, *world.own), clock=world.clock
        ),
        clock=CaseClock(
            database=world.database,
            cases=cases,
            files=files,
            mail=mail,
            registers=registers,
            children=children,
            watchers=sorted(filter(None, {*_addresses(world), world.contact.casefold()})),
            clock=world.clock,
        ),
    )


def _packages(world: World, files: CaseFiles) -> AddressPackages:
    return AddressPackages(
        database=world.database,
        files=files,
        newsletter=world.newsletter,
        clock=world.clock,
        origin=world.origin,
        contact=world.contact,
    )


def _addresses(world: World) -> frozenset[str]:
    return frozenset(address.casefold() for address in world.operators)


def _mail(world: World) -> CaseMail:
    return CaseMail(
        database=world.database,
        mailer=world.mailer,
        notices=world.notices,
        origin=world.origin,
        contact=world.contact,
    )


def _desk(world: World, cases: Cases, mail: CaseMail, tallies: Tallies, fulfilment: Fulfilment) -> Desk:
    return Desk(
        database=world.database,
        cases=cases,
        mail=mail,
        tallies=tallies,
        operators=_addresses(world),
        fulfilment=fulfilment,
        tell_recipients=world.tell_recipients,
        clock=world.clock,
        new_id=world.new_id,
    )


def _children(world: World, cases: Cases, desk: Desk) -> ChildReports:
    return ChildReports(
        database=world.database,
        cases=cases,
        desk=desk,
        gate=world.gate,
        limiter=world.limiter,
        erasures=world.machines.erasures,
        clock=world.clock,
    )
