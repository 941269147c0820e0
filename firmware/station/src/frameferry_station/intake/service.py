"""What the intake does, whatever carries its requests."""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path

from frameferry_station.clock import Clock
from frameferry_station.files import Files
from frameferry_station.intake import refusals
from frameferry_station.intake.addresses import (
    Address,
    Mac,
    mac,
    mac_text,
    source_of_address,
    source_of_mac,
    source_of_user,
)
from frameferry_station.intake.admission import Admission
from frameferry_station.intake.bodies import Body, shown
from frameferry_station.intake.commands import Commands, LanCommand
from frameferry_station.intake.journal import RefusalJournal
from frameferry_station.intake.limits import Allowances
from frameferry_station.intake.presence import Heartbeat, LanDevice, Presence
from frameferry_station.intake.refusals import Refused
from frameferry_station.intake.registry import Introduction, Registration
from frameferry_station.photos import Accepted, PhotoRefused, Photos, SourceName
from frameferry_station.settings import LanSettings

_log = logging.getLogger(__name__)

PRINTED_PASSWORD = "camera_upload_key"  # noqa: S105 - everybody knows it: it is refused
HOW_TO_TURN_IT_ON = (
    "photos with a password are off: set upload_image_password under [lan] in station.toml, "
    "and not to the one that the sketch was printed with"
)
MOTION_EVERY_S = 5.0


class Intake:
    """Its methods raise Refused. Thread-safe."""

    def __init__(
        self,
        settings: LanSettings,
        photos: Photos,
        *,
        state: Path,
        files: Files,
        clock: Clock,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._settings = settings
        self._photos = photos
        self._clock = clock
        self._password = settings.upload_image_password or None
        if self._password == PRINTED_PASSWORD:
            _log.error(HOW_TO_TURN_IT_ON)
            self._password = None
        self._presence = Presence()
        self._commands = Commands(clock, entropy)
        self._motions = Allowances(clock, burst=1, every_s=MOTION_EVERY_S)
        self._wrong_passwords = Allowances(clock, burst=10, every_s=10.0)
        self.journal = RefusalJournal(clock)
        self._listens: set[Mac] = set()
        self._admission = Admission(state, files, clock, entropy, self._tell_of_move)
        for registration in self._admission.registrations():
            self._listen(registration.mac)

    def devices(self) -> list[LanDevice]:
        """The cameras with a MAC, for the page."""
        registrations = self._admission.registrations()
        self._presence.forget_all_but(each.mac for each in registrations)
        return [self._presence.device(each, source_of_mac(each.mac)) for each in registrations]

    def register(self, body: Body, address: Address) -> str:
        """Gives the token."""
        try:
            claimed = mac(body.text("device_id") or "")
        except ValueError as error:
            raise Refused("invalid_body", f"device_id: {error}") from None
        who = Introduction(
            mac=claimed,
            address=str(address),
            device_type=shown(body.text("device_type")),
            firmware_version=shown(body.text("firmware_version")),
        )
        token = self._admission.register(who, address, self._presence.address_of(claimed))
        self._presence.saw(claimed, self._clock.utc(), address)
        self._listen(claimed)
        return token

    def device(self, token: str | None, address: Address, *claims: str | None) -> Registration:
        """Who asks: whose token it is. `claims` are the device ids of header and body."""
        registration = self._admission.device(token, address, claims)
        self._presence.saw(registration.mac, self._clock.utc(), address)
        return registration

    def is_welcome(self, device: Registration) -> bool:
        """False while the owner has paused this camera."""
        return self._photos.pause_of(source_of_mac(device.mac)) is None

    def interval_s(self, device: Registration) -> float | None:
        return self._photos.interval_s(source_of_mac(device.mac))

    def heartbeat(self, device: Registration, body: Body) -> None:
        heartbeat = Heartbeat(
            at=self._clock.utc(),
            rssi_dbm=body.whole("rssi", -200, 100),
            free_heap_bytes=body.whole("free_heap", 0, 2**32),
            uptime_s=body.whole("uptime", 0, 2**40),
            camera_enabled=body.flag("camera_enabled"),
        )
        self._presence.keep(device.mac, heartbeat)

    def motion(self, device: Registration, body: Body) -> None:
        """Told to the owner once in MOTION_EVERY_S seconds by arrival, and never while the camera is paused."""
        score = body.number("motion_score", -1e9, 1e9)
        if self.is_welcome(device) and not self._motions.take(device.mac):
            message = None if score is None else f"score {score:g}"
            self._photos.tell(source_of_mac(device.mac), "motion", message)

    def command(self, device: Registration) -> LanCommand | None:
        return self._commands.waiting(device.mac)

    def acknowledge(self, device: Registration, command_id: str, body: Body) -> None:
        status = body.text("status") or "done"
        if status not in ("done", "failed"):
            raise Refused("invalid_body", "status has to be done or failed")
        detail = shown(body.text("detail", 100))
        try:
            has_ended_now = self._commands.end(device.mac, command_id)
        except KeyError:
            raise Refused("unknown_command", "there is no such command, or it is too old") from None
        if has_ended_now and status == "failed":
            self._photos.tell(source_of_mac(device.mac), "error", f"the camera took no photo: {detail}".rstrip(": "))

    def check_password(self, user: str | None, password: str | None, address: Address) -> SourceName:
        """Gives the source of who knows the password. A limited address is refused before anything is compared: a
        password may be short."""
        if self._password is None:
            raise Refused("password_not_set", HOW_TO_TURN_IT_ON)
        wait_s = self._wrong_passwords.take(address)
        if wait_s:
            raise Refused("rate_limited", "too many tries: wait a while", retry_after_s=math.ceil(wait_s))
        is_user = _is_same(user, self._settings.upload_image_user)
        if not (_is_same(password, self._password) and is_user):
            raise Refused("invalid_credential", "the user or the password is wrong")
        self._wrong_passwords.give_back(address)
        return source_of_user(self._settings.upload_image_user)

    def check_address(self, address: Address) -> SourceName:
        """Gives the source of who may send photos without a credential."""
        is_in_settings = any(address in network for network in self._settings.upload_from)
        if not is_in_settings and address not in self._admission.orders().allowed:
            raise Refused(
                "address_not_allowed",
                f"photos without a credential are not taken from {address}: run `frameferry-station allow {address}` "
                "on the station, or name it in upload_from under [lan] in station.toml",
            )
        return source_of_address(address)

    def photo(self, source: SourceName, jpeg: bytes) -> Accepted:
        """Durable once this returns. Of a source that one of the checks gave."""
        if not jpeg:
            raise Refused("empty_body", "the body is empty: it has to be the JPEG itself")
        try:
            return self._photos.accept(source, jpeg)
        except PhotoRefused as error:
            raise refusals.of_photo(error) from error

    def _listen(self, of: Mac) -> None:
        if of not in self._listens:
            self._listens.add(of)
            self._photos.on_capture_now(source_of_mac(of), partial(self._commands.want_photo, of))

    def _tell_of_move(self, registration: Registration, before: Address | str, now: Address) -> None:
        message = (
            f"{mac_text(registration.mac)} registered from {now}, was at {before}. If that was not your camera: "
            f"frameferry-station forget-device {registration.mac}"
        )
        self._photos.tell(source_of_mac(registration.mac), "error", message[:200])


def _is_same(given: str | None, wanted: str) -> bool:
    """In the same time for any text of the same length."""
    hashes = (hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in (given or "", wanted))
    return hmac.compare_digest(*hashes)
