"""The projection `letters`: every accepted letter as it was sent, what it refers to, and what its sender did to it later."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, bindparam

from adapters.store.dialect import insert_rows
from domain.events import AcknowledgementMissed, LetterDispatched, LetterRecalled, LetterSuperseded
from domain.events_office import LetterReceivedOutside
from domain.ids import LetterId
from domain.letters import mark_of
from domain.registers import printed
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

LETTERS: Final = Table(
    "letters",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("signed_at", BIG, nullable=False),
    Column("sender", NAME, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("kind", String, nullable=False),
    Column("language", String, nullable=False),
    Column("urgency", String, nullable=False),
    Column("access", String, nullable=False),
    Column("case_index", NAME, nullable=True),
    Column("year", Integer, nullable=False),
    Column("serial", BIG, nullable=False),
    Column("printed", String, nullable=False),
    Column("mark", NAME, nullable=False),
    Column("cover", LargeBinary, nullable=False),
    Column("acknowledge_by", BIG, nullable=True),
    Column("reply_by", BIG, nullable=True),
    Column("recalled_position", BIG, nullable=True),
    Column("recalled_at", BIG, nullable=True),
    Column("recall_reason", String, nullable=True),
    Column("recall_cover", LargeBinary, nullable=True),
    Column("superseded_by", LargeBinary, nullable=True),
    Column("superseded_position", BIG, nullable=True),
    Column("missed_position", BIG, nullable=True),
    Column("missed_at", BIG, nullable=True),
    Index("letters_position", "position"),
    Index("letters_sender", "sender", "position"),
    Index("letters_number", "sender", "year", "serial"),
    Index("letters_mark", "mark"),
    Index("letters_case", "case_index", "position"),
    Index("letters_acknowledge_by", "acknowledge_by"),
    comment="every accepted letter as it was sent, and what its sender did to it later",
)

REFERENCES: Final = Table(
    "letter_references",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("relation", NAME, primary_key=True),
    Column("other", LargeBinary, primary_key=True),
    Column("ledger", LargeBinary, primary_key=True),
    Index("letter_references_other", "other"),
    comment="what each letter, also one from outside, answers, follows, replaces or relates to; no ledger: one of this",
)

DOCUMENTS: Final = Table(
    "letter_documents",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("role", String, nullable=False),
    Column("size_bytes", BIG, nullable=False),
    Column("media_type", String, nullable=False),
    comment="the documents of each letter, also of one from outside, in the order in which it names them, without its cover",
)

SIGNERS: Final = Table(
    "letter_signers",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("certificate", LargeBinary, nullable=False),
    comment="the certificates under which each letter was signed, in order, and each letter from outside was entered",
)

ADDRESSED_GROUPS: Final = Table(
    "letter_group_versions",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("group", NAME, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    comment="the versions of its sender's groups to which each letter goes",
)

ANSWERS: Final = "answers"
RELATIONS: Final = (ANSWERS, "follows", "replaces", "relates")
HERE: Final = b""
"""Stands for this ledger in the table of references, because a key cannot be null."""

_LETTER: Final = LETTERS.c.letter == bindparam("b_letter")
_AT: Final[Any] = bindparam("b_at", type_=BIG)
_RECALL: Final = (
    LETTERS.update()
    .where(_LETTER)
    .values(
        recalled_position=bindparam("b_position"),
        recalled_at=_AT,
        recall_reason=bindparam("b_reason"),
        recall_cover=bindparam("b_cover"),
    )
)
_SUPERSEDE: Final = (
    LETTERS.update().where(_LETTER).values(superseded_by=bindparam("b_by"), superseded_position=bindparam("b_position"))
)
_MISS: Final = LETTERS.update().where(_LETTER).values(missed_position=bindparam("b_position"), missed_at=_AT)


class LettersProjection:
    """Keeps `letters`, `letter_references`, `letter_documents`, `letter_signers` and `letter_group_versions`."""

    name = "letters"
    version = 2
    tables = (LETTERS, REFERENCES, DOCUMENTS, SIGNERS, ADDRESSED_GROUPS)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write the letters of a batch, what those from outside answer and consist of, then what senders did to letters."""
        sent = [(one, one.accepted) for one in batch.happenings if isinstance(one.accepted, LetterDispatched)]
        insert_rows(connection, LETTERS, [_letter_row(one, body, batch) for one, body in sent])
        insert_rows(connection, REFERENCES, [row for one, body in sent for row in _reference_rows(one, body)])
        insert_rows(connection, DOCUMENTS, [row for one, body in sent for row in _document_rows(one, body)])
        insert_rows(connection, SIGNERS, [row for one, body in sent for row in _signer_rows(one, body)])
        entered = [(one, one.accepted) for one in batch.happenings if isinstance(one.accepted, LetterReceivedOutside)]
        insert_rows(connection, REFERENCES, [row for one, body in entered for row in _answered_rows(one, body)])
        insert_rows(connection, DOCUMENTS, [row for one, body in entered for row in _document_rows(one, body)])
        insert_rows(connection, SIGNERS, [row for one, body in entered for row in _signer_rows(one, body)])
        insert_rows(connection, ADDRESSED_GROUPS, [row for one, body in sent for row in _group_rows(one, body)])
        for one in batch.happenings:
            _tell(connection, one)


def _tell(connection: Connection, one: Happening) -> None:
    match one.accepted:
        case LetterRecalled() as body:
            why = {"b_reason": body.reason, "b_cover": body.cover.sha256 if body.cover else None}
            connection.execute(_RECALL, {"b_letter": body.letter, "b_position": one.position, "b_at": one.at} | why)
        case LetterSuperseded() as body:
            connection.execute(_SUPERSEDE, {"b_letter": body.letter, "b_by": body.by, "b_position": one.position})
        case AcknowledgementMissed() as body:
            connection.execute(_MISS, {"b_letter": body.letter, "b_position": one.position, "b_at": one.at})
        case _:
            pass


def _letter_row(one: Happening, body: LetterDispatched, batch: Batch) -> tuple[Any, ...]:
    letter_id, number = LetterId(one.verdict.identity), one.verdict.number
    return row_of(
        LETTERS,
        letter=letter_id,
        position=one.position,
        at=one.at,
        signed_at=body.header.signed_at,
        sender=body.header.organisation,
        officer=body.header.officer,
        kind=body.kind,
        language=body.language,
        urgency=body.urgency,
        access=body.access.level,
        case_index=body.case_index,
        year=number.year if number else 0,
        serial=number.serial if number else 0,
        printed=printed(batch.view, number, body.case_index) if number else "",
        mark=mark_of(letter_id),
        cover=body.cover.sha256,
        acknowledge_by=body.acknowledge_by,
        reply_by=body.reply_by,
    )


def _reference_rows(one: Happening, body: LetterDispatched) -> Iterator[tuple[Any, ...]]:
    named = {(relation, ref): None for relation in RELATIONS for ref in getattr(body.references, relation)}
    for relation, ref in named:
        yield one.verdict.identity, relation, ref.identity, HERE if ref.ledger is None else ref.ledger


def _answered_rows(one: Happening, body: LetterReceivedOutside) -> Iterator[tuple[Any, ...]]:
    for ref in dict.fromkeys(body.references):
        yield one.verdict.identity, ANSWERS, ref.identity, HERE if ref.ledger is None else ref.ledger


def _document_rows(one: Happening, body: LetterDispatched | LetterReceivedOutside) -> Iterator[tuple[Any, ...]]:
    for place, named in enumerate(body.documents, 1):
        yield one.verdict.identity, place, named.sha256, named.role, named.size_bytes, named.media_type


def _signer_rows(one: Happening, body: LetterDispatched | LetterReceivedOutside) -> Iterator[tuple[Any, ...]]:
    for place, certificate in enumerate(body.header.signers, 1):
        yield one.verdict.identity, place, certificate


def _group_rows(one: Happening, body: LetterDispatched) -> Iterator[tuple[Any, ...]]:
    named = {(addressee.group.group, addressee.group.version) for addressee in body.addressees if addressee.group is not None}
    for group, version in sorted(named):
        yield one.verdict.identity, group, version
