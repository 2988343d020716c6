"""Both trees as stored: in tiles of 256 hashes, out of which subtrees, roots and proofs of any size are made.

A tile of level L holds 256 subtrees of 256**L leaves side by side (C2SP tlog-tiles); the seven levels between two levels of
tiles are hashed when they are asked for. Until the last tile of a level is full, its hashes lie in rows of their own.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import count
from typing import Any, Final

from sqlalchemy import Connection

from adapters.store.dialect import insert_rows, marker
from adapters.store.tables import TILE_EDGES, TILES
from domain.ids import DIGEST_SIZE_BYTES, Digest
from domain.proofs import consistency_path, inclusion_path
from domain.tree import Frontier, frontier_at, leaf_hash, node_hash
from domain.verdicts import Judged

TILE_LEVELS: Final = 8
TILE_WIDTH: Final = 1 << TILE_LEVELS
TILE_SIZE_BYTES: Final = TILE_WIDTH * DIGEST_SIZE_BYTES
CACHED_TILES: Final = 200
"""3 MB with the levels between. A letter's proofs are in the same few tiles, and hashing one is most of a proof's cost."""
CACHED_ROOTS: Final = 1_000
"""Each record that has seen a checkpoint asks for the roots at its size, and thousands have seen the same one."""

Rows = Callable[..., Sequence[Any]]
"""Runs a statement whose values stand as `{0}` and returns its rows."""

# One statement, so that a tile which is filled meanwhile is found either in one place or in the other.
_TILE_SQL: Final = (
    'SELECT hashes, "index" FROM tiles WHERE log = {0} AND level = {0} AND "index" = {0} UNION ALL '
    'SELECT hash, "index" FROM tile_edges WHERE level = {0} AND "index" >= {0} AND "index" < {0} AND log = {0} ORDER BY 2'
)
_FORGET_SQL: Final = 'DELETE FROM tile_edges WHERE level = {0} AND "index" < {0}'


class Log(IntEnum):
    """The two trees of equal size (formats.md, "Trees")."""

    RECORDS = 0
    VERDICTS = 1


_Row = tuple[int, int, bytes]
"""Level, index, and a hash or a tile of them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Edge:
    """A log where it grows: its tree, and for each level of tiles the hashes of the last one, none if it is full."""

    tree: Frontier
    hashes: tuple[bytes, ...]

    def extend(self, leaves: Sequence[Digest]) -> tuple[Edge, list[_Row], list[_Row]]:
        """Return the log with more leaves, the tiles that these fill, and the hashes that are not in a full tile then."""
        tree, completed = self.tree.extend(leaves)
        edges, tiles, loose = list(self.hashes), list[_Row](), list[_Row]()
        for level in count():
            fresh = [digest for node_level, _, digest in completed if node_level == level * TILE_LEVELS]
            if not fresh:
                break
            if level == len(edges):
                edges.append(b"")
            first = self.tree.size >> level * TILE_LEVELS
            tile, hashes = first // TILE_WIDTH, edges[level] + b"".join(fresh)
            while len(hashes) >= TILE_SIZE_BYTES:
                tiles.append((level, tile, hashes[:TILE_SIZE_BYTES]))
                tile, hashes = tile + 1, hashes[TILE_SIZE_BYTES:]
            edges[level] = hashes
            loose += [(level, index, digest) for index, digest in enumerate(fresh, first) if index >= tile * TILE_WIDTH]
        return Edge(tree=tree, hashes=tuple(edges)), tiles, loose


@dataclass(frozen=True, kw_only=True, slots=True)
class Growth:
    """What a batch adds to the tables of tiles, as rows, and both logs after it."""

    tiles: list[tuple[Any, ...]]
    loose: list[tuple[Any, ...]]
    edges: tuple[Edge, Edge]


class Tiles:
    """The subtrees of both logs. One that is complete never changes, so a tile is asked for again only for what it lacked."""

    def __init__(self, rows: Rows) -> None:
        """Read with `rows`."""
        self._rows = rows
        self._cache: OrderedDict[tuple[int, int, int], tuple[bytes, ...]] = OrderedDict()
        self._edges: tuple[Edge, Edge] | None = None
        self._roots = functools.lru_cache(maxsize=CACHED_ROOTS)(self._made_roots)

    def node(self, log: Log, level: int, index: int) -> Digest:
        """Return the hash of a complete subtree of a log; raise `KeyError` if it is not complete yet."""
        tile_level, inner = divmod(level, TILE_LEVELS)
        tile, place = divmod(index, TILE_WIDTH >> inner)
        hashes = self._levels(log, tile_level, tile, (place + 1) << inner)[inner]
        return Digest(hashes[place * DIGEST_SIZE_BYTES : (place + 1) * DIGEST_SIZE_BYTES])

    def frontier(self, log: Log, size: int) -> Frontier:
        """Return a log's tree as it was at `size`; raise `KeyError` if it is not that large yet."""
        return frontier_at(size, functools.partial(self.node, log))

    def roots(self, size: int) -> tuple[Digest, Digest]:
        """Return the roots of both logs at `size`; raise `KeyError` if they are not that large yet."""
        return self._roots(size)

    def inclusion(self, log: Log, index: int, size: int) -> tuple[Digest, ...]:
        """Return the proof that leaf `index` is in a log of `size` leaves; errors as `inclusion_path` and `node`."""
        return inclusion_path(index, size, functools.partial(self.node, log))

    def consistency(self, log: Log, first: int, second: int) -> tuple[Digest, ...]:
        """Return the proof that a log of `second` leaves begins with one of `first`; errors as `consistency_path` and `node`."""
        return consistency_path(first, second, functools.partial(self.node, log))

    def edges(self, size: int) -> tuple[Edge, Edge]:
        """Return both logs as they grew at `size`; raise `KeyError` if they are not that large yet."""
        if self._edges is None or self._edges[0].tree.size != size:
            self._edges = (self._edge(Log.RECORDS, size), self._edge(Log.VERDICTS, size))
        return self._edges

    def keep(self, edges: tuple[Edge, Edge]) -> None:
        """Keep at hand how both logs grow on, once it is stored."""
        self._edges = edges

    def _edge(self, log: Log, size: int) -> Edge:
        hashes: list[bytes] = []
        while complete := size >> TILE_LEVELS * len(hashes):
            tile, filled = divmod(complete, TILE_WIDTH)
            held = self._levels(log, len(hashes), tile, filled)[0] if filled else b""
            hashes.append(held[: filled * DIGEST_SIZE_BYTES])
        return Edge(tree=self.frontier(log, size), hashes=tuple(hashes))

    def _made_roots(self, size: int) -> tuple[Digest, Digest]:
        return self.frontier(Log.RECORDS, size).root(), self.frontier(Log.VERDICTS, size).root()

    def _levels(self, log: Log, level: int, tile: int, filled: int) -> tuple[bytes, ...]:
        """Return the hashes of a tile and of the seven levels above; raise `KeyError` unless it holds `filled` at least."""
        key = (int(log), level, tile)
        found = self._cache.get(key, (b"",))
        if len(found[0]) < filled * DIGEST_SIZE_BYTES:
            rows = self._rows(_TILE_SQL, *key, level, tile * TILE_WIDTH, (tile + 1) * TILE_WIDTH, int(log))
            found = _levels_of(b"".join(row[0] for row in rows))
            if len(found[0]) < filled * DIGEST_SIZE_BYTES:
                raise KeyError(key)
            self._cache[key] = found
            if len(self._cache) > CACHED_TILES:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return found


def grow(batch: Sequence[Judged], edges: tuple[Edge, Edge]) -> Growth:
    """Return what a batch adds to both logs."""
    leaves = (
        [leaf_hash(judged.record or b"") for judged in batch],
        [leaf_hash(judged.verdict.leaf()) for judged in batch],
    )
    grown, tiles, loose = list[Edge](), list[tuple[Any, ...]](), list[tuple[Any, ...]]()
    for log in Log:
        edge, filled, rest = edges[log].extend(leaves[log])
        grown.append(edge)
        tiles += [(int(log), *row) for row in filled]
        loose += [(level, index, int(log), digest) for level, index, digest in rest]
    return Growth(tiles=tiles, loose=loose, edges=(grown[0], grown[1]))


def store_growth(connection: Connection, growth: Growth) -> None:
    """Store what a batch added; hashes that are in a full tile now leave their own rows."""
    insert_rows(connection, TILES, growth.tiles)
    filled = {level: (tile + 1) * TILE_WIDTH for _, level, tile, _ in growth.tiles}
    if filled:
        connection.exec_driver_sql(_FORGET_SQL.format(marker(connection.engine)), list(filled.items()))
    insert_rows(connection, TILE_EDGES, growth.loose)


def _levels_of(raw: bytes) -> tuple[bytes, ...]:
    """Return the hashes that a tile holds, and of each level up to the next tile's those that are complete."""
    hashes = [Digest(raw[start : start + DIGEST_SIZE_BYTES]) for start in range(0, len(raw), DIGEST_SIZE_BYTES)]
    levels = [raw]
    for _ in range(1, TILE_LEVELS):
        # What has no right neighbour yet is left out.
        hashes = [node_hash(left, right) for left, right in zip(hashes[::2], hashes[1::2], strict=False)]
        levels.append(b"".join(hashes))
    return tuple(levels)
