"""What we hold of erasures themselves; nothing of a person once one is over."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.kinds import Basis, Category, P, Recipient, S, Source, Table
from imageroute_app.domain.erasures import Erasure, ErasureStep, Farewell
from imageroute_app.domain.purposes import Purpose

ERASURES: Mapping[str, Table] = {
    "erasures": Table(
        record=Erasure,
        category=Category.PRIVACY,
        purpose="That an account is being erased, and that it was",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.HERE,
        rule="erasure",
        kept="the receipt for three years, without your name or id",
        erased="your id is taken out at the end",
        exported="erasures.json",
        keys=("code", "subject"),
        dates=("due_at", "remind_at", "ended_at"),
        fields={
            "id": P, "owner": P, "code": P, "subject": P, "phase": P, "asked_at": P, "grace_until": P, "due_at": P,
            "remind_at": P, "ended_at": P, "reason": P, "version": P,
        },
    ),
    "erasure_steps": Table(
        record=ErasureStep,
        category=Category.PRIVACY,
        purpose="How each system reported that you are gone",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.HERE,
        rule="erasure",
        kept="the receipt for three years, without your name or id",
        erased="nothing in it is about you",
        exported="erasure-steps.json",
        dates=("next_at",),
        fields={
            "id": P, "owner": P, "place": P, "system": P, "label": P, "state": P, "detail": P, "proof": P, "count": P,
            "tries": P, "at": P, "next_at": P, "until": P, "version": P,
        },
    ),
    "farewells": Table(
        record=Farewell,
        category=Category.PRIVACY,
        purpose="The address for the last mail",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.PERSON,
        recipients=(Recipient.MAIL,),
        rule="farewell",
        kept="until the last mail was sent",
        exported="farewells.json",
        keys=("erasure_id",),
        dates=("created_at",),
        fields={
            "id": P, "owner": P, "erasure_id": P, "address": S, "identity": S, "created_at": P, "version": P,
        },
    ),
}
