"""One account and region to work on, with one client a service.

A boto3 session makes a new client each time that it is asked: a TLS context and a connection for a call or two.
"""

from __future__ import annotations

from typing import Any

import boto3


class Session:
    """As much of a boto3 session as the deploy uses. Raises what boto3 raises, ProfileNotFound for one."""

    def __init__(self, region: str | None = None) -> None:
        self._session: Any = boto3.session.Session(region_name=region)
        self._clients: dict[str, Any] = {}

    @property
    def region_name(self) -> str | None:
        name: str | None = self._session.region_name
        return name

    def get_credentials(self) -> Any:
        return self._session.get_credentials()

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self._session.client(service)
        return self._clients[service]
