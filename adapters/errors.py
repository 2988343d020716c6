"""Errors of the adapters.

AdapterError
├── LedgerError                       whatever goes wrong with the place where records lie
│   ├── LocationError                 a text that names no place this program can open
│   ├── LedgerMissingError            nothing is there, or what is there is no ledger
│   ├── LedgerExistsError             a ledger was to be made where something is already
│   ├── LedgerUnreachableError        nobody answers, or not in time; trying later may help
│   │   ├── BrokerUntrustedError      (adapters.kafka_errors, like all below) nobody we trust vouches for the broker
│   │   ├── BrokerNameError           its certificate is for another name
│   │   ├── BrokerCertificateExpiredError  its certificate is not valid now
│   │   ├── PlainTextBrokerError      it speaks plain text where we expect TLS
│   │   └── TlsExpectedError          it speaks TLS where we come with plain text
│   ├── LedgerRefusedError            it answers, and does not let us
│   │   ├── LoginRefusedError         it knows no such user, or the password is another
│   │   ├── LoginExpectedError        its port is for passwords, and we have none
│   │   ├── LoginNotOfferedError      its port takes no password
│   │   ├── ClientCertificateMissingError  it wants a certificate, and we show none
│   │   ├── ClientCertificateExpiredError  ours is not valid now
│   │   ├── ClientCertificateRefusedError  it does not trust ours
│   │   └── RightMissingError         it knows us, and an access rule is in the way
│   │       ├── WriteForbiddenError   of appending
│   │       ├── ReadForbiddenError    of reading
│   │       └── DescribeForbiddenError  of seeing the topic or its settings
│   ├── KafkaCredentialsError         what we would show the brokers cannot be used; none was asked
│   ├── LedgerUnsafeError             its settings could lose, reorder or forge history; carries the findings
│   ├── RecordTooLargeError           a record over the limit, refused before it was sent
│   ├── AppendUncertainError          a record may or may not be on the ledger
│   └── HistoryError                  the ledger no longer tells what it told this station before
│       ├── LedgerReplacedError       another ledger stands at the same place
│       ├── LedgerTruncatedError      positions are missing at its end or its beginning
│       ├── LedgerHoleError           more positions are missing in its middle than anybody is to go through
│       ├── SlotEmptiedError          a slot is empty that held a record
│       ├── SlotChangedError          a slot holds something else than before
│       └── ForeignLedgerError        the genesis is not the one that was pinned
├── StationError                      what keeps a station from working on
│   ├── ClockBehindLedgerError        a record is stamped far ahead of this machine's clock
│   ├── KeyringError                  no key at this station can sign for the officer now
│   ├── KeyFileError                  a key file cannot be made, opened or used
│   │   ├── KeyExistsError            (adapters.key_files) a file is there already
│   │   ├── KeyExposedError           (adapters.key_files) others can read it, or no passphrase protects it
│   │   ├── NotAKeyError              (adapters.key_files) no private key, or one that does not sign here
│   │   └── WrongPassphraseError      (adapters.key_files) the passphrase does not open it
│   ├── TokenError                    (adapters.token_errors, like all below) a key on a token cannot be made or used
│   │   ├── TokenUriError             a text names no key on a token
│   │   ├── TokenSupportMissingError  the extra `pkcs11` is not installed
│   │   ├── TokenDriverError          the token's driver cannot be loaded, or fails
│   │   ├── TokenRemovedError         the token is not plugged in, or was pulled out
│   │   ├── TokenAmbiguousError       a URI names several tokens or keys
│   │   ├── PinNeededError            nobody is there to give the PIN
│   │   ├── PinRefusedError           the token has another PIN
│   │   ├── PinLockedError            a wrong one was given too often
│   │   ├── TokenKeyMissingError      the token does not hold the key
│   │   ├── TokenKeyExistsError       the token holds a key of that name already
│   │   └── TokenKeyDiffersError      the token holds another key under that name
│   ├── RequestFileError              a file is not an officer's request for enrolment
│   │   └── WordsDifferError          (adapters.key_requests) the officer told other words than the request has
│   ├── LetterNotHeldError            (adapters.correspondence) this station knows no such accepted letter
│   ├── CertificateFileError          (adapters.authority_files) a file holds no certificate
│   ├── CertificateIssueError         (adapters.certificate_authority) the authority cannot issue what it was asked for
│   ├── CheckpointSigningError        (adapters.checkpoint_errors, like all below) no checkpoint was signed
│   │   ├── CheckpointBusyError       another process signs on this store
│   │   ├── CheckpointUnpublishedError  one was signed and kept, and the board did not take it
│   │   ├── CheckpointBehindError     the ledger or its board was not read to its end
│   │   └── CheckpointContradictsError  what would be signed is not the history that was signed, or not the ledger's
│   ├── EvidenceError                 (adapters.evidence_export) no bundle can be made of what was asked for
│   ├── MetricsAddressError           (adapters.station_metrics) monitors cannot be answered at the address given
│   └── QueueError                    the queue on disk cannot be used
│       └── QueueGoneError            its file was deleted or exchanged while a process had it open
├── StoreError                        whatever goes wrong with the station's own database
│   ├── StoreMovedError               another process of this station wrote first; read on from there
│   ├── StoreUrlError                 the setting store_url names no database that can be used
│   ├── StoreUnreachableError         it cannot be opened, read or written
│   ├── StoreGoneError                its file was deleted or exchanged while a station ran on it
│   ├── StoreForeignError             it belongs to another ledger, or to another place
│   ├── StoreOutdatedError            its tables are of another layout than this program's
│   └── StoreDamagedError             it holds bytes that nobody can have written
├── DocumentError                     (adapters.documents) a document, or the place where it lies
│   ├── DocumentMissingError          nobody here holds it, or it was destroyed
│   ├── DocumentDamagedError          what is stored under its digest is something else
│   ├── DocumentTooLargeError         over the limit
│   ├── DocumentsUnreachableError     the store does not answer, or not in time
│   ├── DocumentRefusedError          the store answers and does not let us
│   ├── DocumentHintError             a hint where documents lie, and is none
│   └── SearchStoppedError            (adapters.documents_streams) the time for a search is over; the next goes on there
├── CoverError                        (adapters.covers) bytes or texts that are no cover
├── DraftError                        (adapters.drafts) what keeps a draft from being frozen; carries every problem
├── PlaceholderError                  (adapters.draft_placeholders) a text whose braces are no placeholders
├── TemplateError                     (adapters.draft_templates) what keeps a template from being used; carries every problem
├── TemplateValuesError               (adapters.draft_templates) values that do not fit a template
├── TravellingDraftError              (adapters.travelling_drafts) a file that is no draft being signed
│   └── PlainZipError                 (adapters.plain_zip) a file that is not the plain zip expected
├── BundleError                       (adapters.evidence_bundle) a file that is no evidence bundle, or lacks something
├── UnprovenError                     (adapters.evidence_report) something that is needed to verify a bundle is not there
├── TrustFileError                    (adapters.trust_files, like the next three) no trust file, or a root's signature is wrong
│   ├── TrustUnreadableError          it cannot be read from where it should be
│   ├── TrustUnsignedError            too few roots have signed it
│   ├── TrustExpiredError             its time has passed
│   ├── TrustRolledBackError          (adapters.trust_seen) older than one relied upon before
│   └── TrustSeenError                (adapters.trust_seen) which one was relied upon before cannot be read
├── WitnessError                      (adapters.witness_errors, like all below) a witness, or asking one
│   ├── WitnessFileError              the file with the logs that a witness watches cannot be used
│   ├── WitnessMemoryError            what a witness remembers cannot be read or written
│   │   └── WitnessMemoryLostError    it is gone, or older than what was signed
│   ├── WitnessEvidenceError          evidence of a fork could not be written
│   ├── LogNotToldError               a witness without its memory was not told where a log stands
│   ├── HeadMovedError                a witness holds another size than a request begins at
│   ├── CheckpointRefusedError        a witness does not cosign what it was sent; carries the status
│   ├── WitnessAddressError           a witness cannot listen at the address given
│   ├── WitnessUrlError               a text is no address of a witness
│   ├── WitnessUnreachableError       a witness does not answer, or not in time
│   ├── WitnessRefusedError           a witness answers, and does not cosign
│   ├── WitnessAnswerError            what a witness answers is not what a witness says
│   ├── WitnessContradictsError       a witness holds a history that the checkpoint does not continue
│   └── WitnessForgotError            a witness holds less than it has cosigned
├── PostingError                      (adapters.posting, like all below) a question over HTTP got no answer that can be read
│   ├── PostingAddressError           a text is no address to ask
│   ├── NoAnswerError                 nobody answers, or not in time
│   └── AnswerTooLongError            an answer is longer than any to this question
├── TimestampError                    (adapters.timestamp_errors, like all below) a time stamp, or asking for one
│   ├── TimestampSupportMissingError  the extra `timestamps` is not installed
│   ├── TimestampRootsError           the certificates that vouch for authorities cannot be used
│   ├── TimestampUnreachableError     an authority does not answer, or not in time
│   ├── TimestampRefusedError         an authority answers, and does not stamp
│   └── TimestampInvalidError         a token that does not verify, or is over something else
├── CalendarFileError                 (adapters.calendar_files) a file that holds no working calendar
├── DueTimeError                      (adapters.due_times) a text that is no due time, or one that has passed
│   └── CountryUnknownError           (adapters.working_terms) it is not known whose working days are counted
└── SavingError                       (adapters.saving) documents could not be written where a person wanted them

Every message says what happened, to what, why, and what to do next. After a `HistoryError` a station stops; it never goes
on quietly, and nothing but an operator's decision starts it again.
"""

from __future__ import annotations

from typing import ClassVar

from adapters.ledger import Finding, Severity


class AdapterError(Exception):
    """Root of everything that the adapters raise."""


class LedgerError(AdapterError):
    """Something is wrong with the place where records lie, or with reaching it."""


class LocationError(LedgerError):
    """A text that should name a ledger's place does not."""


class LedgerMissingError(LedgerError):
    """Nothing is at the location, or something that is not a ledger."""


class LedgerExistsError(LedgerError):
    """A ledger should be made where something is already; nothing was touched."""


class LedgerUnreachableError(LedgerError):
    """Nobody answers at the location, or not in time. Nothing was written; trying again later may help."""


class LedgerRefusedError(LedgerError):
    """The ledger's place answers and refuses: no permission, a read-only file, a wrong password."""


class LedgerUnsafeError(LedgerError):
    """The settings of the ledger's place could lose, reorder or forge history, so no station runs on it."""

    def __init__(self, location: str, findings: tuple[Finding, ...]) -> None:
        """Name the place and every finding, those that forbid first in the message."""
        forbidding = [finding for finding in findings if finding.severity is Severity.FORBIDS]
        lines = "".join(f"\n- {finding.what}\n  mend it: {finding.remedy}" for finding in forbidding)
        super().__init__(f"The ledger at {location} could lose, reorder or forge history, so nothing runs on it:{lines}")
        self.findings = findings


class RecordTooLargeError(LedgerError):
    """A record is longer than the limit of the envelope; it was not sent."""

    def __init__(self, size_bytes: int, limit_bytes: int) -> None:
        """Name the record's size and the limit."""
        super().__init__(
            f"The record of {size_bytes} bytes was not appended: a record has at most {limit_bytes} bytes. "
            "Send fewer documents or addressees in one event; name many addressees as a group."
        )
        self.size_bytes = size_bytes


class AppendUncertainError(LedgerError):
    """No answer to an append came in time: the record may or may not be on the ledger. Appending it again is safe in effect."""

    def __init__(self, location: str, why: str) -> None:
        """Name the place and what cut the answer off."""
        super().__init__(
            f"The append to {location} got no answer ({why}): the record may or may not be on the ledger. "
            "Keep it queued and send the same bytes again; the second copy is judged a duplicate."
        )


class HistoryError(LedgerError):
    """The ledger contradicts what this station has already read from it; the station must stop."""


class LedgerReplacedError(HistoryError):
    """Another ledger stands where this one stood: it was deleted and made again, or swapped."""

    def __init__(self, location: str, held: str, found: str) -> None:
        """Name the place and both incarnations."""
        super().__init__(
            f"The ledger at {location} is not the one this station holds (incarnation {found}, expected {held}): it was deleted "
            "and made again, or swapped. Nothing more is read from it. Find out who did it; restore the old one, or join the "
            "new one with another home."
        )


class LedgerTruncatedError(HistoryError):
    """The ledger is shorter than what this station has already read, or its beginning is gone."""

    def __init__(self, location: str, *, start: int, end: int, held: int) -> None:
        """Name the place, the first position and the end that it has now, and how many positions the station holds."""
        what = f"begins at position {start}" if start else f"ends before position {end}"
        super().__init__(
            f"The ledger at {location} {what}, but this station holds everything from 0 to before {held}: records were lost or "
            "deleted. Nothing more is read from it. Restore it from a replica or a backup; do not let it grow before that."
        )


class LedgerHoleError(HistoryError):
    """Rows of a ledger's file are gone, or one was written far behind its end: no program of ours leaves any out."""

    def __init__(self, location: str, start: int, stop: int) -> None:
        """Name the place, the first position that is missing and the next one that is there."""
        super().__init__(
            f"The ledger at {location} lacks the positions from {start} to {stop - 1}: rows were deleted, or somebody wrote one "
            "behind its end. Nothing behind them is read. Restore it from a backup; do not let it grow before that."
        )


class SlotEmptiedError(HistoryError):
    """A slot that held a record is empty now."""

    def __init__(self, location: str, position: int) -> None:
        """Name the place and the position."""
        super().__init__(
            f"Position {position} of the ledger at {location} is empty, but this station holds a record of it: history was "
            "rewritten. Nothing more is read from it. Restore the ledger from a replica or a backup."
        )
        self.position = position


class SlotChangedError(HistoryError):
    """A slot holds another record than the one this station has read there."""

    def __init__(self, location: str, position: int) -> None:
        """Name the place and the position."""
        super().__init__(
            f"Position {position} of the ledger at {location} holds something else than what this station read there: history "
            "was rewritten. Nothing more is read from it. Restore the ledger from a replica or a backup."
        )
        self.position = position


class ForeignLedgerError(HistoryError):
    """The ledger at this place has another identity than the one that was pinned."""

    def __init__(self, pinned: str, found: str) -> None:
        """Name both identities (hexadecimal)."""
        super().__init__(
            f"The ledger found has the identity {found}, but {pinned} was pinned: it is another ledger. Nothing was read "
            "into the store. Check the location, or join the other ledger with another home."
        )


class StationError(AdapterError):
    """Something keeps the station from working on."""


class ClockBehindLedgerError(StationError):
    """A record is stamped more than ten minutes ahead of this machine's clock; nothing from there on is judged."""

    def __init__(self, position: int, stored_at_ms: int, now_ms: int) -> None:
        """Name the position, its stored time and this machine's time (milliseconds UTC)."""
        minutes = (stored_at_ms - now_ms) // 60_000
        super().__init__(
            f"Position {position} is stamped {minutes} minutes ahead of this machine's clock, so one of the clocks is wrong and "
            "nothing from there on is judged yet. Set this machine's clock; if it is right, confirm the ledger's time with "
            "`ortoo station run --trust-ledger-time`."
        )
        self.position = position


class QueueError(StationError):
    """The queue on disk cannot be read or written."""


class QueueGoneError(QueueError):
    """The file of the queue was deleted or exchanged while a process had it open; trying again does not help that process."""


class KeyringError(StationError):
    """No key at this station can sign for the officer now."""


class StoreError(AdapterError):
    """Something is wrong with the station's own database."""


class StoreMovedError(StoreError):
    """The store does not end where a batch begins: another process of this station wrote it first; read on from there."""

    def __init__(self, position: int) -> None:
        """Name the position at which the batch begins."""
        super().__init__(f"The store does not end at position {position}: another process of this station is following too.")
        self.position = position


class StoreUrlError(StoreError):
    """The setting store_url names no database that this program can use; the message quotes nothing that may be secret."""

    def __init__(self, why: str) -> None:
        """Say what is wrong with it."""
        super().__init__(
            f"The setting store_url cannot be used: {why}. Give it as postgresql://USER@HOST:PORT/DATABASE or sqlite:///FILE; "
            "a password is better kept in the file that PostgreSQL's own programs read (~/.pgpass)."
        )


class StoreUnreachableError(StoreError):
    """The database of the store cannot be opened, read or written."""

    SAYS: ClassVar = (
        "The store {url} cannot be used ({why}). Nothing was lost: the ledger holds everything. Check the disk, the "
        "database and the setting store_url, then run the command again."
    )

    def __init__(self, url: str, why: str) -> None:
        """Name the database (without its password) and what it said."""
        super().__init__(self.SAYS.format(url=url, why=why))


class StoreGoneError(StoreError):
    """The file of the store was deleted or exchanged under a running station, which would go on writing what nobody reads."""

    def __init__(self, path: str) -> None:
        """Name the file."""
        super().__init__(
            f"The store {path} was deleted, or another file was put in its place, while this station ran, so it stopped. Nothing "
            "was lost: the ledger holds everything. Start it again; a store that is not there is rebuilt from the ledger."
        )


class StoreForeignError(StoreError):
    """A fact that was pinned in the store is another one now: the store belongs to another ledger, or to another place."""

    def __init__(self, url: str, fact: str, *, held: str, found: str) -> None:
        """Name the database, the fact, and both values."""
        super().__init__(
            f"The store {url} belongs to another ledger: its {fact} is {held}, not {found}. Nothing was written. Use a home of "
            "its own for each ledger."
        )


class StoreOutdatedError(StoreError):
    """The tables of the store are of another layout than this program's."""

    def __init__(self, url: str, found: str, needed: str) -> None:
        """Name the database and both layouts."""
        super().__init__(
            f"The store {url} has tables of layout {found}, and this program needs layout {needed}. Nothing was lost: the ledger "
            "holds everything. Move the store away and run the command again; it is rebuilt from the ledger."
        )


class StoreDamagedError(StoreError):
    """The store holds bytes under a name that are not what this program writes under it."""

    def __init__(self, topic: str, why: str) -> None:
        """Name what the bytes should be and what is wrong with them."""
        super().__init__(
            f"The store holds a damaged {topic} ({why}). Nothing was lost: the ledger holds everything. Move the store away and "
            "run the command again; it is rebuilt from the ledger."
        )


class KeyFileError(StationError):
    """A key file cannot be made, opened or used; the message never holds a secret."""


class RequestFileError(StationError):
    """A file is not an officer's request for enrolment."""
