"""Stations as long-lived processes: two on one store, killed and told to stop, asked by monitors, without their database."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from adapters.station import Station
from cli.settings import write_settings
from domain.letters import tally
from tests.contract.test_postgres_outage import stopped
from tests.exchanges import TestExchange
from tests.homes import PASSPHRASE, Home, home_of
from tests.postgres_server import PostgresServer
from tests.source_tree import ROOT

PATIENCE_S = 90.0
SECRET = "Tr0ub4dor"


class Running:
    """A process of `ortoo station run`, and the events that it logs."""

    def __init__(self, home: Home, *words: str) -> None:
        self.log = home.folder.parent / f"{home.folder.name}-{os.urandom(4).hex()}.log"
        variables = {**os.environ, "ORTOO_HOME": str(home.folder), "ORTOO_PASSPHRASE": PASSPHRASE}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "station", "run", *words],
                env=variables,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                text=True,
            )

    def events(self) -> list[dict[str, Any]]:
        """Return everything that was logged so far; every whole line is an event."""
        lines = self.log.read_text("utf-8").split("\n")
        return [json.loads(line) for line in lines[:-1]]

    def event(self, name: str, number: int = 1) -> dict[str, Any]:
        """Wait for an event that is logged the so-many-th time, and return it."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            found = [event for event in self.events() if event["event"] == name]
            if len(found) >= number:
                return found[number - 1]
            assert self.process.poll() is None, f"it has ended: {self.log.read_text('utf-8')}"
            assert time.monotonic() < deadline, f"no {name} in {self.log.read_text('utf-8')}"
            time.sleep(0.05)

    def health(self) -> tuple[int, dict[str, Any]]:
        """Ask whether it works on."""
        url = f"http://{self.event('serving')['address']}/health"
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def until_healthy(self, doing: str) -> dict[str, Any]:
        """Wait until it is at something that is as it should be, and return what it says of itself."""
        wait_until(lambda: self.health()[1]["doing"] == doing)
        status, answer = self.health()
        assert status == 200
        return answer

    def end(self, told: signal.Signals = signal.SIGTERM) -> str:
        """Tell it to stop, and return what it answers."""
        self.process.send_signal(told)
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        return out

    def kill(self) -> None:
        """End it outright."""
        if self.process.stdout and not self.process.stdout.closed:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    """Return what starts a station, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def begin(home: Home, *words: str) -> Running:
            running = Running(home, *words)
            stack.callback(running.kill)
            return running

        yield begin


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}")
    ministry = made.station("ministry")
    made.add_organisations(ministry, ["mfy-001"])
    made.add_officer(ministry, "deputy", "ministry", "signatory")
    made.add_officer(ministry, "robot", "ministry", "station")
    yield made
    made.close()


@pytest.fixture
def ministry(exchange: TestExchange) -> Station:
    return exchange.station("ministry")


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.1)


def is_missed(ministry: Station, letter: Any) -> bool:
    ministry.catch_up()
    return tally(ministry.view, letter).missed is not None


def two_homes(request: pytest.FixtureRequest, exchange: TestExchange, kind: str) -> tuple[Home, Home]:
    """Return homes of one station whose store is one: the same home twice, or two with one database."""
    one = home_of(exchange, "one", "robot", station="robot")
    if kind == "sqlite":
        return one, one
    other = home_of(exchange, "other", "robot", station="robot")
    url = request.getfixturevalue("postgres_url")
    for home in (one, other):
        write_settings(home.folder, {"store_url": url})
    return one, other


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_of_two_one_works_and_the_other_takes_over_when_that_one_is_killed(
    request: pytest.FixtureRequest,
    exchange: TestExchange,
    ministry: Station,
    start: Callable[..., Running],
    kind: str,
) -> None:
    homes = two_homes(request, exchange, kind)
    first = start(homes[0], "--metrics", "0")
    first.event("lease_taken")
    second = start(homes[1], "--metrics", "0")
    waits = second.event("standing_by")
    assert waits["process"] == first.process.pid
    assert second.until_healthy("standing_by")["behind"] is None
    assert first.until_healthy("working")["behind"] == 0
    assert homes[1].done("station", "status", "--json").data["lease"]["process"] == first.process.pid
    # Commands follow and read beside both.
    assert homes[0].done("history", "--json").data["position"] == ministry.parts.store.next_position() - 1

    letter = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by="+2s")
    wait_until(lambda: is_missed(ministry, letter))
    first.kill()
    second.event("lease_taken")
    another = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by="+2s")
    wait_until(lambda: is_missed(ministry, another))
    second.event("missed")
    end = ministry.parts.ledger.end()
    wait_until(lambda: second.health()[1]["position"] == end - 1)
    assert f"read up to position {end - 1}" in second.end()
    assert second.process.returncode == 0
    # Each term was said to have passed once, and what both have written is what a third reads.
    assert [one["event"] for one in second.events()].count("missed") == 1
    reasons = homes[0].done("history", "--rejected", "--json").data
    assert reasons["lines"] == []
    assert homes[0].done("station", "status", "--json").data["record_root"] == ministry.parts.store.roots_at(end)[0].hex()
    status = homes[1].done("station", "status", "--json").data
    assert (status["lease"], [one["code"] for one in status["problems"]]) == (None, ["not_running"])


@pytest.mark.slow
def test_a_database_that_is_gone_for_a_while_is_waited_for(
    own_postgres: PostgresServer, exchange: TestExchange, ministry: Station, start: Callable[..., Running]
) -> None:
    own_postgres.run_sql(f"CREATE ROLE robot LOGIN SUPERUSER PASSWORD '{SECRET}'")
    url = own_postgres.url_with_password(own_postgres.new_database(), "robot", SECRET)
    home = home_of(exchange, "one", "robot", station="robot")
    write_settings(home.folder, {"store_url": url})
    running = start(home, "--metrics", "0")
    running.until_healthy("working")
    with stopped(own_postgres):
        assert running.event("store_unreachable")["code"] in {"STORE_UNREACHABLE", "VIEWS_UNREACHABLE"}
        status, answer = running.health()
        assert (status, answer["doing"]) == (503, "store_unreachable")
        letter = exchange.send(ministry, "deputy", "mfy-001", acknowledge_by="+1s")
    running.event("store_reachable")
    wait_until(lambda: is_missed(ministry, letter))
    running.end()
    assert running.process.returncode == 0
    assert SECRET not in running.log.read_text("utf-8")


@pytest.mark.slow
@pytest.mark.parametrize(("file", "code"), [("store.sqlite", "STORE_GONE"), ("queue.sqlite", "QUEUE_GONE")])
def test_a_database_whose_file_was_deleted_ends_the_station_and_the_next_makes_it_anew(
    exchange: TestExchange, ministry: Station, start: Callable[..., Running], file: str, code: str
) -> None:
    home = home_of(exchange, "one", "robot", station="robot")
    running = start(home, "--metrics", "0")
    running.until_healthy("working")
    for path in home.folder.glob(f"{file}*"):
        path.unlink()
    running.process.communicate(timeout=PATIENCE_S)
    assert running.process.returncode == 6
    *_, stopped_, note = running.events()
    assert (stopped_["event"], stopped_["level"], stopped_["code"]) == ("stopped", "error", code)
    assert f"{home.folder / file} was deleted" in note["message"]
    assert home.done("station", "run", "--once", "--json").data == {"position": ministry.parts.store.next_position() - 1}


@pytest.mark.slow
def test_monitors_are_told_of_an_outage_and_of_verdicts(
    exchange: TestExchange, ministry: Station, start: Callable[..., Running]
) -> None:
    home = home_of(exchange, "one", "robot", station="robot")
    write_settings(home.folder, {"metrics_address": "127.0.0.1:0"})
    running = start(home)
    end = running.until_healthy("working")["position"] + 1
    exchange.send(ministry, "deputy", "mfy-001")
    wait_until(lambda: running.health()[1]["position"] == end)
    with urllib.request.urlopen(f"http://{running.event('serving')['address']}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    assert f"ortoo_position {end:.1f}" in lines
    assert f'ortoo_verdicts_total{{reason="ACCEPTED"}} {end + 1:.1f}' in lines
    assert any(line.startswith("ortoo_batch_seconds_count") and not line.endswith(" 0.0") for line in lines)
    assert running.end(signal.SIGINT)
    (exchange.folder / "ledger.sqlite").rename(exchange.folder / "aside")
    gone = start(home)
    gone.process.communicate(timeout=PATIENCE_S)
    assert gone.process.returncode == 6
    assert gone.events()[-2]["code"] == "LEDGER_MISSING"


def test_an_address_that_cannot_be_listened_on_is_a_mistake_of_usage(
    exchange: TestExchange, start: Callable[..., Running]
) -> None:
    home = home_of(exchange, "one", "robot", station="robot")
    running = start(home, "--metrics", "no such port")
    running.process.communicate(timeout=PATIENCE_S)
    assert running.process.returncode == 2
    assert "names no port" in running.log.read_text("utf-8")
