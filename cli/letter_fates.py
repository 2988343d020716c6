"""The fates of one letter's recipients, told: counts by state, the silent by region, and recipient by recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from cli.errors import LetterNotFoundError
from cli.labels import code_label, label
from cli.letter_steps import delivery_words
from cli.reading import Chosen, filters_of, languages_of, mark_words, now_of, short_time
from cli.render import Column, pair_lines, show_zone, table_lines, visible
from cli.session import Session
from cli.views import Views
from domain.consignments import COUNTED_STATES, ConsignmentState
from domain.ids import LetterId
from projections.filters import PageWanted
from projections.inbox_pages import InboxLine, InboxPage, recipients_page
from projections.names import organisation_names
from projections.outbox_pages import SentLine, SilentRegion, sent_line, silent_by_region
from projections.outside_pages import outside_facts
from projections.outside_queries import Delivery, last_deliveries

DELIVERED: Final = "delivered"
"""The mark of a recipient outside of whom the sender said that he got the letter."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fates:
    """A letter's counts, who is silent by region, a page of its recipients, and the names of all who are named.

    `deliveries` is how those outside got it, as the sender said last.
    """

    line: SentLine
    silent: tuple[SilentRegion, ...]
    page: InboxPage
    deliveries: Mapping[str, Delivery]
    names: Mapping[str, str]


def recipients_named(session: Session, views: Views, letter: LetterId, chosen: Chosen, page: PageWanted) -> Fates:
    """Return the fates of a letter's recipients.

    Raises `LetterNotFoundError` if these views do not have the letter, or it came from outside.
    """
    now = now_of(session, views)
    # What narrows the letter itself has chosen it already.
    filters = replace(filters_of(views, chosen, now), sender=None, since=None, until=None, case_index=None)
    with views.reading() as connection:
        line = sent_line(connection, letter, now=now)
        if line is None and outside_facts(connection, letter) is not None:
            raise LetterNotFoundError(
                f"Letter {letter.hex()[:16]}… came from outside. `ortoo letter show` shows what became of it."
            )
        if line is None:
            raise letter_not_here(letter)
        silent = silent_by_region(connection, letter, page.limit)
        found = recipients_page(connection, letter, filters, page, now=now)
        deliveries = last_deliveries(connection, letter, [one.recipient for one in found.lines])
        told = [*(one.recipient for one in found.lines), *(one for region in silent for one in region.organisations)]
        names = organisation_names(connection, told, languages_of(session))
    return Fates(line=line, silent=silent, page=found, deliveries=deliveries, names=names)


def letter_not_here(letter: LetterId) -> LetterNotFoundError:
    """Return the error for a letter that is named and that the views do not have."""
    return LetterNotFoundError(
        f"Letter {letter.hex()[:16]}… is not on the ledger as far as is shown here. `ortoo queue list` shows what waits, "
        "`ortoo station status` how far this station has read."
    )


def fates_data(fates: Fates) -> dict[str, Any]:
    """Return who is silent, by region, as documented fields."""
    return {"silent": fates.silent}


def recipients_data(fates: Fates) -> list[dict[str, Any]]:
    """Return the recipients as documented fields."""
    return [_recipient_data(line, fates.deliveries.get(line.recipient)) for line in fates.page.lines]


def fates_lines(session: Session, views: Views, fates: Fates) -> list[str]:
    """Return the counts by state, the silent by region, and a page of recipients as lines."""
    language = session.language
    lines = [counts_line(session, fates.line)]
    if fates.silent:
        lines += ["", label("heading.silent", language), *(_silent_line(session, region, fates) for region in fates.silent)]
    columns = (
        Column(heading=label("heading.line", language), right=True, cut=False),
        Column(heading=label("heading.recipient", language)),
        Column(heading=label("heading.name", language)),
        Column(heading=label("heading.state", language)),
        Column(heading=label("heading.their_number", language)),
        Column(heading=f"{label('heading.time', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.marks", language), cut=False),
    )
    rows = [
        (
            number,
            line.recipient,
            fates.names[line.recipient],
            _state_words(session, line.state, line.refusal_reason),
            line.number or "",
            short_time(line.received_at, views.offset_minutes),
            mark_words(session, _marks(line, fates.deliveries.get(line.recipient))),
        )
        for number, line in enumerate(fates.page.lines, 1)
    ]
    return [*lines, "", *table_lines(columns, rows), *_delivery_lines(session, views, fates)]


def counts_line(session: Session, line: SentLine) -> str:
    """Return a letter's recipients counted by state, in one line: `100 recipients: acknowledged 98, refused 1, open 1`."""
    counts = [
        f"{label(f'state.{state.value}', session.language)} {line.by_state[state.value]}"
        for state in COUNTED_STATES
        if line.by_state[state.value]
    ]
    return f"{label('heading.recipients', session.language)} {line.recipients}: {', '.join(counts)}"


def _recipient_data(line: InboxLine, delivery: Delivery | None) -> dict[str, Any]:
    fields = {name: getattr(line, name) for name in InboxLine.__slots__}
    channel, delivered_at = (None, None) if delivery is None else (delivery.channel, delivery.delivered_at)
    return {**fields, "marks": _marks(line, delivery), "channel": channel, "delivered_at": delivered_at}


def _delivery_lines(session: Session, views: Views, fates: Fates) -> list[str]:
    """Return how and when recipients outside got the letter, each in a line, and that this is not signed by them."""
    if not fates.deliveries:
        return []
    told = [
        (str(number), delivery_words(session, views, delivery.channel, delivery.delivered_at))
        for number, line in enumerate(fates.page.lines, 1)
        if (delivery := fates.deliveries.get(line.recipient)) is not None
    ]
    return [f"  {line}" for line in (*pair_lines(told), label("mark.recipient_outside", session.language))]


def _marks(line: InboxLine, delivery: Delivery | None) -> tuple[str, ...]:
    return line.marks if delivery is None else (*line.marks, DELIVERED)


def _state_words(session: Session, state: ConsignmentState, refusal_reason: str | None) -> str:
    words = label(f"state.{state.value}", session.language)
    return words if refusal_reason is None else f"{words}: {code_label('refusal', refusal_reason, session.language)}"


def _silent_line(session: Session, region: SilentRegion, fates: Fates) -> str:
    names = [fates.names[one] for one in region.organisations]
    if more := region.count - len(names):
        names.append(label("note.silent_more", session.language, count=more))
    where = region.region or label("note.no_region", session.language)
    return visible(f"  {where}  {region.count}: {', '.join(names)}")
