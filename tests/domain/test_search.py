"""The language of the gallery's search."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.bootstrap import new_id, utc_now
from imageroute_app.domain.gallery import facet, facets, image_tokens, query_tokens, ratio_names
from imageroute_app.domain.search import lowest_id, parse, with_value, without
from tests.contracts import records

NOW = datetime(2026, 11, 26, 15, 30, tzinfo=UTC)


def day(text: str) -> str:
    return lowest_id(datetime.fromisoformat(text).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    ("text", "words", "tokens"),
    [
        ("red fern", "red fern", ()),
        ("model:flux fern", "fern", (":model:flux",)),
        ('model:"FLUX 1.1 Pro"', "", (":model:flux-1-pro",)),
        ("Model:GPT-image-1 provider:OpenAI", "", (":model:gpt-image-1", ":provider:openai")),
        ('tag:"Blue  Séa" dunes', "dunes", (":tag:blue sea",)),
        ("ratio:3x4 ratio:portrait", "", (":ratio:3:4", ":ratio:portrait")),
        ('"two words"', "two words", ()),
        ("see https://example.com", "see https://example.com", ()),
        ("ratio 3:4 at 12:30", "ratio 3:4 at 12:30", ()),
    ],
)
def test_words_and_operators_are_told_apart(text: str, words: str, tokens: tuple[str, ...]) -> None:
    search = parse(text, NOW)
    assert (search.words, search.tokens, search.problems) == (words, tokens, ())


@pytest.mark.parametrize(
    ("text", "begin", "end"),
    [
        ("date:2026", "2026-01-01", "2027-01-01"),
        ("date:2026-11", "2026-11-01", "2026-12-01"),
        ("date:2026-12", "2026-12-01", "2027-01-01"),
        ("date:2026-11-25", "2026-11-25", "2026-11-26"),
        ("date:2026-11-01..2026-11-20", "2026-11-01", "2026-11-21"),
        ("date:2026-10..2026-11-05", "2026-10-01", "2026-11-06"),
        ("date:today", "2026-11-26", "2026-11-27"),
        ("date:yesterday", "2026-11-25", "2026-11-26"),
        ("date:7d", "2026-11-19 15:30", "2026-11-27"),
        ("date:2026-11 date:2026-11-20..2026-12-24", "2026-11-20", "2026-12-01"),
    ],
)
def test_dates_become_bounds_of_ids(text: str, begin: str, end: str) -> None:
    search = parse(text, NOW)
    assert (search.from_id, search.below_id, search.problems) == (day(begin), day(end), ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour:red", "colour: is no filter"),
        ("fern colour:", "colour: is no filter"),
        ("model:", "Write what model: should be"),
        ("model: flux", "Write what model: should be"),
        ("favourite:maybe", "favourite: is yes or no"),
        ("favourite:yes favourite:no", "keep one of the two"),
        ("ratio:7:9", "ratio: is square"),
        ("date:2026-13", "is no date"),
        ("date:soon", "is no date"),
        ("date:9999", "is no date"),
        ("date:2026-11-20..2026-11-01", "ends before it begins"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, said: str) -> None:
    (problem,) = parse(text, NOW).problems
    assert said in problem


def test_favourite_and_album_are_read() -> None:
    search = parse('favourite:no album:"Blue hour"', NOW)
    assert (search.favourite, search.albums) == (False, ("Blue hour",))
    assert [term.label for term in search.terms] == ["favourite: no", "Album: Blue hour"]


def test_a_term_can_be_taken_out_and_exchanged() -> None:
    text = 'fern model:flux tag:"blue sea"'
    assert without(text, 'tag:"blue sea"') == "fern model:flux"
    assert without(text, "tag:other") == text
    assert with_value(text, "model", "gpt image") == 'fern tag:"blue sea" model:"gpt image"'
    assert with_value(text, "model", "") == 'fern tag:"blue sea"'


@given(st.text(max_size=60))
def test_any_text_is_read_and_none_of_it_gets_lost(text: str) -> None:
    search = parse(text, NOW)
    assert without(text, "") is not None
    if ":" not in text:
        assert not search.terms
        assert query_tokens(search.words) == query_tokens(text.replace('"', " "))


def test_ids_are_ordered_as_their_moments() -> None:
    before, made, after = utc_now() - timedelta(milliseconds=5), new_id(), utc_now() + timedelta(milliseconds=5)
    assert lowest_id(before) < made < lowest_id(after)


@pytest.mark.parametrize(
    ("width", "height", "names"),
    [
        (1024, 1024, ("square", "1:1")),
        (1024, 768, ("landscape", "4:3")),
        (768, 1344, ("portrait", "9:16")),
        (1216, 832, ("landscape", "3:2")),
        (1000, 200, ("landscape",)),
        (200, 1000, ("portrait",)),
    ],
)
def test_shapes_have_names(width: int, height: int, names: tuple[str, ...]) -> None:
    assert ratio_names(width, height) == names


def test_no_word_of_a_prompt_is_ever_a_facet() -> None:
    image = records.image(1, prompt=":album:aa :tag:sea album:aa")
    words = set(image_tokens(image)) - set(facets(image))
    assert all(word[0] in "=^" for word in words)
    assert all(each[0] == ":" for each in facets(image))
    assert facet("album", "aa") not in words
