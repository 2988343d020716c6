"""Ratio 5: one caller who signs, submits and waits for the verdict, on one machine, by a plain event-sourced application."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Final
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate

from adapters.station import Station, Utterance
from adapters.submitting import Deposited
from benchmarks.benchmark import Bench, Benchmark, Figure, scratch, station_at
from benchmarks.generator import Correspondence, Shape, Stamped
from benchmarks.ledgers import kept
from benchmarks.pairing import CPU, Direction, Pair, alternated, repeated
from domain.catalogue import payload_type_of

COMMITTEES: Final = 20
PAIRS: Final = 24
SAID: Final = 4_000


class Said(Aggregate):
    """The same event unsigned, as the library's own documentation would keep it."""

    def __init__(self, event_type: str, content: str) -> None:
        """Hold what was said."""
        self.event_type = event_type
        self.content = content


def _embedded_submit(bench: Bench) -> Iterator[Pair]:
    del bench
    made = Correspondence(Shape(events=0, committees=COMMITTEES))
    directory = list(made.directory())
    said = list(itertools.islice(made.letters(), SAID))
    bodies = itertools.cycle([(payload_type_of(type(one.body)), made.codec.encode_body(one.body).hex()) for one in said])
    with scratch() as folder:
        ledger = kept(folder / "ledger.sqlite", iter(directory))
        application: Application[UUID] = Application(
            env={"PERSISTENCE_MODULE": "eventsourcing.sqlite", "SQLITE_DBNAME": str(folder / "plain.sqlite")}
        )
        with station_at(folder, f"sqlite:{ledger}", made.identity) as station:
            station.catch_up()
            waiting = iter(said)

            def saved() -> float:
                application.save(Said(*next(bodies)))
                return 1

            yield from alternated(
                lambda: repeated(lambda: _submitted(station, next(waiting)), CPU), lambda: repeated(saved, CPU), PAIRS
            )
        application.close()


def _submitted(station: Station, said: Stamped) -> float:
    utterance = Utterance(body=said.body, signers=said.signers, intention=said.body.header.event_id.hex())
    (outcome,) = station.submit((utterance,))
    if not isinstance(outcome, Deposited) or not outcome.verdict.is_accepted:
        msg = f"an event was not accepted: {outcome}"
        raise AssertionError(msg)
    return 1


EMBEDDED: Final = (
    Benchmark(
        figure=Figure(
            name="embedded_submit",
            what="signed submits/s to verdict by saves/s of a plain event-sourced application",
            goal=0.7,
            stretch=1.0,
            direction=Direction.HIGHER,
        ),
        pairs=_embedded_submit,
    ),
)
