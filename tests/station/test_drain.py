"""A backlog's way into the cloud through every fault: nothing lost or doubled, nothing deleted without a receipt."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from frameferry_station.captures import Seq
from frameferry_station.http import Answer, Content
from frameferry_station.steps import Confirmed, Deferred, Poisoned, Sealed, Uploaded, Waiting

from tests.station.fake_cloud import (
    PORTAL,
    CutBefore,
    CutBody,
    FakeCloud,
    Fault,
    LoseReply,
    Reply,
    api_error,
    s3_error,
)
from tests.station.fake_network import DirectSender, Network
from tests.station.rig import Died, Life, Rig, as_they_were, firsts, held
from tests.station.samples import META, FakeTime, jpeg

TROUBLES: dict[str, Fault] = {
    "cut before": CutBefore(),
    "reply lost": LoseReply(),
    "captive portal": PORTAL,
    "redirect": Reply(302, b"", {"Location": "http://portal.invalid/login"}),
    "empty 200": Reply(200),
    "foreign 403": Reply(403, b"<html>blocked</html>"),
    "gateway error": Reply(502, b"<html>bad gateway</html>"),
}


def work_for_ever(rig: Rig) -> None:
    while True:
        rig.work(61)
        rig.time.advance(61)


def test_a_backlog_goes_up_is_confirmed_and_leaves_the_card(rig: Rig) -> None:
    rig.put(*range(7))

    rig.work()

    assert held(rig, *range(7)) == as_they_were(*range(7))
    assert firsts(rig.told(Uploaded)) == [0, 3, 6]
    assert rig.told(Confirmed)[0] == Confirmed(Seq(0), Seq(2), 3, "held")
    assert sum(step.captures for step in rig.told(Confirmed)) == 7
    assert list((rig.folder / "queue").glob("*.zip")) == []


class SlowLink(DirectSender):
    """A pack takes as long as 1.6 MB over 5 Mbit/s."""

    def __init__(self, cloud: FakeCloud, time: FakeTime) -> None:
        super().__init__(cloud)
        self._time = time

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        self._time.advance(2.6 if method == "PUT" else 0.3)
        return super().send(method, url, headers, content)


def test_a_day_s_backlog_costs_a_request_a_pack_and_hardly_more(cloud: FakeCloud, tmp_path: Path) -> None:
    time = FakeTime()
    rig = Rig(cloud, tmp_path, lambda: SlowLink(cloud, time), time, pack_captures=20)
    rig.put(*range(2880))
    cloud.requests.clear()

    rig.work()

    assert cloud.requests.count("put") == 144
    assert len(cloud.requests) <= 150


def test_a_backlog_goes_over_one_connection_to_each_side(cloud: FakeCloud, network: Network, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, network.connection)
    rig.put(*range(30))

    rig.work()

    assert held(rig, *range(30)) == as_they_were(*range(30))
    assert network.connections == 2


def test_places_are_asked_for_before_those_that_there_are_run_out(rig: Rig) -> None:
    rig.put(*range(3 * 60))

    def idle_link() -> bool:
        return isinstance(rig.device.put_step(), float) and rig.cloud.requests[-1] != "put"

    while len(rig.told(Uploaded)) < 60:
        rig.device.sync_step()
        assert not idle_link()


def test_a_photo_that_is_taken_while_nothing_waits_goes_up_at_once(rig: Rig) -> None:
    rig.work()
    rig.put(0)

    rig.work(1)

    assert held(rig, 0) == as_they_were(0)
    assert [step.captures for step in rig.told(Sealed)] == [1]


def test_photos_gather_in_one_pack_while_the_network_is_away(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("sync", *[CutBefore()] * 3)
    rig.work(1)
    rig.put(1, 2)
    rig.work(1)
    rig.put(3, 4)

    rig.work()

    assert [step.captures for step in rig.told(Sealed)] == [1, 3, 1]


def test_photos_do_not_gather_for_ever_after_an_upload_that_failed_but_arrived(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("put", LoseReply(), s3_error(403, "AccessDenied"))
    rig.device.sync_step()
    rig.device.put_step()  # it arrives, and nobody hears of it
    rig.put(1)

    rig.work()

    assert held(rig, 0, 1) == as_they_were(0, 1)


def test_the_receipt_of_a_single_fresh_photo_waits_for_the_next_sync(rig: Rig) -> None:
    rig.work()
    rig.put(0)
    rig.work(30)
    assert (len(rig.queue), rig.cloud.requests.count("sync")) == (1, 2)

    rig.work(31)

    assert (len(rig.queue), rig.cloud.requests.count("sync")) == (0, 3)


@pytest.mark.parametrize("is_setting", [True, False])
def test_the_newest_goes_first_where_it_is_wanted_so(rig: Rig, is_setting: bool) -> None:
    if is_setting:
        rig.cloud.change_settings(upload_policy="newest_first")
    else:
        rig = Rig(rig.cloud, rig.folder, newest_first=True)
    rig.device.sync_step()
    rig.put(*range(9))
    rig.time.advance(60)
    rig.device.sync_step()

    rig.work()

    assert firsts(rig.told(Uploaded)) == [6, 3, 0]


def test_without_a_network_even_a_live_look_gathers_whole_packs(rig: Rig) -> None:
    rig.cloud.change_settings(upload_policy="newest_first")
    rig.work()
    rig.cloud.script("sync", *[CutBefore()] * 9)
    for number in range(7):
        rig.put(number)
        rig.work(1)

    assert [step.captures for step in rig.told(Sealed)] == [1, 3, 3]
    rig.work()
    assert held(rig, *range(7)) == as_they_were(*range(7))


def test_a_start_with_much_to_read_names_some_packs_before_it_has_read_all(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, pack_captures=1)
    for number in range(50):
        rig.queue.put(jpeg(number, 1_500_000), META)

    rig.restarted().device.sync_step()

    assert 40 < len(cloud.syncs[0].objects) < 50


def test_a_live_look_overtakes_the_backlog(rig: Rig) -> None:
    rig.cloud.change_settings(upload_policy="newest_first")
    rig.put(*range(120))
    rig.device.sync_step()
    rig.device.put_step()
    rig.device.capture_step()

    rig.device.sync_step()
    rig.device.put_step()

    assert firsts(rig.told(Uploaded))[-1] == 120


def test_small_packs_cost_a_sync_for_half_a_batch_of_them(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path, pack_captures=1)
    rig.put(*range(200))

    rig.work()

    assert cloud.requests.count("sync") <= 9


@pytest.mark.parametrize("route", ["sync", "put"])
@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("at", range(4))
def test_trouble_on_the_way_loses_and_doubles_nothing(rig: Rig, route: str, trouble: str, at: int) -> None:
    rig.put(*range(8))
    for _ in range(at):
        rig.device.sync_step()
        rig.device.put_step()
    rig.cloud.script(route, TROUBLES[trouble], TROUBLES[trouble], TROUBLES[trouble])

    rig.work()

    assert held(rig, *range(8)) == as_they_were(*range(8))
    assert len(rig.queue) == 0
    assert rig.told(Poisoned) == []


@pytest.mark.parametrize("at_byte", [*range(0, 3292, 97), 3291, 3292])
def test_an_upload_cut_at_any_byte_is_made_good_by_one_request(rig: Rig, at_byte: int) -> None:
    rig.put(0, 1, 2)
    rig.device.sync_step()
    rig.cloud.script("put", CutBody(at_byte))
    rig.device.put_step()
    rig.cloud.requests.clear()

    while not rig.told(Uploaded):
        rig.time.advance(rig.device.put_step())

    assert rig.cloud.requests == ["put"]
    rig.work()
    assert held(rig, 0, 1, 2) == as_they_were(0, 1, 2)


def test_an_upload_cut_on_a_real_connection_is_made_good_by_one_request(
    cloud: FakeCloud, network: Network, tmp_path: Path
) -> None:
    rig = Rig(cloud, tmp_path, network.connection)
    rig.put(0, 1, 2)
    cloud.script("put", CutBody(1000))

    rig.work()

    assert held(rig, 0, 1, 2) == as_they_were(0, 1, 2)
    assert cloud.requests.count("put") == 2


def test_a_kept_alive_connection_that_died_unused_costs_no_error(
    cloud: FakeCloud, network: Network, tmp_path: Path
) -> None:
    rig = Rig(cloud, tmp_path, network.connection)
    rig.put(*range(6))
    rig.device.sync_step()
    rig.device.put_step()
    cloud.script("put", CutBefore())

    rig.device.put_step()

    assert firsts(rig.told(Uploaded)) == [0, 3]
    assert rig.told(Waiting) == []


def test_a_put_answered_by_a_box_on_the_way_is_no_proof(rig: Rig) -> None:
    rig.put(0, 1, 2)
    rig.cloud.script("put", Reply(200))

    rig.work(65)

    assert len(rig.queue) == 3
    assert [step.reason for step in rig.told(Deferred)] == ["the cloud does not hold it"]
    rig.work()
    assert held(rig, 0, 1, 2) == as_they_were(0, 1, 2)


def test_an_object_that_is_there_already_is_proved_without_a_second_upload(rig: Rig) -> None:
    rig.put(0, 1, 2)
    rig.cloud.script("put", LoseReply())

    rig.work()

    assert rig.cloud.requests.count("put") == 2
    assert len(rig.queue) == 0


@pytest.mark.parametrize("is_slow", [True, False])
def test_after_a_restart_the_cloud_tells_what_it_holds(rig: Rig, is_slow: bool) -> None:
    rig.put(*range(6))
    rig.device.sync_step()
    rig.device.put_step()
    rig.device.put_step()
    rig.cloud.requests.clear()
    rig.cloud.is_slow = is_slow

    rig = rig.restarted()
    rig.work()

    assert rig.cloud.requests.count("put") == (2 if is_slow else 0)
    assert held(rig, *range(6)) == as_they_were(*range(6))


@pytest.mark.parametrize("status_and_code", [(403, "AccessDenied"), (400, "ExpiredToken")])
def test_a_refused_url_costs_one_sync_for_the_whole_batch(rig: Rig, status_and_code: tuple[int, str]) -> None:
    rig.put(*range(9))
    rig.device.sync_step()
    rig.cloud.script("put", s3_error(*status_and_code))
    rig.device.put_step()
    rig.cloud.requests.clear()

    rig.work(1)

    assert rig.cloud.requests[:4] == ["sync", "put", "put", "put"]
    assert held(rig, *range(9)) == as_they_were(*range(9))


def test_urls_that_have_died_are_not_tried_one_by_one(rig: Rig) -> None:
    rig.put(*range(9))
    rig.device.sync_step()
    rig.cloud.expire_urls()
    rig.cloud.requests.clear()

    rig.work(1)

    assert rig.cloud.requests[:5] == ["put", "sync", "put", "put", "put"]


def test_urls_that_are_too_old_are_not_even_tried(rig: Rig) -> None:
    rig.put(*range(9))
    rig.device.sync_step()
    rig.time.advance(3601)
    rig.cloud.expire_urls()
    rig.cloud.requests.clear()

    rig.work(1)

    assert rig.cloud.requests[:4] == ["sync", "put", "put", "put"]


def test_urls_refused_again_and_again_are_waited_out_and_never_poison(rig: Rig) -> None:
    rig.put(0, 1, 2)
    rig.cloud.script("put", *[s3_error(403, "AccessDenied")] * 10)

    rig.work(20_000)

    assert len(rig.queue) == 0
    assert len(rig.told(Waiting)) == 9
    assert rig.told(Poisoned) == []


@pytest.mark.parametrize(
    "fault",
    [
        s3_error(409, "ConditionalRequestConflict"),
        s3_error(400, "RequestTimeout"),
        s3_error(400, "IncompleteBody"),
        s3_error(400, "BadDigest"),
        s3_error(503, "SlowDown"),
        s3_error(500, "InternalError"),
    ],
    ids=lambda fault: f"{fault.status} {fault.body[50:80]!r}",
)
def test_passing_errors_of_s3_are_retried(rig: Rig, fault: Reply) -> None:
    rig.put(0, 1, 2)
    rig.cloud.script("put", *[fault] * 8)

    rig.work()

    assert len(rig.queue) == 0
    assert rig.told(Poisoned) == []


def test_slow_down_is_about_the_bucket_and_never_about_the_pack(rig: Rig) -> None:
    rig.put(*range(6))
    rig.cloud.script("put", *[s3_error(503, "SlowDown")] * 7)

    rig.work()

    assert firsts(rig.told(Uploaded)) == [0, 3]
    assert rig.told(Deferred) == []


def test_while_s3_is_away_no_places_are_asked_for(rig: Rig) -> None:
    rig.put(*range(6))
    rig.cloud.script("put", *[s3_error(503, "SlowDown")] * 7)

    rig.work(200)

    assert [len(sync.objects) for sync in rig.cloud.syncs].count(0) >= 1


def test_retry_after_is_honoured_up_to_ten_minutes(rig: Rig) -> None:
    rig.put(0)
    rig.cloud.script("sync", api_error(503, "unavailable", Retry_After="40"))
    rig.cloud.script("put", s3_error(503, "SlowDown", Retry_After="86400"))

    rig.work()

    assert [step.seconds for step in rig.told(Waiting)] == [40.0, 600.0]
    assert len(rig.queue) == 0


def test_killed_at_every_step_it_goes_on_where_it_was(cloud: FakeCloud, tmp_path: Path) -> None:
    rig = Rig(cloud, tmp_path)
    for dies_at in range(25):
        first = 4 * dies_at
        rig = rig.restarted(life=Life(dies_at=dies_at))
        assert rig.put(*range(first, first + 4)) == list(range(first, first + 4))
        with pytest.raises(Died):
            work_for_ever(rig)
    rig = rig.restarted()

    rig.work()

    assert held(rig, *range(100)) == as_they_were(*range(100))
    assert len(rig.queue) == 0
