"""Errors of the command line, and what every error below it means to the caller: an exit code, a stable code, a message.

CliError
├── UsageError                    what was typed cannot be done as typed (exit 2)
│   ├── SettingsError             ortoo.toml or an ORTOO_ variable says something that is no setting
│   ├── ReferenceFormError        a text that refers to no letter
│   └── AddresseeError            an addressee of a draft that is not there
├── ImportRefusedError            a file to import has bad rows; carries all of them
├── LetterNotFoundError           nothing here is what a LETTER argument refers to
├── LetterAmbiguousError          several letters are; carries the candidates
├── ConfirmationNeededError       nobody is there to be asked, and --yes was not given
├── NotConfirmedError             the person said no
├── FoundingStoppedError          a ledger was half made; says what exists and what to do
├── DemoFailedError               (cli.demo_station) the demo met a verdict that it did not expect
├── PrintSupportMissingError      a library, or the font, with which pages are printed is not installed
├── ChartSupportMissingError      the extra `charts` is not installed
└── HomeError                     the home cannot be read or written

Lower layers know nothing of exit codes. `outcome_of` looks an error up by the names of its classes, the most particular
first, so that asking what an error means imports neither database nor broker; a test shows that no error is left out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Final

from domain.reasons import Reason


class ExitCode(IntEnum):
    """What a command ended with, for the program that called it."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    VERIFICATION_FAILED = 3
    COULD_NOT_VERIFY = 4
    REJECTED = 5
    UNREACHABLE = 6
    QUEUED = 7
    PARTLY_DONE = 8


class CliError(Exception):
    """Root of everything that the command line raises itself."""


class UsageError(CliError):
    """What was typed cannot be done as it was typed; nothing was changed."""


class SettingsError(UsageError):
    """`ortoo.toml` or an `ORTOO_` variable holds an unknown setting, or a value that it cannot have."""


class ReferenceFormError(UsageError):
    """A LETTER argument that has none of the forms of a reference."""


class AddresseeError(UsageError):
    """A draft addresses an organisation or a group that the sender does not have."""


class ImportRefusedError(CliError):
    """A file to import has bad rows, so nothing of it is done; `problems` are all of them, one line each."""

    def __init__(self, name: str, problems: Sequence[str]) -> None:
        """Name the file and list what is wrong with it."""
        listed = "".join(f"\n  {problem}" for problem in problems)
        super().__init__(f"{name} was not imported, and nothing was changed: {len(problems)} problem(s). Correct them:{listed}")
        self.problems = tuple(problems)


class LetterNotFoundError(CliError):
    """No letter that this station knows is what a LETTER argument refers to."""


class LetterAmbiguousError(CliError):
    """Several letters are what a LETTER argument refers to; `candidates` are their identities (hexadecimal)."""

    def __init__(self, message: str, candidates: Sequence[str]) -> None:
        """Say what was asked for; the candidates are listed below it."""
        super().__init__(message + "".join(f"\n  {candidate}" for candidate in candidates))
        self.candidates = tuple(candidates)


class ConfirmationNeededError(UsageError):
    """A command that asks before it acts was run where nobody can answer."""


class NotConfirmedError(CliError):
    """The person answered no; nothing was signed or sent."""


class FoundingStoppedError(CliError):
    """Making a ledger stopped half-way; the message says what exists now, and how to finish or to undo it."""


class PrintSupportMissingError(CliError):
    """Pages cannot be printed on this machine: the extra `print`, a library of the system or the font is missing."""

    def __init__(self, missing: str) -> None:
        """Name what is missing."""
        super().__init__(
            f"Nothing was printed: {missing} cannot be loaded here. Install the extra `print`; a PDF also "
            "needs Pango and the font DejaVu Sans (Debian: apt install libpangoft2-1.0-0 libharfbuzz-subset0 fonts-dejavu-core)."
        )


class ChartSupportMissingError(CliError):
    """This program was installed without what it needs to draw charts."""

    def __init__(self, why: str) -> None:
        """Say what is missing."""
        super().__init__(f"No chart was drawn: {why}. Install this program with its extra `charts`; --csv and --json do without.")


class HomeError(CliError):
    """The home folder of this station cannot be read or written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What an error means to the caller: how the command ends, and the stable code that `--json` prints."""

    exit_code: ExitCode
    code: str


_MEANINGS: Final[Mapping[str, tuple[ExitCode, str]]] = MappingProxyType(
    {
        "CliError": (ExitCode.FAILED, "FAILED"),
        "UsageError": (ExitCode.USAGE, "USAGE"),
        "SettingsError": (ExitCode.USAGE, "SETTINGS"),
        "ReferenceFormError": (ExitCode.USAGE, "REFERENCE_FORM"),
        "ImportRefusedError": (ExitCode.FAILED, "IMPORT_REFUSED"),
        "LetterNotFoundError": (ExitCode.FAILED, "LETTER_NOT_FOUND"),
        "LetterAmbiguousError": (ExitCode.FAILED, "LETTER_AMBIGUOUS"),
        "ConfirmationNeededError": (ExitCode.USAGE, "CONFIRMATION_NEEDED"),
        "NotConfirmedError": (ExitCode.FAILED, "NOT_CONFIRMED"),
        "FoundingStoppedError": (ExitCode.FAILED, "FOUNDING_STOPPED"),
        "PrintSupportMissingError": (ExitCode.FAILED, "PRINT_SUPPORT_MISSING"),
        "ChartSupportMissingError": (ExitCode.FAILED, "CHART_SUPPORT_MISSING"),
        "HomeError": (ExitCode.FAILED, "HOME"),
        "DomainError": (ExitCode.FAILED, "DOMAIN"),
        "IdError": (ExitCode.USAGE, "ID"),
        "RejectedError": (ExitCode.REJECTED, "REJECTED"),
        "CertificateRefusedError": (ExitCode.REJECTED, "CERTIFICATE_REFUSED"),
        "SignatureInvalidError": (ExitCode.VERIFICATION_FAILED, "SIGNATURE_INVALID"),
        "TreeError": (ExitCode.VERIFICATION_FAILED, "TREE"),
        "ProofInvalidError": (ExitCode.VERIFICATION_FAILED, "PROOF_INVALID"),
        "LeafInvalidError": (ExitCode.VERIFICATION_FAILED, "LEAF_INVALID"),
        "NoteInvalidError": (ExitCode.VERIFICATION_FAILED, "NOTE_INVALID"),
        "QuorumMissingError": (ExitCode.COULD_NOT_VERIFY, "QUORUM_MISSING"),
        "NotALedgerError": (ExitCode.VERIFICATION_FAILED, "NOT_A_LEDGER"),
        "UpgradeNeededError": (ExitCode.COULD_NOT_VERIFY, "UPGRADE_NEEDED"),
        "UnknownChangeError": (ExitCode.COULD_NOT_VERIFY, "UNKNOWN_CHANGE"),
        "SchemaError": (ExitCode.FAILED, "SCHEMA"),
        "MalformedError": (ExitCode.VERIFICATION_FAILED, "MALFORMED"),
        "AdapterError": (ExitCode.FAILED, "ADAPTER"),
        "LedgerError": (ExitCode.FAILED, "LEDGER"),
        "LocationError": (ExitCode.USAGE, "LOCATION"),
        "LedgerMissingError": (ExitCode.UNREACHABLE, "LEDGER_MISSING"),
        "LedgerExistsError": (ExitCode.FAILED, "LEDGER_EXISTS"),
        "LedgerUnreachableError": (ExitCode.UNREACHABLE, "LEDGER_UNREACHABLE"),
        "BrokerUntrustedError": (ExitCode.UNREACHABLE, "BROKER_UNTRUSTED"),
        "BrokerNameError": (ExitCode.UNREACHABLE, "BROKER_NAME"),
        "BrokerCertificateExpiredError": (ExitCode.UNREACHABLE, "BROKER_CERTIFICATE_EXPIRED"),
        "PlainTextBrokerError": (ExitCode.UNREACHABLE, "BROKER_PLAIN_TEXT"),
        "TlsExpectedError": (ExitCode.UNREACHABLE, "TLS_EXPECTED"),
        "LedgerRefusedError": (ExitCode.UNREACHABLE, "LEDGER_REFUSED"),
        "LoginRefusedError": (ExitCode.UNREACHABLE, "LOGIN_REFUSED"),
        "LoginExpectedError": (ExitCode.UNREACHABLE, "LOGIN_EXPECTED"),
        "LoginNotOfferedError": (ExitCode.UNREACHABLE, "LOGIN_NOT_OFFERED"),
        "ClientCertificateMissingError": (ExitCode.UNREACHABLE, "CLIENT_CERTIFICATE_MISSING"),
        "ClientCertificateExpiredError": (ExitCode.UNREACHABLE, "CLIENT_CERTIFICATE_EXPIRED"),
        "ClientCertificateRefusedError": (ExitCode.UNREACHABLE, "CLIENT_CERTIFICATE_REFUSED"),
        "RightMissingError": (ExitCode.UNREACHABLE, "RIGHT_MISSING"),
        "WriteForbiddenError": (ExitCode.UNREACHABLE, "WRITE_FORBIDDEN"),
        "ReadForbiddenError": (ExitCode.UNREACHABLE, "READ_FORBIDDEN"),
        "DescribeForbiddenError": (ExitCode.UNREACHABLE, "DESCRIBE_FORBIDDEN"),
        "KafkaCredentialsError": (ExitCode.USAGE, "KAFKA_CREDENTIALS"),
        "LedgerUnsafeError": (ExitCode.VERIFICATION_FAILED, "LEDGER_UNSAFE"),
        "AppendUncertainError": (ExitCode.QUEUED, "APPEND_UNCERTAIN"),
        "HistoryError": (ExitCode.VERIFICATION_FAILED, "HISTORY"),
        "LedgerReplacedError": (ExitCode.VERIFICATION_FAILED, "LEDGER_REPLACED"),
        "LedgerTruncatedError": (ExitCode.VERIFICATION_FAILED, "LEDGER_TRUNCATED"),
        "LedgerHoleError": (ExitCode.VERIFICATION_FAILED, "LEDGER_HOLE"),
        "SlotEmptiedError": (ExitCode.VERIFICATION_FAILED, "SLOT_EMPTIED"),
        "SlotChangedError": (ExitCode.VERIFICATION_FAILED, "SLOT_CHANGED"),
        "ForeignLedgerError": (ExitCode.VERIFICATION_FAILED, "FOREIGN_LEDGER"),
        "StationError": (ExitCode.FAILED, "STATION"),
        "ClockBehindLedgerError": (ExitCode.COULD_NOT_VERIFY, "CLOCK_BEHIND_LEDGER"),
        "KeyFileError": (ExitCode.FAILED, "KEY_FILE"),
        "TokenError": (ExitCode.FAILED, "TOKEN"),
        "TokenUriError": (ExitCode.USAGE, "TOKEN_URI"),
        "TokenSupportMissingError": (ExitCode.FAILED, "TOKEN_SUPPORT_MISSING"),
        "TokenDriverError": (ExitCode.FAILED, "TOKEN_DRIVER"),
        "TokenRemovedError": (ExitCode.FAILED, "TOKEN_REMOVED"),
        "TokenAmbiguousError": (ExitCode.FAILED, "TOKEN_AMBIGUOUS"),
        "PinNeededError": (ExitCode.FAILED, "PIN_NEEDED"),
        "PinRefusedError": (ExitCode.FAILED, "PIN_REFUSED"),
        "PinLockedError": (ExitCode.FAILED, "PIN_LOCKED"),
        "TokenKeyMissingError": (ExitCode.FAILED, "TOKEN_KEY_MISSING"),
        "TokenKeyExistsError": (ExitCode.FAILED, "TOKEN_KEY_EXISTS"),
        "TokenKeyDiffersError": (ExitCode.FAILED, "TOKEN_KEY_DIFFERS"),
        "RequestFileError": (ExitCode.FAILED, "REQUEST_FILE"),
        "WordsDifferError": (ExitCode.VERIFICATION_FAILED, "WORDS_DIFFER"),
        "CertificateFileError": (ExitCode.FAILED, "CERTIFICATE_FILE"),
        "CheckpointSigningError": (ExitCode.FAILED, "CHECKPOINT_SIGNING"),
        "CheckpointBusyError": (ExitCode.FAILED, "CHECKPOINT_BUSY"),
        "CheckpointBehindError": (ExitCode.UNREACHABLE, "CHECKPOINT_BEHIND"),
        "CheckpointUnpublishedError": (ExitCode.UNREACHABLE, "CHECKPOINT_UNPUBLISHED"),
        "CheckpointContradictsError": (ExitCode.VERIFICATION_FAILED, "CHECKPOINT_CONTRADICTS"),
        "MetricsAddressError": (ExitCode.USAGE, "METRICS_ADDRESS"),
        "QueueError": (ExitCode.UNREACHABLE, "QUEUE"),
        "QueueGoneError": (ExitCode.UNREACHABLE, "QUEUE_GONE"),
        "KeyringError": (ExitCode.FAILED, "KEYRING"),
        "StoreError": (ExitCode.UNREACHABLE, "STORE"),
        "StoreUrlError": (ExitCode.USAGE, "STORE_URL"),
        "StoreGoneError": (ExitCode.UNREACHABLE, "STORE_GONE"),
        "StoreUnreachableError": (ExitCode.UNREACHABLE, "STORE_UNREACHABLE"),
        "ViewsUnreachableError": (ExitCode.UNREACHABLE, "VIEWS_UNREACHABLE"),
        "StoreMovedError": (ExitCode.FAILED, "STORE_MOVED"),
        "DocumentError": (ExitCode.FAILED, "DOCUMENT"),
        "DocumentMissingError": (ExitCode.COULD_NOT_VERIFY, "DOCUMENT_MISSING"),
        "DocumentDamagedError": (ExitCode.VERIFICATION_FAILED, "DOCUMENT_DAMAGED"),
        "DocumentTooLargeError": (ExitCode.FAILED, "DOCUMENT_TOO_LARGE"),
        "DocumentsUnreachableError": (ExitCode.UNREACHABLE, "DOCUMENTS_UNREACHABLE"),
        "DocumentRefusedError": (ExitCode.UNREACHABLE, "DOCUMENT_REFUSED"),
        "DueTimeError": (ExitCode.USAGE, "DUE_TIME"),
        "DraftError": (ExitCode.FAILED, "DRAFT"),
        "PlaceholderError": (ExitCode.FAILED, "PLACEHOLDER"),
        "TemplateError": (ExitCode.FAILED, "TEMPLATE"),
        "TemplateValuesError": (ExitCode.USAGE, "TEMPLATE_VALUES"),
        "WitnessError": (ExitCode.FAILED, "WITNESS"),
        "WitnessFileError": (ExitCode.USAGE, "WITNESS_FILE"),
        "WitnessMemoryError": (ExitCode.FAILED, "WITNESS_MEMORY"),
        "WitnessMemoryLostError": (ExitCode.COULD_NOT_VERIFY, "WITNESS_MEMORY_LOST"),
        "WitnessEvidenceError": (ExitCode.FAILED, "WITNESS_EVIDENCE"),
        "LogNotToldError": (ExitCode.COULD_NOT_VERIFY, "LOG_NOT_TOLD"),
        "HeadMovedError": (ExitCode.FAILED, "HEAD_MOVED"),
        "CheckpointRefusedError": (ExitCode.VERIFICATION_FAILED, "CHECKPOINT_REFUSED"),
        "WitnessAddressError": (ExitCode.USAGE, "WITNESS_ADDRESS"),
        "WitnessUrlError": (ExitCode.USAGE, "WITNESS_URL"),
        "WitnessUnreachableError": (ExitCode.UNREACHABLE, "WITNESS_UNREACHABLE"),
        "WitnessRefusedError": (ExitCode.FAILED, "WITNESS_REFUSED"),
        "WitnessAnswerError": (ExitCode.VERIFICATION_FAILED, "WITNESS_ANSWER"),
        "WitnessContradictsError": (ExitCode.VERIFICATION_FAILED, "WITNESS_CONTRADICTS"),
        "WitnessForgotError": (ExitCode.VERIFICATION_FAILED, "WITNESS_FORGOT"),
        "PostingError": (ExitCode.UNREACHABLE, "POSTING"),
        "PostingAddressError": (ExitCode.USAGE, "POSTING_ADDRESS"),
        "TimestampError": (ExitCode.FAILED, "TIMESTAMP"),
        "TimestampSupportMissingError": (ExitCode.FAILED, "TIMESTAMP_SUPPORT_MISSING"),
        "TimestampRootsError": (ExitCode.USAGE, "TIMESTAMP_ROOTS"),
        "TimestampUnreachableError": (ExitCode.UNREACHABLE, "TIMESTAMP_UNREACHABLE"),
        "TimestampRefusedError": (ExitCode.FAILED, "TIMESTAMP_REFUSED"),
        "TimestampInvalidError": (ExitCode.VERIFICATION_FAILED, "TIMESTAMP_INVALID"),
        "ProjectionError": (ExitCode.FAILED, "PROJECTION"),
        "BundleError": (ExitCode.VERIFICATION_FAILED, "BUNDLE"),
        "UnprovenError": (ExitCode.COULD_NOT_VERIFY, "UNPROVEN"),
        "EvidenceError": (ExitCode.FAILED, "EVIDENCE"),
        "TrustFileError": (ExitCode.VERIFICATION_FAILED, "TRUST_FILE"),
        "TrustUnreadableError": (ExitCode.COULD_NOT_VERIFY, "TRUST_UNREADABLE"),
        "TrustUnsignedError": (ExitCode.COULD_NOT_VERIFY, "TRUST_UNSIGNED"),
        "TrustExpiredError": (ExitCode.COULD_NOT_VERIFY, "TRUST_EXPIRED"),
        "TrustRolledBackError": (ExitCode.VERIFICATION_FAILED, "TRUST_ROLLED_BACK"),
        "TrustSeenError": (ExitCode.COULD_NOT_VERIFY, "TRUST_SEEN"),
    },
)
"""Class names from the most general down; a class that is not named here means what its nearest named base means."""


_PASSWORD_IN_URL: Final = re.compile(r"(?<=://)([^/@\s:]*):([^/\s]*)@")
_PASSWORD_NAMED: Final = re.compile(
    r"(?i)\b((?:sasl_plain_|ssl_)?(?:password|passphrase|secret)|pin-value)(\s*[=:]\s*)(\"[^\"]*\"|'[^']*'|[^\s,;]+)",
)


def outcome_of(error: BaseException) -> Meaning:
    """Return what an error means to the caller; what no layer knows is a failure with the code `UNEXPECTED`."""
    for cls in type(error).__mro__:
        if cls.__name__ in _MEANINGS:
            exit_code, code = _MEANINGS[cls.__name__]
            return Meaning(exit_code=exit_code, code=code)
    return Meaning(exit_code=ExitCode.FAILED, code="UNEXPECTED")


def all_meanings() -> tuple[Meaning, ...]:
    """Return every code that `--json` may print for an error."""
    known = tuple(Meaning(exit_code=exit_code, code=code) for exit_code, code in _MEANINGS.values())
    return (*known, Meaning(exit_code=ExitCode.FAILED, code="UNEXPECTED"))


def reason_of(error: BaseException) -> Reason | None:
    """Return the ledger's reason code that an error carries, None if it carries none."""
    found = getattr(error, "reason", None)
    return found if isinstance(found, Reason) else None


def redacted(text: str) -> str:
    """Return a text without the passwords that a URL or a setting quoted in it may hold."""
    return _PASSWORD_NAMED.sub(r"\1\2***", _PASSWORD_IN_URL.sub(r"\1:***@", text))
