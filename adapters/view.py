"""The view that the judge reads: the store, and on top of it what the records of this batch have changed already."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final, Protocol

from domain.changes import Original, State
from domain.ids import Digest, EventId, LetterId, OfficerId, OrgId
from domain.letters import LetterEntered
from domain.reasons import Reason
from domain.tree import Frontier, leaf_hash
from domain.verdicts import Judged

CACHED_STATES: Final = 50_000
"""Some 50 MB of states at most; a larger exchange works on, a little slower."""
_DUPLICATES: Final = frozenset({Reason.DUPLICATE, Reason.DUPLICATE_CONFLICT})


class Stored(Protocol):
    """What the view needs of the store."""

    def next_position(self) -> int:
        """Return the position after the last one stored."""

    def state(self, aggregate_id: str) -> State | None:
        """Return the stored state of an aggregate."""

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the authentic event that consumed this (officer, event id)."""

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots at a size that is stored."""

    def trees(self) -> tuple[Frontier, Frontier]:
        """Return both trees as stored."""

    def letters_addressed_to(self, organisation: OrgId) -> Iterable[LetterId]:
        """Return the stored letters that name an organisation, itself or in a group."""


class StoreView:
    """A `domain.changes.View` over a store, extended record by record while a batch is judged."""

    def __init__(self, store: Stored) -> None:
        """Begin with what is stored."""
        self._store = store
        self._cache: OrderedDict[str, State | None] = OrderedDict()
        self._states: dict[str, State | None] = {}
        self._originals: dict[tuple[OfficerId, EventId], Original] = {}
        self._pending: list[Judged] = []

    @property
    def pending(self) -> tuple[Judged, ...]:
        """What was judged since the last `settle`."""
        return tuple(self._pending)

    def get(self, aggregate_id: str) -> State | None:
        """Return the state of an aggregate, None if nothing has happened to it."""
        if aggregate_id in self._states:
            return self._states[aggregate_id]
        if aggregate_id in self._cache:
            self._cache.move_to_end(aggregate_id)
            return self._cache[aggregate_id]
        state = self._store.state(aggregate_id)
        self._remember(aggregate_id, state)
        return state

    def original(self, officer: OfficerId, event_id: EventId) -> Original | None:
        """Return the authentic event that consumed this (officer, event id), None if it is new."""
        return self._originals.get((officer, event_id)) or self._store.original(officer, event_id)

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots when the logs had `size` leaves."""
        stored = self._store.next_position()
        if size <= stored:
            return self._store.roots_at(size)
        records, verdicts = self._store.trees()
        for judged in self._pending[: size - stored]:
            records, _ = records.append(leaf_hash(judged.record or b""))
            verdicts, _ = verdicts.append(leaf_hash(judged.verdict.leaf()))
        return records.root(), verdicts.root()

    def letters_addressed_to(self, organisation: OrgId) -> Iterator[LetterId]:
        """Yield the letters that may go to an organisation: the stored ones that do, and all of this batch."""
        yield from self._store.letters_addressed_to(organisation)
        for judged in self._pending:
            yield from (change.letter for change in judged.changes if isinstance(change, LetterEntered))

    def add(self, judged: Judged) -> None:
        """Extend the view by a verdict and what it changes."""
        self._pending.append(judged)
        verdict, body = judged.verdict, judged.body
        if verdict.is_authentic and body is not None and verdict.reason not in _DUPLICATES:
            key = (body.header.officer, body.header.event_id)
            self._originals[key] = Original(position=verdict.position, identity=verdict.identity)
        for change in judged.changes:
            self._states[change.originator_id] = change.mutate(self.get(change.originator_id))

    def changed_states(self) -> tuple[State, ...]:
        """Return the states after the batch of everything that it changed."""
        return tuple(state for state in self._states.values() if state is not None)

    def settle(self) -> None:
        """Forget the batch, which the store holds now; keep its states at hand."""
        for aggregate_id, state in self._states.items():
            self._remember(aggregate_id, state)
        self._states.clear()
        self._originals.clear()
        self._pending.clear()

    def forget(self) -> None:
        """Forget everything: the store was written by another process."""
        self._states.clear()
        self._originals.clear()
        self._pending.clear()
        self._cache.clear()

    def _remember(self, aggregate_id: str, state: State | None) -> None:
        self._cache[aggregate_id] = state
        self._cache.move_to_end(aggregate_id)
        if len(self._cache) > CACHED_STATES:
            self._cache.popitem(last=False)
