"""One capture's way into the cloud by the single-purpose routes, up to the receipt: for who has no queue of packs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from frameferry_station import objects
from frameferry_station.captures import Capture, Seq
from frameferry_station.client import DeviceClient
from frameferry_station.errors import Refusal, UrlRefused
from frameferry_station.http import Sender
from frameferry_station.protocol import Ingested, UploadTarget
from frameferry_station.receipts import Receipt, ReceiptVerifier


@dataclass(frozen=True)
class Proved:
    """The cloud holds the capture (or its owner deleted it there); `status` is `queued` or `duplicate`."""

    status: str


@dataclass(frozen=True)
class Unproved:
    """Nothing went wrong, but there is no receipt yet: the capture must stay."""

    reason: str


@dataclass(frozen=True)
class Delivery:
    """`on_uploaded` is told when S3 has said that it has the bytes."""

    client: DeviceClient
    storage: Sender
    verifier: ReceiptVerifier
    on_uploaded: Callable[[Seq], None]

    def deliver(self, capture: Capture) -> Proved | Unproved:
        """Raises Trouble, Refusal, Conflict, CredentialRefused, ReceiptInvalid."""
        target = self.client.upload_url(capture)
        if not target.is_duplicate:
            target = self._uploaded(capture, target)
        if target.receipt is not None:
            return self._proved("duplicate", target.receipt, capture, None)
        result = self._ingest(capture, target.object_key)
        if result.receipt is None:
            return Unproved(f"no receipt ({result.status})")
        key = None if result.status == "duplicate" else target.object_key
        return self._proved(result.status, result.receipt, capture, key)

    def _uploaded(self, capture: Capture, target: UploadTarget) -> UploadTarget:
        """The target that was used in the end: a refused URL is replaced once."""
        try:
            objects.put(self.storage, target, capture)
        except UrlRefused:
            target = self.client.upload_url(capture)
            if target.is_duplicate:
                return target
            objects.put(self.storage, target, capture)
        self.on_uploaded(capture.seq)
        return target

    def _ingest(self, capture: Capture, object_key: str) -> Ingested:
        try:
            return self.client.ingest(capture, object_key, ntp_synced=capture.meta.ntp_synced)
        except Refusal as refusal:
            if refusal.code != "captured_at_out_of_range" or not capture.meta.ntp_synced:
                raise
            # A clock that was wrong although it was synced: the server then takes the time of receipt.
            return self.client.ingest(capture, object_key, ntp_synced=False)

    def _proved(self, status: str, receipt: Receipt, capture: Capture, object_key: str | None) -> Proved:
        self.verifier.verify(receipt, capture, object_key)
        return Proved(status)
