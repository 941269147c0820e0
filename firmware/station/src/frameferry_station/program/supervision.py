"""What the station and the service manager say to each other: ready, alive, stopping, and lines for the journal."""

from __future__ import annotations

import logging
import os
import socket
import sys
from contextlib import suppress
from typing import TextIO

from frameferry_station.settings import ServiceSettings

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))


class ServiceManager:
    """sd_notify(3): a datagram to a socket. Where nobody listens, nothing is said."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._address = settings.notify_socket
        self._is_watching = settings.watchdog_s is not None

    def ready(self) -> None:
        self._say("READY=1")

    def alive(self) -> None:
        if self._is_watching:
            self._say("WATCHDOG=1")

    def stopping(self) -> None:
        self._say("STOPPING=1")

    def _say(self, text: str) -> None:
        if self._address is None:
            return
        # An @ stands for the zero byte of an abstract address.
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
            sender.sendto(text.encode(), address)


class JournalFormatter(logging.Formatter):
    """Each line with its priority before it (sd-daemon(3))."""

    def format(self, record: logging.LogRecord) -> str:
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


def log_to(stream: TextIO, settings: ServiceSettings) -> None:
    """All loggers, from INFO on."""
    handler = logging.StreamHandler(stream)
    if _is_journal(stream, settings):
        handler.setFormatter(JournalFormatter("%(message)s"))
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%H:%M:%S"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)


def _is_journal(stream: TextIO, settings: ServiceSettings) -> bool:
    """Whether this stream is the one that the manager gave, not redirected since."""
    try:
        found = os.fstat(stream.fileno())
    except (OSError, ValueError):
        return False
    return settings.journal == f"{found.st_dev}:{found.st_ino}"


def log_to_stderr(settings: ServiceSettings) -> None:
    log_to(sys.stderr, settings)
