"""`ortoo letter list | show`: the letters that concern an organisation, and everything that is known of one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from cli.approval_naming import asking_of
from cli.approval_shown import approval_lines
from cli.boxes import sent_data, to_words
from cli.errors import UsageError
from cli.labels import label
from cli.letter_details import Details, Viewed, details_data, details_lines, details_of
from cli.letter_fates import fates_data, fates_lines, letter_not_here, recipients_data, recipients_named
from cli.letter_from_outside import outside_data, outside_details, outside_lines
from cli.naming import home_if_known, named_letter
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
    scope_data,
    short_time,
    show_list,
    subject_words,
    words_option,
)
from cli.references import Named, remember_list
from cli.render import Column, page_note, pair_lines, show_time, show_zone, table_lines
from cli.session import Session
from cli.views import Views, banner, open_views
from domain.ids import Digest, LetterId, OrgId, organisation_id
from domain.letters import mark_of
from projections.approval_pages import RequestLine, requests_of_letter
from projections.filters import acted_for
from projections.letter_list import letters_page
from projections.letter_pages import recipient_of
from projections.names import organisation_names
from projections.outbox_pages import SentLine


@click.command("list")
@click.option(
    "--all", "everybody", is_flag=True, help="Every letter on the ledger, not only those that concern the organisation."
)
@filter_options
@words_option
@for_option
@reading_options
@page_options
@command_options
def list_command(
    session: Session,
    /,
    everybody: bool,
    for_: str | None,
    as_of: str | None,
    limit: int | None,
    after: str | None,
    **chosen: Any,
) -> None:
    """Letters that the organisation sent or received, also from outside: the newest first.

    Example:
      ortoo letter list --case 01-07
      ortoo letter list --all --from ministry
      ortoo letter list --words "йиллик reja"
    """
    views = open_views(session, as_of)
    now = now_of(session, views)
    own = () if everybody else own_organisations(session, views, for_)
    filters = filters_of(views, Chosen(**chosen), now)
    with views.reading() as connection:
        found = letters_page(connection, None if everybody else own, filters, page_wanted(session, limit, after), now=now)
        parties = {one for line in found.lines for one in (line.sender, line.only_recipient) if one is not None}
        names = organisation_names(connection, parties, languages_of(session))
    show_list(
        session,
        views,
        [{**sent_data(line), "written_by": line.written_by} for line in found.lines],
        lambda: _table(session, views, found.lines, names),
        named=[Named(letter=line.letter) for line in found.lines],
        after=found.after,
        organisations=own,
    )


@click.command("show")
@click.argument("letter")
@click.option("--recipient", metavar="ORG", help="Step by step with this recipient.")
@for_option
@reading_options
@page_options
@command_options
def show_command(
    session: Session,
    /,
    letter: str,
    recipient: str | None,
    for_: str | None,
    as_of: str | None,
    **page: Any,
) -> None:
    """Everything that is known of a letter. It does not count as opened: `ortoo letter read` opens it.

    Example:
      ortoo letter show out:165
      ortoo letter show out:165 --recipient mfy-001
    """
    views = open_views(session, as_of)
    organisation = organisation_id(for_) if for_ is not None else home_if_known(session, views)
    named = named_letter(session, views, letter, organisation)
    focus = organisation_id(recipient) if recipient is not None else named.recipient
    viewed = Viewed(session=session, views=views, letter=named.letter, now=now_of(session, views))
    details = details_of(viewed, _focus(viewed, focus, organisation))
    if details is None:
        _show_other(viewed, recipient)
        return
    approvals = _approvals(viewed)
    told = {**scope_data(views), **details_data(details), "approvals": approvals}
    if details.recipient is not None:
        session.show(told, lambda: _all_lines(session, views, details, approvals, []))
        return
    fates = recipients_named(session, views, named.letter, Chosen(), page_wanted(session, **page))
    remember_list(session.home, [Named(letter=named.letter, recipient=line.recipient) for line in fates.page.lines])
    session.show(
        {**told, **fates_data(fates), "recipients": recipients_data(fates), "after": fates.page.after},
        lambda: _all_lines(session, views, details, approvals, fates_lines(session, views, fates)),
    )
    note = page_note(len(fates.page.lines), fates.page.after, session.language)
    if note is not None:
        session.note(note)


def _show_other(viewed: Viewed, recipient: str | None) -> None:
    """Tell of a letter that nobody sent on this ledger: it came from outside, or waits in the queue.

    Raises `UsageError` if the `recipient` whose steps are wanted is not who entered it.
    """
    session, views = viewed.session, viewed.views
    details = outside_details(session, views, viewed.letter, now=viewed.now)
    if details is None:
        _show_queued(session, views, viewed.letter)
        return
    entered_by = details.facts.organisation
    if recipient not in {None, entered_by}:
        raise UsageError(f"A letter from outside has no recipients: {entered_by} entered it. Leave --recipient out.")
    approvals = _approvals(viewed)
    agreed = ["", *approval_lines(session, views, approvals)] if approvals else []
    session.show(
        {**scope_data(views), **outside_data(details), "approvals": approvals},
        lambda: [*banner(session, views), *outside_lines(session, views, details), *agreed],
    )


def _focus(viewed: Viewed, named: OrgId | None, organisation: OrgId | None) -> OrgId | None:
    """Return the recipient whose steps are shown: the one named, or the acting organisation if it received the letter."""
    if named is not None or organisation is None:
        return named
    with viewed.views.reading() as connection:
        return recipient_of(connection, viewed.letter, acted_for(connection, organisation))


def _approvals(viewed: Viewed) -> tuple[RequestLine, ...]:
    """Return the approvals that the letter names, and the requests that are about it."""
    asking = asking_of(viewed.session, viewed.views, viewed.now)
    with viewed.views.reading() as connection:
        return requests_of_letter(connection, asking, viewed.letter)


def _all_lines(
    session: Session, views: Views, details: Details, approvals: tuple[RequestLine, ...], fates: list[str]
) -> list[str]:
    agreed = ["", *approval_lines(session, views, approvals)] if approvals else []
    return [*banner(session, views), *details_lines(session, views, details), *agreed, *([""] if fates else []), *fates]


def _show_queued(session: Session, views: Views, letter: LetterId) -> None:
    """Tell of a letter that is signed and not on the ledger yet; raise `LetterNotFoundError` if it is not even that."""
    waiting = views.station.parts.queue.find_identity(Digest(letter))
    if waiting is None or views.as_of:
        raise letter_not_here(letter)
    language, mark = session.language, mark_of(letter)
    pairs = (
        (label("heading.mark", language), mark),
        (label("heading.identity", language), letter.hex()),
        (label("heading.officer", language), waiting.officer),
        (label("heading.queued_at", language), show_time(waiting.queued_at, views.offset_minutes)),
    )
    told = {"letter": letter, "mark": mark, "officer": waiting.officer, "queued_at": waiting.queued_at, "position": None}
    session.show(
        {**scope_data(views), "letter": told},
        [*banner(session, views), label("note.letter_queued", language), *pair_lines(pairs)],
    )


def _table(session: Session, views: Views, lines: tuple[SentLine, ...], names: Mapping[str, str]) -> list[str]:
    language = session.language
    columns = (
        Column(heading=label("heading.line", language), right=True, cut=False),
        Column(heading=label("heading.number", language), cut=False),
        Column(heading=f"{label('heading.date', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.from", language)),
        Column(heading=label("heading.to", language)),
        Column(heading=label("heading.case", language)),
        Column(heading=label("heading.subject", language)),
        Column(heading=label("heading.marks", language), cut=False),
    )
    rows = [
        (
            number,
            line.number,
            short_time(line.at, views.offset_minutes),
            from_words(line, names),
            to_words(line, names),
            line.case_index or "",
            subject_words(line.subject),
            mark_words(session, line.marks),
        )
        for number, line in enumerate(lines, 1)
    ]
    return [*table_lines(columns, rows), *outside_note(session, lines)]
