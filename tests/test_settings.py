import base64
from dataclasses import fields
from decimal import Decimal
from pathlib import Path

import pytest

from imageroute_app.settings import ROOT, Settings, SettingsError, described_settings, load_settings, provider_ids

KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
CONTROLLER = {
    "IMAGEROUTE_CONTROLLER_NAME": "Example Ltd",
    "IMAGEROUTE_CONTROLLER_ADDRESS": "1 Example Street, London",
    "IMAGEROUTE_CONTROLLER_EMAIL": "privacy@example.org",
}


def faults_of(environ: dict[str, str], env_file: Path | None = None) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(environ, env_file)
    return caught.value.faults


def test_empty_environment_is_a_complete_loopback_installation() -> None:
    settings = load_settings({})

    assert settings.origin == "http://127.0.0.1:3000"
    assert settings.allowed_origins == ("http://127.0.0.1:3000", "http://localhost:3000")
    assert settings.is_loopback
    assert not settings.is_https
    assert settings.data_dir == ROOT / "data"


def test_all_faults_are_named_at_once_with_their_cures() -> None:
    faults = faults_of(
        {
            "IMAGEROUTE_PORT": "http",
            "IMAGEROUTE_MARGIN": "0.5",
            "IMAGEROUTE_REDIS_URL": "localhost:6379",
            "IMAGEROUTE_MASTER_KEY": "short",
            "IMAGEROUTE_TESTING": "yes",
            "IMAGEROUTE_LOG_LEVEL": "loud",
            "IMAGEROUTE_DATA_DIR": "",
            "IMAGEROUTE_ORIGN": "https://images.example.org",
        }
    )

    assert [fault.split()[0].rstrip(":") for fault in faults] == [
        "IMAGEROUTE_PORT",
        "IMAGEROUTE_DATA_DIR",
        "IMAGEROUTE_REDIS_URL",
        "IMAGEROUTE_MASTER_KEY",
        "IMAGEROUTE_MARGIN",
        "IMAGEROUTE_LOG_LEVEL",
        "IMAGEROUTE_TESTING",
        "IMAGEROUTE_ORIGN",
    ]
    assert "give a whole number from 1 to 65535" in faults[0]
    assert "did you mean IMAGEROUTE_ORIGIN?" in faults[-1]


@pytest.mark.parametrize(
    ("environ", "cure"),
    [
        ({"IMAGEROUTE_HOST": "0.0.0.0"}, "IMAGEROUTE_ORIGIN is empty"),  # noqa: S104 - the value under test
        ({"IMAGEROUTE_MONGODB_URI": "mongodb://db"}, "IMAGEROUTE_MASTER_KEY is empty"),
        ({"IMAGEROUTE_REDIS_URL": "redis://db"}, "IMAGEROUTE_MASTER_KEY is empty"),
        ({"IMAGEROUTE_SMTP_URL": "smtps://mail.example.org"}, "IMAGEROUTE_MAIL_FROM is empty"),
        ({"IMAGEROUTE_CLOUDINARY_CLOUD": "demo"}, "IMAGEROUTE_CLOUDINARY_KEY is empty"),
        (
            {"IMAGEROUTE_CLOUDINARY_KEY": "1", "IMAGEROUTE_CLOUDINARY_CLOUD": "demo"},
            "IMAGEROUTE_CLOUDINARY_SECRET is empty",
        ),
        ({"IMAGEROUTE_CLOUDINARY_URL": "http://127.0.0.1:1"}, "IMAGEROUTE_CLOUDINARY_CLOUD is empty"),
        ({"IMAGEROUTE_CLOUDINARY_DELIVERY_URL": "ftp://127.0.0.1"}, "begins with http://"),
        ({"IMAGEROUTE_TEST_FAULT": "charge:kill"}, "IMAGEROUTE_TEST_FAULT stops the process"),
        ({"IMAGEROUTE_SESSION_IDLE_DAYS": "40"}, "lower the one or raise the other"),
        ({"IMAGEROUTE_WHATEVER": "1"}, "IMAGEROUTE_WHATEVER is no setting: remove it"),
    ],
)
def test_settings_that_need_each_other_are_named(environ: dict[str, str], cure: str) -> None:
    assert any(cure in fault for fault in faults_of(environ))


@pytest.mark.promise("P31")
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("ORIGIN", "http://images.example.org"),
        ("ORIGIN", "http://192.168.1.5:3000"),
        *[
            (name, "http://api.example.org")
            for name in ("CLOUDINARY_URL", "CLERK_API_URL", "CLERK_PORTAL_URL", "DODO_URL")
        ],
        ("DODO_URL", "http://10.0.0.7"),
        ("OPENAI_URL", "http://api.openai.com/v1"),
    ],
)
def test_nothing_travels_readable_beyond_this_machine(name: str, url: str) -> None:
    refused = f"IMAGEROUTE_{name} begins with http://"
    assert any(refused in fault for fault in faults_of({f"IMAGEROUTE_{name}": url}))
    for sound in (url.replace("http://", "https://"), "http://127.0.0.1:4000"):
        faults = faults_of({f"IMAGEROUTE_{name}": sound, "IMAGEROUTE_WHATEVER": "1"})  # so that there is one at least
        assert not any(refused in fault for fault in faults)


@pytest.mark.promise("P31")
@pytest.mark.parametrize("url", ["http://10.0.0.7:7860", "http://gpu-box:7860", "http://127.0.0.1:7860"])
def test_an_engine_of_ones_own_may_stand_in_the_same_network(url: str) -> None:
    assert load_settings({"IMAGEROUTE_SDAPI_URL": url}).provider_urls == {"sdapi": url}


@pytest.mark.promise("P74")
def test_public_installation_must_name_who_is_responsible() -> None:
    environ = {"IMAGEROUTE_ORIGIN": "https://images.example.org"}

    assert [fault.split()[0] for fault in faults_of(environ)] == list(CONTROLLER)
    settings = load_settings({**environ, **CONTROLLER})
    assert settings.allowed_origins == ("https://images.example.org",)
    assert settings.is_https


@pytest.mark.parametrize(
    "origin", ["images.example.org", "https://a.org/path", "ftp://a.org", "https://u:p@a.org", "https://"]
)
def test_origin_is_scheme_host_and_port_only(origin: str) -> None:
    assert any("IMAGEROUTE_ORIGIN is" in fault for fault in faults_of({"IMAGEROUTE_ORIGIN": origin}))


@pytest.mark.promise("P34")
def test_secrets_are_kept_out_of_repr_and_of_faults() -> None:
    secrets = {
        "IMAGEROUTE_MONGODB_URI": "mongodb://user:hunter2@db",
        "IMAGEROUTE_REDIS_URL": "redis://:hunter2@db",
        "IMAGEROUTE_SMTP_URL": "smtp://user:hunter2@mail",
        "IMAGEROUTE_MAIL_FROM": "a@example.org",
        "IMAGEROUTE_MASTER_KEY": KEY,
    }

    settings = load_settings(secrets)
    assert "hunter2" not in repr(settings)
    assert KEY not in repr(settings)
    assert settings.master_key_bytes == bytes(range(32))
    wrong = {name: f"hunter2 {text}" for name, text in secrets.items()}
    assert "hunter2" not in "\n".join(faults_of(wrong))


def test_environment_wins_over_the_file(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text(
        "# comment\n\nexport IMAGEROUTE_PORT=4000\nIMAGEROUTE_MARGIN='1.25' \n"
        'IMAGEROUTE_MAIL_FROM="A <a@b.org>"\nIMAGEROUTE_STARTER_CREDITS=7 # seven\nPATH=/nowhere\n'
    )

    settings = load_settings({"IMAGEROUTE_PORT": "5000"}, env_file)

    assert (settings.port, settings.margin, settings.mail_from) == (5000, Decimal("1.25"), "A <a@b.org>")
    assert settings.starter_credits == 7


def test_unreadable_line_of_the_file_is_named(tmp_path: Path) -> None:
    env_file = tmp_path / ".env"
    env_file.write_text("IMAGEROUTE_PORT=4000\nport 4000\n")

    assert faults_of({}, env_file) == (
        f"{env_file}:2: not of the form NAME=value; correct the line or put # before it",
    )


def test_ipv6_host_gives_an_address_browsers_accept() -> None:
    assert load_settings({"IMAGEROUTE_HOST": "::1"}).origin == "http://[::1]:3000"


def test_every_setting_is_described() -> None:
    assert all(meaning for _, _, meaning in described_settings())
    assert len({name for name, _, _ in described_settings()}) == len(
        [item for item in fields(Settings) if item.metadata]
    ) + 1 + 2 * len(provider_ids())


DODO = {
    "IMAGEROUTE_DODO_KEY": "key",
    "IMAGEROUTE_DODO_WEBHOOK_KEY": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    "IMAGEROUTE_DODO_PRODUCTS": "small=pdt_1",
}
OPEN = {"IMAGEROUTE_ORIGIN": "https://images.example.org", **CONTROLLER}


def test_seller_follows_from_what_is_set() -> None:
    assert load_settings({}).seller == "sandbox"
    assert load_settings(DODO).seller == "dodo"
    assert load_settings(OPEN).seller == "off"
    assert load_settings({"IMAGEROUTE_PAYMENTS": "off"}).seller == "off"


@pytest.mark.parametrize(
    "environ", [{**DODO, "IMAGEROUTE_DODO_MODE": "live"}, DODO, OPEN], ids=["live", "test", "open"]
)
def test_sandbox_never_gives_credits_away_beside_a_key_or_to_the_world(environ: dict[str, str]) -> None:
    (fault,) = faults_of({**environ, "IMAGEROUTE_PAYMENTS": "sandbox"})

    assert "gives credits away" in fault


@pytest.mark.parametrize("name", DODO)
def test_dodo_needs_all_three(name: str) -> None:
    given = {key: text for key, text in DODO.items() if key != name} | {"IMAGEROUTE_PAYMENTS": "dodo"}

    assert [fault.split()[0] for fault in faults_of(given)] == [name]


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("CLERK_PUBLISHABLE_KEY", "sk_test_aGk="),
        ("CLERK_PUBLISHABLE_KEY", "pk_test_"),
        ("CLERK_WEBHOOK_SECRET", "whsec_!"),
        ("CLERK_WEBHOOK_SECRET", "whsec_b25l,whsec_!"),
    ],
)
def test_key_that_was_not_copied_whole_is_named_with_its_beginning(name: str, wrong: str) -> None:
    faults = faults_of({f"IMAGEROUTE_{name}": wrong})

    assert any(fault.startswith(f"IMAGEROUTE_{name}") and "copy it whole" in fault for fault in faults)
    assert not any(wrong in fault for fault in faults if name == "CLERK_WEBHOOK_SECRET")


@pytest.mark.parametrize(
    ("public", "secret"), [("pk_test_", "sk_live_x"), ("pk_live_", "sk_test_x"), ("pk_test_", "x")]
)
def test_keys_of_two_clerk_instances_are_named(public: str, secret: str) -> None:
    given = {
        "IMAGEROUTE_CLERK_PUBLISHABLE_KEY": f"{public}YSQ=", "IMAGEROUTE_CLERK_SECRET_KEY": secret,
        "IMAGEROUTE_CLERK_WEBHOOK_SECRET": "whsec_b25l",
    }  # fmt: skip
    faults = faults_of(given)
    assert [fault.split()[0] for fault in faults] == ["IMAGEROUTE_CLERK_SECRET_KEY"]
    assert secret not in faults[0].split()
    assert load_settings({**given, "IMAGEROUTE_CLERK_SECRET_KEY": public.replace("pk_", "sk_") + "x"})
