"""The relays of a station, and the clips of those whose segments go to the cloud."""

from __future__ import annotations

import random
import threading
from pathlib import Path

from frameferry_station.files import Files
from frameferry_station.lanes.lanes import Lanes
from frameferry_station.lanes.singles import Singles
from frameferry_station.lanes.surroundings import Surroundings
from frameferry_station.relay import running
from frameferry_station.relay.clips import ClipCounts, Clips
from frameferry_station.relay.relay import RelayStatus
from frameferry_station.settings import StationSettings


class Relaying:
    """Started. What an earlier run left in `folder` of clips goes to the cloud whatever the settings say now.

    Raises ValueError, with the relay's name, where its settings cannot be, and OSError.
    """

    def __init__(
        self, settings: StationSettings, folder: Path, lanes: Lanes, around: Surroundings, files: Files
    ) -> None:
        world = running.World(settings.state, clock=around.boot.clock, files=files)
        self._stop = threading.Event()
        self._clips: Clips | None = None
        self._thread: threading.Thread | None = None
        if any(relay.clips_to_cloud for relay in settings.relays) or folder.is_dir():
            self._clips = clips = Clips(
                folder,
                Singles(lanes, around),
                lanes,
                world.started,
                files=files,
                clock=around.boot.clock,
                uniform=random.uniform,
                make_room=lanes.make_room,
            )
            lanes.also_held_by(clips)
            self._thread = threading.Thread(target=clips.run, args=(self._stop,), name="clips", daemon=True)
        announce = self._clips.announce if self._clips else running.announce_nowhere
        self._relays = running.start(settings.relays, lanes, world, announce)
        if self._thread:
            self._thread.start()

    def statuses(self) -> list[RelayStatus]:
        """In the order of the settings."""
        return self._relays.statuses()

    def clips(self) -> ClipCounts | None:
        """None where no relay sends any, and none are left."""
        return self._clips.counts() if self._clips else None

    def stop(self) -> None:
        """Within two seconds: the last segments are closed. Their clips are made by the next run, and what is under way
        to the cloud is sent anew."""
        self._stop.set()
        self._relays.stop()
