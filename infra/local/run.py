"""`make run`: the local cloud in the foreground, with simulated cameras, until a signal ends it."""

from __future__ import annotations

import fcntl
import logging
import queue
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpx

from chalicelib.wire.object_keys import PackKey, SingleKey, parse_pack, parse_single
from infra.local.camera_news import kilobytes, news_of
from infra.local.camera_process import CameraEvent, CameraProcess, stop_cameras
from infra.local.cloud import CannotListen, LocalCloud
from infra.local.console_output import Output
from infra.local.events import Outcome
from infra.local.firmware_camera import CannotBuild, program, write_photos
from infra.local.link.hotspot import HotspotLink
from infra.local.link.profile import PROFILES
from infra.local.options import Options, parse
from infra.local.s3_events import S3Change
from infra.local.state import CameraCredential, LocalState, write_state
from infra.local.station import SOURCE, SnapshotCamera, StationFailed, StationProcess

_LOG_LIMIT_BYTES = 10_000_000
_PAGE = 200
"""Photos that are looked through for those of an object that was processed just now."""
_TOKEN_RENEWAL_S = 50 * 60  # an access token lasts an hour


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 after Ctrl-C or SIGTERM, 1 where it could not start."""
    options = parse(arguments)
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    output = Output(sys.stdout)
    try:
        with _alone_in(options.directory), _app_log(options.directory / "app.log"):
            Session(options, output, stop).run()
    except CannotListen as error:
        print(_refusal(error), file=sys.stderr)
        return 1
    except (AlreadyRuns, CannotBuild, StationFailed) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


class AlreadyRuns(Exception):
    """Another process runs in the folder."""


class Session:
    """One run. What happens is queued by many threads and told by one."""

    def __init__(self, options: Options, output: Output, stop: threading.Event) -> None:
        self._options = options
        self._output = output
        self._stop = stop
        self._news: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._camera_names: dict[str, str] = {}
        self._state_path = options.directory / "state.json"

    def run(self) -> None:
        with ExitStack() as stack:
            link = self._link(stack)
            self._cloud = stack.enter_context(
                LocalCloud(
                    host=self._options.host,
                    api_port=self._options.api_port,
                    s3_port=self._options.s3_port,
                    devices_s3_url=link.s3_url if link else None,
                    on_change=lambda change: self._news.put(("change", change)),
                    on_outcome=lambda outcome: self._news.put(("outcome", outcome)),
                )
            )
            self._state = LocalState(self._cloud.api_url, self._cloud.s3_url, self._cloud.owner)
            write_state(self._state_path, self._state)
            stack.callback(self._state_path.unlink, missing_ok=True)
            self._output.welcome(self._state.api_url, self._state.s3_url, self._cloud.owner, self._state_path)
            self._api = stack.enter_context(httpx.Client(base_url=self._cloud.api_url, trust_env=False))
            if link:
                link.forward_to(api_url=self._cloud.api_url, s3_url=self._cloud.s3_url)
                self._output.note(f"The cameras are on a link of the profile {self._options.link}: {link.api_url}")
            devices_api_url = link.api_url if link else self._cloud.api_url
            self._start_cameras(stack, devices_api_url)
            self._start_station(stack, devices_api_url)
            self._tell_news()

    def _link(self, stack: ExitStack) -> HotspotLink | None:
        if self._options.link is None:
            return None
        # Without TLS: neither a simulated camera nor the console's browser would trust its authority.
        profile = replace(PROFILES[self._options.link], tls=None)
        return stack.enter_context(HotspotLink(profile, host=self._options.host))

    def _start_cameras(self, stack: ExitStack, api_url: str) -> None:
        directory = self._options.directory / "cameras"
        shutil.rmtree(directory, ignore_errors=True)  # the cloud that they knew is gone
        cameras: list[CameraProcess] = []
        firmware = self._firmware()
        stack.callback(stop_cameras, cameras)
        for number in range(1, self._options.cameras + 1):
            if self._stop.is_set():
                return
            name = f"camera {number}"
            state_dir = directory / str(number)
            state_dir.mkdir(parents=True)
            photos = self._options.photos
            if firmware and photos is None:
                photos = state_dir / "photos"
                write_photos(photos, seed=number)
            camera = CameraProcess(
                api_url=api_url,
                pairing_code=self._pair(name),
                state_dir=state_dir,
                interval_s=self._options.interval_s,
                photos=photos,
                seed=number,
                log_path=directory / f"{number}.log",
                on_event=partial(self._camera_said, name),
                program=firmware,
            )
            camera.start()
            cameras.append(camera)

    def _start_station(self, stack: ExitStack, api_url: str) -> None:
        if not self._options.station or self._stop.is_set():
            return
        camera = stack.enter_context(SnapshotCamera())
        station = StationProcess(
            folder=self._options.directory / "station",
            api_url=api_url,
            camera_url=camera.url,
            interval_s=self._options.interval_s,
            page_port=self._options.station_port,
            on_end=lambda code: self._news.put(("station", code)),
        )
        stack.callback(station.stop)
        station.pair(self._pair(SOURCE))
        station.start()
        self._output.note(f"The station's page is {station.page_url} and its log {station.log_path}")

    def _firmware(self) -> Path | None:
        if self._options.camera != "firmware" or not self._options.cameras:
            return None
        self._output.note("Building the firmware for this machine, if it has changed")
        return program()

    def _pair(self, name: str) -> str:
        answer = self._api.post("/devices/pair", json={"name": name}, headers=self._owner_headers())
        answer.raise_for_status()
        self._camera_names[answer.json()["device_id"]] = name
        return str(answer.json()["pairing_code"])

    def _camera_said(self, name: str, event: CameraEvent) -> None:
        self._news.put(("camera", (name, event)))

    def _tell_news(self) -> None:
        renew_at_s = time.monotonic() + _TOKEN_RENEWAL_S
        while not self._stop.is_set():
            if time.monotonic() >= renew_at_s:
                self._set_state(replace(self._state, owner=self._cloud.sign_in(self._state.owner)))
                renew_at_s += _TOKEN_RENEWAL_S
            try:
                kind, news = self._news.get(timeout=0.2)
            except queue.Empty:
                continue
            if kind == "camera":
                self._tell_camera(*news)
            elif kind == "station":
                self._output.note(f"The station ended with code {news}; its log says why.")
            elif kind == "change":
                self._tell_change(news)
            else:
                self._tell_outcome(news)

    def _tell_camera(self, name: str, event: CameraEvent) -> None:
        if event["event"] == "activated":
            if self._state.camera is None:
                credential = CameraCredential(event["device_id"], event["device_token"])
                self._set_state(replace(self._state, camera=credential))
        elif event["event"] == "ended":
            directory = self._options.directory / "cameras"
            self._output.note(f"{name} ended with code {event['code']}; {directory}/{name.split()[-1]}.log says why.")
        elif news := news_of(event):
            self._output.photos(name, (news.first_seq, news.last_seq), news.step, news.detail)

    def _tell_change(self, change: S3Change) -> None:
        key = _parsed(change.key)
        if key and change.bucket == self._cloud.outputs.captures_bucket and change.size_bytes is not None:
            self._output.photos(self._name(key), _seqs(key), "uploaded", kilobytes(change.size_bytes))

    def _tell_outcome(self, outcome: Outcome) -> None:
        object_key = unquote_plus(outcome.event["Records"][0]["s3"]["object"]["key"])
        key = _parsed(object_key)
        if key is None or not outcome.is_last:
            return
        if not outcome.succeeded:
            self._output.photos(self._name(key), _seqs(key), "failed", f"see {self._options.directory}/app.log")
            return
        answer = self._api.get(
            "/items", params={"device_id": key.device_id, "limit": _PAGE}, headers=self._owner_headers()
        )
        items = answer.json()["items"] if answer.status_code == httpx.codes.OK else []
        for item in sorted(items, key=lambda item: item["seq"]):
            if item.get("photo", {}).get("object_key") == object_key:
                self._output.photos(self._name(key), (item["seq"],) * 2, item["status"], _item_detail(item))

    def _name(self, key: SingleKey | PackKey) -> str:
        return self._camera_names.get(key.device_id, key.device_id[:8])

    def _owner_headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._state.owner.token}"}

    def _set_state(self, state: LocalState) -> None:
        self._state = state
        write_state(self._state_path, state)


def _parsed(object_key: str) -> SingleKey | PackKey | None:
    return parse_pack(object_key) or parse_single(object_key)


def _seqs(key: SingleKey | PackKey) -> tuple[int, int]:
    return (key.first_seq, key.last_seq) if isinstance(key, PackKey) else (key.seq, key.seq)


def _item_detail(item: dict[str, Any]) -> str:
    if item.get("reject_reason"):
        return str(item["reject_reason"])
    return f"{item['width']}x{item['height']}" if item.get("width") else ""


@contextmanager
def _alone_in(directory: Path) -> Iterator[None]:
    """Two runs would write each other's state, and the second empties the folders of the first one's cameras. However a
    process ends, its lock ends with it. Raises AlreadyRuns.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            advice = "end that one first, or start this one in a clone of its own."
            raise AlreadyRuns(f"{directory} holds another run: {advice}") from None
        yield


@contextmanager
def _app_log(path: Path) -> Iterator[None]:
    """What the app writes, to stdout as Lambda wants it, goes to a file; the terminal is for the photos."""
    if path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES:
        path.unlink()
    # Appended to: a start that only finds a port taken must not empty the log of what ran before.
    with path.open("a", encoding="utf-8", buffering=1) as log, redirect_stdout(log):
        logging.basicConfig(stream=log, level=logging.WARNING, format="%(asctime)s %(name)s %(message)s", force=True)
        yield


def _refusal(error: CannotListen) -> str:
    if error.is_port_taken:
        return f"Port {error.port} is taken; choose another one: make run {error.option}={error.port + 1}"
    return f"Cannot listen on {error}; choose another address or port: make run HOST=... {error.option}=..."
