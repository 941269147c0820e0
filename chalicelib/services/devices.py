"""Who a device is, what it may do, and what its owner makes of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device
from chalicelib.domain.errors import DeviceRevoked, InvalidCredential, NotFound, RateLimited, Unavailable
from chalicelib.domain.ids import MAX_SEQ, DeviceId, OwnerId, Seq
from chalicelib.domain.rates import Rate, Refused
from chalicelib.domain.tokens import DeviceToken, Peppers, TokenHash, parse_token
from chalicelib.services.ports import Changed, DeviceStore, ItemStore, RateStore

DEVICE_RATE = Rate(per_minute=600, burst=300)
"""Ten requests a second: a backlog drained photo by photo needs three a photo."""
OWNER_RATE = Rate(per_minute=600, burst=300)
_TRIES = 8


def authenticate(token_text: str, *, devices: DeviceStore, peppers: Peppers, clock: Clock) -> Device:
    """The device that holds this token. Counts the request against the device's rate.

    Raises InvalidCredential (for unknown and wrong alike), DeviceRevoked, RateLimited.
    """
    token = parse_token(token_text)
    device = devices.get(token.device_id)
    device = _holder(token, device, devices, peppers)
    if device.is_revoked:
        raise DeviceRevoked
    granted = devices.touch(device.device_id, clock(), DEVICE_RATE)
    if isinstance(granted, Refused):
        raise RateLimited(granted.retry_after_s)
    return device


def _holder(token: DeviceToken, device: Device | None, devices: DeviceStore, peppers: Peppers) -> Device:
    stored = device.token_hash if device else None
    # An unknown device costs the same hash as a wrong token does.
    valid = peppers.verifies(token, stored or peppers.hash(replace(token, secret="")))
    if device is not None and stored is not None and valid:
        return device
    pending = device.pending_token_hash if device else None
    if device is None or pending is None or not peppers.verifies(token, pending):
        raise InvalidCredential
    return _finish_rotation(pending, device, devices)


def _finish_rotation(used: TokenHash, device: Device, devices: DeviceStore) -> Device:
    """The first use of a pending token ends the old one."""
    return update(device, devices, partial(_with_only, used))


def _with_only(used: TokenHash, device: Device) -> Device:
    if device.pending_token_hash == used:
        return device.rotated()
    if device.token_hash == used:
        return device
    raise InvalidCredential


def rotate_token(device: Device, *, devices: DeviceStore, peppers: Peppers) -> DeviceToken:
    """A token that replaces the present one when it is first used. A repeat gives the same one.

    It is derived from the present token's hash, so nothing but its own hash needs to be kept. Raises
    InvalidCredential, DeviceRevoked where the device's credential came to an end since it was authenticated: a
    thief's last request must not reach into the new one.
    """

    def with_pending(now: Device) -> Device:
        if now.is_revoked:
            raise DeviceRevoked
        if now.token_hash != device.token_hash:
            raise InvalidCredential
        if now.pending_token_hash is not None:
            return now
        return replace(now, pending_token_hash=peppers.hash(_successor(now, peppers)))

    return _successor(update(device, devices, with_pending), peppers)


def _successor(device: Device, peppers: Peppers) -> DeviceToken:
    pepper_id = (device.pending_token_hash or peppers.current).partition("$")[0]
    return peppers.derived_token(device.device_id, "rotate", device.token_hash or "", pepper_id=pepper_id)


def limit_owner(owner_id: OwnerId, *, rates: RateStore, clock: Clock) -> None:
    """Raises RateLimited."""
    granted = rates.take(f"owner#{owner_id}", OWNER_RATE, clock())
    if isinstance(granted, Refused):
        raise RateLimited(granted.retry_after_s)


def next_seq(device: Device, *, items: ItemStore) -> Seq:
    """The smallest seq above all that are taken, here or on the device's card: MAX_SEQ + 1, which is none, where the
    last one is.
    """
    last = items.last_seq(device.device_id)
    free = max(device.next_seq, device.upcoming_seq or 0, -1 if last is None else last + 1)
    return Seq(min(MAX_SEQ + 1, free))


def owned(owner_id: OwnerId, device_id: DeviceId, *, devices: DeviceStore) -> Device:
    """Raises NotFound for what does not exist and for what is another owner's, alike."""
    device = devices.get(device_id)
    if device is None or device.owner_id != owner_id:
        raise NotFound
    return device


@dataclass(frozen=True)
class Change:
    """What an owner wants changed; `settings` by field name, validated on the wire."""

    name: str | None = None
    settings: dict[str, Any] | None = None


def change(owner_id: OwnerId, device_id: DeviceId, wanted: Change, *, devices: DeviceStore) -> Device:
    """Rename or set. The settings' version rises only if something is different. Raises NotFound."""

    def changed(device: Device) -> Device:
        renamed = replace(device, name=wanted.name) if wanted.name else device
        return renamed.with_settings(replace(device.settings, **(wanted.settings or {})))

    return update(owned(owner_id, device_id, devices=devices), devices, changed)


def pause(device: Device, until: datetime | None, *, devices: DeviceStore) -> Device:
    """Paused until an instant, or with None until resumed."""
    return update(
        device,
        devices,
        lambda d: d.with_settings(replace(d.settings, paused=until is None, paused_until=until)),
    )


def resume(device: Device, *, devices: DeviceStore) -> Device:
    return update(device, devices, lambda d: d.with_settings(replace(d.settings, paused=False, paused_until=None)))


def revoke(owner_id: OwnerId, device_id: DeviceId, *, devices: DeviceStore, clock: Clock) -> Device:
    """From the next request on the device is refused. Its photos stay. Raises NotFound."""
    at = clock()
    return update(owned(owner_id, device_id, devices=devices), devices, lambda device: device.revoked(at))


def update(device: Device, devices: DeviceStore, change: Callable[[Device], Device]) -> Device:
    """The change, made to what stands there, however often others change it meanwhile. What it raises passes; raises
    NotFound, Unavailable.
    """
    for _ in range(_TRIES):
        after = change(device)
        if after == device:
            return device
        try:
            return devices.save(after)
        except Changed as changed:
            if not isinstance(changed.stored, Device):
                raise NotFound from None
            device = changed.stored
    raise Unavailable(retry_after_s=1)
