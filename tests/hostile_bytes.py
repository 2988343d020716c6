"""Hostile records that are none, or none of this ledger's events: what fails the first two steps of the judge."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from domain.catalogue import payload_type_of
from domain.events import OrganisationRegistered, RecallAccepted, ReceiptAcknowledged
from domain.header import RECORD_LIMIT_BYTES, SignedEvent
from domain.ids import OrgId
from domain.reasons import Reason
from schemas.codec import ENVELOPE, PREFIX_SIZE_BYTES, Schema
from tests.battle import Battle, gets, payload_of, signed_payload
from tests.fixed_exchange import NOT_AFTER_MS, REGISTRAR, FixedExchange, Said, addressee, document, entry, local_name

Records = Iterator[bytes | None]
FAR_MS: Final = 4_102_444_800_000
"""The first millisecond that no time of an event reaches (formats.md, "Canonical Avro")."""
EVERY: Final = 9
"""Signed bodies are cut at every so many bytes; each cut costs a signature."""
HUGE: Final = (2**31, 2**40, 2**62)
LEVELS: Final = 60


def varint(number: int) -> bytes:
    """Return a number as Avro writes it: zig-zag, seven bits a byte, the lowest first."""
    zigzag, out = (number << 1) ^ (number >> 63), bytearray()
    zigzag &= 2**64 - 1
    while zigzag > 0x7F:
        out.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*out, zigzag])


def padded(number: int, size: int) -> bytes:
    """Return a number as a varint of more bytes than it needs."""
    raw = varint(number)
    return bytes(byte | 0x80 for byte in raw) + b"\x80" * (size - len(raw) - 1) + b"\x00"


def noise(size: int, seed: str = "noise") -> bytes:
    """Return bytes without any sense, the same each time."""
    return hashlib.shake_128(seed.encode()).digest(size)


def letter(battle: Battle) -> bytes:
    """Return the record of a letter that would be accepted."""
    return battle.exchange.record(battle.exchange.letter("deputy"))


def envelope(battle: Battle, length: bytes | None = None, count: bytes = varint(1), end: bytes = b"\x00") -> bytes:
    """Return a letter's envelope with other bytes in the place of a length, of the count of signatures, or of their end."""
    event = battle.exchange.event(battle.exchange.letter("deputy"))
    (value,) = event.signatures
    prefix = battle.exchange.codec.encode_envelope(event)[:PREFIX_SIZE_BYTES]
    kind, algorithm = event.payload_type.encode(), value.algorithm.encode()
    head = (varint(len(kind)) if length is None else length) + kind + varint(len(event.payload)) + event.payload
    signature = varint(len(algorithm)) + algorithm + varint(len(value.signature)) + value.signature
    return prefix + head + count + signature + end


def unlimited(exchange: FixedExchange, said: Said) -> bytes:
    """Return a record whose body is plain Avro with fields outside their limits, rightly signed."""
    schema: Any = exchange.codec._bodies[payload_type_of(type(said.body))]
    payload = schema._write(schema._compiled.dump(said.body))
    return signed_payload(exchange, payload_type_of(type(said.body)), payload, said.signers[0].officer)


@gets(Reason.MALFORMED)
def garbage(_: Battle) -> Records:
    yield b"garbage put straight into the ledger"
    yield from (noise(size, f"garbage {size}") for size in (1, 2, 9, 10, 11, 100, 1_000, 10_000))


@gets(Reason.MALFORMED)
def no_bytes_at_all(_: Battle) -> Records:
    yield b""


@gets(Reason.NO_RECORD)
def an_empty_slot(battle: Battle) -> Records:
    battle.strike(b"given up", Reason.MALFORMED)
    yield None


@gets(Reason.MALFORMED)
def cut_at_every_byte(battle: Battle) -> Records:
    record = letter(battle)
    yield from (record[:end] for end in range(1, len(record)))


@gets(Reason.MALFORMED)
def bytes_after_the_end(battle: Battle) -> Records:
    record = letter(battle)
    yield from (record + more for more in (b"\x00", b"\x01", b"\xff" * 16, record, noise(1_000)))


@gets(Reason.MALFORMED)
def another_marker_or_schema_of_the_envelope(battle: Battle) -> Records:
    record = letter(battle)
    yield from (marker + record[2:] for marker in (b"\xc3\x00", b"\xc3\x02", b"\x01\xc3", b"Obj\x01"))
    yield record[:2] + record[2:PREFIX_SIZE_BYTES][::-1] + record[PREFIX_SIZE_BYTES:]
    yield record[PREFIX_SIZE_BYTES:]


@gets(Reason.MALFORMED)
def over_long_lengths(battle: Battle) -> Records:
    size = len(payload_of(battle.exchange, battle.exchange.letter("deputy"))[0])
    yield from (envelope(battle, padded(size, length)) for length in (3, 5, 9, 10, 11, 200))
    yield from (envelope(battle, count=padded(1, length)) for length in (2, 5, 10))
    yield from (envelope(battle, end=padded(0, length)) for length in (2, 10, 11))
    yield envelope(battle, varint(size) + b"\x80" * 30_000)


@gets(Reason.MALFORMED)
def negative_lengths(battle: Battle) -> Records:
    yield from (envelope(battle, varint(size)) for size in (-1, -2, -(2**31), -(2**62), -(2**63)))


@gets(Reason.MALFORMED)
def lengths_beyond_the_end(battle: Battle) -> Records:
    yield from (envelope(battle, varint(size)) for size in (10**4, 2**31 - 1, *HUGE, 2**63 - 1))


@gets(Reason.MALFORMED)
def counts_of_what_is_not_there(battle: Battle) -> Records:
    yield from (envelope(battle, count=varint(count)) for count in (0, 2, 8, 10**4, *HUGE, 2**63 - 1, -(2**63)))


@gets(Reason.MALFORMED)
def blocks_that_avro_allows_and_this_ledger_does_not(battle: Battle) -> Records:
    # A signature with its algorithm has some 90 bytes: one of these sizes is right.
    yield from (envelope(battle, count=varint(-1) + varint(size)) for size in (0, 1, *range(80, 100), -1, 2**62))
    yield envelope(battle, end=b"\x00" * 2)
    yield envelope(battle, count=varint(0) + varint(1))
    yield envelope(battle, end=varint(1) + varint(4) + b"none" + varint(1) + b"\x00" + b"\x00")


@gets(Reason.MALFORMED)
def a_thousand_blocks(battle: Battle) -> Records:
    one = varint(1) + varint(4) + b"none" + varint(1) + b"\x00"
    yield envelope(battle, end=one * 1_000 + b"\x00")
    yield envelope(battle, end=one * (60_000 // len(one)) + b"\x00")


@gets(Reason.MALFORMED)
def a_name_of_a_type_that_is_none(battle: Battle) -> Records:
    _, payload = payload_of(battle.exchange, battle.exchange.letter("deputy"))
    good = battle.exchange.event(battle.exchange.letter("deputy"))
    schema: Any = Schema(ENVELOPE, SignedEvent)
    for kind in (
        "",
        "letter.dispatched",
        "application/json",
        "application/vnd.ortoo.Ё.v1+avro",
        "application/vnd.ortoo.a\0.v1+avro",
    ):
        yield schema._write(schema._compiled.dump(replace(good, payload_type=kind, payload=payload)))
    record, name = battle.exchange.codec.encode_envelope(good), good.payload_type.encode()
    yield from (record.replace(name, bad + name[len(bad) :]) for bad in (b"\xff\xfe", b"\xed\xa0\x80", b"\xc0\xaf"))


@gets(Reason.MALFORMED)
def signed_bodies_cut_short(battle: Battle) -> Records:
    kind, payload = payload_of(battle.exchange, battle.exchange.letter("deputy"))
    yield from (signed_payload(battle.exchange, kind, payload[:end]) for end in range(1, len(payload), EVERY))


@gets(Reason.MALFORMED)
def signed_bodies_that_are_not_canonical(battle: Battle) -> Records:
    kind, payload = payload_of(battle.exchange, battle.exchange.letter("deputy"))
    yield from (signed_payload(battle.exchange, kind, payload + more) for more in (b"\x00", b"\x02", payload, noise(10_000)))
    organisation = b"\x10ministry"
    assert organisation in payload
    for size in (padded(8, 2), padded(8, 10), padded(8, 11), varint(-8), varint(2**62), varint(-(2**63))):
        yield signed_payload(battle.exchange, kind, payload.replace(organisation, size + b"ministry", 1))
    no_approvals_no_index = b"\x00\x00"
    assert payload.endswith(no_approvals_no_index)
    for tail in (b"\x04\x00", b"\x00\x04", b"\x00\x01", b"\x00\x02", b"\x00\x80\x00", b"\x01\x00\x00", b"\x80\x00\x00"):
        yield signed_payload(battle.exchange, kind, payload[:-2] + tail)
    yield from (signed_payload(battle.exchange, kind, payload[:-2] + varint(count)) for count in (*HUGE, -(2**63)))


@gets(Reason.MALFORMED)
def times_that_no_calendar_has(battle: Battle) -> Records:
    for name in ("signed_at", "not_after"):
        for at_ms in (-1, -(2**63), FAR_MS, 2**63 - 1):
            yield unlimited(battle.exchange, battle.exchange.letter("deputy", header={name: at_ms}))


@gets(Reason.MALFORMED)
def texts_that_read_otherwise_than_they_are(battle: Battle) -> Records:
    for text in ("a\u202eb", "\u2066x", "line\nbreak", "\x00", "\x7f", "x" * 10_000):
        named = entry("mfy-900", names=(local_name(text),))
        yield unlimited(battle.exchange, battle.exchange.say(OrganisationRegistered, REGISTRAR, entry=named))


@gets(Reason.MALFORMED)
def ids_of_another_shape(battle: Battle) -> Records:
    for name in ("../ministry", "Ministry", "", "-x", "x" * 25, "м", "a b"):
        yield unlimited(battle.exchange, battle.exchange.letter("deputy", addressees=(addressee(name),)))


@gets(Reason.MALFORMED)
def numbers_and_lists_beyond_their_limits(battle: Battle) -> Records:
    exchange = battle.exchange
    yield unlimited(exchange, exchange.letter("deputy", addressees=(addressee("mfy-001"),) * 521))
    yield unlimited(exchange, exchange.letter("deputy", documents=()))
    yield unlimited(exchange, exchange.letter("deputy", documents=(document("x"),) * 101))
    yield from (
        unlimited(exchange, exchange.letter("deputy", cover=document("x", size_bytes=size))) for size in (-1, 2**53, 2**63 - 1)
    )
    yield unlimited(exchange, exchange.letter("deputy", header={"signers": ()}))
    yield unlimited(exchange, exchange.letter("deputy", header={"signers": (exchange.signers["deputy"].certificate,) * 9}))


@gets(Reason.SCHEMA_MISMATCH)
def envelopes_within_envelopes(battle: Battle) -> Records:
    kind, _ = payload_of(battle.exchange, battle.exchange.letter("deputy"))
    record = letter(battle)
    for _ in range(LEVELS):
        record = signed_payload(battle.exchange, kind, record)
        yield record


@gets(Reason.MALFORMED)
def sixty_four_kib_of_everything(_: Battle) -> Records:
    yield from (bytes([byte]) * RECORD_LIMIT_BYTES for byte in (0x00, 0x01, 0x02, 0x7F, 0x80, 0xC3, 0xFF))
    yield noise(RECORD_LIMIT_BYTES)


@gets(Reason.MALFORMED)
def sixty_four_kib_behind_every_prefix(battle: Battle) -> Records:
    record = letter(battle)
    fill = RECORD_LIMIT_BYTES - 200
    for end in (2, PREFIX_SIZE_BYTES, PREFIX_SIZE_BYTES + 1, 60, 100, 150, 200):
        yield from (record[:end] + filling * (fill // len(filling)) for filling in (b"\x00", b"\x02", b"\xff", noise(500)))


@gets(Reason.RECORD_TOO_LARGE)
def longer_than_any_record(battle: Battle) -> Records:
    yield bytes(RECORD_LIMIT_BYTES + 1)
    yield letter(battle) + bytes(RECORD_LIMIT_BYTES)


@gets(Reason.ADDRESSEE_UNKNOWN)
def a_letter_as_long_as_a_letter_can_be(battle: Battle) -> Records:
    long = tuple(addressee(f"{number:03}-{'x' * 20}") for number in range(520))
    kind = f"{'x' * 49}/{'y' * 50}"
    attached = tuple(document(str(number), "attachment", media_type=kind) for number in range(99))
    yield battle.exchange.record(battle.exchange.letter("deputy", addressees=long, documents=(document("text"), *attached)))


@gets(Reason.TYPE_UNKNOWN)
def types_of_the_future_and_of_nobody(battle: Battle) -> Records:
    _, payload = payload_of(battle.exchange, battle.exchange.letter("deputy"))
    for name in ("letter.dispatched.v2", "letter.dispatched.v0", "letter.burnt.v1", "key.request.v1", "signed_event.v1", "x"):
        yield signed_payload(battle.exchange, f"application/vnd.ortoo.{name}+avro", payload)


@gets(Reason.SCHEMA_MISMATCH)
def bodies_of_retired_and_unknown_schemas(battle: Battle) -> Records:
    # No schema is retired yet; a retired one is a fingerprint that its type no longer has, whatever it once meant.
    kind, payload = payload_of(battle.exchange, battle.exchange.letter("deputy"))
    for fingerprint in (bytes(8), b"\xff" * 8, payload[2:PREFIX_SIZE_BYTES][::-1]):
        yield signed_payload(battle.exchange, kind, payload[:2] + fingerprint + payload[PREFIX_SIZE_BYTES:])


@gets(Reason.SCHEMA_MISMATCH)
def a_receipt_under_the_name_of_another_event(battle: Battle) -> Records:
    receipt = battle.exchange.say(ReceiptAcknowledged, "secretary", letter=battle.letter(), recipient=OrgId("mfy-001"))
    _, payload = payload_of(battle.exchange, receipt)
    yield signed_payload(battle.exchange, payload_type_of(RecallAccepted), payload, "secretary")


@gets(Reason.GENESIS_AGAIN)
def a_second_genesis(battle: Battle) -> Records:
    exchange = battle.exchange
    yield exchange.record(exchange.opening)
    yield exchange.record(exchange.genesis())
    yield exchange.record(exchange.genesis(name="another", purpose="production"))
    yield exchange.record(exchange.genesis(header={"ledger": exchange.identity, "not_after": exchange.clock() + NOT_AFTER_MS}))
