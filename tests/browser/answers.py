"""What the API would answer, for what no camera of a test does: many cameras at once, trouble with one of them."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, Route

PATIENCE_S = 15.0
LONG_AGO = "2026-01-01T10:00:00.000Z"


def device_id(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012d}"


def device(number: int, **changes: Any) -> dict[str, Any]:
    """As GET /devices has it: activated, and not heard of since."""
    settings = {"interval_s": 30, "jpeg_quality": 12, "resolution": "UXGA", "motion": False, "upload_policy": "always"}
    return {
        "device_id": device_id(number),
        "name": f"Camera {number}",
        "created_at": LONG_AGO,
        "activated_at": LONG_AGO,
        "last_seen_at": LONG_AGO,
        "settings": settings | {"paused": False, "paused_until": None},
        "settings_version": 1,
        **changes,
    }


def page_of(*items: Any) -> dict[str, Any]:
    return {"items": list(items), "cursor": None, "urls": {}, "urls_expire_at": None}


def refusal(code: str, message: str = "Not now.") -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "request_id": "r"}}


def asked_for(route: Route) -> tuple[str, dict[str, str]]:
    """The path below the stage, and the query."""
    parts = urlsplit(route.request.url)
    return parts.path.removeprefix("/api"), {name: values[0] for name, values in parse_qs(parts.query).items()}


def has_cameras(page: Page, *devices: dict[str, Any]) -> None:
    """The owner has these and no others; nothing came of them yet."""
    page.route("**/api/devices", lambda route: route.fulfill(json=page_of(*devices)))
    page.route("**/api/items?*", lambda route: route.fulfill(json=page_of()))
    page.route("**/api/devices/*/health?*", lambda route: route.fulfill(json=page_of()))


class Held:
    """For `page.route`: requests that wait for their answer. `most` is how many there were at once."""

    def __init__(self) -> None:
        self.most = 0
        self._routes: list[Route] = []

    def __call__(self, route: Route) -> None:
        self._routes.append(route)
        self.most = max(self.most, len(self._routes))

    def __len__(self) -> int:
        return len(self._routes)

    def next(self, page: Page) -> Route:
        """The oldest, once there is one, to be answered."""
        self.grow_to(page, 1)
        return self._routes.pop(0)

    def grow_to(self, page: Page, count: int) -> None:
        """Returns when so many wait."""
        until_s = time.monotonic() + PATIENCE_S
        while len(self._routes) < count:
            assert time.monotonic() < until_s, f"{len(self._routes)} requests wait, not {count}"
            page.wait_for_timeout(10)
