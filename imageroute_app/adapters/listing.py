"""Compare the catalogues with what the providers offer today, over their free lists of models: `make catalogue`.

Nothing is written: a catalogue carries facts with sources and dates, and a person changes it. Only lists that cost nothing
are asked for, with the key that is set here, and only where one is set.
"""

import asyncio
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime

from imageroute_app.adapters.catalogue import Catalogue
from imageroute_app.adapters.http import Answer, VendorHttp, at
from imageroute_app.adapters.registry import catalogues, is_usable
from imageroute_app.domain.ports import ProviderError
from imageroute_app.settings import load_settings

LIST_S = 20.0


def offered(answer: Answer, listing: Mapping[str, str]) -> set[str]:
    """Return the names in a provider's list of models."""
    rows = at(answer.json, *filter(None, listing["list"].split("/")))
    names = (at(row, listing["id"]) for row in rows) if isinstance(rows, list) else ()
    return {name.removeprefix(listing["prefix"]) for name in names if isinstance(name, str)}


def difference(one: Catalogue, names: set[str], today: date) -> Iterable[str]:
    """Yield one line for each model of ours that the provider does not list, lists past its date, or that is new there."""
    ours = {model.remote: model for model in one.models}
    for remote, model in ours.items():
        is_retired = model.retires_on is not None and model.retires_on <= today
        if remote not in names and not is_retired:
            yield f"gone   {model.key} ({remote}): give it retires_on"
        if remote in names and is_retired:
            yield f"alive  {model.key} ({remote}): still listed after {model.retires_on}"
    yield from (f"new    {name}" for name in sorted(names - ours.keys()) if "image" in name or "flux" in name.lower())


async def ask(one: Catalogue, key: str, url: str) -> set[str]:
    """Return the names that a provider lists; raises ProviderError when it does not answer."""
    headers = {one.listing["header"]: one.listing["scheme"] + key}
    http = VendorHttp(base_url=url, headers=headers, read_s=LIST_S)
    try:
        return offered(await http.get(one.listing["path"]), one.listing)
    finally:
        await http.close()


async def compare() -> list[str]:
    """Return the lines of the whole comparison."""
    settings = load_settings()
    lines: list[str] = []
    for one in catalogues():
        keys, urls = settings.provider_keys, settings.provider_urls
        if not one.listing or not is_usable(one, keys, urls):
            lines.append(f"{one.id}: {'no key is set' if one.listing else 'has no free list'}")
            continue
        try:
            names = await ask(one, keys[one.id], urls.get(one.id, one.url))
        except ProviderError as error:
            lines.append(f"{one.id}: {error}")
            continue
        lines.append(f"{one.id}: {len(names)} listed")
        lines += [f"  {line}" for line in difference(one, names, datetime.now(UTC).date())]
    return lines


if __name__ == "__main__":
    sys.stdout.write("\n".join(asyncio.run(compare())) + "\n")
