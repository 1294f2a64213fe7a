"""Routing as the person meets it: the rule, who may draw a request at what price, and how healthy everyone is.

The health of models lives in this process's memory, fed by its own runs; the rules of domain.routing decide with it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from imageroute_app.domain.activity import ActivityKind
from imageroute_app.domain.catalog import Model
from imageroute_app.domain.errors import Conflict, Duplicate, NotFound
from imageroute_app.domain.health import Health, Standing
from imageroute_app.domain.jobs import Preference, Request, Rule
from imageroute_app.domain.ledger import price_credits
from imageroute_app.domain.plans import Circumstances, Plan, closed_for, make_plan
from imageroute_app.domain.ports import Clock, Database, ImageProvider, Query
from imageroute_app.domain.routing import Closed, pictures
from imageroute_app.domain.rules import Rules
from imageroute_app.services.activity import Noted, unnoted
from imageroute_app.services.newcomers import Newcomers
from imageroute_app.services.sources import first_expiry


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One row of the picker: a model, its price per picture for this request, how it stands, and why it is closed."""

    model: Model
    unit_credits: int
    standing: Standing
    closed: Closed | None


class Routing:
    """Who may get what."""

    def __init__(
        self,
        *,
        database: Database,
        providers: Sequence[ImageProvider],
        clock: Clock,
        rules: Rules,
        newcomers: Newcomers | None = None,
        noted: Noted = unnoted,
    ) -> None:
        self._newcomers, self._noted = newcomers, noted
        self._tables, self._clock, self._rules = database.tables, clock, rules
        self.providers = {provider.id: provider for provider in providers}
        self._health: dict[str, Health] = {}

    # --- Models and prices ------------------------------------------------------------------------------------------------

    def models(self) -> list[Model]:
        """Return every model of every provider that is set up here, retired ones included."""
        return [model for provider in self.providers.values() for model in provider.models()]

    def model(self, key: str) -> Model | None:
        """Return the model called "provider/model", or None when it is not on offer."""
        provider = self.providers.get(key.partition("/")[0])
        return next((model for model in provider.models() if model.key == key), None) if provider else None

    def unit_credits(self, model: Model, request: Request) -> int:
        """Return the most that one picture of a request costs with a model, in credits."""
        micro_usd = model.price.of_picture(request.width, request.height, pictures(request))
        return price_credits(micro_usd, self._rules.margin)

    def health(self, model: Model) -> Health:
        """Return the record that our runs keep of a model."""
        return self._health.setdefault(model.key, Health(declared_s=float(model.typical_s)))

    # --- The rule ---------------------------------------------------------------------------------------------------------

    async def rule(self, owner: str) -> Rule:
        """Return the person's own rule; Strict until they choose."""
        stored = await self._preference(owner)
        return stored.rule if stored else Rule()

    async def set_rule(self, owner: str, rule: Rule) -> Rule:
        """Set the rule for every request that brings none."""
        stored = await self._preference(owner)
        try:
            if stored is None:
                await self._tables.preferences.add(Preference(id=owner, owner=owner, rule=rule))
            else:
                await self._tables.preferences.update(replace(stored, rule=rule))
        except Duplicate as error:
            raise Conflict("Your rule changed in another tab. Look at it again.") from error
        if rule != (stored.rule if stored else Rule()):
            await self._noted(owner, ActivityKind.SETTING, "rule-for-companies")
        return rule

    async def settings_in_files(self, owner: str) -> bool:
        """Say whether downloads carry their settings unless the person says otherwise each time."""
        stored = await self._preference(owner)
        return stored.settings_in_files if stored else True

    async def prefer_settings_in_files(self, owner: str, is_on: bool) -> None:
        """Set how downloads begin; raises Conflict when another tab was quicker."""
        stored = await self._preference(owner)
        if stored is None:
            await self._tables.preferences.add(Preference(id=owner, owner=owner, rule=Rule(), settings_in_files=is_on))
        else:
            await self._tables.preferences.update(replace(stored, settings_in_files=is_on))
        await self._noted(owner, ActivityKind.SETTING, "settings-in-files")

    async def _preference(self, owner: str) -> Preference | None:
        found = await self._tables.preferences.find(Query(owner=owner, limit=1))
        return found[0] if found else None

    # --- Plans ------------------------------------------------------------------------------------------------------------

    async def plan(self, owner: str, request: Request) -> Plan:
        """Return who gets the request first, and next; raises NoRoute."""
        return make_plan(request, self.models(), await self._circumstances(owner, request))

    async def offers(self, owner: str, request: Request) -> list[Offer]:
        """Return every model with its price for this request, how it stands and why it is closed, open ones first."""
        here = await self._circumstances(owner, request)
        rows = [
            Offer(
                model=model,
                unit_credits=here.price(model),
                standing=here.standing(model),
                closed=closed_for(model, request, here),
            )
            for model in self.models()
        ]
        return sorted(rows, key=lambda offer: offer.closed is not None)

    async def closed(self, owner: str, request: Request, model: Model) -> Closed | None:
        """Return why a model may not get a request now, or None."""
        return closed_for(model, request, await self._circumstances(owner, request))

    async def opens(self) -> Mapping[str, datetime]:
        """Return when each company that people were only just told of may get something."""
        return await self._newcomers.opens() if self._newcomers else {}

    async def _circumstances(self, owner: str, request: Request) -> Circumstances:
        now = self._clock()
        return Circumstances(
            today=now.date(),
            price=lambda model: self.unit_credits(model, request),
            standing=lambda model: self.health(model).standing(now),
            is_verified=await self._is_verified(owner),
            now=now,
            opens=await self.opens(),
            sent_until=await first_expiry(self._tables, owner, request, now),
        )

    async def _is_verified(self, owner: str) -> bool:
        if not self._rules.mail_verified_for_network:
            return True
        try:
            person = await self._tables.people.get(owner, owner)
        except NotFound:
            return False
        return person.email_verified_at is not None
