from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.clock import from_ms, from_text, to_ms, to_text

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
INSTANTS = st.datetimes(timezones=ZONES)


def within_utc(at: datetime) -> bool:
    return datetime(2, 1, 1, tzinfo=UTC) < at < datetime(9998, 1, 1, tzinfo=UTC)


@given(INSTANTS, INSTANTS)
def test_text_sorts_as_time_does(one: datetime, other: datetime) -> None:
    if abs(one - other) >= timedelta(milliseconds=1) and within_utc(one) and within_utc(other):
        assert (to_text(one) < to_text(other)) == (one < other)


@given(INSTANTS)
def test_every_instant_has_a_text_of_one_width_that_reads_back(at: datetime) -> None:
    text = to_text(at)
    assert len(text) == 24
    assert to_text(from_text(text)) == text
    assert not within_utc(at) or abs(from_text(text) - at) < timedelta(milliseconds=1)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-05-04", "2026-05-04T10:00:00", "2026-13-01T00:00:00Z"])
def test_what_is_no_instant_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)iso|zone|month"):
        from_text(text)


@given(st.integers(-(10**12), 10**14))
def test_milliseconds_are_an_instant_and_back(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms
