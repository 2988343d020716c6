"""What a station does when nobody is at it, round by round."""

from __future__ import annotations

import contextlib
import dataclasses
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from adapters import follower, station_duties
from adapters.approvals import decided, requested
from adapters.correspondence import explanation, missed
from adapters.errors import LedgerUnreachableError, SlotChangedError
from adapters.frozen_letters import FrozenDocument, FrozenLetter, store_frozen
from adapters.ledger import Finding, Headers, Ledger, LedgerPlace, Slot
from adapters.ledger_locations import open_ledger
from adapters.registration import registered
from adapters.signers import Signer
from adapters.station import Station, Utterance
from adapters.station_duties import LONGEST_PAUSE_S, STANDING_BY_S, StationDuties
from adapters.station_reports import Doing, Duty, DutyReport, Standing
from adapters.store.lease import Holder
from adapters.submitting import Deposited, Queued
from adapters.token_errors import TokenRemovedError
from cli.wiring import passing_projector
from domain.approval_routes import Answer
from domain.approvals import request
from domain.events import OrganisationClosed
from domain.events_approvals import Approver, Stage
from domain.header import Document
from domain.ids import Digest, LetterId, OfficerId, OrgId, sha256
from domain.letters import tally
from domain.reasons import Reason
from domain.signatures import ECDSA_P256
from projections.station_work import StationWork
from tests.eventful_exchange import Clock
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, entry_of, tell

TERM_S = 60


class Link:
    """A ledger behind a link that a test cuts and mends."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.is_cut = False
        self.takes_nothing = False

    def _open_to_records(self) -> Ledger:
        if self.takes_nothing:
            raise LedgerUnreachableError("nothing is taken")
        return self._there()

    def _there(self) -> Ledger:
        if self.is_cut:
            raise LedgerUnreachableError("nobody answers")
        return self.ledger

    def append(self, record: bytes, *, headers: Headers = ()) -> int:
        return self._open_to_records().append(record, headers=headers)

    def append_all(self, records: Iterable[tuple[bytes, Headers]]) -> Iterator[int]:
        return self._open_to_records().append_all(records)

    def read(self, start: int, limit: int) -> Sequence[Slot]:
        return self._there().read(start, limit)

    def end(self) -> int:
        return self._there().end()

    def wait(self, position: int, timeout_s: float) -> bool:
        del timeout_s
        return self._there().wait(position, 0.0)

    def identity(self) -> LedgerPlace:
        return self._there().identity()

    def check(self) -> tuple[Finding, ...]:
        return self._there().check()

    def close(self) -> None:
        self.ledger.close()


class Monitor:
    """Who watches a station, and what was handed over."""

    def __init__(self) -> None:
        self.batches: list[float] = []
        self.reasons: Counter[Reason] = Counter()
        self.standings: list[Standing] = []
        self.moves = 0

    def alive(self) -> None:
        self.moves += 1

    def stored(self, seconds: float) -> None:
        self.batches.append(seconds)

    def judged(self, reasons: Mapping[Reason, int]) -> None:
        self.reasons.update(reasons)

    def stands(self, standing: Standing) -> None:
        self.standings.append(standing)


class Taken:
    """A lease that somebody else holds until a test gives it back."""

    def __init__(self) -> None:
        self.is_free = False

    def take(self) -> bool:
        return self.is_free

    def holder(self) -> Holder | None:
        return None if self.is_free else Holder(process=7, machine="there", since=0)

    def close(self) -> None:
        raise AssertionError


class Watched:
    """A station with its duties, and what it told."""

    def __init__(
        self, exchange: TestExchange, name: str, officer: str | None, *, trust: bool = False, record_fetched: bool = False
    ) -> None:
        self.link = Link(open_ledger(exchange.location, clock_ms=exchange.now_ms))
        self.station: Station = exchange.station(name, ledger=self.link)
        self.reports: list[DutyReport] = []
        self.monitor = Monitor()
        self.projector = passing_projector(self.station)
        self.duties = StationDuties(
            self.station,
            StationWork(self.projector),
            OfficerId(officer) if officer else None,
            self.reports.append,
            watch=self.monitor,
            trust_ledger_time=trust,
            record_fetched=record_fetched,
        )
        if officer:
            give_signer(exchange, self.station, officer)

    def round(self) -> list[Duty]:
        """Do one round and return what was told in it, but for how far the views are."""
        self.reports.clear()
        self.duties.round()
        return [report.duty for report in self.reports if report.duty is not Duty.PROJECTED]


def give_signer(exchange: TestExchange, station: Station, officer: str) -> None:
    """Put the key of an officer into a station's keyring, as if its file had been opened."""
    path = station.parts.keyring.folder / f"{officer}.pem"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    station.parts.keyring._opened[path] = exchange.signer(officer).signer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def exchange(tmp_path: Path, clock: Clock) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", now_ms=clock)
    ministry = made.station("ministry")
    made.add_organisations(ministry, ["mfy-001", "mfy-002", "agency"])
    outside = dataclasses.replace(entry_of("paper"), connection="outside")
    tell(ministry, [registered(ministry, made.signer(REGISTRAR), MINISTRY, outside)])
    made.add_officer(ministry, "deputy", "ministry", "signatory")
    made.add_officer(ministry, "head", "agency", "signatory")
    made.add_officer(ministry, "clerk-1", "mfy-001", "clerk")
    made.add_officer(ministry, "robot", "ministry", "station")
    made.add_officer(ministry, "twin", "ministry", "station")
    made.add_officer(ministry, "committees", "mfy-001", "station")
    yield made
    made.close()


@pytest.fixture
def ministry(exchange: TestExchange) -> Station:
    return exchange.station("ministry")


def missed_position(station: Station, letter: LetterId) -> int | None:
    return tally(station.view, letter).missed


def test_a_term_that_passed_in_silence_is_recorded_once(exchange: TestExchange, ministry: Station, clock: Clock) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001", "paper", acknowledge_by=f"+{TERM_S}s")
    robot = Watched(exchange, "robot", "robot")
    assert robot.round() == []
    clock.advance(TERM_S)
    assert robot.round() == []
    clock.advance(1)
    assert robot.round() == [Duty.MISSED]
    assert missed_position(robot.station, letter) == robot.station.parts.store.next_position() - 1
    end = robot.station.parts.ledger.end()
    assert [robot.round() for _ in range(3)] == [[], [], []]
    assert Watched(exchange, "robot", "robot").round() == []
    assert robot.station.parts.ledger.end() == end


def test_that_another_station_said_it_first_is_success(exchange: TestExchange, ministry: Station, clock: Clock) -> None:
    letter = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by=f"+{TERM_S}s")
    robot, twin = Watched(exchange, "robot", "robot"), Watched(exchange, "twin", "twin")
    assert (robot.round(), twin.round()) == ([], [])
    clock.advance(TERM_S + 1)
    # Both have prepared it before either has read the other's.
    said = missed(robot.station, exchange.signer("robot"), MINISTRY, letter)
    assert twin.round() == [Duty.MISSED]
    (outcome,) = robot.station.submit([said])
    assert isinstance(outcome, Deposited)
    assert outcome.verdict.reason is Reason.ALREADY_MISSED
    assert robot.round() == []


def test_nothing_is_said_where_nobody_in_the_exchange_is_silent(exchange: TestExchange, ministry: Station, clock: Clock) -> None:
    exchange.send(ministry, "deputy", "paper", acknowledge_by=f"+{TERM_S}s")
    letter = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by=f"+{TERM_S}s")
    exchange.send(ministry, "deputy", "mfy-001")
    exchange.acknowledge(ministry, "clerk-1", letter, "mfy-001")
    exchange.send(ministry, "head", "mfy-001", sender="agency", acknowledge_by=f"+{TERM_S}s")
    clock.advance(TERM_S + 1)
    robot = Watched(exchange, "robot", "robot")
    end = robot.station.parts.ledger.end()
    assert (robot.round(), robot.round()) == ([], [])
    assert robot.station.parts.ledger.end() == end


def test_a_successor_says_it_for_the_closed_sender(exchange: TestExchange, ministry: Station, clock: Clock) -> None:
    letter = exchange.send(ministry, "head", "mfy-001", sender="agency", acknowledge_by=f"+{TERM_S}s")
    registrar = exchange.signer(REGISTRAR)
    body = OrganisationClosed(header=ministry.header(MINISTRY, (registrar,)), organisation=OrgId("agency"), successor=MINISTRY)
    tell(ministry, [Utterance(body=body, signers=(registrar,), intention="close")])
    clock.advance(TERM_S + 1)
    robot = Watched(exchange, "robot", "robot")
    assert robot.round() == [Duty.MISSED]
    assert missed_position(robot.station, letter) is not None


def test_a_stage_that_passed_undecided_is_recorded_once_and_only_when_it_is_its_turn(
    exchange: TestExchange, ministry: Station, clock: Clock
) -> None:
    due = clock.now_ms + 1000 * TERM_S
    deputy = Approver(organisation=None, officer=OfficerId("deputy"))
    stage = Stage(rule="all", quorum=None, due_at=due, approvers=(deputy,))
    cover, raw = explanation("?", salt=bytes(16))
    text = Document(sha256=sha256(b"x"), size_bytes=1, media_type="text/plain", role="main", encryption=None)
    frozen = FrozenLetter(
        cover=FrozenDocument(entry=cover, name="cover", content=raw),
        documents=(FrozenDocument(entry=text, name="x", content=b"x"),),
    )
    store_frozen(ministry.parts.documents.own, frozen)
    clerk, who = exchange.signer("clerk-1"), OrgId("mfy-001")
    (asked,) = tell(ministry, [requested(ministry, clerk, who, frozen, (stage, stage), letter=None, follows=None)])
    committees, robot = Watched(exchange, "committees", "committees"), Watched(exchange, "robot", "robot")
    assert (committees.round(), robot.round()) == ([], [])
    clock.advance(TERM_S + 1)
    assert (committees.round(), committees.round(), robot.round()) == ([Duty.STAGE_MISSED], [], [])
    # Silence never approves: the deputy still can, and then the second stage is late from its first moment.
    ministry.catch_up()
    tell(ministry, [decided(ministry, exchange.signer("deputy"), MINISTRY, asked.identity, (1, 1), Answer.GIVEN)])
    assert (committees.round(), committees.round()) == ([Duty.STAGE_MISSED], [])
    known = request(committees.station.view, asked.identity)
    assert known is not None
    assert [one.stage for one in known.missed] == [1, 2]


def test_a_term_that_comes_after_a_long_outage_is_not_forgotten(exchange: TestExchange, ministry: Station, clock: Clock) -> None:
    robot = Watched(exchange, "robot", "robot")
    robot.link.is_cut = True
    letter = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by=f"+{TERM_S}s")
    clock.advance(10 * TERM_S)
    assert robot.round() == [Duty.UNREACHABLE]
    robot.link.is_cut = False
    assert robot.round() == [Duty.REACHABLE, Duty.MISSED]
    assert missed_position(robot.station, letter) is not None


def test_an_outage_is_told_once_and_asked_about_less_and_less_often(exchange: TestExchange) -> None:
    robot = Watched(exchange, "robot", "robot")
    robot.link.is_cut = True
    pauses: list[float] = []

    def stopped(pause_s: float) -> bool:
        pauses.extend([pause_s] if pause_s else [])
        return len(pauses) > 10

    robot.duties.run(stopped)
    assert [report.duty for report in robot.reports if report.duty is not Duty.PROJECTED] == [Duty.UNREACHABLE, Duty.STOPPED]
    assert pauses[:4] == [1, 2, 4, 8]
    assert pauses[-1] == LONGEST_PAUSE_S
    robot.link.is_cut = False
    assert robot.round() == [Duty.REACHABLE]


def queue_letter(exchange: TestExchange, ministry: Station, robot: Watched) -> Digest:
    """Let a letter be signed at a station whose link is cut, and return its identity."""
    letter = exchange.letter(ministry, "deputy", "mfy-001")
    for document in letter.documents:
        with ministry.parts.documents.open(document) as reader:
            robot.station.parts.documents.own.put(reader)
    robot.link.is_cut = True
    (outcome,) = robot.station.submit([letter], wait_s=0.1)
    assert isinstance(outcome, Queued)
    return outcome.identity


def test_what_waited_in_the_queue_is_sent_when_the_ledger_answers(exchange: TestExchange, ministry: Station) -> None:
    robot = Watched(exchange, "robot", "robot")
    identity = queue_letter(exchange, ministry, robot)
    robot.round()
    assert len(robot.station.parts.queue.unfinished()) == 1
    robot.link.is_cut = False
    assert robot.round() == [Duty.REACHABLE, Duty.SENT]
    assert robot.station.parts.queue.unfinished() == ()
    ministry.catch_up()
    assert ministry.parts.store.position_of(identity) is not None


def test_documents_are_here_before_anybody_asks_for_them(exchange: TestExchange, ministry: Station) -> None:
    exchange.send(ministry, "deputy", "mfy-002")
    letter = exchange.send(ministry, "deputy", "mfy-001")
    committees = Watched(exchange, "committees", "committees")
    assert committees.round() == [Duty.FETCHED]
    assert [report.letter for report in committees.reports if report.letter] == [letter]
    assert committees.round() == []


def test_a_document_that_has_not_come_is_told_once_and_fetched_when_it_has(
    exchange: TestExchange, ministry: Station, tmp_path: Path
) -> None:
    letter = exchange.letter(ministry, "deputy", "mfy-001")
    tell(ministry, [letter])
    shared, aside = tmp_path / "ledger.sqlite.documents", tmp_path / "aside"
    shared.rename(aside)
    committees = Watched(exchange, "committees", "committees")
    assert committees.round() == [Duty.NOT_FETCHED]
    assert committees.round() == []
    # The store may have made its folder anew.
    for path in aside.rglob("*"):
        if path.is_file():
            target = shared / path.relative_to(aside)
            target.parent.mkdir(parents=True, exist_ok=True)
            path.rename(target)
    assert committees.round() == [Duty.FETCHED]


def test_a_record_far_ahead_of_the_clock_pauses_until_the_clock_has_caught_up(
    exchange: TestExchange, ministry: Station, clock: Clock
) -> None:
    robot = Watched(exchange, "robot", "robot")
    trusting = Watched(exchange, "trusting", "twin", trust=True)
    clock.advance(3600)
    exchange.send(ministry, "deputy", "mfy-001")
    clock.advance(-3600)
    before = robot.station.parts.store.next_position()
    assert robot.round() == [Duty.PAUSED]
    assert robot.round() == []
    assert robot.station.parts.store.next_position() == before
    assert trusting.round() == []
    assert trusting.station.parts.store.next_position() == before + 1
    clock.advance(3600)
    assert robot.round() == [Duty.RESUMED]
    assert robot.station.parts.store.next_position() == before + 1


def test_a_ledger_that_contradicts_what_was_read_ends_the_station(
    exchange: TestExchange, ministry: Station, tmp_path: Path
) -> None:
    exchange.send(ministry, "deputy", "mfy-001")
    Watched(exchange, "robot", "robot").round()
    with contextlib.closing(sqlite3.connect(tmp_path / "ledger.sqlite")) as connection:
        connection.execute("DROP TRIGGER ledger_slots_no_update")
        connection.execute("UPDATE ledger_slots SET record = x'00' WHERE position = 5")
        connection.execute(
            "CREATE TRIGGER ledger_slots_no_update BEFORE UPDATE ON ledger_slots "
            "BEGIN SELECT RAISE(ABORT, 'a ledger is append-only'); END"
        )
        connection.commit()
    with pytest.raises(SlotChangedError):
        Watched(exchange, "robot", "robot").duties.run(lambda _: False)


def test_a_home_that_belongs_to_no_station_signs_nothing(exchange: TestExchange, ministry: Station, clock: Clock) -> None:
    exchange.send(ministry, "deputy", "mfy-001", acknowledge_by=f"+{TERM_S}s")
    clock.advance(TERM_S + 1)
    nobody = Watched(exchange, "nobody", None)
    assert nobody.round() == []
    assert nobody.projector.status()[0].behind == 0


def test_a_station_whose_key_cannot_be_used_says_so_once_and_follows_on(
    exchange: TestExchange, ministry: Station, clock: Clock
) -> None:
    exchange.send(ministry, "deputy", "mfy-001", acknowledge_by=f"+{TERM_S}s")
    clock.advance(TERM_S + 1)
    robot = Watched(exchange, "robot", "robot")
    for path in robot.station.parts.keyring.folder.iterdir():
        path.unlink()
    assert robot.round() == [Duty.CANNOT_SIGN]
    assert robot.round() == []


class OnToken:
    """The key of a station on a token, which a test pulls out and plugs in."""

    algorithm, certificate = ECDSA_P256, None

    def __init__(self, key: Signer) -> None:
        self.spki = key.spki
        self.is_out = False
        self._key = key

    def sign(self, message: bytes) -> bytes:
        if self.is_out:
            raise TokenRemovedError("The token of the station", "DeviceRemoved")
        return self._key.sign(message)


def test_a_station_whose_token_is_pulled_out_follows_on_and_signs_when_it_is_back(
    exchange: TestExchange, ministry: Station, clock: Clock
) -> None:
    exchange.send(ministry, "deputy", "mfy-001", acknowledge_by=f"+{TERM_S}s")
    clock.advance(TERM_S + 1)
    robot = Watched(exchange, "robot", "robot")
    (path,) = robot.station.parts.keyring._opened
    token = OnToken(exchange.signer("robot").signer)
    robot.station.parts.keyring._opened[path] = token
    token.is_out = True
    assert robot.round() == [Duty.CANNOT_SIGN]
    assert robot.round() == []
    token.is_out = False
    robot.duties._key_retry_at_s = 0.0
    assert robot.round() == [Duty.MISSED]


def test_who_watches_is_told_how_the_station_stands_and_counts_every_verdict_once(
    exchange: TestExchange, ministry: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "BATCH_LIMIT", 4)
    robot = Watched(exchange, "robot", "robot")
    exchange.add_organisations(ministry, [f"mfy-{number}" for number in range(100, 110)])
    robot.duties.run(lambda _: Duty.PROJECTED in {report.duty for report in robot.reports})
    end = ministry.parts.ledger.end()
    assert len(robot.monitor.batches) == 3
    assert robot.monitor.reasons == {Reason.ACCEPTED: 10}
    assert robot.monitor.moves > len(robot.monitor.batches)
    positions = [standing.position for standing in robot.monitor.standings]
    assert positions == sorted(positions)
    last = robot.monitor.standings[-1]
    assert (last.doing, last.error, last.position, last.behind, last.queue) == (Doing.STOPPED, None, end - 1, 0, 0)
    assert last.reached_at == exchange.now_ms()
    robot.link.is_cut = True
    robot.round()
    assert robot.monitor.standings[-1].doing is Doing.UNREACHABLE
    assert isinstance(robot.monitor.standings[-1].error, LedgerUnreachableError)


def test_a_station_that_is_told_to_stop_stops_after_the_batch(
    exchange: TestExchange, ministry: Station, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follower, "BATCH_LIMIT", 2)
    robot = Watched(exchange, "robot", "robot")
    begin = robot.station.parts.store.next_position()
    exchange.add_organisations(ministry, [f"mfy-{number}" for number in range(100, 110)])
    robot.duties.run(lambda _: len(robot.monitor.batches) >= 2)
    assert robot.station.parts.store.next_position() == begin + 4
    assert robot.duties.position == begin + 3
    assert robot.reports[-1] == DutyReport(duty=Duty.STOPPED, position=begin + 3)


def test_a_station_waits_while_another_has_the_lease_and_does_nothing_meanwhile(
    exchange: TestExchange, ministry: Station
) -> None:
    robot = Watched(exchange, "robot", "robot")
    lease, pauses = Taken(), list[float]()
    begin = robot.station.parts.store.next_position()
    exchange.add_organisations(ministry, ["mfy-100", "mfy-101"])

    def stopped(pause_s: float) -> bool:
        pauses.append(pause_s)
        lease.is_free = len(pauses) > 3
        return Duty.PROJECTED in {report.duty for report in robot.reports}

    robot.duties.run(stopped, lease)
    assert [report.duty for report in robot.reports] == [Duty.STANDING_BY, Duty.LEASE_TAKEN, Duty.PROJECTED, Duty.STOPPED]
    assert robot.reports[0].holder == Holder(process=7, machine="there", since=0)
    assert pauses[:4] == [0, STANDING_BY_S, STANDING_BY_S, STANDING_BY_S]
    waiting = [standing for standing in robot.monitor.standings if standing.doing is Doing.STANDING_BY]
    assert {(standing.position, standing.behind) for standing in waiting} == {(begin - 1, None)}
    assert robot.monitor.reasons == {Reason.ACCEPTED: 2}


@pytest.mark.parametrize("tries", [1, 2])
def test_a_station_that_waits_for_the_lease_sends_what_its_own_home_has_queued(
    exchange: TestExchange, ministry: Station, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    monkeypatch.setattr(station_duties, "RETRY_S", 0.0)
    robot = Watched(exchange, "robot", "robot")
    identity = queue_letter(exchange, ministry, robot)
    turns = 0

    def stopped(_: float) -> bool:
        nonlocal turns
        turns += 1
        robot.link.is_cut = turns < tries
        return turns > 4

    robot.duties.run(stopped, Taken())
    waited = [Duty.WAITING] * (tries - 1)
    assert [report.duty for report in robot.reports] == [Duty.STANDING_BY, *waited, Duty.SENT, Duty.STOPPED]
    ministry.catch_up()
    assert ministry.parts.store.position_of(identity) is not None
    assert [standing.queue for standing in robot.monitor.standings][-1] == 0


def test_a_station_that_waits_for_the_lease_seldom_tries_what_could_not_be_sent(
    exchange: TestExchange, ministry: Station
) -> None:
    robot, lease = Watched(exchange, "robot", "robot"), Taken()
    queue_letter(exchange, ministry, robot)
    turns = 0

    def stopped(_: float) -> bool:
        nonlocal turns
        turns += 1
        robot.link.is_cut = turns < 2
        lease.is_free = turns > 3
        return Duty.SENT in {report.duty for report in robot.reports}

    robot.duties.run(stopped, lease)
    told = [report.duty for report in robot.reports if report.duty is not Duty.PROJECTED]
    assert told == [Duty.STANDING_BY, Duty.WAITING, Duty.LEASE_TAKEN, Duty.SENT, Duty.STOPPED]


def test_a_station_that_waits_for_the_lease_leaves_a_record_of_the_future_to_the_one_that_works(
    exchange: TestExchange, ministry: Station, clock: Clock
) -> None:
    robot = Watched(exchange, "robot", "robot")
    queue_letter(exchange, ministry, robot)
    robot.link.is_cut = False
    clock.advance(3600)
    exchange.send(ministry, "deputy", "mfy-001")
    clock.advance(-3600)
    turns = iter([False, False, True])
    robot.duties.run(lambda _: next(turns), Taken())
    assert [report.duty for report in robot.reports] == [Duty.STANDING_BY, Duty.WAITING, Duty.STOPPED]
