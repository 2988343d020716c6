"""Reading requests for approval: lists by what is wanted of whom, and one request whole with its route and its history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, literal, or_, select

from adapters.correspondence import REMARK
from domain.approval_routes import Outcome
from domain.ids import Digest, LetterId, OfficerId, OrgId
from projections.approval_places import Asking, has_nobody, is_his
from projections.approvals import DELEGATIONS, DOCUMENTS, PLACES, REQUESTS, STAGES, USES
from projections.covers import COVERS, NAMES
from projections.filters import PageWanted, position_cursor
from projections.letter_pages import NamedDocument, text_about
from projections.letters import LETTERS
from projections.mandates import SPOKEN

HISTORY_LIMIT: Final = 100
"""Rounds that are told before and after one; nobody has read more."""
_R: Final = REQUESTS.c
_S: Final = STAGES.c
_P: Final = PLACES.c
_D: Final = DELEGATIONS.c
_PENDING: Final = _R.outcome == Outcome.PENDING.value


class Wanted(StrEnum):
    """Which requests are listed."""

    ALL = "all"
    MINE = "mine"
    WAITING = "waiting"
    DECIDED = "decided"
    MISSED = "missed"
    STUCK = "stuck"


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestLine:
    """A request in one line; `stage` is the one whose turn it is (None: it ended), the tally is that stage's. Marks are codes."""

    request: Digest
    position: int
    at: int
    organisation: OrgId
    officer: OfficerId
    subject: str | None
    outcome: str
    stages: int
    stage: int | None
    given: int | None
    needed: int | None
    due_at: int | None
    ended_at: int | None
    marks: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestPage:
    """Some lines of a list, the newest first, and the cursor with which it goes on (None: it ends)."""

    lines: tuple[RequestLine, ...]
    after: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class LentPlace:
    """A delegation: who may decide in another's place, and between which ledger times."""

    by: OfficerId
    to: OfficerId
    from_at: int
    until_at: int
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaceTold:
    """A place of a stage: who is to decide, and what was decided, by whom, for which organisation, and for which officer.

    `acting_for` is for whom he decided under a mandate; `text` is the remark or the reason in words. `stuck` says that nobody
    could decide there now.
    """

    place: int
    organisation: OrgId | None
    officer: OfficerId | None
    reassigned_position: int | None
    answer: str | None
    decided_by: OfficerId | None
    decided_for: OrgId | None
    for_officer: OfficerId | None
    acting_for: OfficerId | None
    position: int | None
    at: int | None
    reason: str | None
    text: str | None
    stuck: bool
    delegations: tuple[LentPlace, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class StageTold:
    """A stage with its rule, its tally and its places."""

    stage: int
    rule: str
    quorum: int | None
    due_at: int | None
    needed: int
    given: int
    refused: int
    returned: int
    outcome: str
    missed_position: int | None
    missed_at: int | None
    places: tuple[PlaceTold, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class UsedBy:
    """An accepted letter that named the approval."""

    letter: LetterId
    number: str
    position: int


@dataclass(frozen=True, kw_only=True, slots=True)
class RequestTold:
    """A request whole. `rounds_before` are the earlier ones, the oldest first, `rounds_after` those that follow it."""

    line: RequestLine
    cover: Digest
    letter: LetterId | None
    withdrawal_reason: str | None
    withdrawal_text: str | None
    stages: tuple[StageTold, ...]
    documents: tuple[NamedDocument, ...]
    rounds_before: tuple[RequestLine, ...]
    rounds_after: tuple[RequestLine, ...]
    letters: tuple[UsedBy, ...]


def requests_with_prefix(connection: Connection, prefix: str, limit: int) -> tuple[Digest, ...]:
    """Return at most `limit` requests whose identity begins with these hexadecimal digits."""
    low, high = bytes.fromhex(prefix.ljust(64, "0")), bytes.fromhex(prefix.ljust(64, "f"))
    chosen = select(_R.request).where((_R.request >= low) & (_R.request <= high)).order_by(_R.request).limit(limit)
    return tuple(Digest(bytes(one)) for one in connection.execute(chosen).scalars())


def subject_of(connection: Connection, identity: Digest) -> str | None:
    """Return what a request is about, None if its cover is not here yet."""
    chosen = select(COVERS.c.subject).join(REQUESTS, _R.cover == COVERS.c.cover).where(_R.request == identity)
    found = connection.execute(chosen).scalar()
    return None if found is None else str(found)


def requests_page(connection: Connection, asking: Asking, wanted: Wanted, page: PageWanted) -> RequestPage:
    """Return the requests that are wanted and concern who looks: the newest first. Raises `CursorError`."""
    chosen = _lines().where(_concerning(asking), _condition(asking, wanted)).order_by(_R.position.desc())
    if page.after is not None:
        chosen = chosen.where(_R.position < position_cursor(page.after))
    lines: list[RequestLine] = []
    for row in connection.execute(chosen).all():
        line = _line(connection, asking, row)
        if wanted in {Wanted.MINE, Wanted.STUCK} and wanted.value not in line.marks:
            continue
        if len(lines) == page.limit:
            return RequestPage(lines=tuple(lines), after=str(lines[-1].position))
        lines.append(line)
    return RequestPage(lines=tuple(lines), after=None)


def request_told(connection: Connection, asking: Asking, identity: Digest) -> RequestTold | None:
    """Return a request whole, None if these views do not have it."""
    row = connection.execute(_lines().where(_R.request == identity)).first()
    if row is None:
        return None
    text = None if row.withdrawal_cover is None else text_about(connection, row.withdrawal_cover, REMARK)
    return RequestTold(
        line=_line(connection, asking, row),
        cover=Digest(bytes(row.cover)),
        letter=None if row.letter is None else LetterId(bytes(row.letter)),
        withdrawal_reason=row.withdrawal_reason,
        withdrawal_text=text,
        stages=tuple(_stages(connection, asking, row)),
        documents=_documents(connection, row),
        rounds_before=tuple(_rounds(connection, asking, row, back=True)),
        rounds_after=tuple(_rounds(connection, asking, row, back=False)),
        letters=_letters(connection, identity),
    )


def requests_of_letter(connection: Connection, asking: Asking, letter: LetterId) -> tuple[RequestLine, ...]:
    """Return the approvals that a letter named and the requests that are about it, in the order of the ledger."""
    named = select(USES.c.request).where(USES.c.letter == letter)
    about = (_R.letter == letter) & _R.letter_ledger.is_(None)
    rows = connection.execute(_lines().where(_R.request.in_(named) | about).order_by(_R.position)).all()
    return tuple(_line(connection, asking, row) for row in rows)


def _lines() -> Select[Any]:
    stages = select(func.count()).where(_S.request == _R.request).correlate(REQUESTS).scalar_subquery()
    current = (_S.request == _R.request) & (_S.stage == _R.current_stage)
    tally = (_S.given, _S.needed, _S.due_at, _S.missed_position)
    return (
        select(REQUESTS, COVERS.c.subject, stages.label("stages"), *tally)
        .outerjoin(STAGES, current)
        .outerjoin(COVERS, COVERS.c.cover == _R.cover)
    )


def _line(connection: Connection, asking: Asking, row: Any) -> RequestLine:
    identity = Digest(bytes(row.request))
    pending = row.outcome == Outcome.PENDING.value
    overdue = pending and row.missed_position is None and row.due_at is not None and row.due_at < asking.now
    told = {
        Wanted.MINE.value: pending and is_his(connection, asking, identity),
        Wanted.MISSED.value: row.missed_position is not None,
        "overdue": overdue,
        Wanted.STUCK.value: pending and _is_stuck(connection, asking, row),
        "used": connection.execute(select(USES.c.letter).where(USES.c.request == identity).limit(1)).first() is not None,
    }
    return RequestLine(
        request=identity,
        position=row.position,
        at=row.at,
        organisation=OrgId(row.organisation),
        officer=OfficerId(row.officer),
        subject=row.subject,
        outcome=row.outcome,
        stages=row.stages,
        stage=row.current_stage,
        given=row.given,
        needed=row.needed,
        due_at=row.due_at,
        ended_at=row.ended_at,
        marks=tuple(mark for mark, holds in told.items() if holds),
    )


def _concerning(asking: Asking) -> ColumnElement[bool]:
    """His organisations requested it or are to decide, or he is, or has, or may in another's place."""
    of_place: list[ColumnElement[bool]] = [_P.organisation.in_(asking.own), _P.decided_for.in_(asking.own)]
    conditions: list[ColumnElement[bool]] = [_R.organisation.in_(asking.own)]
    if asking.officer is not None:
        of_place += [_P.officer == asking.officer, _P.decided_by == asking.officer]
        conditions.append(select(_D.to).where((_D.request == _R.request) & (_D.to == asking.officer)).exists())
    conditions.append(select(_P.place).where(and_(_P.request == _R.request, or_(*of_place))).exists())
    return or_(*conditions)


def _condition(asking: Asking, wanted: Wanted) -> ColumnElement[bool]:
    passed = (_S.missed_position.is_not(None)) | ((_S.stage == _R.current_stage) & (_S.due_at < asking.now))
    conditions: dict[Wanted, ColumnElement[bool]] = {
        Wanted.ALL: literal(value=True),
        Wanted.MINE: _PENDING,
        Wanted.WAITING: _PENDING & _R.organisation.in_(asking.own),
        Wanted.DECIDED: ~_PENDING,
        Wanted.MISSED: select(_S.stage).correlate(REQUESTS).where((_S.request == _R.request) & passed).exists(),
        Wanted.STUCK: _PENDING,
    }
    return conditions[wanted]


def _is_stuck(connection: Connection, asking: Asking, row: Any) -> bool:
    here = (_P.request == row.request) & (_P.stage == row.current_stage) & _P.answer.is_(None)
    places = connection.execute(select(_P.organisation, _P.officer).where(here)).all()
    return any(has_nobody(connection, asking.view, one) for one in places)


def _stages(connection: Connection, asking: Asking, row: Any) -> Iterator[StageTold]:
    places: dict[int, list[PlaceTold]] = {}
    chosen = select(PLACES).where(_P.request == row.request).order_by(_P.stage, _P.place)
    for one in connection.execute(chosen).all():
        is_current = one.stage == row.current_stage and one.answer is None
        places.setdefault(one.stage, []).append(_place(connection, asking, one, is_current=is_current))
    for one in connection.execute(select(STAGES).where(_S.request == row.request).order_by(_S.stage)).all():
        fields = {name: getattr(one, name) for name in StageTold.__slots__ if name != "places"}
        yield StageTold(**fields, places=tuple(places.get(one.stage, ())))


def _place(connection: Connection, asking: Asking, row: Any, *, is_current: bool) -> PlaceTold:
    here = (_D.request == row.request) & (_D.stage == row.stage) & (_D.place == row.place)
    lent = connection.execute(select(DELEGATIONS).where(here).order_by(_D.position)).all()
    computed = {"acting_for", "text", "stuck", "delegations"}
    fields = {name: getattr(row, name) for name in PlaceTold.__slots__ if name not in computed}
    return PlaceTold(
        **fields,
        acting_for=connection.execute(select(SPOKEN.c.officer).where(SPOKEN.c.position == row.position)).scalar(),
        text=None if row.cover is None else text_about(connection, row.cover, REMARK),
        stuck=is_current and has_nobody(connection, asking.view, row),
        delegations=tuple(LentPlace(**{name: getattr(one, name) for name in LentPlace.__slots__}) for one in lent),
    )


def _documents(connection: Connection, row: Any) -> tuple[NamedDocument, ...]:
    named = (NAMES.c.cover == row.cover) & (NAMES.c.sha256 == DOCUMENTS.c.sha256)
    chosen = select(DOCUMENTS, NAMES.c.name).outerjoin(NAMES, named).where(DOCUMENTS.c.request == row.request)
    return tuple(
        NamedDocument(
            sha256=Digest(bytes(one.sha256)), name=one.name, role=one.role, size_bytes=one.size_bytes, media_type=one.media_type
        )
        for one in connection.execute(chosen.order_by(DOCUMENTS.c.number))
    )


def _rounds(connection: Connection, asking: Asking, row: Any, *, back: bool) -> Sequence[RequestLine]:
    """Return the earlier rounds of a request, the oldest first, or those that follow it, in the order of the ledger."""
    found: list[RequestLine] = []
    ahead = [row.follows if back else row.request]
    while ahead and ahead[0] is not None and len(found) < HISTORY_LIMIT:
        column = _R.request if back else _R.follows
        rows = connection.execute(_lines().where(column == ahead.pop(0)).order_by(_R.position)).all()
        found += [_line(connection, asking, one) for one in rows]
        ahead += [one.follows if back else one.request for one in rows]
    return sorted(found, key=lambda one: one.position)


def _letters(connection: Connection, identity: Digest) -> tuple[UsedBy, ...]:
    chosen = (
        select(LETTERS.c.letter, LETTERS.c.printed, LETTERS.c.position)
        .join(USES, USES.c.letter == LETTERS.c.letter)
        .where(USES.c.request == identity)
        .order_by(LETTERS.c.position)
    )
    return tuple(
        UsedBy(letter=LetterId(bytes(one.letter)), number=one.printed, position=one.position)
        for one in connection.execute(chosen)
    )
