"""Every package of the product asks no more than to be named, and the list of all of them is complete."""

import pytest

from tests.supply import EXCEPTIONS, Package, page_packages, python_packages, sbom


def test_what_the_product_imports_is_permissive() -> None:
    assert [one.purl for one in python_packages() if not one.is_permissive] == []


def test_what_the_pages_are_built_from_is_permissive_where_it_is_known() -> None:
    assert [one.purl for one in page_packages() if one.licence and not one.is_permissive] == []


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "AGPL-3.0", "SSPL-1.0", "MPL-2.0", "MIT AND LGPL-2.1", ""])
def test_another_licence_is_found(licence: str) -> None:
    assert not Package("pypi", "stranger", "1", licence).is_permissive
    assert all(Package("pypi", name, "1", licence).is_permissive for name in EXCEPTIONS)


def test_the_list_names_everything_once() -> None:
    named = [component["purl"] for component in sbom()["components"]]  # type: ignore[attr-defined]
    assert len(named) == len(set(named))
    assert any(purl.startswith("pkg:pypi/reflex@") for purl in named)
    assert any(purl.startswith("pkg:npm/react@") for purl in named)
