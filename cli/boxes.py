"""`ortoo inbox` and `ortoo outbox`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import click

from cli.errors import UsageError
from cli.inbox_proof import prove_inboxes
from cli.labels import label
from cli.letter_fates import fates_data, fates_lines, recipients_data, recipients_named
from cli.naming import named_letter
from cli.options import command_options, page_options, reading_options
from cli.reading import (
    Chosen,
    filter_options,
    filters_of,
    for_option,
    from_words,
    languages_of,
    mark_words,
    now_of,
    outside_note,
    own_organisations,
    page_wanted,
    short_date,
    short_time,
    show_list,
    subject_words,
    words_option,
)
from cli.references import Named
from cli.render import Column, show_zone, table_lines
from cli.session import Session
from cli.views import Views, open_views
from cli.watching import watch_inbox
from projections.filters import PageWanted
from projections.inbox_pages import InboxLine, inbox_page
from projections.names import organisation_names
from projections.outbox_pages import SentLine, sent_by, sent_page


@click.command("inbox")
@click.option("--open", "unfinished", is_flag=True, help="Only what is not closed, refused, passed on or given back.")
@click.option("--watch", is_flag=True, help="Print a line for each letter that arrives from now on, until Ctrl-C.")
@click.option("--prove", is_flag=True, help="Prove that nothing addressed to it is hidden, against the last commitment.")
@filter_options
@words_option
@for_option
@reading_options
@page_options
@command_options
def inbox(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    for_: str | None,
    as_of: str | None,
    limit: int | None,
    after: str | None,
    *,
    prove: bool,
    watch: bool,
    unfinished: bool,
    **chosen: Any,
) -> None:
    """Letters received, and what is still owed: the newest first.

    With --prove: whether the letters that are shown are exactly those that a station of the first organisation committed to
    on the ledger, and how many came since. Every reader of the ledger has judged that commitment.

    With --watch it tells of letters as they arrive, with --json as one object on each line.

    Example:
      ortoo inbox --overdue
      ortoo inbox --open
      ortoo inbox --words "hokimlik reja"
      ortoo inbox --for mfy-001 --state open --since 2026-11-01
      ortoo inbox --for mfy-001 --prove
      ortoo inbox --watch --json
    """
    if prove and (as_of is not None or after is not None or unfinished or any(chosen.values())):
        raise UsageError("--prove is about a whole inbox as it is now: leave --as-of, --after and what narrows the list out.")
    if watch and (prove or as_of is not None or after is not None):
        raise UsageError("--watch is about letters to come: leave --prove, --as-of and --after out.")
    views = open_views(session, as_of)
    wanted = own_organisations(session, views, for_)
    if prove:
        prove_inboxes(session, views, wanted)
        return
    now = now_of(session, views)
    filters = replace(filters_of(views, Chosen(**chosen), now), unfinished=unfinished)
    if watch:
        watch_inbox(session, views, wanted, filters)
        return
    with views.reading() as connection:
        page = inbox_page(connection, wanted, filters, page_wanted(session, limit, after), now=now)
        names = organisation_names(connection, (line.sender for line in page.lines if line.sender), languages_of(session))
    named = [Named(letter=line.letter, recipient=line.recipient) for line in page.lines]
    show_list(
        session,
        views,
        page.lines,
        lambda: _inbox_table(session, views, page.lines, names),
        named=named,
        after=page.after,
        organisations=wanted,
    )


@click.command("outbox")
@click.option("--letter", "letter", metavar="LETTER", help="The fate of one letter with each of its recipients.")
@filter_options
@words_option
@for_option
@reading_options
@page_options
@command_options
def outbox(
    session: Session,
    /,
    letter: str | None,
    for_: str | None,
    as_of: str | None,
    limit: int | None,
    after: str | None,
    **chosen: Any,
) -> None:
    """Letters sent, and the fate of each: the newest first; with --letter one of them, recipient by recipient.

    A circular is found by words in the name of any of its recipients, with --letter each of these by words in its own.

    Example:
      ortoo outbox --since 2026-11-01
      ortoo outbox --words "төлөвлөгөө"
      ortoo outbox --letter out:165 --state open
      ortoo outbox --letter out:165 --words navbahor
    """
    views, wanted = open_views(session, as_of), Chosen(**chosen)
    page = page_wanted(session, limit, after)
    if letter is not None:
        _one_letter(session, views, named_letter(session, views, letter), wanted, page)
        return
    now = now_of(session, views)
    senders = own_organisations(session, views, for_)
    with views.reading() as connection:
        found = sent_page(connection, sent_by(senders), filters_of(views, wanted, now), page, now=now)
        recipients = (line.only_recipient for line in found.lines if line.only_recipient is not None)
        names = organisation_names(connection, recipients, languages_of(session))
    show_list(
        session,
        views,
        [sent_data(line) for line in found.lines],
        lambda: _outbox_table(session, views, found.lines, names),
        named=[Named(letter=line.letter) for line in found.lines],
        after=found.after,
        organisations=senders,
    )


def sent_data(line: SentLine) -> dict[str, Any]:
    """Return the line of a letter that was sent on the ledger as documented fields."""
    fields = {name: getattr(line, name) for name in SentLine.__slots__ if name != "written_by"}
    return {**fields, "acknowledged": line.acknowledged}


def share_words(count: int, of: int) -> str:
    """Return a count with its share of the whole: `98 (98 %)`; the share alone would round a silent one away."""
    return f"{count} ({100 * count // of} %)" if of else str(count)


def to_words(line: SentLine, names: Mapping[str, str]) -> str:
    """Return to whom a letter went: the one by name, or how many."""
    return names[line.only_recipient] if line.only_recipient is not None else str(line.recipients)


def _due_time(line: SentLine, offset_minutes: int) -> str:
    """Return the signed time, and after an arrow the latest to which outages moved it."""
    signed, due = (short_time(one, offset_minutes) for one in (line.acknowledge_by, line.acknowledge_due))
    return signed if signed == due else f"{signed} → {due}"


def _one_letter(session: Session, views: Views, named: Named, chosen: Chosen, page: PageWanted) -> None:
    fates = recipients_named(session, views, named.letter, chosen, page)
    show_list(
        session,
        views,
        recipients_data(fates),
        lambda: fates_lines(session, views, fates),
        named=[Named(letter=named.letter, recipient=line.recipient) for line in fates.page.lines],
        after=fates.page.after,
        letter=sent_data(fates.line),
        **fates_data(fates),
    )


def _inbox_table(session: Session, views: Views, lines: tuple[InboxLine, ...], names: Mapping[str, str]) -> list[str]:
    language = session.language
    columns = (
        Column(heading=label("heading.line", language), right=True, cut=False),
        Column(heading=label("heading.number", language), cut=False),
        Column(heading=f"{label('heading.arrived', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.from", language)),
        Column(heading=label("heading.their_number", language)),
        Column(heading=label("heading.subject", language)),
        Column(heading=label("heading.state", language)),
        Column(heading=label("heading.marks", language), cut=False),
    )
    rows = [
        (
            number,
            line.number or "",
            short_time(line.arrived_at, views.offset_minutes),
            from_words(line, names),
            line.their_number or "",
            subject_words(line.subject),
            label(f"state.{line.state.value}", language),
            mark_words(session, line.marks),
        )
        for number, line in enumerate(lines, 1)
    ]
    return [*table_lines(columns, rows), *outside_note(session, lines)]


def _outbox_table(session: Session, views: Views, lines: tuple[SentLine, ...], names: Mapping[str, str]) -> list[str]:
    language = session.language
    counted = ("acknowledged", "refused", "silent", "answered")
    columns = (
        Column(heading=label("heading.line", language), right=True, cut=False),
        Column(heading=label("heading.number", language), cut=False),
        Column(heading=label("heading.date", language), cut=False),
        Column(heading=label("heading.subject", language)),
        Column(heading=label("heading.to", language)),
        *(Column(heading=label(f"column.{name}", language), right=True, cut=False) for name in counted),
        Column(heading=f"{label('heading.due', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.marks", language), cut=False),
    )
    rows = [
        (
            number,
            line.number,
            short_date(line.at, views.offset_minutes),
            subject_words(line.subject),
            to_words(line, names),
            share_words(line.acknowledged, line.recipients),
            line.by_state["refused"],
            line.silent,
            line.answered,
            _due_time(line, views.offset_minutes),
            mark_words(session, line.marks),
        )
        for number, line in enumerate(lines, 1)
    ]
    return table_lines(columns, rows)
