"""Whatever is asked of the page, the station does not fail, and nothing outside of the photos is given."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck as Hypothesis
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.station.page.test_page import FIRST, PASSWORD, Page, picture

PIECES = st.sampled_from(
    ["..", ".", "", "garden", "2026", "05", "04", "undated", "%2e%2e", "%00", "%ff", "a" * 300, "9" * 5000, "\u0661"]
)
PLACES = st.sampled_from(["photos", "thumbnails", "latest", "streams", "assets", "photos.json", "state.json", "no"])


@pytest.fixture
def page(tmp_path: Path) -> Page:
    page = Page(tmp_path, PASSWORD)
    page.keep(FIRST, picture(64, 48))
    (tmp_path / "secret.jpg").write_bytes(picture(64, 48))
    return page


@settings(suppress_health_check=[Hypothesis.function_scoped_fixture], deadline=None)
@given(place=PLACES, pieces=st.lists(PIECES, max_size=8), query=st.text(max_size=40))
def test_no_path_is_too_odd(page: Page, place: str, pieces: list[str], query: str) -> None:
    path = f"/{place}/" + "/".join(pieces)

    answer = page.get(path.replace("?", "") + "?day=" + query.replace("#", ""))

    assert answer.status_code in (200, 308, 400, 404)
    assert answer.status_code != 200 or place in ("assets", "state.json", "photos.json")


@settings(suppress_health_check=[Hypothesis.function_scoped_fixture], deadline=None)
@given(given_password=st.text(max_size=30).filter(lambda text: text != PASSWORD))
def test_no_other_password_is_let_in(page: Page, given_password: str) -> None:
    page.time.advance(100)

    assert page.get("/", password=given_password).status_code == 401
