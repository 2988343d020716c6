"""One letter told whole: what it is, its documents, who signed it, its thread, and its way with one recipient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cli.errors import UsageError
from cli.fates import is_witnessed
from cli.labels import code_label, label
from cli.languages import Language
from cli.letter_fates import counts_line
from cli.letter_steps import ToldStep, Way, told_step, way_lines
from cli.local_names import acting_words
from cli.reading import due_words, languages_of, mark_words, subject_words
from cli.render import Column, pair_lines, show_size, show_time, show_zone, table_lines
from cli.session import Session
from cli.views import Views
from domain.calendars import Calendar, day_of, year_of_day
from domain.ids import LetterId, OfficerId, OrgId
from projections.letter_pages import (
    FateStep,
    LetterFacts,
    LetterSigner,
    NamedDocument,
    ThreadLine,
    documents_of,
    fate_of,
    letter_facts,
    signers_of,
    thread_of,
)
from projections.mandate_queries import SpokenFor, spoken_at
from projections.moved_terms import calendar_at
from projections.names import officer_words, organisation_names
from projections.outbox_pages import SentLine, sent_line
from projections.outside_queries import is_outside

DIGEST_SHOWN: Final = 16
"""As many digits of a digest as people compare; programs get all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewed:
    """A letter that somebody wants to see, in which views, and at which time terms are over."""

    session: Session
    views: Views
    letter: LetterId
    now: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Details:
    """Everything that is told of a letter; `recipient` is whose steps are told (None: nobody's), `outside` if he is so."""

    facts: LetterFacts
    line: SentLine
    documents: tuple[NamedDocument, ...]
    signers: tuple[LetterSigner, ...]
    thread: tuple[ThreadLine, ...]
    recipient: OrgId | None
    steps: tuple[ToldStep, ...]
    outside: bool
    organisations: Mapping[str, str]
    officers: Mapping[tuple[str, str], str]
    spoken: Mapping[int, SpokenFor]
    witnessed: bool
    calendar: Calendar | None


def details_of(viewed: Viewed, recipient: OrgId | None) -> Details | None:
    """Return everything that is told of a letter, None if the views do not have it.

    The only recipient's steps are told without asking. Raises `UsageError` if `recipient` is none of the letter's.
    """
    letter, languages = viewed.letter, languages_of(viewed.session)
    with viewed.views.reading() as connection:
        facts, line = letter_facts(connection, letter), sent_line(connection, letter, now=viewed.now)
        if facts is None or line is None:
            return None
        focus = recipient or line.only_recipient
        steps = fate_of(connection, letter, focus) if focus is not None else ()
        if focus is not None and not steps:
            raise UsageError(f"{focus} is no recipient of letter № {facts.number}. Without --recipient all of them are listed.")
        thread, signers = thread_of(connection, letter), signers_of(connection, letter, now=viewed.now)
        organisations = {facts.sender, *(one.sender for one in thread if one.sender), *(step.organisation for step in steps)}
        spoken = spoken_at(connection, [facts.position, *(step.position for step in steps)])
        officers = {(one.officer, facts.sender) for one in signers} | set(_officers_in(steps))
        officers |= {(spoken[step.position].officer, step.organisation) for step in steps if step.position in spoken}
        officers |= {(spoken[facts.position].officer, facts.sender)} if facts.position in spoken else set()
        officers |= {(one.deputy, one.deputy_organisation) for one in spoken.values()}
        return Details(
            facts=facts,
            line=line,
            documents=documents_of(connection, letter),
            signers=signers,
            thread=thread,
            recipient=focus,
            steps=tuple(told_step(viewed.views, connection, step) for step in steps),
            outside=focus is not None and is_outside(connection, focus),
            organisations=organisation_names(connection, organisations | ({focus} if focus else set()), languages),
            officers=officer_words(connection, officers, languages),
            spoken=spoken,
            witnessed=is_witnessed(viewed.views.station, facts.position),
            calendar=_calendar_of(viewed, connection, facts),
        )


def details_data(details: Details) -> dict[str, Any]:
    """Return the details of a letter as documented fields: codes and numbers, never words."""
    facts = {name: getattr(details.facts, name) for name in LetterFacts.__slots__}
    steps = [
        {
            **{name: getattr(told.step, name) for name in FateStep.__slots__},
            **_spoken_data(details, told.step.position),
            "reason": told.reason,
            "text": told.text,
        }
        for told in details.steps
    ]
    counts = {
        "recipients": details.line.recipients,
        "by_state": details.line.by_state,
        "late": details.line.late,
        "answered": details.line.answered,
    }
    return {
        "letter": {
            **facts,
            **_spoken_data(details, details.facts.position),
            "acknowledge_due": details.line.acknowledge_due,
            "reply_due": details.line.reply_due,
            "calendar": _calendar_data(details),
            "marks": details.line.marks,
            "witnessed": details.witnessed,
        },
        "counts": counts,
        "documents": details.documents,
        "signers": details.signers,
        "thread": details.thread,
        "recipient": details.recipient,
        "steps": steps,
    }


def _calendar_data(details: Details) -> dict[str, Any] | None:
    found = details.calendar
    return None if found is None else {"country": found.country, "year": found.year, "version": found.last_version}


def _calendar_of(viewed: Viewed, connection: Any, facts: LetterFacts) -> Calendar | None:
    """Return the working calendar that was in force for a letter's term when it was dispatched, None without term or calendar."""
    due = facts.reply_by if facts.acknowledge_by is None else facts.acknowledge_by
    if due is None:
        return None
    year = year_of_day(day_of(due, viewed.views.offset_minutes))
    return calendar_at(connection, viewed.views.station.parts.country, year, before=facts.position)


def details_lines(session: Session, views: Views, details: Details) -> list[str]:
    """Return the details of a letter as lines."""
    lines = [*pair_lines(_pairs(session, views, details)), "", *document_lines(session, details.documents)]
    words = [_signer_words(session, details, number, one.officer) for number, one in enumerate(details.signers)]
    lines += ["", *signer_lines(session, views, details.signers, words, details.facts.signed_at)]
    if details.thread:
        lines += ["", *thread_lines(session, views, details.thread, details.organisations)]
    if details.recipient is not None:
        way = Way(steps=details.steps, officers=details.officers, spoken=details.spoken, outside=details.outside)
        heading = f"№ {details.facts.number} → {details.organisations[details.recipient]}"
        lines += ["", *way_lines(session, views, way, heading)]
    return lines


def document_name(session: Session, document: NamedDocument) -> str:
    """Return the name of a document, its role in words where the cover gives it none."""
    return document.name or code_label("document_role", document.role, session.language)


def _officers_in(steps: tuple[FateStep, ...]) -> Iterator[tuple[Any, Any]]:
    for step in steps:
        yield step.officer, step.organisation
        if step.about_officer is not None:
            yield step.about_officer, step.organisation


def _pairs(session: Session, views: Views, details: Details) -> list[tuple[str, object]]:
    facts, line, language, offset = details.facts, details.line, session.language, views.offset_minutes
    awaited = "" if details.witnessed else f" ({label('note.not_witnessed', language)})"
    recalled = facts.recall_reason and code_label("recall_reason", facts.recall_reason, language)
    pairs: list[tuple[str, object]] = [
        (label("heading.number", language), facts.number),
        (label("heading.subject", language), subject_words(facts.subject)),
        (label("heading.from", language), _named(details, facts.sender)),
        (label("heading.to", language), _to_words(session, details)),
        (label("heading.date", language), show_time(facts.at, offset)),
        (label("heading.position", language), f"{facts.position}{awaited}"),
        (label("heading.kind", language), code_label("kind", facts.kind, language)),
        (label("heading.language", language), facts.language),
        (label("heading.urgency", language), code_label("urgency", facts.urgency, language)),
        (label("heading.access", language), code_label("access", facts.access, language)),
        (label("heading.case", language), facts.case_index or ""),
        (label("heading.acknowledge_by", language), due_words(facts.acknowledge_by, line.acknowledge_due, offset, language)),
        (label("heading.reply_by", language), due_words(facts.reply_by, line.reply_due, offset, language)),
        (label("heading.calendar", language), _calendar_words(details.calendar, language)),
        (label("heading.recalled_because", language), recalled or ""),
        (label("heading.marks", language), mark_words(session, line.marks)),
        (label("heading.identity", language), facts.letter.hex()),
    ]
    return [(heading, value) for heading, value in pairs if value != ""]


def _calendar_words(found: Calendar | None, language: Language) -> str:
    if found is None:
        return ""
    return label("note.calendar", language, country=found.country, year=found.year, version=found.last_version)


def _named(details: Details, organisation: OrgId) -> str:
    return _with_id(details.organisations[organisation], organisation)


def _with_id(name: str, known_as: str) -> str:
    return name if name == known_as else f"{name} ({known_as})"


def _to_words(session: Session, details: Details) -> str:
    if details.line.only_recipient is not None:
        return _named(details, details.line.only_recipient)
    return counts_line(session, details.line)


def document_lines(session: Session, documents: Sequence[NamedDocument]) -> list[str]:
    """Return the documents of a letter as a table."""
    language = session.language
    columns = (
        Column(heading=label("heading.documents", language)),
        Column(heading=label("heading.role", language)),
        Column(heading=label("heading.size", language), right=True),
        Column(heading=label("heading.kind", language)),
        Column(heading=label("heading.digest", language), cut=False),
    )
    rows = [
        (
            document_name(session, one),
            code_label("document_role", one.role, language),
            show_size(one.size_bytes),
            one.media_type,
            one.sha256.hex()[:DIGEST_SHOWN],
        )
        for one in documents
    ]
    return table_lines(columns, rows)


def signer_lines(
    session: Session, views: Views, signers: Sequence[LetterSigner], words: Sequence[str], signed_at: int
) -> list[str]:
    """Return who signed a letter, or entered one from outside, as a table; `words` name them."""
    language = session.language
    columns = (
        Column(heading=label("heading.signed_by", language), cut=False),
        Column(heading=label("heading.assurance", language)),
        Column(heading=label("heading.key", language)),
        Column(heading=f"{label('heading.signed_at', language)} ({show_zone(views.offset_minutes)})", cut=False),
    )
    rows = [
        (
            named,
            code_label("assurance", one.assurance, language),
            _signature_words(one, language),
            show_time(signed_at, views.offset_minutes).partition(" (")[0],
        )
        for one, named in zip(signers, words, strict=True)
    ]
    return table_lines(columns, rows)


def _signer_words(session: Session, details: Details, number: int, officer: OfficerId) -> str:
    """Return who signed the letter; a mandate speaks for the first signer."""
    facts = details.facts
    spoken = details.spoken.get(facts.position) if number == 0 else None
    if spoken is None:
        return _with_id(details.officers[officer, facts.sender], officer)
    words = _with_id(details.officers[officer, spoken.deputy_organisation], officer)
    grantor = _with_id(details.officers[spoken.officer, facts.sender], spoken.officer)
    return acting_words(session.language, words, grantor)


def _spoken_data(details: Details, position: int) -> dict[str, Any]:
    spoken = details.spoken.get(position)
    return {"acting_for": spoken.officer if spoken else None, "mandate": spoken.mandate if spoken else None}


def _signature_words(one: LetterSigner, language: Language) -> str:
    mark = "contested" if one.contested else one.settled
    words = (code_label("key_state", one.state, language), *(() if mark is None else (label(f"mark.{mark}", language),)))
    return ", ".join(words)


def thread_lines(session: Session, views: Views, thread: Sequence[ThreadLine], organisations: Mapping[str, str]) -> list[str]:
    """Return the other letters of a thread as a table; `organisations` names their senders."""
    language = session.language
    columns = (
        Column(heading=label("heading.thread", language), cut=False),
        Column(heading=label("heading.number", language), cut=False),
        Column(heading=f"{label('heading.date', language)} ({show_zone(views.offset_minutes)})", cut=False),
        Column(heading=label("heading.from", language)),
        Column(heading=label("heading.subject", language)),
        Column(heading=label("heading.identity", language), cut=False),
    )
    rows = [
        (
            code_label("relation" if one.by_this else "relation_back", one.relation, language),
            one.number or "",
            show_time(one.at, views.offset_minutes).partition(" (")[0],
            organisations[one.sender] if one.sender else one.written_by or "",
            subject_words(one.subject) if one.position is not None else "",
            one.letter.hex()[:DIGEST_SHOWN],
        )
        for one in thread
    ]
    return table_lines(columns, rows)
