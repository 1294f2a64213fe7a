from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain.gallery import index_tokens, query_tokens, search_words


def found(query: str, prompt: str) -> bool:
    return set(query_tokens(query)) <= set(index_tokens(prompt))


def test_words_and_prefixes_are_found_without_accents_and_case() -> None:
    prompt = "Crème brûlée on a CLIFF at night"
    for query in ("creme", "BRU", "cliff night", "clif", "on", "a"):
        assert found(query, prompt)
    for query in ("liff", "cliffs", "ni", "day", "cliff day"):
        assert not found(query, prompt)


def test_words_longer_than_the_longest_prefix_are_found() -> None:
    assert found("lighthouse", "a lighthouse")
    assert found("lighthou", "a lighthouse")


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=12), min_size=1, max_size=40))
def test_every_whole_word_and_long_enough_prefix_finds_its_prompt(words: list[str]) -> None:
    prompt = " ".join(words)
    for word in search_words(prompt):
        assert found(word, prompt)
        for length in range(3, len(word) + 1):
            assert found(word[:length], prompt)


def test_tokens_of_a_prompt_are_bounded() -> None:
    prompt = " ".join(f"word{index:05d}" for index in range(1000))
    assert len(index_tokens(prompt)) <= 40 * 7
