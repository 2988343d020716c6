"""What fails steps 1 to 6 of the judge: records that are none, not for this ledger, not of these keys, or not new."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from domain.catalogue import payload_type_of
from domain.directory import UNIT
from domain.events import OrganisationRegistered, RecallAccepted, ReceiptAcknowledged, RootChanged
from domain.header import RECORD_LIMIT_BYTES, SignatureValue, SignedEvent
from domain.ids import ROOT, ZERO_DIGEST, LetterId, OrgId, sha256
from domain.reasons import Reason
from domain.signatures import ECDSA_P256, ED25519, P256_ORDER, pae
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.fixed_exchange import REGISTRAR, ROOTS, Clock, FixedExchange, Said, entry

NOBODYS_LETTER: Final = LetterId(sha256(b"a letter that nobody sent"))


def receipt(court: Court, *who: str) -> Said:
    """Return a receipt of a letter that was sent to the committee of the first of these."""
    return court.exchange.say(ReceiptAcknowledged, *who, letter=court.sent("mfy-001"), recipient=OrgId("mfy-001"))


def signed(court: Court, payload_type: str, payload: bytes, signer: str = "deputy") -> bytes:
    """Return a record of any payload under any type, with a right signature."""
    key = court.exchange.signers[signer].signer
    value = SignatureValue(algorithm=key.algorithm, signature=key.sign(pae(payload_type, payload)))
    return court.exchange.codec.encode_envelope(SignedEvent(payload_type=payload_type, payload=payload, signatures=(value,)))


@provokes(Reason.NO_RECORD)
def an_empty_slot(court: Court) -> Record:
    del court
    return None


@provokes(Reason.MALFORMED)
def garbage(court: Court) -> Record:
    del court
    return b"garbage put straight into the ledger"


@provokes(Reason.MALFORMED)
def no_bytes_at_all(court: Court) -> Record:
    del court
    return b""


@provokes(Reason.MALFORMED)
def a_letter_cut_short(court: Court) -> Record:
    return court.exchange.record(court.exchange.letter("deputy"))[:-1]


@provokes(Reason.MALFORMED)
def a_letter_and_one_byte_more(court: Court) -> Record:
    return court.exchange.record(court.exchange.letter("deputy")) + b"\x00"


@provokes(Reason.MALFORMED)
def a_signed_body_that_is_not_canonical(court: Court) -> Record:
    said = court.exchange.letter("deputy")
    payload = court.exchange.codec.encode_body(said.body) + b"\x00"
    return signed(court, payload_type_of(type(said.body)), payload)


@provokes(Reason.RECORD_TOO_LARGE)
def one_byte_over_the_limit(court: Court) -> Record:
    del court
    return bytes(RECORD_LIMIT_BYTES + 1)


@provokes(Reason.TYPE_UNKNOWN)
def a_type_of_the_future(court: Court) -> Record:
    payload = court.exchange.codec.encode_body(court.exchange.letter("deputy").body)
    return signed(court, "application/vnd.ortoo.letter.burnt.v1+avro", payload)


@provokes(Reason.SCHEMA_MISMATCH)
def a_receipt_under_the_name_of_another_event(court: Court) -> Record:
    payload = court.exchange.codec.encode_body(receipt(court, "secretary").body)
    return signed(court, payload_type_of(RecallAccepted), payload, "secretary")


@provokes(Reason.GENESIS_AGAIN)
def the_first_record_repeated(court: Court) -> Record:
    return court.exchange.opening


@provokes(Reason.GENESIS_AGAIN)
def another_opening_signed_by_all_roots(court: Court) -> Record:
    return court.exchange.genesis(name="another")


@provokes(Reason.OTHER_LEDGER)
def a_letter_of_another_ledger(court: Court) -> Record:
    # Opened under the rules of the day on which the corpus was released that holds this letter.
    other = FixedExchange(Clock(), name="other", rules=2)
    other.homes |= court.exchange.homes
    other.signers |= court.exchange.signers
    return other.letter("deputy")


@provokes(Reason.OTHER_LEDGER)
def a_letter_for_no_ledger(court: Court) -> Record:
    return court.exchange.letter("deputy", header={"ledger": ZERO_DIGEST})


@provokes(Reason.SIGNERS_REPEATED)
def the_same_signatory_twice(court: Court) -> Record:
    return court.exchange.letter("deputy", "deputy")


@provokes(Reason.SIGNATURES_NOT_ONE_EACH)
def two_signatories_and_one_signature(court: Court) -> Record:
    said = court.exchange.letter("deputy", "head")
    return replace(said, signers=said.signers[:1])


@provokes(Reason.SIGNATURES_NOT_ONE_EACH)
def one_signatory_and_two_signatures(court: Court) -> Record:
    said = court.exchange.letter("deputy")
    return replace(said, signers=(*said.signers, court.exchange.signers["head"]))


@provokes(Reason.SIGNERS_COUNT_WRONG)
def a_receipt_signed_by_two(court: Court) -> Record:
    return receipt(court, "secretary", "chair")


@provokes(Reason.SIGNERS_COUNT_WRONG)
def one_root_key_where_two_are_needed(court: Court) -> Record:
    return court.exchange.say(RootChanged, "root-1", roots=roots_of(court), root_threshold=1)


@provokes(Reason.SIGNERS_COUNT_WRONG)
def three_root_keys_where_two_are_needed(court: Court) -> Record:
    return court.exchange.say(RootChanged, *ROOTS, roots=roots_of(court), root_threshold=1)


def roots_of(court: Court) -> tuple[bytes, ...]:
    """Return the public keys of the roots."""
    return tuple(court.exchange.signers[root].signer.spki for root in ROOTS)


@provokes(Reason.KEY_UNKNOWN)
def a_key_that_nobody_enrolled(court: Court) -> Record:
    exchange = court.exchange
    key = exchange.new_key("stranger")
    exchange.hold("stranger", key, exchange.certificate(key, "deputy"), "ministry", "deputy")
    return exchange.letter("stranger")


@provokes(Reason.KEY_UNKNOWN)
def a_key_that_is_enrolled_at_the_next_position(court: Court) -> Record:
    court.exchange.enrolled("deputy", "ministry", name="too early")
    return court.exchange.letter("too early")


@provokes(Reason.SIGNERS_SAME_OFFICER)
def two_keys_of_one_signatory(court: Court) -> Record:
    court.accept(court.exchange.enrolled("deputy", "ministry", name="second key"))
    return court.exchange.letter("deputy", "second key")


@provokes(Reason.OFFICER_NOT_SIGNER)
def in_the_person_of_somebody_else(court: Court) -> Record:
    return court.exchange.letter("clerk", header={"officer": court.exchange.signers["deputy"].officer})


@provokes(Reason.OFFICER_NOT_SIGNER)
def the_second_signatory_named_as_the_speaker(court: Court) -> Record:
    return court.exchange.letter("deputy", "head", header={"officer": court.exchange.signers["head"].officer})


@provokes(Reason.ROOT_MISUSED)
def an_officer_who_speaks_as_root(court: Court) -> Record:
    return court.exchange.letter("deputy", header={"officer": ROOT, "organisation": OrgId("")})


@provokes(Reason.ROOT_MISUSED)
def an_officer_who_takes_the_name_root(court: Court) -> Record:
    return court.exchange.letter("deputy", header={"officer": ROOT})


@provokes(Reason.ROOT_MISUSED)
def a_root_key_that_speaks_for_an_organisation(court: Court) -> Record:
    return court.exchange.letter("root-1", header={"organisation": OrgId("ministry")})


@provokes(Reason.ROOT_MISUSED)
def a_root_key_beside_an_officers(court: Court) -> Record:
    return court.exchange.letter("deputy", "root-1")


@provokes(Reason.SIGNATURE_INVALID)
def signed_by_another_key(court: Court) -> Record:
    return replace(court.exchange.letter("deputy"), signers=(court.exchange.signers["clerk"],))


@provokes(Reason.SIGNATURE_INVALID)
def the_second_of_two_signatures_is_forged(court: Court) -> Record:
    said = court.exchange.letter("deputy", "head")
    event = court.exchange.event(said)
    forged = replace(event.signatures[1], signature=court.exchange.signers["head"].signer.sign(b"something else"))
    return court.exchange.codec.encode_envelope(replace(event, signatures=(event.signatures[0], forged)))


@provokes(Reason.SIGNATURE_INVALID)
def another_letter_under_a_right_signature(court: Court) -> Record:
    event = court.exchange.event(court.exchange.letter("deputy"))
    other = court.exchange.event(court.exchange.letter("deputy", to=("mfy-002",)))
    return court.exchange.codec.encode_envelope(replace(event, payload=other.payload))


@provokes(Reason.ALGORITHM_MISMATCH)
def the_other_algorithm(court: Court) -> Record:
    event = court.exchange.event(court.exchange.letter("deputy"))
    (value,) = event.signatures
    other = ED25519 if value.algorithm == ECDSA_P256 else ECDSA_P256
    return court.exchange.codec.encode_envelope(replace(event, signatures=(replace(value, algorithm=other),)))


@provokes(Reason.ALGORITHM_MISMATCH)
def an_algorithm_that_nobody_knows(court: Court) -> Record:
    event = court.exchange.event(court.exchange.letter("deputy"))
    return court.exchange.codec.encode_envelope(replace(event, signatures=(replace(event.signatures[0], algorithm="none"),)))


@provokes(Reason.DUPLICATE)
def the_same_record_again(court: Court) -> Record:
    said = court.exchange.letter("deputy")
    court.accept(said)
    return said


@provokes(Reason.DUPLICATE)
def the_same_letter_under_another_signature(court: Court) -> Record:
    # An ECDSA signature (r, s) verifies as (r, n - s) too: anybody can make it, and it is the same event.
    said = court.exchange.letter("deputy")
    court.accept(said)
    event = court.exchange.event(said)
    (value,) = event.signatures
    again = replace(value, signature=mirrored(value.signature))
    return court.exchange.codec.encode_envelope(replace(event, signatures=(again,)))


def mirrored(signature: bytes) -> bytes:
    """Return the other signature that verifies wherever this one does."""
    r, s = decode_dss_signature(signature)
    return encode_dss_signature(r, P256_ORDER - s)


@provokes(Reason.DUPLICATE)
def a_rejected_letter_again(court: Court) -> Record:
    said = court.exchange.letter("deputy", to=("nobody",))
    assert court.judge(court.exchange.record(said)).reason is Reason.ADDRESSEE_UNKNOWN
    return said


@provokes(Reason.DUPLICATE_CONFLICT)
def an_event_id_used_for_another_letter(court: Court) -> Record:
    said = court.exchange.letter("deputy")
    court.accept(said)
    return court.exchange.letter("deputy", to=("mfy-002",), header={"event_id": said.body.header.event_id})


@provokes(Reason.DUPLICATE_CONFLICT)
def an_event_id_used_for_a_rejected_act(court: Court) -> Record:
    said = court.exchange.say(OrganisationRegistered, REGISTRAR, entry=entry("mfy-001"))
    assert court.judge(court.exchange.record(said)).reason is Reason.ORGANISATION_EXISTS
    unit = entry("mfy-500", kind=UNIT)
    return court.exchange.say(OrganisationRegistered, REGISTRAR, entry=unit, header={"event_id": said.body.header.event_id})
