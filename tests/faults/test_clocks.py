"""Clocks that jump: a station's own decides nothing, the ledger's is followed by its rule (design.md), with pause and alarms."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from adapters.clock import system_clock_ms
from adapters.correspondence import missed
from adapters.errors import ClockBehindLedgerError
from adapters.ledger_locations import open_ledger
from adapters.registration import registered
from adapters.station import Station
from adapters.station_duties import StationDuties
from cli.wiring import StationPlan, build_station, passing_projector
from domain.catalogue import payload_type_of
from domain.events import LetterDispatched
from domain.ledger_time import JUMP_LIMIT_MS, TIME_LIMIT_MS, is_ahead, ledger_time
from domain.reasons import Reason
from projections.archive_pages import time_jumps
from projections.station_work import StationWork
from tests.conftest import _own_kafka
from tests.eventful_exchange import Clock
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, accepted, entry_of
from tests.homes import home_of
from tests.kafka_broker import KafkaBroker
from tests.shifted_clock import NoShiftedClockError, ShiftedClock

MINUTE_S: Final = 60
HOUR_S: Final = 60 * MINUTE_S
A_TEST_MS: Final = 1000 * 10 * MINUTE_S
"""Longer than a test takes on a busy machine, shorter than any jump."""
DAY_S: Final = 24 * HOUR_S


@dataclass(frozen=True, kw_only=True, slots=True)
class Clocks:
    """An exchange on a ledger in a file: the ministry's own clock is right, that of the ledger is the test's to set."""

    exchange: TestExchange
    right: Clock
    ledgers: Clock
    ministry: Station

    def follow(self, name: str, *, fast_s: float = 0, trust: bool = False) -> tuple[Station, list[str]]:
        """Give the station of a home whose clock goes fast by so much, after a round of its duties, and what it told."""
        now_ms = self.right.now_ms + int(1000 * fast_s)
        plan = StationPlan(
            home=self.exchange.folder / name,
            location=self.exchange.location,
            identity=self.exchange.identity,
            station=None,
            store_url=f"sqlite:///{self.exchange.folder / name / 'store.sqlite'}",
            passphrase=lambda _: b"",
            now_ms=lambda: now_ms,
        )
        station, told = build_station(plan), list[str]()
        self.exchange._stack.callback(station.close)
        with contextlib.closing(passing_projector(station)) as projector:
            views = StationWork(projector)
            StationDuties(station, views, None, lambda report: told.append(report.duty.value), trust_ledger_time=trust).round()
        return station, told

    def send(self, *jumps_s: float) -> list[int]:
        """Let letters be sent, the ledger's clock jumping before each, and return their ledger times less the clock's start."""
        start_ms = self.ledgers.now_ms
        for jump_s in jumps_s:
            self.ledgers.advance(jump_s)
            letter = self.exchange.letter(self.ministry, "deputy", "mfy-001")
            with contextlib.suppress(ClockBehindLedgerError):
                self.ministry.submit([letter])
            self.ministry.catch_up(trust_times_ahead=True)
        return [time - start_ms for time in times(self.follow("reader", trust=True)[0])[-len(jumps_s) :]]


def times(station: Station) -> list[int]:
    """Return the ledger times of all records."""
    return [entry.verdict.at for entry in station.parts.store.each_entry()]


@pytest.fixture
def clocks(tmp_path: Path) -> Iterator[Clocks]:
    right, ledgers = Clock(), Clock()
    exchange = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", now_ms=right)
    ministry = exchange.station("ministry", ledger=open_ledger(exchange.location, clock_ms=ledgers))
    exchange.add_organisations(ministry, ["mfy-001"])
    exchange.add_officer(ministry, "deputy", "ministry", "signatory")
    exchange.add_officer(ministry, "robot", "ministry", "station")
    yield Clocks(exchange=exchange, right=right, ledgers=ledgers, ministry=ministry)
    exchange.close()


def test_a_stations_clock_has_no_effect_on_verdicts(clocks: Clocks) -> None:
    exchange, ministry = clocks.exchange, clocks.ministry
    letter = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by=f"+{HOUR_S}s")
    # One event whose term has not come yet, and one that was under way too long: both are a matter of time.
    too_soon = missed(ministry, exchange.signer("robot"), MINISTRY, letter)
    too_late = exchange.letter(ministry, "deputy", "mfy-001")
    early = ministry.submit([too_soon])[0]
    for clock in (clocks.right, clocks.ledgers):
        clock.advance(31 * DAY_S)
    late = ministry.submit([too_late])[0]
    last = [entry.verdict.reason for entry in ministry.parts.store.entries(ministry.parts.store.next_position() - 2, 2)]
    assert last == [Reason.NOT_YET_DUE, Reason.NOT_AFTER_PASSED], (early, late)
    readers = {
        "fast": clocks.follow("fast", fast_s=3 * DAY_S),
        "years fast": clocks.follow("years", fast_s=3000 * DAY_S),
        "slow": clocks.follow("slow", fast_s=-9 * MINUTE_S),
        "days slow": clocks.follow("days", fast_s=-3 * DAY_S, trust=True),
    }
    size = ministry.parts.store.next_position()
    for name, (station, told) in readers.items():
        assert told == ["projected"], name
        assert station.parts.store.roots_at(size) == ministry.parts.store.roots_at(size), name
        assert station.parts.store.canonical_dump() == ministry.parts.store.canonical_dump(), name


def test_of_two_stations_with_clocks_days_apart_the_slow_one_pauses_and_ends_up_equal(clocks: Clocks) -> None:
    for clock in (clocks.right, clocks.ledgers):
        clock.advance(3 * DAY_S)
    size = clocks.ministry.parts.store.next_position()
    assert clocks.send(MINUTE_S, MINUTE_S) == [1000 * MINUTE_S, 2000 * MINUTE_S]
    fast, told = clocks.follow("fast", fast_s=2 * DAY_S)
    assert (fast.parts.store.next_position(), told) == (size + 2, ["projected"])
    slow, told = clocks.follow("slow", fast_s=-2 * DAY_S)
    assert (slow.parts.store.next_position(), told) == (size, ["paused", "projected"])
    with pytest.raises(ClockBehindLedgerError, match=f"Position {size} is stamped 2881 minutes ahead .* --trust-ledger-time"):
        slow.catch_up()
    assert slow.parts.store.next_position() == size
    mended, told = clocks.follow("slow")
    assert mended.parts.store.next_position() == size + 2
    assert mended.parts.store.canonical_dump() == fast.parts.store.canonical_dump()


def test_the_ledgers_clock_back_a_little_stands_still_and_nobody_is_alarmed(clocks: Clocks) -> None:
    limit_s = JUMP_LIMIT_MS // 1000
    assert clocks.send(10, -5, -(limit_s - 5), limit_s, 1) == [10_000, 10_000, 10_000, 10_000, 11_000]
    assert clocks.follow("another")[1] == ["projected"]


def test_the_ledgers_clock_back_by_hours_is_followed_with_an_alarm(clocks: Clocks) -> None:
    back = clocks.ministry.parts.store.next_position() + 1
    back_ms = 10_000 - 1000 * 3 * HOUR_S
    assert clocks.send(10, -3 * HOUR_S, 10, -10) == [10_000, back_ms, back_ms + 10_000, back_ms + 10_000]
    station, told = clocks.follow("another")
    assert told == ["time_jump", "projected"]
    assert [(alarm.position, alarm.previous_ms - alarm.stored_at_ms) for alarm in station.parts.follower.alarms] == [
        (back, 1000 * 3 * HOUR_S)
    ]
    with contextlib.closing(passing_projector(station)) as projector:
        projector.catch_up()
        with projector.database.reading() as connection:
            assert [jump.position for jump in time_jumps(connection)] == [back]


def test_the_ledgers_clock_forward_pauses_stations_and_does_not_poison_the_ledger(clocks: Clocks) -> None:
    ahead = clocks.ministry.parts.store.next_position() + 1
    waiting, _ = clocks.follow("waiting")
    assert clocks.send(1, 5 * HOUR_S, -5 * HOUR_S, 1) == [1000, 1000 + 1000 * 5 * HOUR_S, 1000, 2000]
    station, told = clocks.follow("waiting")
    assert told == ["paused", "projected"]
    assert station.parts.store.next_position() == ahead
    trusting, told = clocks.follow("trusting", trust=True)
    assert told == ["time_jump", "projected"]
    assert [alarm.position for alarm in trusting.parts.follower.alarms] == [ahead + 1]
    clocks.right.advance(5 * HOUR_S)
    station, told = clocks.follow("waiting")
    assert told == ["time_jump", "projected"]
    assert station.parts.store.canonical_dump() == trusting.parts.store.canonical_dump()
    waiting.close()


@pytest.fixture
def brokers_clock(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[KafkaBroker, ShiftedClock]]:
    """Give a broker, and its clock, which a test sets wrong while it runs; the machine's own stays right."""
    try:
        clock = ShiftedClock(tmp_path)
    except NoShiftedClockError as error:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no broker with a wrong clock to test with: {error}")
    for broker in _own_kafka(request, variables=clock.variables):
        yield broker, clock


def test_a_brokers_clock_that_jumps_is_followed_by_the_rule(
    brokers_clock: tuple[KafkaBroker, ShiftedClock], tmp_path: Path
) -> None:
    broker, clock = brokers_clock
    exchange = TestExchange(tmp_path, f"kafka://{broker.bootstrap}/jumps")
    ministry, waiting = exchange.station("ministry"), exchange.station("waiting")
    for number, shift_s in enumerate((0, -5 * MINUTE_S, -3 * HOUR_S, 0, 5 * HOUR_S, 0)):
        clock.shift(shift_s)
        committee = registered(ministry, exchange.signer(REGISTRAR), MINISTRY, entry_of(f"mfy-{number:03}"))
        with contextlib.suppress(ClockBehindLedgerError):
            ministry.submit([committee])
        ministry.catch_up(trust_times_ahead=True)
    ministry.catch_up(trust_times_ahead=True)
    ministry.parts.submitter.settle()
    assert ministry.parts.queue.unfinished() == ()
    reasons = [entry.verdict.reason for entry in ministry.parts.store.each_entry()]
    # By a clock of yesterday a certificate of today is not valid yet.
    assert reasons == [Reason.ACCEPTED] * 3 + [Reason.CERTIFICATE_NOT_YET_VALID] + [Reason.ACCEPTED] * 3
    # It stands still, goes back with an alarm, comes back, jumps ahead and, with an alarm, is right again.
    founded, right, still, back, again, ahead, at_last = times(ministry)
    assert founded <= right == still < again <= system_clock_ms()
    for time, shift_s in ((back, -3 * HOUR_S), (ahead, 5 * HOUR_S), (at_last, 0)):
        assert again <= time - 1000 * shift_s + A_TEST_MS
        assert time - 1000 * shift_s <= system_clock_ms()
    assert [alarm.position for alarm in ministry.parts.follower.alarms] == [3, 6]
    # A station that does not trust the broker stands before the record that is ahead, and judges nothing of what follows.
    with pytest.raises(ClockBehindLedgerError, match=r"Position 5 is stamped 2\d\d minutes ahead"):
        waiting.catch_up()
    assert waiting.parts.store.next_position() == 5
    waiting.catch_up(trust_times_ahead=True)
    assert waiting.parts.store.canonical_dump() == ministry.parts.store.canonical_dump()
    exchange.close()


def test_what_is_sent_while_the_ledgers_clock_is_hours_ahead_is_there_once_when_it_is_believed(clocks: Clocks) -> None:
    clocks.ledgers.advance(2 * HOUR_S)
    letter = clocks.exchange.letter(clocks.ministry, "deputy", "mfy-001")
    for _ in range(2):
        with pytest.raises(ClockBehindLedgerError):
            clocks.ministry.submit([letter])
    assert len(clocks.ministry.parts.queue.unfinished()) == 1
    clocks.ministry.catch_up(trust_times_ahead=True)
    assert accepted(clocks.ministry.submit([letter])[0]).verdict.number is not None
    assert clocks.ministry.parts.queue.unfinished() == ()
    store, kind = clocks.ministry.parts.store, payload_type_of(LetterDispatched)
    letters = [
        entry.verdict.reason
        for entry in store.each_entry()
        if entry.record is not None and clocks.exchange.codec.envelope(entry.record).payload_type == kind
    ]
    assert letters == [Reason.ACCEPTED]


def test_the_command_pauses_and_goes_on_when_its_operator_trusts_the_ledgers_time(tmp_path: Path) -> None:
    exchange = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    ahead = Clock(system_clock_ms() + 1000 * HOUR_S)
    ministry = exchange.station("ministry")
    size = ministry.parts.store.next_position()
    with contextlib.closing(open_ledger(exchange.location, clock_ms=ahead)) as ledger:
        ledger.append(b"garbage of the future")
    home = home_of(exchange, "home")
    paused = home.run("station", "run", "--once", "--json")
    assert paused.code != 0
    assert f"Position {size} is stamped 59 minutes ahead of this machine's clock" in paused.err
    assert "--trust-ledger-time" in paused.err
    trusted = home.done("station", "run", "--once", "--json", "--trust-ledger-time")
    assert trusted.data["position"] == size
    exchange.close()


@pytest.mark.parametrize("stored", [-1, -(2**63), TIME_LIMIT_MS, 2**63 - 1])
def test_what_is_no_time_at_all_counts_as_none(stored: int) -> None:
    assert ledger_time(stored, 1_000) == ledger_time(None, 1_000)
    assert not is_ahead(stored, 1_000)
    assert ledger_time(TIME_LIMIT_MS - 1, 1_000).at == TIME_LIMIT_MS - 1
