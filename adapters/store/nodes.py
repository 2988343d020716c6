"""Both trees as stored: complete subtrees by place, trees and roots at any size, and what a batch adds."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from enum import IntEnum
from typing import Any, Final

from domain.ids import Digest
from domain.tree import Frontier, frontier_at, leaf_hash
from domain.verdicts import Judged

CACHED_NODES: Final = 20_000
"""Some 4 MB. A record's `seen` asks for a tree of an earlier size; its large subtrees are the same again and again."""

Rows = Callable[..., Sequence[Any]]
"""Runs a statement whose values stand as `{0}` and returns its rows."""

_NODE_SQL: Final = 'SELECT hash FROM nodes WHERE log = {0} AND level = {0} AND "index" = {0}'


class Log(IntEnum):
    """The two trees of equal size (formats.md, "Trees")."""

    RECORDS = 0
    VERDICTS = 1


class Nodes:
    """The subtrees of both logs. One that is complete never changes, so it is asked for once."""

    def __init__(self, rows: Rows) -> None:
        """Read with `rows`."""
        self._rows = rows
        self._cache: OrderedDict[tuple[int, int, int], Digest] = OrderedDict()

    def node(self, log: Log, level: int, index: int) -> Digest:
        """Return the hash of a complete subtree of a log; raise `KeyError` if it is not complete yet."""
        key = (int(log), level, index)
        found = self._cache.get(key)
        if found is None:
            rows = self._rows(_NODE_SQL, *key)
            if not rows:
                raise KeyError(key)
            found = self._cache[key] = Digest(rows[0][0])
            if len(self._cache) > CACHED_NODES:
                self._cache.popitem(last=False)
        else:
            self._cache.move_to_end(key)
        return found

    def frontier(self, log: Log, size: int) -> Frontier:
        """Return a log's tree as it was at `size`; raise `KeyError` if it is not that large yet."""
        return frontier_at(size, lambda level, index: self.node(log, level, index))


def grow(batch: Sequence[Judged], trees: tuple[Frontier, Frontier]) -> tuple[list[tuple[Any, ...]], tuple[Frontier, Frontier]]:
    """Return the rows of the subtrees that a batch completes, and both trees after it."""
    records, completed = trees[0].extend(leaf_hash(judged.record or b"") for judged in batch)
    rows: list[tuple[Any, ...]] = [(int(Log.RECORDS), *node) for node in completed]
    verdicts, completed = trees[1].extend(leaf_hash(judged.verdict.leaf()) for judged in batch)
    rows.extend((int(Log.VERDICTS), *node) for node in completed)
    return rows, (records, verdicts)
