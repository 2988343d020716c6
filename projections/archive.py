"""The projection `archive`: every position with its verdict, and what each authentic event is about.

The records themselves stay in the store, verbatim; a row here leads to its record by position.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, Text, select

from adapters.store.dialect import insert_rows
from domain.changes import Recorded
from domain.documents import named_documents
from domain.events import Body, LedgerOpened, LetterDispatched, OrganisationChanged, OrganisationRegistered
from domain.events_office import LetterReceivedOutside
from domain.events_proof import EventReaffirmed, EventRepudiated
from domain.header import Ref
from domain.ids import Digest
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

EVENTS: Final = Table(
    "archive_events",
    METADATA,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("at", BIG, nullable=False),
    Column("reason", Integer, nullable=False),
    Column("because", BIG, nullable=True),
    Column("original", BIG, nullable=False),
    Column("detail", Text, nullable=False),
    Column("size_bytes", Integer, nullable=False),
    Column("record_hash", LargeBinary, nullable=False),
    Column("identity", LargeBinary, nullable=False),
    Column("type", String, nullable=True),
    Column("organisation", NAME, nullable=True),
    Column("officer", NAME, nullable=True),
    Column("signed_at", BIG, nullable=True),
    Column("letter", LargeBinary, nullable=True),
    Column("recipient", NAME, nullable=True),
    Column("case_index", NAME, nullable=True),
    Column("about_organisation", NAME, nullable=True),
    Column("about_officer", NAME, nullable=True),
    Index("archive_events_letter", "letter", "recipient", "position"),
    Index("archive_events_case", "case_index", "position"),
    Index("archive_events_organisation", "organisation", "position"),
    Index("archive_events_about_organisation", "about_organisation", "position"),
    Index("archive_events_officer", "officer", "position"),
    Index("archive_events_about_officer", "about_officer", "position"),
    Index("archive_events_at", "at", "position"),
    comment="every position: its verdict, and if it is authentic who said what about what",
)

DOCUMENTS: Final = Table(
    "archive_documents",
    METADATA,
    Column("sha256", LargeBinary, primary_key=True),
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("role", String, nullable=False),
    Column("size_bytes", BIG, nullable=False),
    Column("media_type", String, nullable=False),
    Index("archive_documents_position", "position"),
    comment="every document that an accepted event names",
)

SIGNERS: Final = Table(
    "archive_signers",
    METADATA,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("signer", LargeBinary, nullable=False),
    Index("archive_signers_signer", "signer", "position"),
    comment="the certificates and root keys under which each authentic event was signed, in order",
)


class ArchiveProjection:
    """Keeps `archive_events`, `archive_documents` and `archive_signers`."""

    name = "archive"
    version = 1
    tables = (EVENTS, DOCUMENTS, SIGNERS)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write a row for every position of a batch, whatever its verdict."""
        insert_rows(connection, EVENTS, [_event_row(one) for one in batch.happenings])
        insert_rows(connection, DOCUMENTS, [row for one in batch.happenings for row in _document_rows(one)])
        insert_rows(connection, SIGNERS, [row for one in batch.happenings for row in _signer_rows(one)])
        for one in batch.happenings:
            if isinstance(one.accepted, EventReaffirmed | EventRepudiated):
                _name_letter(connection, one.position, batch.view.event(one.accepted.event))


def _name_letter(connection: Connection, position: int, settled: Recorded | None) -> None:
    """Enter what a reaffirmation or repudiation is about: the letter and recipient of the event that it settles, if any."""
    if settled is not None:
        about = select(EVENTS.c.letter, EVENTS.c.recipient).where(EVENTS.c.position == settled.position)
        values = connection.execute(about).one()._asdict()
        connection.execute(EVENTS.update().where(EVENTS.c.position == position).values(**values))


def _event_row(one: Happening) -> tuple[Any, ...]:
    verdict, body = one.verdict, one.body
    return row_of(
        EVENTS,
        position=verdict.position,
        at=verdict.at,
        reason=int(verdict.reason),
        because=verdict.because,
        original=verdict.original,
        detail=one.detail,
        size_bytes=verdict.record_size_bytes,
        record_hash=verdict.record_hash,
        identity=verdict.identity,
        **({} if body is None else _said(one, body)),
    )


def _said(one: Happening, body: Body) -> dict[str, Any]:
    return {
        "type": body.TYPE,
        "organisation": body.header.organisation,
        "officer": body.header.officer,
        "signed_at": body.header.signed_at,
        "letter": _letter(one, body),
        "recipient": getattr(body, "recipient", None),
        "case_index": getattr(body, "case_index", None),
        **_about(body),
    }


def _letter(one: Happening, body: Body) -> Digest | None:
    """Return the letter of this ledger to which an event belongs; a request for approval only refers to one, maybe elsewhere."""
    if isinstance(body, LetterDispatched | LetterReceivedOutside):
        return one.verdict.identity
    found = getattr(body, "letter", None)
    return None if isinstance(found, Ref) else found


def _about(body: Body) -> dict[str, Any]:
    """Return which organisation and which officer of the directory an event is about."""
    match body:
        case LedgerOpened():
            return {"about_organisation": body.organisation.organisation, "about_officer": body.registrar.officer}
        case OrganisationRegistered() | OrganisationChanged():
            return {"about_organisation": body.entry.organisation}
        case _:
            return {"about_organisation": getattr(body, "organisation", None), "about_officer": getattr(body, "officer", None)}


def _document_rows(one: Happening) -> Iterator[tuple[Any, ...]]:
    if one.accepted is not None:
        for named in named_documents(one.accepted):
            yield named.sha256, one.position, named.role, named.size_bytes, named.media_type


def _signer_rows(one: Happening) -> Iterator[tuple[Any, ...]]:
    if one.body is not None:
        for place, signer in enumerate(one.body.header.signers, 1):
            yield one.position, place, signer
