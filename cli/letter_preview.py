"""A letter before it is signed, in words: who, for whom, to whom, until when, with which documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from adapters.covers import Cover
from adapters.station import Station
from cli.approval_used import approval_words, require_approved
from cli.confirm import Preview
from cli.labels import code_label, label
from cli.languages import Language
from cli.letter_freezing import officers_named
from cli.local_names import organisation_words
from cli.render import Column, show_size, show_time, table_lines, terminal_width
from cli.standing_in import signer_words, standing_in_data
from cli.views import Views
from domain import groups
from domain.directory import marks
from domain.events import Addressee, LetterDispatched
from domain.ids import Digest, LetterId, OfficerId, OrgId
from domain.keys import key_of_certificate
from domain.letters import ACTION, INFORMATION, LetterEntered, Recipient, recipients, was_closed
from projections import letter_index

NAMED_LIMIT: Final = 12
"""As many ids as two lines hold; `--json` has all of them."""
RELATIONS: Final = ("answers", "follows", "replaces", "relates")
TEMPORARY: Final = "temporary"
INDENT: Final = 2
"""Columns by which a preview stands in."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reach:
    """Whom a letter would reach if it were sent now, and whom of its groups it would not, because they are closed."""

    recipients: tuple[Recipient, ...]
    closed: tuple[OrgId, ...]
    outside: tuple[OrgId, ...]

    def organisations(self, capacity: str) -> tuple[OrgId, ...]:
        """Return who receives the letter in a capacity."""
        return tuple(one.organisation for one in self.recipients if one.capacity == capacity)


def letter_preview(views: Views, language: Language, body: LetterDispatched, cover: Cover) -> Preview:
    """Judge a letter here and return what it says; raise `RejectedError` if it would be rejected."""
    require_approved(views, body)
    reach = reach_of(views.station, body)
    return Preview(
        act=LetterDispatched.TYPE,
        says=tuple((name, value) for name, value in _says(views, language, body, cover, reach) if value),
        lines=("", *_document_lines(language, body, cover), "", label("prompt.everybody_can_read", language)),
        data=_data(views.station, body, cover, reach),
    )


def reach_of(station: Station, body: LetterDispatched) -> Reach:
    """Rehearse a letter and return whom it would reach; raise `RejectedError` if it would be rejected."""
    entered = next(change for change in station.rehearse(body) if isinstance(change, LetterEntered))
    view, sent = station.view, entered.mutate(None)
    everybody = tuple(recipients(view, sent))
    closed = (
        member
        for addressed in sent.groups
        for member in groups.members(view, sent.sender, addressed.group, addressed.version)
        if was_closed(view, member, sent.position)
    )
    outside = marks(view).outside
    return Reach(
        recipients=everybody,
        closed=tuple(dict.fromkeys(closed)),
        outside=tuple(one.organisation for one in everybody if one.organisation in outside),
    )


def _says(views: Views, language: Language, body: LetterDispatched, cover: Cover, reach: Reach) -> Iterator[tuple[str, str]]:
    view, sender, offset = views.station.view, body.header.organisation, views.offset_minutes
    yield label("heading.signed_by", language), "\n".join(_signers(views.station, language, body))
    yield label("heading.speaks_for", language), organisation_words(view, sender, language)
    kind, urgency = code_label("kind", body.kind, language), code_label("urgency", body.urgency, language)
    yield label("heading.kind", language), f"{kind}, {urgency}"
    yield label("heading.access", language), code_label("access", body.access.level, language)
    yield label("heading.subject", language), cover.subject
    yield label("heading.case", language), body.case_index or ""
    yield label("heading.addressees", language), "\n".join(_addressees(language, body, reach))
    yield label("mark.closed", language), _ids(language, reach.closed, len(reach.closed))
    yield label("mark.outside", language), _ids(language, reach.outside)
    attention = ", ".join(f"{one.organisation}: {one.attention}" for one in body.addressees if one.attention)
    yield label("heading.attention", language), attention
    yield label("heading.acknowledge_by", language), show_time(body.acknowledge_by, offset)
    yield label("heading.reply_by", language), show_time(body.reply_by, offset)
    for relation in RELATIONS:
        letters = [LetterId(ref.identity) for ref in getattr(body.references, relation)]
        yield label(f"relation.{relation}", language), "\n".join(letter_words(views, one) for one in letters)
    yield label("heading.approvals", language), "\n".join(approval_words(views, language, body))
    for text in cover.texts:
        yield text.about, text.text


def letter_words(views: Views, letter: LetterId) -> str:
    """Return a letter in one line: sender, number, subject, and the beginning of its identity."""
    with views.reading() as connection:
        return f"{letter_index.described(connection, letter)}  {letter.hex()[:12]}".strip()


def _signers(station: Station, language: Language, body: LetterDispatched) -> Iterator[str]:
    header = body.header
    for officer, certificate in zip(officers_named(station, header.signers), header.signers, strict=True):
        mandate = header.mandate if certificate == header.signers[0] else None
        words = signer_words(station.view, language, OfficerId(officer), header.organisation, mandate)
        yield words + (f" · {label('assurance.temporary', language)}" if is_temporary(station, certificate) else "")


def is_temporary(station: Station, certificate: Digest) -> bool:
    """Tell whether an enrolled certificate is of a person not yet identified face to face (events.md, `key.enrolled`)."""
    known = key_of_certificate(station.view, certificate)
    return known is not None and known.certificate(certificate).assurance == TEMPORARY


def _addressees(language: Language, body: LetterDispatched, reach: Reach) -> Iterator[str]:
    yield str(len(reach.recipients))
    for one in body.addressees:
        if one.group is not None:
            members = label("note.group_members", language, version=one.group.version, count=one.group.count)
            yield f"{label('heading.group', language)} {one.group.group} ({members})"
    for capacity in (ACTION, INFORMATION):
        if reached := reach.organisations(capacity):
            yield f"{code_label('capacity', capacity, language)}, {len(reached)}: {_ids(language, reached)}"


def _ids(language: Language, ids: Sequence[OrgId], limit: int = NAMED_LIMIT) -> str:
    listed = ", ".join(ids[:limit])
    return listed if len(ids) <= limit else f"{listed} {label('note.and_more', language, count=len(ids) - limit)}"


def _document_lines(language: Language, body: LetterDispatched, cover: Cover) -> list[str]:
    columns = (
        Column(heading=label("heading.document", language)),
        Column(heading=label("heading.size", language), right=True, cut=False),
        Column(heading=label("heading.digest", language), cut=False),
    )
    named = [(cover.name_of(document.sha256) or "", document) for document in body.documents]
    rows = [(name, show_size(one.size_bytes), one.sha256.hex()) for name, one in named]
    own = (label("document_role.cover", language), show_size(body.cover.size_bytes), body.cover.sha256.hex())
    return table_lines(columns, [*rows, own], width=terminal_width() - INDENT)


def _data(station: Station, body: LetterDispatched, cover: Cover, reach: Reach) -> dict[str, Any]:
    documents = [
        {"name": cover.name_of(one.sha256), "sha256": one.sha256, "size_bytes": one.size_bytes, "media_type": one.media_type}
        for one in body.documents
    ]
    return {
        "organisation": body.header.organisation,
        "signed_by": officers_named(station, body.header.signers),
        **standing_in_data(station.view, body.header.mandate),
        "kind": body.kind,
        "urgency": body.urgency,
        "access": body.access.level,
        "language": body.language,
        "subject": cover.subject,
        "case_index": body.case_index,
        "addressees": [_addressee_data(one) for one in body.addressees],
        "recipients": {capacity: reach.organisations(capacity) for capacity in (ACTION, INFORMATION)},
        "count": len(reach.recipients),
        "closed": reach.closed,
        "outside": reach.outside,
        "acknowledge_by": body.acknowledge_by,
        "reply_by": body.reply_by,
        "references": {name: [ref.identity for ref in getattr(body.references, name)] for name in RELATIONS},
        "approvals": [ref.identity for ref in body.approvals],
        "cover": body.cover.sha256,
        "documents": documents,
    }


def _addressee_data(one: Addressee) -> dict[str, Any]:
    group = {"group": one.group.group, "version": one.group.version, "count": one.group.count} if one.group else {}
    named = {"organisation": one.organisation, "attention": one.attention} if one.organisation else {}
    return {**named, **group, "capacity": one.capacity}
