"""From a draft to the bytes that are signed: addressees looked up, terms computed, documents frozen, the body made once.

A draft is frozen into one file in its folder before anybody signs. Whoever repeats the command after a crash finds that
file, signs the same bytes, and gets the receipt of the first attempt.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.covers import Cover, decode_cover
from adapters.documents import DOCUMENT_LIMIT_BYTES
from adapters.drafts import Draft
from adapters.frozen_letters import FrozenLetter, freeze
from adapters.station import Station
from adapters.travelling_drafts import (
    SUFFIX,
    TravellingDraft,
    draft_file_name,
    read_travelling_draft,
    write_travelling_draft,
)
from adapters.working_terms import due_of
from cli.errors import AddresseeError
from domain import groups
from domain.catalogue import payload_type_of
from domain.events import Access, Addressee, GroupVersion, LetterDispatched, References
from domain.header import Header, Ref
from domain.ids import Digest, LetterId, OrgId, digest_from_hex
from domain.letters import ACTION, INFORMATION, mark_of
from domain.signatures import event_identity

SALT_SIZE_BYTES: Final = 16
"""As large as a digest is hard to guess: a short subject cannot be found by trying (formats.md, `cover`)."""
CLAIM: Final = ".frozen"
"""The second name of the file into which a draft was frozen first; only one can have it."""
Resolve = Callable[[str], LetterId]
"""Finds the letter that a LETTER argument means."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Terms:
    """When a letter asks to be acknowledged and answered, in milliseconds UTC; None: not asked."""

    acknowledge_by: int | None
    reply_by: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class PreparedLetter:
    """A letter as it will be signed, and the documents that go with it; it stands nowhere yet."""

    payload_type: str
    payload: bytes
    body: LetterDispatched
    letter: FrozenLetter


def terms_of(draft: Draft, station: Station) -> Terms:
    """Return the due times of a draft as instants; raise `DueTimeError` for one that is none, or is past."""
    by, reply_by = draft.acknowledge_by, draft.reply_by
    return Terms(
        acknowledge_by=None if by is None else due_of(station, by),
        reply_by=None if reply_by is None else due_of(station, reply_by),
    )


def addressees_of(draft: Draft, station: Station, sender: OrgId) -> tuple[Addressee, ...]:
    """Return the addressees of a draft, groups in their newest complete version; raise `AddresseeError`."""
    attention = dict(draft.attention)
    named = [(one, ACTION) for one in draft.to] + [(one, INFORMATION) for one in draft.copy]
    grouped = [(one, ACTION) for one in draft.groups] + [(one, INFORMATION) for one in draft.copy_groups]
    return (
        *(Addressee(organisation=one, group=None, capacity=capacity, attention=attention.get(one)) for one, capacity in named),
        *(
            Addressee(organisation=None, group=_newest(station, sender, one), capacity=capacity, attention=None)
            for one, capacity in grouped
        ),
    )


def body_of(
    draft: Draft,
    frozen: FrozenLetter,
    station: Station,
    *,
    header: Header,
    terms: Terms,
    resolve: Resolve,
) -> LetterDispatched:
    """Return the body of the dispatch: what the signatories will sign."""
    references = References(
        answers=_references(draft.answers, resolve),
        follows=_references(draft.follows, resolve),
        replaces=_references(draft.replaces, resolve),
        relates=_references(draft.relates, resolve),
    )
    return LetterDispatched(
        header=header,
        kind=draft.kind,
        language=draft.language,
        urgency=draft.urgency,
        access=Access(level=draft.access, basis=draft.access_basis, until=None),
        cover=frozen.cover.entry,
        documents=tuple(document.entry for document in frozen.documents),
        addressees=addressees_of(draft, station, header.organisation),
        acknowledge_by=terms.acknowledge_by,
        reply_by=terms.reply_by,
        references=references,
        approvals=tuple(Ref(ledger=None, identity=digest_from_hex(text)) for text in draft.approvals),
        case_index=draft.case_index,
    )


def frozen_in(folder: Path, *, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> TravellingDraft | None:
    """Return the letter that a draft's folder was frozen into, None if it was not yet; raise `TravellingDraftError`."""
    found = _frozen_files(folder)
    return read_travelling_draft(found[0], limit_bytes=limit_bytes) if found else None


def set_aside(letter: TravellingDraft) -> None:
    """Keep a frozen letter that the ledger has rejected out of the way, so that its draft can be frozen anew."""
    letter.path.replace(letter.path.with_name(f"{letter.path.name}.rejected"))
    letter.path.with_name(CLAIM).unlink(missing_ok=True)


def prepare(
    draft: Draft, station: Station, *, header: Header, resolve: Resolve, limit_bytes: int = DOCUMENT_LIMIT_BYTES
) -> PreparedLetter:
    """Return a draft as the bytes that its signatories will sign; nothing is written yet."""
    frozen = freeze(draft, salt=os.urandom(SALT_SIZE_BYTES), limit_bytes=limit_bytes)
    body = body_of(draft, frozen, station, header=header, terms=terms_of(draft, station), resolve=resolve)
    payload = station.parts.codec.encode_body(body)
    return PreparedLetter(payload_type=payload_type_of(LetterDispatched), payload=payload, body=body, letter=frozen)


def keep_in(folder: Path, prepared: PreparedLetter) -> TravellingDraft:
    """Write a prepared letter into one file of its draft's folder, and return that: nobody has signed it yet.

    If another command has frozen the same draft at the same moment, that one's letter is returned: a draft is one letter.
    """
    path = folder / draft_file_name(mark_of(identity_of(prepared)))
    mine = write_travelling_draft(path, payload_type=prepared.payload_type, payload=prepared.payload, letter=prepared.letter)
    try:
        (folder / CLAIM).hardlink_to(path)
    except FileExistsError:
        others = [other for other in _frozen_files(folder) if other != path]
        if others:
            path.unlink()
            return read_travelling_draft(others[0])
    return mine


def freeze_into(
    folder: Path,
    draft: Draft,
    station: Station,
    *,
    header: Header,
    resolve: Resolve,
) -> TravellingDraft:
    """Freeze a draft into one file of its folder, and return that: nobody has signed it yet."""
    return keep_in(folder, prepare(draft, station, header=header, resolve=resolve))


def identity_of(letter: TravellingDraft | PreparedLetter) -> LetterId:
    """Return what the letter will be called once it is on the ledger: the identity of its dispatch."""
    return LetterId(event_identity(letter.payload_type, letter.payload))


def cover_in(letter: TravellingDraft | PreparedLetter) -> Cover:
    """Return the subject, names and texts of a letter that is to be signed; raise `CoverError` if they are none."""
    reader = letter.letter.cover.open() if isinstance(letter, PreparedLetter) else letter.open(letter.body.cover.sha256)
    with reader:
        return decode_cover(reader.read())


def _newest(station: Station, owner: OrgId, group: OrgId) -> GroupVersion:
    found = groups.group_of(station.view, owner, group)
    version = found.complete_version if found else 0
    summary = groups.complete(station.view, owner, group, version) if version else None
    if summary is None:
        raise AddresseeError(
            f"{owner} has no complete group {group}. See `ortoo group list`, or define it with `ortoo group define {group}`."
        )
    return GroupVersion(group=group, version=version, count=summary.count, root=summary.root)


def _references(texts: tuple[str, ...], resolve: Resolve) -> tuple[Ref, ...]:
    return tuple(Ref(ledger=None, identity=Digest(resolve(text))) for text in texts)


def _frozen_files(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"letter-t-*{SUFFIX}")) if folder.is_dir() else []
