"""Checkpoints of a running station: signed in time, told of, and what is in the way never ends it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from adapters.checkpoint_board import make_board, open_board
from adapters.checkpoint_duty import REFRESH_S, CheckpointDuty, CheckpointSigning
from adapters.errors import KeyFileError
from adapters.station import Station
from adapters.station_duties import StationDuties
from adapters.station_reports import Duty, DutyReport
from adapters.store.lease import lease_on
from domain.checkpoint_signatures import CheckpointSigner
from domain.checkpoints import encode_pair
from domain.exchange import Exchange
from domain.ids import OfficerId, sha256
from projections.projector import Projector
from projections.station_work import StationWork
from tests.checkpoint_keys import SeededOperator, signed_pair
from tests.exchanges import TestExchange

OPERATOR = SeededOperator(1)
STATION = OfficerId("st.ministry")
EVERY_S = 300.0
SILENT = "http://127.0.0.1:9"


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    location = f"sqlite:{tmp_path / 'ledger.sqlite'}"
    with contextlib.closing(TestExchange(tmp_path, location, checkpoint_keys=(OPERATOR.public,))) as made:
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Return the time that never jumps, to be set."""
    now_s = [1000.0]
    monkeypatch.setattr("adapters.checkpoint_duty.time.monotonic", lambda: now_s[0])
    return now_s


def duty_of(
    station: Station,
    told: list[DutyReport],
    *,
    open_key: Callable[[Exchange], CheckpointSigner | None] = lambda _: OPERATOR,
    witnesses: tuple[str, ...] = (),
    officer: OfficerId | None = None,
) -> CheckpointDuty:
    lease = lease_on("sqlite://", station.parts.now_ms)
    signing = CheckpointSigning(open_key=open_key, witnesses=witnesses, every_s=EVERY_S, lease=lease)
    return CheckpointDuty(station, signing, officer, told.append)


def test_a_station_signs_at_once_and_again_when_something_new_was_written(exchange: TestExchange, clock: list[float]) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    duty = duty_of(station, told)
    duty.round()
    duty.round()
    assert told == [DutyReport(duty=Duty.CHECKPOINT, position=0)]
    exchange.add_organisations(station, ["a"])
    duty.round()
    clock[0] += EVERY_S
    duty.round()
    assert told[1:] == [DutyReport(duty=Duty.CHECKPOINT, position=1)]
    clock[0] += EVERY_S
    duty.round()
    assert len(told) == 2
    clock[0] += REFRESH_S
    duty.round()
    assert told[2:] == [DutyReport(duty=Duty.CHECKPOINT, position=1)]


def test_a_home_without_a_key_signs_nothing_and_says_nothing(exchange: TestExchange) -> None:
    station, told = exchange.station("reader"), list[DutyReport]()
    duty_of(station, told, open_key=lambda _: None).round()
    assert told == []


def test_what_is_in_the_way_is_told_once_and_tried_again(exchange: TestExchange, clock: list[float]) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    keys: list[CheckpointSigner] = []

    def open_key(_: Exchange) -> CheckpointSigner | None:
        if not keys:
            msg = "locked"
            raise KeyFileError(msg)
        return keys[0]

    duty = duty_of(station, told, open_key=open_key)
    for _ in range(3):
        duty.round()
        clock[0] += EVERY_S
    assert [report.duty for report in told] == [Duty.CHECKPOINT_FAILED]
    keys.append(OPERATOR)
    duty.round()
    assert [report.duty for report in told] == [Duty.CHECKPOINT_FAILED, Duty.CHECKPOINT]


def test_a_witness_that_does_not_answer_is_told_once_and_asked_every_time(exchange: TestExchange, clock: list[float]) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    duty = duty_of(station, told, witnesses=(SILENT,))
    for _ in range(3):
        duty.round()
        clock[0] += EVERY_S
    assert [report.duty for report in told] == [Duty.CHECKPOINT, Duty.WITNESS_SILENT, Duty.CHECKPOINT, Duty.CHECKPOINT]
    assert told[1].address == SILENT


def test_a_fork_is_an_alarm_that_is_told_once_and_the_station_reads_on(exchange: TestExchange) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    duty = duty_of(station, told)
    duty.round()
    roots = (sha256(b"other records"), sha256(b"other verdicts"))
    with contextlib.closing(open_board(exchange.location)) as board:
        board.append(encode_pair(signed_pair("test", exchange.identity, 1, roots, OPERATOR)))
    station.catch_up()
    duty.round()
    duty.round()
    assert told[1:] == [DutyReport(duty=Duty.FORK, count=2, why=str(exchange.folder / "operator" / "forks"))]
    exchange.add_organisations(station, ["a"])
    assert station.catch_up().position == 2


def test_a_checkpoint_that_this_history_does_not_have_is_told_when_it_stays(exchange: TestExchange, clock: list[float]) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    duty = duty_of(station, told)
    duty.round()
    roots = (sha256(b"other records"), sha256(b"other verdicts"))
    with contextlib.closing(open_board(exchange.location)) as board:
        board.append(encode_pair(signed_pair("test", exchange.identity, 3, roots, OPERATOR)))
    for _ in range(4):
        clock[0] += EVERY_S
        station.catch_up()
        duty.round()
    assert told[1:] == [DutyReport(duty=Duty.OTHER_HISTORY, count=3)]


def test_a_running_station_signs_in_its_rounds(exchange: TestExchange) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    url = f"sqlite:///{exchange.folder / 'operator' / 'views.sqlite'}"
    with contextlib.closing(
        Projector(url, station.parts.store, station.parts.codec, station.view, station.parts.documents)
    ) as projector:
        duties = StationDuties(station, StationWork(projector), None, told.append, checkpoints=duty_of(station, told))
        assert duties.round()
    assert Duty.CHECKPOINT in {report.duty for report in told}
    newest = station.parts.checkpoints.newest(station.exchange)
    assert newest is not None
    assert newest.pair.size == 1


def test_a_station_that_cannot_commit_to_inboxes_signs_checkpoints_all_the_same(exchange: TestExchange) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    exchange.add_officer(station, STATION, "ministry", "station")
    duty_of(station, told, officer=STATION).round()
    assert [report.duty for report in told] == [Duty.CANNOT_SIGN, Duty.CHECKPOINT]


def test_a_board_that_was_exchanged_does_not_end_the_station(exchange: TestExchange) -> None:
    station, told = exchange.station("operator"), list[DutyReport]()
    duty_of(station, told).round()
    for file in exchange.folder.glob("ledger.sqlite.checkpoints*"):
        file.unlink()
    make_board(exchange.location)
    duty_of(station, told).round()
    assert [report.duty for report in told] == [Duty.CHECKPOINT, Duty.CHECKPOINT_FAILED]
