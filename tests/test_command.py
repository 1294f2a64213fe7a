"""The command line, run as an operator runs it: as a process, beside a data folder that other processes wrote."""

import asyncio
import base64
import contextlib
import secrets
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest

from imageroute_app.bootstrap import open_services
from imageroute_app.command.doctor import LOOKS, looked
from imageroute_app.command.line import main
from imageroute_app.domain.accounts import Lock
from imageroute_app.domain.errors import Unavailable
from imageroute_app.domain.ports import Query
from imageroute_app.serve import lock_data_dir
from imageroute_app.services.accounts import SignUp
from imageroute_app.services.house import Services
from imageroute_app.settings import ROOT, load_settings
from tests.adapters.mail_server import mail_server
from tests.adapters.redis_server import running_redis
from tests.emulators.clerk import ClerkEmulator, clerk_settings
from tests.emulators.cloudinary import CLOUD, KEY, SECRET, CloudinaryEmulator
from tests.emulators.dodo import DodoEmulator, settings_of
from tests.emulators.kit import served
from tests.forks import Ended, fork
from tests.mongo_server import RUN
from tests.product import clean_environment

REASON = "--reason=the person asked by phone"


@contextlib.asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Services]:
    services = await open_services(load_settings({"IMAGEROUTE_DATA_DIR": str(folder)}))
    try:
        yield services
    finally:
        await services.close()


async def sign_up(folder: Path, *names: str) -> list[str]:
    async with opened(folder) as services:
        return [
            (await services.accounts.sign_up(form(name), device="Test", address="127.0.0.1")).person.id
            for name in names
        ]


def form(name: str) -> SignUp:
    return SignUp(
        full_name=f"{name} Lovelace", email=f"{name}@example.com", password="long enough", born=date(1990, 1, 1)
    )


async def run(folder: Path, *words: str, answer: str = "", **settings: str) -> Ended:
    """Run the command as a process that need not import it first; returns its status and what it wrote."""
    environment = clean_environment({"DATA_DIR": str(folder), **settings})
    files = folder.parent / "command"
    forked = await asyncio.to_thread(fork, main, words, folder=files, environment=environment, answer=answer.encode())
    return await asyncio.to_thread(forked.ended)


async def run_script(folder: Path, *words: str) -> tuple[int, str, str]:
    """Run the script that operators run, from another folder than the project's."""
    process = await asyncio.create_subprocess_exec(
        ROOT / "bin" / "imageroute", *words, cwd=folder.parent, env=clean_environment({"DATA_DIR": str(folder)}),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    out, error = await process.communicate()
    return process.returncode or 0, out.decode(), error.decode()


OUTSIDE = {
    "ORIGIN": "https://pictures.example.org", "PAYMENTS": "off", "CONTROLLER_NAME": "N", "CONTROLLER_ADDRESS": "A",
    "CONTROLLER_EMAIL": "a@example.org",
}  # fmt: skip


@pytest.mark.promise("P39")
async def test_a_company_is_announced_by_a_command_and_no_process_starts_with_it_before_its_day(tmp_path: Path) -> None:
    folder, store = tmp_path / "data", {f"CLOUDINARY_{name}": "c" for name in ("CLOUD", "KEY", "SECRET")}
    await sign_up(folder, "ada")
    status, _, error = await run(folder, "announce", "cloudinary", **OUTSIDE)
    assert (status, "Start this installation once" in error) == (2, True)
    assert (await run(folder, "catalogue", **OUTSIDE))[0] == 0
    status, _, error = await run(folder, "catalogue", **OUTSIDE, **store)
    assert (status, "imageroute announce cloudinary" in error, "Traceback" in error) == (1, True, False)
    status, _, error = await run(folder, "move-media", "--to", "cloudinary", **OUTSIDE, **store)
    assert (status, "imageroute announce cloudinary" in error) == (2, True)
    status, out, _ = await run(folder, "announce", "cloudinary", **OUTSIDE)
    assert (status, "Cloudinary may get data from" in out) == (0, True)
    status, _, error = await run(folder, "catalogue", **OUTSIDE, **store)
    assert (status, "Take its settings out until then" in error) == (1, True)


async def test_help_names_every_command_and_no_command_ends_with_a_trace(tmp_path: Path) -> None:
    status, out, _ = await run_script(tmp_path / "data", "--help")
    assert status == 0
    words = ("users", "credits", "export", "erase", "backup", "restore", "drill", "mail-in", "newsletter", "move-media")
    assert [word for word in words if word not in out] == []
    status, _, error = await run(tmp_path / "data", "backup", "--to", "x", "--keys-to", "x")
    assert (status, error.strip()) == (
        2,
        "The keys must not lie with the data: give --keys-to a folder outside of --to.",
    )
    status, _, error = await run(tmp_path / "data", "users", "count", MONGODB_URI="ftp://x")
    assert status == 2
    assert "IMAGEROUTE_MONGODB_URI" in error
    assert "Traceback" not in error


@pytest.mark.promise("P32")
async def test_every_look_needs_a_reason_that_its_person_sees(tmp_path: Path) -> None:
    (ada,) = await sign_up(tmp_path / "data", "ada")
    status, _, error = await run(tmp_path / "data", "users", "find", "ada@example.com")
    assert status == 2
    assert "--reason" in error
    status, out, _ = await run(tmp_path / "data", "users", "find", "Ada@example.com", REASON)
    assert status == 0
    assert ada in out
    assert "Lovelace" not in out
    assert "@" not in out
    async with opened(tmp_path / "data") as services:
        looks = await services.office.desk.looks_at(ada)
        assert [(look.operator, look.reason.partition(": ")[2]) for look in looks] == [
            ("command line", "the person asked by phone")
        ]
        told = await services.notices.newest(ada)
        assert "the person asked by phone" in told[0].text


async def test_locking_and_granting_show_in_the_account(tmp_path: Path) -> None:
    (ada,) = await sign_up(tmp_path / "data", "ada")
    assert (await run(tmp_path / "data", "users", "lock", ada, REASON))[0] == 0
    for status, said in ((0, "20 credits given"), (2, "given under this name already")):
        found, out, error = await run(tmp_path / "data", "credits", "grant", ada, "20", REASON, "--once=phone-1")
        assert (found, said in out + error) == (status, True)
    async with opened(tmp_path / "data") as services:
        assert (await services.accounts.person(ada)).locked_for is Lock.OPERATOR
        assert (await services.jobs.balance(ada)).available == 70
    assert (await run(tmp_path / "data", "users", "unlock", ada, REASON))[0] == 0
    status, out, _ = await run(tmp_path / "data", "credits", "show", ada, REASON)
    assert (status, out.splitlines()[0]) == (0, "70 credits to spend")


@pytest.mark.promise("P47")
async def test_an_erasure_asks_first_and_goes_the_usual_way(tmp_path: Path) -> None:
    (ada,) = await sign_up(tmp_path / "data", "ada")
    status, _, error = await run(tmp_path / "data", "erase", ada, REASON, answer="no\n")
    assert (status, error.strip()) == (2, "That is another id: nothing was done.")
    status, out, _ = await run(tmp_path / "data", "erase", ada, REASON, answer=f"{ada}\n")
    assert (status, "/erasure/" in out) == (0, True)
    async with opened(tmp_path / "data") as services:
        assert (await services.accounts.person(ada)).locked_for is Lock.CLOSING
        erasure = await services.erasures.of(ada)
        assert erasure is not None
        assert erasure.reason == "operator"


@pytest.mark.promise("P47")
async def test_killed_in_the_middle_of_a_restore_nothing_serves_until_the_command_was_run_to_its_end(
    tmp_path: Path,
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    ada, bob = await sign_up(old, "ada", "bob")
    places = ("--to", str(tmp_path / "copies"), "--keys-to", str(tmp_path / "keys"))
    status, out, error = await run(old, "backup", *places)
    assert status == 0, error
    assert "master.key" in out
    async with opened(old) as services:  # after the backup, and so after the copy of the keys
        erasure = await services.erasures.begin(ada, at_once=True)
        await services.erasures.run(erasure.id)
    status, _, error = await run(old, "backup", "--to", str(tmp_path / "later"), "--keys-to", str(tmp_path / "notes"))
    assert status == 0, error

    (new / "keys").mkdir(parents=True)  # the machine is lost; its master key was kept in a third place
    (new / "keys" / "master.key").write_bytes((old / "keys" / "master.key").read_bytes())
    words = ("restore", "--from", str(tmp_path / "copies"), "--keys-from", str(tmp_path / "notes"))
    status, _, _ = await run(new, *words, TESTING="1", TEST_FAULT="restore.people:kill")
    assert status != 0
    with pytest.raises(Unavailable, match="half put back"):
        async with opened(new):
            pass
    with lock_data_dir(new):
        pass  # the killed process holds nothing
    status, out, error = await run(new, *words, TESTING="1", TEST_FAULT="restore.people:kill")
    assert status == 0, error
    assert "people erased since were left out" in out
    async with opened(new) as services:
        assert await services.database.owners() == [bob]
        assert (
            await services.accounts.sign_in("bob@example.com", "long enough", device="T", address="1")
        ).person.id == bob
        assert (await services.jobs.balance(bob)).available == 50


async def test_a_restore_is_refused_while_a_server_holds_the_folder_and_where_there_is_data(tmp_path: Path) -> None:
    await sign_up(tmp_path / "data", "ada")
    await run(tmp_path / "data", "backup", "--to", str(tmp_path / "copies"), "--keys-to", str(tmp_path / "keys"))
    words = ("restore", "--from", str(tmp_path / "copies"))
    with lock_data_dir(tmp_path / "data"):
        status, _, error = await run(tmp_path / "data", *words)
    assert status == 2
    assert "stop it" in error
    status, _, error = await run(tmp_path / "data", *words)
    assert (status, "already holds data" in error) == (2, True)


async def test_a_drill_runs_beside_a_server_and_is_noted_for_the_trust_page(tmp_path: Path) -> None:
    await sign_up(tmp_path / "data", "ada")
    await run(tmp_path / "data", "backup", "--to", str(tmp_path / "copies"), "--keys-to", str(tmp_path / "keys"))
    with lock_data_dir(tmp_path / "data"):
        status, out, error = await run(tmp_path / "data", "drill", "--from", str(tmp_path / "copies"))
    assert status == 0, error
    assert "The drill worked" in out
    async with opened(tmp_path / "data") as services:
        noted = await services.database.tables.measures.find(
            Query(owner="house", equals={"metric": "restore_drill_last"})
        )
        assert [measure.state.value for measure in noted] == ["met"]


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["fly"])
    assert ended.value.code == 2
    assert "invalid choice" in capsys.readouterr().err


@pytest.mark.promise("P34")
async def test_killed_in_the_middle_of_a_change_of_the_master_key_the_product_works_and_a_second_run_ends_it(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    ada, bob = await sign_up(data, "ada", "bob")
    before = (data / "keys" / "master.key").read_bytes()
    status, _, _ = await run(data, "keys", "rotate", TESTING="1", TEST_FAULT="rotate.key:kill")
    assert status != 0
    assert (data / "keys" / "master.key").read_bytes() == before
    async with opened(data) as services:
        assert {(await services.accounts.person(one)).email for one in (ada, bob)} == {
            "ada@example.com",
            "bob@example.com",
        }
    status, out, error = await run(data, "keys", "rotate", TESTING="1", TEST_FAULT="rotate.key:kill")
    assert status == 0, error
    assert "2 keys are wrapped by the new master key, 1 of them now" in out
    assert (data / "keys" / "master.key").read_bytes() != before
    assert str(data / "keys" / "master.key.previous") in out
    (data / "keys" / "master.key.previous").unlink()
    async with opened(data) as services:
        assert (
            await services.accounts.sign_in("ada@example.com", "long enough", device="T", address="1")
        ).person.id == ada
    with lock_data_dir(data):
        status, _, error = await run(data, "keys", "rotate")
    assert (status, "stop it" in error) == (2, True)


async def test_signing_everyone_out(tmp_path: Path) -> None:
    await sign_up(tmp_path / "data", "ada", "bob")
    assert (await run_script(tmp_path / "data", "keys", "end-sessions"))[1].startswith("2 sessions ended")


async def test_verify_finds_what_does_not_add_up(tmp_path: Path) -> None:
    data = tmp_path / "data"
    ada, bob = await sign_up(data, "ada", "bob")
    status, out, _ = await run(data, "verify")
    assert (status, "WRONG" in out) == (0, False)
    with contextlib.closing(sqlite3.connect(data / "imageroute.db")) as database:
        database.execute("UPDATE wallets SET available = 51 WHERE owner = ?", (ada,))
        database.commit()
    stray = data / "media" / "images" / bob / ("0" * 32)
    stray.mkdir(parents=True)
    (stray / "original").write_bytes(b"x")
    status, out, _ = await run(data, "verify")
    assert status == 1
    assert f"account {ada}: the ledger says 50, the wallet 51" in out
    assert f"images/{bob}/{'0' * 32}" in out
    assert out.count("WRONG") == 2


async def test_the_doctor_names_what_does_not_answer_with_its_cure(tmp_path: Path) -> None:
    status, out, _ = await run(tmp_path / "data", "doctor")
    assert (status, "Everything that is set answers." in out) == (0, True)
    status, out, _ = await run(tmp_path / "data", "doctor", SMTP_URL="smtp://127.0.0.1:1", MAIL_FROM="a@example.org")
    assert status == 1
    assert "check IMAGEROUTE_SMTP_URL" in out
    assert "Traceback" not in out
    status, out, _ = await run(tmp_path / "data", "catalogue")
    assert (status, "sketch" in out) == (0, True)
    assert (await run(tmp_path / "data", "retention", "run"))[0] == 0


async def test_the_doctor_asks_clerk_and_names_the_cure(tmp_path: Path) -> None:
    cloud = ClerkEmulator(prefix="/clerk")
    async with served(cloud):
        given = {name.removeprefix("IMAGEROUTE_"): text for name, text in clerk_settings(cloud).items()}
        wrong = {"CLERK_SECRET_KEY": "sk_test_of-another-day"}
        torn = {"CLERK_JWT_KEY": "-----BEGIN PUBLIC KEY-----"}
        for changes, status, words in (
            ({}, 0, "Clerk answers and takes our keys"),
            (wrong, 1, "set IMAGEROUTE_CLERK_SECRET_KEY"),
            (torn, 1, "IMAGEROUTE_CLERK_JWT_KEY cannot be read"),
        ):
            found, out, error = await run(tmp_path / "data", "doctor", **{**given, **changes})
            assert (found, words in out) == (status, True), out
            assert "Traceback" not in out + error
            assert "of-another-day" not in out + error


async def test_the_doctor_is_content_with_every_service_and_names_each_that_is_not_as_set(
    tmp_path: Path, mongo_uri: str
) -> None:
    clerk, dodo = ClerkEmulator(prefix="/clerk"), DodoEmulator(prefix="/dodo")
    pictures = CloudinaryEmulator(prefix="/cloudinary")
    async with running_redis() as redis, mail_server() as letters, served(clerk, dodo, pictures):
        vendors = {**clerk_settings(clerk), **settings_of(dodo)}
        given = {
            **{name.removeprefix("IMAGEROUTE_"): text for name, text in vendors.items()},
            "CLOUDINARY_CLOUD": CLOUD, "CLOUDINARY_KEY": KEY, "CLOUDINARY_SECRET": SECRET,
            "CLOUDINARY_URL": pictures.url, "CLOUDINARY_DELIVERY_URL": pictures.delivery_url,
            "MONGODB_URI": mongo_uri, "MONGODB_DATABASE": f"{RUN}_doctor",
            "MASTER_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "REDIS_URL": redis.url, "SMTP_URL": f"smtp://127.0.0.1:{letters.port}", "MAIL_FROM": "a@example.org",
        }  # fmt: skip
        status, out, error = await run(tmp_path / "data", "doctor", **given)
        assert status == 0, out + error
        for words in (
            "MongoDB: writes",
            "Cloudinary (",
            "Redis answers",
            "mail server answers",
            "Clerk answers",
            "Dodo",
        ):
            assert words in out
        status, out, error = await run(tmp_path / "data", "doctor", **{**given, "CLOUDINARY_SECRET": "of-another-day"})
        assert (status, "Cloudinary refuses IMAGEROUTE_CLOUDINARY_KEY and _SECRET" in out) == (1, True), out
        assert "of-another-day" not in out + error
        whole = {f"IMAGEROUTE_{name}": text for name, text in given.items()}
        whole["IMAGEROUTE_DATA_DIR"] = str(tmp_path / "data")
        for look, name, wrong, cure in (
            ("payments", "DODO_KEY", "of-another-day", "IMAGEROUTE_DODO_KEY"),
            ("payments", "DODO_PRODUCTS", "small=pdt_gone", "IMAGEROUTE_DODO_PRODUCTS names for the pack small"),
            ("payments", "DODO_PRODUCTS", "small=pdt_large", "pdt_large is not paid once with 500 USD"),
            ("counters", "REDIS_URL", f"{redis.url}.gone", "IMAGEROUTE_REDIS_URL"),
        ):
            found = await looked(look, LOOKS[look], load_settings({**whole, f"IMAGEROUTE_{name}": wrong}))
            assert (found.state, cure in found.text) == ("BAD", True), found
            assert "of-another-day" not in found.text
