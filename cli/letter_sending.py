"""`ortoo letter send | reply`: from a draft or from files to the proof of deposit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from adapters.correspondence import collected, document_bytes, entered_body, learn_documents, letter_body
from adapters.covers import decode_cover
from adapters.submitting import Deposited, Outcome
from adapters.travelling_drafts import SUFFIX, store_travelling
from cli.acting import speaking_option
from cli.errors import UsageError
from cli.labels import label
from cli.letter_acts import received
from cli.letter_freezing import GivenDraft, given_draft
from cli.letter_handling import HELD, close_answered
from cli.letter_outcomes import conclude_letter, known_outcome, tell_again
from cli.letter_outline import addressee_options, content_options, outline_of, sender_of, sent_folder
from cli.letter_signing import letter_to_sign, signed_letter
from cli.naming import named_letter
from cli.options import Command, acting_options, command_options
from cli.session import Session
from cli.views import Views, acting_views
from domain.directory import last_successor
from domain.ids import LetterId, OrgId
from domain.outside_letters import outside_letter

REPLY = "reply"


def again_option(command: Command) -> Command:
    """Give a command `--again`, for whoever wants the same letter twice and not once."""
    return click.option("--again", is_flag=True, help="Send it although the same letter was sent from here before.")(command)


@click.command("send")
@click.argument("given", metavar="DRAFT|FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@addressee_options
@content_options
@again_option
@speaking_option
@acting_options
@command_options
def send_command(
    session: Session, /, given: tuple[Path, ...], for_: str | None, *, again: bool, yes: bool, dry_run: bool, **said: Any
) -> None:
    """Send a letter: DRAFT is a draft's folder or a file that all have signed; or name the letter's files, the main one first.

    A letter that nobody has signed yet is signed by the officer who acts. The same command repeated, after a crash or a
    time-out, sends nothing twice: it gives the first one's proof of deposit.

    Example:
      ortoo letter send drafts/2026-11-25-1
      ortoo letter send letter.pdf plan.pdf --subject "Plan for 2027" --to all-mfy --acknowledge-by 2026-12-01
    """
    views = acting_views(session)
    if len(given) == 1 and (given[0].is_dir() or given[0].suffix == SUFFIX):
        if again or said["subject"] or said["to"] or said["copy"]:
            raise UsageError(
                f"{given[0]} is a draft, and says itself what it is about and to whom it goes: leave the options out."
            )
        send_draft(session, views, given_draft(session, given[0]), speaks_for=for_, yes=yes, dry_run=dry_run)
        return
    if not said["subject"] or not (said["to"] or said["copy"]):
        raise UsageError("A letter made of files needs a --subject, and somebody --to whom it goes.")
    _send_files(session, views, given, said, speaks_for=for_, again=again, yes=yes, dry_run=dry_run)


@click.command("reply")
@click.argument("letter", metavar="LETTER")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--to", "to", metavar="ORG", help="Whom a reply goes to whose letter came from outside; others go to the sender.")
@click.option("--interim", is_flag=True, help="No final answer: the letter that is answered stays open in the inbox.")
@content_options
@again_option
@speaking_option
@acting_options
@command_options
def reply_command(  # noqa: PLR0913 - what reply may be told
    session: Session,
    /,
    letter: str,
    files: tuple[Path, ...],
    to: str | None,
    for_: str | None,
    *,
    interim: bool,
    again: bool,
    yes: bool,
    dry_run: bool,
    **said: Any,
) -> None:
    """Answer a letter: to its sender, referring to it, with its subject unless another is given.

    Once the answer is on the ledger, the letter is closed as answered, in a second event, unless it is --interim.

    Example:
      ortoo letter reply in:17 answer.pdf
      ortoo letter reply '#3' answer.pdf --subject "Plan for 2027: our remarks"
      ortoo letter reply in:18 answer.pdf --to uz-bmttd
    """
    views = acting_views(session)
    station = views.station
    named = named_letter(session, views, letter, sender_of(session, views, for_))
    if for_ is None and named.recipient is not None:
        for_ = last_successor(station.view, named.recipient)
    addressee = _addressee(views, named.letter, to)
    said |= {"kind": REPLY, "answers": (named.letter.hex(),), "to": (f"org:{addressee}",)}
    said["subject"] = said["subject"] or _subject(views, named.letter)
    told = _send_files(session, views, files, said, speaks_for=for_, again=again, yes=yes, dry_run=dry_run)
    if isinstance(told, Deposited) and not interim:
        close_answered(session, views, received(session, views, letter, for_, HELD), by=LetterId(told.identity))


def send_draft(  # noqa: PLR0913 - a draft, and the options of every command that signs
    session: Session,
    views: Views,
    given: GivenDraft,
    *,
    speaks_for: str | None,
    yes: bool,
    dry_run: bool,
    before: str | None = None,
) -> Outcome | None:
    """Send a draft whose signatures are all there, or sign it and send it; `before` is said if it was sent already.

    Returns what became of it, None after a dry run. Raises `UsageError` if others have to sign it first.
    """
    station = views.station
    given, outcome = known_outcome(session, station, given, dry_run=dry_run)
    if outcome is not None and given.frozen is not None:
        if before is not None:
            session.note(before)
        told = tell_again(session, station, given.frozen, outcome, dry_run=dry_run)
        return None if dry_run else told
    pending = letter_to_sign(session, views, given, speaks_for=speaks_for)
    if pending.missing:
        raise UsageError(
            f"The letter was not sent: {', '.join(pending.missing)} must sign it first, each with `ortoo letter sign` on the "
            "station where his key is."
        )
    letter = signed_letter(session, views, pending, yes=yes, dry_run=dry_run)
    if letter is None:
        return None
    store_travelling(station.parts.documents.own, letter)
    (told,) = station.parts.submitter.submit([collected(station, letter)], wait_s=session.settings.submit_wait_s)
    conclude_letter(session, station, letter, told)
    return told


def _addressee(views: Views, letter: LetterId, to: str | None) -> str:
    """Return whom a reply goes to: the sender, or for a letter from outside whom `to` names; raise `UsageError` otherwise."""
    station = views.station
    from_outside = outside_letter(station.view, letter) is not None
    if from_outside and to is None:
        raise UsageError(
            "The letter came from outside: its sender is known by words only. Say with --to ORG which organisation of the "
            "directory the reply goes to; `ortoo org list` shows them, those outside the exchange too."
        )
    if to is not None and not from_outside:
        raise UsageError(
            "A reply goes to the letter's sender: leave --to out, or `ortoo letter draft` a letter that --answers it."
        )
    return to or last_successor(station.view, letter_body(station, letter).header.organisation)


def _send_files(  # noqa: PLR0913 - a letter in one go, and the options of every command that signs
    session: Session,
    views: Views,
    files: tuple[Path, ...],
    said: dict[str, Any],
    *,
    speaks_for: str | None,
    again: bool,
    yes: bool,
    dry_run: bool,
) -> Outcome | None:
    sender: OrgId = sender_of(session, views, speaks_for)
    outline = outline_of(session, views, sender, said)
    with sent_folder(session, views, sender, outline, files, again=again, dry_run=dry_run) as folder:
        given = given_draft(session, folder)
        before = label("note.send_again", session.language)
        return send_draft(session, views, given, speaks_for=speaks_for, yes=yes, dry_run=dry_run, before=before)


def _subject(views: Views, letter: LetterId) -> str:
    """Return the subject of a letter that is answered; a `DocumentError` says that its cover is not here."""
    station = views.station
    learn_documents(station, letter)
    return decode_cover(document_bytes(station, entered_body(station, letter).cover)).subject
