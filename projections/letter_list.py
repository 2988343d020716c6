"""Reading the list of letters: those that organisations sent or received, among them those that came from outside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection

from domain.consignments import COUNTED_STATES, ConsignmentState
from domain.ids import LetterId, OrgId
from projections.contested import Contests, contests_among
from projections.filters import Filters, PageWanted, in_region, position_cursor
from projections.outbox_pages import SentLine, SentPage, concerning, sent_page
from projections.outside import OUTSIDE_LETTERS
from projections.outside_pages import outside_letters_of, outside_marks, searched_text
from projections.word_search import Searched, first_rows


def letters_page(
    connection: Connection, organisations: Sequence[OrgId] | None, filters: Filters, page: PageWanted, *, now: int
) -> SentPage:
    """Return letters that concern organisations (None: all letters), newest first; terms are over at `now`.

    Letters from outside stand among them, where they were entered. The region is that of recipients, words are looked for in the
    subject and the names of everybody. Raises `CursorError` if the page begins after something that is no line.
    """
    scope = None if organisations is None else concerning(organisations)
    sent = sent_page(connection, scope, filters, page, now=now, senders_names=True)
    entered = _entered(connection, organisations, filters, page)
    lines = sorted((*sent.lines, *entered), key=lambda line: -line.position)
    goes_on = sent.after is not None or len(lines) > page.limit
    shown = tuple(lines[: page.limit])
    return SentPage(lines=shown, after=str(shown[-1].position) if goes_on else None)


def _entered(
    connection: Connection, organisations: Sequence[OrgId] | None, filters: Filters, page: PageWanted
) -> tuple[SentLine, ...]:
    """Return as many letters from outside as a page has lines, and one more."""
    chosen, own = outside_letters_of(organisations, filters), OUTSIDE_LETTERS.c
    if chosen is None:
        return ()
    if filters.region is not None:
        chosen = chosen.where(own.organisation.in_(in_region(filters.region)))
    if page.after is not None:
        chosen = chosen.where(own.position < position_cursor(page.after))
    searched = Searched(key=(own.letter,), text=searched_text(), organisation=own.organisation)
    rows = first_rows(connection, chosen, filters.words, page.limit + 1, searched)
    contests = contests_among(connection, (row.position for row in rows))
    return tuple(_line(row, contests) for row in rows)


def _line(row: Any, contests: Contests) -> SentLine:
    by_state = {state.value: int(state is ConsignmentState.ACKNOWLEDGED) for state in COUNTED_STATES}
    return SentLine(
        letter=LetterId(row.letter),
        position=row.position,
        at=row.at,
        sender=None,
        written_by=row.written_by,
        number=row.printed,
        mark=row.mark,
        subject=row.subject,
        case_index=row.case_index,
        only_recipient=OrgId(row.organisation),
        recipients=1,
        by_state=by_state,
        silent=0,
        late=0,
        answered=int(row.answered),
        acknowledge_by=None,
        reply_by=None,
        acknowledge_due=None,
        reply_due=None,
        marks=outside_marks(row, contests),
    )
