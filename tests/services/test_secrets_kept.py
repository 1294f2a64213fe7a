"""Keys and secrets (PRIVACY P34): out of sight, in no line of a log and no error, and worth nothing once revoked."""

import asyncio
import re
import socket
from dataclasses import fields
from pathlib import Path

import pytest

from imageroute_app.domain.data_map import DATA_MAP, Protection
from imageroute_app.domain.errors import ImageRouteError
from imageroute_app.domain.jobs import Failover, Level, Request, Rule
from imageroute_app.domain.ports import Mail
from imageroute_app.services.accounts import SignUp
from imageroute_app.settings import Settings
from tests.doubles import MovingClock
from tests.needles import forms, open_home
from tests.test_command import opened, run, sign_up
from tests.traces import everything_logged

PUBLIC = {
    "clerk_publishable_key": "it stands in every page of Clerk",
    "clerk_jwt_key": "a public key",
    "c2pa_key": "the path of a file",
}


@pytest.mark.promise("P34")
def test_every_setting_that_holds_a_secret_is_kept_out_of_sight() -> None:
    named = {one.name for one in fields(Settings) if re.search(r"key|secret|token|password|_uri$", one.name)}
    shown = {one.name for one in fields(Settings) if one.repr}
    assert named & shown == set(PUBLIC)
    assert not {"redis_url", "smtp_url"} & shown  # a password stands in these


@pytest.mark.promise("P34")
def test_no_key_is_handed_out_and_what_opens_something_is_kept_as_a_hash() -> None:
    assert not [
        name for name in DATA_MAP if "api_key" in name
    ]  # the product has no keys for people: there is none to steal
    opening = {
        (table, field): protection
        for table, facts in DATA_MAP.items()
        for field, protection in facts.fields.items()
        if re.search(r"token|secret|password", field)
    }
    assert opening
    clear = {f"{table}.{field}" for (table, field), how in opening.items() if how is Protection.PLAIN}
    assert {name for name in clear if not name.endswith("_hash")} == set()


@pytest.mark.promise("P34", "P15")
async def test_no_secret_of_the_settings_is_in_a_log_an_error_or_a_page(tmp_path: Path) -> None:
    with socket.socket() as probe:  # a port where nobody answers
        probe.bind(("127.0.0.1", 0))
        nobody = f"127.0.0.1:{probe.getsockname()[1]}"
    secrets = {name: f"zq{number}" + "7k" * 12 + "xw" for number, name in enumerate(("mail", "bfl", "dodo", "metrics"))}
    settings = {
        "SMTP_URL": f"smtp://user:{secrets['mail']}@{nobody}", "MAIL_FROM": "I <i@example.org>", "BFL_KEY": secrets["bfl"],
        "BFL_URL": f"http://{nobody}", "DODO_KEY": secrets["dodo"], "DODO_URL": f"http://{nobody}", "PAYMENTS": "dodo",
        "DODO_WEBHOOK_KEY": "whsec_" + "a" * 32, "DODO_PRODUCTS": "small=pdt_1,medium=pdt_2,large=pdt_3",
        "METRICS_TOKEN": secrets["metrics"],
    }  # fmt: skip
    clock, said = MovingClock(), list[str]()
    with everything_logged() as log:
        async with open_home(tmp_path / "data", clock=clock, **settings) as services:
            born = clock().date().replace(year=1990)
            form = SignUp(full_name="Ada", email="ada@example.com", password="long enough", born=born)
            owner = (await services.accounts.sign_up(form, device="Test", address="127.0.0.1")).person.id
            await services.accounts.settle()
            request = Request(
                prompt="a fern", provider="bfl", model="flux-2-pro", width=1024, height=1024,
                rule=Rule(level=Level.ANY, failover=Failover.NEVER),
            )  # fmt: skip
            try:
                job = await services.jobs.submit(owner, (await services.jobs.quote(owner, request)).id)
                await services.runner.run(job.id)
                said.append(str(await services.jobs.job(owner, job.id)))
            except ImageRouteError as error:
                said.append(f"{error!r} {error.message}")
            for act in (
                lambda: services.mails.send(Mail(to="ada@example.com", subject="s", text="t")),
                lambda: services.billing.checkouts.buy(owner, "small"),
                lambda: services.retention.sweep(services.sweep_period),
            ):
                try:
                    said.append(str(await act()))
                except ImageRouteError as error:
                    said.append(repr(error))
            said += [repr(services.site), str(await services.checks.board())]
            await asyncio.sleep(0)
    told = {"log": log(), "said": "\n".join(said).encode()}
    assert told["log"]
    leaks = [
        (place, name)
        for place, data in told.items()
        for name, one in secrets.items()
        if any(f in data for f in forms(one))
    ]
    assert leaks == []


@pytest.mark.promise("P34")
async def test_sessions_that_an_operator_ends_are_worth_nothing_in_the_processes_that_go_on(tmp_path: Path) -> None:
    data = tmp_path / "data"
    await sign_up(data, "ada")
    async with opened(data) as services:  # a server that stays as it is
        signed_in = await services.accounts.sign_in("ada@example.com", "long enough", device="T", address="1")
        assert await services.accounts.session(signed_in.token) is not None
        status, out, error = await run(data, "keys", "end-sessions")
        assert (status, out[:2]) == (0, "2 "), error
        assert await services.accounts.session(signed_in.token) is None
