"""Time stamps as an audit takes them: each against the records that it covers, and each token against roots that are trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from cryptography import x509
from sqlalchemy import select

from adapters.audit_findings import FindingCode, Report
from adapters.audit_replay import Replay
from adapters.documents import DocumentError
from adapters.store.tables import CHANGES
from adapters.store.topics import change_mapper
from adapters.timestamp_errors import TimestampInvalidError
from adapters.timestamp_tokens import TOKEN_LIMIT_BYTES, verify_timestamp
from domain.auditing import Bounds, Sighting
from domain.events_proof import TimestampRecorded
from domain.ids import Digest
from domain.ledger_time import MS_PER_S
from domain.reading import read_record
from domain.stamped_heads import StampedHead, backdated, stamped_message
from domain.timestamps import TIMESTAMPS_ID, TimestampEntered
from schemas.codec import LedgerCodec

READ_TOKEN: Final = TOKEN_LIMIT_BYTES + 1

TokenOf = Callable[[Digest], bytes]
"""Gives a document by its digest, at most `READ_TOKEN` bytes of it; raises `DocumentError` if nobody holds it."""


def check_stamped_times(replay: Replay, sightings: Sequence[Sighting], report: Report) -> int:
    """Report every stamp whose time is before the records that it covers can have existed; return how many stamps there are.

    An authority whose stamp is too early dates back.
    """
    stamps = tuple(_stamps(replay))
    for found in backdated(stamps, lambda position: _ledger_time(replay, position), Bounds(sightings)):
        head = found.head
        report(
            FindingCode.TIMESTAMP_BACKDATED,
            head.position,
            f"authority {head.authority.hex()[:16]}… stamped {head.size} records "
            f"{(found.not_before - head.stamped_at) // MS_PER_S} seconds before position {head.size - 1} was written",
        )
    return len(stamps)


def check_tokens(replay: Replay, roots: Sequence[x509.Certificate], token_of: TokenOf, report: Report) -> None:
    """Verify every token that was recorded, and report those that do not hold or that nobody has."""
    codec = LedgerCodec()
    for stamp in _stamps(replay):
        opened = read_record(replay.store.record(stamp.position) or b"", codec).opened
        body = opened.body if opened is not None else None
        assert isinstance(body, TimestampRecorded)  # noqa: S101 - nothing else enters a time stamp
        message = stamped_message(replay.exchange.name, replay.exchange.identity, body.size, (body.root, body.verdict_root))
        try:
            found = verify_timestamp(token_of(body.token.sha256), message, roots)
        except DocumentError as error:
            report(FindingCode.TIMESTAMP_UNVERIFIED, stamp.position, str(error))
            continue
        except TimestampInvalidError as error:
            report(FindingCode.TIMESTAMP_INVALID, stamp.position, str(error))
            continue
        if (found.stamped_at, found.authority) != (body.stamped_at, body.authority):
            what = f"the token says {found.stamped_at} by {found.authority.hex()[:16]}…, the event says {body.stamped_at}"
            report(FindingCode.TIMESTAMP_INVALID, stamp.position, what)


def _stamps(replay: Replay) -> Iterator[StampedHead]:
    statement = select(CHANGES).where(CHANGES.c.originator_id == TIMESTAMPS_ID).order_by(CHANGES.c.originator_version)
    with replay.reading() as connection:
        rows = connection.execute(statement).all()
    for row in rows:
        change = change_mapper().decode_change(row.topic, TIMESTAMPS_ID, row.originator_version, row.state)
        if isinstance(change, TimestampEntered):
            yield StampedHead(
                position=change.position, size=change.size, authority=change.authority, stamped_at=change.stamped_at
            )


def _ledger_time(replay: Replay, position: int) -> int:
    verdict = replay.store.verdict(position)
    assert verdict is not None  # noqa: S101 - the judge takes a stamp only over records before it
    return verdict.at
