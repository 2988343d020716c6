"""Three brokers, of which some are killed or stall while stations send and follow: nothing is lost, doubled or judged anew."""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pytest
from kafka.errors import KafkaError

from adapters.errors import LedgerUnreachableError
from adapters.kafka_clients import KafkaPlace
from adapters.kafka_topics import create_documents_topic
from adapters.station import Station
from adapters.submitting import Deposited, Outcome, Queued
from cli.wiring import StationPlan, build_station
from domain.catalogue import payload_type_of
from domain.events import LetterDispatched
from domain.ids import Digest
from domain.reasons import Reason
from projections.projector import Projector
from tests.exchanges import TestExchange
from tests.kafka_broker import KafkaBroker
from tests.ledger_places import eventually

pytestmark = pytest.mark.slow
TIMEOUT_S: Final = 2.0
SENDERS: Final = ("sender-a", "sender-b")
FOLLOWER: Final = "follower"
PATIENCE_S: Final = 90.0
"""A broker that was killed is replaced after its session (3 s); the rest is for a busy machine."""
SOME: Final = 2
"""Letters that a sender brings to the ledger before a fault, and after it."""


@dataclass(kw_only=True)
class Field:
    """An exchange on three brokers, and what its senders were told."""

    kafka: KafkaBroker
    exchange: TestExchange
    topic: str
    told: list[Outcome] = field(default_factory=list)

    @contextlib.contextmanager
    def station(self, name: str) -> Iterator[Station]:
        """Give the station of a home, impatient, as a new process would open it."""
        plan = StationPlan(
            home=self.exchange.folder / name,
            location=self.exchange.location,
            identity=self.exchange.identity,
            station=name if name in SENDERS else None,
            store_url=f"sqlite:///{self.exchange.folder / name / 'store.sqlite'}",
            passphrase=lambda _: b"",
            ledger_timeout_s=TIMEOUT_S,
            documents_timeout_s=TIMEOUT_S,
        )
        with contextlib.closing(build_station(plan)) as station:
            yield station

    def leader(self) -> int:
        """Return the index of the broker that leads the ledger's topic."""
        leader = self._asked()["partitions"][0]["leader_id"]
        assert leader > 0, "nobody leads"
        return int(leader) - 1

    def in_sync(self) -> int:
        """Return how many replicas are in sync."""
        return len(self._asked()["partitions"][0]["isr_nodes"])

    def others(self) -> list[int]:
        """Return the indexes of the brokers that follow the leader."""
        return sorted({0, 1, 2} - {self.leader()})

    def deposited(self) -> int:
        """Return how many letters the senders know to be on the ledger."""
        return sum(isinstance(one, Deposited) for one in self.told)

    def _asked(self) -> Any:
        until_s = time.monotonic() + PATIENCE_S
        place = KafkaPlace(bootstrap=self.kafka.bootstrap, topic=self.topic)
        while True:
            try:
                with contextlib.closing(place.open_admin()) as admin:
                    return admin.describe_topics([self.topic])[0]
            except (KafkaError, LedgerUnreachableError):
                # A broker that starts is named by the others before it answers.
                assert time.monotonic() < until_s


@pytest.fixture
def ground(three_kafkas: KafkaBroker, tmp_path: Path) -> Iterator[Field]:
    topic = f"three-{os.urandom(6).hex()}"
    exchange = TestExchange(tmp_path, f"kafka://{three_kafkas.bootstrap}/{topic}", replication=3)
    ministry = exchange.station("ministry")
    exchange.add_organisations(ministry, ["mfy-001"])
    exchange.add_officer(ministry, "deputy", "ministry", "signatory")
    for sender in SENDERS:
        create_documents_topic(three_kafkas.bootstrap, topic, sender, replication=3)
    yield Field(kafka=three_kafkas, exchange=exchange, topic=topic)
    exchange.close()


class Load:
    """Stations that send one letter after the other and one that follows, each in a thread of its own, until told to stop."""

    def __init__(self, ground: Field) -> None:
        self._ground = ground
        self._enough = threading.Event()
        self._errors: list[BaseException] = []
        self.verdicts_seen = 0
        self._threads = [threading.Thread(target=self._guarded, args=(self._send, name)) for name in SENDERS]
        self._threads.append(threading.Thread(target=self._guarded, args=(self._follow, FOLLOWER)))

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._enough.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in self._threads)
        assert self._errors == []

    def comes_through(self) -> None:
        """Wait until some more letters are known to be on the ledger."""
        wanted = self._ground.deposited() + SOME * len(SENDERS)
        eventually(lambda: bool(self._errors) or self._ground.deposited() >= wanted, timeout_s=PATIENCE_S)

    def _guarded(self, work: Any, name: str) -> None:
        try:
            with self._ground.station(name) as station:
                work(station)
        except BaseException as error:
            self._errors.append(error)
            raise

    def _send(self, station: Station) -> None:
        station.catch_up()
        while not self._enough.is_set():
            letter = self._ground.exchange.letter(station, "deputy", "mfy-001")
            self._ground.told.extend(station.submit([letter], wait_s=1))

    def _follow(self, station: Station) -> None:
        while not self._enough.is_set():
            station.catch_up()
            self.verdicts_seen = station.parts.store.next_position()
            with contextlib.suppress(LedgerUnreachableError):
                station.parts.ledger.wait(self.verdicts_seen, 0.5)


def require_all_is_well(ground: Field) -> None:
    """Verify that what was said stands on the ledger once in effect, each verdict as told, and all homes as a clean replay."""
    for name in SENDERS:
        with ground.station(name) as station:
            eventually(functools.partial(is_sent, station))
            assert station.parts.queue.unfinished() == ()
    replay = ground.exchange.station(f"replay-{os.urandom(4).hex()}")
    store, kind = replay.parts.store, payload_type_of(LetterDispatched)
    letters: Counter[Digest] = Counter()
    for entry in store.each_entry():
        assert entry.verdict.reason in {Reason.ACCEPTED, Reason.DUPLICATE}
        if entry.record is not None and ground.exchange.codec.envelope(entry.record).payload_type == kind:
            letters[entry.verdict.identity] += entry.verdict.is_accepted
    assert set(letters.values()) == {1}
    assert {one.identity for one in ground.told} == set(letters)
    for one in ground.told:
        if isinstance(one, Deposited):
            assert store.verdict(one.verdict.position) == one.verdict
    shown = views_of(replay)
    for name in (*SENDERS, FOLLOWER):
        with ground.station(name) as station:
            assert station.catch_up().behind is None
            assert station.parts.store.roots_at(store.next_position()) == store.roots_at(store.next_position())
            assert station.parts.store.canonical_dump() == store.canonical_dump()
            assert views_of(station) == shown


def is_sent(station: Station) -> bool:
    """Send what waits, and tell whether nothing does any more."""
    return station.parts.submitter.send(wait_s=PATIENCE_S) == ""


def views_of(station: Station) -> Digest:
    """Return the canonical dump of views of what a station holds."""
    with contextlib.closing(Projector("sqlite://", station.parts.store, station.parts.codec, station.view)) as projector:
        projector.catch_up()
        return projector.canonical_dump()


def restarted(ground: Field, *brokers: int) -> None:
    """Start brokers, and wait until they hold everything again."""
    for broker in brokers:
        ground.kafka.start(broker)
    eventually(lambda: ground.in_sync() == 3, timeout_s=PATIENCE_S)


def test_the_leader_is_killed_under_load(ground: Field) -> None:
    with Load(ground) as load:
        load.comes_through()
        killed = ground.leader()
        ground.kafka.kill(killed)
        load.comes_through()
        assert ground.leader() != killed
        restarted(ground, killed)
    require_all_is_well(ground)


def test_a_follower_is_killed_under_load(ground: Field) -> None:
    with Load(ground) as load:
        load.comes_through()
        leader, killed = ground.leader(), ground.others()[0]
        ground.kafka.kill(killed)
        load.comes_through()
        assert ground.leader() == leader
        restarted(ground, killed)
    require_all_is_well(ground)


def test_two_are_killed_and_what_is_committed_can_be_read_while_letters_are_queued(ground: Field) -> None:
    with Load(ground) as load:
        load.comes_through()
        killed = ground.others()
        for broker in killed:
            ground.kafka.kill(broker)
        queued_before = len(ground.told)
        eventually(lambda: len(ground.told) >= queued_before + 2 * len(SENDERS), timeout_s=PATIENCE_S)
        late = ground.told[-1]
        assert isinstance(late, Queued)
        assert "did not answer" in late.why or "got no answer" in late.why
        with ground.station("newcomer") as newcomer:
            freshness = newcomer.catch_up()
            assert freshness.behind is None, freshness.why
            assert freshness.position == newcomer.parts.ledger.end() >= load.verdicts_seen > 0
            assert {one.code for one in newcomer.parts.ledger.warnings} >= {"NO_AUTHORIZER"}
        restarted(ground, *killed)
        load.comes_through()
    require_all_is_well(ground)


def test_a_leader_that_stalls_is_replaced_and_comes_back(ground: Field) -> None:
    with Load(ground) as load:
        load.comes_through()
        stalled = ground.leader()
        with frozen(ground.kafka, stalled):
            load.comes_through()
        eventually(lambda: ground.in_sync() == 3, timeout_s=PATIENCE_S)
        load.comes_through()
    require_all_is_well(ground)


@contextlib.contextmanager
def frozen(kafka: KafkaBroker, broker: int) -> Iterator[None]:
    """Have a broker stand still, its connections open and silent."""
    process = kafka._nodes[broker].process
    assert process is not None
    os.kill(process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(process.pid, signal.SIGCONT)
