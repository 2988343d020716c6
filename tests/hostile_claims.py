"""Hostile records that are authentic: of keys no longer in force, of people without the power, with claims that are false."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from adapters.certificate_authority import BACKDATED, issue_certificate
from domain.events import (
    AcknowledgementMissed,
    ConsignmentOpened,
    KeyRevoked,
    KeySuspended,
    OfficerRelieved,
    OrganisationClosed,
    ReceiptAcknowledged,
    RootChanged,
)
from domain.events_proof import EventReaffirmed, EventRepudiated, InboxCommitted, TimestampRecorded
from domain.header import Seen
from domain.ids import ZERO_DIGEST, Digest, LetterId, OfficerId, OrgId, sha256
from domain.reasons import Reason
from domain.tree import EMPTY_ROOT
from tests.battle import Battle, gets
from tests.fixed_exchange import DAY_MS, HOUR_MS, REGISTRAR, Clock, FixedExchange, Said, document
from tests.hostile_speakers import roots_of

Records = Iterator[bytes | None]
BRIEF_MS: Final = 6_000
"""How long the certificate of the one lasts whose certificate expires: in a topic this is real time."""
CENTURY_MS: Final = 4_102_444_799_999
DEEP: Final = 2_000
"""Levels of an ASN.1 sequence that fit a certificate's 8,192 bytes."""
NOBODYS: Final = LetterId(sha256(b"a letter that nobody sent"))


def receipt(battle: Battle, officer: str, recipient: str, letter: LetterId) -> Said:
    """Return a receipt."""
    return battle.exchange.say(ReceiptAcknowledged, officer, letter=letter, recipient=OrgId(recipient))


@gets(Reason.KEY_SUSPENDED)
def a_suspended_key(battle: Battle) -> Records:
    battle.employ("suspended", "ministry", "signatory")
    battle.stop_key(KeySuspended, "suspended", reason="OTHER", since=None)
    yield battle.exchange.record(battle.exchange.letter("suspended"))
    yield battle.exchange.record(battle.exchange.letter("deputy", "suspended"))


@gets(Reason.KEY_REVOKED)
def a_revoked_key_and_a_claim_from_before(battle: Battle) -> Records:
    battle.employ("revoked", "ministry", "signatory")
    early = battle.exchange.letter("revoked")
    battle.stop_key(KeyRevoked, "revoked", reason="LOST", since=None)
    yield battle.exchange.record(early)
    for signed_at in (0, battle.exchange.clock() - HOUR_MS, CENTURY_MS):
        yield battle.exchange.record(battle.exchange.letter("revoked", header={"signed_at": signed_at}))


@gets(Reason.KEY_REVOKED)
def a_revoked_key_under_its_renewed_certificate(battle: Battle) -> Records:
    battle.employ("twice", "ministry", "signatory")
    exchange, key = battle.exchange, battle.exchange.signers["twice"].signer
    renewed = exchange.certificate(key, "twice", days=30)
    battle.honest(exchange.enrolment("twice", key, renewed))
    battle.stop_key(KeyRevoked, "twice", reason="COMPROMISED", since=0)
    exchange.hold("renewed", key, renewed, "ministry", "twice")
    yield exchange.record(exchange.letter("renewed"))


@gets(Reason.KEY_WAS_REVOKED)
def a_revoked_key_enrolled_again(battle: Battle) -> Records:
    battle.employ("phoenix", "ministry", "signatory")
    battle.stop_key(KeyRevoked, "phoenix", reason="LOST", since=None)
    yield battle.exchange.record(battle.exchange.enrolled("phoenix", "ministry"))


@gets(Reason.CERTIFICATE_EXPIRED)
def an_expired_key(battle: Battle) -> Records:
    exchange, key = battle.exchange, battle.exchange.new_key("brief")
    begins_ms = exchange.clock() + BRIEF_MS - DAY_MS + BACKDATED // timedelta(milliseconds=1)
    certificate = issue_certificate(
        exchange.authority,
        spki=key.spki,
        officer=OfficerId("brief"),
        organisation=OrgId("ministry"),
        at_ms=begins_ms,
        days=1,
        serial=begins_ms,
    )
    battle.honest(exchange.appointment("brief", "ministry", "signatory"), exchange.enrolment("brief", key, certificate))
    exchange.hold("brief", key, certificate, "ministry")
    battle.pass_time(BRIEF_MS + 1_000)
    yield exchange.record(exchange.letter("brief"))
    yield exchange.record(exchange.letter("brief", header={"signed_at": exchange.clock() - BRIEF_MS}))


@gets(Reason.NOT_AFTER_PASSED)
def events_that_arrive_too_late(battle: Battle) -> Records:
    for not_after in (0, battle.exchange.clock() - HOUR_MS, battle.exchange.clock() - 1):
        header = {"not_after": not_after, "signed_at": CENTURY_MS}
        yield battle.exchange.record(battle.exchange.letter("deputy", header=header))


@gets(Reason.SEEN_OTHER_HISTORY)
def a_forged_checkpoint_as_seen(battle: Battle) -> Records:
    fields = {"key": sha256(b"operator"), "signature": bytes(64), "verdict_signature": bytes(64)}
    empty, forged = sha256(b""), sha256(b"another history")
    for size, root in ((0, empty), (1, forged), (len(battle.entries), forged), (10**6, forged), (2**53 - 1, forged)):
        seen = Seen(size=size, root=root, verdict_root=root, **fields)  # type: ignore[arg-type] # bytes all
        yield battle.exchange.record(battle.exchange.letter("deputy", header={"seen": seen}))


@gets(Reason.ORGANISATION_UNKNOWN)
def for_an_organisation_that_is_not_there(battle: Battle) -> Records:
    yield battle.exchange.record(battle.exchange.letter("deputy", header={"organisation": OrgId("nowhere")}))


@gets(Reason.ORGANISATION_CLOSED)
def for_an_organisation_that_is_closed(battle: Battle) -> Records:
    battle.honest(battle.exchange.registration("mfy-closed"))
    battle.employ("last", "mfy-closed", "clerk", "signatory")
    battle.honest(battle.exchange.say(OrganisationClosed, REGISTRAR, organisation=OrgId("mfy-closed"), successor=None))
    yield battle.exchange.record(battle.exchange.letter("last"))
    yield battle.exchange.record(receipt(battle, "last", "mfy-closed", NOBODYS))


@gets(Reason.NOT_APPOINTED)
def for_an_organisation_that_is_not_his(battle: Battle) -> Records:
    for officer, organisation in (("deputy", "mfy-001"), ("chair", "ministry"), ("secretary", "mfy-002")):
        header = {"organisation": OrgId(organisation)}
        yield battle.exchange.record(battle.exchange.letter(officer, header=header))


@gets(Reason.NOT_APPOINTED)
def an_officer_who_was_relieved(battle: Battle) -> Records:
    battle.employ("gone", "ministry", "signatory")
    left = battle.exchange.say(OfficerRelieved, REGISTRAR, organisation=OrgId("ministry"), officer=OfficerId("gone"))
    battle.honest(left)
    yield battle.exchange.record(battle.exchange.letter("gone"))


@gets(Reason.ROLE_MISSING)
def without_the_role(battle: Battle) -> Records:
    exchange, letter = battle.exchange, battle.letter()
    yield exchange.record(exchange.letter("clerk"))
    yield exchange.record(exchange.letter("machine"))
    yield exchange.record(exchange.letter("deputy", "clerk"))
    yield exchange.record(receipt(battle, "chair", "mfy-001", letter))
    yield exchange.record(exchange.registration("mfy-900", by="deputy"))
    recipient, officer = OrgId("mfy-001"), OfficerId("secretary")
    yield exchange.record(exchange.say(ConsignmentOpened, "secretary", letter=letter, recipient=recipient, officer=officer))


@gets(Reason.OUT_OF_SCOPE)
def a_registrar_beyond_his_branch(battle: Battle) -> Records:
    exchange = battle.exchange
    yield exchange.record(exchange.registration("mfy-900", by="agency-registrar", parent="mfy-001"))
    yield exchange.record(exchange.appointment("mole", "mfy-001", "signatory", by="agency-registrar"))


@gets(Reason.NOT_FOR_ONESELF)
def a_registrar_for_himself(battle: Battle) -> Records:
    exchange = battle.exchange
    yield exchange.record(exchange.appointment("agency-registrar", "mfy-101", "signatory", by="agency-registrar"))


@gets(Reason.ROOTS_NEEDED)
def officers_who_change_the_roots(battle: Battle) -> Records:
    exchange = battle.exchange
    yield exchange.record(exchange.say(RootChanged, "deputy", "head", roots=roots_of(battle), root_threshold=1))
    yield exchange.record(exchange.appointment("deputy", "ministry", "registrar"))


@gets(Reason.NOT_FOR_ROOTS)
def roots_who_send_letters(battle: Battle) -> Records:
    yield battle.exchange.record(battle.exchange.letter("root-1", "root-2"))


@gets(Reason.CERTIFICATE_MALFORMED)
def certificates_deep_and_huge(battle: Battle) -> Records:
    exchange, key = battle.exchange, battle.exchange.new_key("deep")
    right = exchange.certificate(key, "deputy")
    deep = b"\x30\x82" * DEEP + b"\x05\x00"
    endless = b"\x30\x80" * (2 * DEEP)
    lengths = (b"\x30\x84\x7f\xff\xff\xff", b"\x30\x88" + b"\xff" * 8, b"\x30\x85\x00\x00\x00\x00\x01\x00")
    for certificate in (deep, endless, *lengths, right[:-1], right + b"\x00", b"\x30" * 8_192, bytes(8_192)):
        yield exchange.record(exchange.enrolment("deputy", key, certificate))


@gets(Reason.CERTIFICATE_NOT_FROM_ANCHOR)
def a_certificate_of_another_authority(battle: Battle) -> Records:
    exchange = battle.exchange
    key = exchange.new_key("smuggled")
    other = FixedExchange(Clock(exchange.clock()), name="attacker")
    yield exchange.record(exchange.enrolment("deputy", key, other.certificate(key, "deputy")))


@gets(Reason.REQUEST_MALFORMED)
def requests_that_are_none(battle: Battle) -> Records:
    exchange, key = battle.exchange, battle.exchange.new_key("requested")
    certificate = exchange.certificate(key, "deputy")
    raw = exchange.request(key, "deputy").raw
    for request in (b"\x00", raw[:-1], raw + b"\x00", b"\xff" * 512):
        yield exchange.record(exchange.enrolment("deputy", key, certificate, request=request))


@gets(Reason.NOT_A_RECIPIENT)
def a_receipt_of_somebody_elses_letter(battle: Battle) -> Records:
    letter = battle.letter("mfy-001")
    yield battle.exchange.record(receipt(battle, "secretary-2", "mfy-002", letter))
    yield battle.exchange.record(receipt(battle, "secretary-2", "mfy-001", letter))


@gets(Reason.LETTER_UNKNOWN)
def a_receipt_of_a_letter_that_nobody_sent(battle: Battle) -> Records:
    yield battle.exchange.record(receipt(battle, "secretary", "mfy-001", NOBODYS))
    # Naming the bytes of a letter instead of what was signed does not make it known.
    said = battle.exchange.letter("deputy")
    battle.honest(said)
    named = LetterId(Digest(sha256(battle.exchange.record(said))))
    yield battle.exchange.record(receipt(battle, "secretary", "mfy-001", named))


@gets(Reason.ALREADY_DECIDED)
def a_second_receipt_by_a_colleague(battle: Battle) -> Records:
    letter = battle.letter("mfy-001")
    battle.honest(receipt(battle, "secretary", "mfy-001", letter))
    yield battle.exchange.record(receipt(battle, "secretary", "mfy-001", letter))


@gets(Reason.NOT_YET_DUE)
def silence_claimed_from_the_far_future(battle: Battle) -> Records:
    letter = battle.letter("mfy-001", acknowledge_by=battle.exchange.clock() + DAY_MS)
    for signed_at in (CENTURY_MS, battle.exchange.clock() + 2 * DAY_MS, 0):
        yield battle.exchange.record(
            battle.exchange.say(AcknowledgementMissed, "machine", letter=letter, header={"signed_at": signed_at})
        )


@gets(Reason.DUE_IN_THE_PAST)
def a_term_from_the_far_past(battle: Battle) -> Records:
    for due in (0, 1, battle.exchange.clock()):
        yield battle.exchange.record(battle.exchange.letter("deputy", acknowledge_by=due))
        yield battle.exchange.record(battle.exchange.letter("deputy", reply_by=due))


@gets(Reason.INBOX_MISMATCH)
def inboxes_that_hide_a_letter(battle: Battle) -> Records:
    battle.letter("mfy-001")
    size = len(battle.entries)
    for count, root in ((1, ZERO_DIGEST), (size, sha256(b"whatever I say")), (2**53 - 1, EMPTY_ROOT)):
        yield battle.exchange.record(battle.exchange.say(InboxCommitted, "machine", size=size, count=count, root=root))


@gets(Reason.FIRST_ORGANISATION_NEEDED)
def inboxes_stated_by_a_committees_station(battle: Battle) -> Records:
    yield battle.exchange.record(battle.exchange.say(InboxCommitted, "post", size=1, count=1, root=ZERO_DIGEST))


@gets(Reason.SIZE_NOT_NEXT)
def inboxes_and_time_stamps_of_a_history_to_come(battle: Battle) -> Records:
    for size in (10**6, 2**53 - 1):
        yield battle.exchange.record(battle.exchange.say(InboxCommitted, "machine", size=size, count=1, root=ZERO_DIGEST))
        yield battle.exchange.record(stamped(battle, size))


@gets(Reason.CHECKPOINT_MISMATCH)
def a_time_stamp_over_another_history(battle: Battle) -> Records:
    for size in (1, len(battle.entries)):
        yield battle.exchange.record(stamped(battle, size))


@gets(Reason.NOT_THE_SIGNER)
def somebody_elses_letter_repudiated(battle: Battle) -> Records:
    letter = Digest(battle.letter("mfy-001"))
    for officer in ("chair", "head", REGISTRAR, "machine"):
        for event in (EventRepudiated, EventReaffirmed):
            yield battle.exchange.record(battle.exchange.say(event, officer, event=letter))


@gets(Reason.NOT_CONTESTED)
def an_own_letter_repudiated_that_nobody_contests(battle: Battle) -> Records:
    letter = Digest(battle.letter("mfy-001"))
    yield battle.exchange.record(battle.exchange.say(EventRepudiated, "deputy", event=letter))


@gets(Reason.KEY_NOT_NEWER)
def a_thiefs_letter_reaffirmed_with_a_key_that_he_had_enrolled_before(battle: Battle) -> Records:
    exchange = battle.exchange
    battle.employ("robbed", "ministry", "signatory")
    letter = Digest(battle.letter("mfy-001", by="robbed"))
    battle.honest(exchange.enrolled("robbed", "ministry", name="thief's key"))
    battle.stop_key(KeyRevoked, "robbed", reason="COMPROMISED", since=None)
    yield exchange.record(exchange.say(EventReaffirmed, "thief's key", event=letter))
    yield exchange.record(exchange.say(EventReaffirmed, "thief's key", event=letter, header={"signed_at": CENTURY_MS}))


@gets(Reason.EVENT_UNKNOWN)
def events_settled_that_are_none(battle: Battle) -> Records:
    rejected = battle.exchange.letter("clerk")
    for event in (ZERO_DIGEST, Digest(NOBODYS), battle.exchange.identity_of(rejected)):
        yield battle.exchange.record(battle.exchange.say(EventRepudiated, "clerk", event=event))


def stamped(battle: Battle, size: int) -> Said:
    """Return a time stamp over roots that no history has."""
    forged, token = sha256(b"another history"), document("token", "signature_of")
    return battle.exchange.say(
        TimestampRecorded,
        "machine",
        size=size,
        root=forged,
        verdict_root=forged,
        authority=sha256(b"an authority"),
        stamped_at=battle.exchange.clock(),
        token=token,
    )
