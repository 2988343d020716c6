"""What commands that read have in common: the options that narrow a list, whose letters it lists, how its lines are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import click
from sqlalchemy import Connection

from adapters.correspondence import REMARK
from cli.as_of import parse_bound
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.languages import Language
from cli.local_names import TAGS
from cli.naming import home_if_known
from cli.options import Command
from cli.references import Named, remember_list
from cli.render import page_note, show_time
from cli.session import Session
from cli.views import Views, banner
from domain.consignments import ConsignmentState
from domain.ids import Digest, OrgId, organisation_id
from projections.filters import Filters, PageWanted, acted_for
from projections.inbox_pages import InboxLine
from projections.letter_pages import text_about
from projections.outbox_pages import SentLine
from projections.outside_pages import FROM_OUTSIDE

AWAITED_SUBJECT: Final = "…"
_TO_THE_DAY: Final = len("2026-11-24")
_TO_THE_MINUTE: Final = len("2026-11-24 14:02")


@dataclass(frozen=True, kw_only=True, slots=True)
class Chosen:
    """What a person typed to narrow a list, as text; None: not given."""

    states: tuple[str, ...] = ()
    overdue: bool = False
    sender: str | None = None
    recipient: str | None = None
    region: str | None = None
    since: str | None = None
    until: str | None = None
    case_index: str | None = None
    number: str | None = None
    words: str | None = None


def filter_options(command: Command) -> Command:
    """Give a list of letters the options that narrow it; the function gets their values, which `Chosen` takes as they are."""
    for decorate in (
        click.option("--number", metavar="N", help="Only with this registration number, as printed or its serial alone."),
        click.option("--case", "case_index", metavar="I", help="Only of this case."),
        click.option("--until", metavar="TIME", help="Only sent until then; a date is its end."),
        click.option("--since", metavar="TIME", help="Only sent since then; a date is its beginning."),
        click.option("--region", metavar="CODE", help="Only with correspondents of this region."),
        click.option("--to", "recipient", metavar="ORG", help="Only to this organisation."),
        click.option("--from", "sender", metavar="ORG", help="Only from this organisation."),
        click.option("--overdue", is_flag=True, help="Only where something is owed whose term has passed."),
        click.option(
            "--state",
            "states",
            multiple=True,
            type=click.Choice([state.value for state in ConsignmentState]),
            help="Only in this state (may be given several times).",
        ),
    ):
        command = decorate(command)
    return command


def words_option(command: Command) -> Command:
    """Give a list of letters the option to search it, which `Chosen` takes as well."""
    return click.option(
        "--words",
        metavar="TEXT",
        help="Only with all these words in the subject or the names of one correspondent, in any script.",
    )(command)


def for_option(command: Command) -> Command:
    """Give a reading command `--for ORG`; the function gets `for_`, a text or None."""
    return click.option("--for", "for_", metavar="ORG", help="Whose letters (default: the acting officer's organisation).")(
        command
    )


def filters_of(views: Views, chosen: Chosen, now: int) -> Filters:
    """Return what was chosen as values; raise `UsageError` or `IdError` for a text that is none."""

    def bound(text: str | None, *, end_of_day: bool) -> int | None:
        return None if text is None else parse_bound(text, views.offset_minutes, end_of_day=end_of_day)

    return Filters(
        states=tuple(ConsignmentState(state) for state in chosen.states),
        overdue_at=now if chosen.overdue else None,
        sender=None if chosen.sender is None else organisation_id(chosen.sender),
        recipient=None if chosen.recipient is None else organisation_id(chosen.recipient),
        region=chosen.region,
        since=bound(chosen.since, end_of_day=False),
        until=bound(chosen.until, end_of_day=True),
        case_index=chosen.case_index,
        number=chosen.number,
        words=chosen.words,
    )


def page_wanted(session: Session, limit: int | None, after: str | None) -> PageWanted:
    """Return how much of a list is wanted, as many lines as the settings say unless a limit is given."""
    return PageWanted(limit=limit or session.settings.lines_limit, after=after)


def now_of(session: Session, views: Views) -> int:
    """Return the time at which terms are over: of a view as it stood, its own last ledger time; else now."""
    return views.at if views.as_of else max(views.at, session.now_ms())


def own_organisations(session: Session, views: Views, named: str | None) -> tuple[OrgId, ...]:
    """Return whose letters are wanted: the organisation named or the acting officer's, and the closed ones it succeeded.

    Raises `UsageError` if neither is known.
    """
    organisation = organisation_id(named) if named is not None else home_if_known(session, views)
    if organisation is None:
        raise UsageError(
            "It is not known whose letters to show. Name the organisation with --for ORG, or the officer with --as OFFICER."
        )
    with views.reading() as connection:
        return acted_for(connection, organisation)


def languages_of(session: Session) -> tuple[str, ...]:
    """Return the language tags in which a person wants to read names, the best first."""
    return TAGS[session.language]


def show_list(
    session: Session,
    views: Views,
    lines: Sequence[Any],
    table: Callable[[], Iterable[str]],
    *,
    named: Sequence[Named] | None = None,
    after: str | None = None,
    **more: Any,
) -> None:
    """Show a list: the banner of a ledger that is not production, its lines, and how it goes on.

    `lines` are for programs, `table` for people; `named` are the letters of the lines, which `#1` and so on mean from now on.
    """
    if named is not None:
        remember_list(session.home, named)
    data = {**scope_data(views), **more, "lines": lines, "after": after}
    session.show(data, lambda: [*banner(session, views), *(table() if lines else [label("note.nothing", session.language)])])
    note = page_note(len(lines), after, session.language)
    if note is not None:
        session.note(note)


def scope_data(views: Views) -> dict[str, Any]:
    """Return what every answer says of where it comes from: the ledger, its purpose, the last position shown and its time."""
    exchange = views.exchange
    return {"ledger": exchange.identity, "purpose": exchange.purpose, "position": views.position - 1, "at": views.at}


def mark_words(session: Session, marks: Iterable[str]) -> str:
    """Return marks in words, in one line; where it is recorded that a term was missed, nobody need read that it is over."""
    told = tuple(marks)
    shown = (mark for mark in told if mark != "overdue" or "missed" not in told)
    return ", ".join(code_label("mark", mark, session.language) for mark in shown)


def short_time(at_ms: int | None, offset_minutes: int) -> str:
    """Return a time to the minute without its offset, for a column whose heading names that."""
    return show_time(at_ms, offset_minutes)[:_TO_THE_MINUTE]


def due_words(signed: int | None, moved: int | None, offset_minutes: int, language: Language) -> str:
    """Return a due time as it was signed, and beside it the instant to which outages moved it, if they did."""
    words = show_time(signed, offset_minutes)
    if moved == signed:
        return words
    return label("note.moved_to", language, signed=words, moved=show_time(moved, offset_minutes))


def short_date(at_ms: int, offset_minutes: int) -> str:
    """Return the day of a time in the ledger's offset."""
    return show_time(at_ms, offset_minutes)[:_TO_THE_DAY]


def from_words(line: InboxLine | SentLine, names: Mapping[str, str]) -> str:
    """Return whom a letter came from: by the directory, or by the words of whoever entered one from outside."""
    return names[line.sender] if line.sender is not None else line.written_by or AWAITED_SUBJECT


def outside_note(session: Session, lines: Iterable[InboxLine | SentLine]) -> list[str]:
    """Return what stands below a list in which there is a letter from outside: what its mark means."""
    words = (label(f"mark.{mark}", session.language) for mark in (FROM_OUTSIDE, "signature_outside"))
    return ["", ": ".join(words)] if any(FROM_OUTSIDE in line.marks for line in lines) else []


def remark_of(connection: Connection, cover: Digest | None) -> str | None:
    """Return the text of an event's cover, None if it has none or its cover is not here yet."""
    return None if cover is None else text_about(connection, cover, REMARK)


def subject_words(subject: str | None) -> str:
    """Return a subject, or a sign that its cover is not here yet; the marks say so in words."""
    return AWAITED_SUBJECT if subject is None else subject
