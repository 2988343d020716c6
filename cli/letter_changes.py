"""`ortoo letter recall | supersede`: what a sender says of a letter that is on the ledger."""

from __future__ import annotations

import click

from adapters.correspondence import recalled, superseded
from adapters.station import Utterance
from cli.acting import Speaker, speaking_option
from cli.labels import code_label, label
from cli.letter_acts import Act, Matter, act_on, own_letter
from cli.letter_preview import letter_words
from cli.letter_receipts import cover_of_text
from cli.options import acting_options, command_options
from cli.session import Session
from cli.views import Views, acting_views
from domain.directory import Role
from domain.events import LetterRecalled, LetterSuperseded
from domain.ids import LetterId
from domain.letters import letter as accepted_letter
from domain.letters import tally
from domain.senders import RECALL_REASONS


@click.command("recall")
@click.argument("letter", metavar="LETTER")
@click.option("--reason", type=click.Choice(sorted(RECALL_REASONS)), required=True, help="Why.")
@click.option("--text", help="The reason in words, for the recipients; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def recall_command(  # noqa: PLR0913 - what a recall says
    session: Session, letter: str, reason: str, text: str | None, for_: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Take back a letter: at once from whoever has not decided, by consent from whoever has acknowledged it.

    The letter keeps its number and stays legible, marked as recalled.

    Example:
      ortoo letter recall out:165 --reason WRONG_TEXT --text "The annex was last year's."
    """
    views = acting_views(session)
    matter = own_letter(session, views, letter, for_)
    cover, documents = cover_of_text(text)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        return recalled(views.station, speaker.signer, speaker.organisation, matter.letter, reason=reason, cover=cover)

    language = session.language
    says = (
        (label("heading.reason", language), code_label("recall_reason", reason, language)),
        (label("heading.text", language), text),
    )
    note = _moves(session, views, matter.letter)
    act = Act(
        type=LetterRecalled.TYPE,
        role=Role.SIGNATORY,
        make=make,
        says=says,
        data=(("reason", reason),),
        note=note,
        documents=documents,
    )
    act_on(session, views, [matter], act, yes=yes, dry_run=dry_run)


@click.command("supersede")
@click.argument("letter", metavar="LETTER")
@click.option("--by", "later", metavar="LETTER", required=True, help="The later letter, which names this one in --replaces.")
@speaking_option
@acting_options
@command_options
def supersede_command(session: Session, letter: str, later: str, for_: str | None, *, yes: bool, dry_run: bool) -> None:
    """Declare that a later letter takes the place of an earlier one; both are the sender's.

    Example:
      ortoo letter supersede out:165 --by out:170
    """
    views = acting_views(session)
    matter, by = own_letter(session, views, letter, for_), own_letter(session, views, later, for_).letter

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        return superseded(views.station, speaker.signer, speaker.organisation, matter.letter, by=by)

    says = ((label("heading.by_letter", session.language), letter_words(views, by)),)
    act = Act(type=LetterSuperseded.TYPE, role=Role.SIGNATORY, make=make, says=says, data=(("by", by),))
    act_on(session, views, [matter], act, yes=yes, dry_run=dry_run)


def _moves(session: Session, views: Views, letter: LetterId) -> str:
    """Return whom a recall would concern, as the letter stands now."""
    if accepted_letter(views.station.view, letter) is None:
        return ""
    now = tally(views.station.view, letter)
    others = now.refused + now.recall_asked + now.recalled
    return label("note.recall_moves", session.language, open=now.open, acknowledged=now.acknowledged, others=others)
