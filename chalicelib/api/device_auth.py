"""Devices: `X-Device-Token: devtok_<device_id>_<secret>`."""

from __future__ import annotations

from chalice.app import Request

from chalicelib import wiring
from chalicelib.api import http
from chalicelib.domain.device import Device
from chalicelib.domain.errors import MissingCredential
from chalicelib.services import devices

HEADER = "X-Device-Token"
SCHEME = "DeviceToken"


def device_of(request: Request) -> Device:
    """Raises MissingCredential, and what `services.devices.authenticate` raises."""
    token = http.header(request, HEADER)
    if not token:
        raise MissingCredential(f"The request carries no {HEADER}.")
    stack = wiring.current()
    return devices.authenticate(token, devices=stack.devices, peppers=stack.peppers, clock=stack.clock)
