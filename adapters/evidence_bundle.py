"""An evidence bundle, `.ortoo.zip`: which files it has, and what they say before anything of it is believed (step 2).

A bundle of one event has its files at the top. A letter's bundle has a folder `events/<position>/` for each of its events.
The enrolments of all keys that signed, back to the genesis, lie once each in `enrolment/<position>/`, and beside them the grants
of the mandates under which something was said; documents lie by digest.
A record with its leaf of the verdict log and both proofs is all that counts: everything else follows from them and must agree.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import BinaryIO, Final

from adapters.errors import AdapterError
from adapters.evidence_report import Findings, Step
from adapters.plain_zip import MOST_ENTRIES, Entry, open_entry, read_plain_zip
from domain.codec import Codec
from domain.header import RECORD_LIMIT_BYTES
from domain.ids import Digest
from domain.log_proofs import MAX_PROOF_BYTES, LogProof, parse_proof
from domain.notes import Note, parse_decimal, parse_hash
from domain.reading import Opened, read_record
from domain.verdicts import VerdictLeaf, parse_leaf

SUFFIX: Final = ".ortoo.zip"
ENTRIES_LIMIT: Final = MOST_ENTRIES
RECORD: Final = "record.bin"
RECORD_PROOF: Final = "record.proof"
VERDICT: Final = "verdict.bin"
VERDICT_PROOF: Final = "verdict.proof"
PAE: Final = "event.pae"
SIGNATURE: Final = "event.sig"
SIGNER: Final = "signer.der"
ISSUER: Final = "issuer.der"
VERIFY: Final = "VERIFY.txt"
EVENTS: Final = "events/"
ENROLMENTS: Final = "enrolment/"
DOCUMENTS: Final = "documents/"
CONSISTENCY: Final = ("consistency/record.path", "consistency/verdict.path")
"""How both logs grew from an older size that somebody holds a checkpoint of, if the bundle was made for him."""

PROVEN: Final = (RECORD, RECORD_PROOF, VERDICT, VERDICT_PROOF)
_LIMITS: Final = {
    RECORD: RECORD_LIMIT_BYTES,
    RECORD_PROOF: MAX_PROOF_BYTES,
    VERDICT: 256,
    VERDICT_PROOF: MAX_PROOF_BYTES,
    PAE: RECORD_LIMIT_BYTES + 256,
    SIGNATURE: 256,
    SIGNER: RECORD_LIMIT_BYTES,
    ISSUER: RECORD_LIMIT_BYTES,
    VERIFY: 16 * 1024 * 1024,
}
_PATH_LIMIT_BYTES: Final = 8 * 1024
_POSITION: Final = r"(0|[1-9][0-9]{0,18})/"
_EVENT_FILE: Final = re.compile(rf"{EVENTS}{_POSITION}({'|'.join(map(re.escape, (*PROVEN, PAE, SIGNATURE)))})")
_ENROLMENT_FILE: Final = re.compile(rf"{ENROLMENTS}{_POSITION}({'|'.join(map(re.escape, (*PROVEN, SIGNER, ISSUER)))})")
_DOCUMENT: Final = re.compile(rf"{DOCUMENTS}([0-9a-f]{{64}})")
_TOP: Final = frozenset({*PROVEN, PAE, SIGNATURE, SIGNER, ISSUER})


class BundleError(AdapterError):
    """A file is no evidence bundle, or something of it is not there."""


class BundleFiles:
    """The files of a bundle, each read when it is asked for; `names` are all their names."""

    def __init__(self, source: BinaryIO) -> None:
        """Check everything of the zip that is not content; raise `PlainZipError`."""
        self._source = source
        self._entries: dict[str, Entry] = {one.name: one for one in read_plain_zip(source, entries_limit=ENTRIES_LIMIT)}
        self.names = frozenset(self._entries)
        self._measured: dict[str, tuple[Digest, int]] = {}

    def read(self, name: str) -> bytes:
        """Return a small file; raise `BundleError` if it is missing or longer than a file of its name can be."""
        entry = self._entries.get(name)
        if entry is None:
            raise BundleError(f"{name} is not in the bundle")
        limit = _LIMITS.get(name.rpartition("/")[2], _PATH_LIMIT_BYTES)
        if entry.size_bytes > limit:
            raise BundleError(f"{name} has {entry.size_bytes:,} bytes, and no such file has more than {limit:,}")
        return b"".join(open_entry(self._source, entry))

    def measure(self, name: str) -> tuple[Digest, int]:
        """Return SHA-256 and size of a document, however long it is; it is read once, however many events name it."""
        if name not in self._measured:
            digest = hashlib.sha256()
            for piece in open_entry(self._source, self._entries[name]):
                digest.update(piece)
            self._measured[name] = (Digest(digest.digest()), self._entries[name].size_bytes)
        return self._measured[name]

    def content(self, name: str, limit_bytes: int) -> bytes | None:
        """Return a document if it is there and no longer than a limit."""
        entry = self._entries.get(name)
        return None if entry is None or entry.size_bytes > limit_bytes else b"".join(open_entry(self._source, entry))


@dataclass(frozen=True, kw_only=True, slots=True)
class Proven:
    """A record with its leaf of the verdict log and the proofs of both, as parsed from the files of one folder.

    `leaf` is what `verdict` says. Nothing of it is verified. `folder` is empty, `events/<position>/` or `enrolment/<position>/`.
    """

    folder: str
    position: int
    record: bytes
    opened: Opened
    leaf: VerdictLeaf
    verdict: bytes
    record_proof: LogProof
    verdict_proof: LogProof


@dataclass(frozen=True, kw_only=True, slots=True)
class OlderTree:
    """The path by which a log is said to have grown from an older size."""

    size: int
    path: tuple[Digest, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Bundle:
    """What a bundle says, parsed: its events and enrolments by position, its documents, and a path from an older size."""

    files: BundleFiles
    events: tuple[Proven, ...]
    enrolments: tuple[Proven, ...]
    documents: frozenset[Digest] = field(default_factory=frozenset)
    older: tuple[OlderTree, OlderTree] | None = None

    @property
    def is_single(self) -> bool:
        """Whether this is the bundle of one event, whose files lie at the top."""
        return RECORD in self.files.names


def document_name(digest: Digest) -> str:
    """Return the name of a document's file."""
    return f"{DOCUMENTS}{digest.hex()}"


def event_folder(position: int) -> str:
    """Return the folder of an event of a letter's bundle."""
    return f"{EVENTS}{position}/"


def enrolment_folder(position: int) -> str:
    """Return the folder of an enrolment."""
    return f"{ENROLMENTS}{position}/"


def encode_older(older: OlderTree) -> bytes:
    """Return a path from an older size as its file: `old <size>`, then a hash a line in base64."""
    hashes = "".join(f"{base64.b64encode(one).decode()}\n" for one in older.path)
    return f"old {older.size}\n{hashes}".encode("ascii")


def parse_bundle(files: BundleFiles, codec: Codec, findings: Findings) -> Bundle:
    """Return what a bundle says (step 2); whatever is no part of a bundle, or not as it must be, goes into the findings."""
    names = files.names
    _require_known_names(names, findings)
    events = [""] if RECORD in names else _folders(names, _EVENT_FILE, EVENTS)
    if not events:
        findings.missing(Step.PARSING, "", "an event")
    parser = _Parser(files=files, codec=codec, findings=findings)
    return Bundle(
        files=files,
        events=parser.all_proven(events),
        enrolments=parser.all_proven(_folders(names, _ENROLMENT_FILE, ENROLMENTS)),
        documents=frozenset(Digest(bytes.fromhex(found[1])) for name in names if (found := _DOCUMENT.fullmatch(name))),
        older=parser.older(),
    )


def _require_known_names(names: frozenset[str], findings: Findings) -> None:
    single = RECORD in names
    for name in sorted(names):
        known = name == VERIFY or name in CONSISTENCY or _ENROLMENT_FILE.fullmatch(name) or _DOCUMENT.fullmatch(name)
        if not known and not (name in _TOP if single else _EVENT_FILE.fullmatch(name)):
            findings.wrong(Step.PARSING, name, f"{name!r} is no file of a bundle")


def _folders(names: Iterable[str], pattern: re.Pattern[str], parent: str) -> list[str]:
    positions = {int(found[1]) for name in names if (found := pattern.fullmatch(name))}
    return [f"{parent}{position}/" for position in sorted(positions)]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Parser:
    """Reads folder by folder. All proofs of a bundle hold the same two notes, which are kept once: a note is long."""

    files: BundleFiles
    codec: Codec
    findings: Findings
    notes: dict[Note, Note] = field(default_factory=dict)

    def all_proven(self, folders: Iterable[str]) -> tuple[Proven, ...]:
        return tuple(one for folder in folders if (one := self._proven(folder)) is not None)

    def _proven(self, folder: str) -> Proven | None:
        absent = [folder + name for name in PROVEN if folder + name not in self.files.names]
        for name in absent:
            self.findings.missing(Step.PARSING, name, name)
        if absent:
            return None
        with self.findings.checking(Step.PARSING, folder):
            record_proof, verdict_proof = (self._proof(folder + name) for name in (RECORD_PROOF, VERDICT_PROOF))
            return Proven(
                folder=folder,
                position=record_proof.index,
                record=(record := self.files.read(folder + RECORD)),
                opened=self._opened(record),
                leaf=parse_leaf(verdict := self.files.read(folder + VERDICT)),
                verdict=verdict,
                record_proof=record_proof,
                verdict_proof=verdict_proof,
            )
        return None

    def _proof(self, name: str) -> LogProof:
        proof = parse_proof(self.files.read(name))
        return replace(proof, note=self.notes.setdefault(proof.note, proof.note))

    def _opened(self, record: bytes) -> Opened:
        reading = read_record(record, self.codec)
        if reading.opened is None:
            raise reading.refused or BundleError(f"{RECORD} holds no record")
        return reading.opened

    def older(self) -> tuple[OlderTree, OlderTree] | None:
        """Return the paths of both logs from an older size, if there are any."""
        present = [name for name in CONSISTENCY if name in self.files.names]
        if not present:
            return None
        with self.findings.checking(Step.PARSING, present[0]):
            records, verdicts = (_parse_older(self.files.read(name)) for name in CONSISTENCY)
            if records.size != verdicts.size:
                raise BundleError(f"{CONSISTENCY[0]} and {CONSISTENCY[1]} begin at different sizes")
            return records, verdicts
        return None


def _parse_older(raw: bytes) -> OlderTree:
    try:
        first, *hashes, end = raw.decode("ascii").split("\n")
    except ValueError as error:
        raise BundleError("a path from an older size is lines of ASCII, each with its line feed") from error
    if end or not first.startswith("old "):
        raise BundleError("a path from an older size begins with `old <size>`, and its last line ends too")
    return OlderTree(size=parse_decimal(first.removeprefix("old ")), path=tuple(parse_hash(one) for one in hashes))
