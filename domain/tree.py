"""The Merkle tree of RFC 6962, section 2.1, as it grows: leaf hashes, subtree hashes, roots of any earlier size.

A tree of n leaves is a row of perfect subtrees, one for each 1 bit of n, the largest first. Appending a leaf
completes subtrees as adding one carries bits; a subtree once complete never changes. `Frontier` is that row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from domain.errors import DomainError
from domain.ids import Digest

LEAF_PREFIX: Final = b"\x00"
NODE_PREFIX: Final = b"\x01"
EMPTY_ROOT: Final = Digest(hashlib.sha256(b"").digest())
"""Root of the tree without leaves (RFC 6962, section 2.1)."""


class TreeError(DomainError):
    """A size, index or proof that does not fit the tree."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Node:
    """A perfect subtree that is complete: `hash` covers leaves `index * 2**level` up to the next multiple."""

    level: int
    index: int
    hash: Digest


def leaf_hash(data: bytes) -> Digest:
    """Return the hash of a leaf: SHA-256(0x00 ‖ data)."""
    return Digest(hashlib.sha256(LEAF_PREFIX + data).digest())


def node_hash(left: bytes, right: bytes) -> Digest:
    """Return the hash of an inner node: SHA-256(0x01 ‖ left ‖ right)."""
    return Digest(hashlib.sha256(NODE_PREFIX + left + right).digest())


@dataclass(frozen=True, kw_only=True, slots=True)
class Frontier:
    """A tree of `size` leaves: the hashes of its perfect subtrees, the largest (leftmost) first."""

    size: int = 0
    hashes: tuple[Digest, ...] = ()

    def append(self, leaf: Digest) -> tuple[Frontier, tuple[Node, ...]]:
        """Return the tree with one more leaf (given by its leaf hash) and the subtrees which that completes."""
        grown, completed = self.extend((leaf,))
        return grown, tuple(Node(level=level, index=index, hash=digest) for level, index, digest in completed)

    def extend(self, leaves: Iterable[Digest]) -> tuple[Frontier, list[tuple[int, int, Digest]]]:
        """Return the tree with more leaves, and (level, index, hash) of every subtree which they complete, in order."""
        hashes, size = list(self.hashes), self.size
        completed: list[tuple[int, int, Digest]] = []
        for leaf in leaves:
            current, level, index = leaf, 0, size
            completed.append((0, size, leaf))
            while index & 1:
                current = node_hash(hashes.pop(), current)
                level, index = level + 1, index >> 1
                completed.append((level, index, current))
            hashes.append(current)
            size += 1
        return Frontier(size=size, hashes=tuple(hashes)), completed

    def root(self) -> Digest:
        """Return the root of the tree (RFC 6962, MTH)."""
        return _join(self.hashes)


def frontier_nodes(size: int) -> tuple[tuple[int, int], ...]:
    """Return (level, index) of the perfect subtrees of a tree of `size` leaves, the largest first."""
    if size < 0:
        msg = f"a tree cannot have {size} leaves"
        raise TreeError(msg)
    nodes, start = [], 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            nodes.append((level, start >> level))
            start += 1 << level
    return tuple(nodes)


def frontier_at(size: int, node: Callable[[int, int], Digest]) -> Frontier:
    """Return the tree as it was at `size`, with `node(level, index)` as the source of complete subtrees."""
    return Frontier(size=size, hashes=tuple(node(level, index) for level, index in frontier_nodes(size)))


def root_of(leaves: Iterable[bytes]) -> Digest:
    """Return the root over the data of `leaves`, in order."""
    tree = Frontier()
    for data in leaves:
        tree, _ = tree.append(leaf_hash(data))
    return tree.root()


def _join(hashes: tuple[Digest, ...]) -> Digest:
    if not hashes:
        return EMPTY_ROOT
    root = hashes[-1]
    for left in reversed(hashes[:-1]):
        root = node_hash(left, root)
    return root
