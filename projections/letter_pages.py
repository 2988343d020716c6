"""Reading one letter: what it is, its documents, who signed it, its thread, and what befell it with a recipient, step by step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import Connection, func, select

from domain.events import ReceiptAcknowledged
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.keys import KeyStatus
from domain.reasons import Reason
from projections.archive import EVENTS
from projections.contested import OUTCOME, assurances_at, contests_among, with_outcome
from projections.covers import COVERS, NAMES, TEXTS
from projections.directory_tables import CERTIFICATES, KEYS
from projections.inbox import CONSIGNMENTS
from projections.letters import DOCUMENTS, HERE, LETTERS, REFERENCES, RELATIONS, SIGNERS
from projections.moved_terms import LATE, with_moved
from projections.outside import OUTSIDE_LETTERS
from projections.outside_pages import correspondent_of
from projections.outside_queries import Delivery, deliveries_of
from projections.registers import ENTRIES

EXPIRED: Final = "expired"
ANSWERED: Final = "answered"
_COVER: Final = func.coalesce(LETTERS.c.cover, OUTSIDE_LETTERS.c.cover)
THREAD_LIMIT: Final = 500
"""A circular may have an answer from every recipient; the outbox counts them, the thread shows the first."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterFacts:
    """What a letter is, by code, and its subject once its cover is here (`cover_state` says whether it is)."""

    letter: LetterId
    position: int
    at: int
    signed_at: int
    sender: OrgId
    officer: OfficerId
    kind: str
    language: str
    urgency: str
    access: str
    case_index: str | None
    number: str
    mark: str
    cover: Digest
    cover_state: str
    subject: str | None
    acknowledge_by: int | None
    reply_by: int | None
    recalled_position: int | None
    recall_reason: str | None
    superseded_by: LetterId | None
    missed_position: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class NamedDocument:
    """A document of a letter, with the name that the cover gives it (None: not here yet, or none)."""

    sha256: Digest
    name: str | None
    role: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, kw_only=True, slots=True)
class LetterSigner:
    """Who signed a letter, under which certificate, how well he was identified, and what his key's state is.

    `settled` is how he settled it if it was contested: `reaffirmed`, `repudiated`.
    """

    officer: OfficerId
    certificate: Digest
    assurance: str
    valid_until: int
    state: str
    contested: bool
    settled: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ThreadLine:
    """Another letter of the thread: `relation` says what one does to the other, `by_this` which of the two says so.

    A letter of another ledger, or one that is not known here, has no position; one from outside has no sender but `written_by`,
    and the incoming number.
    """

    relation: str
    by_this: bool
    letter: LetterId
    ledger: Digest | None
    position: int | None
    at: int | None
    sender: OrgId | None
    written_by: str | None
    number: str | None
    subject: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class FateStep:
    """Something that happened to a letter with a recipient: the type of event (or `answered`), when, where, who signed it.

    `about_officer` is who opened it, `number` what the event was registered under, `other` the answering letter, `assurance`
    how well its signer is identified. `voided`: a receipt that was withdrawn later, whose number stays void.
    Of a delivery outside: how, when (ms UTC), and whether it corrects what was told before.
    """

    act: str
    position: int
    at: int
    officer: OfficerId
    organisation: OrgId
    about_officer: OfficerId | None = None
    number: str | None = None
    voided: bool = False
    late: bool = False
    other: LetterId | None = None
    assurance: str | None = None
    contested: bool = False
    repudiated: bool = False
    channel: str | None = None
    delivered_at: int | None = None
    corrects: bool = False


def letter_facts(connection: Connection, letter: LetterId) -> LetterFacts | None:
    """Return what an accepted letter is, None if these views do not have it."""
    chosen = (
        select(LETTERS, COVERS.c.subject, COVERS.c.state.label("cover_state"))
        .join(COVERS, COVERS.c.cover == LETTERS.c.cover)
        .where(LETTERS.c.letter == letter)
    )
    row = connection.execute(chosen).first()
    if row is None:
        return None
    named = dict(row._mapping)  # noqa: SLF001 - the columns by name
    named["number"] = named["printed"]
    return LetterFacts(**{field: named[field] for field in LetterFacts.__slots__})


def documents_of(connection: Connection, letter: LetterId) -> tuple[NamedDocument, ...]:
    """Return the documents of a letter, or of one from outside, in the order in which it names them."""
    chosen = (
        select(DOCUMENTS, NAMES.c.name)
        .outerjoin(LETTERS, LETTERS.c.letter == DOCUMENTS.c.letter)
        .outerjoin(OUTSIDE_LETTERS, OUTSIDE_LETTERS.c.letter == DOCUMENTS.c.letter)
        .outerjoin(NAMES, (NAMES.c.cover == _COVER) & (NAMES.c.sha256 == DOCUMENTS.c.sha256))
        .where(DOCUMENTS.c.letter == letter)
        .order_by(DOCUMENTS.c.place)
    )
    return tuple(
        NamedDocument(
            sha256=Digest(row.sha256), name=row.name, role=row.role, size_bytes=row.size_bytes, media_type=row.media_type
        )
        for row in connection.execute(chosen)
    )


def signers_of(connection: Connection, letter: LetterId, *, now: int) -> tuple[LetterSigner, ...]:
    """Return who signed a letter, or entered one from outside, in order, as the directory has their keys.

    A certificate may have expired at `now`.
    """
    position = func.coalesce(LETTERS.c.position, OUTSIDE_LETTERS.c.position)
    chosen = (
        select(
            SIGNERS.c.certificate, KEYS, CERTIFICATES.c.assurance, CERTIFICATES.c.not_after, position.label("position"), OUTCOME
        )
        .join(CERTIFICATES, CERTIFICATES.c.certificate == SIGNERS.c.certificate)
        .join(KEYS, KEYS.c.key == CERTIFICATES.c.key)
        .outerjoin(LETTERS, LETTERS.c.letter == SIGNERS.c.letter)
        .outerjoin(OUTSIDE_LETTERS, OUTSIDE_LETTERS.c.letter == SIGNERS.c.letter)
        .where(SIGNERS.c.letter == letter)
        .order_by(SIGNERS.c.place)
    )
    return tuple(
        LetterSigner(
            officer=OfficerId(row.officer),
            certificate=Digest(row.certificate),
            assurance=row.assurance,
            valid_until=row.not_after,
            state=EXPIRED if row.status == KeyStatus.ACTIVE and row.not_after < now else row.status,
            contested=row.contested_from is not None and row.contested_from <= row.position and row.outcome is None,
            settled=row.outcome,
        )
        for row in connection.execute(with_outcome(chosen, position))
    )


def text_about(connection: Connection, cover: bytes, about: str) -> str | None:
    """Return a text of a cover, None if it has none or is not here yet."""
    column = TEXTS.c
    chosen = select(column.text).where((column.cover == cover) & (column.about == about)).order_by(column.place).limit(1)
    found = connection.execute(chosen).scalar()
    return None if found is None else str(found)


def thread_of(connection: Connection, letter: LetterId) -> tuple[ThreadLine, ...]:
    """Return what a letter answers, follows, replaces or relates to, and what does so to it, in the order of the ledger."""
    column = REFERENCES.c
    said_here = select(REFERENCES, column.other.label("there")).where(column.letter == letter)
    said_there = select(REFERENCES, column.letter.label("there")).where((column.other == letter) & (column.ledger == HERE))
    lines = [
        _thread_line(row, by_this)
        for said, by_this in ((said_here, True), (said_there, False))
        for row in connection.execute(_with_letters(said))
    ]
    return tuple(sorted(lines, key=lambda one: (not one.by_this, one.position or 0, RELATIONS.index(one.relation))))


def recipient_of(connection: Connection, letter: LetterId, among: tuple[OrgId, ...]) -> OrgId | None:
    """Return the first of some organisations that is a recipient of a letter, None if none is."""
    here = (CONSIGNMENTS.c.letter == letter) & CONSIGNMENTS.c.recipient.in_(among)
    found = set(connection.execute(select(CONSIGNMENTS.c.recipient).where(here)).scalars())
    return next((one for one in among if one in found), None)


def fate_of(connection: Connection, letter: LetterId, recipient: OrgId) -> tuple[FateStep, ...]:
    """Return what befell a letter with one of its recipients, step by step; nothing if it is none of them."""
    here = (CONSIGNMENTS.c.letter == letter) & (CONSIGNMENTS.c.recipient == recipient)
    found = with_moved(select(CONSIGNMENTS, LATE.label("came_late"))).where(here)
    consignment = connection.execute(found).first()
    if consignment is None:
        return ()
    event = EVENTS.c
    told = (event.letter == letter) & (event.reason == int(Reason.ACCEPTED))
    # To whom it was passed on, it came by an act of another recipient.
    told &= (event.recipient == recipient) | event.recipient.is_(None) | (event.position == consignment.position)
    events = connection.execute(select(EVENTS).where(told).order_by(event.position)).all()
    numbers = _numbers(connection, letter, recipient)
    steps = [
        *(_step(row, consignment, numbers) for row in events if _concerns(row, consignment)),
        *_answer(connection, consignment),
    ]
    steps.sort(key=lambda step: step.position)
    steps = _with_deliveries(steps, deliveries_of(connection, letter, recipient))
    positions = [step.position for step in steps]
    contests, assurances = contests_among(connection, positions), assurances_at(connection, positions)
    return tuple(
        replace(
            step,
            contested=step.position in contests.contested,
            repudiated=step.position in contests.repudiated,
            assurance=assurances.get(step.position),
        )
        for step in steps
    )


def _with_letters(said: Any) -> Any:
    there = said.subquery()
    position, at, number = (
        func.coalesce(LETTERS.c[name], OUTSIDE_LETTERS.c[name]).label(name) for name in ("position", "at", "printed")
    )
    return (
        select(there, position, at, LETTERS.c.sender, correspondent_of().label("written_by"), number, COVERS.c.subject)
        .outerjoin(LETTERS, (LETTERS.c.letter == there.c.there) & (there.c.ledger == HERE))
        .outerjoin(OUTSIDE_LETTERS, (OUTSIDE_LETTERS.c.letter == there.c.there) & (there.c.ledger == HERE))
        .outerjoin(COVERS, COVERS.c.cover == _COVER)
        .order_by(position)
        .limit(THREAD_LIMIT)
    )


def _thread_line(row: Any, by_this: bool) -> ThreadLine:  # noqa: FBT001 - which of two queries the row is of
    return ThreadLine(
        relation=row.relation,
        by_this=by_this,
        letter=LetterId(row.there),
        ledger=Digest(row.ledger) if row.ledger else None,
        position=row.position,
        at=row.at,
        sender=row.sender,
        written_by=row.written_by,
        number=row.printed,
        subject=row.subject,
    )


def _concerns(row: Any, consignment: Any) -> bool:
    """A missed term concerns those who were silent; everything else that is said of the letter concerns every recipient."""
    return bool(row.type != "acknowledgement.missed" or row.position == consignment.missed_position)


def _numbers(connection: Connection, letter: LetterId, recipient: OrgId) -> dict[int, str]:
    """Return the numbers of a letter's dispatch and of all receipts of a recipient, the withdrawn ones too, by position."""
    entry = ENTRIES.c
    here = (entry.letter == letter) & (entry.recipient.is_(None) | (entry.recipient == recipient))
    return {row.position: row.printed for row in connection.execute(select(entry.position, entry.printed).where(here))}


def _step(row: Any, consignment: Any, numbers: Mapping[int, str]) -> FateStep:
    received = row.position == consignment.received_position
    return FateStep(
        act=row.type,
        position=row.position,
        at=row.at,
        officer=OfficerId(row.officer),
        organisation=OrgId(row.organisation),
        about_officer=row.about_officer,
        number=numbers.get(row.position),
        voided=row.type == ReceiptAcknowledged.TYPE and not received,
        late=bool(received and consignment.came_late),
    )


def _with_deliveries(steps: list[FateStep], told: Sequence[Delivery]) -> list[FateStep]:
    """Return the steps, those that tell of a delivery outside with what they tell."""
    if not told:
        return steps
    by_position = {one.position: one for one in told}
    return [
        step
        if (one := by_position.get(step.position)) is None
        else replace(step, channel=one.channel, delivered_at=one.delivered_at, corrects=one is not told[0])
        for step in steps
    ]


def _answer(connection: Connection, consignment: Any) -> Iterator[FateStep]:
    if consignment.answered_with is not None:
        answer = connection.execute(select(LETTERS).where(LETTERS.c.letter == consignment.answered_with)).one()
        yield FateStep(
            act=ANSWERED,
            position=answer.position,
            at=answer.at,
            officer=OfficerId(answer.officer),
            organisation=OrgId(answer.sender),
            number=answer.printed,
            other=LetterId(answer.letter),
        )
