"""HTTP authentication as the camera wants it: Basic or Digest (RFC 7617, RFC 7616)."""

from __future__ import annotations

from collections.abc import Generator

import httpx

from frameferry_station.logins import Login


class AskedAuth(httpx.Auth):
    """Says nothing before the camera asks, and nothing in clear to one that takes Digest. What it asked for is kept for
    later requests. A wrong password is said once a request."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._digest = httpx.DigestAuth(login.username, login.password)
        self._basic = httpx.BasicAuth(login.username, login.password)
        self._takes_basic = False

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._takes_basic:
            yield from self._as_basic(request)
            return
        flow = self._digest.auth_flow(request)
        response = yield next(flow)
        while True:
            try:
                response = yield flow.send(response)
            except StopIteration:
                break
        if response.status_code != 401:
            return
        if "Authorization" in request.headers:
            # The next request asks anew, instead of saying the wrong password to the old challenge and to a new one.
            self._digest = httpx.DigestAuth(self._login.username, self._login.password)
        elif _offers_basic(response):
            yield from self._as_basic(request)

    def _as_basic(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        response = yield next(self._basic.auth_flow(request))
        self._takes_basic = response.status_code != 401


def _offers_basic(response: httpx.Response) -> bool:
    return any(value.lower().startswith("basic") for value in response.headers.get_list("www-authenticate"))
