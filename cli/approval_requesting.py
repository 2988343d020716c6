"""`ortoo approval request`: documents, their route, and the question; the documents are fixed as a letter's are."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from adapters.approvals import requested
from adapters.covers import Cover, decode_cover
from adapters.draft_writing import DraftOutline, NewFile, write_draft
from adapters.drafts import load_draft
from adapters.frozen_letters import FrozenLetter, freeze, store_frozen
from adapters.station import Utterance
from cli.acting import Speaker, speaker_of, speaking_option, submit
from cli.approval_naming import named_request, short
from cli.approval_routes import approver_words, route_of, written_route
from cli.confirm import Preview, confirmed
from cli.dispatching import SALT_SIZE_BYTES
from cli.errors import UsageError
from cli.fates import conclude
from cli.labels import code_label, label
from cli.letter_outline import LETTER_LANGUAGES
from cli.letter_preview import letter_words
from cli.local_names import organisation_words
from cli.naming import named_letter
from cli.options import acting_options, command_options
from cli.render import show_size, show_time
from cli.session import Session
from cli.views import Views, acting_views
from domain.approval_routes import QUORUM, needed
from domain.directory import Role
from domain.events_approvals import ApprovalRequested, Stage
from domain.ids import OrgId

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command("request")
@click.argument("files", metavar="FILE...", nargs=-1, type=_FILE)
@click.option(
    "--draft",
    metavar="DRAFT",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The documents of a letter's draft.",
)
@click.option("--subject", help="What it is about, in one line (of a draft: its subject).")
@click.option(
    "--stage",
    "stages",
    metavar="ROUTE",
    multiple=True,
    help='A stage, in order: "all: org1, org2", "quorum 2: a, b, officer:karimov".',
)
@click.option("--due", "dues", metavar="TIME", multiple=True, help="Until when: once for every stage, or once for each.")
@click.option("--route", "route_file", metavar="FILE", type=_FILE, help="The stages in a file: tables [[stage]] in TOML.")
@click.option("--letter", "about", metavar="LETTER", help="The letter that it is about.")
@click.option("--follows", metavar="REQUEST", help="The earlier request that it takes up again.")
@speaking_option
@acting_options
@command_options
def request_command(session: Session, /, for_: str | None, *, yes: bool, dry_run: bool, **said: Any) -> None:
    """Ask for approval: FILEs, the main document first, or --draft; and the stages of the route in order.

    A stage is decided by all of its approvers, by any of them, or by so many of them. The approval holds for exactly these
    documents: whoever changes one asks anew, with --follows.

    Example:
      ortoo approval request order.pdf plan.csv --subject "Plan for 2027" --stage "all: finance" --stage "quorum 2: a, b, c"
      ortoo approval request --draft drafts/2026-11-25-1 --stage "any: officer:karimov, justice" --due +3d
    """
    views = acting_views(session)
    station = views.station
    speaker = speaker_of(session, station, Role.CLERK, for_, act=ApprovalRequested.TYPE)
    written = written_route(said["stages"], said["dues"], said["route_file"])
    route = route_of(views, speaker.organisation, written)
    letter = None if said["about"] is None else named_letter(session, views, said["about"], speaker.organisation).letter
    follows = None if said["follows"] is None else named_request(views, said["follows"]).request
    with _frozen(session, speaker.organisation, said["files"], said["draft"], said["subject"]) as frozen:
        utterance = requested(station, speaker.signer, speaker.organisation, frozen, route, letter=letter, follows=follows)
        before = station.parts.queue.find(utterance.intention)
        if before is None:
            station.rehearse(utterance.body)
        else:
            session.note(label("note.sent_before", session.language))
        if not confirmed(session, _preview(session, views, speaker, utterance, frozen), yes=yes, dry_run=dry_run):
            return
        if before is None:
            store_frozen(station.parts.documents.own, frozen)
        fates = submit(session, station, [(label("event.approval.requested", session.language), utterance)])
    conclude(session, station, fates)


@contextlib.contextmanager
def _frozen(
    session: Session, requester: OrgId, files: Sequence[Path], draft: Path | None, subject: str | None
) -> Iterator[FrozenLetter]:
    """Give the documents as a signature will cover them; raise `UsageError`, or `DraftError` with all that is wrong."""
    limit_bytes = session.settings.document_limit_bytes
    if bool(files) == (draft is not None):
        raise UsageError("Name either the files to be approved, the main document first, or with --draft a letter's draft.")
    if draft is not None:
        if subject is not None:
            raise UsageError("A draft says itself what it is about: leave --subject out.")
        yield freeze(load_draft(draft), salt=os.urandom(SALT_SIZE_BYTES), limit_bytes=limit_bytes)
        return
    if not subject:
        raise UsageError("A request made of files needs a --subject.")
    # The same rules as for a letter's documents: so it is a draft, which is addressed to nobody but its author.
    outline = DraftOutline(subject=subject, language=LETTER_LANGUAGES[session.language], to=(requester,))
    with tempfile.TemporaryDirectory() as passing:
        write_draft(Path(passing), outline, [NewFile(name=path.name, content=path) for path in files])
        yield freeze(load_draft(Path(passing)), salt=os.urandom(SALT_SIZE_BYTES), limit_bytes=limit_bytes)


def _preview(session: Session, views: Views, speaker: Speaker, utterance: Utterance, frozen: FrozenLetter) -> Preview:
    language, station, body = session.language, views.station, utterance.body
    assert isinstance(body, ApprovalRequested)  # noqa: S101 - what `requested` has made
    with frozen.cover.open() as reader:
        cover: Cover = decode_cover(reader.read())
    documents = "\n".join(f"{one.name}  {show_size(one.entry.size_bytes)}  {one.entry.sha256.hex()}" for one in frozen.documents)
    letter = None if body.letter is None else letter_words(views, body.letter.identity)  # type: ignore[arg-type] # a letter's
    says = (
        (label("heading.signed_by", language), speaker.words(station, language)),
        (label("heading.speaks_for", language), organisation_words(station.view, speaker.organisation, language)),
        (label("heading.subject", language), cover.subject),
        (label("heading.follows_request", language), None if body.follows is None else short(body.follows)),
        (label("heading.letter", language), letter),
        (label("heading.documents", language), documents),
        *(
            (f"{label('heading.stage', language)} {number}", _stage_words(views, session, one))
            for number, one in enumerate(body.route, 1)
        ),
    )
    stages = [
        {
            "rule": one.rule,
            "quorum": one.quorum,
            "due_at": one.due_at,
            "approvers": [approver_words(who) for who in one.approvers],
        }
        for one in body.route
    ]
    data = {
        **speaker.data(station),
        "organisation": speaker.organisation,
        "subject": cover.subject,
        "documents": [
            {"name": one.name, "sha256": one.entry.sha256, "size_bytes": one.entry.size_bytes} for one in frozen.documents
        ],
        "stages": stages,
        "letter": None if body.letter is None else body.letter.identity,
        "follows": body.follows,
    }
    return Preview(
        act=body.TYPE,
        says=tuple((name, value) for name, value in says if value),
        lines=("", label("prompt.everybody_can_read_documents", language)),
        data=data,
    )


def _stage_words(views: Views, session: Session, stage: Stage) -> str:
    rule = code_label("stage_rule", stage.rule, session.language)
    count = f" {needed(stage)}/{len(stage.approvers)}" if stage.rule == QUORUM else ""
    due = "" if stage.due_at is None else f"  ≤ {show_time(stage.due_at, views.offset_minutes)}"
    return f"{rule}{count}: {', '.join(approver_words(one) for one in stage.approvers)}{due}"
