"""Rows of the store as values: a position with its verdict, and the record itself if it is authentic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from domain.ids import ZERO_DIGEST, Digest, OrgId
from domain.reasons import reason_of
from domain.verdicts import Judged, Number, RegisterKind, Verdict


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What the store holds of a position: its verdict, the record verbatim if it is authentic, and what tells people more."""

    verdict: Verdict
    record: bytes | None
    detail: str


def row_of(judged: Judged) -> tuple[Any, ...]:
    """Return the row of the table `records` for a judged position."""
    verdict, number = judged.verdict, judged.verdict.number
    return (
        verdict.position,
        verdict.at,
        int(verdict.reason),
        bytes(verdict.identity),
        verdict.record_hash,
        verdict.record_size_bytes,
        verdict.original,
        int(number.register) if number else 0,
        number.year if number else 0,
        number.serial if number else 0,
        number.organisation if number else None,
        verdict.because,
        judged.detail,
        judged.record if verdict.is_authentic else None,
    )


def entry_of(row: Any) -> Entry:
    """Return a row of the table `records` as a value."""
    number = None
    if row[10] is not None:
        number = Number(organisation=OrgId(row[10]), register=RegisterKind(row[7]), year=row[8], serial=row[9])
    identity = Digest(row[3])
    verdict = Verdict(
        position=row[0],
        at=row[1],
        reason=reason_of(row[2]),
        identity=identity if any(identity) else ZERO_DIGEST,
        record_hash=Digest(row[4]),
        record_size_bytes=row[5],
        original=row[6],
        number=number,
        because=row[11],
    )
    return Entry(verdict=verdict, record=row[13], detail=row[12])
