"""`ortoo letter receive | delivered`: letters that came from outside, and what became of ours with bodies not connected."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Final

import click

from adapters.covers import CoverText
from adapters.frozen_letters import freeze_files, store_frozen
from adapters.outside import LetterFromOutside, delivered_outside, received_outside, scan
from adapters.station import Utterance
from cli.acting import Speaker, speaker_of, speaking_option, submit
from cli.as_of import parse_bound
from cli.confirm import Preview, confirmed
from cli.dispatching import SALT_SIZE_BYTES
from cli.fates import conclude
from cli.labels import code_label, label
from cli.letter_acts import Act, Matter, act_on, own_letter
from cli.letter_outline import LETTER_LANGUAGES
from cli.letter_preview import letter_words
from cli.local_names import organisation_words
from cli.naming import named_letter
from cli.options import acting_options, command_options
from cli.render import show_time
from cli.session import Session
from cli.views import Views, acting_views
from domain.directory import Role
from domain.dispatch import KINDS
from domain.events_office import ConsignmentDeliveredOutside, LetterReceivedOutside
from domain.ids import organisation_id
from domain.outside import CHANNELS, CORRESPONDENT, ORIGINAL, THEIR_NUMBER

_CHANNEL: Final = click.Choice(sorted(CHANNELS))
_TIME: Final = "DATE|TIME"


@click.command("receive")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--from", "from_", metavar="NAME", required=True, help="Who wrote it, in words.")
@click.option("--their-number", metavar="N", required=True, help="The number that it bears.")
@click.option("--their-date", metavar=_TIME, required=True, help="The date that it bears.")
@click.option("--arrived", metavar=_TIME, required=True, help="When it came, in the ledger's offset.")
@click.option("--channel", type=_CHANNEL, required=True, help="How it came.")
@click.option("--original", metavar="PLACE", required=True, help="Where the paper lies.")
@click.option("--subject", metavar="TEXT", required=True, help="What it is about.")
@click.option("--kind", type=click.Choice(sorted(KINDS)), default="letter", show_default=True)
@click.option("--language", metavar="TAG", help="Of the letter: uz-Latn, uz-Cyrl, mn-Cyrl, ru, en (default: as --lang).")
@click.option("--case-index", metavar="I", help="Under which case index it is filed.")
@click.option("--answers", metavar="LETTER", help="The letter that it answers.")
@speaking_option
@acting_options
@command_options
def receive_command(
    session: Session, /, files: tuple[Path, ...], for_: str | None, *, yes: bool, dry_run: bool, **said: Any
) -> None:
    """Enter a letter that came from outside, by its scans, the main one first. It gets the next incoming number.

    The sender's signature is not in the system: a clerk tells what came. Who wrote it, its number and where the original lies
    stand in the cover; on the ledger stands only the cover's digest.

    Example:
      ortoo letter receive scan.pdf --from "Suv AJ" --their-number 17-04/2 --their-date 2026-11-20 --arrived 2026-11-24
      --channel post --original "papka 01-02, 14-varaq" --subject "Ichimlik suvi"
    """
    views = acting_views(session)
    station = views.station
    speaker = speaker_of(session, station, Role.CLERK, for_, act=LetterReceivedOutside.TYPE)
    about = ((CORRESPONDENT, said["from_"]), (THEIR_NUMBER, said["their_number"]), (ORIGINAL, said["original"]))
    texts = [CoverText(about=code, text=text) for code, text in about]
    limit_bytes = session.settings.document_limit_bytes
    scans = [scan(path) for path in files]
    frozen = freeze_files(said["subject"], scans, texts, salt=os.urandom(SALT_SIZE_BYTES), limit_bytes=limit_bytes)
    told = _letter_said(session, views, speaker, said)
    utterance = received_outside(station, speaker.signer, speaker.organisation, told, frozen)
    if station.parts.queue.find(utterance.intention) is None:
        station.rehearse(utterance.body)
    if confirmed(session, _preview(session, views, speaker, told, said), yes=yes, dry_run=dry_run):
        store_frozen(station.parts.documents.own, frozen)
        conclude(session, station, submit(session, station, [(said["subject"], utterance)]))


@click.command("delivered")
@click.argument("letter", metavar="LETTER")
@click.option("--recipient", metavar="ORG", required=True, help="The recipient outside the exchange that got it.")
@click.option("--channel", type=_CHANNEL, required=True, help="How it was delivered.")
@click.option("--on", "on", metavar=_TIME, required=True, help="When; on the day of the dispatch itself with the time.")
@speaking_option
@acting_options
@command_options
def delivered_command(  # noqa: PLR0913 - what a delivery says
    session: Session, letter: str, recipient: str, channel: str, on: str, for_: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Tell how and when a recipient that is not connected got an own letter. Another such statement corrects it.

    Example:
      ortoo letter delivered out:165 --recipient mfy-004 --channel by_hand --on 2026-11-25T15:30
    """
    views, language = acting_views(session), session.language
    to, at = organisation_id(recipient), parse_bound(on, views.offset_minutes, end_of_day=False)

    def make(speaker: Speaker, matter: Matter) -> Utterance:
        told = {"channel": channel, "delivered_at": at}
        return delivered_outside(views.station, speaker.signer, speaker.organisation, matter.letter, to, **told)  # type: ignore[arg-type] # each its own

    says = (
        (label("heading.to", language), organisation_words(views.station.view, to, language)),
        (label("heading.channel", language), code_label("channel", channel, language)),
        (label("heading.delivered", language), show_time(at, views.offset_minutes)),
    )
    data = (("to", to), ("channel", channel), ("delivered_at", at))
    act = Act(type=ConsignmentDeliveredOutside.TYPE, role=Role.CLERK, make=make, says=says, data=data)
    act_on(session, views, [own_letter(session, views, letter, for_)], act, yes=yes, dry_run=dry_run)


def _letter_said(session: Session, views: Views, speaker: Speaker, said: dict[str, Any]) -> LetterFromOutside:
    """Return what the options say; raise `UsageError` for a time that is none, and what `named_letter` raises."""
    answers = said["answers"]
    return LetterFromOutside(
        kind=said["kind"],
        language=said["language"] or LETTER_LANGUAGES[session.language],
        channel=said["channel"],
        written_at=parse_bound(said["their_date"], views.offset_minutes, end_of_day=False),
        arrived_at=parse_bound(said["arrived"], views.offset_minutes, end_of_day=False),
        answers=None if answers is None else named_letter(session, views, answers, speaker.organisation).letter,
        case_index=said["case_index"],
    )


def _preview(session: Session, views: Views, speaker: Speaker, told: LetterFromOutside, said: dict[str, Any]) -> Preview:
    language, station, offset = session.language, views.station, views.offset_minutes
    says = (
        ("heading.signed_by", speaker.words(station, language)),
        ("heading.speaks_for", organisation_words(station.view, speaker.organisation, language)),
        ("heading.from", said["from_"]),
        ("heading.their_number", said["their_number"]),
        ("heading.their_date", show_time(told.written_at, offset)),
        ("heading.arrived", show_time(told.arrived_at, offset)),
        ("heading.channel", code_label("channel", told.channel, language)),
        ("heading.original", said["original"]),
        ("heading.kind", code_label("kind", told.kind, language)),
        ("heading.subject", said["subject"]),
        ("heading.case", told.case_index),
        ("relation.answers", letter_words(views, told.answers) if told.answers is not None else None),
    )
    data = {
        **speaker.data(station),
        "organisation": speaker.organisation,
        "written_by": said["from_"],
        "their_number": said["their_number"],
        "original": said["original"],
        "subject": said["subject"],
        **{name: getattr(told, name) for name in LetterFromOutside.__slots__},
    }
    lines = ("", label("mark.signature_outside", language))
    pairs = tuple((label(key, language), value) for key, value in says if value)
    return Preview(act=LetterReceivedOutside.TYPE, says=pairs, lines=lines, data=data)
