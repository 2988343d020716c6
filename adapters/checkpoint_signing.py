"""Signing a pair of checkpoints: one process at a time, only what continues the last one, only after reading records back.

The pair is on the disk before anybody else can see it. So whenever the process ends, the next one knows what was signed, and
the same size is never signed over other roots.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from adapters.checkpoint_errors import (
    CheckpointBehindError,
    CheckpointBusyError,
    CheckpointContradictsError,
    CheckpointSigningError,
)
from adapters.errors import LedgerMissingError
from adapters.ledger import READ_LIMIT_SLOTS, Slot
from adapters.station import Station
from adapters.store.checkpoints import Kept
from adapters.store.entries import Entry
from adapters.store.lease import StoreLease
from adapters.store.tiles import Log
from adapters.witness_client import ToCosign, gather_cosignatures
from adapters.witness_errors import WitnessError
from domain.checkpoint_signatures import CheckpointSigner, VerifiedPair, operator_lines, verify_pair
from domain.checkpoints import (
    Checkpoint,
    CheckpointPair,
    checkpoint_text,
    encode_pair,
    parse_checkpoint,
    parse_pair,
    record_origin,
    verdict_origin,
)
from domain.cosignatures import WitnessKey, cosignatures
from domain.ledger_time import MS_PER_S
from domain.notes import Note, NoteInvalidError
from domain.proofs import ProofInvalidError, verify_consistency
from domain.tree import leaf_hash


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedPair:
    """A pair that was signed and published, by which key, and what each witness that did not cosign did, by address."""

    verified: VerifiedPair
    problems: Mapping[str, WitnessError]

    @property
    def pair(self) -> CheckpointPair:
        """Both notes, with the cosignatures that came."""
        return self.verified.pair


def sign_checkpoints(station: Station, key: CheckpointSigner, witnesses: Sequence[str], lease: StoreLease) -> SignedPair:
    """Sign the ledger's head, ask witnesses (by address) to cosign it, publish it, and return it.

    Raises `CheckpointSigningError` with what is in the way, and what the store and the board raise; the last pair that was
    signed stays the last then.
    """
    if not lease.take():
        raise CheckpointBusyError(lease.holder())
    try:
        return _sign(station, key, witnesses)
    finally:
        lease.close()


def _sign(station: Station, key: CheckpointSigner, witnesses: Sequence[str]) -> SignedPair:
    freshness = station.catch_up()
    if freshness.behind is not None or freshness.position == 0:
        raise CheckpointBehindError(freshness.why)
    if key.public not in station.exchange.checkpoint_keys:
        msg = "No checkpoint was signed: the ledger does not name this key. The roots do: `ortoo ledger add-checkpoint-key`."
        raise CheckpointSigningError(msg)
    station.parts.checkpoints.follow(station.exchange, most=None)
    _require_no_fork(station, key)
    last = _last_signed(station)
    _require_continues(station, last, freshness.position)
    _read_back(station, 0 if last is None else last.size, freshness.position)
    pair, problems = _publish(station, _signed(station, key, freshness.position), last, witnesses)
    return SignedPair(verified=VerifiedPair(pair=pair, key=key.public), problems=problems)


def _require_no_fork(station: Station, key: CheckpointSigner) -> None:
    """Raise if this key has signed another history, or a key in force one that this one may never become."""
    if station.parts.checkpoints.forks_by(key.public):
        raise CheckpointContradictsError("there is evidence in this home that this key has signed another history")
    unsettled = station.parts.checkpoints.unsettled
    if unsettled is not None:
        raise CheckpointContradictsError(f"a checkpoint over {unsettled} records was published that this history does not have")


def _last_signed(station: Station) -> CheckpointPair | None:
    """Return the largest pair that this station signed or found published; the one on the board outlives a lost store."""
    raw, problem = station.parts.store.checkpoints.pair(Kept.SIGNED), station.parts.checkpoints.problem
    if raw is None and problem is not None and not isinstance(problem, LedgerMissingError):
        # What a lost store has signed stands on the board alone.
        raise CheckpointBehindError(str(problem))
    published = station.parts.checkpoints.newest(station.exchange)
    found = ([] if raw is None else [_kept(raw)]) + ([] if published is None else [published.pair])
    return max(found, key=lambda pair: pair.size, default=None)


def _kept(raw: bytes) -> CheckpointPair:
    try:
        return parse_pair(raw)
    except NoteInvalidError as error:
        raise CheckpointSigningError(
            f"No checkpoint was signed: what this station's store keeps of the last one cannot be read ({error}). Move the store "
            "away and let it be rebuilt from the ledger; what was signed last then comes from the board."
        ) from error


def _require_continues(station: Station, last: CheckpointPair | None, size: int) -> None:
    """Raise unless both trees at `size` begin with those that were signed last."""
    if last is None:
        return
    if last.size > size:
        raise CheckpointContradictsError(f"{last.size} records were signed, and only {size} are there now")
    store = station.parts.store
    for log, first_root, second_root in zip(Log, last.roots, store.roots_at(size), strict=True):
        path = store.consistency(log, last.size, size)
        try:
            verify_consistency(first=last.size, first_root=first_root, second=size, second_root=second_root, path=path)
        except ProofInvalidError as error:
            kind = "records" if log is Log.RECORDS else "verdicts"
            raise CheckpointContradictsError(f"the {kind} do not continue those that were signed at size {last.size}") from error


def _read_back(station: Station, start: int, size: int) -> None:
    """Read the records back from the ledger, and raise unless the leaves of both trees are theirs and their verdicts'."""
    position = start
    while position < size:
        slots = station.parts.ledger.read(position, min(READ_LIMIT_SLOTS, size - position))
        entries = station.parts.store.entries(position, len(slots))
        if not slots or len(entries) != len(slots):
            raise CheckpointContradictsError(f"position {position} cannot be read back")
        for slot, entry in zip(slots, entries, strict=True):
            _require_leaves(station, slot, entry)
        position += len(slots)


def _require_leaves(station: Station, slot: Slot, entry: Entry) -> None:
    store = station.parts.store
    found = (leaf_hash(slot.record or b""), leaf_hash(entry.verdict.leaf()))
    held = tuple(store.node(log, 0, slot.position) for log in Log)
    if found != held:
        what = "the ledger holds another record than the one judged" if found[0] != held[0] else "another verdict was counted"
        raise CheckpointContradictsError(f"{what} at position {slot.position}")


def _signed(station: Station, key: CheckpointSigner, size: int) -> CheckpointPair:
    exchange, at_s = station.exchange, station.parts.now_ms() // MS_PER_S
    origins = (record_origin(exchange.name, exchange.identity), verdict_origin(exchange.name, exchange.identity))
    notes = []
    for origin, root in zip(origins, station.parts.store.roots_at(size), strict=True):
        text = checkpoint_text(Checkpoint(origin=origin, size=size, root=root))
        notes.append(Note(text=text, lines=operator_lines(text, origin, key, at_s)))
    pair = CheckpointPair(records=notes[0], verdicts=notes[1])
    try:
        # What a broken device signs is never published, and does not end a station that has other work.
        verify_pair(pair, exchange.name, exchange.identity, (key.public,))
    except NoteInvalidError as error:
        raise CheckpointSigningError(
            f"No checkpoint was signed: what the key made does not verify ({error}). Look at it."
        ) from error
    station.parts.store.checkpoints.keep(Kept.SIGNED, size, encode_pair(pair))
    return pair


def _publish(
    station: Station, pair: CheckpointPair, last: CheckpointPair | None, witnesses: Sequence[str]
) -> tuple[CheckpointPair, Mapping[str, WitnessError]]:
    problems: dict[str, WitnessError] = {}
    notes = []
    before = (None, None) if last is None else (last.records, last.verdicts)
    for log, note, earlier in zip(Log, (pair.records, pair.verdicts), before, strict=True):
        cosigned, silent = _cosigned(station, log, note, earlier, witnesses)
        problems |= silent
        notes.append(cosigned)
    published = CheckpointPair(records=notes[0], verdicts=notes[1])
    raw = encode_pair(published)
    station.parts.store.checkpoints.keep(Kept.SIGNED, published.size, raw)
    station.parts.checkpoints.publish(raw)
    station.parts.checkpoints.follow(station.exchange)
    return published, problems


def _cosigned(
    station: Station, log: Log, note: Note, earlier: Note | None, witnesses: Sequence[str]
) -> tuple[Note, Mapping[str, WitnessError]]:
    """Return a note with the lines of witnesses that answered or had signed this text before, and what the others did."""
    size, known = parse_checkpoint(note.text).size, station.parts.checkpoints.policy.witnesses
    names = _cosigners(earlier, known)
    gathered = gather_cosignatures(
        witnesses,
        ToCosign(
            note=note,
            size=size,
            proof_from=lambda first: station.parts.store.consistency(log, first, size),
            known=known,
            since=parse_checkpoint(earlier.text).size if earlier is not None and names else 0,
            cosigners=names,
        ),
    )
    answered = {(line.name, line.key_id) for line in gathered.lines}
    # By key and not by name: of what is on the board, the lines that nobody knows came from whoever could write there.
    kept = {(key.name, key.key_id) for key in known if key.name in names} - answered
    same = earlier is not None and earlier.text == note.text
    again = [line for line in earlier.lines if (line.name, line.key_id) in kept] if earlier is not None and same else []
    return Note(text=note.text, lines=(*note.lines, *gathered.lines, *again)), gathered.problems


def _cosigners(note: Note | None, known: tuple[WitnessKey, ...]) -> frozenset[str]:
    try:
        return frozenset(one.name for one in cosignatures(note, known)) if note is not None else frozenset()
    except NoteInvalidError:
        # A line that does not verify makes nobody's word; the note is not asked about again.
        return frozenset()
