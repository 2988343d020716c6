"""`ortoo approval give | refuse | return | delegate | reassign | withdraw`: what is said of a request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import click

from adapters.approvals import decided, delegated, reassigned, require_request_documents, withdrawn
from adapters.due_times import parse_due
from adapters.station import Utterance
from cli.acting import Speaker, speaker_of, speaking_option, submit
from cli.approval_naming import Deciding, deciding, named_request, place_undecided, short
from cli.approval_routes import approver_of, approver_words
from cli.confirm import Preview, confirmed
from cli.fates import conclude
from cli.labels import code_label, label
from cli.letter_receipts import cover_of_text
from cli.local_names import organisation_words
from cli.options import Command, acting_options, command_options
from cli.render import show_time
from cli.session import Session
from cli.views import Views, acting_views
from domain.approval_routes import Answer
from domain.approval_rules import APPROVAL_REFUSAL_REASONS, APPROVAL_RETURN_REASONS, APPROVAL_WITHDRAWAL_REASONS
from domain.approvals import Request
from domain.directory import Role
from domain.events_approvals import ApprovalReassigned, ApprovalWithdrawn
from domain.ids import officer_id
from projections.approval_pages import subject_of


@dataclass(frozen=True, kw_only=True, slots=True)
class Act:
    """What is to be said of a request: by whom, and what a person (`says`) and a program (`data`) see before.

    `documents` are covers to be stored.
    """

    speaker: Speaker
    utterance: Utterance
    says: tuple[tuple[str, object], ...]
    data: Mapping[str, Any]
    documents: tuple[bytes, ...] = ()


_REASON_TOPICS: Final = {Answer.REFUSED: "approval_refusal", Answer.RETURNED: "approval_return"}


def _place_option(command: Command) -> Command:
    """Give a command `--place N`, for whoever may decide in several places of the stage."""
    return click.option("--place", type=click.IntRange(1), help="In which place of the stage (default: his only one).")(command)


@click.command("give")
@click.argument("request", metavar="REQUEST")
@click.option("--remarks", "text", help="Remarks, for the requester; on the ledger stands only their digest.")
@_place_option
@speaking_option
@acting_options
@command_options
def give_command(session: Session, /, request: str, *, yes: bool, dry_run: bool, **said: Any) -> None:
    """Approve, in your place of the stage whose turn it is. Every document must be held here, whole.

    Example:
      ortoo approval give 3f9a1c
      ortoo approval give 3f9a1c --remarks "Approved; the annex should name the districts."
    """
    views = acting_views(session)
    asked = named_request(views, request)
    require_request_documents(views.station, asked.request)
    _decide(session, views, asked, Answer.GIVEN, said, yes=yes, dry_run=dry_run)


@click.command("refuse")
@click.argument("request", metavar="REQUEST")
@click.option("--reason", type=click.Choice(sorted(APPROVAL_REFUSAL_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="The reason in words, for the requester; on the ledger stands only its digest.")
@_place_option
@speaking_option
@acting_options
@command_options
def refuse_command(session: Session, /, request: str, *, yes: bool, dry_run: bool, **said: Any) -> None:
    """Refuse to approve, with a reason. The stage fails as soon as its rule cannot be met.

    Example:
      ortoo approval refuse 3f9a1c --reason NO_MEANS --text "The budget of 2027 does not hold this."
    """
    views = acting_views(session)
    _decide(session, views, named_request(views, request), Answer.REFUSED, said, yes=yes, dry_run=dry_run)


@click.command("return")
@click.argument("request", metavar="REQUEST")
@click.option("--reason", type=click.Choice(sorted(APPROVAL_RETURN_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="What is to be revised, for the requester; on the ledger stands only its digest.")
@_place_option
@speaking_option
@acting_options
@command_options
def return_command(session: Session, /, request: str, *, yes: bool, dry_run: bool, **said: Any) -> None:
    """Return the documents for revision. That ends the request; the revised documents are a new one, with --follows.

    Example:
      ortoo approval return 3f9a1c --reason TEXT_TO_REVISE --text "Point 2 names last year's term."
    """
    views = acting_views(session)
    _decide(session, views, named_request(views, request), Answer.RETURNED, said, yes=yes, dry_run=dry_run)


@click.command("delegate")
@click.argument("request", metavar="REQUEST")
@click.option("--to", "delegate", metavar="OFFICER", required=True, help="Who may decide in your place too.")
@click.option("--from", "begin", metavar="TIME", help="From when (default: now): 2026-12-01T09:00, +1d.")
@click.option("--until", metavar="TIME", required=True, help="Until when: 2026-12-01 (its end), 2026-12-01T14:00, +3d.")
@_place_option
@click.option("--for", "for_", metavar="ORG", help="The organisation for which he speaks (default: where the place is his).")
@acting_options
@command_options
def delegate_command(session: Session, /, request: str, *, yes: bool, dry_run: bool, **said: Any) -> None:
    """Let another officer decide in your place too, between two times; whoever of you decides first counts.

    Example:
      ortoo approval delegate 3f9a1c --to aliev --until +7d
    """
    views = acting_views(session)
    station, language, offset = views.station, session.language, views.offset_minutes
    asked = named_request(views, request)
    who = deciding(session, views, asked, said["place"], said["for_"])
    now_ms = station.rehearsal_time
    begin = said["begin"]
    from_at = now_ms if begin is None else parse_due(begin, now_ms=now_ms, utc_offset_minutes=offset)
    until_at = parse_due(said["until"], now_ms=now_ms, utc_offset_minutes=offset)
    to = officer_id(said["delegate"])
    speaker = who.speaker
    utterance = delegated(
        station, speaker.signer, speaker.organisation, asked.request, who.place, to=to, from_at=from_at, until_at=until_at
    )
    says = (
        (label("heading.place", language), _place_words(session, asked, who.place)),
        (label("heading.delegate", language), to),
        (label("heading.from_at", language), show_time(from_at, offset)),
        (label("heading.until_at", language), show_time(until_at, offset)),
    )
    data = {**_place_data(who.place), "to": to, "from_at": from_at, "until_at": until_at}
    act = Act(speaker=speaker, utterance=utterance, says=says, data=data)
    say_of(session, views, asked, act, yes=yes, dry_run=dry_run)


@click.command("reassign")
@click.argument("request", metavar="REQUEST")
@click.option("--stage", type=click.IntRange(1), required=True, help="The stage.")
@click.option("--place", type=click.IntRange(1), help="The place in it (default: the only one that has not decided).")
@click.option("--to", "approver", metavar="APPROVER", required=True, help="Who is to decide now: an organisation, or officer:ID.")
@speaking_option
@acting_options
@command_options
def reassign_command(session: Session, /, request: str, *, yes: bool, dry_run: bool, **said: Any) -> None:
    """Put another approver into a place that has not decided, as the requester. The number of places never changes.

    Example:
      ortoo approval reassign 3f9a1c --stage 2 --place 1 --to officer:rahimov
    """
    views = acting_views(session)
    station, language = views.station, session.language
    asked = named_request(views, request)
    speaker = speaker_of(session, station, Role.CLERK, said["for_"], act=ApprovalReassigned.TYPE)
    place = place_undecided(asked, said["stage"], said["place"])
    to = approver_of(views, speaker.organisation, said["approver"])
    utterance = reassigned(station, speaker.signer, speaker.organisation, asked.request, place, to=to)
    says = (
        (label("heading.place", language), _place_words(session, asked, place)),
        (label("heading.new_approver", language), approver_words(to)),
    )
    data = {**_place_data(place), "to": approver_words(to)}
    act = Act(speaker=speaker, utterance=utterance, says=says, data=data)
    say_of(session, views, asked, act, yes=yes, dry_run=dry_run)


@click.command("withdraw")
@click.argument("request", metavar="REQUEST")
@click.option("--reason", type=click.Choice(sorted(APPROVAL_WITHDRAWAL_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="The reason in words, for the approvers; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def withdraw_command(session: Session, /, request: str, *, yes: bool, dry_run: bool, **said: Any) -> None:
    """Withdraw a request, as the requester. What was decided stays in view.

    Example:
      ortoo approval withdraw 3f9a1c --reason DOCUMENT_CHANGED
    """
    views = acting_views(session)
    station, language = views.station, session.language
    asked = named_request(views, request)
    speaker = speaker_of(session, station, Role.CLERK, said["for_"], act=ApprovalWithdrawn.TYPE)
    cover, documents = cover_of_text(said["text"])
    reason = said["reason"]
    utterance = withdrawn(station, speaker.signer, speaker.organisation, asked.request, reason=reason, cover=cover)
    says = (
        (label("heading.reason", language), code_label("approval_withdrawal", reason, language)),
        (label("heading.text", language), said["text"]),
    )
    act = Act(speaker=speaker, utterance=utterance, says=says, data={"reason": reason}, documents=documents)
    say_of(session, views, asked, act, yes=yes, dry_run=dry_run)


def _decide(  # noqa: PLR0913 - what a decision says, and the options of every command that signs
    session: Session, views: Views, asked: Request, answer: Answer, said: dict[str, Any], *, yes: bool, dry_run: bool
) -> None:
    language, reason = session.language, str(said.get("reason") or "")
    who: Deciding = deciding(session, views, asked, said["place"], said["for_"])
    cover, documents = cover_of_text(said["text"])
    speaker = who.speaker
    utterance = decided(
        views.station, speaker.signer, speaker.organisation, asked.request, who.place, answer, reason=reason, cover=cover
    )
    says = (
        (label("heading.place", language), _place_words(session, asked, who.place)),
        (label("heading.decides_for", language), who.for_officer),
        (label("heading.reason", language), code_label(_REASON_TOPICS[answer], reason, language) if reason else None),
        (label("heading.text" if reason else "heading.remarks", language), said["text"]),
    )
    data = {**_place_data(who.place), "for_officer": who.for_officer, "reason": reason or None}
    act = Act(speaker=speaker, utterance=utterance, says=says, data=data, documents=documents)
    say_of(session, views, asked, act, yes=yes, dry_run=dry_run)


def say_of(session: Session, views: Views, asked: Request, act: Act, *, yes: bool, dry_run: bool) -> None:
    """Rehearse, show, ask, sign, submit and tell; what was said from here before gets the receipt of that time."""
    language, station = session.language, views.station
    if station.parts.queue.find(act.utterance.intention) is None:
        station.rehearse(act.utterance.body)
    else:
        session.note(label("note.sent_before", language))
    with views.reading() as connection:
        subject = subject_of(connection, asked.request)
    told = (
        (label("heading.signed_by", language), act.speaker.words(station, language)),
        (label("heading.speaks_for", language), organisation_words(station.view, act.speaker.organisation, language)),
        (label("heading.request", language), f"{short(asked.request)}  {subject or ''}".rstrip()),
        (label("heading.requester", language), organisation_words(station.view, asked.organisation, language)),
        *((name, value) for name, value in act.says if value),
    )
    whole = {**act.speaker.data(station), "organisation": act.speaker.organisation, "request": asked.request, **act.data}
    preview = Preview(act=act.utterance.body.TYPE, says=told, data=whole)
    if not confirmed(session, preview, yes=yes, dry_run=dry_run):
        return
    for raw in act.documents:
        station.parts.documents.own.put(raw)
    about = f"{label('event.' + act.utterance.body.TYPE, language)}  {short(asked.request)}"
    conclude(session, station, submit(session, station, [(about, act.utterance)]))


def _place_words(session: Session, asked: Request, place: tuple[int, int]) -> str:
    approver = asked.approver(*place)
    named = "" if approver is None else f": {approver_words(approver)}"
    return label("note.stage_place", session.language, stage=place[0], place=place[1]) + named


def _place_data(place: tuple[int, int]) -> dict[str, Any]:
    return {"stage": place[0], "place": place[1]}
