"""The row of perfect subtrees is the Merkle tree of RFC 6962, section 2.1, at every size."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import Digest
from domain.tree import Frontier, Node, TreeError, frontier_at, frontier_nodes, leaf_hash, root_of

LEAVES = st.lists(st.binary(max_size=40), max_size=70)


def mth(leaves: list[bytes]) -> bytes:
    """Return MTH as section 2.1 writes it down: k is the largest power of two smaller than n."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    k = 1
    while 2 * k < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + mth(leaves[:k]) + mth(leaves[k:])).digest()


def grown(leaves: list[bytes]) -> tuple[Frontier, list[Node]]:
    tree = Frontier()
    nodes: list[Node] = []
    for data in leaves:
        tree, completed = tree.append(leaf_hash(data))
        nodes.extend(completed)
    return tree, nodes


@given(LEAVES)
def test_the_root_is_mth_of_all_leaves(leaves: list[bytes]) -> None:
    tree, _ = grown(leaves)
    assert tree.size == len(leaves)
    assert tree.root() == root_of(leaves) == mth(leaves)


@given(LEAVES)
def test_each_completed_subtree_is_mth_of_what_it_covers_and_is_told_once(leaves: list[bytes]) -> None:
    _, nodes = grown(leaves)
    for node in nodes:
        width = 1 << node.level
        covered = leaves[node.index * width : (node.index + 1) * width]
        assert len(covered) == width
        assert node.hash == mth(covered)
    places = [(node.level, node.index) for node in nodes]
    assert len(places) == len(set(places))
    every = {(level, index) for level in range(8) for index in range(len(leaves) >> level)}
    assert set(places) == every


@given(LEAVES, st.integers(0, 70))
def test_any_earlier_tree_comes_back_from_its_subtrees(leaves: list[bytes], size: int) -> None:
    size = min(size, len(leaves))
    _, nodes = grown(leaves)
    by_place = {(node.level, node.index): node.hash for node in nodes}
    earlier = frontier_at(size, lambda level, index: by_place[level, index])
    assert earlier == grown(leaves[:size])[0]
    assert earlier.root() == mth(leaves[:size])


@given(st.integers(0, 2**64))
def test_the_subtrees_of_a_size_are_one_for_each_bit_and_cover_it_from_the_left(size: int) -> None:
    at = 0
    for level, index in frontier_nodes(size):
        assert index << level == at
        at += 1 << level
    assert at == size
    assert len(frontier_nodes(size)) == size.bit_count()


def test_a_leaf_is_never_a_node() -> None:
    left, right = leaf_hash(b"a"), leaf_hash(b"b")
    assert root_of([b"a", b"b"]) != root_of([left + right])
    assert Digest(leaf_hash(left + right)) != root_of([b"a", b"b"])


def test_a_tree_has_no_negative_size() -> None:
    with pytest.raises(TreeError):
        frontier_nodes(-1)
