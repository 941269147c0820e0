"""Pairing a source while its photos go on being taken."""

from __future__ import annotations

import threading

from frameferry_station.client import activate
from frameferry_station.errors import StationError
from frameferry_station.http import Connection
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.lanes.surroundings import Surroundings
from frameferry_station.photos import SourceName
from frameferry_station.protocol import Activation
from frameferry_station.uplink import FIRMWARE_VERSION


class NoCloud(StationError):
    """Nothing to pair with."""


class Pairing:
    """Thread-safe; one pairing at a time."""

    def __init__(self, lanes: Lanes, around: Surroundings) -> None:
        self._lanes = lanes
        self._around = around
        self._lock = threading.Lock()

    def pair(self, source: SourceName, code: str) -> str:
        """Gives the device_id. The same code again, after an answer that was lost, gives the same device.

        Raises NoCloud, Trouble and Refusal; then the lane is as it was. Raises OSError; then it is, or the next photo
        goes to the device that it was paired as.
        """
        if not self._around.api_url:
            raise NoCloud("the cloud is none of the station's sinks: set STORAGE_BACKEND and the API's address")
        with self._lock:
            lane = self._lanes.open(source)
            identity = lane.state.identity
            nonce = identity.begin(code, self._around.entropy)
            activation = self._activated(self._around.api_url, code, nonce)
            lane.state.settings.change(activation.settings, activation.settings_version)
            identity.complete(activation, code)
            if lane.uplink and lane.device_id == activation.device_id:
                lane.paired_again(activation.next_seq)
            else:
                self._lanes.open(source, anew=True)
            return activation.device_id

    def _activated(self, api_url: str, code: str, nonce: str) -> Activation:
        sender = self._around.connect()
        try:
            return activate(api_url, sender, code=code, nonce=nonce, firmware_version=FIRMWARE_VERSION)
        finally:
            if isinstance(sender, Connection):
                sender.close()
