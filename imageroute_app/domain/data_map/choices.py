"""What we hold of choices: consents, objections, freezes, and what was counted or used because of them."""

from collections.abc import Mapping

from imageroute_app.domain.choices import Choice
from imageroute_app.domain.data_map.kinds import Basis, Category, Erasure, P, Source, Table
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.statistics import UsageCount, UsageTotal
from imageroute_app.domain.training import DatasetBuild, DatasetEntry

CHOICES: Mapping[str, Table] = {
    "choices": Table(
        record=Choice,
        category=Category.PRIVACY,
        purpose="Proof of what you allowed, refused and objected to",
        basis=Basis.LEGAL,
        serves=Purpose.RIGHTS,
        source=Source.PERSON,
        rule="choice",
        kept="while the account is open",
        exported="consents.json",
        unique=("number",),
        filters=("purpose", "image_id"),
        dates=("cooled_at",),
        fields={
            "id": P, "owner": P, "number": P, "event": P, "purpose": P, "image_id": P, "image_sha256": P, "words": P,
            "words_sha256": P, "policy_version": P, "ui_build": P, "locale": P, "method": P, "session_kind": P,
            "created_at": P, "expires_at": P, "cooled_at": P, "previous": P, "digest": P, "version": P,
        },
    ),
    "usage_counts": Table(
        record=UsageCount,
        category=Category.USAGE,
        purpose="What you used today, only if you allow usage statistics or speed measurements",
        basis=Basis.CONSENT,
        serves=Purpose.ANALYTICS,
        source=Source.BROWSER,
        rule="usage_count",
        kept="until the day is over",
        exported="usage.json",
        unique=("cell",),
        filters=("visitor",),
        dates=("rolls_at",),
        fields={
            "id": P, "owner": P, "cell": P, "visitor": P, "feature": P, "count": P, "rolls_at": P, "version": P,
        },
    ),
    "usage_totals": Table(
        record=UsageTotal,
        category=Category.HOUSE,
        purpose="Totals of at least 20 people; nothing in them is about one",
        basis=Basis.LEGITIMATE,
        serves=Purpose.IMPROVEMENT,
        source=Source.HERE,
        rule="usage_total",
        kept="25 months",
        unique=("cell",),
        dates=("drops_at",),
        erased=Erasure.NOTHING,
        fields={
            "id": P, "owner": P, "cell": P, "day": P, "feature": P, "people": P, "count": P, "drops_at": P, "version": P,
        },
    ),
    "dataset_entries": Table(
        record=DatasetEntry,
        category=Category.PRIVACY,
        purpose="Which pictures that you allowed went into which training build",
        basis=Basis.CONSENT,
        serves=Purpose.TRAINING,
        source=Source.HERE,
        rule="dataset_entry",
        kept="while the account is open",
        exported="dataset-builds.json",
        fields={
            "id": P, "owner": P, "build_id": P, "image_id": P, "image_sha256": P, "choice_id": P, "built_at": P,
            "version": P,
        },
    ),
    "dataset_builds": Table(
        record=DatasetBuild,
        category=Category.HOUSE,
        purpose="Training builds, with totals of at least 20 people; nothing in them is about one",
        basis=Basis.LEGITIMATE,
        serves=Purpose.MODEL_STATISTICS,
        source=Source.HERE,
        rule="system",
        kept="while the installation exists",
        erased=Erasure.NOTHING,
        fields={"id": P, "owner": P, "images": P, "totals": P, "built_at": P, "version": P},
    ),
}
