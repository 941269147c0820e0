"""What can be wrong with what an owner asks for; and what is nobody's fault but ours."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NoReturn
from urllib.parse import quote

from chalicelib import wiring
from chalicelib.domain.errors import Unavailable
from chalicelib.domain.ids import DeviceId, Seq
from tests.api.bad_device_requests import BAD_INSTANTS
from tests.api.bad_requests import Bad, Scene, newest_command, nobody
from tests.api.crowded_timeline import crowd
from tests.fakes.stores import FakeItems

PAIR, DEVICE, COMMANDS = "POST /devices/pair", "PATCH /devices/{device_id}", "POST /devices/{device_id}/commands"
ITEMS, ITEM, DELETE = "GET /items", "GET /items/{device_id}/{seq}", "DELETE /items/{device_id}/{seq}"
HEALTH, CONFLICTS = "GET /devices/{device_id}/health", "GET /devices/{device_id}/conflicts"
FORGET = "POST /devices/{device_id}/forget"
ACK = "POST /devices/commands/{command_id}/ack"
BAD_NAMES = {
    "blanks": "   ",
    "a NUL": "barn\0",
    "an escape": "\x1b[2Jbarn",
    "two lines": "barn\ngate",
    "a line and its end": "barn\n",
}
UNKNOWN = "3f8b2c1e-7d4a-4c55-9a0e-2f6b1d9c8e70"


def device_rows() -> list[Bad]:
    settings: dict[str, object] = {
        "interval_s": 0,
        "jpeg_quality": 3,
        "resolution": "4K",
        "motion": "yes",
        "upload_policy": "random",
        "paused": 1,
        "paused_until": "2026-05-04T11:59:00",
        "surprise": 1,
    }
    too_much = {"interval_s": 86_401, "jpeg_quality": 64}
    return [
        *(
            Bad(f"?{each}", "GET /devices", 400, "invalid_parameter", query=each)
            for each in ("cursor=x", f"cursor={UNKNOWN.upper()}", f"cursor={UNKNOWN}%00")
        ),
        Bad("an empty name", PAIR, 400, "invalid_body", {"name": ""}),
        *(
            Bad(f"a name of {what}", to, 400, "invalid_body", {"name": name})
            for to in (PAIR, DEVICE)
            for what, name in BAD_NAMES.items()
        ),
        Bad("a long name", PAIR, 400, "invalid_body", {"name": "x" * 101}),
        Bad("an empty name", DEVICE, 400, "invalid_body", {"name": ""}),
        Bad("no name", DEVICE, 400, "invalid_body", {"name": None}),
        Bad("no settings", DEVICE, 400, "invalid_body", {"settings": None}),
        Bad("a device_id", DEVICE, 400, "invalid_body", {"device_id": UNKNOWN}),
        *(
            Bad(f"{name} {value}", DEVICE, 400, "invalid_body", {"settings": {name: value}})
            for name, value in [*settings.items(), *too_much.items()]
        ),
        Bad("no kind", COMMANDS, 400, "invalid_body", {}),
        Bad("an unknown kind", COMMANDS, 400, "invalid_body", {"kind": "explode"}),
        Bad("a kind that is not an owner's", COMMANDS, 400, "invalid_body", {"kind": "forget"}),
        Bad("no time at all", COMMANDS, 400, "invalid_body", {"kind": "pause", "duration_s": 0}),
        Bad("more than a year", COMMANDS, 400, "invalid_body", {"kind": "pause", "duration_s": 31_536_001}),
        Bad("the 21st that waits", COMMANDS, 429, "rate_limited", {"kind": "reboot"}, given=twenty_commands),
        Bad("another outcome", ACK, 409, "command_finished", {"status": "failed"}, path=FINISHED, given=finished),
    ]


def forget_rows() -> list[Bad]:
    past, later = "2026-05-04T10:00:00Z", "2026-05-04T11:00:00Z"
    bodies: dict[str, dict[str, object]] = {
        "no from": {"to": later},
        "no to": {"from": past},
        "a from that is its to": {"from": past, "to": past},
        "a from after its to": {"from": later, "to": past},
        "an instant without a zone": {"from": "2026-05-04T10:00:00", "to": later},
        "a time that is all to come": {"from": "2999-01-01T00:00:00Z", "to": "2999-01-02T00:00:00Z"},
        "a time before there were clocks": {"from": "1901-01-01T00:00:00Z", "to": "1999-01-01T00:00:00Z"},
    }
    good = {"from": past, "to": later}
    return [
        *(Bad(name, FORGET, 400, "invalid_body", body) for name, body in bodies.items()),
        Bad("an unknown device", FORGET, 404, "not_found", good, path={"device_id": UNKNOWN}),
        Bad("the 51st range", FORGET, 400, "invalid_body", good, given=fifty_forgotten),
    ]


def fifty_forgotten(scene: Scene) -> None:
    device = scene.world.devices.get(scene.camera.device_id)
    assert device is not None
    for day in range(50):
        since = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=day)
        device = device.forgetting(since, since + timedelta(hours=1), since)
    scene.world.devices.save(device)


def finished(scene: Scene) -> None:
    made = scene.owner.post(f"/devices/{scene.camera.device_id}/commands", {"kind": "reboot"}).json
    scene.camera.post(f"/devices/commands/{made['command_id']}/ack", {"status": "done"})


def finished_id(scene: Scene) -> str:
    return newest_command(scene.owner, scene.camera.device_id)


FINISHED = {"command_id": finished_id}


def twenty_commands(scene: Scene) -> None:
    for _ in range(20):
        scene.owner.post(f"/devices/{scene.camera.device_id}/commands", {"kind": "reboot"})


def item_rows() -> list[Bad]:
    instants = {**BAD_INSTANTS, "a number": "1777900000", "an unescaped plus": "2026-05-04T11:59:00 02:00"}
    queries = [f"{name}={quote(value)}" for name in ("from", "to") for value in instants.values()]
    queries += ["device_id=x", f"device_id={UNKNOWN.upper()}", "device_id=", "cursor=2026-05-04T11:59:00.000Z"]
    queries += [
        "from=2026-05-04T12:00:00Z&to=2026-05-04T12:00:00Z",
        "from=2026-05-05T00:00:00Z&to=2026-05-04T00:00:00Z",
    ]
    return [
        *(Bad(f"?{each}", ITEMS, 400, "invalid_parameter", query=each) for each in queries),
        Bad("an unknown device", ITEMS, 404, "not_found", query=f"device_id={UNKNOWN}"),
        *(Bad("an unknown device", to, 404, "not_found", path={"device_id": UNKNOWN}) for to in (ITEM, DELETE)),
        *(Bad("an unknown seq", to, 404, "not_found", path={"seq": "8"}) for to in (ITEM, DELETE)),
    ]


def health_rows() -> list[Bad]:
    bad_cursors = ["x", "2026-05-04T11:59:00.000Z", "2026-05-04T11:59:00.000Z%231%23devices/"]
    queries = ["cursor=x", "cursor=2026-13-04T11:45:00.000Z", "from=yesterday", "device_id=x"]
    queries += ["from=2026-05-04T12:00:00Z&to=2026-05-04T12:00:00Z"]
    return [
        *(Bad(f"?{each}", HEALTH, 400, "invalid_parameter", query=each) for each in queries),
        *(Bad(f"?cursor={each}", CONFLICTS, 400, "invalid_parameter", query=f"cursor={each}") for each in bad_cursors),
        Bad("an unknown device", HEALTH, 404, "not_found", path={"device_id": UNKNOWN}),
    ]


class BrokenItems(FakeItems):
    """Fails as it is told, whatever is asked."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self._error = error

    def get(self, device_id: DeviceId, seq: Seq) -> NoReturn:
        raise self._error


def timeline_rows() -> list[Bad]:
    three_hours = "from=2026-05-04T09:00:00Z&to=2026-05-04T12:00:00Z"
    return [
        Bad("more photos than it reads", "GET /timeline", 400, "too_many_photos", query=three_hours, given=crowded),
    ]


def crowded(scene: Scene) -> None:
    crowd(scene.world, scene.camera, datetime(2026, 5, 4, 9, tzinfo=UTC))


def rows_of_ours() -> list[Bad]:
    return [
        Bad("a fault of ours", ITEM, 500, "internal", given=broken),
        Bad("a busy store", ITEM, 503, "unavailable", given=busy),
        Bad("a method that it has not", "PUT /devices", 405, "method_not_allowed", caller=nobody),
    ]


def broken(scene: Scene) -> None:
    wiring.install(replace(scene.world, items=BrokenItems(RuntimeError("arn:aws:dynamodb table secret"))))


def busy(scene: Scene) -> None:
    wiring.install(replace(scene.world, items=BrokenItems(Unavailable(2))))


def owner_rows() -> list[Bad]:
    return [*device_rows(), *forget_rows(), *item_rows(), *health_rows(), *timeline_rows(), *rows_of_ours()]
