"""What we hold of what people asked of us: requests, complaints, appeals, tickets, reports, and who of us looked."""

from collections.abc import Mapping

from imageroute_app.domain.cases import Case, CaseMessage, StaffAccess, Tally
from imageroute_app.domain.data_map.kinds import Basis, Category, Erasure, P, Recipient, S, Source, Table
from imageroute_app.domain.purposes import Purpose

CASES: Mapping[str, Table] = {
    "cases": Table(
        record=Case,
        category=Category.SUPPORT,
        purpose="Your requests, complaints, appeals and questions, and reports",
        basis=Basis.CONTRACT,
        serves=Purpose.SUPPORT,
        source=Source.PERSON,
        recipients=(Recipient.MAIL,),
        rule="case",
        kept="questions 24 months, requests and complaints 3 years after their end; reports of a child 30 days;"
        " appeals while the account is open",
        exported="cases.json",
        keys=("reference", "code_hash"),
        filters=("job_id", "state"),
        dates=("due_at", "alarm_at", "purge_at"),
        fields={
            "id": P, "owner": P, "job_id": P, "state": P, "text": S, "answer": S, "created_at": P, "answered_at": P,
            "kind": P, "reference": P, "code_hash": P, "proof_hash": P, "subject": P, "country": P, "law": P,
            "contact": S, "agent": S, "facts": S, "outcome": P, "due_at": P, "alarm_at": P, "acknowledged_at": P,
            "confirmed_at": P, "extended_at": P, "escalated_at": P, "purge_at": P, "version": P,
        },
    ),
    "case_messages": Table(
        record=CaseMessage,
        category=Category.SUPPORT,
        purpose="What you and we wrote to each other",
        basis=Basis.CONTRACT,
        serves=Purpose.SUPPORT,
        source=Source.PERSON,
        recipients=(Recipient.MAIL,),
        rule="case",
        kept="as long as their case",
        exported="case-messages.json",
        filters=("case_id",),
        fields={
            "id": P, "owner": P, "case_id": P, "author": P, "text": S, "created_at": P, "file_name": S, "mime": P,
            "size_bytes": P, "version": P,
        },
    ),
    "staff_access": Table(
        record=StaffAccess,
        category=Category.USAGE,
        purpose="Which of our people looked at something of yours, and why",
        basis=Basis.LEGITIMATE,
        serves=Purpose.SECURITY,
        source=Source.HERE,
        rule="staff_access",
        kept="1 year",
        exported="staff-access.json",
        filters=("case_id",),
        dates=("looked_at",),
        fields={"id": P, "owner": P, "case_id": P, "operator": P, "reason": S, "looked_at": P, "version": P},
    ),
    "tallies": Table(
        record=Tally,
        category=Category.HOUSE,
        purpose="How many reports and requests by authorities ended how in a month; numbers only, of nobody",
        basis=Basis.LEGITIMATE,
        serves=Purpose.SECURITY,
        source=Source.HERE,
        rule="system",
        erased=Erasure.NOTHING,
        kept="for good, since they are about nobody",
        unique=("slot",),
        fields={"id": P, "owner": P, "slot": P, "count": P, "version": P},
    ),
}
