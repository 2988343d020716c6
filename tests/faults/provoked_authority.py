"""What fails steps 7 and 8 of the judge: keys that are not in force, speakers who may not say it."""

from __future__ import annotations

from typing import Any

from domain.events import (
    KeyRevoked,
    KeySuspended,
    OfficerAppointed,
    OfficerRelieved,
    OrganisationChanged,
    OrganisationClosed,
    ReceiptAcknowledged,
    RootChanged,
)
from domain.header import Seen
from domain.ids import Digest, OfficerId, OrgId, sha256
from domain.reasons import Reason
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.faults.provoked_records import NOBODYS_LETTER, roots_of
from tests.fixed_exchange import DAY_MS, HOUR_MS, NOT_AFTER_MS, REGISTRAR, Said, entry, local_name


def stopping(court: Court, kind: type[KeySuspended | KeyRevoked], officer: str, by: str = REGISTRAR, **changes: Any) -> Said:
    """Return the suspension or revocation of an officer's key."""
    said = {"officer": OfficerId(officer), "key": key_of(court, officer), "reason": "LOST", "since": None}
    return court.exchange.say(kind, by, **{**said, **changes})


def key_of(court: Court, name: str) -> Digest:
    """Return the digest of the public key that a name signs with."""
    return sha256(court.exchange.signers[name].signer.spki)


def receipt_for(court: Court, officer: str, organisation: str) -> Said:
    """Return a receipt of a letter that nobody sent, which only step 9 would notice."""
    return court.exchange.say(ReceiptAcknowledged, officer, letter=NOBODYS_LETTER, recipient=OrgId(organisation))


@provokes(Reason.KEY_SUSPENDED)
def a_suspended_key(court: Court) -> Record:
    court.accept(stopping(court, KeySuspended, "deputy"))
    return court.exchange.letter("deputy", "head")


@provokes(Reason.KEY_REVOKED)
def a_revoked_key(court: Court) -> Record:
    said = court.exchange.letter("deputy")
    court.accept(stopping(court, KeyRevoked, "deputy"))
    return said


@provokes(Reason.KEY_REVOKED)
def a_revoked_key_under_its_other_certificate(court: Court) -> Record:
    exchange, key = court.exchange, court.exchange.signers["deputy"].signer
    renewed = exchange.certificate(key, "deputy", days=30)
    exchange.hold("renewed", key, renewed, "ministry", "deputy")
    court.accept(exchange.enrolment("deputy", key, renewed), stopping(court, KeyRevoked, "deputy"))
    return exchange.letter("renewed")


@provokes(Reason.CERTIFICATE_EXPIRED)
def a_certificate_past_its_last_second(court: Court) -> Record:
    court.employ("brief", "ministry", "signatory", days=1)
    court.clock.at_ms += DAY_MS
    return court.exchange.letter("brief")


@provokes(Reason.CERTIFICATE_NOT_YET_VALID)
def a_certificate_after_the_ledgers_clock_was_put_back(court: Court) -> Record:
    court.clock.at_ms += 2 * HOUR_MS
    court.employ("early", "ministry", "signatory")
    court.clock.at_ms -= HOUR_MS
    return court.exchange.letter("early")


@provokes(Reason.NOT_AFTER_PASSED)
def a_letter_that_was_under_way_for_too_long(court: Court) -> Record:
    said = court.exchange.letter("deputy")
    court.clock.at_ms += NOT_AFTER_MS
    return said


def seen(court: Court, **changes: Any) -> dict[str, Any]:
    """Return a header's `seen` of this history as it is now, but for the changes."""
    size = court.ledger.end()
    root, verdict_root = court.station.parts.store.roots_at(size)
    fields: dict[str, Any] = {"size": size, "root": root, "verdict_root": verdict_root, "key": sha256(b"operator")}
    return {"seen": Seen(**{**fields, "signature": bytes(64), "verdict_signature": bytes(64), **changes})}


@provokes(Reason.SEEN_OTHER_HISTORY)
def a_checkpoint_with_another_root(court: Court) -> Record:
    court.accept(court.exchange.letter("deputy", header=seen(court)))
    return court.exchange.letter("deputy", header=seen(court, root=sha256(b"another history")))


@provokes(Reason.SEEN_OTHER_HISTORY)
def a_checkpoint_with_other_verdicts(court: Court) -> Record:
    return court.exchange.letter("deputy", header=seen(court, verdict_root=sha256(b"other verdicts")))


@provokes(Reason.SEEN_OTHER_HISTORY)
def a_checkpoint_of_nothing(court: Court) -> Record:
    return court.exchange.letter("deputy", header=seen(court, size=0, root=sha256(b""), verdict_root=sha256(b"")))


@provokes(Reason.SEEN_OTHER_HISTORY)
def a_checkpoint_of_the_future(court: Court) -> Record:
    return court.exchange.letter("deputy", header=seen(court, size=court.ledger.end() + 1))


@provokes(Reason.ORGANISATION_UNKNOWN)
def for_an_organisation_that_nobody_registered(court: Court) -> Record:
    return court.exchange.letter("deputy", header={"organisation": OrgId("nowhere")})


@provokes(Reason.ORGANISATION_CLOSED)
def for_an_organisation_that_is_closed(court: Court) -> Record:
    court.accept(court.exchange.say(OrganisationClosed, REGISTRAR, organisation=OrgId("mfy-002"), successor=None))
    return receipt_for(court, "secretary-2", "mfy-002")


@provokes(Reason.NOT_APPOINTED)
def for_an_organisation_that_is_not_his(court: Court) -> Record:
    return court.exchange.letter("deputy", header={"organisation": OrgId("mfy-001")})


@provokes(Reason.NOT_APPOINTED)
def an_officer_who_was_relieved(court: Court) -> Record:
    officer = OfficerId("secretary-2")
    court.accept(court.exchange.say(OfficerRelieved, REGISTRAR, organisation=OrgId("mfy-002"), officer=officer))
    return receipt_for(court, "secretary-2", "mfy-002")


@provokes(Reason.ROLE_MISSING)
def a_clerk_who_signs_a_letter(court: Court) -> Record:
    return court.exchange.letter("clerk")


@provokes(Reason.ROLE_MISSING)
def a_clerk_as_the_second_signatory(court: Court) -> Record:
    return court.exchange.letter("deputy", "clerk")


@provokes(Reason.ROLE_MISSING)
def a_signatory_who_acknowledges(court: Court) -> Record:
    return receipt_for(court, "chair", "mfy-001")


@provokes(Reason.OUT_OF_SCOPE)
def a_registrar_of_another_branch_registers(court: Court) -> Record:
    return court.exchange.registration("mfy-201", by="agency-registrar", parent="mfy-001")


@provokes(Reason.OUT_OF_SCOPE)
def a_registrar_moves_an_organisation_out_of_his_branch(court: Court) -> Record:
    return court.exchange.say(OrganisationChanged, "agency-registrar", entry=entry("mfy-101", parent="ministry"))


@provokes(Reason.OUT_OF_SCOPE)
def a_registrar_of_another_branch_revokes_a_key(court: Court) -> Record:
    return stopping(court, KeyRevoked, "secretary", by="agency-registrar")


@provokes(Reason.NOT_FOR_ONESELF)
def a_registrar_appoints_himself(court: Court) -> Record:
    return court.exchange.appointment("agency-registrar", "mfy-101", "signatory", by="agency-registrar")


@provokes(Reason.NOT_FOR_ONESELF)
def an_officer_revokes_his_other_key(court: Court) -> Record:
    court.accept(court.exchange.enrolled("deputy", "ministry", name="second key"))
    return stopping(court, KeyRevoked, "deputy", by="deputy", key=key_of(court, "second key"))


@provokes(Reason.NOT_FOR_ONESELF)
def an_officer_contests_what_he_signed_himself(court: Court) -> Record:
    return stopping(court, KeyRevoked, "deputy", by="deputy", reason="COMPROMISED", since=1)


@provokes(Reason.ROOTS_NEEDED)
def two_officers_change_the_roots(court: Court) -> Record:
    return court.exchange.say(RootChanged, "deputy", "head", roots=roots_of(court), root_threshold=1)


@provokes(Reason.ROOTS_NEEDED)
def a_registrar_appoints_a_registrar_of_the_first_organisation(court: Court) -> Record:
    return court.exchange.appointment("deputy", "ministry", "registrar")


@provokes(Reason.ROOTS_NEEDED)
def a_registrar_suspends_a_key_of_the_first_registrar(court: Court) -> Record:
    return stopping(court, KeySuspended, REGISTRAR)


@provokes(Reason.NOT_FOR_ROOTS)
def the_roots_appoint_a_clerk(court: Court) -> Record:
    fields = {"names": (local_name("Clerk"),), "posts": (local_name("Post"),), "roles": ("clerk",)}
    return court.exchange.say_as_roots(OfficerAppointed, organisation=OrgId("mfy-001"), officer=OfficerId("new"), **fields)


@provokes(Reason.NOT_FOR_ROOTS)
def the_roots_send_a_letter(court: Court) -> Record:
    return court.exchange.letter("root-1", "root-2")


@provokes(Reason.ROOT_NOT_IN_FORCE)
def a_root_key_that_was_replaced(court: Court) -> Record:
    spkis = (*roots_of(court)[:2], court.exchange.add_root("root-4").spki)
    court.accept(court.exchange.say_as_roots(RootChanged, roots=spkis, root_threshold=2))
    return court.exchange.say(RootChanged, "root-1", "root-3", roots=spkis, root_threshold=1)
