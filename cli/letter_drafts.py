"""`ortoo letter draft | check | sign`: a letter before it is sent."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from adapters.correspondence import require_signatures
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.travelling_drafts import TravellingDraft
from cli.acting import acting_officer, speaking_option
from cli.confirm import preview_lines
from cli.dispatching import PreparedLetter, cover_in, identity_of
from cli.errors import UsageError
from cli.labels import label
from cli.letter_beginnings import Beginning, over
from cli.letter_freezing import (
    certificate_of,
    given_draft,
    officers_named,
    prepared_letter,
    require_own_mandate,
    some_signatory,
    with_mandate,
)
from cli.letter_like import beginning_like
from cli.letter_outcomes import known_outcome, tell_again
from cli.letter_outline import addressee_options, content_options, new_folder, outline_of, sender_of
from cli.letter_preview import letter_preview
from cli.letter_signing import letter_to_sign, signed_letter
from cli.letter_templates import beginning_of_template
from cli.options import acting_options, command_options
from cli.session import Session
from cli.standing_in import named_mandate
from cli.views import Views, acting_views
from domain.directory import Role, has_role
from domain.ids import OfficerId, OrgId, officer_id
from domain.letters import mark_of

_TEXT_NAME = "letter.txt"
_EXISTING = click.Path(exists=True, path_type=Path)
DRAFT = click.argument("draft", type=_EXISTING)


@click.command("draft")
@click.argument("files", metavar="[FILE...]", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dir", "folder", metavar="FOLDER", type=click.Path(path_type=Path), help="Where to make it (default: in the home)."
)
@click.option("--text", metavar="TEXT|@FILE", help="The main document as plain text, said here or in a UTF-8 file.")
@click.option("--like", metavar="LETTER", help="Begin as that letter, own or received; the other options win.")
@click.option("--with-documents", is_flag=True, help="Copy the documents of the letter named by --like too.")
@click.option("--template", metavar="NAME", help="Begin with that template (`ortoo letter templates`); the other options win.")
@click.option("--set", "values", metavar="NAME=VALUE", multiple=True, help="The value of a placeholder of the template.")
@addressee_options
@content_options
@speaking_option
@command_options
def draft_command(
    session: Session, /, files: tuple[Path, ...], folder: Path | None, text: str | None, for_: str | None, **said: Any
) -> None:
    """Begin a letter: a folder with letter.toml and copies of the files, the main document first. Nobody signs it yet.

    With --text the main document is that text, and all files are attachments.

    --like takes over kind, language, urgency, subject and terms of a letter, and of an own one case and addressees too: its
    groups in their newest versions, a term in days as days. References are not taken over. With --with-documents its documents
    come before the FILEs; --text takes the place of its main one. --template begins with all that a template says, its documents
    too; each of its placeholders needs a --set.

    Example:
      ortoo letter draft letter.pdf plan.pdf --subject "Plan for 2027" --to mfy-001 --to all-mfy --acknowledge-by +3d
      ortoo letter draft --text "The meeting is on Friday at 10." --subject "Meeting" --to mfy-001
      ortoo letter draft plan.pdf --like out:165 --subject "Plan for 2028"
      ortoo letter draft --template acceptance-records --set soni=100 --set "qurilmalar=noutbuk va wifi router" --to all-mfy
    """
    views = acting_views(session)
    sender = sender_of(session, views, for_)
    with contextlib.ExitStack() as opened:
        begun = _beginning(session, views, sender, said, opened)
        outline = outline_of(session, views, sender, said)
        if begun is not None:
            outline = over(begun.outline, outline, _options_said(said))
        new = _documents(begun.files if begun is not None else (), text, files)
        _require_enough(outline, new)
        place = folder if folder is not None else new_folder(session, views)
        letter_file = write_draft(place, outline, new, begun.origin if begun is not None else "")
    _tell_draft(session, letter_file, begun, outline)


def _beginning(
    session: Session, views: Views, sender: OrgId, said: dict[str, Any], opened: contextlib.ExitStack
) -> Beginning | None:
    """Return with what the draft begins, None if with nothing; those options are taken out of what was said."""
    like, with_documents = said.pop("like"), said.pop("with_documents")
    template, values = said.pop("template"), said.pop("values")
    if like is not None and template is not None:
        raise UsageError("A draft begins with one thing: name a letter with --like, or a template with --template.")
    if with_documents and like is None:
        raise UsageError("--with-documents copies those of the letter named by --like LETTER. Name it, or leave the option out.")
    if values and template is None:
        raise UsageError("--set gives a value to a placeholder of the template named by --template NAME. Name it.")
    if template is not None:
        return beginning_of_template(session, template, values, opened)
    if like is None:
        return None
    return beginning_like(session, views, sender, like, with_documents=with_documents, opened=opened)


def _options_said(said: dict[str, Any]) -> frozenset[str]:
    """Return which options stood on the command line; those with a default value may not have."""
    context = click.get_current_context()
    return frozenset(name for name in said if context.get_parameter_source(name) is ParameterSource.COMMANDLINE)


def _documents(begun: tuple[NewFile, ...], text: str | None, files: tuple[Path, ...]) -> tuple[NewFile, ...]:
    """Return the documents of a draft: a text takes the place of the main one with which it began."""
    said = _said_text(text)
    return (*said, *(begun[1:] if said else begun), *(NewFile(name=path.name, content=path) for path in files))


def _require_enough(outline: DraftOutline, documents: tuple[NewFile, ...]) -> None:
    if not documents:
        raise UsageError("A draft needs a main document: name its FILE, or say it with --text.")
    if not outline.subject or not (outline.to or outline.copy or outline.groups or outline.copy_groups):
        raise UsageError("A draft needs a --subject, and somebody --to whom it goes.")


def _tell_draft(session: Session, letter_file: Path, begun: Beginning | None, outline: DraftOutline) -> None:
    made = letter_file.parent
    missing = begun.missing(outline) if begun is not None else {}
    data = {
        "draft": made,
        "letter": letter_file,
        "begun_from": begun.begun_from if begun is not None else None,
        "not_taken": list(missing),
    }
    session.show(data, [str(made)])
    for note in missing.values():
        session.note(note)
    session.note(label("note.draft_made", session.language, folder=made))


def _said_text(text: str | None) -> tuple[NewFile, ...]:
    """Return the document that a text makes; raise `UsageError` if it is empty, or its file is no readable UTF-8."""
    if text is None:
        return ()
    try:
        content = Path(text[1:]).read_text(encoding="utf-8-sig") if text.startswith("@") else text
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"The text of the letter cannot be read from {text[1:]}: {error}. Name a file of UTF-8 text.") from error
    if not content.strip():
        raise UsageError("The text of the letter is empty; say it with --text, or name a FILE.")
    return (NewFile(name=_TEXT_NAME, content=f"{content.rstrip()}\n".encode(), media_type="text/plain"),)


@click.command("check")
@DRAFT
@click.option("--signatory", "signatories", metavar="OFFICER", multiple=True, help="Who is to sign it; may be repeated.")
@speaking_option
@command_options
def check_command(session: Session, draft: Path, signatories: tuple[str, ...], for_: str | None) -> None:
    """Tell everything that would stop a draft from becoming a letter, judged here; nothing is signed.

    Example:
      ortoo letter check drafts/2026-11-25-1
    """
    views = acting_views(session)
    given, outcome = known_outcome(session, views.station, given_draft(session, draft), dry_run=True)
    if outcome is not None and given.frozen is not None:
        tell_again(session, views.station, given.frozen, outcome, dry_run=True)
        return
    letter: PreparedLetter | TravellingDraft
    if given.frozen is not None:
        require_signatures(views.station, given.frozen)
        require_own_mandate(session, views.station, given.frozen)
        letter, missing = given.frozen, officers_named(views.station, given.frozen.missing_signers)
    else:
        sender = sender_of(session, views, for_)
        missing = _signatories(session, views, sender, signatories)
        persons = with_mandate(session, views, [certificate_of(views, who) for who in missing])
        assert given.folder is not None  # noqa: S101 - a draft that is no file is a folder
        letter = prepared_letter(session, views, given.folder, sender, persons)
    preview = letter_preview(views, session.language, letter.body, cover_in(letter))
    data = {"act": preview.act, "would_be": "accepted", "still_to_sign": missing, **preview.data}
    session.show(data, [*preview_lines(preview, session.language), "", label("note.nothing_stops_it", session.language)])


@click.command("sign")
@DRAFT
@click.option("--signatory", "signatories", metavar="OFFICER", multiple=True, help="Everybody who signs it; you among them.")
@speaking_option
@acting_options
@command_options
def sign_command(
    session: Session, draft: Path, signatories: tuple[str, ...], for_: str | None, *, yes: bool, dry_run: bool
) -> None:
    """Sign a letter without sending it: DRAFT is a draft's folder, or the file that a co-signatory gave you.

    The first signature fixes every byte of the letter in one file, which travels from signatory to signatory; whoever has it
    when all have signed sends it with `ortoo letter send`.

    Example:
      ortoo letter sign drafts/2026-11-25-1 --signatory deputy --signatory chief-accountant
      ortoo letter sign letter-t-7F3KQ2.ortoo-draft
    """
    views = acting_views(session)
    given, outcome = known_outcome(session, views.station, given_draft(session, draft), dry_run=dry_run)
    if outcome is not None and given.frozen is not None:
        tell_again(session, views.station, given.frozen, outcome, dry_run=True)
        return
    pending = letter_to_sign(session, views, given, speaks_for=for_, signatories=signatories)
    if pending.signer is None and isinstance(pending.letter, TravellingDraft):
        _require_signed_by(session, views, pending.letter)
        _tell(session, views, pending.letter)
        return
    letter = signed_letter(session, views, pending, yes=yes, dry_run=dry_run)
    if letter is not None:
        _tell(session, views, letter)


def _signatories(session: Session, views: Views, sender: OrgId, named: tuple[str, ...]) -> tuple[OfficerId, ...]:
    """Return who would sign: those named, else who acts if he may, else any signatory, because a clerk checks for others."""
    if named:
        return tuple(officer_id(name) for name in named)
    who = acting_officer(session)
    if named_mandate(session, views.station, who) is not None or has_role(views.station.view, who, sender, Role.SIGNATORY):
        return (who,)
    return (some_signatory(views, sender) or who,)


def _require_signed_by(session: Session, views: Views, letter: TravellingDraft) -> None:
    who = acting_officer(session)
    everybody = officers_named(views.station, letter.body.header.signers)
    if who not in everybody:
        raise UsageError(f"{who} is not among the signatories of {letter.path.name}: {', '.join(everybody)}.")


def _tell(session: Session, views: Views, letter: TravellingDraft) -> None:
    mark, missing = mark_of(identity_of(letter)), officers_named(views.station, letter.missing_signers)
    signed_by = [name for name in officers_named(views.station, letter.body.header.signers) if name not in missing]
    data = {"identity": identity_of(letter), "mark": mark, "file": letter.path, "signed_by": signed_by, "still_to_sign": missing}
    session.show(data, [f"{mark}  {letter.path}"])
    if missing:
        session.note(label("note.still_to_sign", session.language, officers=", ".join(missing), file=letter.path))
    else:
        session.note(label("note.all_signed", session.language, file=letter.path))
