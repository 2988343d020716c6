"""A request for approval in words: its route drawn stage by stage, with marks, tallies, decisions and remarks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from cli.approval_naming import short
from cli.labels import code_label, label
from cli.letter_details import DIGEST_SHOWN, document_name
from cli.letter_preview import letter_words
from cli.local_names import acting_words, officer_words, organisation_words
from cli.reading import subject_words
from cli.render import pair_lines, show_size, show_time, visible
from cli.session import Session
from cli.views import Views
from domain.approval_routes import QUORUM, Answer
from domain.directory import officer
from projections.approval_pages import PlaceTold, RequestLine, RequestTold, StageTold

SIGNS: Final = {Answer.GIVEN.value: "✓", Answer.REFUSED.value: "✗", Answer.RETURNED.value: "↩", None: "·"}
"""What stands before a place: approved, refused, returned, undecided."""
TURN: Final = "▶"
"""Stands before the stage whose turn it is."""


def request_lines(session: Session, views: Views, told: RequestTold) -> Iterator[str]:
    """Yield everything that is told of a request."""
    yield from pair_lines(_pairs(session, views, told))
    yield ""
    yield from route_lines(session, views, told)
    if told.rounds_before or told.rounds_after:
        yield ""
        yield from approval_lines(session, views, [*told.rounds_before, told.line, *told.rounds_after])


def route_lines(session: Session, views: Views, told: RequestTold) -> Iterator[str]:
    """Yield the route of a request, stage by stage."""
    for stage in told.stages:
        yield from _stage_lines(session, views, stage, is_current=stage.stage == told.line.stage)


def approval_lines(session: Session, views: Views, lines: Sequence[RequestLine]) -> Iterator[str]:
    """Yield requests, one in a line: identity, time, how it stands, subject."""
    language = session.language
    yield label("heading.approvals", language)
    for line in lines:
        outcome = code_label("approval_outcome", line.outcome, language)
        marks = marks_words(session, line)
        words = (short(line.request), show_time(line.at, views.offset_minutes), f"{outcome} {stage_words(line)}".rstrip())
        yield visible("  ".join(("", *words, subject_words(line.subject), *([marks] if marks else []))))


def stage_words(line: RequestLine) -> str:
    """Return which stage of how many it is whose turn it is, and how many of those needed have approved: `2/3 (1/2)`."""
    return "" if line.stage is None else f"{line.stage}/{line.stages} ({line.given}/{line.needed})"


def marks_words(session: Session, line: RequestLine) -> str:
    """Return the marks of a request in words."""
    return ", ".join(label(f"approval_mark.{mark}", session.language) for mark in line.marks)


def place_line(session: Session, views: Views, place: PlaceTold) -> str:
    """Return a place in one line: its sign and number, who is to decide, who may too, and whether nobody can."""
    language, view = session.language, views.station.view
    if place.organisation is not None:
        who = organisation_words(view, place.organisation, language)
    else:
        assert place.officer is not None  # noqa: S101 - an approver is an organisation or an officer
        known = officer(view, place.officer)
        who = officer_words(view, place.officer, known.home, language) if known else str(place.officer)
    words = [f"  {SIGNS[place.answer]} {place.place}", who]
    words += [
        label("note.may_decide_too", language, officer=one.to, until=show_time(one.until_at, views.offset_minutes))
        for one in place.delegations
        if place.answer is None
    ]
    words += [label("approval_mark.stuck", language)] if place.stuck else []
    return visible("  ".join(words))


def _decision_words(session: Session, views: Views, place: PlaceTold) -> str:
    language = session.language
    by, speaks_for = place.decided_by, place.decided_for
    assert by is not None  # noqa: S101 - a place that is decided was decided by somebody
    assert speaks_for is not None  # noqa: S101 - the same
    who = acting_words(language, officer_words(views.station.view, by, speaks_for, language), place.acting_for)
    if place.for_officer is not None:
        who = label("note.in_place_of", language, officer=who, other=place.for_officer)
    words = [code_label("approval_answer", str(place.answer), language), show_time(place.at, views.offset_minutes), who]
    topic = {Answer.REFUSED.value: "approval_refusal", Answer.RETURNED.value: "approval_return"}.get(str(place.answer))
    if topic is not None and place.reason is not None:
        words.insert(1, code_label(topic, place.reason, language))
    return ", ".join(words)


def _stage_lines(session: Session, views: Views, stage: StageTold, *, is_current: bool) -> Iterator[str]:
    language, offset = session.language, views.offset_minutes
    rule = code_label("stage_rule", stage.rule, language) + (f" {stage.quorum}" if stage.rule == QUORUM else "")
    words = [f"{label('heading.stage', language)} {stage.stage}", rule, f"{stage.given}/{stage.needed}"]
    words.append(code_label("approval_outcome", stage.outcome, language))
    if stage.due_at is not None:
        words.append(f"≤ {show_time(stage.due_at, offset)}")
    if stage.missed_at is not None:
        words.append(f"{label('approval_mark.missed', language)} {show_time(stage.missed_at, offset)}")
    yield f"{TURN if is_current else ' '} " + "  ".join(words)
    for place in stage.places:
        yield place_line(session, views, place)
        if place.answer is not None:
            yield visible(f"      {_decision_words(session, views, place)}")
        if place.text is not None:
            yield visible(f"      “{place.text}”")


def _pairs(session: Session, views: Views, told: RequestTold) -> list[tuple[str, object]]:
    language, line, offset, view = session.language, told.line, views.offset_minutes, views.station.view
    ended = "" if line.ended_at is None else f", {show_time(line.ended_at, offset)}"
    withdrawal = told.withdrawal_reason and code_label("approval_withdrawal", told.withdrawal_reason, language)
    documents = [
        f"{document_name(session, one)}  {show_size(one.size_bytes)}  {one.sha256.hex()[:DIGEST_SHOWN]}" for one in told.documents
    ]
    pairs: tuple[tuple[str, object], ...] = (
        (label("heading.request", language), line.request.hex()),
        (label("heading.subject", language), subject_words(line.subject)),
        (label("heading.requester", language), organisation_words(view, line.organisation, language)),
        (label("heading.officer", language), officer_words(view, line.officer, line.organisation, language)),
        (label("heading.date", language), show_time(line.at, offset)),
        (label("heading.state", language), code_label("approval_outcome", line.outcome, language) + ended),
        (label("heading.reason", language), withdrawal),
        (label("heading.text", language), told.withdrawal_text),
        (label("heading.marks", language), marks_words(session, line)),
        (label("heading.letter", language), None if told.letter is None else letter_words(views, told.letter)),
        (label("heading.documents", language), "\n".join(documents)),
        (label("heading.used_by", language), "\n".join(letter_words(views, one.letter) for one in told.letters)),
    )
    return [(name, value) for name, value in pairs if value]
