"""What a running station says of documents that it has brought here: once, and only if it is to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters import founding
from adapters.correspondence import fetched
from adapters.station import Station
from adapters.station_reports import Duty
from adapters.submitting import Deposited
from domain.consignments import handling
from domain.ids import LetterId, OrgId
from domain.reasons import Reason
from tests.eventful_exchange import Clock
from tests.exchanges import TestExchange
from tests.unit.test_station_duties import OnToken, Watched

ONE, TWO = OrgId("mfy-001"), OrgId("mfy-002")


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", now_ms=Clock())
    ministry = made.station("ministry")
    made.add_organisations(ministry, [ONE, TWO])
    made.add_officer(ministry, "deputy", "ministry", "signatory")
    made.add_officer(ministry, "committees", ONE, "station")
    made.add_officer(ministry, "committees-2", ONE, "station")
    yield made
    made.close()


@pytest.fixture
def ministry(exchange: TestExchange) -> Station:
    return exchange.station("ministry")


def committees(exchange: TestExchange, officer: str = "committees") -> Watched:
    return Watched(exchange, officer, officer, record_fetched=True)


def position_told(station: Station, letter: LetterId, recipient: OrgId = ONE) -> int | None:
    station.catch_up()
    kept = handling(station.view, letter, recipient)
    return kept.fetched if kept else None


def test_that_documents_are_here_is_said_once_even_by_a_station_that_died_meanwhile(
    exchange: TestExchange, ministry: Station
) -> None:
    letters = [exchange.send(ministry, "deputy", ONE, TWO, text=b"%d" % i) for i in range(3)]
    here = committees(exchange)
    assert here.round() == [Duty.FETCHED] * 3 + [Duty.FETCHED_SAID] * 3
    end = ministry.parts.ledger.end()
    assert [position_told(ministry, letter) for letter in letters] == [end - 3, end - 2, end - 1]
    assert [position_told(ministry, letter, TWO) for letter in letters] == [None] * 3
    assert [here.round(), here.round(), committees(exchange).round()] == [[], [], []]
    assert ministry.parts.ledger.end() == end


def test_nothing_is_said_unless_it_is_to_be(exchange: TestExchange, ministry: Station) -> None:
    letter = exchange.send(ministry, "deputy", ONE)
    assert Watched(exchange, "committees", "committees").round() == [Duty.FETCHED]
    assert position_told(ministry, letter) is None
    # Whoever is told to say it later says it of what came before, too.
    assert committees(exchange).round() == [Duty.FETCHED_SAID]
    assert position_told(ministry, letter) is not None


def test_nothing_is_said_before_the_last_document_is_here(exchange: TestExchange, ministry: Station, tmp_path: Path) -> None:
    letter = exchange.send(ministry, "deputy", ONE)
    shared, aside = tmp_path / "ledger.sqlite.documents", tmp_path / "aside"
    shared.rename(aside)
    here = committees(exchange)
    assert [here.round(), here.round()] == [[Duty.NOT_FETCHED], []]
    assert position_told(ministry, letter) is None
    for path in [path for path in aside.rglob("*") if path.is_file()]:
        target = shared / path.relative_to(aside)
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)
    assert here.round() == [Duty.FETCHED, Duty.FETCHED_SAID]


def test_that_another_station_said_it_first_is_success(exchange: TestExchange, ministry: Station) -> None:
    letter = exchange.send(ministry, "deputy", ONE)
    here, twin = committees(exchange), committees(exchange, "committees-2")
    # Both have prepared it before either has read the other's.
    said = fetched(here.station, exchange.signer("committees"), ONE, letter, ONE)
    assert twin.round() == [Duty.FETCHED, Duty.FETCHED_SAID]
    (outcome,) = here.station.submit([said])
    assert isinstance(outcome, Deposited)
    assert outcome.verdict.reason is Reason.ALREADY_FETCHED
    assert here.round() == [Duty.FETCHED]


def test_a_station_serves_everybody_in_whom_it_is_appointed_and_speaks_for_each(
    exchange: TestExchange, ministry: Station
) -> None:
    exchange.add_officer(ministry, "both", ONE, "station")
    signer = exchange.signer("both")
    exchange.add_officer(ministry, "both", TWO, "station")
    exchange.officers["both"] = signer
    letter = exchange.send(ministry, "deputy", ONE, TWO)
    here = committees(exchange, "both")
    assert here.round() == [Duty.FETCHED, Duty.FETCHED_SAID, Duty.FETCHED_SAID]
    assert position_told(ministry, letter, ONE) is not None
    assert position_told(ministry, letter, TWO) is not None


def test_what_the_queue_holds_when_the_ledger_is_cut_off_is_said_once_it_answers(
    exchange: TestExchange, ministry: Station
) -> None:
    letter = exchange.send(ministry, "deputy", ONE)
    here = committees(exchange)
    here.link.takes_nothing = True
    here.round()
    assert position_told(ministry, letter) is None
    assert len(here.station.parts.queue.unfinished()) == 1
    # The station died meanwhile: another process of it goes on with its queue.
    assert committees(exchange).round() == [Duty.SENT]
    assert position_told(ministry, letter) is not None
    assert committees(exchange).round() == []


def test_a_key_that_cannot_be_used_is_told_once_and_the_letters_are_said_when_it_can(
    exchange: TestExchange, ministry: Station
) -> None:
    letters = [exchange.send(ministry, "deputy", ONE, text=b"%d" % i) for i in range(2)]
    here = committees(exchange)
    (path,) = here.station.parts.keyring._opened
    token = OnToken(exchange.signer("committees").signer)
    here.station.parts.keyring._opened[path] = token
    token.is_out = True
    assert here.round() == [Duty.FETCHED, Duty.FETCHED, Duty.CANNOT_SIGN]
    here.duties._key_retry_at_s = 0.0
    assert here.round() == []
    token.is_out = False
    assert here.round() == []
    here.duties._key_retry_at_s = 0.0
    assert here.round() == [Duty.FETCHED_SAID] * 2
    assert all(position_told(ministry, letter) for letter in letters)


def test_nothing_is_said_under_rules_that_do_not_know_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(founding, "rules_for_new", lambda _: 2)
    exchange = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", now_ms=Clock())
    ministry = exchange.station("ministry")
    exchange.add_organisations(ministry, [ONE])
    exchange.add_officer(ministry, "deputy", "ministry", "signatory")
    exchange.add_officer(ministry, "committees", ONE, "station")
    exchange.send(ministry, "deputy", ONE)
    end, here = ministry.parts.ledger.end(), committees(exchange)
    assert [here.round(), here.round()] == [[Duty.FETCHED], []]
    assert ministry.parts.ledger.end() == end
    exchange.close()
