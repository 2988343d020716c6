"""What a new letter says, as options of a command, and the folder of the draft that they make."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click

from adapters.documents import pieces_of
from adapters.draft_reading import DraftProblem
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.drafts import DraftError
from adapters.submitting import Deposited
from adapters.working_terms import WORKING_DAYS, CountryUnknownError, country_of
from cli.acting import speaking_for
from cli.approval_naming import named_request
from cli.dispatching import frozen_in
from cli.draft_checks import addressed
from cli.errors import UsageError
from cli.languages import Language
from cli.letter_outcomes import outcome_so_far
from cli.naming import named_letter
from cli.options import Command
from cli.session import Session
from cli.views import Views
from domain.directory import organisation
from domain.dispatch import KINDS, OPEN_ACCESS, URGENCIES
from domain.ids import OrgId

DRAFTS_FOLDER: Final = "drafts"
RELATIONS: Final = ("answers", "follows", "replaces", "relates")
LETTER_LANGUAGES: Final = {
    Language.ENGLISH: "en",
    Language.UZBEK_LATIN: "uz-Latn",
    Language.UZBEK_CYRILLIC: "uz-Cyrl",
    Language.MONGOLIAN: "mn-Cyrl",
    Language.RUSSIAN: "ru",
}
"""In which language a letter is thought to be written when nobody says it: that of the person's screen."""


_DAYS: Final = click.IntRange(1, 999)


def content_options(command: Command) -> Command:
    """Give a command the options that say what a letter is about, whoever it goes to."""
    for decorate in (
        click.option(
            "--approval", "approvals", metavar="REQUEST", multiple=True, help="A complete approval of exactly these documents."
        ),
        click.option("--relates", metavar="LETTER", multiple=True, help="A letter that it relates to."),
        click.option("--replaces", metavar="LETTER", multiple=True, help="An own letter whose place it takes."),
        click.option("--follows", metavar="LETTER", multiple=True, help="An own letter that it follows."),
        click.option("--access", default=OPEN_ACCESS, show_default=True, help="Only open letters can be sent."),
        click.option("--urgency", type=click.Choice(sorted(URGENCIES)), default="ordinary", show_default=True),
        click.option("--language", metavar="TAG", help="Of the letter: uz-Latn, uz-Cyrl, mn-Cyrl, ru, en (default: as --lang)."),
        click.option("--reply-days", metavar="N", type=_DAYS, help="Asks for a reply within so many working days."),
        click.option("--reply-by", metavar="TIME", default="", help="Asks for a reply until then: as --acknowledge-by."),
        click.option(
            "--acknowledge-days",
            metavar="N",
            type=_DAYS,
            help="Asks for a receipt within so many working days (default: as the directory says of the sender).",
        ),
        click.option(
            "--acknowledge-by",
            metavar="TIME",
            default="",
            help="Asks for a receipt until 2026-12-01 (its end), 2026-12-01T14:00, +3d, +20s.",
        ),
        click.option("--case", "case_index", metavar="INDEX", default="", help="Index of the case in the file plan, as 01-07."),
        click.option("--copy", metavar="ORG|GROUP", multiple=True, help="A copy for information; may be repeated."),
        click.option("--subject", help="What it is about, in one line."),
    ):
        command = decorate(command)
    return command


def addressee_options(command: Command) -> Command:
    """Give a command the options that say to whom a letter goes and of which kind it is."""
    for decorate in (
        click.option("--answers", metavar="LETTER", multiple=True, help="A letter that it answers."),
        click.option("--kind", type=click.Choice(sorted(KINDS)), default="letter", show_default=True),
        click.option("--to", metavar="ORG|GROUP", multiple=True, help="An organisation or an own group; may be repeated."),
    ):
        command = decorate(command)
    return command


def sender_of(session: Session, views: Views, speaks_for: str | None) -> OrgId:
    """Return for which organisation a letter is written: the one named, that of a mandate, else the home of who acts."""
    return speaking_for(session, views.station, speaks_for)


def outline_of(session: Session, views: Views, sender: OrgId, said: dict[str, Any]) -> DraftOutline:
    """Return the outline that options give; raise `AddresseeError` for a word that names nobody, and as LETTER arguments do."""
    to, copy = addressed(views, sender, said["to"]), addressed(views, sender, said["copy"])
    # A line of the last list means another letter tomorrow, so a draft names letters by their identities.
    references: dict[str, Any] = {
        name: tuple(named_letter(session, views, text, sender).letter.hex() for text in said[name]) for name in RELATIONS
    }
    same = {name: said[name] for name in ("subject", "kind", "urgency", "access", "case_index")}
    approvals = tuple(named_request(views, text).request.hex() for text in said["approvals"])
    return DraftOutline(
        **same,
        **references,
        approvals=approvals,
        acknowledge_by=_term(said, "acknowledge") or _usual_term(views, sender),
        reply_by=_term(said, "reply"),
        language=said["language"] or LETTER_LANGUAGES[session.language],
        to=to.organisations,
        groups=to.groups,
        copy=copy.organisations,
        copy_groups=copy.groups,
    )


def _term(said: dict[str, Any], what: str) -> str:
    """Return a term as a draft has it; raise `UsageError` if it is given in two ways."""
    by, days = said[f"{what}_by"], said[f"{what}_days"]
    if by and days is not None:
        raise UsageError(f"--{what}-by and --{what}-days both say until when; give one of them.")
    return f"+{days}{WORKING_DAYS}" if days is not None else str(by)


def _usual_term(views: Views, sender: OrgId) -> str:
    """Return the sender's usual term, which is in working days: none where it is not known by whose calendar they are counted."""
    known = organisation(views.station.view, sender)
    days = known.entry.acknowledge_days if known else 0
    try:
        country_of(views.station)
    except CountryUnknownError:
        return ""
    return f"+{days}{WORKING_DAYS}" if days else ""


def new_folder(session: Session, views: Views) -> Path:
    """Return a folder for a new draft in this home that is not there yet: the day, and a number."""
    zone = timedelta(minutes=views.offset_minutes)
    day = datetime.fromtimestamp(session.now_ms() / 1000, tz=UTC) + zone
    number = 1
    while (folder := session.home / DRAFTS_FOLDER / f"{day:%Y-%m-%d}-{number}").exists():
        number += 1
    return folder


@contextlib.contextmanager
def sent_folder(  # noqa: PLR0913 - what the draft of a letter in one go depends on
    session: Session, views: Views, sender: OrgId, outline: DraftOutline, files: Sequence[Path], *, again: bool, dry_run: bool
) -> Iterator[Path]:
    """Give the folder of a draft that is made and sent in one go, the same for the same content.

    So whoever repeats the command after a crash sends the same letter, not a second one; with `again` it is the first draft
    of this content that was not sent yet. A dry run leaves nothing behind.
    """
    name = f"sent-{_fingerprint(sender, outline, files)}"
    folder, number = session.home / DRAFTS_FOLDER / name, 2
    while again and _was_sent(views, folder):
        folder, number = folder.with_name(f"{name}-{number}"), number + 1
    new = [NewFile(name=path.name, content=path) for path in files]
    if folder.exists():
        yield folder
    elif dry_run:
        with tempfile.TemporaryDirectory() as passing:
            write_draft(Path(passing), outline, new)
            yield Path(passing)
    else:
        write_draft(folder, outline, new)
        yield folder


def _was_sent(views: Views, folder: Path) -> bool:
    frozen = frozen_in(folder)
    outcome = outcome_so_far(views.station, frozen) if frozen is not None else None
    return isinstance(outcome, Deposited) and outcome.verdict.is_accepted


def _fingerprint(sender: OrgId, outline: DraftOutline, files: Sequence[Path]) -> str:
    said = json.dumps([sender, asdict(outline), [(path.name, _digest(path)) for path in files]], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()[:16]


def _digest(path: Path) -> str:
    hasher = hashlib.sha256()
    try:
        with path.open("rb") as source:
            for piece in pieces_of(source):
                hasher.update(piece)
    except OSError as error:
        raise DraftError((DraftProblem(where=os.fspath(path), why=f"cannot be read: {error.strerror}"),)) from error
    return hasher.hexdigest()
