"""Photos as POSTs: what is sent, and what answers mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from frameferry_station.errors import NoAnswer, Refusal, Trouble
from frameferry_station.http import Connection
from frameferry_station.sinks.http_post import PostDestination
from frameferry_station.sinks.photo import NotAsConfigured

from tests.station.samples import jpeg
from tests.station.sinks.http_server import PostServer, Reply, running
from tests.station.sinks.photos import photo
from tests.station.sinks.rig import SinkRig

TOKEN = "an-auth-token"


@dataclass
class Rig:
    server: PostServer
    destination: PostDestination


@pytest.fixture
def rig() -> Iterator[Rig]:
    with running() as server:
        connection = Connection(response_s=5.0)
        yield Rig(server, PostDestination(server.url, TOKEN, connection))
        connection.close()


def test_a_photo_is_the_body_with_all_that_is_known_of_it(rig: Rig) -> None:
    rig.destination.deliver(photo())

    (request,) = rig.server.received
    assert (request.url, request.body) == ("/api/snapshots", jpeg(12))
    assert {name: request.headers.get(name) for name in WANTED} == WANTED


WANTED = {
    "authorization": f"Bearer {TOKEN}",
    "content-type": "image/jpeg",
    "content-disposition": 'attachment; filename="2026-05-04T12-00-03Z_000012.jpg"',
    "idempotency-key": f'"garden-12-{photo().sha256[:16]}"',
    "x-captured-at": "2026-05-04T12:00:03.250Z",
    "x-source": "garden",
}


def test_an_undated_photo_says_no_time_and_without_a_token_none_is_sent(rig: Rig) -> None:
    connection = Connection(response_s=5.0)
    PostDestination(rig.server.url, None, connection).deliver(photo(at=None))
    connection.close()

    (request,) = rig.server.received
    assert "authorization" not in request.headers
    assert "x-captured-at" not in request.headers
    assert request.headers["content-disposition"] == 'attachment; filename="000012.jpg"'


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_taken(rig: Rig, status: int) -> None:
    rig.server.plans.append(Reply(status))

    rig.destination.deliver(photo())


@pytest.mark.parametrize("status", [401, 403, 407])
def test_a_wrong_token_is_a_matter_of_settings_and_is_not_repeated(rig: Rig, status: int) -> None:
    rig.server.plans.append(Reply(status))

    with pytest.raises(NotAsConfigured, match=f"the server answers {status}: HTTP_AUTH_TOKEN") as caught:
        rig.destination.deliver(photo())
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503])
def test_a_busy_server_is_an_outage_that_lasts_as_long_as_it_says(rig: Rig, status: int) -> None:
    rig.server.plans.append(Reply(status, {"Retry-After": "17"}))

    with pytest.raises(Trouble) as caught:
        rig.destination.deliver(photo())
    assert caught.value.retry_after_s == 17


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
def test_any_other_4xx_is_about_this_photo(rig: Rig, status: int) -> None:
    rig.server.plans.append(Reply(status))

    with pytest.raises(Refusal, match=str(status)):
        rig.destination.deliver(photo())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_with_the_token(rig: Rig, status: int) -> None:
    with running() as elsewhere:
        rig.server.plans.append(Reply(status, {"Location": elsewhere.url}))

        with pytest.raises(Trouble, match="leads elsewhere"):
            rig.destination.deliver(photo())
        assert elsewhere.received == []


def test_a_server_that_is_not_there_is_an_outage() -> None:
    with running() as server:
        url = server.url
    connection = Connection(response_s=1.0)

    with pytest.raises(NoAnswer):
        PostDestination(url, TOKEN, connection).deliver(photo())
    connection.close()


def test_connections_cut_before_and_after_each_photo_bring_each_photo_once_by_its_key(rig: Rig) -> None:
    sink = SinkRig(destination=rig.destination)
    worker = sink.worker()
    sink.hand_over(worker, sink.filled(range(6)))
    rig.server.plans.extend(["cut after", "cut before", "cut before", Reply(), "cut after", "cut after", Reply(503)])

    sink.run(worker)

    assert sorted(rig.server.taken.values()) == sorted(jpeg(number) for number in range(6))
    assert worker.counts().waiting == 0
