"""Measurements are run by hand: a test opens the house they stand on, so that a change of the product takes them along."""

from pathlib import Path

from bench.pictures import open_house, overhead_ms


async def test_the_measured_house_makes_a_picture(tmp_path: Path) -> None:
    house = await open_house(tmp_path)
    try:
        owner = await house.person()
        assert await overhead_ms(house, owner, 1) > 0
        assert await house.gallery.count(owner) == 1
    finally:
        await house.database.close()
