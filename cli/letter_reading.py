"""`ortoo letter read`: every document checked, the main one printed, the others listed or saved; the station records it."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import click

from adapters.correspondence import entered_body, learn_documents, opened
from adapters.documents import DocumentDamagedError
from adapters.errors import AdapterError
from adapters.saving import SavedDocument, save_documents
from adapters.station import Station, Utterance
from adapters.submitting import Deposited, Outcome
from cli.errors import CliError
from cli.labels import code_label, label
from cli.letter_details import document_name
from cli.letter_fates import letter_not_here
from cli.naming import home_if_known, named_letter
from cli.options import command_options, reading_options
from cli.reading import AWAITED_SUBJECT, for_option, scope_data, subject_words
from cli.render import Column, show_size, table_lines, visible
from cli.session import Session
from cli.views import Views, banner, open_views
from domain.consignments import consignment
from domain.directory import Role, appointment, has_role
from domain.documents import MAIN
from domain.errors import DomainError
from domain.header import Document
from domain.ids import LetterId, OrgId, officer_id, organisation_id
from domain.reasons import Reason
from projections.filters import acted_for
from projections.letter_pages import LetterFacts, NamedDocument, documents_of, letter_facts, recipient_of
from projections.outside_pages import OutsideFacts, outside_facts

TEXT_LIMIT_BYTES: Final = 1024 * 1024
"""A longer text is no letter that anybody reads on a terminal; it is saved and opened with another program."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadLetter:
    """A letter whose every document was checked: what it is, its documents by name, its main text if it is one."""

    facts: LetterFacts | OutsideFacts
    documents: tuple[NamedDocument, ...]
    text: str | None
    saved: tuple[SavedDocument, ...]


@click.command("read")
@click.argument("letter")
@click.option("--save", "folder", metavar="DIR", type=click.Path(file_okay=False), help="Write its documents into this folder.")
@for_option
@reading_options
@command_options
def read_command(session: Session, /, letter: str, folder: str | None, for_: str | None, as_of: str | None) -> None:
    """Open a letter: check every document, print the main one if it is text, list or save the others.

    Where an officer of a recipient does so, the station records once that he opened it; that acknowledges nothing. Of a letter
    from outside the scans are checked, and nothing is recorded.

    Example:
      ortoo letter read in:17
      ortoo letter read '#3' --save letters/17
    """
    views = open_views(session, as_of)
    organisation = organisation_id(for_) if for_ is not None else home_if_known(session, views)
    named = named_letter(session, views, letter, organisation)
    read = read_letter(views, named.letter, Path(folder).expanduser() if folder is not None else None)
    session.show(_data(views, read), lambda: [*banner(session, views), *_lines(session, read)])
    if not views.as_of and organisation is not None:
        say_opened(session, views, named.letter, organisation)


def read_letter(views: Views, letter: LetterId, folder: Path | None) -> ReadLetter:
    """Check every document of a letter, also of one from outside.

    Raises a `DocumentError` at the first that is missing or differs: nothing is shown.
    """
    station = views.station
    body = entered_body(station, letter)
    learn_documents(station, letter)
    # The cover may have come only now; the views are filled before they are asked for its names.
    with contextlib.closing(_checked(views, body.cover)):
        views.projector.fill_covers()
    with views.reading() as connection:
        facts = letter_facts(connection, letter) or outside_facts(connection, letter)
        documents = documents_of(connection, letter)
    if facts is None:
        raise letter_not_here(letter)
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(_checked(views, one)) for one in body.documents]
        text = next((_text(one, reader) for one, reader in zip(body.documents, readers, strict=True) if one.role == MAIN), None)
        saved: tuple[SavedDocument, ...] = ()
        if folder is not None:
            saved = save_documents(folder, [(one.name or "", r) for one, r in zip(documents, readers, strict=True)])
    return ReadLetter(facts=facts, documents=documents, text=text, saved=saved)


def _checked(views: Views, document: Document) -> BinaryIO:
    """Return a document whose digest and size are those that the letter names."""
    reader = views.station.parts.documents.open(document.sha256)
    size_bytes = reader.seek(0, os.SEEK_END)
    if size_bytes != document.size_bytes:
        reader.close()
        raise DocumentDamagedError(document.sha256, f"the store, whose {size_bytes} bytes should be {document.size_bytes},")
    reader.seek(0)
    return reader


def _text(document: Document, reader: BinaryIO) -> str | None:
    """Return a document as text if it is one, and leave the reader at its beginning."""
    if not document.media_type.startswith("text/") or document.size_bytes > TEXT_LIMIT_BYTES:
        return None
    content = reader.read()
    reader.seek(0)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None


def _data(views: Views, read: ReadLetter) -> dict[str, Any]:
    documents = [{name: getattr(one, name) for name in NamedDocument.__slots__} | {"saved": None} for one in read.documents]
    for document, saved in zip(documents, read.saved, strict=False):
        document["saved"] = saved.path
    letter = {name: getattr(read.facts, name) for name in ("letter", "number", "subject", "language", "at")}
    letter |= {name: getattr(read.facts, name, None) for name in ("sender", "written_by")}
    return {**scope_data(views), "letter": letter, "documents": documents, "text": read.text}


def _lines(session: Session, read: ReadLetter) -> list[str]:
    language = session.language
    facts = read.facts
    whose = (facts.written_by or AWAITED_SUBJECT) if isinstance(facts, OutsideFacts) else facts.sender
    head = visible(f"{whose}  № {facts.number}  {subject_words(facts.subject)}")
    outside = (label("mark.signature_outside", language),) if isinstance(facts, OutsideFacts) else ()
    text = [label("note.main_not_text", language)] if read.text is None else [visible(one) for one in read.text.splitlines()]
    return [head, *outside, "", *text, "", *_document_table(session, read), label("note.digests_checked", language)]


def _document_table(session: Session, read: ReadLetter) -> list[str]:
    language, saved = session.language, tuple(str(one.path) for one in read.saved)
    columns: Sequence[Column] = (
        Column(heading=label("heading.documents", language)),
        Column(heading=label("heading.role", language)),
        Column(heading=label("heading.size", language), right=True),
        Column(heading=label("heading.kind", language)),
        *((Column(heading=label("heading.saved", language), cut=False),) if saved else ()),
    )
    rows = [
        (
            document_name(session, one),
            code_label("document_role", one.role, language),
            show_size(one.size_bytes),
            one.media_type,
            *saved[number : number + 1],
        )
        for number, one in enumerate(read.documents)
    ]
    return table_lines(columns, rows)


def say_opened(session: Session, views: Views, letter: LetterId, organisation: OrgId) -> None:
    """Let this home's station say that the officer opened the letter; what keeps it from that is told and hides nothing."""
    try:
        with views.reading() as connection:
            recipient = recipient_of(connection, letter, acted_for(connection, organisation))
        said = _opened(session, views.station, letter, recipient, organisation) if recipient is not None else None
        if said is not None:
            (outcome,) = views.station.submit([said], wait_s=session.settings.submit_wait_s)
            session.note(_outcome_words(session, outcome))
    except (AdapterError, DomainError, CliError) as error:
        session.note(label("note.opened_not_said", session.language, why=error))


def _opened(session: Session, station: Station, letter: LetterId, recipient: OrgId, organisation: OrgId) -> Utterance | None:
    """Return the statement if it is due: an officer of the recipient reads, its station is at home here, it was never said."""
    view, settings = station.view, session.settings
    if settings.officer is None or settings.station is None:
        return None
    officer, machine = officer_id(settings.officer), officer_id(settings.station)
    known, before = appointment(view, officer, organisation), consignment(view, letter, recipient)
    is_officer_there = known is not None and bool(known.roles)
    was_said = before is not None and before.opened_position is not None
    if was_said or not is_officer_there or not has_role(view, machine, organisation, Role.STATION):
        return None
    return opened(station, station.signer(machine), organisation, letter, recipient, officer=officer)


def _outcome_words(session: Session, outcome: Outcome) -> str:
    if not isinstance(outcome, Deposited):
        return label("note.opened_queued", session.language)
    if outcome.verdict.is_accepted or outcome.verdict.reason is Reason.ALREADY_OPENED:
        return label("note.opened_said", session.language)
    return label("note.opened_not_said", session.language, why=label(f"reason.{outcome.verdict.reason.name}", session.language))
