"""Verdicts: what every reader concludes of every position, and the leaf that commits it (formats.md, "Trees")."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from domain.changes import Change
from domain.errors import DomainError
from domain.events import Body
from domain.ids import ZERO_DIGEST, Digest, OrgId
from domain.reasons import Reason, reason_of

_LEAF: Final = struct.Struct(">BQq32s32sHQBHQ")
LEAF_VERSION: Final = 1


class LeafInvalidError(DomainError):
    """Bytes that are no leaf of a verdict log, or one with a reason that this program does not know."""


class RegisterKind(IntEnum):
    """The register in which an accepted event got a number; the value stands in the verdict log."""

    NONE = 0
    OUTGOING = 1
    INCOMING = 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Number:
    """A registration number: the organisation's serial of one direction and year."""

    organisation: OrgId
    register: RegisterKind
    year: int
    serial: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """The verdict on one position.

    `at` is ledger time in milliseconds; `identity` is zeros unless the event is authentic; `original` is the position
    of the first event for the two DUPLICATE reasons, else 0. `because` is the position of the event that decided
    against this one (an earlier receipt, a revocation), for people: it is not part of the leaf.
    """

    position: int
    at: int
    record_hash: Digest
    record_size_bytes: int
    identity: Digest
    reason: Reason
    original: int = 0
    number: Number | None = None
    because: int | None = None

    @property
    def is_authentic(self) -> bool:
        """Whether the event passed steps 1 to 5."""
        return self.identity != ZERO_DIGEST

    @property
    def is_accepted(self) -> bool:
        """Whether the event passed all nine steps."""
        return self.reason is Reason.ACCEPTED

    def leaf(self) -> bytes:
        """Return the data of this verdict's leaf in the verdict log."""
        number = self.number
        return _LEAF.pack(
            LEAF_VERSION,
            self.position,
            self.at,
            self.record_hash,
            self.identity,
            self.reason,
            self.original,
            number.register if number else RegisterKind.NONE,
            number.year if number else 0,
            number.serial if number else 0,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class VerdictLeaf:
    """What a leaf of the verdict log says: a verdict without what only a reader of the whole ledger knows besides."""

    position: int
    at: int
    record_hash: Digest
    identity: Digest
    reason: Reason
    original: int
    register: RegisterKind
    year: int
    serial: int


def parse_leaf(raw: bytes) -> VerdictLeaf:
    """Return what the data of a leaf of the verdict log says; raise `LeafInvalidError` if it is none."""
    try:
        version, position, at, record_hash, identity, reason, original, register, year, serial = _LEAF.unpack(raw)
        found = VerdictLeaf(
            position=position,
            at=at,
            record_hash=Digest(record_hash),
            identity=Digest(identity),
            reason=reason_of(reason),
            original=original,
            register=RegisterKind(register),
            year=year,
            serial=serial,
        )
    except (struct.error, KeyError, ValueError) as error:
        msg = f"these {len(raw)} bytes are no leaf of a verdict log that this program knows"
        raise LeafInvalidError(msg) from error
    if version != LEAF_VERSION:
        msg = f"this leaf of a verdict log is of version {version}, and this program knows version {LEAF_VERSION}"
        raise LeafInvalidError(msg)
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """A verdict with what it was reached on: the record (None: empty slot), its body if authentic, what it changes."""

    verdict: Verdict
    record: bytes | None
    body: Body | None = None
    changes: tuple[Change, ...] = ()
    detail: str = ""
