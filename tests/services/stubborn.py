"""Packs of which some photos cannot be examined: as if memory ran out for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from chalicelib.domain.storage import Fetched
from tests.fakes.objects import FakeCaptures
from tests.fakes.world import FakeWorld
from tests.tiny_jpegs import tiny_jpeg


class StubbornBytes(bytes):
    places: tuple[slice, ...] = ()

    def __getitem__(self, key: Any) -> Any:
        if key in self.places:
            raise MemoryError
        return super().__getitem__(key)


class StubbornCaptures:
    def __init__(self, captures: FakeCaptures, seqs: tuple[int, ...]) -> None:
        self._captures, self._photos = captures, [tiny_jpeg(seq) for seq in seqs]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._captures, name)

    def fetch(self, key: str, version_id: str | None, *, at_most_bytes: int) -> Fetched | None:
        found = self._captures.fetch(key, version_id, at_most_bytes=at_most_bytes)
        if found is None or found.body is None:
            return found
        body = StubbornBytes(found.body)
        starts = [(found.body.index(photo), len(photo)) for photo in self._photos]
        body.places = tuple(slice(start, start + length) for start, length in starts)
        return replace(found, body=body)


def stubborn[World: FakeWorld](world: World, *seqs: int) -> World:
    return replace(world, captures=cast(FakeCaptures, StubbornCaptures(world.captures, seqs)))
