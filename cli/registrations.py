"""`ortoo registration correct | void`: what a clerk says later of a number in his register. The number always stays."""

from __future__ import annotations

import click
from sqlalchemy import select

from adapters.handling import registration_corrected, registration_voided
from adapters.station import Utterance
from cli.acting import Speaker, speaking_option
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.letter_acts import Act, Matter, act_on, own_letter
from cli.letter_receipts import cover_of_text
from cli.options import acting_options, command_options
from cli.session import Session
from cli.views import Views, acting_views
from domain.directory import Role, speaks_for
from domain.events_office import RegistrationCorrected, RegistrationVoided
from domain.ids import Digest
from domain.registrations import CORRECTION_REASONS, VOIDING_REASONS
from projections.registers import ENTRIES


@click.group("registration")
def registration() -> None:
    """Registrations: correct or void a number that the register has given."""


@registration.command("correct")
@click.argument("letter", metavar="LETTER")
@click.option("--case", "case_index", metavar="I", help="The right case index (default: none).")
@click.option("--reason", type=click.Choice(sorted(CORRECTION_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="The reason in words; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def correct(  # noqa: PLR0913 - what a correction says
    session: Session,
    letter: str,
    case_index: str | None,
    reason: str,
    text: str | None,
    for_: str | None,
    *,
    yes: bool,
    dry_run: bool,
) -> None:
    """Correct the case index under which a letter stands in the own register. The number and the first entry stay visible.

    Example:
      ortoo registration correct in:17 --case 01-05 --reason WRONG_CASE
    """
    views, language = acting_views(session), session.language
    matter, (cover, documents) = own_letter(session, views, letter, for_), cover_of_text(text)
    entry = _entry(views, matter)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        station, org = views.station, speaker.organisation
        return registration_corrected(
            station, speaker.signer, org, matter.letter, entry=entry, case_index=case_index, reason=reason, cover=cover
        )

    says = (
        (label("heading.case", language), case_index or "—"),
        (label("heading.reason", language), code_label("registration_reason", reason, language)),
        (label("heading.text", language), text),
    )
    data = (("entry", entry), ("case_index", case_index), ("reason", reason))
    act = Act(
        type=RegistrationCorrected.TYPE, role=Role.CLERK, make=make, says=says, data=data, from_outside=True, documents=documents
    )
    act_on(session, views, [matter], act, yes=yes, dry_run=dry_run)


@registration.command("void")
@click.argument("letter", metavar="LETTER")
@click.option("--reason", type=click.Choice(sorted(VOIDING_REASONS)), required=True, help="Why; OTHER needs --text.")
@click.option("--text", help="The reason in words; on the ledger stands only its digest.")
@speaking_option
@acting_options
@command_options
def void(  # noqa: PLR0913 - what a voiding says
    session: Session, letter: str, reason: str, text: str | None, for_: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Void the number of a letter in the own register. It counts all the same: no number is given twice.

    Example:
      ortoo registration void in:17 --reason ENTERED_TWICE
    """
    views, language = acting_views(session), session.language
    matter, (cover, documents) = own_letter(session, views, letter, for_), cover_of_text(text)
    entry = _entry(views, matter)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        station, org = views.station, speaker.organisation
        return registration_voided(station, speaker.signer, org, matter.letter, entry=entry, reason=reason, cover=cover)

    says = (
        (label("heading.reason", language), code_label("registration_reason", reason, language)),
        (label("heading.text", language), text),
    )
    data = (("entry", entry), ("reason", reason))
    act = Act(
        type=RegistrationVoided.TYPE, role=Role.CLERK, make=make, says=says, data=data, from_outside=True, documents=documents
    )
    act_on(session, views, [matter], act, yes=yes, dry_run=dry_run)


def _entry(views: Views, matter: Matter) -> Digest:
    """Return the event that gave a letter its last number in the speaker's register, or in one that he took over."""
    own = ENTRIES.c
    ours = tuple(speaks_for(views.station.view, matter.speaker))
    chosen = select(own.position).where((own.letter == matter.letter) & own.organisation.in_(ours))
    with views.reading() as connection:
        position = connection.execute(chosen.order_by(own.position.desc()).limit(1)).scalar()
    entry = views.station.parts.store.entry(position) if position is not None else None
    if entry is None:
        raise UsageError(
            f"The register of {matter.speaker} has no number of this letter. `ortoo register show` lists those given."
        )
    return entry.verdict.identity
