"""A pack that never gets through while others do, and an S3 that takes none at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from frameferry_station.errors import NoAnswer
from frameferry_station.http import Answer, Content
from frameferry_station.steps import Deferred, Poisoned, Uploaded

from tests.station.fake_cloud import FakeCloud
from tests.station.fake_network import DirectSender
from tests.station.rig import Rig, as_they_were, firsts, held

DENIED = b"<Error><Code>AccessDenied</Code></Error>"
BUSY = b"<Error><Code>InternalError</Code></Error>"


def cut() -> Answer:
    raise NoAnswer("the connection breaks")


HOPELESS = [
    pytest.param(cut, id="cut"),
    pytest.param(lambda: Answer(403, {}, DENIED), id="403"),
    pytest.param(lambda: Answer(403, {}, b"<html>blocked</html>"), id="a proxy's 403"),
    pytest.param(lambda: Answer(500, {}, BUSY), id="500"),
    pytest.param(lambda: Answer(503, {}, BUSY), id="503"),
]


@dataclass
class Picky:
    """A network that gives this answer to each PUT of a pack that begins with one of `seqs`, or of any pack."""

    sender: DirectSender
    answer: Callable[[], Answer]
    seqs: set[int] | None
    puts: int = 0

    def send(self, method: str, url: str, headers: Mapping[str, str], content: Content = b"") -> Answer:
        if method == "PUT" and (self.seqs is None or any(f"/packs/{seq:016d}-" in url for seq in self.seqs)):
            self.puts += 1
            return self.answer()
        return self.sender.send(method, url, headers, content)


def rig_of(network: Picky, cloud: FakeCloud, folder: Path) -> Rig:
    return Rig(cloud, folder, lambda: network)


@pytest.mark.parametrize("answer", HOPELESS)
@pytest.mark.parametrize("bad", [0, 6, 15], ids=["first", "middle", "last"])
def test_a_pack_that_never_gets_through_holds_up_no_other(
    cloud: FakeCloud, tmp_path: Path, answer: Callable[[], Answer], bad: int
) -> None:
    network = Picky(DirectSender(cloud), answer, {bad})
    rig = rig_of(network, cloud, tmp_path)
    rig.put(*range(18))

    rig.work(300)

    others = [number for number in range(18) if number // 3 != bad // 3]
    assert held(rig, *others) == as_they_were(*others)
    for number in range(18, 66):
        rig.put(number)
        rig.work(1800)
    assert rig.told(Poisoned) == []
    assert {step.first_seq for step in rig.told(Deferred)} == {bad}
    assert network.puts < 60
    network.seqs = set()
    rig.work(86_400)
    assert held(rig, *range(66)) == as_they_were(*range(66))


@pytest.mark.parametrize("answer", HOPELESS)
def test_while_one_pack_is_stuck_new_photos_go_at_once(
    cloud: FakeCloud, tmp_path: Path, answer: Callable[[], Answer]
) -> None:
    rig = rig_of(Picky(DirectSender(cloud), answer, {0}), cloud, tmp_path)
    rig.put(0, 1, 2)
    rig.work(120)

    for number in range(3, 60):
        rig.put(number)
        rig.work(60)
    rig.put(60)
    rig.work(150)

    assert held(rig, *range(3, 61)) == as_they_were(*range(3, 61))
    assert len(rig.queue) == 3


@pytest.mark.parametrize("answer", HOPELESS)
def test_an_s3_that_takes_nothing_keeps_the_order_and_costs_no_request_more(
    cloud: FakeCloud, tmp_path: Path, answer: Callable[[], Answer]
) -> None:
    network = Picky(DirectSender(cloud), answer, None)
    rig = rig_of(network, cloud, tmp_path)
    rig.put(*range(60))

    rig.work(86_400)

    assert network.puts < 86_400 / 300 + 20
    assert rig.told(Deferred) == []
    network.seqs = set()
    rig.work(3600)
    probe, *rest = firsts(rig.told(Uploaded))
    assert rest == [seq for seq in range(0, 60, 3) if seq != probe]
