"""A witness: it cosigns heads of logs that it watches, each only if it continues the last one that it cosigned.

C2SP tlog-witness, "add-checkpoint": what is malformed, unknown, not the operator's, or not consistent is refused, each by the
status that stands there. Of the operator both lines are asked for, Ed25519 and ML-DSA-44 (formats.md, "Checkpoints").
"""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from adapters.errors import KeyFileError
from adapters.fork_files import ForkFiles
from adapters.witness_errors import CheckpointRefusedError, HeadMovedError, LogNotToldError, WitnessEvidenceError
from adapters.witness_memory import Head, WitnessMemory
from domain.checkpoint_signatures import verify_operator
from domain.checkpoints import Checkpoint, parse_checkpoint
from domain.events import CheckpointKey
from domain.forks import Fork
from domain.ids import Digest
from domain.notes import MAX_NOTE_BYTES, Note, NoteInvalidError, parse_decimal, parse_hash, parse_note
from domain.proofs import ProofInvalidError, verify_consistency
from domain.tree import EMPTY_ROOT

PROOF_LIMIT_LINES: Final = 63
"""A client must not send more (C2SP tlog-witness)."""
REQUEST_LIMIT_BYTES: Final = MAX_NOTE_BYTES + 4096
"""The largest note that is read, and a proof before it."""
_OLD: Final = "old "

Cosign = Callable[[str, int], bytes]
"""Makes the signature line, with its newline, over the text of a note at a time in seconds."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AddCheckpoint:
    """What a log asks for: a cosignature of a note, whose tree continues one of `old_size` as the proof shows."""

    old_size: int
    proof: tuple[Digest, ...]
    note: Note
    checkpoint: Checkpoint


@dataclass(frozen=True, kw_only=True, slots=True)
class Cosigned:
    """A head that was cosigned now, for the first time or again."""

    origin: str
    size: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A request that was not answered with a cosignature, and why."""

    status: HTTPStatus
    why: str
    origin: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Forked:
    """A log showed another head of the size that was cosigned before; both notes are signed by its operator."""

    origin: str
    size: int


Event = Cosigned | Refused | Forked


class Witness:
    """Answers requests to cosign, from any number of threads."""

    def __init__(
        self,
        watched: Mapping[str, tuple[CheckpointKey, ...]],
        memory: WitnessMemory,
        evidence: ForkFiles,
        cosign: Cosign,
        now_s: Callable[[], int],
        tell: Callable[[Event], None],
    ) -> None:
        """Watch logs by origin, each with its operator's keys in force; `tell` is told of everything that comes of a request.

        Evidence of forks goes into files, for anybody to verify.
        """
        self._watched = watched
        self._memory = memory
        self._evidence = evidence
        self._cosign = cosign
        self._now_s = now_s
        self._tell = tell
        self._turn = threading.Lock()

    def add_checkpoint(self, raw: bytes) -> bytes:
        """Return the cosignature lines for a request's body, once its head is remembered.

        Raises `CheckpointRefusedError`, `HeadMovedError` if the request begins at another size than is remembered,
        `LogNotToldError`, `WitnessMemoryError` and `WitnessEvidenceError`.
        """
        origin = None
        try:
            request = parse_request(raw)
            origin = request.checkpoint.origin
            key = self._operator_of(request.note, origin)
            with self._turn:
                head = self._advance(request, key)
        except (HeadMovedError, LogNotToldError) as error:
            status = HTTPStatus.CONFLICT if isinstance(error, HeadMovedError) else HTTPStatus.SERVICE_UNAVAILABLE
            self._tell(Refused(status=status, why=str(error), origin=origin))
            raise
        except CheckpointRefusedError as error:
            # What nobody vouches for is a stranger's text, and stays out of the log.
            known = origin if origin in self._watched else None
            self._tell(Refused(status=error.status, why=str(error), origin=known))
            raise
        self._tell(Cosigned(origin=head.origin, size=head.size))
        return self._cosign(request.note.text, head.at_s)

    def _operator_of(self, note: Note, origin: str) -> CheckpointKey:
        """Return the key that has signed both lines of a note."""
        keys = self._watched.get(origin)
        if keys is None:
            raise CheckpointRefusedError(HTTPStatus.NOT_FOUND, "This witness does not watch a log of that origin.")
        for key in keys:
            with contextlib.suppress(NoteInvalidError):
                verify_operator(note, key)
                return key
        raise CheckpointRefusedError(
            HTTPStatus.FORBIDDEN, "No key that this witness knows of the log has signed both lines of the note."
        )

    def _advance(self, request: AddCheckpoint, key: CheckpointKey) -> Head:
        """Remember the head of a request if it continues the one that is remembered, and return it."""
        wanted = request.checkpoint
        held = self._memory.head(wanted.origin)
        held_size = held.size if held else 0
        self._refuse_fork(request, key, held)
        if request.old_size != held_size:
            raise HeadMovedError(wanted.origin, held_size)
        _require_consistency(request, held.root if held else EMPTY_ROOT)
        head = Head(origin=wanted.origin, size=wanted.size, root=wanted.root, note=request.note.encoded(), at_s=self._now_s())
        self._memory.remember(head, after=held)
        return head

    def _refuse_fork(self, request: AddCheckpoint, key: CheckpointKey, held: Head | None) -> None:
        """Refuse a second head of the size that is remembered: two notes that nobody can have signed by mistake."""
        wanted = request.checkpoint
        if held is None or wanted.size != held.size or wanted.root == held.root:
            return
        self._tell(Forked(origin=wanted.origin, size=held.size))
        if held.note:
            self._keep_evidence(request.note, key, held)
        raise HeadMovedError(wanted.origin, held.size)

    def _keep_evidence(self, claimed: Note, key: CheckpointKey, held: Head) -> None:
        note = parse_note(held.note)
        try:
            held_key = self._operator_of(note, held.origin)
        except CheckpointRefusedError:
            # The key under the older note is watched no more, and evidence names both.
            return
        fork = Fork(claimed_key=key.ed25519, held_key=held_key.ed25519, claimed=claimed, held=note, root=held.root, path=())
        try:
            self._evidence.keep(fork)
        except KeyFileError as error:
            raise WitnessEvidenceError(str(error)) from error


def parse_request(raw: bytes) -> AddCheckpoint:
    """Return what the body of a request asks for; raise `CheckpointRefusedError` (400) if it is malformed."""
    before, _, note_bytes = raw.partition(b"\n\n")
    try:
        first, *proof = before.decode("ascii").split("\n")
        if not first.startswith(_OLD) or len(proof) > PROOF_LIMIT_LINES:
            raise _malformed(f"an old size and at most {PROOF_LIMIT_LINES} lines of proof stand before the empty line")
        note = parse_note(note_bytes)
        asked = AddCheckpoint(
            old_size=parse_decimal(first.removeprefix(_OLD)),
            proof=tuple(parse_hash(line) for line in proof),
            note=note,
            checkpoint=parse_checkpoint(note.text),
        )
    except (NoteInvalidError, UnicodeDecodeError) as error:
        raise _malformed(str(error)) from error
    if asked.old_size > asked.checkpoint.size:
        raise _malformed("its old size is above that of the checkpoint")
    return asked


def request_body(old_size: int, proof: tuple[Digest, ...], note: Note) -> bytes:
    """Return the body that asks for a cosignature of a note, with the proof that its tree continues that of an old size."""
    lines = (b"old %d\n" % old_size, *(base64.b64encode(digest) + b"\n" for digest in proof))
    return b"".join((*lines, b"\n", note.encoded()))


def _require_consistency(request: AddCheckpoint, held_root: Digest) -> None:
    wanted = request.checkpoint
    if request.old_size == 0:
        # Every tree begins with the empty one, so there is nothing to prove, and only one root of no leaves.
        if request.proof or (wanted.size == 0 and wanted.root != EMPTY_ROOT):
            raise _unproved("a proof from size 0 is empty, and the root of an empty tree is fixed")
        return
    try:
        verify_consistency(
            first=request.old_size,
            first_root=held_root,
            second=wanted.size,
            second_root=wanted.root,
            path=request.proof,
        )
    except ProofInvalidError as error:
        raise _unproved(str(error)) from error


def _unproved(why: str) -> CheckpointRefusedError:
    return CheckpointRefusedError(HTTPStatus.UNPROCESSABLE_ENTITY, f"The proof does not hold: {why}.")


def _malformed(why: str) -> CheckpointRefusedError:
    return CheckpointRefusedError(HTTPStatus.BAD_REQUEST, f"The request is malformed: {why}.")
