"""Making a bundle of evidence: records, verdicts and proofs from the store, enrolments back to the genesis, documents."""

from __future__ import annotations

import functools
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

from adapters.documents import DocumentMissingError, DocumentStore
from adapters.errors import StationError
from adapters.evidence_bundle import (
    CONSISTENCY,
    ENTRIES_LIMIT,
    ISSUER,
    PAE,
    RECORD,
    RECORD_PROOF,
    SIGNATURE,
    SIGNER,
    VERDICT,
    VERDICT_PROOF,
    VERIFY,
    OlderTree,
    Proven,
    document_name,
    encode_older,
    enrolment_folder,
    event_folder,
)
from adapters.evidence_commands import verify_text
from adapters.evidence_keys import certificate_in, enrolments_by_certificate, issuer_of, named_keys
from adapters.evidence_mandates import named_mandate
from adapters.plain_zip import write_plain_zip
from adapters.store.ledger_store import LedgerStore
from adapters.store.tiles import Log
from domain.changes import View
from domain.checkpoints import CheckpointPair
from domain.codec import Codec
from domain.documents import named_documents
from domain.ids import Digest
from domain.keys import key_of_certificate
from domain.log_proofs import LogProof, encode_proof
from domain.mandates import mandate
from domain.reading import read_record
from domain.verdicts import parse_leaf

MOST_EVENTS: Final = ENTRIES_LIMIT // 8
"""With six files for each event, as many as fit with enrolments and documents beside them."""


class EvidenceError(StationError):
    """A bundle cannot be made of what was asked for; nothing was written."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sources:
    """Where a bundle is made from: a station's store, view and documents, the pair of checkpoints on which it will rest.

    `anchors` are the certificates of all authorities that the ledger ever named, `root_changes` where the roots were replaced.
    """

    store: LedgerStore
    view: View
    documents: DocumentStore
    codec: Codec
    pair: CheckpointPair
    anchors: tuple[bytes, ...]
    root_changes: tuple[int, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Exported:
    """What a bundle that was written holds: the positions of its events, and the documents that could not be put in."""

    positions: tuple[int, ...]
    missing: tuple[Digest, ...]


def write_bundle(
    target: BinaryIO, sources: Sources, positions: Sequence[int], *, single: bool, older_size: int | None = None
) -> Exported:
    """Write a bundle of these events to an empty file; `single` puts the files of the only one at the top.

    With `older_size` it shows how the logs grew from that size. Raises `EvidenceError` if an event is above the checkpoint or
    was never authentic, or if there are too many; `PlainZipError` if the file would be too large.
    """
    if len(positions) > MOST_EVENTS:
        raise EvidenceError(
            f"{len(positions):,} events do not fit into one bundle, which holds {MOST_EVENTS:,}. Name a recipient."
        )
    maker = _Maker(sources)
    events = [maker.proven(position, "" if single else event_folder(position)) for position in positions]
    enrolments = maker.enrolments(events)
    paths = [] if older_size is None else maker.older(older_size)
    missing: list[Digest] = []
    contents = (
        *maker.files(events, enrolments),
        (VERIFY, verify_text(events, enrolments)),
        *zip(CONSISTENCY, map(encode_older, paths), strict=False),
    )
    write_plain_zip(target, _streams(contents, _documents(sources.documents, events, missing)))
    return Exported(positions=tuple(positions), missing=tuple(missing))


class _Maker:
    """Makes the files of one bundle."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        # The same record is asked for as an event and as an enrolment.
        self._read = functools.cache(self._proven)

    def proven(self, position: int, folder: str) -> Proven:
        return self._read(position, folder)

    def enrolments(self, events: Sequence[Proven]) -> tuple[Proven, ...]:
        """Return the enrolments of all signers of these events, the mandates named, and what these rest on, by position."""
        found: dict[int, Proven] = {}
        pending = list(events)
        while pending:
            one = pending.pop()
            for position in self._vouchers_of(one):
                if position not in found and position != one.position:
                    found[position] = self.proven(position, enrolment_folder(position))
                    pending.append(found[position])
        return tuple(found[position] for position in sorted(found))

    def _vouchers_of(self, one: Proven) -> Iterator[int]:
        """Yield where the keys of an event's signers were enrolled, and where the mandate was granted under which it was said."""
        yield from map(self._enrolled_at, one.opened.body.header.signers)
        named = named_mandate(one)
        found = mandate(self._sources.view, named) if named is not None else None
        if found is not None:
            yield found.position

    def files(self, events: Sequence[Proven], enrolments: Sequence[Proven]) -> Iterator[tuple[str, bytes]]:
        """Yield all small files but the text."""
        for one in events:
            yield from _proven_files(one)
            yield one.folder + PAE, one.opened.message
            yield one.folder + SIGNATURE, one.opened.event.signatures[0].signature
            if not one.folder:
                first = enrolments_by_certificate((*enrolments, one)).get(one.opened.body.header.signers[0])
                yield from () if first is None else self._certificates("", first)
        for one in enrolments:
            yield from _proven_files(one)
            yield from self._certificates(one.folder, one)

    def older(self, size: int) -> list[OlderTree]:
        """Return how both logs grew from an older size."""
        if not 0 < size <= self._sources.pair.size:
            raise EvidenceError(
                f"The checkpoint that was named is of size {size}, and the newest one here of size {self._sources.pair.size}: "
                "nothing can be shown to have grown so. Sign a newer checkpoint first."
            )
        store = self._sources.store
        return [OlderTree(size=size, path=store.consistency(log, size, self._sources.pair.size)) for log in Log]

    def _certificates(self, folder: str, one: Proven) -> Iterator[tuple[str, bytes]]:
        certificate = certificate_in(one)
        if certificate is not None:
            issuer = issuer_of(one, self._sources.anchors)
            if issuer is None:
                raise EvidenceError(
                    f"No authority of this ledger is known to have issued the certificate enrolled at {one.position}."
                )
            yield folder + SIGNER, certificate
            yield folder + ISSUER, issuer

    def _enrolled_at(self, signer: Digest) -> int:
        key = key_of_certificate(self._sources.view, signer)
        if key is not None:
            return key.certificate(signer).position
        for position in (0, *self._sources.root_changes):
            if signer in named_keys(self.proven(position, enrolment_folder(position))):
                return position
        raise EvidenceError(f"It is not known here who enrolled {signer.hex()[:16]}…. Bring the station up to date first.")

    def _proven(self, position: int, folder: str) -> Proven:
        pair, entry = self._sources.pair, self._sources.store.entry(position)
        if entry is None or position >= pair.size:
            raise EvidenceError(
                f"Position {position} is not covered by a checkpoint yet (the newest is of size {pair.size}). Wait for the next "
                "one, or have it signed with `ortoo checkpoint sign`."
            )
        opened = read_record(entry.record, self._sources.codec).opened
        if opened is None or entry.record is None:
            raise EvidenceError(f"Position {position} holds no authentic event, so there is nothing to be shown of it.")
        notes = (pair.records, pair.verdicts)
        proofs = [
            LogProof(index=position, path=self._sources.store.inclusion(log, position, pair.size), note=note)
            for log, note in zip(Log, notes, strict=True)
        ]
        verdict = entry.verdict.leaf()
        return Proven(
            folder=folder,
            position=position,
            record=entry.record,
            opened=opened,
            leaf=parse_leaf(verdict),
            verdict=verdict,
            record_proof=proofs[0],
            verdict_proof=proofs[1],
        )


def _proven_files(one: Proven) -> Iterator[tuple[str, bytes]]:
    yield one.folder + RECORD, one.record
    yield one.folder + RECORD_PROOF, encode_proof(one.record_proof)
    yield one.folder + VERDICT, one.verdict
    yield one.folder + VERDICT_PROOF, encode_proof(one.verdict_proof)


def _documents(store: DocumentStore, events: Sequence[Proven], missing: list[Digest]) -> Iterator[tuple[str, BinaryIO]]:
    digests = dict.fromkeys(document.sha256 for one in events for document in named_documents(one.opened.body))
    for digest in digests:
        try:
            reader = store.open(digest)
        except DocumentMissingError:
            missing.append(digest)
            continue
        with reader:
            yield document_name(digest), reader


def _streams(contents: Iterable[tuple[str, bytes]], documents: Iterable[tuple[str, BinaryIO]]) -> Iterator[tuple[str, BinaryIO]]:
    for name, content in contents:
        yield name, io.BytesIO(content)
    yield from documents
