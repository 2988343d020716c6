"""`ortoo letter transfer | close | withdraw-receipt | remind`: what follows the receipt of a letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import click

from adapters.errors import StationError
from adapters.handling import closed, passed_on, receipt_withdrawn, reminded
from adapters.station import Utterance
from cli.acting import Speaker, speaker_of, speaking_option, submit
from cli.errors import ExitCode, UsageError
from cli.labels import code_label, label
from cli.letter_acts import Act, Matter, act_on, own_letter, received
from cli.letter_preview import letter_words
from cli.letter_receipts import cover_of_text
from cli.local_names import organisation_words
from cli.naming import named_letter
from cli.options import acting_options, command_options
from cli.session import Session
from cli.views import Views, acting_views
from domain.consignment_acts import ANSWERED, CLOSINGS, TRANSFER_REASONS, WITHDRAWAL_REASONS
from domain.consignments import ConsignmentState, handling
from domain.directory import Role
from domain.errors import DomainError
from domain.events_office import ConsignmentClosed, ConsignmentTransferred, ReceiptWithdrawn, ReminderSent
from domain.ids import LetterId, organisation_id
from domain.reminders import SILENT, UNANSWERED

HELD: Final = frozenset({ConsignmentState.ACKNOWLEDGED})
IN_HAND: Final = frozenset({ConsignmentState.OPEN, ConsignmentState.ACKNOWLEDGED})


@click.command("transfer")
@click.argument("letter", metavar="LETTER")
@click.option("--to", "to", metavar="ORG", required=True, help="The competent organisation; it becomes a recipient.")
@click.option("--reason", type=click.Choice(sorted(TRANSFER_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="The reason in words; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def transfer_command(  # noqa: PLR0913 - what a transfer says
    session: Session, letter: str, to: str, reason: str, text: str | None, for_: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Pass a letter on to the competent organisation, before or after its receipt. The sender sees both.

    Example:
      ortoo letter transfer in:17 --to mfy-002 --reason NOT_IN_COMPETENCE
    """
    views, language = acting_views(session), session.language
    target, (cover, documents) = organisation_id(to), cover_of_text(text)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        station, org = views.station, speaker.organisation
        return passed_on(station, speaker.signer, org, matter.letter, matter.recipient, to=target, reason=reason, cover=cover)

    says = (
        (label("heading.to", language), organisation_words(views.station.view, target, language)),
        (label("heading.reason", language), code_label("transfer_reason", reason, language)),
        (label("heading.text", language), text),
    )
    data = (("to", target), ("reason", reason))
    act = Act(type=ConsignmentTransferred.TYPE, role=Role.CLERK, make=make, says=says, data=data, documents=documents)
    act_on(session, views, received(session, views, letter, for_, IN_HAND), act, yes=yes, dry_run=dry_run)


@click.command("close")
@click.argument("letter", metavar="LETTER")
@click.option("--how", type=click.Choice(sorted(CLOSINGS)), required=True, help="How it was dealt with.")
@click.option("--by", "by", metavar="LETTER", help="The own letter that answers it, or the one that replaces it.")
@click.option("--case", "case_index", metavar="I", help="Under which case index it is filed.")
@click.option("--text", help="A remark in words; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def close_command(  # noqa: PLR0913 - what a closing says
    session: Session,
    letter: str,
    *,
    how: str,
    by: str | None,
    case_index: str | None,
    text: str | None,
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Close a letter that was acknowledged: nothing is left to be done. It is said once, and not taken back.

    Example:
      ortoo letter close in:17 --how noted --case 01-02
      ortoo letter close in:18 --how answered --by out:9
    """
    views, language = acting_views(session), session.language
    cover, documents = cover_of_text(text)
    other = _other(session, views, by, for_)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        station, org = views.station, speaker.organisation
        said = {"how": how, "by": other, "case_index": case_index, "cover": cover}
        return closed(station, speaker.signer, org, matter.letter, matter.recipient, **said)  # type: ignore[arg-type] # each its own

    says = (
        (label("heading.closing", language), code_label("closing", how, language)),
        (label("heading.by_letter", language), letter_words(views, other) if other is not None else None),
        (label("heading.case", language), case_index),
        (label("heading.text", language), text),
    )
    data = (("how", how), ("by", other), ("case_index", case_index))
    act = Act(
        type=ConsignmentClosed.TYPE, role=Role.CLERK, make=make, says=says, data=data, from_outside=True, documents=documents
    )
    act_on(session, views, received(session, views, letter, for_, HELD), act, yes=yes, dry_run=dry_run)


@click.command("withdraw-receipt")
@click.argument("letter", metavar="LETTER")
@click.option("--reason", type=click.Choice(sorted(WITHDRAWAL_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="The reason in words, for the sender; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def withdraw_receipt_command(  # noqa: PLR0913 - what a withdrawal says
    session: Session, letter: str, reason: str, text: str | None, for_: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Take back the receipt of a letter: it is open again. Its incoming number stays, voided; the next receipt gets a new one.

    Example:
      ortoo letter withdraw-receipt in:17 --reason ENTERED_IN_ERROR
    """
    views, language = acting_views(session), session.language
    cover, documents = cover_of_text(text)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        station, org = views.station, speaker.organisation
        return receipt_withdrawn(station, speaker.signer, org, matter.letter, matter.recipient, reason=reason, cover=cover)

    says = (
        (label("heading.reason", language), code_label("receipt_withdrawal", reason, language)),
        (label("heading.text", language), text),
    )
    data = (("reason", reason),)
    act = Act(type=ReceiptWithdrawn.TYPE, role=Role.CLERK, make=make, says=says, data=data, documents=documents)
    act_on(session, views, received(session, views, letter, for_, HELD), act, yes=yes, dry_run=dry_run)


@click.command("remind")
@click.argument("letter", metavar="LETTER")
@click.option("--silent", is_flag=True, help="Those who have not decided (the default).")
@click.option("--unanswered", is_flag=True, help="Those who have not closed it either.")
@click.option(
    "--region", "regions", metavar="CODE", multiple=True, help="Only those of this region (may be given several times)."
)
@click.option("--text", help="The reminder in words; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def remind_command(  # noqa: PLR0913 - what a reminder says
    session: Session,
    letter: str,
    regions: tuple[str, ...],
    text: str | None,
    for_: str | None,
    *,
    silent: bool,
    unanswered: bool,
    yes: bool,
    dry_run: bool,
) -> None:
    """Remind everybody who owes something for an own letter, with one event for all. It changes no term.

    The same reminder is sent once a day.

    Example:
      ortoo letter remind out:165 --silent
      ortoo letter remind out:165 --unanswered --region UZ-TK
    """
    if silent and unanswered:
        raise UsageError("Give --silent or --unanswered: whoever has not decided has not answered either.")
    views, language = acting_views(session), session.language
    whom = UNANSWERED if unanswered else SILENT
    cover, documents = cover_of_text(text)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        station, org = views.station, speaker.organisation
        return reminded(station, speaker.signer, org, matter.letter, whom=whom, regions=regions, cover=cover)

    says = (
        (label("heading.to", language), code_label("reminded", whom, language)),
        (label("heading.region", language), ", ".join(regions)),
        (label("heading.text", language), text),
    )
    data = (("whom", whom), ("regions", regions))
    act = Act(type=ReminderSent.TYPE, role=Role.CLERK, make=make, says=says, data=data, documents=documents)
    act_on(session, views, [own_letter(session, views, letter, for_)], act, yes=yes, dry_run=dry_run)


def close_answered(session: Session, views: Views, matters: Sequence[Matter], *, by: LetterId) -> None:
    """Close letters that an accepted reply has answered, if whoever replied may; else tell how a clerk does it.

    One that is closed stays as it is: a reply that is sent again closes what a crash has left open, and nothing twice.
    """
    station, language = views.station, session.language
    for matter in matters:
        kept = handling(station.view, matter.letter, matter.recipient)
        if kept is not None and kept.closed is not None:
            continue
        try:
            speaker = speaker_of(session, station, Role.CLERK, matter.speaker, act=ConsignmentClosed.TYPE)
            organisation, about = speaker.organisation, letter_words(views, matter.letter)
            said = closed(station, speaker.signer, organisation, matter.letter, matter.recipient, how=ANSWERED, by=by)
            station.rehearse(said.body)
        except (UsageError, DomainError, StationError):
            session.note(label("note.reply_leaves_open", language))
            continue
        (fate,) = submit(session, station, [(about, said)])
        session.note(label("note.reply_closes" if fate.exit_code is ExitCode.DONE else "note.reply_leaves_open", language))


def _other(session: Session, views: Views, text: str | None, for_: str | None) -> LetterId | None:
    organisation = organisation_id(for_) if for_ is not None else None
    return named_letter(session, views, text, organisation).letter if text is not None else None
