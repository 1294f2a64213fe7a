"""The index of an archive: the size that is told before the first byte, and what is kept of it."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.domain import zips
from imageroute_app.services.archive_index import DIGESTS, MANIFEST, RECIPE_ENDING, Index, Slot, dump_index, load_index

LENGTHS, SIZES = st.integers(1, 200), st.integers(0, 2**32 - 1)
SLOTS = st.builds(
    Slot, SIZES, LENGTHS, LENGTHS, SIZES, SIZES, st.integers(0, 64 * 1024), SIZES, st.binary(min_size=32, max_size=32)
)


def one_by_one(index: Index, manifest_bytes: int) -> int:
    """Say how large the archive is by looking at one entry after the other."""
    entries = [(len(MANIFEST), manifest_bytes)]
    for slot in index.slots:
        entries += [(slot.name_bytes, slot.size_bytes), (slot.stem_bytes + len(RECIPE_ENDING), slot.recipe_bytes)]
    return zips.total_bytes([*entries, (len(DIGESTS), index.digests_bytes)])


@given(st.lists(SLOTS, max_size=5), st.integers(0, 2000))
def test_the_size_is_that_of_all_entries_near_and_far(slots: list[Slot], manifest_bytes: int) -> None:
    index = Index(slots=slots, digests_crc32=7)
    assert index.total_bytes(manifest_bytes) == one_by_one(index, manifest_bytes)


@given(st.lists(SLOTS, max_size=5))
def test_each_slot_begins_where_the_entries_before_it_end(slots: list[Slot]) -> None:
    begins = Index(slots=slots, digests_crc32=7).begins(100)
    assert begins[0] == 100
    for slot, begin, end in zip(slots, begins, begins[1:], strict=False):
        picture = zips.local_bytes(slot.name_bytes, slot.size_bytes)
        recipe = zips.local_bytes(slot.stem_bytes + len(RECIPE_ENDING), slot.recipe_bytes)
        assert end - begin == picture + recipe
    assert len(begins) == len(slots) + 1


def test_the_size_is_right_on_both_sides_of_four_gigabytes() -> None:
    """Only the last entries stand beyond the bound, so each byte around it is tried."""
    first = Slot(0, 9, 4, 2**32 - 1000, 0, 80, 0, b"\0" * 32)
    for size_bytes in range(400, 1000):
        index = Index(slots=[first, first._replace(size_bytes=size_bytes)], digests_crc32=7)
        assert index.total_bytes(50) == one_by_one(index, 50)


@given(st.lists(SLOTS, max_size=5))
def test_what_is_kept_is_loaded_and_names_the_same_archive(slots: list[Slot]) -> None:
    index = Index(slots=slots, digests_crc32=7)
    loaded = load_index(dump_index(index))
    assert loaded is not None
    assert replace(loaded, kept=b"") == index
    assert loaded.etag(b"manifest") == index.etag(b"manifest") != index.etag(b"another")
