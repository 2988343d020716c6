"""Tiles hold every subtree of a log, however it grew, and nothing of what is not complete yet."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Final

import pytest

from adapters.store.tiles import TILE_SIZE_BYTES, TILE_WIDTH, Edge, Log, Tiles
from domain.ids import Digest
from domain.proofs import verify_consistency, verify_inclusion
from domain.tree import Frontier, leaf_hash

LEAVES: Final = [leaf_hash(b"%d" % number) for number in range(TILE_WIDTH * TILE_WIDTH + 3 * TILE_WIDTH + 5)]
"""Enough for three levels of tiles, each with one that is not full."""
EMPTY: Final = Edge(tree=Frontier(), hashes=())


class Shelf:
    """Holds the tiles of one log as the store's tables do."""

    def __init__(self) -> None:
        self.edge = EMPTY
        self.tiles: dict[tuple[int, int], bytes] = {}
        self.loose: dict[tuple[int, int], bytes] = {}
        self.asked = 0

    def rows(self, _: str, log: int, level: int, tile: int, *_more: int) -> Sequence[Any]:
        self.asked += 1
        if log != Log.RECORDS:
            return []
        if (level, tile) in self.tiles:
            return [(self.tiles[level, tile], tile)]
        first = tile * TILE_WIDTH
        return [(self.loose[level, at], at) for at in range(first, first + TILE_WIDTH) if (level, at) in self.loose]

    def add(self, leaves: Sequence[Digest]) -> None:
        self.edge, tiles, loose = self.edge.extend(leaves)
        self.tiles.update({(level, index): hashes for level, index, hashes in tiles})
        for level, tile, _ in tiles:
            self.loose = {key: digest for key, digest in self.loose.items() if key[0] != level or key[1] // TILE_WIDTH > tile}
        self.loose.update({(level, index): digest for level, index, digest in loose})


def shelf_of(leaves: Sequence[Digest], steps: Sequence[int]) -> Shelf:
    """Return a shelf of leaves that came in batches of these sizes, over and over."""
    shelf, at = Shelf(), 0
    while at < len(leaves):
        for step in steps:
            shelf.add(leaves[at : at + step])
            at += step
    return shelf


@pytest.fixture(scope="module")
def shelf() -> Shelf:
    return shelf_of(LEAVES, [500])


def test_every_subtree_that_is_complete_is_found_and_no_other(shelf: Shelf) -> None:
    tiles = Tiles(shelf.rows)
    _, completed = Frontier().extend(LEAVES)
    drawn = random.Random(1)
    for level, index, digest in [*drawn.sample(completed, 1_000), *(one for one in completed if one[0] > 6)]:
        assert tiles.node(Log.RECORDS, level, index) == digest
    for level in range(20):
        with pytest.raises(KeyError):
            tiles.node(Log.RECORDS, level, len(LEAVES) >> level)
    with pytest.raises(KeyError):
        tiles.node(Log.VERDICTS, 0, 0)


@pytest.mark.parametrize("steps", [[1], [3, 1, 250], [255], [256], [257], [1_000]], ids=str)
def test_the_same_leaves_give_the_same_tiles_in_any_batches(steps: list[int]) -> None:
    leaves = LEAVES[: 5 * TILE_WIDTH + 7]
    by_steps, at_once = shelf_of(leaves, steps), shelf_of(leaves, [len(leaves)])
    assert (by_steps.tiles, by_steps.loose, by_steps.edge) == (at_once.tiles, at_once.loose, at_once.edge)


def test_full_tiles_are_stored_whole_and_the_rest_hash_by_hash(shelf: Shelf) -> None:
    assert {len(hashes) for hashes in shelf.tiles.values()} == {TILE_SIZE_BYTES}
    assert sorted(shelf.tiles) == [*((0, index) for index in range(TILE_WIDTH + 3)), (1, 0)]
    assert sorted(shelf.loose) == [
        *((0, len(LEAVES) - back) for back in (5, 4, 3, 2, 1)),
        *((1, 256 + at) for at in range(3)),
        (2, 0),
    ]


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, len(LEAVES)])
def test_a_log_grows_on_from_what_is_stored_as_it_would_have_grown(shelf: Shelf, size: int) -> None:
    grown, _, _ = EMPTY.extend(LEAVES[:size])
    there = Tiles(shelf.rows)
    assert there.frontier(Log.RECORDS, size) == grown.tree
    read = Edge(tree=there.frontier(Log.RECORDS, size), hashes=there._edge(Log.RECORDS, size).hashes)
    assert read.extend(LEAVES[size : size + 300]) == grown.extend(LEAVES[size : size + 300])


def test_a_tile_that_grew_meanwhile_is_asked_for_again_and_one_that_holds_the_place_is_not() -> None:
    shelf = shelf_of(LEAVES[:5], [5])
    tiles = Tiles(shelf.rows)
    assert tiles.node(Log.RECORDS, 2, 0) == Frontier().extend(LEAVES[:4])[0].root()
    assert tiles.node(Log.RECORDS, 0, 4) == LEAVES[4]
    assert shelf.asked == 1
    with pytest.raises(KeyError):
        tiles.node(Log.RECORDS, 0, 5)
    shelf.add(LEAVES[5:9])
    assert tiles.node(Log.RECORDS, 0, 5) == LEAVES[5]
    assert tiles.node(Log.RECORDS, 3, 0) == Frontier().extend(LEAVES[:8])[0].root()
    assert shelf.asked == 3


def test_only_so_many_tiles_are_held(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.store.tiles.CACHED_TILES", 3)
    tiles = Tiles(shelf.rows)
    for place in (0, 1, 2, 3, 0):
        assert tiles.node(Log.RECORDS, 0, place * TILE_WIDTH) == LEAVES[place * TILE_WIDTH]
    assert len(tiles._cache) == 3


def test_proofs_across_tiles_verify(shelf: Shelf) -> None:
    tiles, drawn = Tiles(shelf.rows), random.Random(2)
    sizes = [1, 2, 255, 256, 257, 511, 65_535, 65_536, 65_537, len(LEAVES), *(drawn.randrange(3, len(LEAVES)) for _ in range(20))]
    roots = {size: tiles.frontier(Log.RECORDS, size).root() for size in sizes}
    for second in sizes:
        index = drawn.randrange(second)
        path = tiles.inclusion(Log.RECORDS, index, second)
        verify_inclusion(leaf=LEAVES[index], index=index, size=second, path=path, root=roots[second])
        for first in (size for size in sizes if size <= second):
            path = tiles.consistency(Log.RECORDS, first, second)
            verify_consistency(first=first, first_root=roots[first], second=second, second_root=roots[second], path=path)
