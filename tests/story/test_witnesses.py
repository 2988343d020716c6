"""An operator and two witnesses as processes of their own: stations see what is witnessed, and a second history is not."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from adapters.checkpoint_keys import draw_checkpoint_key, write_checkpoint_key
from adapters.key_encryption import Stretching
from cli.settings import write_settings
from cli.wiring import checkpoint_keys_folder
from tests.exchanges import TestExchange
from tests.homes import PASSPHRASE, Home, home_of
from tests.source_tree import ROOT

PATIENCE_S: Final = 90.0


class RunningWitness:
    """A process of `ortoo witness run`, and the events that it logs."""

    def __init__(self, home: Home, listen: str = "0") -> None:
        self.home = home
        self.log = home.folder.parent / f"{home.folder.name}-{os.urandom(4).hex()}.log"
        variables = {**os.environ, "ORTOO_HOME": str(home.folder), "ORTOO_PASSPHRASE": PASSPHRASE}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "witness", "run", "--listen", listen],
                env=variables,
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=ROOT,
                text=True,
            )

    def events(self, name: str) -> list[dict[str, Any]]:
        """Return what was logged under a name; every whole line is an event."""
        lines = [json.loads(line) for line in self.log.read_text("utf-8").split("\n")[:-1]]
        return [one for one in lines if one["event"] == name]

    @property
    def address(self) -> str:
        """Where it answers, as soon as it does."""
        deadline = time.monotonic() + PATIENCE_S
        while not self.events("serving"):
            assert self.process.poll() is None, self.log.read_text("utf-8")
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.05)
        return str(self.events("serving")[0]["address"])

    def end(self) -> str:
        """Tell it to stop, and return what it answers."""
        self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=PATIENCE_S)
        return out

    def kill(self) -> None:
        """End it outright."""
        if self.process.stdout and not self.process.stdout.closed:
            self.process.kill()
            self.process.communicate()


@pytest.fixture
def start() -> Iterator[Callable[..., RunningWitness]]:
    """Return what starts a witness, which ends with the test."""
    with contextlib.ExitStack() as stack:

        def begin(home: Home, listen: str = "0") -> RunningWitness:
            running = RunningWitness(home, listen)
            stack.callback(running.kill)
            return running

        yield begin


@pytest.fixture
def exchange(tmp_path: Path) -> Iterator[TestExchange]:
    key = draw_checkpoint_key()
    made = TestExchange(tmp_path, f"sqlite:{tmp_path / 'ledger.sqlite'}", checkpoint_keys=(key.public,))
    made.add_officer(made.station("ministry"), "robot", "ministry", "station")
    home = home_of(made, "operator", "robot", station="robot")
    write_checkpoint_key(checkpoint_keys_folder(home.folder), key, PASSPHRASE.encode(), Stretching.MACHINE)
    yield made
    made.close()


@pytest.fixture
def operator(exchange: TestExchange) -> Home:
    return Home(folder=exchange.folder / "operator")


@pytest.fixture
def witnesses(exchange: TestExchange, operator: Home) -> tuple[Home, Home]:
    """Return two witnesses that watch the ledger; the operator's home and another station's know their keys."""
    entry = operator.done("witness", "log-entry").out
    homes, keys = [], []
    for name in ("one", "two"):
        home = Home(folder=exchange.folder / f"witness-{name}")
        keys.append(home.done("witness", "make-key", f"witness.example/{name}", "--json").data["verifier_key"])
        with (home.folder / "witness.toml").open("a", encoding="utf-8") as file:
            file.write(entry)
        homes.append(home)
    reader = home_of(exchange, "reader")
    for home in (operator, reader):
        write_settings(home.folder, {"witness_keys": " ".join(keys), "witness_quorum": 2})
    return homes[0], homes[1]


def sign(operator: Home, *running: RunningWitness | str) -> dict[str, Any]:
    """Let the operator sign and ask these witnesses."""
    urls = [one if isinstance(one, str) else f"http://{one.address}" for one in running]
    write_settings(operator.folder, {"witnesses": " ".join(urls)})
    answer: dict[str, Any] = operator.done("checkpoint", "sign", "--json").data
    return answer


def witnessed(exchange: TestExchange) -> int:
    """Return how far another station sees the ledger witnessed."""
    size: int = Home(folder=exchange.folder / "reader").done("checkpoint", "show", "--json").data["witnessed_size"]
    return size


@pytest.mark.slow
def test_a_station_sees_what_two_witnesses_cosigned_and_a_killed_one_goes_on_where_it_was(
    exchange: TestExchange, operator: Home, witnesses: tuple[Home, Home], start: Callable[..., RunningWitness]
) -> None:
    station = exchange.station("ministry")
    one, two = start(witnesses[0]), start(witnesses[1])
    answer = sign(operator, one, two)
    first = station.parts.ledger.end()
    assert (answer["witnessed_size"], answer["missing_witnesses"]) == (first, [])
    assert witnessed(exchange) == first
    assert [event["tree_size"] for event in one.events("cosigned")] == [first, first]

    two.kill()
    gone = f"http://{two.address}"
    exchange.add_organisations(station, ["mfy-001"])
    answer = sign(operator, one, gone)
    second = station.parts.ledger.end()
    assert answer["witnessed_size"] == witnessed(exchange) == first
    assert [problem["witness"] for problem in answer["missing_witnesses"]] == [gone]

    again = start(witnesses[1])
    answer = sign(operator, one, again)
    assert (answer["witnessed_size"], answer["missing_witnesses"]) == (second, [])
    assert witnessed(exchange) == second
    assert "Cosigned while it ran: 2" in again.end()
    assert again.process.returncode == 0
    logs = witnesses[1].done("witness", "show", "--json").data["logs"]
    assert [log["tree_size"] for log in logs] == [second, second]


@pytest.mark.slow
def test_an_operator_who_forks_gets_no_quorum_for_his_second_history(
    exchange: TestExchange, operator: Home, witnesses: tuple[Home, Home], start: Callable[..., RunningWitness]
) -> None:
    station = exchange.station("ministry")
    # Both histories begin alike; the operator has a copy of everything.
    station.close()
    shutil.copytree(exchange.folder, exchange.folder.parent / "aside", ignore=shutil.ignore_patterns("witness-*", "*.log"))
    exchange.add_organisations(exchange.station("ministry"), ["mfy-001"])
    one, two = start(witnesses[0]), start(witnesses[1])
    honest = sign(operator, one, two)
    assert honest["missing_witnesses"] == []

    aside = exchange.folder.parent / "aside"
    for file in ("ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "ledger.sqlite.checkpoints"):
        (exchange.folder / file).unlink(missing_ok=True)
        if (aside / file).exists():
            shutil.copy(aside / file, exchange.folder / file)
    shutil.rmtree(operator.folder)
    shutil.copytree(aside / "operator", operator.folder)
    shutil.rmtree(exchange.folder / "ministry")
    write_settings(operator.folder, {"witness_quorum": 2})
    exchange.add_organisations(exchange.station("ministry"), ["mfy-666"])
    forked = sign(operator, one, two)
    assert len(forked["missing_witnesses"]) == 2
    assert all("somebody else signs" in problem["why"] for problem in forked["missing_witnesses"])
    assert forked["witnessed_size"] == 0
    for home in witnesses:
        forks = home.done("witness", "show", "--json").data["forks"]
        proven = [home.done("audit", "fork", fork, "--json").data["origin"] for fork in forks]
        assert {origin.endswith("/verdicts") for origin in proven} == {True, False}
    assert one.events("forked")
