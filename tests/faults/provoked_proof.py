"""What fails steps 8 and 9 for the events of rules 2: inboxes committed to, contested events settled, time stamps recorded."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from domain.events import KeyResumed, KeyRevoked, KeySuspended
from domain.events_proof import EventReaffirmed, EventRepudiated, InboxCommitted, TimestampRecorded
from domain.header import Encryption
from domain.ids import ZERO_DIGEST, Digest, OfficerId, sha256
from domain.inboxes import inbox_leaf
from domain.ledger_time import JUMP_LIMIT_MS
from domain.reasons import Reason
from domain.tree import root_of
from tests.court import Court
from tests.faults.provocation import Record, provokes
from tests.faults.provoked_authority import key_of, stopping
from tests.faults.provoked_records import NOBODYS_LETTER
from tests.fixed_exchange import HOUR_MS, REGISTRAR, Said, document


def committing(court: Court, size: int | None = None, by: str = "machine", **changes: Any) -> Said:
    """Return the commitment to the inboxes at a size (None: as far as the ledger goes), but for the changes."""
    size = court.ledger.end() if size is None else size
    inboxes = court.station.view.inboxes_at(min(size, court.ledger.end()))
    fields = {"size": size, "count": len(inboxes), "root": root_of(map(inbox_leaf, inboxes))}
    return court.exchange.say(InboxCommitted, by, **{**fields, **changes})


def stamping(court: Court, size: int | None = None, by: str = "machine", **changes: Any) -> Said:
    """Return the record of a time stamp over the roots at a size (None: as far as the ledger goes), but for the changes."""
    size = court.ledger.end() if size is None else size
    root, verdict_root = court.station.parts.store.roots_at(min(size, court.ledger.end()))
    fields = {
        "size": size,
        "root": root,
        "verdict_root": verdict_root,
        "authority": sha256(b"an authority for time stamps"),
        "stamped_at": court.clock(),
        "token": document("token", "signature_of", media_type="application/timestamp-reply"),
    }
    return court.exchange.say(TimestampRecorded, by, **{**fields, **changes})


def robbed(court: Court) -> str:
    """Employ one more signatory of the ministry, whose key will be compromised, and return his name."""
    name = f"robbed-{court.ledger.end()}"
    court.employ(name, "ministry", "signatory")
    return name


def compromised(court: Court, who: str = "deputy", since: int | None = None) -> None:
    """Declare an officer's key compromised from a position on (None: from its enrolment)."""
    court.accept(stopping(court, KeyRevoked, who, reason="COMPROMISED", since=since))


def renewed(court: Court, who: str = "deputy") -> str:
    """Enrol another key of an officer, and return the name under which it signs."""
    name = f"{who}'s new key"
    court.accept(court.exchange.enrolled(who, "ministry", name=name))
    return name


def reaffirming(court: Court, event: bytes, by: str) -> Said:
    """Return the statement that an event is his."""
    return court.exchange.say(EventReaffirmed, by, event=Digest(event))


def repudiating(court: Court, event: bytes, by: str) -> Said:
    """Return the statement that an event is not his."""
    return court.exchange.say(EventRepudiated, by, event=Digest(event))


@provokes(Reason.FIRST_ORGANISATION_NEEDED)
def a_committees_station_commits_to_all_inboxes(court: Court) -> Record:
    return committing(court, by="post")


@provokes(Reason.FIRST_ORGANISATION_NEEDED)
def a_committees_station_records_a_time_stamp(court: Court) -> Record:
    return stamping(court, by="post")


@provokes(Reason.ROLE_MISSING)
def a_signatory_commits_to_the_inboxes(court: Court) -> Record:
    return committing(court, by="deputy")


@provokes(Reason.SIZE_NOT_NEXT)
def inboxes_of_the_future(court: Court) -> Record:
    return committing(court, court.ledger.end() + 1)


@provokes(Reason.SIZE_NOT_NEXT)
def inboxes_committed_to_twice(court: Court) -> Record:
    size = court.ledger.end()
    court.accept(committing(court, size))
    return committing(court, size)


@provokes(Reason.SIZE_NOT_NEXT)
def a_checkpoint_stamped_that_a_later_one_has_overtaken(court: Court) -> Record:
    court.accept(stamping(court))
    return stamping(court, court.ledger.end() - 2)


@provokes(Reason.SIZE_NOT_NEXT)
def a_checkpoint_of_the_future_stamped(court: Court) -> Record:
    return stamping(court, court.ledger.end() + 1)


@provokes(Reason.INBOX_MISMATCH)
def a_letter_left_out(court: Court) -> Record:
    before = court.station.view.inboxes_at(court.ledger.end())
    court.sent("mfy-001")
    return committing(court, root=root_of(map(inbox_leaf, before)))


@provokes(Reason.INBOX_MISMATCH)
def a_letter_put_into_another_inbox(court: Court) -> Record:
    court.sent("mfy-001")
    inboxes = {one.organisation: one for one in court.station.view.inboxes_at(court.ledger.end())}
    given = {name: replace(one, organisation=name) for name, one in inboxes.items()}
    first, second = inboxes["mfy-001"], inboxes["mfy-002"]  # type: ignore[index] # ids are texts
    given |= {
        first.organisation: replace(first, letters=second.letters, head=second.head),
        second.organisation: replace(second, letters=first.letters, head=first.head),
    }
    return committing(court, root=root_of(inbox_leaf(one) for one in given.values()))


@provokes(Reason.INBOX_MISMATCH)
def an_organisation_left_out(court: Court) -> Record:
    inboxes = court.station.view.inboxes_at(court.ledger.end())[:-1]
    return committing(court, count=len(inboxes), root=root_of(map(inbox_leaf, inboxes)))


@provokes(Reason.CHECKPOINT_MISMATCH)
def a_time_stamp_over_another_history(court: Court) -> Record:
    return stamping(court, root=sha256(b"another history"))


@provokes(Reason.CHECKPOINT_MISMATCH)
def a_time_stamp_over_other_verdicts(court: Court) -> Record:
    return stamping(court, verdict_root=ZERO_DIGEST)


@provokes(Reason.TIMESTAMP_IMPLAUSIBLE)
def an_authority_that_dates_back(court: Court) -> Record:
    court.accept(stamping(court))
    return stamping(court, stamped_at=court.clock() - HOUR_MS)


@provokes(Reason.TIMESTAMP_IMPLAUSIBLE)
def a_second_authority_that_dates_back(court: Court) -> Record:
    court.accept(stamping(court))
    size = court.ledger.end()
    court.accept(stamping(court, size))
    return stamping(court, size, authority=sha256(b"another"), stamped_at=court.clock() - HOUR_MS)


@provokes(Reason.TIMESTAMP_IMPLAUSIBLE)
def an_authority_whose_clock_runs_ahead(court: Court) -> Record:
    return stamping(court, stamped_at=court.clock() + 2 * JUMP_LIMIT_MS)


@provokes(Reason.DOCUMENTS_WRONG)
def a_token_that_calls_itself_a_letter(court: Court) -> Record:
    return stamping(court, token=document("token", "main"))


@provokes(Reason.NOT_IN_THESE_RULES)
def an_encrypted_token(court: Court) -> Record:
    encryption = Encryption(scheme="hpke", sha256=sha256(b"ciphertext"), size_bytes=10)
    return stamping(court, token=document("token", "signature_of", encryption=encryption))


@provokes(Reason.EVENT_UNKNOWN)
def an_event_reaffirmed_that_nobody_said(court: Court) -> Record:
    return reaffirming(court, NOBODYS_LETTER, "deputy")


@provokes(Reason.EVENT_UNKNOWN)
def no_event_reaffirmed(court: Court) -> Record:
    court.judge(b"garbage, whose identity is zeros")
    return reaffirming(court, ZERO_DIGEST, "deputy")


@provokes(Reason.EVENT_UNKNOWN)
def a_rejected_letter_repudiated(court: Court) -> Record:
    who = robbed(court)
    said = court.exchange.letter(who, to=("nobody",))
    assert court.judge(court.exchange.record(said)).reason is Reason.ADDRESSEE_UNKNOWN
    compromised(court, who)
    return repudiating(court, court.exchange.identity_of(said), renewed(court, who))


@provokes(Reason.NOT_THE_SIGNER)
def somebody_elses_letter_reaffirmed(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    compromised(court, who)
    return reaffirming(court, letter, "head")


@provokes(Reason.NOT_CONTESTED)
def a_letter_that_nobody_contests_reaffirmed(court: Court) -> Record:
    return reaffirming(court, court.sent(), "deputy")


@provokes(Reason.NOT_CONTESTED)
def a_letter_from_before_the_compromise_repudiated(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    compromised(court, who, since=court.ledger.end())
    return repudiating(court, letter, renewed(court, who))


@provokes(Reason.NOT_CONTESTED)
def a_letter_of_a_lost_key_repudiated(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    court.accept(stopping(court, KeyRevoked, who))
    return repudiating(court, letter, renewed(court, who))


@provokes(Reason.ALREADY_SETTLED)
def a_letter_reaffirmed_and_then_repudiated(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    compromised(court, who)
    new = renewed(court, who)
    court.accept(reaffirming(court, letter, new))
    return repudiating(court, letter, new)


@provokes(Reason.ALREADY_SETTLED)
def a_letter_repudiated_twice(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    compromised(court, who)
    new = renewed(court, who)
    court.accept(repudiating(court, letter, new))
    return repudiating(court, letter, new)


@provokes(Reason.KEY_NOT_NEWER)
def a_key_that_was_enrolled_before_the_revocation(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    new = renewed(court, who)
    compromised(court, who)
    return reaffirming(court, letter, new)


@provokes(Reason.KEY_NOT_NEWER)
def a_suspended_key_that_was_resumed(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    court.accept(stopping(court, KeySuspended, who, reason="COMPROMISED"))
    officer, key = OfficerId(who), key_of(court, who)
    court.accept(court.exchange.say(KeyResumed, REGISTRAR, officer=officer, key=key, reason="CLEARED"))
    return reaffirming(court, letter, who)


@provokes(Reason.KEY_NOT_NEWER)
def an_old_key_under_a_new_certificate(court: Court) -> Record:
    who = robbed(court)
    letter = court.sent(by=who)
    new = renewed(court, who)
    compromised(court, who)
    key = court.exchange.signers[new].signer
    certificate = court.exchange.certificate(key, who, days=30)
    court.accept(court.exchange.enrolment(who, key, certificate))
    court.exchange.hold("renewed certificate", key, certificate, "ministry", who)
    return reaffirming(court, letter, "renewed certificate")
