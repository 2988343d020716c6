"""Proofs over the trees of RFC 6962: that a leaf is in a tree (2.1.1), and that a tree begins with an earlier one (2.1.2).

Both are made and verified along the same way: from the root down to what is proved, where one subtree is left aside at
each fork. The hashes of these subtrees, the lowest first, are the proof; whoever verifies joins them again from below.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from domain.errors import DomainError
from domain.ids import DIGEST_SIZE_BYTES, Digest
from domain.notes import MAX_SIZE
from domain.tree import Frontier, TreeError, frontier_nodes, node_hash

NodeSource = Callable[[int, int], Digest]
"""Returns the hash of a complete subtree by level and index, as `frontier_at` asks for it."""


class ProofInvalidError(DomainError):
    """A proof does not show what it was given for: the leaf is not there, or the later tree is not the earlier one grown."""


def inclusion_path(index: int, size: int, node: NodeSource) -> tuple[Digest, ...]:
    """Return the proof that leaf `index` is in the tree of `size` leaves (RFC 6962, PATH).

    `node` is asked only for subtrees that are complete at that size. Raises `TreeError` if the tree has no such leaf.
    """
    if not 0 <= index < size:
        msg = f"a tree of {size} leaves has no leaf {index}"
        raise TreeError(msg)
    _, forks = _forks_to_leaf(index, size)
    return tuple(_subtree_root(fork.start, fork.end, node) for fork in forks)


def consistency_path(first: int, second: int, node: NodeSource) -> tuple[Digest, ...]:
    """Return the proof that the tree of `second` leaves begins with that of `first` leaves (RFC 6962, PROOF).

    Empty if both are the same, and if the first has no leaves: then there is nothing to prove. `node` is asked only for
    subtrees that are complete at `second`. Raises `TreeError` if the first is the larger one.
    """
    if not 0 <= first <= second:
        msg = f"a tree of {second} leaves does not begin with one of {first}"
        raise TreeError(msg)
    if first == 0:
        return ()
    start, forks = _forks_to_tree(first, second)
    lowest = (_subtree_root(start, first, node),) if start else ()
    return (*lowest, *(_subtree_root(fork.start, fork.end, node) for fork in forks))


def verify_inclusion(*, leaf: Digest, index: int, size: int, path: Sequence[Digest], root: Digest) -> None:
    """Verify that the leaf with this hash is leaf `index` of the tree of `size` leaves with this root.

    Whose root it is, this does not check. Raises `ProofInvalidError`.
    """
    if not 0 <= index < size <= MAX_SIZE:
        msg = f"The tree is not large enough to have that leaf, or larger than {MAX_SIZE} leaves: nothing can prove it"
        raise ProofInvalidError(msg)
    _, forks = _forks_to_leaf(index, size)
    _require_hashes((leaf, *path), 1 + len(forks))
    joined = leaf
    for fork, aside in zip(forks, path, strict=True):
        joined = node_hash(aside, joined) if fork.is_left else node_hash(joined, aside)
    if joined != root:
        msg = (
            f"That is not leaf {index} of the tree of {size} leaves whose root is {root.hex()}: its proof leads to {joined.hex()}"
        )
        raise ProofInvalidError(msg)


def verify_consistency(*, first: int, first_root: Digest, second: int, second_root: Digest, path: Sequence[Digest]) -> None:
    """Verify that the tree of `second` leaves begins with the tree of `first` leaves, both given by their roots.

    Every tree begins with the empty one: a proof of that shows nothing and is refused. Whose roots these are, this does
    not check. Raises `ProofInvalidError`.
    """
    if not 0 < first <= second <= MAX_SIZE:
        msg = f"The earlier tree is empty, larger than the later one or than {MAX_SIZE} leaves: nothing can prove it"
        raise ProofInvalidError(msg)
    start, forks = _forks_to_tree(first, second)
    _require_hashes(path, len(forks) + (start > 0))
    # The way ends at the earlier tree itself, or else at a part of both trees, which the proof gives first.
    lowest, *others = path if start else (first_root, *path)
    earlier = later = lowest
    for fork, aside in zip(forks, others, strict=True):
        # What lies to the right was not there yet in the earlier tree.
        earlier = node_hash(aside, earlier) if fork.is_left else earlier
        later = node_hash(aside, later) if fork.is_left else node_hash(later, aside)
    if earlier != first_root or later != second_root:
        msg = (
            f"The tree of {second} leaves whose root is {second_root.hex()} does not begin with the tree of {first} leaves "
            f"whose root is {first_root.hex()}: the proof leads to {later.hex()} and {earlier.hex()}"
        )
        raise ProofInvalidError(msg)


class _Fork(NamedTuple):
    """The subtree that is left aside on a way down: its first leaf, the one after its last, and on which side it lies."""

    start: int
    end: int
    is_left: bool


def _forks_to_leaf(index: int, size: int) -> tuple[int, list[_Fork]]:
    return _forks(index, size, lambda start, end: end - start == 1)


def _forks_to_tree(first: int, second: int) -> tuple[int, list[_Fork]]:
    # The smallest subtree that ends where the earlier tree ends is a part of both.
    return _forks(first - 1, second, lambda _, end: end == first)


def _forks(index: int, size: int, is_there: Callable[[int, int], bool]) -> tuple[int, list[_Fork]]:
    """Return the first leaf of the subtree where the way down to leaf `index` ends, and its forks, the lowest first."""
    start, end, forks = 0, size, []
    while not is_there(start, end):
        # The left side is as large as a perfect subtree can be without taking all (RFC 6962, section 2.1).
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        if index < middle:
            forks.append(_Fork(start=middle, end=end, is_left=False))
            end = middle
        else:
            forks.append(_Fork(start=start, end=middle, is_left=True))
            start = middle
    return start, forks[::-1]


def _subtree_root(start: int, end: int, node: NodeSource) -> Digest:
    """Return the root over leaves `start` to before `end`, a subtree on some way down: perfect, or the tree's right edge."""
    hashes = tuple(node(level, (start >> level) + index) for level, index in frontier_nodes(end - start))
    return Frontier(size=end - start, hashes=hashes).root()


def _require_hashes(hashes: Iterable[bytes], count: int) -> None:
    sizes = [len(one) for one in hashes]
    if sizes != [DIGEST_SIZE_BYTES] * count:
        msg = f"The proof does not consist of as many hashes of {DIGEST_SIZE_BYTES} bytes as these sizes need"
        raise ProofInvalidError(msg)
