"""Hostile records that are events, signed by whoever may not sign them, or said again: steps 3 to 6 of the judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from domain.events import KeyResumed, KeySuspended, ReceiptAcknowledged, RootChanged
from domain.header import SignatureValue
from domain.ids import ROOT, ZERO_DIGEST, OrgId, sha256
from domain.reasons import Reason
from domain.signatures import ECDSA_P256, ED25519, ED25519_ORDER
from tests.battle import Battle, gets
from tests.faults.provoked_records import mirrored
from tests.fixed_exchange import ROOTS, Clock, FixedExchange, Said

Records = Iterator[bytes | None]
BITS: Final = 40
"""Bits flipped, spread over a signature or a payload."""


def with_signatures(battle: Battle, said: Said, *values: SignatureValue) -> bytes:
    """Return something said as its record, under these signatures."""
    return battle.exchange.codec.encode_envelope(replace(battle.exchange.event(said), signatures=values))


def signature_of(battle: Battle, said: Said) -> SignatureValue:
    """Return the first signature of something said."""
    return battle.exchange.event(said).signatures[0]


def forged(battle: Battle, said: Said) -> bytes:
    """Return something said under the same person's signature of something else."""
    value = signature_of(battle, said)
    return with_signatures(battle, said, replace(value, signature=said.signers[0].signer.sign(b"something else")))


def malleated(battle: Battle, said: Said) -> bytes:
    """Return something said under the other P-256 signature that verifies, which anybody can make."""
    value = signature_of(battle, said)
    return with_signatures(battle, said, replace(value, signature=mirrored(value.signature)))


def flipped(raw: bytes) -> Iterator[bytes]:
    """Yield bytes with one bit changed, here and there."""
    for place in range(BITS):
        changed = bytearray(raw)
        changed[place * len(raw) // BITS] ^= 1 << place % 8
        yield bytes(changed)


def receipt(battle: Battle, *who: str) -> Said:
    """Return a receipt of a letter to the first committee."""
    return battle.exchange.say(ReceiptAcknowledged, *who, letter=battle.letter(), recipient=OrgId("mfy-001"))


def roots_of(battle: Battle) -> tuple[bytes, ...]:
    """Return the public keys of the roots."""
    return tuple(battle.exchange.signers[root].signer.spki for root in ROOTS)


@gets(Reason.OTHER_LEDGER)
def letters_of_another_ledger(battle: Battle) -> Records:
    other = FixedExchange(Clock(battle.exchange.clock()), name="other")
    other.homes |= battle.exchange.homes
    yield other.record(other.letter("registrar"))
    other.signers |= battle.exchange.signers
    yield other.record(other.letter("deputy"))
    yield battle.exchange.record(battle.exchange.letter("deputy", header={"ledger": ZERO_DIGEST}))


@gets(Reason.SIGNERS_REPEATED)
def the_same_signatory_twice(battle: Battle) -> Records:
    yield battle.exchange.record(battle.exchange.letter("deputy", "deputy"))


@gets(Reason.SIGNATURES_NOT_ONE_EACH)
def a_signature_stripped_or_added(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy", "head")
    first, second = battle.exchange.event(said).signatures
    yield with_signatures(battle, said, first)
    yield with_signatures(battle, said, second)
    yield with_signatures(battle, said, first, second, first)
    yield with_signatures(battle, said, *(first,) * 8)


@gets(Reason.SIGNERS_COUNT_WRONG)
def more_or_fewer_signers_than_the_type_asks_for(battle: Battle) -> Records:
    yield battle.exchange.record(receipt(battle, "secretary", "chair"))
    for who in (ROOTS[:1], ROOTS):
        yield battle.exchange.record(battle.exchange.say(RootChanged, *who, roots=roots_of(battle), root_threshold=1))


@gets(Reason.KEY_UNKNOWN)
def keys_and_certificates_that_nobody_enrolled(battle: Battle) -> Records:
    exchange = battle.exchange
    stranger = exchange.new_key("stranger")
    exchange.hold("stranger", stranger, exchange.certificate(stranger, "deputy"), "ministry", "deputy")
    yield exchange.record(exchange.letter("stranger"))
    # The right key under a certificate of the attacker's own authority, and under one that only was issued.
    own, deputy = FixedExchange(Clock(exchange.clock()), name="attacker"), exchange.signers["deputy"].signer
    for certificate in (own.certificate(deputy, "deputy"), exchange.certificate(deputy, "deputy"), deputy.spki):
        exchange.hold("impostor", deputy, certificate, "ministry", "deputy")
        yield exchange.record(exchange.letter("impostor"))
    enrolment = exchange.enrolled("deputy", "ministry", name="too early")
    yield exchange.record(exchange.letter("too early"))
    battle.honest(enrolment)


@gets(Reason.SIGNERS_SAME_OFFICER)
def two_keys_of_one_signatory(battle: Battle) -> Records:
    battle.honest(battle.exchange.enrolled("deputy", "ministry", name="second key"))
    yield battle.exchange.record(battle.exchange.letter("deputy", "second key"))


@gets(Reason.OFFICER_NOT_SIGNER)
def in_the_person_of_somebody_else(battle: Battle) -> Records:
    for name in ("deputy", "head", "registrar", "chair"):
        officer = battle.exchange.signers[name].officer
        yield battle.exchange.record(battle.exchange.letter("clerk", header={"officer": officer}))


@gets(Reason.ROOT_MISUSED)
def officers_as_roots_and_roots_as_officers(battle: Battle) -> Records:
    letter, record = battle.exchange.letter, battle.exchange.record
    yield record(letter("deputy", header={"officer": ROOT, "organisation": OrgId("")}))
    yield record(letter("deputy", header={"officer": ROOT}))
    yield record(letter("root-1", header={"organisation": OrgId("ministry")}))
    yield record(letter("deputy", "root-1"))


@gets(Reason.SIGNATURE_INVALID)
def signed_by_another_key(battle: Battle) -> Records:
    for name in ("clerk", "registrar", "chair", "root-1"):
        yield battle.exchange.record(replace(battle.exchange.letter("deputy"), signers=(battle.exchange.signers[name],)))


@gets(Reason.SIGNATURE_INVALID)
def a_signature_swapped_for_one_of_something_else(battle: Battle) -> Records:
    yield forged(battle, battle.exchange.letter("deputy"))
    yield forged(battle, battle.exchange.letter("head"))
    first, other = battle.exchange.letter("deputy"), battle.exchange.letter("deputy")
    yield with_signatures(battle, first, signature_of(battle, other))
    said = battle.exchange.letter("deputy", "head")
    yield with_signatures(battle, said, signature_of(battle, said), signature_of(battle, battle.exchange.letter("head")))


@gets(Reason.SIGNATURE_INVALID)
def bits_flipped_in_signatures(battle: Battle) -> Records:
    for name in ("deputy", "head"):
        said = battle.exchange.letter(name)
        value = signature_of(battle, said)
        yield from (with_signatures(battle, said, replace(value, signature=raw)) for raw in flipped(value.signature))


@gets(Reason.SIGNATURE_INVALID)
def signatures_that_no_honest_library_makes(battle: Battle) -> Records:
    p256, edwards = battle.exchange.letter("deputy"), battle.exchange.letter("head")
    signature = signature_of(battle, edwards).signature
    beyond = signature[:32] + (int.from_bytes(signature[32:], "little") + ED25519_ORDER).to_bytes(32, "little")
    for said, raws in (
        (p256, (b"\x00", b"\x30\x06\x02\x01\x00\x02\x01\x00", b"\x30\x80", b"\xff" * 128, bytes(64))),
        (edwards, (b"\x00", bytes(64), bytes(63), bytes(65), beyond, b"\x01" + bytes(63), b"\xff" * 64)),
    ):
        yield from (with_signatures(battle, said, replace(signature_of(battle, said), signature=raw)) for raw in raws)


@gets(Reason.SIGNATURE_INVALID)
def another_letter_under_a_right_signature(battle: Battle) -> Records:
    event = battle.exchange.event(battle.exchange.letter("deputy"))
    other = battle.exchange.event(battle.exchange.letter("deputy", to=("mfy-002",)))
    yield battle.exchange.codec.encode_envelope(replace(event, payload=other.payload))


@gets(Reason.SIGNATURE_INVALID)
def swapped_for_a_renewed_certificate_of_the_same_key(battle: Battle) -> Records:
    exchange, key = battle.exchange, battle.exchange.signers["deputy"].signer
    renewed = exchange.certificate(key, "deputy", days=30)
    battle.honest(exchange.enrolment("deputy", key, renewed))
    said = exchange.letter("deputy")
    other = replace(said, body=replace(said.body, header=replace(said.body.header, signers=(sha256(renewed),))))
    yield with_signatures(battle, other, signature_of(battle, said))
    battle.honest(said)
    yield with_signatures(battle, other, signature_of(battle, said))


@gets(Reason.ALGORITHM_MISMATCH)
def an_algorithm_swapped(battle: Battle) -> Records:
    for name, right in (("deputy", ECDSA_P256), ("head", ED25519)):
        said = battle.exchange.letter(name)
        value = signature_of(battle, said)
        assert value.algorithm == right
        for algorithm in sorted({ECDSA_P256, ED25519, "none", "ecdsa-p256-sha1", "rsa", "ml-dsa-44"} - {right}):
            yield with_signatures(battle, said, replace(value, algorithm=algorithm))


@gets(Reason.DUPLICATE)
def said_already(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy", "head")
    battle.honest(said)
    yield from (battle.exchange.record(said) for _ in range(5))


@gets(Reason.DUPLICATE)
def a_malleated_signature_behind_the_honest_one(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy")
    battle.honest(said)
    yield malleated(battle, said)


@gets(Reason.DUPLICATE)
def an_honest_letter_behind_its_malleated_copy(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy")
    battle.overtaken(said, malleated(battle, said))
    yield battle.exchange.record(said)


@gets(Reason.DUPLICATE)
def a_refused_letter_replayed_after_resumption(battle: Battle) -> Records:
    battle.employ("paused", "ministry", "signatory")
    battle.stop_key(KeySuspended, "paused", reason="OTHER", since=None)
    record = battle.exchange.record(battle.exchange.letter("paused"))
    battle.strike(record, Reason.KEY_SUSPENDED)
    battle.stop_key(KeyResumed, "paused", reason="CLEARED")
    yield record
    battle.letter(by="paused")


@gets(Reason.MALFORMED)
def an_id_squatted_by_an_unsigned_event(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy")
    record = battle.exchange.record(said)
    value = signature_of(battle, said)
    signatures = len(value.algorithm) + len(value.signature) + 5
    assert record[-signatures:].startswith(b"\x02")
    yield record[:-signatures] + b"\x00"
    battle.honest(said)


@gets(Reason.SIGNATURE_INVALID)
def an_id_squatted_by_a_badly_signed_event(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy")
    yield forged(battle, said)
    yield forged(battle, battle.exchange.letter("deputy", to=("mfy-002",), header={"event_id": said.body.header.event_id}))
    battle.honest(said)


@gets(Reason.NOT_APPOINTED)
def an_id_squatted_by_an_authentic_event_of_somebody_else(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy")
    squatted = {"event_id": said.body.header.event_id, "organisation": OrgId("ministry")}
    yield battle.exchange.record(battle.exchange.letter("chair", header=squatted))
    battle.honest(said)


@gets(Reason.DUPLICATE_CONFLICT)
def an_id_squatted_with_the_officers_own_key(battle: Battle) -> Records:
    # Whoever holds his key can use up his event ids; the station tries again under a new one.
    said = battle.exchange.letter("deputy")
    squatted = {"event_id": said.body.header.event_id}
    squatter = battle.exchange.record(battle.exchange.letter("deputy", to=("nowhere",), header=squatted))
    battle.strike(squatter, Reason.ADDRESSEE_UNKNOWN)
    yield battle.exchange.record(said)
    battle.honest(battle.exchange.letter("deputy"))


@gets(Reason.DUPLICATE_CONFLICT)
def an_event_id_used_again_for_another_event(battle: Battle) -> Records:
    said = battle.exchange.letter("deputy")
    battle.honest(said)
    again = {"event_id": said.body.header.event_id}
    yield battle.exchange.record(battle.exchange.letter("deputy", to=("mfy-002",), header=again))
    yield battle.exchange.record(battle.exchange.letter("deputy", "head", header=again))
