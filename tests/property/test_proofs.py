"""Proofs of any index and sizes are those of RFC 6962, sections 2.1.1 and 2.1.2, and no other proof shows the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ids import Digest
from domain.notes import MAX_SIZE
from domain.proofs import (
    ProofInvalidError,
    consistency_path,
    inclusion_path,
    verify_consistency,
    verify_inclusion,
)
from domain.tree import TreeError, leaf_hash
from tests.property.test_tree import grown, mth

SMALL: Final = 33
"""Every pair up to this size is tried: one more than a perfect tree of five levels."""
LEAVES: Final = [b"leaf %d" % number for number in range(70)]
BY_PLACE: Final = {(node.level, node.index): node.hash for node in grown(LEAVES)[1]}


def node(level: int, index: int) -> Digest:
    return BY_PLACE[level, index]


def within(size: int) -> Callable[[int, int], Digest]:
    """Return a source of the subtrees that are complete at `size`, and of no other."""

    def complete(level: int, index: int) -> Digest:
        assert (index + 1) << level <= size
        return BY_PLACE[level, index]

    return complete


def split(count: int) -> int:
    """Return the largest power of two smaller than `count`."""
    k = 1
    while 2 * k < count:
        k *= 2
    return k


def path(m: int, leaves: list[bytes]) -> list[bytes]:
    """Return PATH as section 2.1.1 writes it down."""
    if len(leaves) == 1:
        return []
    k = split(len(leaves))
    if m < k:
        return [*path(m, leaves[:k]), mth(leaves[k:])]
    return [*path(m - k, leaves[k:]), mth(leaves[:k])]


def proof(m: int, leaves: list[bytes]) -> list[bytes]:
    """Return PROOF as section 2.1.2 writes it down."""
    return subproof(m, leaves, whole=True)


def subproof(m: int, leaves: list[bytes], *, whole: bool) -> list[bytes]:
    """Return SUBPROOF as section 2.1.2 writes it down."""
    if m == len(leaves):
        return [] if whole else [mth(leaves)]
    k = split(len(leaves))
    if m <= k:
        return [*subproof(m, leaves[:k], whole=whole), mth(leaves[k:])]
    return [*subproof(m - k, leaves[k:], whole=False), mth(leaves[:k])]


def inclusion(index: int, size: int) -> dict[str, Any]:
    """Return what a verifier of inclusion is given."""
    leaf, root = leaf_hash(LEAVES[index]), Digest(mth(LEAVES[:size]))
    return {"leaf": leaf, "index": index, "size": size, "path": inclusion_path(index, size, node), "root": root}


def consistency(first: int, second: int) -> dict[str, Any]:
    """Return what a verifier of consistency is given."""
    roots = {"first_root": Digest(mth(LEAVES[:first])), "second_root": Digest(mth(LEAVES[:second]))}
    return {"first": first, "second": second, "path": consistency_path(first, second, node), **roots}


def flipped(hashes: Sequence[bytes], bit: int) -> tuple[Digest, ...]:
    """Return hashes with one bit of all of them changed."""
    raw = bytearray(b"".join(hashes))
    raw[bit // 8] ^= 1 << bit % 8
    return tuple(Digest(bytes(raw[at : at + 32])) for at in range(0, len(raw), 32))


def refused_inclusion(given: dict[str, Any], **changed: Any) -> None:
    with pytest.raises(ProofInvalidError):
        verify_inclusion(**{**given, **changed})


def refused_consistency(given: dict[str, Any], **changed: Any) -> None:
    with pytest.raises(ProofInvalidError):
        verify_consistency(**{**given, **changed})


def test_every_leaf_of_every_small_tree_is_proved_as_the_standard_says() -> None:
    for size in range(1, SMALL + 1):
        for index in range(size):
            assert list(inclusion_path(index, size, within(size))) == path(index, LEAVES[:size])
            verify_inclusion(**inclusion(index, size))


def test_every_pair_of_small_trees_is_proved_as_the_standard_says() -> None:
    for second in range(1, SMALL + 1):
        for first in range(1, second + 1):
            assert list(consistency_path(first, second, within(second))) == proof(first, LEAVES[:second])
            verify_consistency(**consistency(first, second))


@given(st.data())
def test_leaves_of_larger_trees_are_proved_as_the_standard_says(data: st.DataObject) -> None:
    size = data.draw(st.integers(SMALL, len(LEAVES)))
    index = data.draw(st.integers(0, size - 1))
    assert list(inclusion_path(index, size, within(size))) == path(index, LEAVES[:size])
    verify_inclusion(**inclusion(index, size))


@given(st.data())
def test_larger_trees_are_proved_as_the_standard_says(data: st.DataObject) -> None:
    second = data.draw(st.integers(SMALL, len(LEAVES)))
    first = data.draw(st.integers(1, second))
    assert list(consistency_path(first, second, within(second))) == proof(first, LEAVES[:second])
    verify_consistency(**consistency(first, second))


@pytest.mark.parametrize(("index", "size"), [(0, 2), (2, 3), (4, 5), (4, 7), (7, 8), (0, 13), (32, 33)])
def test_every_bit_of_an_inclusion_proof_counts(index: int, size: int) -> None:
    given = inclusion(index, size)
    for bit in range(256 * len(given["path"])):
        refused_inclusion(given, path=flipped(given["path"], bit))


@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 3), (3, 4), (4, 8), (6, 7), (5, 13), (32, 33)])
def test_every_bit_of_a_consistency_proof_counts(first: int, second: int) -> None:
    given = consistency(first, second)
    for bit in range(256 * len(given["path"])):
        refused_consistency(given, path=flipped(given["path"], bit))


@given(st.data())
def test_a_proof_of_one_leaf_shows_no_other(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, len(LEAVES)))
    index, other = data.draw(st.permutations(range(size)))[:2]
    given = inclusion(index, size)
    refused_inclusion(given, index=other)
    refused_inclusion(given, leaf=leaf_hash(LEAVES[other]))
    refused_inclusion(given, root=Digest(mth(LEAVES[: size - 1])))
    # A hash of the path is not a leaf, and the leaf with its first sibling is not one either (RFC 6962, section 2.1).
    refused_inclusion(given, leaf=given["path"][0], path=given["path"][1:])


@given(st.data())
def test_a_proof_of_one_pair_of_trees_shows_no_other(data: st.DataObject) -> None:
    second = data.draw(st.integers(3, len(LEAVES)))
    first = data.draw(st.integers(1, second - 1))
    other = data.draw(st.integers(1, second - 1).filter(lambda size: size != first))
    given = consistency(first, second)
    refused_consistency(given, first_root=Digest(mth(LEAVES[:other])))
    refused_consistency(given, first=other, first_root=Digest(mth(LEAVES[:other])))
    refused_consistency(given, second_root=given["first_root"])
    refused_consistency(given, first_root=given["second_root"])


@given(st.data())
def test_a_proof_with_a_hash_too_many_or_too_few_is_refused(data: st.DataObject) -> None:
    second = data.draw(st.integers(2, len(LEAVES)))
    first = data.draw(st.integers(1, second - 1))
    leaf, pair = inclusion(first, second), consistency(first, second)
    for place in range(len(pair["path"])):
        refused_consistency(pair, path=(*pair["path"][:place], *pair["path"][place + 1 :]))
        refused_consistency(pair, path=(*pair["path"][: place + 1], *pair["path"][place:]))
    for place in range(len(leaf["path"])):
        refused_inclusion(leaf, path=(*leaf["path"][:place], *leaf["path"][place + 1 :]))
        refused_inclusion(leaf, path=(*leaf["path"][: place + 1], *leaf["path"][place:]))


@given(st.lists(st.binary(min_size=32, max_size=32).map(Digest), max_size=8), st.integers(0, 70), st.integers(0, 70))
def test_hashes_that_somebody_made_up_prove_nothing(hashes: list[Digest], first: int, second: int) -> None:
    made_up = {"path": hashes, "first_root": leaf_hash(b"1"), "second_root": leaf_hash(b"2")}
    refused_consistency(made_up, first=first, second=second)
    refused_inclusion({"leaf": leaf_hash(b"1"), "path": hashes, "root": leaf_hash(b"2")}, index=first, size=second)


@pytest.mark.parametrize("size", [-1, 0, MAX_SIZE + 1, 2**64, 1 << 100_000], ids=lambda size: f"{size.bit_length()} bits")
def test_sizes_that_no_tree_has_are_refused_at_once(size: int) -> None:
    refused_inclusion(inclusion(3, 7), size=size)
    refused_inclusion(inclusion(3, 7), index=size)
    refused_consistency(consistency(3, 7), first=size)
    refused_consistency(consistency(3, 7), second=size)
    refused_consistency(consistency(3, 7), first=size, second=size)


@pytest.mark.parametrize("size", [2**40 + 1, MAX_SIZE])
def test_the_largest_trees_have_proofs(size: int) -> None:
    def made_up(level: int, index: int) -> Digest:
        return leaf_hash(b"%d %d" % (level, index))

    leaf = made_up(0, size - 1)
    proved = inclusion_path(size - 1, size, made_up)
    assert len(proved) <= 63
    refused_inclusion({"leaf": leaf, "path": proved}, index=size - 1, size=size, root=leaf)
    assert len(consistency_path(size - 2, size, made_up)) <= 64


def test_every_tree_begins_with_itself_and_needs_no_proof() -> None:
    for size in range(1, SMALL):
        assert consistency_path(size, size, node) == ()
        verify_consistency(**consistency(size, size))
        refused_consistency(consistency(size, size), second_root=leaf_hash(b"another"))


def test_nothing_is_proved_of_the_empty_tree() -> None:
    assert consistency_path(0, 5, node) == ()
    assert consistency_path(0, 0, node) == ()
    refused_consistency(consistency(0, 5))
    refused_consistency(consistency(0, 0))


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5), (0, -1)])
def test_no_proof_is_made_of_a_leaf_that_is_not_there(index: int, size: int) -> None:
    with pytest.raises(TreeError):
        inclusion_path(index, size, node)


@pytest.mark.parametrize(("first", "second"), [(5, 4), (-1, 4), (0, -1)])
def test_no_proof_is_made_of_a_later_tree_in_an_earlier_one(first: int, second: int) -> None:
    with pytest.raises(TreeError):
        consistency_path(first, second, node)
