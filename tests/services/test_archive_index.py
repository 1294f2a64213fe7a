"""The index of an archive: where everything in it lies, and what is kept of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.services.archive_index import Index, Slot, Slots, dump_index, load_index

NUMBERS = st.integers(0, 2**32 - 1)
INDEXES = st.builds(
    Index,
    slots=st.lists(st.builds(Slot, NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=5).map(Slots.of),
    rest_bytes=NUMBERS,
    making=st.binary(min_size=16, max_size=16),
    content=st.binary(min_size=16, max_size=16),
    sources=st.lists(st.text("0123456789abcdef", min_size=32, max_size=32), max_size=3).map(tuple),
)


@given(INDEXES, st.integers(0, 2000))
def test_each_slot_begins_where_all_before_it_ends(index: Index, first: int) -> None:
    begins = index.begins(first)
    assert begins[0] == first
    assert len(begins) == len(index.slots) + 1
    for slot, begin, end in zip(index.slots.part(0, 5), begins, begins[1:], strict=False):
        assert end - begin == slot.head_bytes + slot.size_bytes + slot.tail_bytes


@given(st.lists(st.builds(Slot, NUMBERS, NUMBERS, NUMBERS, NUMBERS), max_size=9), st.integers(0, 9), st.integers(1, 9))
def test_a_part_of_the_slots_is_that_part(slots: list[Slot], first: int, most: int) -> None:
    assert Slots.of(slots).part(first, most) == slots[first : first + most]
    assert list(Slots.of(slots).places) == [slot.place for slot in slots]


@given(INDEXES)
def test_what_is_kept_is_loaded(index: Index) -> None:
    kept = dump_index(index)
    assert load_index(kept) == index
    assert load_index(kept[:-1]) is None
    assert load_index(kept + b" ") is None
    assert load_index(b"IRAX\x01" + kept[5:]) is None, "what an older release wrote is made again"


@given(INDEXES)
def test_the_tag_follows_the_bytes_and_not_the_making(index: Index) -> None:
    assert index.etag(b"manifest") == replace(index, making=b"m" * 16).etag(b"manifest")
    assert index.etag(b"manifest") != index.etag(b"another")
    other = bytes(byte ^ 1 for byte in index.content)
    assert index.etag(b"manifest") != replace(index, content=other).etag(b"manifest")
