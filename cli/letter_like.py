"""`ortoo letter draft --like LETTER`: what a new draft takes over from a letter that is on the ledger."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from adapters.correspondence import document_bytes, learn_documents, letter_body
from adapters.covers import Cover, decode_cover
from adapters.draft_writing import DraftOutline, NewFile
from adapters.station import Station
from adapters.working_terms import term_again
from cli.labels import label
from cli.letter_beginnings import Beginning
from cli.naming import named_letter
from cli.render import visible
from cli.session import Session
from cli.views import Views
from domain.directory import last_successor
from domain.documents import MAIN
from domain.events import Addressee, LetterDispatched
from domain.header import Document
from domain.ids import OrgId
from domain.letters import ACTION, INFORMATION, mark_of

_TERMS: Final = ("acknowledge_by", "reply_by")


def beginning_like(
    session: Session, views: Views, sender: OrgId, text: str, *, with_documents: bool, opened: contextlib.ExitStack
) -> Beginning:
    """Return what a draft takes over from the letter that a LETTER argument means; its documents stay open in `opened`.

    Of an own letter it has the addressees and the case too. References are not taken over, nor a term that is neither a number
    of days nor still to come, which `not_taken` names. Raises as LETTER arguments do, and a `DocumentError` if the cover, or a
    document that is wanted, is not here.
    """
    station = views.station
    letter = named_letter(session, views, text, sender).letter
    body = letter_body(station, letter)
    learn_documents(station, letter)
    cover = decode_cover(document_bytes(station, body.cover))
    terms = {name: _term(station, body, name) for name in _TERMS}
    outline = DraftOutline(
        subject=cover.subject,
        language=body.language,
        kind=body.kind,
        urgency=body.urgency,
        acknowledge_by=terms["acknowledge_by"] or "",
        reply_by=terms["reply_by"] or "",
    )
    if last_successor(station.view, body.header.organisation) == sender:
        outline = _addressed(replace(outline, case_index=body.case_index or ""), body.addressees)
    documents = sorted(body.documents, key=lambda one: one.role != MAIN)
    files = tuple(_copied(station, one, cover, opened) for one in documents) if with_documents else ()
    return Beginning(
        outline=outline,
        files=files,
        begun_from=letter.hex(),
        origin=f"letter {mark_of(letter)} ({letter.hex()})",
        not_taken={
            **{name: label("note.like_term_left_out", session.language, term=name) for name in _TERMS if terms[name] is None},
            **({} if with_documents else {"documents": _documents_note(session, documents, cover)}),
        },
    )


def _term(station: Station, body: LetterDispatched, name: str) -> str | None:
    """Return a term as the draft has it: "" if the letter has none, None if it is left out."""
    due_at = getattr(body, name)
    return "" if due_at is None else term_again(station, signed_at=body.header.signed_at, due_at=due_at)


def _addressed(outline: DraftOutline, addressees: tuple[Addressee, ...]) -> DraftOutline:
    """Return an outline that names the same organisations and groups; a group is meant in its newest version when it is sent."""

    def organisations(capacity: str) -> tuple[str, ...]:
        return tuple(one.organisation for one in addressees if one.capacity == capacity and one.organisation is not None)

    def groups(capacity: str) -> tuple[str, ...]:
        return tuple(one.group.group for one in addressees if one.capacity == capacity and one.group is not None)

    return replace(
        outline,
        to=organisations(ACTION),
        copy=organisations(INFORMATION),
        groups=groups(ACTION),
        copy_groups=groups(INFORMATION),
        attention=tuple((one.organisation, one.attention) for one in addressees if one.organisation and one.attention),
    )


def _copied(station: Station, document: Document, cover: Cover, opened: contextlib.ExitStack) -> NewFile:
    reader = opened.enter_context(station.parts.documents.open(document.sha256))
    return NewFile(name=_name(document, cover), content=reader, media_type=document.media_type)


def _name(document: Document, cover: Cover) -> str:
    return cover.name_of(document.sha256) or document.role


def _documents_note(session: Session, documents: Sequence[Document], cover: Cover) -> str:
    names = ", ".join(visible(_name(one, cover)) for one in documents)
    return label("note.like_documents_left_out", session.language, names=names)
