"""`ortoo today`: what there is to do, the most pressing first, each line with the command that deals with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click

from adapters.due_times import DueTimeError
from adapters.working_terms import day_after
from cli.acting import for_option
from cli.approval_naming import asking_of
from cli.labels import code_label, label
from cli.options import command_options
from cli.reading import languages_of, now_of, own_organisations, short_time, show_list, subject_words
from cli.render import Column, show_zone, table_lines
from cli.session import Session
from cli.views import Views, open_views
from domain.calendars import day_of, end_of_day
from domain.consignments import ConsignmentState
from domain.events_office import ConsignmentDeliveredOutside
from domain.exchange import rules_at
from domain.ids import LetterId, OrgId
from domain.letters import mark_of
from domain.rulebook import RULEBOOKS
from projections.approval_pages import Wanted, requests_page
from projections.filters import Filters, PageWanted
from projections.inbox_pages import InboxLine, inbox_page
from projections.names import organisation_names
from projections.outbox_pages import SentLine, sent_by, sent_page
from projections.outside_pages import OutsideFacts, unfinished_from_outside
from projections.outside_queries import Undelivered, undelivered

SOON_DAYS: Final = 3
"""Working days within which something is due soon."""
EVER_MS: Final = 1 << 52
"""Later than any due time: what would be overdue then is owed at some time."""
_IDENTITY_SHOWN: Final = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """Something to do: `what` and `owed` are codes, `command` deals with it; `due` counts outages (None: no term).

    `act` is the type of what waits to be sent, `written_by` who wrote a letter from outside, in words.
    """

    what: str
    owed: str
    due: int | None
    organisation: OrgId | None
    subject: str | None
    letter: LetterId | None
    mark: str | None
    command: str
    act: str | None = None
    written_by: str | None = None


@click.command("today")
@for_option
@command_options
def today(session: Session, for_: str | None) -> None:
    """What there is to do, by urgency: terms, receipts, letters from outside, decisions, answers, deliveries, the queue.

    Example:
      ortoo today
      ortoo today --for mfy-001 --json
    """
    views = open_views(session)
    own, now = own_organisations(session, views, for_), now_of(session, views)
    page = PageWanted(limit=session.settings.lines_limit)
    with views.reading() as connection:
        tasks = [*_received(connection, views, own, page, now)]
        tasks += [_from_outside(one) for one in unfinished_from_outside(connection, own, page.limit)]
        asked = requests_page(connection, asking_of(session, views, now, for_), Wanted.MINE, page).lines
        tasks += [_decision(one) for one in asked]
        sent = sent_page(connection, sent_by(own), Filters(overdue_at=EVER_MS), page, now=now).lines
        tasks += [_unanswered(one, now) for one in sent]
        if _tells_of_deliveries(views):
            tasks += [_delivery(one) for one in undelivered(connection, own, page.limit)]
        named = {task.organisation for task in tasks if task.organisation is not None}
        names = organisation_names(connection, named, languages_of(session))
    tasks += _waiting(views)
    show_list(session, views, tasks, lambda: _table(session, views, tasks, names), organisations=own)


def _tells_of_deliveries(views: Views) -> bool:
    """Tell whether the rules in force know deliveries outside; under older ones nobody can say that there was one."""
    return ConsignmentDeliveredOutside in RULEBOOKS[rules_at(views.station.view, views.station.rehearsal_time).version]


def soon_of(views: Views, now: int) -> int:
    """Return the end of the third working day from now; of the third day, where nobody knows which days are worked."""
    try:
        day = day_after(views.station, SOON_DAYS)
    except DueTimeError:
        day = day_of(now, views.offset_minutes) + SOON_DAYS
    return end_of_day(day, views.offset_minutes)


def _received(connection: Any, views: Views, own: Sequence[OrgId], page: PageWanted, now: int) -> Iterator[Task]:
    """Yield what is owed for letters received, each letter once, where it is most pressing."""
    told: set[tuple[LetterId, OrgId]] = set()
    undecided = Filters(states=(ConsignmentState.OPEN, ConsignmentState.RECALL_ASKED))
    soon = Filters(overdue_at=soon_of(views, now))
    for what, filters in (("overdue", Filters(overdue_at=now)), ("soon", soon), ("acknowledge", undecided)):
        lines = inbox_page(connection, own, filters, page, now=now).lines
        for line in sorted(lines, key=lambda one: (_due(one) or EVER_MS, one.position)):
            if (line.letter, line.recipient) not in told:
                told.add((line.letter, line.recipient))
                yield _owed(line, what)


def _due(line: InboxLine) -> int | None:
    return line.acknowledge_due if line.state is ConsignmentState.OPEN and line.acknowledge_due is not None else line.reply_due


def _owed(line: InboxLine, what: str) -> Task:
    mark = mark_of(line.letter)
    owed, command = {
        ConsignmentState.OPEN: ("acknowledge", f"ortoo letter acknowledge {mark}"),
        ConsignmentState.RECALL_ASKED: ("recall", f"ortoo letter accept-recall {mark}"),
    }.get(line.state, ("answer", f"ortoo letter reply {mark} FILE"))
    return Task(
        what="recall" if owed == "recall" else what,
        owed=owed,
        due=_due(line),
        organisation=line.sender,
        subject=line.subject,
        letter=line.letter,
        mark=mark,
        command=command,
    )


def _from_outside(facts: OutsideFacts) -> Task:
    """Return what is to be done with a letter from outside; that it was answered for good only a person knows."""
    answer, close = (
        f"ortoo letter reply {facts.mark} FILE --to ORG",
        f"ortoo letter close {facts.mark} --how answered --by LETTER",
    )
    return Task(
        what="from_outside",
        owed="close" if facts.answered else "answer",
        due=None,
        organisation=None,
        subject=facts.subject,
        letter=facts.letter,
        mark=facts.mark,
        command=close if facts.answered else answer,
        written_by=facts.written_by,
    )


def _decision(line: Any) -> Task:
    return Task(
        what="decide",
        owed="decide",
        due=line.due_at,
        organisation=line.organisation,
        subject=line.subject,
        letter=None,
        mark=None,
        command=f"ortoo approval show {line.request.hex()[:_IDENTITY_SHOWN]}",
    )


def _unanswered(line: SentLine, now: int) -> Task:
    silent = line.silent > 0 and line.acknowledge_by is not None
    due, mark = line.acknowledge_due if silent else line.reply_due, line.mark
    look = f"ortoo outbox --letter {mark} --state {'open' if silent else 'acknowledged'}"
    remind = f"ortoo letter remind {mark} --{'silent' if silent else 'unanswered'}"
    return Task(
        what="unanswered",
        owed="acknowledge" if silent else "answer",
        due=due,
        organisation=line.only_recipient,
        subject=line.subject,
        letter=line.letter,
        mark=mark,
        command=remind if due is not None and due < now else look,
    )


def _delivery(one: Undelivered) -> Task:
    return Task(
        what="deliver",
        owed="deliver",
        due=None,
        organisation=one.recipient,
        subject=one.subject,
        letter=one.letter,
        mark=one.mark,
        command=f"ortoo letter delivered {one.mark} --recipient {one.recipient} --channel CHANNEL --on DATE",
    )


def _waiting(views: Views) -> list[Task]:
    views.station.parts.submitter.settle()
    return [
        Task(
            what="waiting",
            owed="send",
            due=None,
            organisation=None,
            subject=None,
            letter=None,
            mark=mark_of(LetterId(one.identity)),
            command="ortoo queue send",
            act=one.act,
        )
        for one in views.station.parts.queue.unfinished()
    ]


def _table(session: Session, views: Views, tasks: Sequence[Task], names: Any) -> list[str]:
    language = session.language
    columns = (
        Column(heading=label("heading.what", language), cut=False),
        Column(heading=f"{label('heading.due', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.correspondent", language)),
        Column(heading=label("heading.subject", language)),
    )
    rows = [
        (
            label(f"today.{task.what}", language),
            short_time(task.due, views.offset_minutes),
            names[task.organisation] if task.organisation is not None else task.written_by or "",
            subject_words(task.subject) if task.act is None else code_label("event", task.act, language),
        )
        for task in tasks
    ]
    heading, *lines = table_lines(columns, rows)
    # A command stands whole on a line of its own, to be copied.
    return [heading, *(one for line, task in zip(lines, tasks, strict=True) for one in (line, f"  {task.command}"))]
