"""How a camera gets its credential: the owner makes a code, the device trades it in (cf. RFC 8628)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from chalicelib.domain import pairing
from chalicelib.domain.clock import Clock
from chalicelib.domain.device import Device
from chalicelib.domain.errors import PairingCodeInvalid, RateLimited, Unavailable
from chalicelib.domain.ids import DeviceId, Entropy, OwnerId, Seq, new_device_id
from chalicelib.domain.pairing import Pairing
from chalicelib.domain.rates import Rate, Refused
from chalicelib.domain.tokens import DeviceToken, Peppers
from chalicelib.services.devices import next_seq, owned
from chalicelib.services.ports import Changed, DeviceStore, ItemStore, PairingStore, RateStore

GUESS_RATE = Rate(per_minute=3, burst=10)
"""Of codes tried from one source. 2^50 codes against 40 guesses in ten minutes."""
_TRIES = 8


class PairingStores(Protocol):
    @property
    def devices(self) -> DeviceStore: ...
    @property
    def items(self) -> ItemStore: ...
    @property
    def pairings(self) -> PairingStore: ...
    @property
    def rates(self) -> RateStore: ...


@dataclass(frozen=True)
class Paired:
    device_id: DeviceId
    pairing_code: str
    expires_at: datetime


@dataclass(frozen=True)
class Activated:
    device: Device
    token: DeviceToken
    next_seq: Seq


def pair_new(
    owner_id: OwnerId, name: str, *, stores: PairingStores, peppers: Peppers, clock: Clock, entropy: Entropy
) -> Paired:
    """A new device of this owner, and the code that activates it."""
    device = Device(new_device_id(entropy), owner_id, name, created_at=clock())
    try:
        stores.devices.create(device)
    except Changed as changed:
        # The write was sent twice because its answer was lost: it met itself.
        if changed.stored is None or changed.stored.owner_id != owner_id:
            raise
    return _new_code(device, stores.pairings, peppers, clock, entropy)


def pair_again(
    owner_id: OwnerId,
    device_id: DeviceId,
    *,
    stores: PairingStores,
    peppers: Peppers,
    clock: Clock,
    entropy: Entropy,
) -> Paired:
    """A code that gives an existing device a new credential; identity, seq and photos stay. Raises NotFound."""
    device = owned(owner_id, device_id, devices=stores.devices)
    return _new_code(device, stores.pairings, peppers, clock, entropy)


def _new_code(device: Device, pairings: PairingStore, peppers: Peppers, clock: Clock, entropy: Entropy) -> Paired:
    code = pairing.new_code(entropy)
    expires_at = clock() + pairing.LIFETIME
    key = peppers.lookup_key("pairing", pairing.normalised(code))
    try:
        pairings.create(Pairing(key, device.device_id, device.owner_id, expires_at))
    except Changed as changed:
        if changed.stored is None or changed.stored.device_id != device.device_id:
            raise Unavailable(retry_after_s=1) from None
    return Paired(device.device_id, code, expires_at)


def activate(
    code: str,
    nonce: str | None,
    *,
    source: str,
    stores: PairingStores,
    peppers: Peppers,
    clock: Clock,
    entropy: Entropy,
) -> Activated:
    """Trade a code for a token. With a nonce, the same code and nonce give the same token until the code
    expires, so that a reply that was lost strands nobody; without one, the code works once.

    `source` is the address that the request came from: guesses are limited by it. Raises
    PairingCodeInvalid for wrong, used and expired codes alike, and RateLimited.
    """
    guess = stores.rates.take(peppers.lookup_key("source", source), GUESS_RATE, clock())
    if isinstance(guess, Refused):
        raise RateLimited(guess.retry_after_s)
    key = peppers.lookup_key("pairing", pairing.normalised(code))
    nonce_key = peppers.lookup_key("nonce", nonce or entropy(32).hex())
    used = _use(key, nonce_key, stores.pairings, peppers, clock())
    token = peppers.derived_token(used.device_id, "activate", key, nonce_key, pepper_id=used.pepper_id)
    device = _give(token, used, stores.devices, peppers)
    return Activated(device, token, next_seq(device, items=stores.items))


def _use(key: str, nonce_key: str, pairings: PairingStore, peppers: Peppers, now: datetime) -> Pairing:
    stored = pairings.get(key)
    if stored is None or stored.expires_at <= now:
        raise PairingCodeInvalid
    if stored.used_at is None:
        used = replace(stored, used_at=now, nonce_key=nonce_key, pepper_id=peppers.current)
        try:
            pairings.use(used)
        except Changed as changed:
            stored = changed.stored
        else:
            return used
    if not isinstance(stored, Pairing) or stored.nonce_key != nonce_key:
        raise PairingCodeInvalid
    return stored


def _give(token: DeviceToken, used: Pairing, devices: DeviceStore, peppers: Peppers) -> Device:
    """Make the token the device's own, unless that was done before or the device was revoked since."""
    device = devices.get(used.device_id)
    issued_at = used.expires_at - pairing.LIFETIME
    for _ in range(_TRIES):
        if device is None or used.used_at is None or (device.revoked_at and device.revoked_at >= issued_at):
            raise PairingCodeInvalid
        if device.activated_at is not None and device.activated_at >= used.used_at:
            return device
        try:
            return devices.save(device.activated(peppers.hash(token), used.used_at))
        except Changed as changed:
            device = changed.stored
    raise PairingCodeInvalid
