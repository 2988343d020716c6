"""Several processes use one home at the same time, a running station and commands: they never disagree, and nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Final

import pytest

from adapters.correspondence import acknowledged, recalled
from adapters.station import Station, Utterance
from adapters.submitting import Deposited
from cli.wiring import StationPlan, build_station
from domain.catalogue import payload_type_of
from domain.consignments import ConsignmentState, effective
from domain.ids import LetterId, OrgId, sha256
from domain.letters import letter
from domain.reasons import Reason
from domain.signatures import pae
from projections.projector import Projector
from tests.exchanges import MINISTRY, TestExchange, accepted, tell
from tests.submitting_process import context

COMMITTEE: Final = OrgId("mfy-001")
HOME: Final = "home"
LETTERS: Final = 12


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    station = made.station(HOME)
    made.add_organisations(station, [COMMITTEE])
    made.add_officer(station, "deputy", "ministry", "signatory")
    made.add_officer(station, "secretary", COMMITTEE, "clerk")
    yield made
    made.close()


def plan_of(exchange: TestExchange) -> StationPlan:
    """Return the plan of the one home of these tests."""
    return StationPlan(
        home=exchange.folder / HOME,
        location=exchange.location,
        identity=exchange.identity,
        station=None,
        store_url=f"sqlite:///{exchange.folder / HOME / 'store.sqlite'}",
        passphrase=_nobody,
        now_ms=exchange.now_ms,
    )


def _nobody(officer: str) -> bytes:
    raise AssertionError(officer)


def run_station(plan: StationPlan, enough: Event) -> None:
    """Follow, send what waits and keep the views, as a running station does, until it is enough."""
    station = build_station(plan)
    store = station.parts.store
    views = Projector(f"sqlite:///{plan.home / 'views.sqlite'}", store, station.parts.codec, station.view)
    while not enough.is_set():
        station.catch_up()
        station.parts.submitter.send(wait_s=0.5)
        views.catch_up()
    views.catch_up()
    views.close()
    station.close()


def receipt(exchange: TestExchange, station: Station, letter: LetterId) -> Utterance:
    """Return the committee's receipt of a letter."""
    return acknowledged(station, exchange.signer("secretary"), COMMITTEE, letter, COMMITTEE)


def correspond(exchange: TestExchange, count: int) -> list[LetterId]:
    """Send letters and acknowledge each, every time in a process's own view of the shared home."""
    station = build_station(plan_of(exchange))
    letters = []
    for _ in range(count):
        station.catch_up()
        letters.append(exchange.send(station, "deputy", COMMITTEE))
        tell(station, [receipt(exchange, station, letters[-1])])
    station.close()
    return letters


def test_a_running_station_and_commands_in_one_home_conclude_what_a_clean_replay_does(exchange: TestExchange) -> None:
    enough = context().Event()
    runner = context().Process(target=run_station, args=(plan_of(exchange), enough))
    runner.start()
    with ThreadPoolExecutor(max_workers=2) as pool:
        letters = [one for sent in pool.map(partial(correspond, exchange), [LETTERS, LETTERS]) for one in sent]
    enough.set()
    runner.join(60)
    assert runner.exitcode == 0

    here, replay = exchange.station(HOME), exchange.station("replay")
    assert here.parts.store.canonical_dump() == replay.parts.store.canonical_dump()
    assert here.parts.queue.unfinished() == ()
    reasons = Counter(entry.verdict.reason for entry in replay.parts.store.each_entry())
    # What two processes found waiting at once, both sent; the second copy changes nothing.
    assert set(reasons) <= {Reason.ACCEPTED, Reason.DUPLICATE}
    assert {effective(replay.view, one, COMMITTEE) for one in letters} == {ConsignmentState.ACKNOWLEDGED}
    serials = [entry.verdict.number.serial for entry in replay.parts.store.each_entry() if entry.verdict.number]
    assert Counter(serials) == Counter([*range(1, 2 * LETTERS + 1)] * 2)
    shown = [
        Projector(url, station.parts.store, station.parts.codec, station.view)
        for url, station in ((f"sqlite:///{exchange.folder / HOME / 'views.sqlite'}", here), ("sqlite://", replay))
    ]
    for views in shown:
        views.catch_up()
    assert shown[0].canonical_dump() == shown[1].canonical_dump()
    for views in shown:
        views.close()


def test_a_process_forgets_what_it_knew_when_another_has_written_the_store(exchange: TestExchange) -> None:
    """Both know the letter as open; one stores the receipt; the other judges the recall upon it."""
    first, second = build_station(plan_of(exchange)), build_station(plan_of(exchange))
    letter = exchange.send(first, "deputy", COMMITTEE)
    second.catch_up()
    for station in (first, second):
        assert effective(station.view, letter, COMMITTEE) is ConsignmentState.OPEN
    tell(first, [receipt(exchange, first, letter)])
    recall = recalled(second, exchange.signer("deputy"), MINISTRY, letter, reason="WRONG_TEXT")
    (outcome,) = second.submit([recall])
    accepted(outcome)
    for station in (first, second):
        station.catch_up()
        assert effective(station.view, letter, COMMITTEE) is ConsignmentState.RECALL_ASKED
    replay = exchange.station("replay")
    assert first.parts.store.canonical_dump() == replay.parts.store.canonical_dump()
    first.close()
    second.close()


def test_views_are_not_made_of_what_was_cached_before_another_process_wrote_the_store(exchange: TestExchange) -> None:
    first, second = build_station(plan_of(exchange)), build_station(plan_of(exchange))
    first.catch_up()
    said = exchange.letter(second, "deputy", COMMITTEE)
    message = pae(payload_type_of(type(said.body)), exchange.codec.encode_body(said.body))
    assert letter(first.view, LetterId(sha256(message))) is None, "cached: there is no such letter yet"
    tell(second, [said])
    replay = exchange.station("replay")
    shown = [Projector("sqlite://", one.parts.store, one.parts.codec, one.view) for one in (first, replay)]
    for views in shown:
        views.catch_up()
    assert shown[0].canonical_dump() == shown[1].canonical_dump()
    for views in shown:
        views.close()
    first.close()
    second.close()


def test_two_processes_of_a_home_judge_by_turns_what_one_of_them_begins(exchange: TestExchange) -> None:
    stations = [build_station(plan_of(exchange)) for _ in range(2)]
    letters = []
    for turn in range(6):
        here, there = stations[turn % 2], stations[1 - turn % 2]
        letters.append(exchange.send(here, "deputy", COMMITTEE))
        there.catch_up()
        tell(there, [receipt(exchange, there, letters[-1])])
        (again,) = here.submit([receipt(exchange, here, letters[-1])])
        assert isinstance(again, Deposited)
        assert again.verdict.is_accepted, "what the other process of this home has said is not said twice"
    replay = exchange.station("replay")
    for station in stations:
        station.catch_up()
        size = replay.parts.store.next_position()
        assert station.parts.store.roots_at(size) == replay.parts.store.roots_at(size)
        station.close()
