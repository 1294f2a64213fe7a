"""A worker process for kill tests: submits one job, or ends what another left behind and says what it found.

Settings come from the environment. `submit` and `write` are expected to be killed at the named point; `finish` waits until
every job is final and prints one line of JSON; `write` has us write a mail to a person.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

from imageroute_app.bootstrap import open_services
from imageroute_app.domain.gallery import media_prefix
from imageroute_app.domain.jobs import Request
from imageroute_app.domain.ports import Query
from imageroute_app.services.accounts import SignUp
from imageroute_app.services.house import Services
from imageroute_app.settings import load_settings
from imageroute_app.tasks import running

EMAIL, PASSWORD = "killed@example.com", "long enough"
REQUEST = Request(
    prompt="misty pine forest", provider="sketch", model="sketch-1", width=256, height=256, count=2, seed=1
)


async def submit(services: Services) -> None:
    """Open the account, submit a job and wait to be killed; a job that ends all the same is fine."""
    form = SignUp(full_name="", email=EMAIL, password=PASSWORD, born=date(1990, 1, 1))
    owner = (await services.accounts.sign_up(form, device="", address="127.0.0.1")).person.id
    quote = await services.jobs.quote(owner, replace(REQUEST))
    job = await services.jobs.submit(owner, quote.id)
    while not (await services.jobs.job(owner, job.id)).state.is_final:
        await asyncio.sleep(0.05)


async def finish(services: Services) -> None:
    """Wait until every job is final, then print what there is."""
    signed_in = await services.accounts.sign_in(EMAIL, PASSWORD, device="", address="127.0.0.1")
    owner = signed_in.person.id
    while any(not job.state.is_final for job in await services.jobs.recent(owner)):
        await asyncio.sleep(0.05)
    jobs = await services.jobs.recent(owner)
    entries = await services.jobs.ledger(owner, limit=1000)
    images = await services.database.tables.images.find(Query(owner=owner, limit=100))
    stored = {key.rpartition("/")[0] + "/" for key in await services.media.list(f"images/{owner}/")}
    facts = {
        "jobs": [(job.state, job.delivered, job.charged_credits) for job in jobs],
        "balance": (await services.jobs.balance(owner)).available,
        "sum": sum(entry.amount for entry in entries),
        "kinds": sorted(entry.kind for entry in entries),
        "images": len(images),
        "files_match": stored == {media_prefix(owner, image.id) for image in images},
    }
    sys.stdout.write(json.dumps(facts) + "\n")


async def write(services: Services) -> None:
    """Open the account, which is asked to confirm its address, and wait to be killed."""
    form = SignUp(full_name="", email=EMAIL, password=PASSWORD, born=date(1990, 1, 1))
    await services.accounts.sign_up(form, device="", address="127.0.0.1")
    await services.mails.settle()


ACTS = {"submit": submit, "finish": finish, "write": write}


def environment(data_dir: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a worker on this data folder, with further settings."""
    base = {name: text for name, text in os.environ.items() if not name.startswith("IMAGEROUTE_")}
    return base | {
        "IMAGEROUTE_ENV_FILE": "",
        "IMAGEROUTE_DATA_DIR": str(data_dir),
        "IMAGEROUTE_LEASE_S": "2",
        "IMAGEROUTE_SWEEP_S": "1",
        "IMAGEROUTE_TESTING": "1",
        **extra,
    }


def work(act: str) -> None:
    """Do that in a process of its own."""
    asyncio.run(_work(act))


async def _work(act: str) -> None:
    services = await open_services(load_settings())
    async with running(services):
        await ACTS[act](services)
