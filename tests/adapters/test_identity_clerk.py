"""Clerk's tokens, webhooks and calls against an emulator that refuses what Clerk would (issue 6, acceptance of tokens)."""

import base64
import hmac
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import pytest

from imageroute_app.adapters.identity.clerk import Clerk, ClerkKeys, frontend_of, portal_of
from imageroute_app.adapters.identity.clerk_tokens import read_pem, session_cookies
from imageroute_app.domain.errors import InvalidInput, NotSignedIn, Unavailable
from imageroute_app.domain.identity import EventKind
from tests.doubles import MovingClock
from tests.emulators.clerk import PUBLISHABLE_KEY, SECRET_KEY, WEBHOOK_SECRET, ClerkEmulator, Key, b64
from tests.emulators.kit import served

ORIGIN = "http://127.0.0.1:3000"


@dataclass
class World:
    """An instance of Clerk, our adapter, and the seconds that pass."""

    cloud: ClerkEmulator
    clerk: Clerk
    clock: MovingClock
    seconds: list[float]
    user: str
    session: str


def connected(cloud: ClerkEmulator, clock: MovingClock, seconds: list[float], jwt: str = "") -> Clerk:
    keys = ClerkKeys(
        publishable=PUBLISHABLE_KEY, secret=SECRET_KEY, webhook=WEBHOOK_SECRET, jwt=jwt, api_url=f"{cloud.url}/api/v1",
        frontend_url=cloud.url, portal_url=f"{cloud.url}/portal",
    )  # fmt: skip
    return Clerk(keys, origins=[ORIGIN], clock=clock, monotonic=lambda: seconds[0])


@pytest.fixture
async def world() -> AsyncIterator[World]:
    clock, seconds = MovingClock(), [0.0]
    cloud = ClerkEmulator(prefix="/clerk", origins=(ORIGIN,), now=lambda: clock().timestamp())
    async with served(cloud):
        clerk = connected(cloud, clock, seconds)
        user = cloud.add_user("ada@example.com")
        yield World(cloud, clerk, clock, seconds, user, cloud.open_session(user))
        await clerk.close()


async def test_a_good_token_says_who_and_since_when(world: World) -> None:
    world.clock.move(minutes=3)
    proof = await world.clerk.verify(world.cloud.token(world.session))
    assert (proof.subject, proof.session_id) == (world.user, world.session)
    assert (world.clock() - proof.proven_at).total_seconds() // 60 == 3


BAD_CLAIMS: dict[str, dict[str, Any]] = {
    "no exp": {"exp": None},
    "no nbf": {"nbf": None},
    "no iat": {"iat": None},
    "exp as text": {"exp": "99999999999"},
    "exp as truth": {"exp": True},
    "foreign azp": {"azp": "https://evil.example"},
    "azp of a neighbour": {"azp": ORIGIN + ".evil.example"},
    "no azp": {"azp": None},
    "foreign issuer": {"iss": "https://other.clerk.accounts.dev"},
    "no issuer": {"iss": None},
    "pending": {"sts": "pending"},
    "an unknown state": {"sts": "odd"},
    "somebody acts for another": {"act": {"sub": "user_admin"}},
    "made for somebody else": {"aud": "other"},
    "no person": {"sub": None},
    "person is no text": {"sub": ["user_1"]},
    "no session": {"sid": None},
    "empty session": {"sid": ""},
}


@pytest.mark.parametrize("name", BAD_CLAIMS)
async def test_a_token_with_one_wrong_claim_is_refused(world: World, name: str) -> None:
    with pytest.raises(NotSignedIn):
        await world.clerk.verify(world.cloud.token(world.session, **BAD_CLAIMS[name]))


@pytest.mark.parametrize(("after_s", "is_good"), [(0, True), (60, True), (64, True), (66, False), (3600, False)])
async def test_a_token_ends_after_its_minute_and_five_seconds(world: World, after_s: int, is_good: bool) -> None:
    token = world.cloud.token(world.session)
    world.clock.move(seconds=after_s)
    if is_good:
        assert (await world.clerk.verify(token)).subject == world.user
        return
    with pytest.raises(NotSignedIn):
        await world.clerk.verify(token)


@pytest.mark.parametrize("claim", ["nbf", "iat"])
async def test_a_token_of_the_future_is_refused(world: World, claim: str) -> None:
    at = int(world.clock().timestamp())
    assert await world.clerk.verify(world.cloud.token(world.session, **{claim: at + 4}))
    with pytest.raises(NotSignedIn):
        await world.clerk.verify(world.cloud.token(world.session, **{claim: at + 30}))


def bare(claims: dict[str, Any], **header: Any) -> str:
    return f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"


def no_signature(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return bare(claims, alg="none", kid=cloud.key.kid) + "."


def cut_signature(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return cloud.key.sign(claims).rpartition(".")[0] + "."


def public_key_as_secret(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    said = bare(claims, alg="HS256", kid=cloud.key.kid)
    return f"{said}.{b64(hmac.digest(cloud.key.pem.encode(), said.encode(), sha256))}"


def wrong_key(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return Key(kid=cloud.key.kid).sign(claims)


def unknown_key(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return Key().sign(claims)


def key_in_the_token(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    own = Key()
    return own.sign(claims, jwk=own.jwk, kid=own.kid)


def address_in_the_token(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return Key().sign(claims, jku="https://evil.example/jwks.json")


def another_algorithm(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return cloud.key.sign(claims, alg="RS512")


def a_critical_header(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return cloud.key.sign(claims, crit=["exp"])


def other_claims(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    head, _, tail = cloud.key.sign(claims).split(".")
    return f"{head}.{b64(json.dumps({**claims, 'sub': 'user_other'}).encode())}.{tail}"


def not_a_token(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return "a.b.c.d"


def a_list(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return f"{b64(b'[]')}.{b64(b'[]')}.x"


def a_machine(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return f"ak_{cloud.key.sign(claims)}"


def huge(cloud: ClerkEmulator, claims: dict[str, Any]) -> str:
    return cloud.key.sign({**claims, "more": "x" * 20_000})


TRICKS = (
    no_signature, cut_signature, public_key_as_secret, wrong_key, unknown_key, key_in_the_token, address_in_the_token,
    another_algorithm, a_critical_header, other_claims, not_a_token, a_list, a_machine, huge,
)  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
@pytest.mark.parametrize("is_pinned", [False, True])
async def test_signatures_cannot_be_got_round(
    world: World, trick: Callable[[ClerkEmulator, dict[str, Any]], str], is_pinned: bool
) -> None:
    clerk = connected(world.cloud, world.clock, world.seconds, world.cloud.key.pem if is_pinned else "")
    assert await clerk.verify(world.cloud.token(world.session))
    with pytest.raises(NotSignedIn):
        await clerk.verify(trick(world.cloud, world.cloud.claims(world.session)))
    await clerk.close()


async def test_unknown_header_fields_are_ignored(world: World) -> None:
    token = world.cloud.key.sign(world.cloud.claims(world.session), oiat=1, typ="JWT", odd={"a": 1})
    assert (await world.clerk.verify(token)).subject == world.user


# --- Cookies and the handshake ----------------------------------------------------------------------------------------


async def test_a_stale_cookie_first_does_not_hide_a_good_one(world: World) -> None:
    stale = world.cloud.token(world.session)
    world.clock.move(minutes=5)
    good = world.cloud.token(world.session)
    for cookies in (f"__session={stale}; __session_Ab1={good}", f"__session_Ab1={good}; __session={stale}"):
        proof = await world.clerk.read_return("", cookies)
        assert proof is not None
        assert proof.session_id == world.session


async def test_of_several_suffixed_cookies_the_newest_comes_first(world: World) -> None:
    old = world.cloud.token(world.session)
    world.clock.move(seconds=20)
    new = world.cloud.token(world.session)
    assert session_cookies(f"__session_a={old}; __session_b={new}; __sessionx=1; other=2") == [new, old]
    assert session_cookies("__session=; a=b") == []


@pytest.mark.parametrize(
    "before", ["plain", 'a="b', "bad name=1", "x=[1]", "a=b=c", "=1", "\u00e4=1", "a={json: 1, 2}", "a,b=1", "@=("]
)
async def test_a_malformed_neighbour_does_not_hide_a_good_cookie(world: World, before: str) -> None:
    good = world.cloud.token(world.session)
    for cookies in (
        f"{before}; __session={good}",
        f"__session={good}; {before}",
        f"{before};__session={good};{before}",
    ):
        proof = await world.clerk.read_return("", cookies)
        assert proof is not None
        assert proof.session_id == world.session


async def test_two_cookies_of_one_name_are_both_looked_at(world: World) -> None:
    stale, good = world.cloud.token(world.session, exp=1, iat=1, nbf=1), world.cloud.token(world.session)
    for cookies in (f"__session={stale}; __session={good}", f"__session={good}; __session={stale}"):
        assert await world.clerk.read_return("", cookies)
    many = "; ".join(f"__session_{number}=x" for number in range(50))
    assert len(session_cookies(f"{many}; __session={good}")) == 10


async def test_of_a_handshake_s_lines_the_last_counts(world: World) -> None:
    gone, good = "__session=; Path=/; Max-Age=0", f"__session={world.cloud.token(world.session)}; Path=/"
    assert await world.clerk.read_return(world.cloud.key.sign({"handshake": [gone, good]}), "")
    with pytest.raises(NotSignedIn):
        await world.clerk.read_return(world.cloud.key.sign({"handshake": [good, gone]}), "")


async def test_without_a_good_token_the_handshake_is_needed(world: World) -> None:
    assert await world.clerk.read_return("", "") is None
    assert await world.clerk.read_return("", f"__session={world.cloud.token(world.session, exp=1)}") is None


async def test_a_handshake_is_signed_carries_a_session_and_may_lack_only_its_azp(world: World) -> None:
    world.cloud.clients["client"] = world.session
    proof = await world.clerk.read_return(world.cloud.handshake("client"), "")
    assert proof is not None
    assert proof.session_id == world.session
    lines = [f"__session={world.cloud.token(world.session, azp=None)}; Path=/"]
    assert await world.clerk.read_return(world.cloud.key.sign({"handshake": lines}), "")
    foreign = [f"__session={world.cloud.token(world.session, azp='https://evil.example')}; Path=/"]
    bad = [
        world.cloud.key.sign({"handshake": foreign}), world.cloud.handshake("nobody"), Key().sign({"handshake": lines}),
        world.cloud.key.sign({}), world.cloud.key.sign({"handshake": "x"}), world.cloud.token(world.session), "x",
        world.cloud.key.sign({"handshake": lines, "exp": 1}),
    ]  # fmt: skip
    for one in bad:
        with pytest.raises(NotSignedIn):
            await world.clerk.read_return(one, "")


# --- Keys -------------------------------------------------------------------------------------------------------------


def as_it_is(pem: str) -> str:
    return pem


def with_two_signs(pem: str) -> str:
    return pem.replace("\n", "\\n")


def on_one_line(pem: str) -> str:
    return pem.replace("\n", "")


def quoted(pem: str) -> str:
    return f'"{pem.strip()}"'.replace("\n", "\\n")


def with_windows_ends(pem: str) -> str:
    return pem.replace("\n", "\r\n")


@pytest.mark.parametrize("written", [as_it_is, with_two_signs, on_one_line, quoted, with_windows_ends])
async def test_a_pem_is_read_however_it_was_written(world: World, written: Callable[[str], str]) -> None:
    clerk = connected(world.cloud, world.clock, world.seconds, written(world.cloud.key.pem))
    assert (await clerk.verify(world.cloud.token(world.session))).subject == world.user
    assert world.cloud.seen == []
    await clerk.close()


def test_a_pem_that_is_none_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # the library's words
        read_pem("-----BEGIN PUBLIC KEY-----nonsense-----END PUBLIC KEY-----")


async def test_keys_are_fetched_once_and_again_after_a_rotation_but_not_for_every_stranger(world: World) -> None:
    for _ in range(5):
        await world.clerk.verify(world.cloud.token(world.session))
    assert len(world.cloud.seen) == 1
    world.cloud.rotate()
    world.seconds[0] += 61
    assert await world.clerk.verify(world.cloud.token(world.session))
    assert len(world.cloud.seen) == 2
    for _ in range(20):
        with pytest.raises(NotSignedIn):
            await world.clerk.verify(Key().sign(world.cloud.claims(world.session)))
    assert len(world.cloud.seen) == 2


async def test_an_old_key_ends_with_its_set(world: World) -> None:
    token = world.cloud.token(world.session)
    await world.clerk.verify(token)
    world.cloud.rotate()
    world.seconds[0] += 301
    with pytest.raises(NotSignedIn):
        await world.clerk.verify(token)


async def test_kept_keys_carry_over_an_outage_of_an_hour(world: World) -> None:
    await world.clerk.verify(world.cloud.token(world.session))
    world.cloud.is_down = True
    world.seconds[0] += 600
    assert await world.clerk.verify(world.cloud.token(world.session))
    world.seconds[0] += 3600
    with pytest.raises(Unavailable):
        await world.clerk.verify(world.cloud.token(world.session))
    world.cloud.is_down = False
    world.seconds[0] += 61
    assert await world.clerk.verify(world.cloud.token(world.session))


def test_hosts_follow_from_the_publishable_key() -> None:
    live = "pk_live_" + base64.b64encode(b"clerk.example.com$").decode()
    assert frontend_of(PUBLISHABLE_KEY) == "https://emulated.clerk.accounts.dev"
    assert portal_of(frontend_of(PUBLISHABLE_KEY)) == "https://emulated.accounts.dev"
    assert (frontend_of(live), portal_of(frontend_of(live))) == (
        "https://clerk.example.com",
        "https://accounts.example.com",
    )
    for wrong in (
        "sk_test_x",
        "pk_other_" + base64.b64encode(b"a$").decode(),
        "pk_test_" + base64.b64encode(b"a").decode(),
    ):
        with pytest.raises(ValueError):  # noqa: PT011  # ours or the library's
            frontend_of(wrong)


# --- Webhooks ---------------------------------------------------------------------------------------------------------


async def test_webhooks_say_what_happened(world: World) -> None:
    cloud = world.cloud
    known = dict(cloud.sessions[world.session])
    await cloud.change_user(world.user, first_name="Augusta")
    await cloud.end_session(world.session)
    await cloud.delete_user(world.user)
    await cloud.tell("session.pending", {**known, "status": "pending"})
    await cloud.tell("organization.created", {"id": "org_1"})
    events = [world.clerk.read_event(*one) for one in cloud.hooks_sent]
    kinds = [
        EventKind.CHANGED, EventKind.SESSION_ENDED, EventKind.DELETED, EventKind.SESSION_PENDING, EventKind.OTHER,
    ]  # fmt: skip
    assert [event.kind for event in events] == kinds
    assert [event.subject for event in events[:4]] == [world.user] * 4
    assert events[3].session_id == world.session
    assert events[0].profile is not None
    assert events[0].profile.full_name == "Augusta Lovelace"
    assert events[1].session_id == world.session


async def test_only_a_signed_fresh_webhook_is_believed(world: World) -> None:
    cloud, at = world.cloud, world.clock().timestamp()
    data = {"id": world.user}
    good, body = cloud.signed("user.deleted", data)
    other = "whsec_" + base64.b64encode(b"somebody else's secret").decode()
    rotated = {**good, "svix-signature": f"v1,{base64.b64encode(b'x' * 32).decode()} {good['svix-signature']}"}
    assert world.clerk.read_event(rotated, body).kind is EventKind.DELETED
    renamed = {name.replace("svix", "webhook"): value for name, value in good.items()}
    assert world.clerk.read_event(renamed, body).kind is EventKind.DELETED
    bad = [
        cloud.signed("user.deleted", data, secret=other), cloud.signed("user.deleted", data, at=at - 301),
        cloud.signed("user.deleted", data, at=at + 301), (good, body + b" "), ({}, body),
        ({**good, "svix-id": "msg_other"}, body), ({**good, "svix-signature": ""}, body),
        ({**good, "svix-signature": good["svix-signature"].replace("v1,", "v2,")}, body),
        ({**good, "svix-timestamp": "soon"}, body), ({**good, "svix-timestamp": "9" * 30}, body),
        ({**good, "svix-signature": " ".join(["v1,x"] * 20 + [good["svix-signature"]])}, body),
    ]  # fmt: skip
    for headers, data_sent in bad:
        with pytest.raises(NotSignedIn):
            world.clerk.read_event(headers, data_sent)


async def test_while_the_signing_secret_is_replaced_both_hold_and_then_the_new_one_alone(world: World) -> None:
    new = "whsec_" + base64.b64encode(b"the secret that takes its place").decode()
    data = {"id": world.user}
    old_message, new_message = (
        world.cloud.signed("user.deleted", data),
        world.cloud.signed("user.deleted", data, secret=new),
    )
    for secrets, good, bad in (
        (f"{WEBHOOK_SECRET}, {new}", [old_message, new_message], []),
        (new, [new_message], [old_message]),
    ):
        keys = ClerkKeys(publishable=PUBLISHABLE_KEY, secret=SECRET_KEY, webhook=secrets)
        clerk = Clerk(keys, origins=[ORIGIN], clock=world.clock)
        for message in good:
            assert clerk.read_event(*message).kind is EventKind.DELETED
        for message in bad:
            with pytest.raises(NotSignedIn):
                clerk.read_event(*message)
        await clerk.close()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"type":"user.deleted","data":null}', b"\xff"])
async def test_a_signed_webhook_that_says_nothing_is_refused_politely(world: World, body: bytes) -> None:
    sent = str(int(world.clock().timestamp()))
    mac = hmac.digest(base64.b64decode(WEBHOOK_SECRET.removeprefix("whsec_")), f"m.{sent}.".encode() + body, sha256)
    headers = {"svix-id": "m", "svix-timestamp": sent, "svix-signature": f"v1,{base64.b64encode(mac).decode()}"}
    with pytest.raises(InvalidInput):
        world.clerk.read_event(headers, body)


@pytest.mark.parametrize(
    "secret", ["", "whsec_", "nonsense", "whsec_???", f"{WEBHOOK_SECRET},", f"{WEBHOOK_SECRET},nonsense"]
)
def test_a_secret_that_cannot_be_right_is_refused_at_the_start(secret: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # ours or the library's
        Clerk(
            ClerkKeys(publishable=PUBLISHABLE_KEY, secret=SECRET_KEY, webhook=secret), origins=[], clock=MovingClock()
        )
