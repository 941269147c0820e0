from __future__ import annotations

import pytest
from frameferry_station.logins import Login, apart, masked, with_login
from hypothesis import given
from hypothesis import strategies as st


@given(st.text(min_size=1), st.text())
def test_credentials_of_any_letters_go_into_an_address_and_come_out_again(username: str, password: str) -> None:
    url, login = "rtsp://camera:554/live?profile=1", Login(username, password)

    try:
        whole = with_login(url, login)
    except UnicodeEncodeError:  # a lone surrogate, which no settings file can hold
        return
    assert apart(whole, None, None) == (url, login)


def test_credentials_of_the_settings_come_before_those_of_the_address() -> None:
    assert apart("rtsp://a:b@camera/live", "admin", "secret") == ("rtsp://camera/live", Login("admin", "secret"))


@pytest.mark.parametrize("address", ["camera", "rtsp://", "rtsp:///live", "rtsp://camera/a b", "rtsp://camera/\n"])
def test_what_is_no_url_with_a_host_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        apart(address, None, None)


def test_a_line_of_another_program_shows_no_address_and_no_password() -> None:
    line = "[tcp @ 0x1] rtsp://admin:p%40w@camera/live: p@w, p%40w and other\x1b[31m " + "x" * 500
    shown = masked(line, Login("admin", "p@w"), None, Login("viewer", "other"))

    assert shown.startswith("[tcp @ 0x1] <address> <password>, <password> and <password>[31m x")
    assert len(shown) <= 120
