"""Snapshots: the states of aggregates with many changes, so that none is ever folded from more than a few."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from domain.changes import Change, State
from domain.verdicts import Judged

SNAPSHOT_EVERY: Final = 64
"""No aggregate is folded from more changes than that: at some 5 µs each, what one more page of the database costs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """An aggregate that needs a snapshot after a batch: what the batch changed of it, in order."""

    changes: list[Change] = field(default_factory=list)

    @property
    def last(self) -> Change:
        """The change after which the snapshot is taken."""
        return self.changes[-1]

    def state(self, before: Callable[[str], State | None]) -> State:
        """Return the state after the batch, folded from the one `before` it."""
        state = before(self.last.originator_id)
        for change in self.changes:
            state = change.mutate(state)
        if state is None:
            msg = f"{self.last.originator_id} has changes and no state"
            raise AssertionError(msg)
        return state


def due_after(batch: Sequence[Judged]) -> dict[str, Due]:
    """Return the aggregates that a batch takes past a multiple of `SNAPSHOT_EVERY` changes."""
    changed: dict[str, Due] = {}
    for judged in batch:
        for change in judged.changes:
            changed.setdefault(change.originator_id, Due()).changes.append(change)
    return {aggregate_id: due for aggregate_id, due in changed.items() if _passes(due)}


def _passes(due: Due) -> bool:
    before = due.changes[0].originator_version - 1
    return due.last.originator_version // SNAPSHOT_EVERY > before // SNAPSHOT_EVERY
