"""Rules, plans and what follows a failure."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.catalog import Capabilities, DataPolicy, Known, Model, Price, Task
from imageroute_app.domain.health import Health
from imageroute_app.domain.jobs import Failover, Level, Mode, Request, Rule
from imageroute_app.domain.plans import Circumstances, NoRoute, make_plan
from imageroute_app.domain.ports import ErrorKind
from imageroute_app.domain.routing import is_as_private, loosen, next_step, rule_breach, unfit, worded

TODAY = date(2026, 11, 26)
NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
POLICY = DataPolicy(
    company="Best GmbH", country="Germany", region="eu", retention_hours=0, trains=Known.NO, human_review=Known.NO,
    source="https://example.org", checked_on=TODAY,
)  # fmt: skip
CAPABLE = Capabilities(
    tasks=frozenset({Task.TEXT, Task.EDIT}), side_min_px=256, side_max_px=2048, multiple_of=16, max_count=4,
    prompt_chars=1000, takes_seed=True, takes_negative=True, replayable=False, cancels="none",
)  # fmt: skip
REQUEST = Request(prompt="a fern", provider="best", model="one", width=1024, height=1024)


def a_model(provider: str = "best", micro_usd: int = 30_000, **changes: object) -> Model:
    price = Price(unit="picture", micro_usd=micro_usd, basis="exact", source="x", checked_on=TODAY)
    model = Model(
        id="one", provider=provider, name=provider.title(), line="bfl", letter=provider[0].upper(),
        makes="trainedAlgorithmicMedia", summary="", price=price, typical_s=10, deadline_s=120, retires_on=None,
        capabilities=CAPABLE, policy=POLICY,
    )  # fmt: skip
    return replace(model, **changes)


def with_policy(provider: str, **changes: object) -> Model:
    return a_model(provider, policy=replace(POLICY, company=provider.title(), **changes))


def here(*, is_verified: bool = True, standing: Callable[[Model], Health] | None = None) -> Circumstances:
    def health(model: Model) -> Health:
        return standing(model) if standing else Health(declared_s=model.typical_s)

    return Circumstances(
        today=TODAY,
        price=lambda model: model.price.micro_usd // 10_000,
        standing=lambda model: health(model).standing(NOW),
        is_verified=is_verified,
    )


def keys(request: Request, *models: Model, is_verified: bool = True) -> list[str]:
    return [one.model.provider for one in make_plan(request, models, here(is_verified=is_verified)).candidates]


@pytest.mark.promise("P63")
@pytest.mark.parametrize(
    ("changes", "strict", "balanced", "any_level"),
    [
        ({}, "", "", ""),
        ({"region": "local"}, "", "", ""),
        ({"region": "us"}, "Outside the EU", "", ""),
        ({"region": "global"}, "Outside the EU", "", ""),
        ({"trains": Known.UNKNOWN}, "Training unknown", "", ""),
        ({"trains": Known.YES}, "Trains on it", "Trains on it", ""),
        ({"retention_hours": None}, "Retention unknown", "", ""),
        ({"retention_hours": 24 * 30}, "", "", ""),
        ({"retention_hours": 24 * 31}, "Kept 31 days, over 30", "", ""),
    ],
)
def test_levels_close_what_they_say_and_unknown_fails_under_strict(
    changes: dict[str, object], strict: str, balanced: str, any_level: str
) -> None:
    model = with_policy("best", **changes)
    for level, text in ((Level.STRICT, strict), (Level.BALANCED, balanced), (Level.ANY, any_level)):
        breach = rule_breach(Rule(level=level), model)
        assert (breach.text if breach else "") == text


@pytest.mark.parametrize(
    ("rule", "changes", "text"),
    [
        (Rule(level=Level.ANY, providers=("other",)), {}, "Not on your list"),
        (Rule(level=Level.ANY, regions=("us",)), {}, "Outside your regions"),
        (Rule(level=Level.ANY, retention_days_max=7), {"retention_hours": 24 * 8}, "Kept 8 days, over 7"),
        (Rule(level=Level.ANY, retention_days_max=0), {"retention_hours": 1}, "Kept 1 hour, over 0"),
        (Rule(level=Level.ANY, no_training=True), {"trains": Known.UNKNOWN}, "Training unknown"),
        (Rule(level=Level.ANY, no_human_review=True), {"human_review": Known.UNKNOWN}, "Human review unknown"),
    ],
)
def test_own_rules_close_by_themselves(rule: Rule, changes: dict[str, object], text: str) -> None:
    breach = rule_breach(rule, with_policy("best", **changes))
    assert breach is not None
    assert breach.text == text


def test_the_loosening_is_the_smallest_single_change_that_helps() -> None:
    us = with_policy("us", region="us")
    trainer = with_policy("trainer", trains=Known.YES)
    assert loosen(Rule(), [us, trainer]).rule == Rule(level=Level.BALANCED)  # type: ignore[union-attr]
    assert loosen(Rule(), [trainer]).rule == Rule(level=Level.ANY)  # type: ignore[union-attr]
    own = Rule(retention_days_max=3, level=Level.BALANCED)
    kept = with_policy("kept", retention_hours=24 * 9)
    assert loosen(own, [kept]).rule == replace(own, retention_days_max=None)  # type: ignore[union-attr]
    assert loosen(Rule(providers=("x",)), [trainer]) is None


def test_nobody_under_strict_is_refused_with_each_reason_and_the_loosening() -> None:
    models = [with_policy("us", region="us"), with_policy("dark", retention_hours=None)]
    with pytest.raises(NoRoute) as caught:
        make_plan(replace(REQUEST, provider="", model="", mode=Mode.AUTO), models, here())
    assert {closed.text for closed in caught.value.closed} == {"Outside the EU", "Retention unknown"}
    assert caught.value.loosening is not None
    assert "Balanced" in caught.value.loosening.text


def test_a_chosen_model_that_is_closed_is_never_replaced_silently() -> None:
    with pytest.raises(NoRoute, match="Us cannot be used: outside the EU"):
        make_plan(replace(REQUEST, provider="us"), [with_policy("us", region="us"), a_model()], here())
    with pytest.raises(NoRoute, match="not on offer"):
        make_plan(replace(REQUEST, provider="gone"), [a_model()], here())


def test_followers_promise_as_much_and_cost_no_more() -> None:
    models = [
        a_model(),
        a_model("cheap", 10_000),
        a_model("dear", 40_000),
        with_policy("keeps", retention_hours=24),
        with_policy("sketchy", trains=Known.NO),
    ]
    models[-1] = replace(models[-1], makes="algorithmicMedia")
    plan = make_plan(REQUEST, models, here())
    assert [one.model.provider for one in plan.candidates] == ["best", "cheap"]
    assert plan.candidates[1].why.startswith("1 credit a picture, usually ")
    assert {closed.key: closed.code for closed in plan.closed} == {
        "dear/one": "budget", "keeps/one": "privacy", "sketchy/one": "kind",
    }  # fmt: skip
    anyone = replace(REQUEST, rule=Rule(failover=Failover.ANY))
    assert keys(anyone, *models) == ["best", "cheap", "keeps"]
    assert keys(replace(REQUEST, rule=Rule(failover=Failover.NEVER)), *models) == ["best"]


def test_modes_rank_and_options_that_would_be_dropped_count_first() -> None:
    cheap, quick = a_model("cheap", 10_000, typical_s=30), a_model("quick", 50_000, typical_s=2)
    fine = a_model("fine", 60_000, typical_s=20, quality=5)
    auto = replace(REQUEST, provider="", model="", rule=Rule(failover=Failover.ANY))
    for mode, first in ((Mode.CHEAPEST, "cheap"), (Mode.FASTEST, "quick"), (Mode.BEST, "fine")):
        assert keys(replace(auto, mode=mode), cheap, quick, fine)[0] == first
    seedless = replace(cheap, capabilities=replace(CAPABLE, takes_seed=False))
    assert keys(replace(auto, mode=Mode.CHEAPEST, seed=7), seedless, quick, fine)[0] == "quick"


def test_retired_unverified_and_unable_models_are_left_out_with_a_reason() -> None:
    retired = a_model("old", retires_on=TODAY)
    textual = a_model("text", capabilities=replace(CAPABLE, tasks=frozenset({Task.TEXT})))
    small = a_model("small", capabilities=replace(CAPABLE, geometry="sizes", sizes=((1024, 1024),)))
    wide = replace(REQUEST, width=1536, height=640)
    assert unfit(small, wide) == "Does not draw 1536 × 640"
    assert unfit(textual, replace(REQUEST, source_id="x")) == "Does not start from a picture"
    plan = make_plan(REQUEST, [a_model(), retired], here())
    assert [(closed.code, closed.text) for closed in plan.closed] == [("retired", "Retired on 2026-11-26")]
    with pytest.raises(NoRoute, match="confirm your email first"):
        make_plan(REQUEST, [a_model()], here(is_verified=False))
    assert keys(replace(REQUEST, provider="own"), with_policy("own", region="local"), is_verified=False) == ["own"]


@pytest.mark.parametrize(
    ("changes", "able", "reason"),
    [
        ({"task": Task.INPAINT, "source_id": "x"}, {"tasks": frozenset({Task.EDIT})}, "Takes no mask"),
        ({"task": Task.UPSCALE, "source_id": "x"}, {"tasks": frozenset({Task.EDIT})}, "Does not upscale"),
        ({"task": Task.UPSCALE, "source_id": "x", "scale": 2}, {"scales": (4,)}, "Upscales 4 times only"),
        (
            {"task": Task.UPSCALE, "source_id": "x", "scale": 4, "width": 8192, "height": 4096},
            {"source_pixels_max": 1_048_576},
            "Upscales pictures up to 1.0 megapixels",
        ),
        ({"task": Task.UPSCALE, "source_id": "x", "width": 4096, "height": 3072}, {"scales": (2, 4)}, ""),
        ({"task": Task.OUTPAINT, "source_id": "x"}, {"tasks": frozenset({Task.EDIT})}, "Does not extend pictures"),
        ({"task": Task.CUTOUT, "source_id": "x", "width": 99, "height": 3072}, {}, ""),
        ({"source_id": "x", "reference_ids": ("y",)}, {"max_references": 1}, "Takes one picture only"),
        ({"reference_ids": ("y", "z")}, {"max_references": 2}, ""),
        ({"source_id": "x", "reference_ids": ("y", "z")}, {"max_references": 2}, "Takes at most 2 pictures"),
    ],
)
def test_what_a_model_cannot_do_with_a_picture_is_said(
    changes: dict[str, object], able: dict[str, object], reason: str
) -> None:
    model = a_model(capabilities=replace(CAPABLE, **{"tasks": frozenset(Task), **able}))
    assert unfit(model, replace(REQUEST, **changes)) == reason


def test_a_resting_model_gives_way() -> None:
    def standing(model: Model) -> Health:
        health = Health(declared_s=10)
        for _ in range(3 if model.provider == "best" else 0):
            health.failed(NOW)
        return health

    auto = replace(REQUEST, provider="", model="", mode=Mode.AUTO)
    plan = make_plan(auto, [a_model(), a_model("second")], here(standing=standing))
    assert [one.model.provider for one in plan.candidates] == ["second"]
    assert plan.closed[0].code == "resting"


POLICIES = st.builds(
    lambda hours, trains, review, region: replace(
        POLICY, retention_hours=hours, trains=trains, human_review=review, region=region
    ),
    st.none() | st.integers(0, 2000),
    st.sampled_from(Known),
    st.sampled_from(Known),
    st.sampled_from(["local", "eu", "us", "global"]),
)


@given(a=POLICIES, b=POLICIES, c=POLICIES)
def test_as_private_is_an_order_and_keeps_strict(a: DataPolicy, b: DataPolicy, c: DataPolicy) -> None:
    assert is_as_private(a, a)
    if is_as_private(a, b) and is_as_private(b, c):
        assert is_as_private(a, c)
    if is_as_private(a, b) and rule_breach(Rule(), a_model(policy=b)) is None:
        assert rule_breach(Rule(), a_model(policy=a)) is None


def test_the_words_sent_are_the_same_for_every_ai() -> None:
    styled = replace(REQUEST, style="film-still")
    assert worded(REQUEST, a_model()) == "a fern"
    assert worded(styled, a_model()) == worded(styled, a_model("other")) == "a fern\n\nStyle: film still."
    assert worded(styled, a_model(capabilities=replace(CAPABLE, takes_style=True))) == "a fern"


@pytest.mark.parametrize("kind", ErrorKind)
@pytest.mark.parametrize("tries", [1, 2])
def test_what_may_have_been_billed_is_never_sent_again(kind: ErrorKind, tries: int) -> None:
    for billed in ("yes", "unknown"):
        assert next_step(kind, billed=billed, wait_s=1, tries=tries) == "end"


@pytest.mark.parametrize(
    ("kind", "wait_s", "tries", "step"),
    [
        (ErrorKind.REFUSED, None, 1, "end"),
        (ErrorKind.TRANSIENT, None, 1, "again"),
        (ErrorKind.TRANSIENT, None, 2, "next"),
        (ErrorKind.RATE, 1, 1, "again"),
        (ErrorKind.RATE, 40, 1, "next"),
        (ErrorKind.RATE, None, 1, "next"),
        (ErrorKind.AUTH, None, 1, "next"),
        (ErrorKind.QUOTA, None, 1, "next"),
        (ErrorKind.INVALID, None, 1, "next"),
        (ErrorKind.RESULT_LOST, None, 1, "end"),
    ],
)
def test_the_step_after_a_failure(kind: ErrorKind, wait_s: float | None, tries: int, step: str) -> None:
    assert next_step(kind, billed="no", wait_s=wait_s, tries=tries) == step


# --- Health -----------------------------------------------------------------------------------------------------------


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def test_three_failures_in_a_minute_open_for_30_seconds_then_one_tries() -> None:
    health = Health(declared_s=10)
    for second in (0, 20, 40):
        assert health.admit(at(second))
        health.failed(at(second))
    assert health.standing(at(41)).code == "resting"
    assert health.standing(at(41)).until == at(70)
    assert not health.admit(at(69))
    assert health.admit(at(71))
    assert not health.admit(at(71))
    health.failed(at(72))
    assert health.standing(at(73)).until == at(132)
    assert health.admit(at(133))
    health.succeeded(9, at(140))
    assert health.admit(at(141))
    assert health.admit(at(141))


def test_the_rest_doubles_up_to_15_minutes() -> None:
    health, now = Health(declared_s=10), NOW
    for _ in range(3):
        health.failed(now)
    rests = []
    for _ in range(8):
        until = health.standing(now).until
        assert until is not None
        rests.append((until - now).total_seconds())
        now = until
        assert health.admit(now)
        health.failed(now)
    assert rests == [30, 60, 120, 240, 480, 900, 900, 900]


def test_slow_failures_do_not_open_but_half_of_six_do() -> None:
    health = Health(declared_s=10)
    for minute in range(6):
        health.failed(at(minute * 61))
    assert not health.standing(at(400)).is_closed
    mixed = Health(declared_s=10)
    for second, is_good in enumerate((True, False, True, False)):
        mixed.succeeded(1, at(second)) if is_good else mixed.failed(at(second))
    assert not mixed.standing(at(5)).is_closed


def test_a_clock_that_is_set_back_does_not_keep_it_open() -> None:
    health = Health(declared_s=10)
    for _ in range(3):
        health.failed(at(3600))
    assert health.standing(at(0)).code == "resting"
    assert not health.standing(at(31)).is_closed


def test_rate_limits_are_no_failures_and_the_later_end_wins() -> None:
    health = Health(declared_s=10)
    health.limited(at(40))
    health.limited(at(5))
    standing = health.standing(at(6))
    assert (standing.code, standing.until, standing.failure_rate) == ("busy", at(40), 0)
    assert not health.standing(at(41)).is_closed


def test_a_refused_key_stays_closed_and_a_used_up_account_for_a_while() -> None:
    health = Health(declared_s=10)
    health.disable("key")
    assert health.standing(at(10**7)).code == "key"
    quota = Health(declared_s=10)
    quota.disable("quota", at(900))
    assert quota.standing(at(899)).is_closed
    assert not quota.standing(at(901)).is_closed


def test_averages_fade_towards_what_is_seen() -> None:
    health = Health(declared_s=10)
    for minute in range(60):
        health.succeeded(2, at(minute * 60))
    assert health.standing(at(3600)).latency_s < 2.5
    assert health.runs == 60
    health.succeeded(2, NOW + timedelta(days=400))
    assert health.standing(NOW + timedelta(days=400)).failure_rate == 0
