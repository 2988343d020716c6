"""What verifying a bundle comes to: findings by step, facts by event, and a verdict, which is never a bool (formats.md)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from types import TracebackType

from adapters.errors import AdapterError
from domain.cosignatures import QuorumMissingError
from domain.errors import DomainError, RejectedError
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.reasons import Reason
from domain.verdicts import RegisterKind


class UnprovenError(AdapterError):
    """Something that is needed is not there: nothing is wrong, and it could not be verified either. The message names it."""


class Step(IntEnum):
    """The eight steps of formats.md, "Verification of a bundle"."""

    TRUST = 1
    PARSING = 2
    SIGNATURES = 3
    LOGS = 4
    CERTIFICATES = 5
    ACCEPTANCE = 6
    DOCUMENTS = 7
    HISTORY = 8


class Gravity(StrEnum):
    """Whether something is wrong, or only could not be verified: never the same answer."""

    WRONG = "wrong"
    MISSING = "missing"


class VerdictCode(StrEnum):
    """The verdicts of formats.md, the gravest last."""

    VALID = "valid"
    VALID_EXPIRED = "valid_expired"
    VALID_SUPERSEDED = "valid_superseded"
    CONTESTED = "contested"
    UNVERIFIABLE = "unverifiable"
    REJECTED = "rejected"
    INVALID = "invalid"

    @property
    def gravity(self) -> int:
        """How grave it is: of several verdicts the gravest stands for all."""
        return list(VerdictCode).index(self)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceVerdict:
    """A verdict and what stands behind it in brackets: by which letter, for which reason, what is missing, why."""

    code: VerdictCode
    detail: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceFinding:
    """Something that is wrong or missing: at which step, in which file ("": none in particular), of which event, what.

    `position` is that of the event or enrolment concerned, None for what concerns the whole bundle.
    """

    step: Step
    gravity: Gravity
    position: int | None
    where: str
    what: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """All that is found, in the order of finding; nothing is left out because something else was found before."""

    found: list[EvidenceFinding] = field(default_factory=list)
    position: int | None = None

    def about(self, position: int) -> Findings:
        """Return where to note what concerns one event or enrolment; it is found here too."""
        return Findings(found=self.found, position=position)

    def wrong(self, step: Step, where: str, what: str) -> None:
        """Note that something is wrong."""
        self._note(step, Gravity.WRONG, where, what)

    def missing(self, step: Step, where: str, what: str) -> None:
        """Note that something could not be verified."""
        self._note(step, Gravity.MISSING, where, what)

    def checking(self, step: Step, where: str) -> Checking:
        """Note as wrong what a check raises (`with findings.checking(...)`), and go on behind it."""
        return Checking(findings=self, step=step, where=where)

    def _note(self, step: Step, gravity: Gravity, where: str, what: str) -> None:
        self.found.append(EvidenceFinding(step=step, gravity=gravity, position=self.position, where=where, what=what))


@dataclass(frozen=True, kw_only=True, slots=True)
class Checking:
    """A check under way at a step: what it raises about the bundle is a finding, and no error any more."""

    findings: Findings
    step: Step
    where: str

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> bool:
        """Note what went wrong, unless it is a mistake of the program's own."""
        if not isinstance(error, (DomainError, AdapterError)):
            return False
        note = self.findings.missing if _is_missing(error) else self.findings.wrong
        note(self.step, self.where, " ".join(str(error).split()))
        return True


def _is_missing(error: Exception) -> bool:
    """Tell whether an error only says that something could not be verified: of later rules, too."""
    unknown = isinstance(error, RejectedError) and error.reason is Reason.TYPE_UNKNOWN
    return unknown or isinstance(error, (UnprovenError, QuorumMissingError))


@dataclass(frozen=True, kw_only=True, slots=True)
class DocumentFact:
    """A document that an event names, and whether the bundle holds it, whole."""

    sha256: Digest
    size_bytes: int
    media_type: str
    role: str
    held: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class SignerFact:
    """Who signed: his certificate (a root key: its own digest), and until when it is valid (None: a root key)."""

    officer: OfficerId
    certificate: Digest
    assurance: str | None
    valid_until: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventFacts:
    """What one event of a bundle is, as its record and its leaf of the verdict log say; `addressed` how its recipient was.

    `addressed` is `named`, `group`, `passed_on`, `entered` (a letter from outside, by whoever entered it), or `not_shown`; None
    for an event of no recipient. `marks` say whose signature is not in the system. `subject` stands in a cover, if the
    bundle holds it. `acting_for` is for whom its officer spoke, if it was accepted under a mandate whose grant is shown,
    `for_officer` who had delegated to him the place of a route in which he decided, if the delegation is shown.
    """

    position: int
    at: int
    type: str
    marks: tuple[str, ...]
    identity: Digest
    record_hash: Digest
    organisation: OrgId
    officer: OfficerId
    mandate: Digest | None
    acting_for: OfficerId | None
    for_officer: OfficerId | None
    signers: tuple[SignerFact, ...]
    signed_at: int
    reason: Reason
    register: RegisterKind
    year: int
    serial: int
    letter: LetterId | None
    recipient: OrgId | None
    addressed: str | None
    subject: str | None
    documents: tuple[DocumentFact, ...]


class SinceCode(StrEnum):
    """What a ledger at hand may tell of an event that a bundle cannot."""

    REVOKED = "revoked"
    SUSPENDED = "suspended"
    COMPROMISED = "compromised"
    REAFFIRMED = "reaffirmed"
    REPUDIATED = "repudiated"
    RECALLED = "recalled"
    SUPERSEDED = "superseded"


@dataclass(frozen=True, kw_only=True, slots=True)
class SinceFact:
    """Something that happened after an event, at a position: to the key of an officer who signed it, or to the letter (None)."""

    code: SinceCode
    position: int
    officer: OfficerId | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EventReport:
    """The facts of an event with its verdict, and what happened since, as far as a ledger at hand tells."""

    facts: EventFacts
    verdict: EvidenceVerdict
    since: tuple[SinceFact, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckpointFacts:
    """The pair of checkpoints that a bundle rests on: `witnessed_at_s` is the time of the k-th cosignature (None: k is 0)."""

    size: int
    root: Digest
    verdict_root: Digest
    quorum: int
    witnesses: tuple[str, ...]
    witnessed_at_s: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EvidenceReport:
    """Everything that verifying a bundle found out; purpose and offset are the genesis's (None, 0: it is not in the bundle).

    `not_checked` are the codes of what only a ledger could tell; `compared_to` is the size of the one that was at hand.
    """

    verdict: EvidenceVerdict
    purpose: str | None
    utc_offset_minutes: int
    checkpoint: CheckpointFacts | None
    events: tuple[EventReport, ...]
    findings: tuple[EvidenceFinding, ...]
    not_checked: tuple[str, ...]
    compared_to: int | None
