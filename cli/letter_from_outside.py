"""`ortoo letter show` of a letter that came from outside: what was entered, who entered it, its scans, and what answers it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cli.fates import is_witnessed
from cli.labels import code_label, label
from cli.letter_details import document_lines, signer_lines, thread_lines
from cli.local_names import acting_words
from cli.reading import AWAITED_SUBJECT, languages_of, mark_words, subject_words
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.views import Views
from domain.ids import LetterId
from projections.letter_pages import LetterSigner, NamedDocument, ThreadLine, documents_of, signers_of, thread_of
from projections.mandate_queries import SpokenFor, spoken_at
from projections.names import officer_words, organisation_names
from projections.outside_pages import FROM_OUTSIDE, OutsideFacts, outside_facts


@dataclass(frozen=True, kw_only=True, slots=True)
class OutsideDetails:
    """Everything that is told of a letter from outside."""

    facts: OutsideFacts
    documents: tuple[NamedDocument, ...]
    signers: tuple[LetterSigner, ...]
    thread: tuple[ThreadLine, ...]
    organisations: Mapping[str, str]
    officers: Mapping[tuple[str, str], str]
    spoken: SpokenFor | None
    witnessed: bool


def outside_details(session: Session, views: Views, letter: LetterId, *, now: int) -> OutsideDetails | None:
    """Return everything that is told of a letter from outside, None if the views have no such letter."""
    languages = languages_of(session)
    with views.reading() as connection:
        facts = outside_facts(connection, letter)
        if facts is None:
            return None
        spoken = spoken_at(connection, [facts.position]).get(facts.position)
        officers = {(facts.officer, facts.organisation)}
        if spoken is not None:
            officers |= {(spoken.officer, facts.organisation), (spoken.deputy, spoken.deputy_organisation)}
        thread = thread_of(connection, letter)
        organisations = {facts.organisation, *(one.sender for one in thread if one.sender is not None)}
        return OutsideDetails(
            facts=facts,
            documents=documents_of(connection, letter),
            signers=signers_of(connection, letter, now=now),
            thread=thread,
            organisations=organisation_names(connection, organisations, languages),
            officers=officer_words(connection, officers, languages),
            spoken=spoken,
            witnessed=is_witnessed(views.station, facts.position),
        )


def outside_data(details: OutsideDetails) -> dict[str, Any]:
    """Return a letter from outside as documented fields: codes and numbers, and the words of its cover."""
    facts = {name: getattr(details.facts, name) for name in OutsideFacts.__slots__}
    spoken = details.spoken
    return {
        "letter": {
            **facts,
            "acting_for": spoken.officer if spoken else None,
            "mandate": spoken.mandate if spoken else None,
            "marks": _marks(details),
            "witnessed": details.witnessed,
        },
        "documents": details.documents,
        "signers": details.signers,
        "thread": details.thread,
    }


def outside_lines(session: Session, views: Views, details: OutsideDetails) -> list[str]:
    """Return a letter from outside as lines."""
    facts = details.facts
    outside = label("mark.signature_outside", session.language)
    lines = [outside, "", *pair_lines(_pairs(session, views, details)), "", *document_lines(session, details.documents)]
    words = [_signer_words(session, details) for _ in details.signers]
    lines += ["", *signer_lines(session, views, details.signers, words, facts.signed_at)]
    if details.thread:
        lines += ["", *thread_lines(session, views, details.thread, details.organisations)]
    return lines


def _marks(details: OutsideDetails) -> tuple[str, ...]:
    told = {FROM_OUTSIDE: True, "answered": details.facts.answered, "finished": details.facts.how is not None}
    return tuple(mark for mark, holds in told.items() if holds)


def _pairs(session: Session, views: Views, details: OutsideDetails) -> list[tuple[str, object]]:
    facts, language, offset = details.facts, session.language, views.offset_minutes
    awaited = "" if details.witnessed else f" ({label('note.not_witnessed', language)})"
    written = None if facts.written_at is None else show_time(facts.written_at, offset)
    pairs: tuple[tuple[str, object], ...] = (
        ("heading.number", facts.number),
        ("heading.subject", subject_words(facts.subject)),
        ("heading.from", facts.written_by or AWAITED_SUBJECT),
        ("heading.their_number", facts.their_number),
        ("heading.their_date", written),
        ("heading.arrived", show_time(facts.arrived_at, offset)),
        ("heading.channel", code_label("channel", facts.channel, language)),
        ("heading.original", facts.original),
        ("heading.to", details.organisations[facts.organisation]),
        ("heading.registered", show_time(facts.at, offset)),
        ("heading.position", f"{facts.position}{awaited}"),
        ("heading.kind", code_label("kind", facts.kind, language)),
        ("heading.language", facts.language),
        ("heading.case", facts.case_index),
        ("heading.closing", None if facts.how is None else code_label("closing", facts.how, language)),
        ("heading.marks", mark_words(session, _marks(details))),
        ("heading.identity", facts.letter.hex()),
    )
    return [(label(heading, language), value) for heading, value in pairs if value]


def _signer_words(session: Session, details: OutsideDetails) -> str:
    facts, spoken = details.facts, details.spoken
    if spoken is None:
        return details.officers[facts.officer, facts.organisation]
    deputy = details.officers[spoken.deputy, spoken.deputy_organisation]
    return acting_words(session.language, deputy, details.officers[spoken.officer, facts.organisation])
