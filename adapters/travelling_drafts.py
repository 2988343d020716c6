"""A letter that several people sign, each on his own station, travels as one file, `letter-<mark>.ortoo-draft`.

It is a plain zip of exactly: `payload-type`, `payload`, `signatures/<signer>.<algorithm>` (64 hex digits of the certificate's
digest), and `documents/<sha256>` for the cover and every document that the payload names. It came by mail or on a stick, so
everything in it is checked on reading, but for the signatures: who may sign stands on the ledger.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, cast

from adapters.documents import DOCUMENT_LIMIT_BYTES, DocumentError, DocumentStore, checked_copy
from adapters.errors import AdapterError
from adapters.frozen_letters import FrozenLetter
from adapters.plain_zip import Entry, PlainZipError, open_entry, read_plain_zip, write_plain_zip
from domain.errors import RejectedError
from domain.events import LetterDispatched
from domain.header import RECORD_LIMIT_BYTES, Document
from domain.ids import Digest
from schemas.codec import LedgerCodec

SUFFIX: Final = ".ortoo-draft"
SIGNERS_LIMIT: Final = 8
ENTRIES_LIMIT: Final = 2 + SIGNERS_LIMIT + 101
"""Payload and its type, eight signatures, the cover and 100 documents."""
SIGNATURE_LIMIT_BYTES: Final = 128
PAYLOAD_TYPE_LIMIT_BYTES: Final = 120

_SIGNATURE: Final = re.compile(r"signatures/([0-9a-f]{64})\.([a-z0-9][a-z0-9-]{0,39})")
_SAFE_MARK: Final = re.compile(r"[A-Za-z0-9-]{1,40}")


class TravellingDraftError(AdapterError):
    """A file is not a draft being signed, or not whole; nothing of it was used."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CollectedSignature:
    """A signature as it arrived, unchecked: whose certificate by digest, which algorithm, the bytes."""

    signer: Digest
    algorithm: str
    signature: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class TravellingDraft:
    """What a travelling file holds; `body` is decoded from `payload`, documents are read from `entries` of the file at `path`."""

    payload_type: str
    payload: bytes
    body: LetterDispatched
    signatures: tuple[CollectedSignature, ...]
    path: Path
    entries: tuple[Entry, ...]

    @property
    def documents(self) -> tuple[Document, ...]:
        """The cover and the documents that the file holds, whole and checked."""
        return (self.body.cover, *self.body.documents)

    @property
    def missing_signers(self) -> tuple[Digest, ...]:
        """The signers whose signature is still to come, in the order of the header."""
        present = {collected.signer for collected in self.signatures}
        return tuple(signer for signer in self.body.header.signers if signer not in present)

    def open(self, digest: Digest) -> BinaryIO:
        """Return a reader of a checked document; raise `TravellingDraftError` if the file no longer holds it so."""
        entry = next((entry for entry in self.entries if entry.name == _document_name(digest)), None)
        if entry is None:
            raise TravellingDraftError(f"{self.path.name} holds no document {digest.hex()}; its letter names none such.")
        with _opened(self.path) as source:
            return _checked(source, entry, digest)


def draft_file_name(mark: str) -> str:
    """Return the name of the file for a letter's temporary mark, such as `letter-t-7F3KQ2.ortoo-draft`."""
    if not _SAFE_MARK.fullmatch(mark):
        raise TravellingDraftError(f"{mark!r} is no temporary mark: letters, digits and '-' only.")
    return f"letter-{mark}{SUFFIX}"


def write_travelling_draft(path: Path, *, payload_type: str, payload: bytes, letter: FrozenLetter) -> TravellingDraft:
    """Write a frozen letter that nobody has signed yet, whole or not at all, and return it as read back.

    A file that is there is not overwritten. Raises `TravellingDraftError`.
    """
    with ExitStack() as stack:
        documents = [(_document_name(d.entry.sha256), stack.enter_context(d.open())) for d in letter.everything]
        _write(path, _head(payload_type, payload, ()) + documents, overwrite=False)
    return read_travelling_draft(path)


def read_travelling_draft(path: Path, *, limit_bytes: int = DOCUMENT_LIMIT_BYTES) -> TravellingDraft:
    """Return the draft in a file after checking everything but the signatures; raise `TravellingDraftError`."""
    with _opened(path) as source:
        listed = read_plain_zip(source, entries_limit=ENTRIES_LIMIT)
        entries = {entry.name: entry for entry in listed}
        raw_type = _small(source, entries, "payload-type", PAYLOAD_TYPE_LIMIT_BYTES)
        payload_type = raw_type.decode("ascii", errors="replace")
        payload = _small(source, entries, "payload", RECORD_LIMIT_BYTES)
        body = _body(payload_type, payload)
        signatures = tuple(_signatures(source, entries, body))
        draft = TravellingDraft(
            payload_type=payload_type, payload=payload, body=body, signatures=signatures, path=path, entries=listed
        )
        _require_exactly_the_documents(source, entries, draft, limit_bytes)
    return draft


def add_signature(draft: TravellingDraft, signature: CollectedSignature) -> TravellingDraft:
    """Write the file anew with one more signature, and return it; the old one stays until the new one is whole.

    Raises `TravellingDraftError` if the payload does not name the signer, or his signature is there already.
    """
    if signature.signer not in draft.missing_signers:
        raise TravellingDraftError(
            f"{draft.path.name} was left as it is: {signature.signer.hex()} is not among the signers it still waits for."
        )
    known = {collected.signer: collected for collected in (*draft.signatures, signature)}
    signatures = tuple(known[signer] for signer in draft.body.header.signers if signer in known)
    with ExitStack() as stack:
        documents = [(_document_name(d.sha256), stack.enter_context(draft.open(d.sha256))) for d in draft.documents]
        _write(draft.path, _head(draft.payload_type, draft.payload, signatures) + documents, overwrite=True)
    return read_travelling_draft(draft.path)


def store_travelling(store: DocumentStore, draft: TravellingDraft) -> None:
    """Put every document of the draft into a store: just before the record is appended."""
    for document in draft.documents:
        with draft.open(document.sha256) as reader:
            store.put(reader)


def _document_name(digest: Digest) -> str:
    return f"documents/{digest.hex()}"


def _head(payload_type: str, payload: bytes, signatures: Sequence[CollectedSignature]) -> list[tuple[str, BinaryIO]]:
    head = [("payload-type", payload_type.encode("ascii")), ("payload", payload)]
    head += [(f"signatures/{s.signer.hex()}.{s.algorithm}", s.signature) for s in signatures]
    return [(name, io.BytesIO(content)) for name, content in head]


def _body(payload_type: str, payload: bytes) -> LetterDispatched:
    try:
        body = LedgerCodec().body(payload_type, payload)
    except RejectedError as error:
        raise TravellingDraftError(f"The payload in the file is not a letter that these rules know: {error}.") from error
    if not isinstance(body, LetterDispatched):
        raise TravellingDraftError(f"The file holds {body.TYPE}, not a letter; nothing else travels to be signed.")
    return body


def _signatures(source: BinaryIO, entries: dict[str, Entry], body: LetterDispatched) -> Iterator[CollectedSignature]:
    seen: set[Digest] = set()
    for name in entries:
        match = _SIGNATURE.fullmatch(name)
        if match is None:
            continue
        signer = Digest(bytes.fromhex(match[1]))
        if signer not in body.header.signers or signer in seen:
            raise TravellingDraftError(f"The file holds a signature of {match[1]}, who is to sign once or not at all.")
        seen.add(signer)
        signature = _small(source, entries, name, SIGNATURE_LIMIT_BYTES)
        yield CollectedSignature(signer=signer, algorithm=match[2], signature=signature)


def _require_exactly_the_documents(source: BinaryIO, entries: dict[str, Entry], draft: TravellingDraft, limit_bytes: int) -> None:
    named = {_document_name(document.sha256): document for document in draft.documents}
    expected = {"payload-type", "payload", *named}
    unknown = sorted(name for name in entries if name not in expected and not _SIGNATURE.fullmatch(name))
    missing = sorted(expected - entries.keys())
    if unknown or missing:
        raise TravellingDraftError(f"The file is not what its letter names: too much {unknown or '-'}, missing {missing or '-'}.")
    for name, document in named.items():
        size_bytes = entries[name].size_bytes
        if size_bytes != document.size_bytes or size_bytes > limit_bytes:
            raise TravellingDraftError(
                f"{name} has {size_bytes:,} bytes; the letter says {document.size_bytes:,}, the limit is {limit_bytes:,}."
            )
        _checked(source, entries[name], document.sha256).close()


def _small(source: BinaryIO, entries: dict[str, Entry], name: str, limit_bytes: int) -> bytes:
    entry = entries.get(name)
    if entry is None or not 0 < entry.size_bytes <= limit_bytes:
        raise TravellingDraftError(f"The file lacks its entry {name}, or it is not 1 to {limit_bytes:,} bytes long.")
    return b"".join(open_entry(source, entry))


def _checked(source: BinaryIO, entry: Entry, digest: Digest) -> BinaryIO:
    return checked_copy(open_entry(source, entry), digest, limit_bytes=entry.size_bytes, where="the travelling draft")


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open the file for reading; whatever turns out wrong with it is told as one error that names it."""
    try:
        with path.open("rb") as source:
            yield source
    except (PlainZipError, DocumentError, TravellingDraftError) as error:
        raise TravellingDraftError(f"{path.name} was not used. {error} Ask for the file again.") from error
    except OSError as error:
        raise TravellingDraftError(f"{path} cannot be read: {error.strerror}.") from error


def _write(path: Path, contents: Sequence[tuple[str, BinaryIO]], *, overwrite: bool) -> None:
    part = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with part.open("xb") as target:
            write_plain_zip(cast("BinaryIO", target), contents)
            target.flush()
            os.fsync(target.fileno())
        if overwrite:
            part.replace(path)
        else:
            os.link(part, path)
    except OSError as error:
        raise TravellingDraftError(f"{path} was not written: {error.strerror}. Nothing there was changed.") from error
    finally:
        part.unlink(missing_ok=True)
