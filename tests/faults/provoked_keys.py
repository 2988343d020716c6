"""What fails step 9 for keys and roots: certificates, requests, keys, trust anchors, checkpoint keys, rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec

from adapters.signers import Signer
from domain.events import (
    CheckpointKey,
    CheckpointKeyAdded,
    CheckpointKeyRetired,
    KeyResumed,
    KeyRevoked,
    KeySuspended,
    RootChanged,
    RulesAdopted,
    TrustAnchorAdded,
    TrustAnchorWithdrawn,
)
from domain.ids import Digest, OfficerId, sha256
from domain.reasons import Reason
from tests import certificate_forge as forge
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.faults.provoked_authority import key_of, stopping
from tests.faults.provoked_records import roots_of
from tests.fixed_exchange import REGISTRAR, Said, fixed_signer

PAST: Final = forge.validity("240101000000Z", "250101000000Z")
CHECKPOINT_KEY: Final = CheckpointKey(ed25519=sha256(b"operator"), ml_dsa_44=bytes(1312))


def forged(court: Court, draft: forge.Draft, *, anchor: bytes = forge.ANCHOR, key: forge.PrivateKey = forge.CA_KEY) -> Said:
    """Return the enrolment of a forged certificate, after the roots named its issuer as a trust anchor."""
    if anchor not in {one.certificate for one in court.station.exchange.anchors}:
        court.accept(court.exchange.say_as_roots(TrustAnchorAdded, certificate=anchor))
    return court.exchange.enrolment("clerk", fixed_signer(forge.OFFICER_KEY), draft.issued(key))


def second_key(court: Court, officer: str = "clerk", key: Signer | None = None, days: int = 365, **changes: Any) -> Said:
    """Return the enrolment of another key of an officer, but for the changes."""
    made = key or court.exchange.new_key("second key")
    return court.exchange.enrolment(officer, made, court.exchange.certificate(made, officer, days=days), **changes)


@provokes(Reason.CODE_UNKNOWN)
def an_assurance_that_nobody_knows(court: Court) -> Record:
    return second_key(court, assurance="excellent")


@provokes(Reason.CERTIFICATE_MALFORMED)
def a_certificate_and_one_byte_more(court: Court) -> Record:
    key = court.exchange.new_key("second key")
    return court.exchange.enrolment("clerk", key, court.exchange.certificate(key, "clerk") + b"\x00")


@provokes(Reason.CERTIFICATE_NOT_FROM_ANCHOR)
def a_certificate_of_a_foreign_authority(court: Court) -> Record:
    return court.exchange.enrolment("clerk", fixed_signer(forge.OFFICER_KEY), forge.GOOD)


@provokes(Reason.CERTIFICATE_NOT_FROM_ANCHOR)
def a_certificate_of_an_anchor_that_was_withdrawn(court: Court) -> Record:
    said = forged(court, forge.Draft())
    court.accept(court.exchange.say_as_roots(TrustAnchorWithdrawn, anchor=sha256(forge.ANCHOR), reason="CEASED"))
    return said


@provokes(Reason.CERTIFICATE_SIGNATURE_WRONG)
def a_certificate_signed_by_another_key_than_the_anchors(court: Court) -> Record:
    return forged(court, forge.Draft(), key=ec.derive_private_key(77, ec.SECP256R1()))


@provokes(Reason.CERTIFICATE_NOT_VALID_NOW)
def a_certificate_of_last_year(court: Court) -> Record:
    return forged(court, forge.Draft(validity=PAST))


@provokes(Reason.ANCHOR_NOT_VALID_NOW)
def a_certificate_of_an_anchor_of_last_year(court: Court) -> Record:
    return forged(court, forge.Draft(), anchor=replace(forge.ANCHOR_DRAFT, validity=PAST).issued())


@provokes(Reason.CERTIFICATE_IS_CA)
def a_certificate_of_an_authority(court: Court) -> Record:
    return forged(court, forge.Draft(tail=forge.extensions(forge.IS_CA, forge.SIGNS_DOCUMENTS)))


@provokes(Reason.CERTIFICATE_USE_MISSING)
def a_certificate_for_another_use(court: Court) -> Record:
    return forged(court, forge.Draft(tail=forge.extensions(forge.NOT_CA, forge.SIGNS)))


@provokes(Reason.CERTIFICATE_CRITICAL_EXTENSION)
def a_certificate_with_something_critical_that_is_not_judged(court: Court) -> Record:
    unjudged = forge.extension(forge.NAME_CONSTRAINTS, forge.tlv(0x30), forge.CRITICAL)
    tail = forge.extensions(forge.NOT_CA, forge.SIGNS, forge.SIGNS_DOCUMENTS, unjudged)
    return forged(court, forge.Draft(tail=tail))


@provokes(Reason.CERTIFICATE_KEY_UNSUPPORTED)
def a_certificate_for_a_key_of_another_curve(court: Court) -> Record:
    return forged(court, forge.Draft(spki=forge.spki_of(ec.derive_private_key(5, ec.SECP384R1()))))


@provokes(Reason.CERTIFICATE_ALREADY_ENROLLED)
def a_certificate_enrolled_twice(court: Court) -> Record:
    key = court.exchange.new_key("second key")
    certificate = court.exchange.certificate(key, "clerk")
    court.accept(court.exchange.enrolment("clerk", key, certificate))
    return court.exchange.enrolment("clerk", key, certificate)


@provokes(Reason.CERTIFICATE_TOO_LONG_FOR_TEMPORARY)
def a_temporary_certificate_for_91_days(court: Court) -> Record:
    return second_key(court, days=91, assurance="temporary")


@provokes(Reason.REQUEST_MALFORMED)
def a_request_that_is_none(court: Court) -> Record:
    return second_key(court, request=b"please")


@provokes(Reason.REQUEST_MISMATCH)
def a_request_of_another_officer(court: Court) -> Record:
    return second_key(court, request=court.exchange.request(court.exchange.new_key("second key"), "head").raw)


@provokes(Reason.REQUEST_MISMATCH)
def a_request_for_another_ledger(court: Court) -> Record:
    key = court.exchange.new_key("second key")
    return second_key(court, request=court.exchange.request(key, "clerk", ledger=sha256(b"another ledger")).raw)


@provokes(Reason.REQUEST_MISMATCH)
def a_request_for_another_key(court: Court) -> Record:
    return second_key(court, request=court.exchange.request(court.exchange.new_key("third key"), "clerk").raw)


@provokes(Reason.REQUEST_SIGNATURE_WRONG)
def a_request_that_the_key_did_not_sign(court: Court) -> Record:
    return second_key(court, request_signature=court.exchange.signers[REGISTRAR].signer.sign(b"anything"))


@provokes(Reason.KEY_OF_ANOTHER_OFFICER)
def the_key_of_another_officer(court: Court) -> Record:
    return second_key(court, "clerk", court.exchange.signers["deputy"].signer)


@provokes(Reason.KEY_OF_ANOTHER_OFFICER)
def a_root_key(court: Court) -> Record:
    return second_key(court, "clerk", court.exchange.signers["root-1"].signer)


@provokes(Reason.KEY_WAS_REVOKED)
def a_revoked_key_enrolled_again(court: Court) -> Record:
    court.accept(stopping(court, KeyRevoked, "clerk"))
    return second_key(court, "clerk", court.exchange.signers["clerk"].signer)


@provokes(Reason.KEY_WAS_REVOKED)
def a_key_revoked_twice(court: Court) -> Record:
    court.accept(stopping(court, KeyRevoked, "clerk"))
    return stopping(court, KeyRevoked, "clerk")


@provokes(Reason.KEY_NOT_OF_OFFICER)
def a_key_of_somebody_else_suspended(court: Court) -> Record:
    return stopping(court, KeySuspended, "clerk", key=key_of(court, "deputy"))


@provokes(Reason.KEY_NOT_ACTIVE)
def a_key_suspended_twice(court: Court) -> Record:
    court.accept(stopping(court, KeySuspended, "clerk"))
    return stopping(court, KeySuspended, "clerk")


@provokes(Reason.KEY_NOT_SUSPENDED)
def an_active_key_resumed(court: Court) -> Record:
    officer, key = OfficerId("clerk"), key_of(court, "clerk")
    return court.exchange.say(KeyResumed, REGISTRAR, officer=officer, key=key, reason="FOUND")


@provokes(Reason.SINCE_WRONG)
def a_position_for_a_lost_key(court: Court) -> Record:
    return stopping(court, KeyRevoked, "clerk", since=1)


@provokes(Reason.SINCE_WRONG)
def a_compromise_from_a_position_to_come(court: Court) -> Record:
    return stopping(court, KeyRevoked, "clerk", reason="COMPROMISED", since=court.ledger.end() + 1)


@provokes(Reason.ROOTS_WRONG)
def a_threshold_above_the_number_of_roots(court: Court) -> Record:
    return court.exchange.say_as_roots(RootChanged, roots=roots_of(court), root_threshold=4)


@provokes(Reason.ROOTS_WRONG)
def one_root_key_twice(court: Court) -> Record:
    return court.exchange.say_as_roots(RootChanged, roots=roots_of(court)[:1] * 2, root_threshold=1)


@provokes(Reason.ROOTS_WRONG)
def a_root_key_of_another_kind(court: Court) -> Record:
    return court.exchange.say_as_roots(RootChanged, roots=(*roots_of(court), b"no key"), root_threshold=1)


@provokes(Reason.ANCHOR_ALREADY_IN_FORCE)
def a_trust_anchor_added_twice(court: Court) -> Record:
    return court.exchange.say_as_roots(TrustAnchorAdded, certificate=court.exchange.authority.certificate)


@provokes(Reason.ANCHOR_UNKNOWN)
def a_trust_anchor_withdrawn_that_nobody_added(court: Court) -> Record:
    return court.exchange.say_as_roots(TrustAnchorWithdrawn, anchor=sha256(forge.ANCHOR), reason="CEASED")


@provokes(Reason.ANCHOR_UNFIT)
def an_officers_certificate_as_a_trust_anchor(court: Court) -> Record:
    return court.exchange.say_as_roots(TrustAnchorAdded, certificate=forge.GOOD)


@provokes(Reason.CHECKPOINT_KEY_ALREADY_IN_FORCE)
def a_checkpoint_key_added_twice(court: Court) -> Record:
    court.accept(court.exchange.say_as_roots(CheckpointKeyAdded, key=CHECKPOINT_KEY))
    return court.exchange.say_as_roots(CheckpointKeyAdded, key=CHECKPOINT_KEY)


@provokes(Reason.CHECKPOINT_KEY_UNKNOWN)
def a_checkpoint_key_retired_that_nobody_added(court: Court) -> Record:
    key = Digest(sha256(CHECKPOINT_KEY.ed25519))
    return court.exchange.say_as_roots(CheckpointKeyRetired, key=key, reason="REPLACED")


def rules(court: Court, version: int, after_ms: int) -> Said:
    """Return the adoption of rules, in force so long after the record that adopts them."""
    effective_at = court.clock() + 1_000 + after_ms
    return court.exchange.say_as_roots(RulesAdopted, version=version, schema_digest=sha256(b"rules"), effective_at=effective_at)


@provokes(Reason.RULES_VERSION_WRONG)
def rules_that_leave_out_a_version(court: Court) -> Record:
    return rules(court, court.station.exchange.rules[-1].version + 2, 10**9)


@provokes(Reason.RULES_TOO_SOON)
def rules_from_before_their_adoption(court: Court) -> Record:
    return rules(court, court.station.exchange.rules[-1].version + 1, -1)


@provokes(Reason.CODE_UNKNOWN)
def a_reason_for_a_revocation_that_nobody_knows(court: Court) -> Record:
    return stopping(court, KeyRevoked, "clerk", reason="BORED")
