"""Ratios 1 and 2: replaying a ledger into an empty store, by verifying its signatures and doing nothing else."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Sequence
from typing import Final

import kafka
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from adapters.follower import BATCH_LIMIT
from adapters.ledger_locations import create_ledger
from adapters.station import Station
from benchmarks.benchmark import Bench, Benchmark, Figure, scratch, station_at
from benchmarks.ledgers import generated_ledger, records_of
from benchmarks.pairing import WALL, Direction, Pair, Slice, alternated, timed
from domain.certificates import parse_certificate
from domain.events import KeyEnrolled, LedgerOpened
from domain.ids import Digest, sha256
from domain.signatures import pae
from schemas.codec import LedgerCodec

Verification = tuple[ec.EllipticCurvePublicKey, bytes, bytes]
LEDGER_OPTIONS: Final = {"acks": "all", "linger_ms": 5}


def verifications(records: Sequence[bytes]) -> list[list[Verification]]:
    """Return for each record of a ledger the keys, signatures and messages of its verification, ready to be verified."""
    codec, keys, made = LedgerCodec(), dict[Digest, ec.EllipticCurvePublicKey](), list[list[Verification]]()
    for record in records:
        event = codec.envelope(record)
        body = codec.body(event.payload_type, event.payload)
        if isinstance(body, LedgerOpened):
            keys.update((sha256(root), _public_key(root)) for root in body.roots)
            keys[sha256(body.registrar.certificate)] = _key_of(body.registrar.certificate)
        elif isinstance(body, KeyEnrolled):
            keys[sha256(body.certificate)] = _key_of(body.certificate)
        message = pae(event.payload_type, event.payload)
        signers = zip(body.header.signers, event.signatures, strict=True)
        made.append([(keys[signer], value.signature, message) for signer, value in signers])
    return made


def replayed(station: Station, records: Sequence[bytes]) -> Iterator[Pair]:
    """Yield pairs: a batch that a station replays, and the bare verification of the same signatures."""
    ready = verifications(records)
    algorithm = ec.ECDSA(SHA256())

    def replay() -> float:
        before = station.parts.store.next_position()
        return station.parts.follower.catch_up(until=min(len(records), before + BATCH_LIMIT)) - before

    def verify(start: int) -> Callable[[], float]:
        chosen = ready[start : start + BATCH_LIMIT]

        def work() -> float:
            for one in chosen:
                for key, signature, message in one:
                    key.verify(signature, message, algorithm)
            return len(chosen)

        return work

    starts = iter(range(0, len(records), BATCH_LIMIT))

    def ours() -> Slice:
        return timed(replay, WALL)

    def bare() -> Slice:
        return timed(verify(next(starts)), WALL)

    yield from alternated(ours, bare, len(records) // BATCH_LIMIT)


def _replay_verified(bench: Bench) -> Iterator[Pair]:
    path = generated_ledger(bench.shape)
    with scratch() as home, station_at(home, f"sqlite:{path}") as station:
        yield from replayed(station, records_of(generated_ledger(bench.shape)))


def _replay_kafka(bench: Bench) -> Iterator[Pair]:
    records = records_of(generated_ledger(bench.shape))
    topic = f"replay-{secrets.token_hex(4)}"
    location = f"kafka://{bench.broker}/{topic}"
    create_ledger(location)
    produce(bench.broker, topic, records)
    with scratch() as home, station_at(home, location) as station:
        yield from replayed(station, records)


def produce(bootstrap: str, topic: str, records: Sequence[bytes]) -> None:
    """Append records to a topic by the client itself, and wait until all are there."""
    with contextlib.closing(kafka.KafkaProducer(bootstrap_servers=bootstrap, **LEDGER_OPTIONS)) as producer:
        futures = [producer.send(topic, record, partition=0) for record in records]
        producer.flush()
        for future in futures:
            future.get(timeout=60)


def _key_of(certificate: bytes) -> ec.EllipticCurvePublicKey:
    return _public_key(parse_certificate(certificate).spki)


def _public_key(spki: bytes) -> ec.EllipticCurvePublicKey:
    key = load_der_public_key(spki)
    if not isinstance(key, ec.EllipticCurvePublicKey):
        msg = "the generator makes P-256 keys only"
        raise TypeError(msg)
    return key


REPLAYS: Final = (
    Benchmark(
        figure=Figure(
            name="replay_verified",
            what="events/s of a full replay by those of a bare verify loop",
            goal=0.75,
            stretch=1.0,
            direction=Direction.HIGHER,
        ),
        pairs=_replay_verified,
    ),
    Benchmark(
        figure=Figure(
            name="replay_kafka",
            what="the same, read from a broker",
            goal=0.70,
            stretch=0.95,
            direction=Direction.HIGHER,
        ),
        pairs=_replay_kafka,
        needs_kafka=True,
    ),
)
