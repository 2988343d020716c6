"""Ledgers that were changed below a checkpoint: what somebody can do who holds the file and no key.

A change is looked at as an audit looks at it (`domain.auditing.contradictions`), with trees that begin where the change does,
so that one costs a hundredth of a millisecond for each record after it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from adapters.ledger import Slot
from domain.auditing import Contradiction, Head, contradictions
from domain.ids import Digest
from domain.ledger_time import JUMP_LIMIT_MS, ledger_time
from domain.reasons import Reason
from domain.tree import Frontier, leaf_hash
from domain.verdicts import Verdict

LONGEST_RUN: Final = 8
"""Most records that one change takes away or puts in."""
TIMES_MS: Final = (-86_400_000, -JUMP_LIMIT_MS - 1, -60_000, -1_000, -1, 1, 500, 1_000, 60_000, 86_400_000)


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A ledger after a change: which kind, the first position at which it differs, and all of its slots."""

    kind: str
    first: int
    slots: tuple[Slot, ...]


class Changer:
    """Changes a ledger below a size in one of the ways that have a name; the same seed makes the same changes."""

    def __init__(self, slots: Sequence[Slot], size: int, seed: int) -> None:
        self._slots = tuple(slots)
        self._size = size
        self._random = random.Random(seed)
        self._ways: dict[str, Callable[[list[Slot]], None]] = {
            "edit": self._edit,
            "delete": self._delete,
            "insert": self._insert,
            "swap": self._swap,
            "duplicate": self._duplicate,
            "truncate": self._truncate,
            "shift": self._shift,
            "re-time": self._retime,
            "empty": self._empty,
        }

    @property
    def kinds(self) -> tuple[str, ...]:
        """The names of all ways."""
        return tuple(self._ways)

    def changed(self, kind: str) -> Changed:
        """Return the ledger changed in a way that has this name; what changes nothing at all is tried again."""
        while True:
            slots = list(self._slots)
            self._ways[kind](slots)
            first = next((i for i, (a, b) in enumerate(zip(self._slots, slots, strict=False)) if _other(a, b)), len(slots))
            if first < self._size:
                return Changed(kind=kind, first=first, slots=tuple(slots))

    def _place(self) -> int:
        return self._random.randrange(self._size)

    def _edit(self, slots: list[Slot]) -> None:
        place = self._place()
        record = bytearray(slots[place].record or b"\x00")
        record[self._random.randrange(len(record))] ^= 1 << self._random.randrange(8)
        slots[place] = replace(slots[place], record=bytes(record))

    def _delete(self, slots: list[Slot]) -> None:
        place = self._place()
        del slots[place : place + self._random.choice((1, 1, 2, LONGEST_RUN))]

    def _insert(self, slots: list[Slot]) -> None:
        place = self._place()
        record = self._random.choice((None, b"", self._random.randbytes(40), self._random.choice(self._slots).record))
        slots.insert(place, replace(slots[place], record=record))

    def _swap(self, slots: list[Slot]) -> None:
        one, other = self._place(), self._place()
        # The place keeps its times: whoever swaps records does not want to be found by their clocks.
        slots[one], slots[other] = (
            replace(slots[one], record=slots[other].record),
            replace(slots[other], record=slots[one].record),
        )

    def _duplicate(self, slots: list[Slot]) -> None:
        slots.insert(self._place(), slots[self._place()])

    def _truncate(self, slots: list[Slot]) -> None:
        del slots[self._place() :]

    def _shift(self, slots: list[Slot]) -> None:
        moved = slots.pop(self._place())
        slots.insert(self._place(), moved)

    def _retime(self, slots: list[Slot]) -> None:
        place = self._place()
        before = slots[place].stored_at_ms or slots[0].stored_at_ms or 0
        slots[place] = replace(slots[place], stored_at_ms=before + self._random.choice(TIMES_MS))

    def _empty(self, slots: list[Slot]) -> None:
        place = self._place()
        slots[place] = replace(slots[place], record=None, stored_at_ms=None)


def _other(one: Slot, other: Slot) -> bool:
    return one.record != other.record or one.stored_at_ms != other.stored_at_ms


def _judged_so(verdict: Verdict, slot: Slot, at: int) -> Verdict:
    """Return a verdict at its new time; that nothing stands there, or an empty record, has a reason of its own."""
    if slot.record:
        return replace(verdict, at=at)
    return replace(verdict, at=at, reason=Reason.NO_RECORD if slot.record is None else Reason.MALFORMED)


class Watch:
    """What an auditor holds: the ledger's trees at every position, and a head."""

    def __init__(self, slots: Sequence[Slot], verdicts: Sequence[Verdict], size: int) -> None:
        self._verdicts = tuple(verdicts)
        self._leaves = {slot.record: leaf_hash(slot.record or b"") for slot in slots}
        self._trees: list[tuple[Frontier, Frontier]] = [(Frontier(), Frontier())]
        for slot, verdict in zip(slots, verdicts, strict=True):
            records, _ = self._trees[-1][0].append(self._leaf(slot))
            leaves, _ = self._trees[-1][1].append(leaf_hash(verdict.leaf()))
            self._trees.append((records, leaves))
        self.head = Head(size=size, records=self._trees[size][0].root(), verdicts=self._trees[size][1].root())

    def contradiction(self, changed: Changed) -> Contradiction | None:
        """Return how a changed ledger contradicts the head, None if it does not.

        Of the verdicts it looks at what follows from the slots alone: their times, and whether a record is there. Judging again
        what follows from that could only make more of them differ.
        """
        end = len(changed.slots)
        found = contradictions((self.head,), end=end, roots_at=lambda size: self._roots(changed, size))
        return next(found, None)

    def keeps_every_time(self, changed: Changed) -> bool:
        """Tell whether the ledger times of a changed ledger are those of before, whatever was stored."""
        return self._times(changed, self.head.size) == [verdict.at for verdict in self._verdicts[changed.first : self.head.size]]

    def _roots(self, changed: Changed, size: int) -> tuple[Digest, Digest | None]:
        """Return the roots of a changed ledger; of the verdicts only if the records do not say enough already."""
        records, verdicts = self._trees[changed.first]
        behind = changed.slots[changed.first : size]
        records, _ = records.extend(map(self._leaf, behind))
        if records.root() != self.head.records:
            return records.root(), None
        judged = zip(self._verdicts[changed.first : size], behind, self._times(changed, size), strict=True)
        verdicts, _ = verdicts.extend(leaf_hash(_judged_so(verdict, slot, at).leaf()) for verdict, slot, at in judged)
        return records.root(), verdicts.root()

    def _times(self, changed: Changed, size: int) -> list[int]:
        times: list[int] = []
        previous = self._verdicts[changed.first - 1].at if changed.first else None
        for slot in changed.slots[changed.first : size]:
            stored = slot.stored_at_ms
            # The first record's time is its own; every other one's follows from the one before.
            previous = (stored or 0) if previous is None else ledger_time(stored, previous).at
            times.append(previous)
        return times

    def _leaf(self, slot: Slot) -> Digest:
        found = self._leaves.get(slot.record)
        return leaf_hash(slot.record or b"") if found is None else found
