"""`ortoo inbox --watch`: a line for each letter that arrives, until told to stop."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import click

from cli.labels import label
from cli.reading import AWAITED_SUBJECT, from_words, languages_of, now_of, short_time, subject_words
from cli.render import json_text, visible
from cli.session import Session
from cli.signals import told_to_stop
from cli.views import Views
from domain.ids import OrgId
from projections.filters import Filters, PageWanted
from projections.inbox_pages import InboxLine, inbox_page
from projections.names import organisation_names
from projections.outside_pages import FROM_OUTSIDE

WATCH_S: Final = 1.0
"""A person notices no shorter wait, and a ledger is not asked more often for it."""


def watch_inbox(session: Session, views: Views, recipients: Sequence[OrgId], filters: Filters) -> None:
    """Print a line for each letter that arrives from now on and passes the filters, until told to stop.

    Each round follows the ledger itself; where a station runs on the same store, it finds the records there already.
    """
    position = views.position
    session.note(label("note.watching", session.language))
    with told_to_stop() as stopped:
        while not stopped(WATCH_S):
            views.station.catch_up(budget_s=session.settings.catch_up_s)
            reached = views.projector.catch_up()
            if reached > position:
                _tell(session, views, _arrived(session, views, recipients, filters, position))
                position = reached


def _arrived(
    session: Session, views: Views, recipients: Sequence[OrgId], filters: Filters, position: int
) -> tuple[InboxLine, ...]:
    """Return the letters from a position on, the oldest first."""
    found: list[InboxLine] = []
    page = PageWanted(limit=session.settings.lines_limit)
    with views.reading() as connection:
        while True:
            lines = inbox_page(connection, recipients, filters, page, now=now_of(session, views))
            found += [line for line in lines.lines if line.position >= position]
            if lines.after is None or lines.lines[-1].position < position:
                return tuple(reversed(found))
            page = PageWanted(limit=page.limit, after=lines.after)


def _tell(session: Session, views: Views, lines: Sequence[InboxLine]) -> None:
    with views.reading() as connection:
        names = organisation_names(connection, (line.sender for line in lines if line.sender), languages_of(session))
    for line in lines:
        if session.as_json:
            # One object on one line: a program reads it as it comes.
            text = json.dumps(_plain(line), ensure_ascii=False)
        else:
            whose = (from_words(line, names), line.their_number or AWAITED_SUBJECT)
            outside = (label("mark.signature_outside", session.language),) if FROM_OUTSIDE in line.marks else ()
            parts = (*whose, subject_words(line.subject), line.letter.hex()[:16], *outside)
            text = visible("  ".join((short_time(line.arrived_at, views.offset_minutes), *parts)))
        click.echo(text)


def _plain(line: InboxLine) -> Any:
    return json.loads(json_text(line))
