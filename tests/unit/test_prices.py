"""Units and what they cost."""

from __future__ import annotations

from dataclasses import fields

import pytest

from chalicelib.domain.prices import USD, Units, read_units, write_units


def test_every_unit_has_a_price() -> None:
    assert set(USD) == {each.name for each in fields(Units)}


def test_a_million_photos_of_the_naive_flow_cost_what_the_list_says() -> None:
    """URL, PUT, ingest and thumbnail for each, one write each for item and tables: the figure of a bill by hand."""
    photo = Units(api_requests=2, lambda_requests=3, s3_puts=2, write_units=3)

    assert (photo * 1_000_000).usd() == pytest.approx(7 + 0.6 + 10 + 1.875)


def test_units_add_up() -> None:
    both = Units(s3_puts=1, write_units=2) + Units(s3_puts=3) * 2

    assert both == Units(s3_puts=7, write_units=2)
    assert sum(both.usd_by_unit().values()) == pytest.approx(both.usd())


@pytest.mark.parametrize(("size_bytes", "units"), [(0, 1), (1, 1), (1024, 1), (1025, 2), (400 * 1024, 400)])
def test_a_write_counts_each_kb_begun(size_bytes: int, units: int) -> None:
    assert write_units(size_bytes) == units
    assert write_units(size_bytes, transactional=True) == 2 * units


@pytest.mark.parametrize(("size_bytes", "units"), [(0, 1), (4096, 1), (4097, 2), (15_000, 4)])
def test_a_read_counts_each_four_kb_begun_and_half_if_it_may_be_old(size_bytes: int, units: int) -> None:
    assert read_units(size_bytes, consistent=True) == units
    assert read_units(size_bytes, consistent=False) == units / 2
