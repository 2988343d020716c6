"""Two officers decide at once at stations that have not read each other: one outcome for all, and the loser is told why."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

import pytest

from adapters.correspondence import acknowledged, recalled, refused
from adapters.kafka_topics import create_documents_topic
from adapters.station import Station, Utterance
from adapters.submitting import Deposited
from cli.wiring import StationPlan, build_station
from domain.consignments import ConsignmentState, effective
from domain.ids import LetterId, OrgId
from domain.reasons import Reason
from tests.exchanges import MINISTRY, TestExchange
from tests.kafka_broker import KafkaBroker

pytestmark = pytest.mark.slow
COMMITTEE: Final = OrgId("mfy-001")
ROUNDS: Final = 3
T = TypeVar("T")


class Desk:
    """An officer's desk: a station of its own, whose every call is made by one thread."""

    def __init__(self, exchange: TestExchange, home: str, officer: str) -> None:
        self.exchange = exchange
        self.officer = officer
        self.thread = ThreadPoolExecutor(max_workers=1)
        plan = StationPlan(
            home=exchange.folder / home,
            location=exchange.location,
            identity=exchange.identity,
            station=None,
            store_url=f"sqlite:///{exchange.folder / home / 'store.sqlite'}",
            passphrase=lambda _: b"",
            now_ms=exchange.now_ms,
        )
        self.station: Station = self.do(lambda: build_station(plan))

    def start(self, call: Callable[[], T]) -> Future[T]:
        """Begin something at this desk."""
        return self.thread.submit(call)

    def do(self, call: Callable[[], T]) -> T:
        """Do something at this desk and wait for it."""
        return self.start(call).result(timeout=120)

    def read(self) -> None:
        """Read the ledger to its end."""
        self.do(self.station.catch_up)

    def submit(self, utterance: Utterance) -> Deposited:
        """Submit something here and now."""
        (outcome,) = self.station.submit([utterance])
        assert isinstance(outcome, Deposited)
        return outcome

    def close(self) -> None:
        """Close the station and let the thread go."""
        self.do(self.station.close)
        self.thread.shutdown()


Act = Callable[[Desk, LetterId], Utterance]


def acknowledge(desk: Desk, letter: LetterId) -> Utterance:
    """Prepare a receipt."""
    return acknowledged(desk.station, desk.exchange.signer(desk.officer), COMMITTEE, letter, COMMITTEE)


def refuse(desk: Desk, letter: LetterId) -> Utterance:
    """Prepare a refusal."""
    signer = desk.exchange.signer(desk.officer)
    return refused(desk.station, signer, COMMITTEE, letter, COMMITTEE, reason="WRONG_ADDRESSEE")


def recall(desk: Desk, letter: LetterId) -> Utterance:
    """Prepare a recall by the sender."""
    return recalled(desk.station, desk.exchange.signer("deputy"), MINISTRY, letter, reason="SENT_IN_ERROR")


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A ministry's station that sends, and two desks elsewhere."""

    exchange: TestExchange
    ministry: Station
    first: Desk
    second: Desk

    def race(self, letter: LetterId, first: Act, second: Act) -> tuple[Deposited, Deposited]:
        """Let both desks prepare their acts, submit them at once, and return the outcomes."""
        here, there = self._prepared(letter, first, second)
        together = threading.Barrier(2)

        def submit(desk: Desk, utterance: Utterance) -> Deposited:
            together.wait()
            return desk.submit(utterance)

        running = self.first.start(partial(submit, self.first, here)), self.second.start(partial(submit, self.second, there))
        return running[0].result(timeout=120), running[1].result(timeout=120)

    def in_turn(self, letter: LetterId, first: Act, second: Act) -> tuple[Deposited, Deposited]:
        """Let both desks prepare their acts, submit one after the other, and return the outcomes."""
        here, there = self._prepared(letter, first, second)
        return self.first.do(partial(self.first.submit, here)), self.second.do(partial(self.second.submit, there))

    def _prepared(self, letter: LetterId, first: Act, second: Act) -> tuple[Utterance, Utterance]:
        """Return what both desks are about to say, neither having read the other's."""
        for desk in (self.first, self.second):
            desk.read()
        return self.first.do(partial(first, self.first, letter)), self.second.do(partial(second, self.second, letter))

    def agreed_state(self, letter: LetterId) -> ConsignmentState:
        """Return where the letter stands for everybody: both desks, the ministry, and a station that reads it all anew."""
        readers = [self.ministry, self.first.station, self.second.station, self.exchange.station(f"new-{os.urandom(4).hex()}")]
        self.ministry.catch_up()
        for desk in (self.first, self.second):
            desk.read()
        size = readers[-1].parts.store.next_position()
        assert len({reader.parts.store.roots_at(size) for reader in readers}) == 1
        assert len({reader.parts.store.canonical_dump() for reader in readers}) == 1
        (state,) = {effective(reader.view, letter, COMMITTEE) for reader in readers}
        return state


@pytest.fixture(params=["sqlite", "kafka"], scope="module")
def scene(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("races")
    location, station = f"sqlite:{folder / 'ledger.sqlite'}", None
    if request.param == "kafka":
        broker: KafkaBroker = request.getfixturevalue("kafka")
        topic, station = f"races-{os.urandom(6).hex()}", "ministry"
        location = f"kafka://{broker.bootstrap}/{topic}"
    exchange = TestExchange(folder, location)
    if station is not None:
        create_documents_topic(broker.bootstrap, topic, station)
    ministry = exchange.station("ministry", station_id=station)
    exchange.add_organisations(ministry, [COMMITTEE])
    exchange.add_officer(ministry, "deputy", "ministry", "signatory")
    for officer in ("secretary", "accountant"):
        exchange.add_officer(ministry, officer, COMMITTEE, "clerk")
    made = Scene(
        exchange=exchange,
        ministry=ministry,
        first=Desk(exchange, "first", "secretary"),
        second=Desk(exchange, "second", "accountant"),
    )
    yield made
    made.first.close()
    made.second.close()
    exchange.close()


def in_order(outcomes: tuple[Deposited, Deposited]) -> tuple[Deposited, Deposited]:
    """Return two outcomes, that which stands first on the ledger first."""
    first, second = sorted(outcomes, key=lambda outcome: outcome.verdict.position)
    return first, second


@pytest.mark.parametrize("acts", [(acknowledge, acknowledge), (acknowledge, refuse)], ids=["both acknowledge", "one refuses"])
def test_the_first_of_two_officers_counts_and_the_second_is_told_who_decided(scene: Scene, acts: tuple[Act, Act]) -> None:
    for _ in range(ROUNDS):
        letter = scene.exchange.send(scene.ministry, "deputy", COMMITTEE)
        outcomes = scene.race(letter, *acts)
        winner, loser = in_order(outcomes)
        assert winner.verdict.is_accepted
        assert loser.verdict.reason is Reason.ALREADY_DECIDED
        assert loser.verdict.because == winner.verdict.position
        assert loser.verdict.number is None
        won_by, act = ("secretary", acts[0]) if winner is outcomes[0] else ("accountant", acts[1])
        assert f"by {won_by} at position {winner.verdict.position}" in loser.detail
        expected = ConsignmentState.REFUSED if act is refuse else ConsignmentState.ACKNOWLEDGED
        assert scene.agreed_state(letter) is expected


def require_recall_and_receipt(scene: Scene, letter: LetterId, receipt: Deposited, withdrawal: Deposited) -> None:
    """Recalled first, the receipt loses; received first, the recall becomes a question to the recipient."""
    assert withdrawal.verdict.is_accepted
    if receipt.verdict.is_accepted:
        assert receipt.verdict.position < withdrawal.verdict.position
        expected = ConsignmentState.RECALL_ASKED
    else:
        assert receipt.verdict.reason is Reason.ALREADY_RECALLED
        assert receipt.verdict.because == withdrawal.verdict.position < receipt.verdict.position
        expected = ConsignmentState.RECALLED
    assert scene.agreed_state(letter) is expected


def test_a_recall_races_a_receipt(scene: Scene) -> None:
    for _ in range(ROUNDS):
        letter = scene.exchange.send(scene.ministry, "deputy", COMMITTEE)
        require_recall_and_receipt(scene, letter, *scene.race(letter, acknowledge, recall))


def test_a_receipt_prepared_before_the_recall_was_read_is_told_of_it(scene: Scene) -> None:
    letter = scene.exchange.send(scene.ministry, "deputy", COMMITTEE)
    withdrawal, receipt = scene.in_turn(letter, recall, acknowledge)
    assert receipt.verdict.reason is Reason.ALREADY_RECALLED
    require_recall_and_receipt(scene, letter, receipt, withdrawal)


def test_a_recall_prepared_before_the_receipt_was_read_asks_the_recipient(scene: Scene) -> None:
    letter = scene.exchange.send(scene.ministry, "deputy", COMMITTEE)
    receipt, withdrawal = scene.in_turn(letter, acknowledge, recall)
    assert receipt.verdict.is_accepted
    require_recall_and_receipt(scene, letter, receipt, withdrawal)


def test_the_numbers_of_all_who_won_have_no_gaps(scene: Scene) -> None:
    numbers = [entry.verdict.number for entry in scene.ministry.parts.store.each_entry() if entry.verdict.number]
    incoming = [number.serial for number in numbers if number.organisation == COMMITTEE]
    assert incoming == list(range(1, len(incoming) + 1))
