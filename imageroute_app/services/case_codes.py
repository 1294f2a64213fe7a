"""Names and secrets of cases: a reference that everyone may say, a code of 100 bits that finds a case without an account."""

import hashlib
import secrets
from dataclasses import replace
from datetime import datetime

from imageroute_app.domain.case_rules import due, first_alarm
from imageroute_app.domain.cases import Case, CaseState, Kind

LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32 signs that are not mistaken for each other."""
REFERENCE_SIGNS, CODE_SIGNS = 8, 20


def new_reference() -> str:
    """Return a name such as "C-7F3K9Q2M"; it proves nothing."""
    return "C-" + _random(REFERENCE_SIGNS)


def new_code() -> str:
    """Return a code such as "K7QM-2F9A-XWPT-3HJD-R5VN", which cannot be guessed."""
    signs = _random(CODE_SIGNS)
    return "-".join(signs[start : start + 4] for start in range(0, CODE_SIGNS, 4))


def hash_code(code: str) -> str:
    """Return what is kept of a code, however it was typed."""
    signs = "".join(ch for ch in code.upper() if ch in LETTERS)
    return hashlib.sha256(signs.encode()).hexdigest()


def new_case(case_id: str, kind: Kind, *, text: str, country: str, now: datetime, owner: str = "") -> tuple[Case, str]:
    """Return an open case with its clock set, and its code; without an owner it belongs to itself."""
    code = new_code()
    due_at, law = due(kind, country, now)
    case = Case(
        id=case_id,
        owner=owner or case_id,
        job_id="",
        state=CaseState.OPEN,
        text=text,
        answer="",
        created_at=now,
        answered_at=None,
        kind=kind,
        reference=new_reference(),
        code_hash=hash_code(code),
        country=country,
        law=law,
        due_at=due_at,
        alarm_at=first_alarm(kind, now),
    )
    return case, code


def with_proof(case: Case) -> tuple[Case, str]:
    """Return the case with a fresh secret that will go to the address on file, and that secret."""
    proof = new_code()
    return replace(case, proof_hash=hash_code(proof)), proof


def _random(signs: int) -> str:
    return "".join(secrets.choice(LETTERS) for _ in range(signs))
