"""Bundles of what happened in the exchange of `tests.audited_exchange`, and a verifier who has a trust file."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.evidence_bundle import RECORD_PROOF, VERDICT, VERDICT_PROOF, VERIFY, BundleFiles, parse_bundle
from adapters.evidence_commands import verify_text
from adapters.evidence_export import Sources, write_bundle
from adapters.evidence_facts import Terms
from adapters.evidence_keys import vouchers_needed
from adapters.evidence_report import EvidenceReport, Findings
from adapters.evidence_verification import verify_bundle
from adapters.plain_zip import open_entry, read_plain_zip, write_plain_zip
from adapters.signers import signer_of
from adapters.store.tiles import Log
from adapters.trust_files import Trust, parse_trust
from cli.evidence_selection import letter_positions, sources_of
from domain.checkpoints import CheckpointPair
from domain.ids import Digest, OrgId
from domain.log_proofs import LogProof, encode_proof, parse_proof
from domain.notes import Note
from domain.proofs import inclusion_path
from domain.tree import Frontier, leaf_hash
from projections.projector import Projector
from schemas.codec import LedgerCodec
from tests.audited_exchange import Audited, audited_exchange
from tests.eventful_exchange import Eventful, Telling, eventful_exchange
from tests.exchanges import tell

ENTRIES_LIMIT = 100_000


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """Who makes bundles of an exchange, and who verifies them a minute after the last record."""

    audited: Audited
    projector: Projector

    @property
    def trust(self) -> Trust:
        """The trust file, as read."""
        return parse_trust(self.audited.trust.read_bytes())

    @property
    def now_ms(self) -> int:
        """When bundles are verified."""
        return self.audited.eventful.clock() + 120_000

    def sources(self, pair: CheckpointPair | None = None) -> Sources:
        """Return what bundles are made of, resting on a pair (the newest)."""
        with self.projector.database.reading() as connection:
            return sources_of(self.audited.eventful.station, connection, pair or self.audited.pair())

    def letter(self, name: str, recipient: str | None = None, *, pair: CheckpointPair | None = None, **how: Any) -> bytes:
        """Return the bundle of a letter with one recipient's timeline, or everybody's."""
        station, sent = self.audited.eventful.station, self.audited.eventful.letters[name]
        with self.projector.database.reading() as connection:
            positions = letter_positions(station, connection, sent, OrgId(recipient) if recipient else None)
        target = io.BytesIO()
        write_bundle(target, self.sources(pair), positions, single=False, **how)
        return target.getvalue()

    def event(self, name: str, *, pair: CheckpointPair | None = None, **how: Any) -> bytes:
        """Return the bundle of one event by the name that the exchange's story gives it, or of the record at a position."""
        position = int(name) if name.isdecimal() else self.audited.eventful.position(name)
        target = io.BytesIO()
        write_bundle(target, self.sources(pair), [position], single=True, **how)
        return target.getvalue()

    def verify(self, bundle: bytes, *, trust: Trust | None = None, **terms: Any) -> EvidenceReport:
        """Return what verifying a bundle comes to."""
        return verify_bundle(io.BytesIO(bundle), trust or self.trust, Terms(**{"now_ms": self.now_ms, **terms}), LedgerCodec())


def files_in(bundle: bytes) -> dict[str, bytes]:
    """Return the files of a bundle by name, in order."""
    source = io.BytesIO(bundle)
    return {one.name: b"".join(open_entry(source, one)) for one in read_plain_zip(source, entries_limit=ENTRIES_LIMIT)}


def bundle_of(files: Mapping[str, bytes]) -> bytes:
    """Return a bundle of these files, as plainly stored as any."""
    target = io.BytesIO()
    write_plain_zip(target, ((name, io.BytesIO(content)) for name, content in files.items()))
    return target.getvalue()


def changed(bundle: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """Return a bundle with one file changed, and all checksums of the zip right."""
    files = files_in(bundle)
    return bundle_of({**files, name: change(files[name])})


def without_enrolment(bundle: bytes, position: int) -> bytes:
    """Return a bundle as somebody makes it who leaves an enrolment (or a grant) out, and all that only it needs."""
    files, read = files_in(bundle), parse_bundle(BundleFiles(io.BytesIO(bundle)), LedgerCodec(), Findings())
    left = [one for one in read.enrolments if one.position != position]
    needed = vouchers_needed(read.events, left)
    left = [one for one in left if one.position in needed]
    gone = tuple({one.folder for one in read.enrolments} - {one.folder for one in left})
    files[VERIFY] = verify_text(read.events, left)
    return bundle_of({name: content for name, content in files.items() if not name.startswith(gone)})


def facts(report: EvidenceReport) -> tuple[object, ...]:
    """Return everything that a report claims of events and of both logs: what no change of a bundle may turn into something else.

    Which witnesses cosigned beyond the quorum is none of it: a line can be taken off a note, and then it is not told.
    """
    found = report.checkpoint
    logs = None if found is None else (found.size, found.root, found.verdict_root, found.quorum)
    return (report.verdict, logs, report.events)


@contextlib.contextmanager
def evidence_exchange(folder: Path, told: Telling = eventful_exchange) -> Iterator[Evidence]:
    """Give the exchange in whose ledger everything that is told has happened, and who makes bundles of it."""
    with audited_exchange(folder, told) as audited:
        station = audited.eventful.station
        if told is eventful_exchange:
            _sign_with_ed25519(audited.eventful)
        views = f"sqlite:///{folder / 'evidence-views.sqlite'}"
        projector = Projector(views, station.parts.store, station.parts.codec, station.view, station.parts.documents)
        with contextlib.closing(projector):
            projector.catch_up()
            yield Evidence(audited=audited, projector=projector)


def _sign_with_ed25519(eventful: Eventful) -> None:
    """Let an officer with a key of the other kind acknowledge a letter."""
    exchange, station = eventful.exchange, eventful.station
    key = signer_of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
    enrolment, signer = exchange.enrolment(station, "clerk-mfy-002", "mfy-002", key=key)
    tell(station, [enrolment])
    exchange.officers["clerk-mfy-002"] = signer
    letter = eventful.letters["circular"]
    eventful.outcomes["signed with ed25519"] = exchange.acknowledge(station, "clerk-mfy-002", letter, "mfy-002")


class Forger:
    """Whoever can sign what he likes in the operator's name: trees of his own, with some verdicts changed."""

    def __init__(self, evidence: Evidence, verdicts: Mapping[int, bytes], **signing: Any) -> None:
        """Change the leaves at some positions; `signing` as for `Audited.pair`, such as the witnesses who help him."""
        audited = evidence.audited
        store = audited.eventful.station.parts.store
        self.size = audited.end
        self.leaves = {log: [store.node(log, 0, index) for index in range(self.size)] for log in Log}
        for position, leaf in verdicts.items():
            self.leaves[Log.VERDICTS][position] = leaf_hash(leaf)
        self.verdicts = verdicts
        roots = tuple(Frontier().extend(self.leaves[log])[0].root() for log in Log)
        self.pair = audited.pair(roots=(roots[0], roots[1]), **signing)

    def forged(self, bundle: bytes) -> bytes:
        """Return a bundle with the changed verdicts, and every proof made anew."""
        files = files_in(bundle)
        for name in [name for name in files if name.endswith(RECORD_PROOF)]:
            folder = name.removesuffix(RECORD_PROOF)
            position = parse_proof(files[name]).index
            files[folder + VERDICT] = self.verdicts.get(position, files[folder + VERDICT])
            files[name] = self._proof(Log.RECORDS, position, self.pair.records)
            files[folder + VERDICT_PROOF] = self._proof(Log.VERDICTS, position, self.pair.verdicts)
        return bundle_of(files)

    def _proof(self, log: Log, position: int, note: Note) -> bytes:
        path = inclusion_path(position, self.size, lambda level, index: self._node(log, level, index))
        return encode_proof(LogProof(index=position, path=path, note=note))

    def _node(self, log: Log, level: int, index: int) -> Digest:
        below = self.leaves[log][index << level : (index + 1) << level]
        return Frontier().extend(below)[0].root()
