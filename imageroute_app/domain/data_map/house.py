"""What the installation holds of itself: nothing about a person."""

from collections.abc import Mapping

from imageroute_app.domain.data_map.kinds import Basis, Category, Erasure, P, Source, Table
from imageroute_app.domain.measures import Measure
from imageroute_app.domain.policies import Announcement
from imageroute_app.domain.purposes import Purpose
from imageroute_app.domain.webhooks import HeardWebhook

HOUSE_TABLES: Mapping[str, Table] = {
    "announcements": Table(
        record=Announcement,
        category=Category.HOUSE,
        purpose="When people were told of a new policy or a new company",
        basis=Basis.LEGITIMATE,
        serves=Purpose.SECURITY,
        source=Source.HERE,
        rule="system",
        kept="as long as the installation",
        keys=("edition",),
        erased=Erasure.NOTHING,
        fields={"id": P, "owner": P, "edition": P, "announced_at": P, "version": P},
    ),
    "heard_webhooks": Table(
        record=HeardWebhook,
        category=Category.HOUSE,
        purpose="Which messages of the sign-in and the payment service were heard, so that none counts twice",
        basis=Basis.LEGITIMATE,
        serves=Purpose.SECURITY,
        source=Source.HERE,
        rule="heard_webhook",
        kept="3 days",
        keys=("number_hash",),
        dates=("drop_at",),
        erased=Erasure.NOTHING,
        fields={"id": P, "owner": P, "number_hash": P, "drop_at": P, "version": P},
    ),
    "measures": Table(
        record=Measure,
        category=Category.HOUSE,
        purpose="The figures of the trust page",
        basis=Basis.LEGITIMATE,
        serves=Purpose.SECURITY,
        source=Source.HERE,
        rule="measure",
        kept="90 days",
        filters=("metric",),
        dates=("taken_at",),
        erased=Erasure.NOTHING,
        fields={
            "id": P, "owner": P, "metric": P, "state": P, "value": P, "note": P, "taken_at": P, "version": P,
        },
    ),
}
