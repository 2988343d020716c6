"""Ratios 3 and 4: submitting through a station on a broker, by the broker's client itself."""

from __future__ import annotations

import contextlib
import itertools
import secrets
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import kafka

from adapters.ledger_locations import create_ledger
from adapters.queue import Submission
from adapters.station import Station
from adapters.submitting import Deposited
from benchmarks.benchmark import Bench, Benchmark, Figure, scratch, station_at
from benchmarks.generator import Correspondence, Shape, Stamped
from benchmarks.pairing import WALL, Direction, Pair, Slice, alternated, timed
from benchmarks.replay import produce
from domain.catalogue import payload_type_of
from domain.ids import sha256
from domain.signatures import pae

COMMITTEES: Final = 20
SUBMITTED_AT_ONCE: Final = 200
"""As many as a station brings to the ledger, and has judged, in a slice."""
STREAM_PAIRS: Final = 20
LATENCY_PAIRS: Final = 20
LATENCIES: Final = 5
"""The slice of a latency is the median of so many."""


def _submission(codec: Any, said: Stamped) -> Submission:
    payload = codec.encode_body(said.body)
    return Submission(
        intention=said.body.header.event_id.hex(),
        identity=sha256(pae(payload_type_of(type(said.body)), payload)),
        act=said.body.TYPE,
        officer=said.body.header.officer,
        record=said.record,
        documents=(),
        queued_at=said.stored_at_ms,
    )


@contextlib.contextmanager
def _founded(bench: Bench, count: int) -> Iterator[tuple[Station, list[Submission], str]]:
    """Give a station that has read the directory of a ledger on the broker, so many signed events, and a bare topic."""
    made = Correspondence(Shape(events=0, committees=COMMITTEES))
    directory = list(made.directory())
    said = [_submission(made.codec, one) for one in itertools.islice(made.letters(), count)]
    topic, bare = (f"{name}-{secrets.token_hex(4)}" for name in ("stream", "bare"))
    for one in (topic, bare):
        create_ledger(f"kafka://{bench.broker}/{one}")
    produce(bench.broker, topic, [one.record for one in directory])
    with scratch() as home, station_at(home, f"kafka://{bench.broker}/{topic}", made.identity) as station:
        station.catch_up()
        yield station, said, bare


def _submitted(station: Station, submissions: Sequence[Submission]) -> int:
    outcomes = station.parts.submitter.submit(submissions)
    if not all(isinstance(outcome, Deposited) and outcome.verdict.is_accepted for outcome in outcomes):
        msg = "an event was not accepted: the generator says something that the rules do not allow"
        raise AssertionError(msg)
    return len(outcomes)


def _append_stream(bench: Bench) -> Iterator[Pair]:
    size = SUBMITTED_AT_ONCE
    with _founded(bench, (STREAM_PAIRS + 1) * size) as (station, said, bare):
        batches = [said[start : start + size] for start in range(0, len(said), size)]
        with contextlib.closing(_producer(bench.broker)) as producer:

            def produced(batch: Sequence[Submission]) -> int:
                futures = [producer.send(bare, one.record, partition=0) for one in batch]
                producer.flush()
                return sum(future.get(timeout=60) is not None for future in futures)

            # The first of each opens its connections.
            _submitted(station, batches[0])
            produced(batches[0])
            ours, raw = iter(batches[1:]), itertools.cycle(batches[1:])
            yield from alternated(
                lambda: timed(lambda: _submitted(station, next(ours)), WALL),
                lambda: timed(lambda: produced(next(raw)), WALL),
                STREAM_PAIRS,
            )


def _submit_latency(bench: Bench) -> Iterator[Pair]:
    count = (LATENCY_PAIRS + 1) * LATENCIES
    with _founded(bench, count) as (station, said, bare):
        partition = kafka.TopicPartition(bare, 0)
        consumer = kafka.KafkaConsumer(bootstrap_servers=bench.broker, group_id=None, enable_auto_commit=False)
        with contextlib.closing(_producer(bench.broker)) as producer, contextlib.closing(consumer):
            consumer.assign([partition])
            consumer.seek_to_beginning(partition)

            def produced_and_consumed(one: Submission) -> None:
                producer.send(bare, one.record, partition=0).get(timeout=60)
                while not consumer.poll(timeout_ms=1_000):
                    pass

            def submitted(one: Submission) -> None:
                _submitted(station, (one,))

            ours, raw = iter(said), itertools.cycle(said)
            for side, work in ((ours, submitted), (raw, produced_and_consumed)):
                _median(work, side)
            yield from alternated(lambda: _median(submitted, ours), lambda: _median(produced_and_consumed, raw), LATENCY_PAIRS)


def _median(work: Callable[[Submission], None], said: Iterator[Submission]) -> Slice:
    seconds = []
    for one in itertools.islice(said, LATENCIES):
        started = time.perf_counter()
        work(one)
        seconds.append(time.perf_counter() - started)
    return Slice(work=1, seconds=statistics.median(seconds))


def _producer(bootstrap: str) -> Any:
    return kafka.KafkaProducer(bootstrap_servers=bootstrap, acks="all", linger_ms=0, compression_type=None)


STREAMS: Final = (
    Benchmark(
        figure=Figure(
            name="append_stream",
            what="events/s submitted and judged by those of raw produce",
            goal=0.30,
            stretch=0.36,
            direction=Direction.HIGHER,
        ),
        pairs=_append_stream,
        needs_kafka=True,
    ),
    Benchmark(
        figure=Figure(
            name="submit_latency",
            what="p50 of submit to verdict by that of raw produce and consume",
            goal=2.0,
            stretch=1.3,
            direction=Direction.LOWER,
        ),
        pairs=_submit_latency,
        needs_kafka=True,
    ),
)
