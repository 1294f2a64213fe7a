"""Buffers: used again as soon as nobody holds them, and never before."""

from hypothesis import given
from hypothesis import strategies as st

from imageroute_app.services.buffers import KEPT, Buffers


def test_what_is_let_go_is_used_again_at_any_size() -> None:
    buffers = Buffers()
    first = buffers.take(100)
    where = id(first)
    del first
    for size_bytes in (100, 40, 5000, 0, 70):
        again = buffers.take(size_bytes)
        assert (id(again), len(again)) == (where, size_bytes)
        del again


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 6)), max_size=40))
def test_what_somebody_holds_is_never_touched(steps: list[tuple[int, int]]) -> None:
    """Each step takes one, writes its number into it, and keeps it, as a buffer or as a view, until some steps later."""
    buffers, held = Buffers(), list[tuple[bytearray | memoryview, bytes, int]]()
    for number, (size_bytes, steps_kept) in enumerate(steps):
        buffer = buffers.take(size_bytes)
        content = bytes([number]) * size_bytes
        buffer[:] = content
        kept = buffer if steps_kept % 2 else memoryview(buffer)
        held = [one for one in held if one[2] > number] + [(kept, content, number + steps_kept)]
        del buffer, kept
        assert all(bytes(one) == expected for one, expected, _ in held)


def test_no_more_are_kept_than_said() -> None:
    buffers = Buffers()
    held = [buffers.take(10) for _ in range(KEPT + 3)]
    places = [id(buffer) for buffer in held]
    assert len(set(places)) == KEPT + 3
    del held
    again = [buffers.take(10) for _ in range(KEPT)]
    assert [id(buffer) for buffer in again] == places[:KEPT]
