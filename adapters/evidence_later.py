"""What a verifier holds besides a bundle: an older checkpoint, or the whole ledger, which tells what happened since (step 8)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Protocol

from adapters.evidence_bundle import Bundle, BundleError, OlderTree, Proven
from adapters.evidence_report import SinceCode, SinceFact, UnprovenError
from domain.changes import View
from domain.checkpoints import Checkpoint, CheckpointPair
from domain.contests import is_contested, settlement
from domain.events import LetterDispatched
from domain.ids import Digest, LetterId
from domain.keys import Key, KeyStatus, key_of_certificate
from domain.letters import letter, tally
from domain.proofs import verify_consistency


class LaterHistory(Protocol):
    """A ledger that the verifier holds himself and has replayed: it tells what happened since."""

    @property
    def size(self) -> int:
        """How many records he has read."""

    @property
    def view(self) -> View:
        """Everything that is known after these."""

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots at a size that he has read."""


def verify_held(pair: CheckpointPair, held: CheckpointPair, bundle: Bundle, later: LaterHistory | None) -> None:
    """Verify that a bundle's checkpoint and the one that the verifier holds are of one history (step 8).

    Raises `BundleError` or `ProofInvalidError` if they are not, `UnprovenError` if nothing at hand tells.
    """
    size = held.size
    if held.heads[0].origin != pair.heads[0].origin:
        raise BundleError(f"the checkpoint that you hold is of another ledger, {held.heads[0].origin!r}")
    if later is not None and size <= later.size:
        # Both are compared with one replayed history, so they are of one.
        _require_roots(later.roots_at(size), held.roots, f"the ledger at hand, at size {size}, and the checkpoint that you hold")
    elif size == pair.size:
        _require_roots(pair.roots, held.roots, f"the bundle and the checkpoint that you hold, both at size {size},")
    elif bundle.older is None or bundle.older[0].size != size or size > pair.size:
        raise UnprovenError(f"a proof that the checkpoint that you hold (size {size}) and the bundle's are of one history")
    else:
        for older, first, second in zip(bundle.older, held.heads, pair.heads, strict=True):
            _verify_grown(older, first, second)


def verify_later(pair: CheckpointPair, later: LaterHistory) -> None:
    """Verify that a ledger at hand is the one on which a bundle rests (step 8).

    Raises `BundleError` if it is not, `UnprovenError` if it does not reach as far.
    """
    if later.size < pair.size:
        raise UnprovenError(f"the ledger at hand up to the checkpoint of size {pair.size}: it ends at {later.size}")
    _require_roots(later.roots_at(pair.size), pair.roots, f"the ledger at hand, at size {pair.size}, and the bundle")


def _require_roots(one: tuple[Digest, Digest], other: tuple[Digest, Digest], whose: str) -> None:
    if one != other:
        raise BundleError(f"{whose} have different roots: these are two histories")


def happened_since(one: Proven, view: View) -> Iterator[SinceFact]:
    """Yield what happened after an event to the keys that signed it, and to the letter if it is one."""
    for signer in one.opened.body.header.signers:
        key = key_of_certificate(view, signer)
        if key is not None and key.status_position > one.position:
            yield from _key_since(key, one, view)
    if isinstance(one.opened.body, LetterDispatched) and letter(view, LetterId(one.opened.identity)) is not None:
        found = tally(view, LetterId(one.opened.identity))
        for code, position in ((SinceCode.RECALLED, found.last_recall), (SinceCode.SUPERSEDED, found.superseded_position)):
            if position is not None:
                yield SinceFact(code=code, position=position, officer=None)


def _key_since(key: Key, one: Proven, view: View) -> Iterator[SinceFact]:
    settled = settlement(view, one.opened.identity, key.officer)
    if not is_contested(key, one.position):
        code = {KeyStatus.REVOKED: SinceCode.REVOKED, KeyStatus.SUSPENDED: SinceCode.SUSPENDED}.get(key.status)
        if code is not None:
            yield SinceFact(code=code, position=key.status_position, officer=key.officer)
        return
    yield SinceFact(code=SinceCode.COMPROMISED, position=key.status_position, officer=key.officer)
    if settled is not None:
        yield SinceFact(code=SinceCode(settled.outcome.value), position=settled.position, officer=key.officer)


def is_contested_by(since: Iterable[SinceFact]) -> bool:
    """Tell whether a key was declared compromised back to before an event that its officer did not reaffirm."""
    told = list(since)
    reaffirmed = {one.officer for one in told if one.code is SinceCode.REAFFIRMED}
    return any(one.code is SinceCode.COMPROMISED and one.officer not in reaffirmed for one in told)


def superseded_since(one: Proven, view: View) -> LetterId | None:
    """Return the letter that was declared to take the place of this one, None if none was or this is no letter."""
    identity = LetterId(one.opened.identity)
    if not isinstance(one.opened.body, LetterDispatched) or letter(view, identity) is None:
        return None
    return tally(view, identity).superseded_by


def _verify_grown(older: OlderTree, first: Checkpoint, second: Checkpoint) -> None:
    verify_consistency(first=first.size, first_root=first.root, second=second.size, second_root=second.root, path=older.path)
