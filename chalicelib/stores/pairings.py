"""Pairing codes in DynamoDB, each under a hash of the code; TTL removes them after they have expired."""

from __future__ import annotations

import math

from chalicelib.domain.pairing import Pairing
from chalicelib.domain.storage import Changed
from chalicelib.stores.dynamodb import ConditionFailed, Table, from_row, to_row


class DynamoPairings:
    """PairingStore."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def create(self, pairing: Pairing) -> None:
        """Condition: no row under this key."""
        self._put(pairing, "attribute_not_exists(#pairing_key)")

    def get(self, pairing_key: str) -> Pairing | None:
        row = self._table.get({"pairing_key": pairing_key})
        return None if row is None else from_row(row, Pairing)

    def use(self, pairing: Pairing) -> None:
        """Condition: the row is there and names no use."""
        self._put(pairing, "attribute_exists(#pairing_key) AND attribute_not_exists(#used_at)")

    def _put(self, pairing: Pairing, condition: str) -> None:
        row = to_row(pairing) | {"expires_at_s": math.ceil(pairing.expires_at.timestamp())}
        try:
            self._table.put(row, condition=condition)
        except ConditionFailed as lost:
            raise Changed(None if lost.row is None else from_row(lost.row, Pairing)) from None
