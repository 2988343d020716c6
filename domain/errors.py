"""Errors of the domain.

DomainError
├── IdError                   a name or digest that is not one
├── DerError                  (domain.der) bytes that are not strict DER, or not what is expected there
├── SignatureInvalidError     (domain.signatures) bytes that are not a signature of these bytes
├── CertificateRefusedError   (domain.certificates) carries its Reason
├── TreeError                 (domain.tree) a size or index that does not fit
├── ProofInvalidError         (domain.proofs) a proof that does not show what it was given for
├── NoteInvalidError          (domain.notes) no note, checkpoint or log proof, or not signed as it must be
├── QuorumMissingError        (domain.cosignatures) too few witnesses have cosigned: not verified, and not wrong
├── LeafInvalidError          (domain.verdicts) bytes that are no leaf of the verdict log
├── CalendarMissingError      (domain.calendars) working days cannot be counted, because a year has no calendar
├── RejectedError             a record fails a step of the judge; carries its Reason
├── NotALedgerError           position 0 holds no valid genesis
├── UpgradeNeededError        the rules in force are newer than this program
└── UnknownChangeError        a stored change that no aggregate knows
"""

from __future__ import annotations

from domain.reasons import Reason


class DomainError(Exception):
    """Root of everything that the domain raises."""


class IdError(DomainError):
    """A text or byte string that is not the id, name or digest it claims to be."""


class RejectedError(DomainError):
    """A record fails a step of the judge; `reason` is the verdict, `detail` tells people more (it is not in any log)."""

    def __init__(self, reason: Reason, detail: str = "", *, because: int | None = None) -> None:
        """Name the reason, what people may want to know besides, and the position of the event that decided it."""
        super().__init__(f"{reason.name}: {detail or reason.sentence}")
        self.reason = reason
        self.detail = detail
        self.because = because


class NotALedgerError(DomainError):
    """Position 0 holds no valid `ledger.opened`, so the place is not a ledger and nothing may be judged in it."""


class UpgradeNeededError(DomainError):
    """The ledger has adopted rules that this program does not hold; it judges nothing from here on."""


class UnknownChangeError(DomainError):
    """A stored change names no aggregate or version that this program knows."""
