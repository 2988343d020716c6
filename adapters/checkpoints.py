"""What a station knows from checkpoints: the newest pair that it verified, how far witnesses vouch, and forks.

It reads the board beside its ledger, believes what a key in force has signed over roots that it computed itself, and keeps
the newest. A pair, or the `seen` of a refused event, that is signed over other roots is a fork: the evidence is written into
the home as soon as a pair of this history reaches as far.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from adapters.checkpoint_errors import CheckpointUnpublishedError
from adapters.errors import LedgerError, LedgerExistsError, LedgerMissingError
from adapters.fork_files import ForkFiles
from adapters.ledger import Ledger, Slot
from adapters.store.checkpoints import Kept
from adapters.store.ledger_store import LedgerStore
from adapters.store.tiles import Log
from domain.checkpoint_signatures import VerifiedPair, seen_of, verify_pair
from domain.checkpoints import CheckpointPair, encode_pair, parse_checkpoint, parse_pair
from domain.cosignatures import QuorumMissingError, WitnessKey, cosignatures, require_pair_quorum
from domain.events import CheckpointKey
from domain.exchange import Exchange
from domain.forks import claims_of, fork_between
from domain.header import Seen
from domain.ids import Digest, sha256
from domain.notes import Note, NoteInvalidError
from domain.reasons import Reason
from schemas.codec import LedgerCodec

READ_AT_ONCE: Final = 200
"""Pairs read at once: two megabytes as they usually are."""
READ_IN_ONE_GO: Final = 2_000
"""Pairs that a command reads at most: who may write to the board could fill it, and nobody is to wait for that."""
LOOKED_AT_ONCE: Final = 5_000
"""Records looked through for refused events in one go: some milliseconds, however long the ledger is."""
LOOKED_BACK: Final = 1_000
"""Records looked through again before it is noted that there was nothing in them; noting costs a write."""


@dataclass(frozen=True, kw_only=True, slots=True)
class WitnessPolicy:
    """Whose cosignatures this station believes, and how many of them a pair needs; with 0 none is ever witnessed."""

    witnesses: tuple[WitnessKey, ...] = ()
    quorum: int = 0

    def time_of(self, pair: CheckpointPair) -> int:
        """Return the time of a pair's quorum, in seconds UTC; raise `QuorumMissingError` or `NoteInvalidError`."""
        return require_pair_quorum(pair, self.witnesses, self.quorum)

    def counted(self, pair: CheckpointPair) -> int:
        """Return how many witnesses have cosigned both notes; 0 if one of their lines is wrong."""
        try:
            return min(len(cosignatures(note, self.witnesses)) for note in (pair.records, pair.verdicts))
        except NoteInvalidError:
            return 0


NO_WITNESSES: Final = WitnessPolicy()
"""A station that was told of no witness."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Claim:
    """Heads of both logs that the operator's key signed, and that this history does not have, or does not reach yet."""

    notes: tuple[Note, Note]
    key: Digest


class Checkpoints:
    """The checkpoints of one station's ledger. All raise `StoreUnreachableError` if its store does not answer."""

    def __init__(
        self,
        *,
        board: Ledger,
        make_board: Callable[[], None],
        store: LedgerStore,
        codec: LedgerCodec,
        policy: WitnessPolicy,
        forks: ForkFiles,
    ) -> None:
        """Take the board and how to make it, the store whose trees count, who is believed, and where evidence goes."""
        self.board = board
        self.policy = policy
        self._make_board = make_board
        self._store = store
        self._codec = codec
        self._forks = forks
        self.problem: LedgerError | None = None
        self.unsettled: int | None = None
        self._claimed: int | None = None

    @property
    def other_history(self) -> int | None:
        """The size of something that the operator signed, on the board or told by an event, and this history does not have."""
        return self._claimed if self.unsettled is None else self.unsettled

    def forks(self) -> tuple[Path, ...]:
        """Return the files of evidence that the operator signed another history."""
        return self._forks.found()

    def forks_by(self, key: CheckpointKey) -> tuple[Path, ...]:
        """Return those of them in which this key has signed the other history."""
        return tuple(file for file in self._forks.found() if self._forks.key_in(file) == key.ed25519)

    def newest(self, exchange: Exchange) -> VerifiedPair | None:
        """Return the newest pair that was verified here, None if there is none by a key that is still in force."""
        return self._kept(Kept.NEWEST, exchange)

    def seen(self, exchange: Exchange) -> Seen | None:
        """Return what the header of an event says of the newest pair."""
        newest = self.newest(exchange)
        return None if newest is None else seen_of(newest)

    def witnessed(self, exchange: Exchange) -> CheckpointPair | None:
        """Return the newest pair that has a quorum of this station's witnesses, None if there is none."""
        # Without a quorum nothing ever is, and nobody is asked.
        for kept in (Kept.NEWEST, Kept.WITNESSED) if self.policy.quorum > 0 else ():
            found = self._kept(kept, exchange)
            if found is not None and self._has_quorum(found.pair):
                return found.pair
        return None

    def witnessed_size(self, exchange: Exchange) -> int:
        """Return how many records the newest witnessed pair covers, 0 if there is none."""
        found = self.witnessed(exchange)
        return 0 if found is None else found.size

    def follow(
        self, exchange: Exchange, proceed: Callable[[], bool] = lambda: True, *, most: int | None = READ_IN_ONE_GO
    ) -> None:
        """Read the board while `proceed()`, and look at the events that were refused for what they had seen.

        At most so many pairs are read (None: to the end); the next call goes on from there. A board that is missing, does not
        answer or refuses is no error here: `problem` says so until it does. `unsettled` is the size of a pair that the operator
        has signed and that this history does not have: it is not read so far yet, or the ledger is not what it was. Raises
        `KeyFileError` if evidence of a fork cannot be written.
        """
        if not exchange.checkpoint_keys:
            return
        self.problem = self.unsettled = None
        try:
            self._read_board(exchange, proceed, most)
        except LedgerError as error:
            self.problem = error
        self._look_at_refused(exchange)

    def publish(self, pair: bytes) -> None:
        """Put an encoded pair on the board, and make the board if there is none yet; raise `CheckpointUnpublishedError`."""
        try:
            try:
                self.board.append(pair)
            except LedgerMissingError:
                # Another process may have made it since.
                with contextlib.suppress(LedgerExistsError):
                    self._make_board()
                self.board.append(pair)
        except LedgerError as error:
            raise CheckpointUnpublishedError(str(error)) from error

    def _read_board(self, exchange: Exchange, proceed: Callable[[], bool], most: int | None) -> None:
        kept = self._store.checkpoints
        noted = kept.reached(Kept.BOARD)
        # A board that is shorter than what was read is another one: it is read from its beginning.
        position = start = noted if self.board.end() >= noted else 0
        unsettled: int | None = None
        while proceed() and (most is None or position - start < most) and (slots := self.board.read(position, READ_AT_ONCE)):
            found = self._take(slots, exchange)
            unsettled = found if unsettled is None else unsettled
            position = slots[-1].position + 1
            reached = position if unsettled is None else unsettled
            if reached != noted:
                kept.keep(Kept.BOARD, reached)
                noted = reached

    def _take(self, slots: Sequence[Slot], exchange: Exchange) -> int | None:
        """Look at pairs, the newest first, and return the earliest position of one that cannot be settled yet."""
        others: list[tuple[int, CheckpointPair]] = []
        for slot in reversed(slots):
            pair = _parsed(slot.record)
            if pair is None:
                continue
            if pair.size <= self._store.next_position() and self._store.roots_at(pair.size) == pair.roots:
                self._offer(pair, exchange)
            else:
                others.append((slot.position, pair))
        unsettled = [(position, pair.size) for position, pair in others if not self._settle(pair, exchange)]
        if not unsettled:
            return None
        position, self.unsettled = unsettled[-1]
        return position

    def _settle(self, pair: CheckpointPair, exchange: Exchange) -> bool:
        """Return whether nothing more is to be found out of a pair that is none of this history as far as it is read."""
        try:
            verified = verify_pair(pair, exchange.name, exchange.identity, exchange.checkpoint_keys)
        except NoteInvalidError:
            # Anybody can write anything; only what the operator signed means something.
            return True
        return self._settle_claim(_Claim(notes=(pair.records, pair.verdicts), key=verified.key.ed25519), exchange)

    def _offer(self, pair: CheckpointPair, exchange: Exchange) -> None:
        """Keep a pair over roots of this history if it is newer than the one that is kept, or witnessed further."""
        newest, witnessed = self.newest(exchange), self.witnessed(exchange)
        newer = newest is None or self._rank(pair) > self._rank(newest.pair)
        vouched = (witnessed is None or pair.size > witnessed.size) and self._has_quorum(pair)
        if not newer and not vouched:
            return
        try:
            verify_pair(pair, exchange.name, exchange.identity, exchange.checkpoint_keys)
        except NoteInvalidError:
            return
        raw = encode_pair(pair)
        if vouched:
            self._store.checkpoints.keep(Kept.WITNESSED, pair.size, raw)
        if newer:
            self._store.checkpoints.keep(Kept.NEWEST, pair.size, raw)

    def _rank(self, pair: CheckpointPair) -> tuple[int, int]:
        return pair.size, self.policy.counted(pair)

    def _settle_claim(self, claim: _Claim, exchange: Exchange) -> bool:
        """Write the evidence of a fork if this history has a pair that reaches so far; return whether the case is closed."""
        size = parse_checkpoint(claim.notes[0].text).size
        if size == 0:
            # Every history begins with nothing.
            return True
        if size > self._store.next_position():
            return False
        newest = self.newest(exchange)
        for log, note, root in zip(Log, claim.notes, self._store.roots_at(size), strict=True):
            if parse_checkpoint(note.text).root == root:
                continue
            if newest is None or newest.pair.size < size:
                return False
            held = newest.pair.records if log is Log.RECORDS else newest.pair.verdicts
            node = functools.partial(self._store.node, log)
            self._forks.keep(fork_between((note, claim.key), (held, newest.key.ed25519), node))
        return True

    def _look_at_refused(self, exchange: Exchange) -> None:
        kept = self._store.checkpoints
        start = kept.reached(Kept.REFUSED)
        stop = min(self._store.next_position(), start + LOOKED_AT_ONCE)
        rows = kept.refused(Reason.SEEN_OTHER_HISTORY, start, stop)
        reached, self._claimed = stop, None
        for position, record in rows:
            claim = self._claim_in(record, exchange)
            if claim is not None and not self._settle_claim(claim, exchange):
                reached = min(reached, position)
                self._claimed = parse_checkpoint(claim.notes[0].text).size
        if reached != start and (rows or reached - start > LOOKED_BACK):
            kept.keep(Kept.REFUSED, reached)

    def _claim_in(self, record: bytes, exchange: Exchange) -> _Claim | None:
        """Return what a refused event had seen, if a key in force has signed that."""
        event = self._codec.envelope(record)
        seen = self._codec.body(event.payload_type, event.payload).header.seen
        keys = {sha256(key.ed25519): key.ed25519 for key in exchange.checkpoint_keys}
        if seen is None or seen.key not in keys:
            return None
        try:
            notes = claims_of(seen, exchange.name, exchange.identity, keys[seen.key])
        except NoteInvalidError:
            return None
        return _Claim(notes=notes, key=keys[seen.key])

    def _kept(self, kept: Kept, exchange: Exchange) -> VerifiedPair | None:
        raw = self._store.checkpoints.pair(kept)
        return None if raw is None else _verified(raw, exchange.name, exchange.identity, exchange.checkpoint_keys)

    def _has_quorum(self, pair: CheckpointPair) -> bool:
        try:
            self.policy.time_of(pair)
        except (QuorumMissingError, NoteInvalidError):
            return False
        return True


@functools.lru_cache(maxsize=16)
def _verified(raw: bytes, name: str, identity: Digest, keys: tuple[CheckpointKey, ...]) -> VerifiedPair | None:
    """Return a pair of the store with the key that signed it; None if that is no longer in force. Asked for again and again."""
    try:
        return verify_pair(parse_pair(raw), name, identity, keys)
    except NoteInvalidError:
        return None


def _parsed(record: bytes | None) -> CheckpointPair | None:
    try:
        return parse_pair(record or b"")
    except NoteInvalidError:
        return None
