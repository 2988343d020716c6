"""`ortoo letter acknowledge | refuse | accept-recall | decline-recall`: what a recipient says of a letter."""

from __future__ import annotations

import os

import click
from sqlalchemy import select

from adapters.correspondence import acknowledged, explanation, recall_accepted, recall_declined, refused
from adapters.station import Utterance
from cli.acting import Speaker, speaking_for, speaking_option
from cli.dispatching import SALT_SIZE_BYTES
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.letter_acts import Act, Matter, act_on, received
from cli.letter_preview import letter_words
from cli.naming import named_letter
from cli.options import acting_options, command_options
from cli.session import Session
from cli.views import Views, acting_views
from domain.consignments import ConsignmentState
from domain.directory import Role, speaks_for
from domain.events import RecallAccepted, RecallDeclined, ReceiptAcknowledged, ReceiptRefused
from domain.header import Document
from domain.ids import LetterId, OrgId, organisation_id
from domain.receipts import DECLINE_REASONS, REFUSAL_REASONS
from projections.inbox import CONSIGNMENTS

OPEN = frozenset({ConsignmentState.OPEN})
RECALL_ASKED = frozenset({ConsignmentState.RECALL_ASKED})


@click.command("acknowledge")
@click.argument("letters", metavar="LETTER...", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every letter that waits: exactly those that the question lists.")
@speaking_option
@acting_options
@command_options
def acknowledge_command(
    session: Session, letters: tuple[str, ...], for_: str | None, *, everything: bool, yes: bool, dry_run: bool
) -> None:
    """Acknowledge letters: every document of them is held here, whole, and they are entered in the register.

    Each is told on its own: done with its incoming number, decided already and by whom, refused by which rule, or queued.

    Example:
      ortoo letter acknowledge '#1' '#2'
      ortoo letter acknowledge --all
    """
    if bool(letters) == everything:
        raise UsageError("Name the letters to acknowledge, or give --all.")
    views = acting_views(session)
    matters = _waiting(session, views, for_) if everything else _named(session, views, letters, for_, OPEN)
    if not matters:
        return

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        return acknowledged(views.station, speaker.signer, speaker.organisation, matter.letter, matter.recipient)

    note = label("note.receipt_means", session.language)
    act = Act(type=ReceiptAcknowledged.TYPE, role=Role.CLERK, make=make, note=note)
    act_on(session, views, matters, act, yes=yes, dry_run=dry_run)


@click.command("refuse")
@click.argument("letter", metavar="LETTER")
@click.option("--reason", type=click.Choice(sorted(REFUSAL_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="The reason in words, for the sender; on the ledger stands only its digest.")
@click.option("--duplicate-of", metavar="LETTER", help="The other letter, if it is refused as a DUPLICATE.")
@speaking_option
@acting_options
@command_options
def refuse_command(  # noqa: PLR0913 - what a refusal says
    session: Session,
    letter: str,
    reason: str,
    text: str | None,
    duplicate_of: str | None,
    for_: str | None,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    """Refuse a letter, with a reason. It gets no incoming number.

    Example:
      ortoo letter refuse in:17 --reason WRONG_ADDRESSEE
      ortoo letter refuse '#3' --reason OTHER --text "The plan is for another district."
    """
    views = acting_views(session)
    matters = received(session, views, letter, for_, OPEN)
    cover, documents = cover_of_text(text)
    other = _other_letter(session, views, duplicate_of, for_)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        return refused(
            views.station,
            speaker.signer,
            speaker.organisation,
            matter.letter,
            matter.recipient,
            reason=reason,
            cover=cover,
            duplicate_of=other,
        )

    language = session.language
    says = (
        (label("heading.reason", language), code_label("refusal", reason, language)),
        (label("heading.text", language), text),
        (label("heading.duplicate_of", language), letter_words(views, other) if other is not None else None),
    )
    data = (("reason", reason), ("duplicate_of", other))
    act = Act(type=ReceiptRefused.TYPE, role=Role.CLERK, make=make, says=says, data=data, documents=documents)
    act_on(session, views, matters, act, yes=yes, dry_run=dry_run)


@click.command("accept-recall")
@click.argument("letters", metavar="LETTER...", nargs=-1, required=True)
@speaking_option
@acting_options
@command_options
def accept_recall_command(session: Session, letters: tuple[str, ...], for_: str | None, *, yes: bool, dry_run: bool) -> None:
    """Give back letters that were acknowledged and that their sender recalls. Their incoming numbers stay.

    Example:
      ortoo letter accept-recall in:17
    """
    views = acting_views(session)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        return recall_accepted(views.station, speaker.signer, speaker.organisation, matter.letter, matter.recipient)

    act = Act(type=RecallAccepted.TYPE, role=Role.CLERK, make=make)
    matters = _named(session, views, letters, for_, RECALL_ASKED)
    act_on(session, views, matters, act, yes=yes, dry_run=dry_run)


@click.command("decline-recall")
@click.argument("letter", metavar="LETTER")
@click.option("--reason", type=click.Choice(sorted(DECLINE_REASONS)), help="Why it is kept.")
@click.option("--text", help="The reason in words, for the sender; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def decline_recall_command(  # noqa: PLR0913 - what the answer to a recall says
    session: Session, letter: str, reason: str | None, text: str | None, for_: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Keep a letter that was acknowledged although its sender recalls it.

    Example:
      ortoo letter decline-recall in:17 --reason ALREADY_EXECUTED
    """
    views = acting_views(session)
    cover, documents = cover_of_text(text)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        return recall_declined(
            views.station, speaker.signer, speaker.organisation, matter.letter, matter.recipient, reason=reason, cover=cover
        )

    language = session.language
    says = (
        (label("heading.reason", language), code_label("decline_reason", reason, language) if reason else None),
        (label("heading.text", language), text),
    )
    act = Act(type=RecallDeclined.TYPE, role=Role.CLERK, make=make, says=says, data=(("reason", reason),), documents=documents)
    matters = received(session, views, letter, for_, RECALL_ASKED)
    act_on(session, views, matters, act, yes=yes, dry_run=dry_run)


def cover_of_text(text: str | None) -> tuple[Document | None, tuple[bytes, ...]]:
    """Return the cover that holds a text, and its bytes to be stored; no cover without a text."""
    if not text:
        return None, ()
    entry, raw = explanation(text, salt=os.urandom(SALT_SIZE_BYTES))
    return entry, (raw,)


def _named(
    session: Session, views: Views, letters: tuple[str, ...], for_: str | None, waiting: frozenset[ConsignmentState]
) -> list[Matter]:
    return [matter for text in letters for matter in received(session, views, text, for_, waiting)]


def _waiting(session: Session, views: Views, for_: str | None) -> list[Matter]:
    """Return every open consignment of an organisation and of those that it succeeded, the oldest first."""
    view = views.station.view
    speaker = speaking_for(session, views.station, for_)
    ours, columns = tuple(speaks_for(view, speaker)), CONSIGNMENTS.c
    chosen = select(columns.letter, columns.recipient).where(
        columns.recipient.in_(ours) & (columns.state == ConsignmentState.OPEN.value)
    )
    with views.reading() as connection:
        rows = connection.execute(chosen.order_by(columns.position, columns.recipient)).all()
    if not rows:
        session.show({"results": []}, [label("note.nothing_open", session.language, organisation=speaker)])
    return [Matter(letter=LetterId(bytes(row.letter)), recipient=OrgId(row.recipient), speaker=speaker) for row in rows]


def _other_letter(session: Session, views: Views, text: str | None, for_: str | None) -> LetterId | None:
    organisation = organisation_id(for_) if for_ is not None else None
    return named_letter(session, views, text, organisation).letter if text is not None else None
