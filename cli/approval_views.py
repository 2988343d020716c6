"""`ortoo approval list | show | remind`: who is to decide what, how a route stands, and who is waited for."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import click

from adapters.approvals import learn_request
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.saving import SavedDocument, save_documents
from cli.acting import acting_officer, for_option, home_of_officer
from cli.approval_naming import asking_of, named_request, short
from cli.approval_shown import marks_words, place_line, request_lines, stage_words
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.letter_outline import LETTER_LANGUAGES, new_folder
from cli.options import command_options, page_options
from cli.reading import now_of, page_wanted, scope_data, short_date, show_list, subject_words
from cli.render import Column, show_time, table_lines
from cli.session import Session
from cli.views import Views, acting_views, banner, open_views
from domain.approvals import Request
from domain.directory import last_successor
from domain.directory import officer as known_officer
from domain.ids import OrgId
from projections.approval_pages import (
    PlaceTold,
    RequestLine,
    RequestTold,
    StageTold,
    Wanted,
    request_told,
    requests_page,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Waited:
    """An approver who is waited for: his place, and the organisation to which a reminder goes."""

    stage: int
    place: PlaceTold
    organisation: OrgId | None


@click.command("list")
@click.option("--mine", "wanted", flag_value=Wanted.MINE.value, help="Only those in which you may decide now.")
@click.option("--waiting", "wanted", flag_value=Wanted.WAITING.value, help="Only own ones that wait for others.")
@click.option("--decided", "wanted", flag_value=Wanted.DECIDED.value, help="Only those that have ended.")
@click.option("--missed", "wanted", flag_value=Wanted.MISSED.value, help="Only those of which a stage's time has passed.")
@click.option(
    "--stuck", "wanted", flag_value=Wanted.STUCK.value, help="Only those that wait for a place in which nobody can decide."
)
@for_option
@page_options
@command_options
def list_command(session: Session, wanted: str | None, for_: str | None, limit: int | None, after: str | None) -> None:
    """Requests for approval that concern you or your organisation: the newest first.

    Example:
      ortoo approval list --mine
      ortoo approval list --waiting --json
    """
    views = open_views(session)
    asking = asking_of(session, views, now_of(session, views), for_)
    if asking.officer is None and not asking.own:
        raise UsageError(
            "It is not known whose requests to show. Name the organisation with --for ORG, or the officer with --as."
        )
    with views.reading() as connection:
        page = requests_page(connection, asking, Wanted(wanted or Wanted.ALL), page_wanted(session, limit, after))
    show_list(session, views, page.lines, lambda: _table(session, views, page.lines), after=page.after)


@click.command("show")
@click.argument("request", metavar="REQUEST")
@click.option("--save", "folder", metavar="DIR", type=click.Path(file_okay=False), help="Write its documents into this folder.")
@command_options
def show_command(session: Session, request: str, folder: str | None) -> None:
    """Everything that is known of a request: its route stage by stage, its documents, earlier and later rounds, its letter.

    Example:
      ortoo approval show 3f9a1c
      ortoo approval show 3f9a1c --save to-approve
    """
    views = open_views(session)
    asked = named_request(views, request)
    if folder is not None:
        _look_for_cover(views, asked)
    told = _told(session, views, asked)
    saved = () if folder is None else _save(views, told, Path(folder).expanduser())
    documents = [{name: getattr(one, name) for name in one.__slots__} | {"saved": None} for one in told.documents]
    for document, file in zip(documents, saved, strict=False):
        document["saved"] = file.path
    data = {one.name: getattr(told, one.name) for one in fields(told) if one.name not in {"line", "documents"}}
    line = {one.name: getattr(told.line, one.name) for one in fields(told.line) if one.name not in {"stages", "stage"}}
    session.show(
        {**scope_data(views), **line, "current_stage": told.line.stage, **data, "documents": documents},
        lambda: [*banner(session, views), *request_lines(session, views, told), *(str(one.path) for one in saved)],
    )


@click.command("remind")
@click.argument("request", metavar="REQUEST")
@click.option(
    "--dir", "folder", metavar="FOLDER", type=click.Path(path_type=Path), help="Where the draft is made (default: in the home)."
)
@click.option("--list", "only_list", is_flag=True, help="Only tell who is waited for.")
@command_options
def remind_command(session: Session, request: str, folder: Path | None, *, only_list: bool) -> None:
    """Tell who is waited for, and draft a letter that reminds them; send it with `ortoo letter send`.

    A reminder of an approval is a letter like any other: it changes nothing of the request. Whoever is of your own organisation
    is only named.

    Example:
      ortoo approval remind 3f9a1c
      ortoo approval remind 3f9a1c --list
    """
    views = acting_views(session)
    told = _told(session, views, named_request(views, request))
    waited = [
        _waited(views, stage, place) for stage in told.stages for place in stage.places if _is_waited_for(told, stage, place)
    ]
    own = home_of_officer(views.station, acting_officer(session))
    others = tuple(dict.fromkeys(one.organisation for one in waited if one.organisation not in {None, own}))
    made = None if only_list or not others else _draft(session, views, told, waited, others, folder)
    lines = [place_line(session, views, one.place) for one in waited] or [label("note.nobody_waited_for", session.language)]
    data = [
        {"stage": one.stage, "place": one.place.place, "organisation": one.organisation, "officer": one.place.officer}
        for one in waited
    ]
    session.show({"request": told.line.request, "waited": data, "draft": made}, lines)
    if made is not None:
        session.note(label("note.draft_made", session.language, folder=made))


def _told(session: Session, views: Views, asked: Request) -> RequestTold:
    with views.reading() as connection:
        told = request_told(connection, asking_of(session, views, now_of(session, views)), asked.request)
    assert told is not None  # noqa: S101 - it was found in these views
    return told


def _look_for_cover(views: Views, asked: Request) -> None:
    """Let the documents' names be known before they are saved: the cover may have come only now."""
    body = learn_request(views.station, asked.request)
    views.station.parts.documents.open(body.cover.sha256).close()
    views.projector.fill_covers()


def _save(views: Views, told: RequestTold, folder: Path) -> tuple[SavedDocument, ...]:
    """Write the documents, each checked; raise a `DocumentError` at the first that is missing or damaged."""
    documents = views.station.parts.documents
    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(documents.open(one.sha256)) for one in told.documents]
        return save_documents(folder, [(one.name or "", reader) for one, reader in zip(told.documents, readers, strict=True)])


def _is_waited_for(told: RequestTold, stage: StageTold, place: PlaceTold) -> bool:
    return stage.stage == told.line.stage and place.answer is None


def _waited(views: Views, stage: StageTold, place: PlaceTold) -> Waited:
    """Return who is waited for in a place, and where he is reached: at his organisation, or at the home of the officer."""
    view = views.station.view
    if place.organisation is not None:
        return Waited(stage=stage.stage, place=place, organisation=last_successor(view, place.organisation))
    known = None if place.officer is None else known_officer(view, place.officer)
    return Waited(stage=stage.stage, place=place, organisation=known.home if known else None)


def _draft(
    session: Session, views: Views, told: RequestTold, waited: Sequence[Waited], others: Sequence[OrgId], folder: Path | None
) -> Path:
    """Make the draft of a letter to those who are waited for; a named officer gets it to his attention."""
    language, line = session.language, told.line
    due = show_time(line.due_at, views.offset_minutes) or "-"
    subject = label("note.reminder_subject", language, subject=subject_words(line.subject))
    text = label("note.reminder_text", language, request=line.request.hex(), subject=subject_words(line.subject), due=due)
    attention = {one.organisation: one.place.officer for one in waited if one.place.officer is not None}
    outline = DraftOutline(
        subject=subject,
        language=LETTER_LANGUAGES[language],
        to=tuple(others),
        attention=tuple((one, str(attention[one])) for one in others if one in attention),
    )
    place = folder if folder is not None else new_folder(session, views)
    return write_draft(place, outline, [NewFile(name="reminder.txt", content=f"{text}\n".encode())]).parent


def _table(session: Session, views: Views, lines: Sequence[RequestLine]) -> list[str]:
    language = session.language
    columns = (
        Column(heading=label("heading.request", language), cut=False),
        Column(heading=label("heading.requester", language)),
        Column(heading=label("heading.subject", language)),
        Column(heading=label("heading.stage", language), cut=False),
        Column(heading=label("heading.due", language), cut=False),
        Column(heading=label("heading.state", language), cut=False),
        Column(heading=label("heading.marks", language), cut=False),
    )
    rows = [
        (
            short(line.request),
            line.organisation,
            subject_words(line.subject),
            stage_words(line),
            "" if line.due_at is None else short_date(line.due_at, views.offset_minutes),
            code_label("approval_outcome", line.outcome, language),
            marks_words(session, line),
        )
        for line in lines
    ]
    return table_lines(columns, rows)
