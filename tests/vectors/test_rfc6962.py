"""The trees that others made of the same leaves have the same hashes, and their proofs get the verdicts they should."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from domain.ids import Digest
from domain.proofs import ProofInvalidError, consistency_path, inclusion_path, verify_consistency, verify_inclusion
from domain.tree import EMPTY_ROOT, leaf_hash, root_of

FOLDER = Path(__file__).parent / "rfc6962"
LEAVES = tuple(
    bytes.fromhex(text)
    for text in (
        *("", "00", "10", "2021", "3031", "40414243"),
        *("5051525354555657", "606162636465666768696a6b6c6d6e6f"),
    )
)
"""The leaves of the reference implementation of Certificate Transparency."""


def cases(kind: str, *, bad: bool) -> list[Any]:
    """Return the good or the bad cases of a kind, each under its path."""
    every = {path: json.loads(path.read_text("utf-8")) for path in sorted((FOLDER / kind).rglob("*.json"))}
    return [pytest.param(case, id=str(path.relative_to(FOLDER / kind))) for path, case in every.items() if case["wantErr"] is bad]


def over_these_leaves(kind: str) -> list[Any]:
    """Return the good cases over the leaves that stand here."""
    return [one for one in cases(kind, bad=False) if "happy-path" in str(one.id)]


def digest(text: str) -> Digest:
    return Digest(base64.b64decode(text))


def path_of(case: dict[str, Any]) -> tuple[Digest, ...]:
    return tuple(digest(text) for text in case["proof"] or ())


def node(level: int, index: int) -> Digest:
    return root_of(LEAVES[index << level : (index + 1) << level])


def include(case: dict[str, Any]) -> None:
    """Verify a case of inclusion."""
    leaf, root = digest(case["leafHash"]), digest(case["root"])
    verify_inclusion(leaf=leaf, index=case["leafIdx"], size=case["treeSize"], path=path_of(case), root=root)


def be_consistent(case: dict[str, Any]) -> None:
    """Verify a case of consistency."""
    first_root, second_root = digest(case["root1"]), digest(case["root2"])
    verify_consistency(
        first=case["size1"], first_root=first_root, second=case["size2"], second_root=second_root, path=path_of(case)
    )


@pytest.mark.parametrize(("kind", "good", "bad"), [("inclusion", 6, 92), ("consistency", 6, 92)])
def test_no_case_was_lost(kind: str, good: int, bad: int) -> None:
    assert (len(cases(kind, bad=False)), len(cases(kind, bad=True))) == (good, bad)


@pytest.mark.parametrize("case", cases("inclusion", bad=False))
def test_good_inclusion_proofs_are_accepted(case: dict[str, Any]) -> None:
    include(case)


@pytest.mark.parametrize("case", cases("inclusion", bad=True))
def test_bad_inclusion_proofs_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ProofInvalidError):
        include(case)


@pytest.mark.parametrize("case", cases("consistency", bad=False))
def test_good_consistency_proofs_are_accepted(case: dict[str, Any]) -> None:
    be_consistent(case)


@pytest.mark.parametrize("case", cases("consistency", bad=True))
def test_bad_consistency_proofs_are_refused(case: dict[str, Any]) -> None:
    with pytest.raises(ProofInvalidError):
        be_consistent(case)


@pytest.mark.parametrize("case", over_these_leaves("inclusion"))
def test_we_make_the_same_inclusion_proofs(case: dict[str, Any]) -> None:
    assert root_of(LEAVES[: case["treeSize"]]) == digest(case["root"])
    assert leaf_hash(LEAVES[case["leafIdx"]]) == digest(case["leafHash"])
    assert inclusion_path(case["leafIdx"], case["treeSize"], node) == path_of(case)


@pytest.mark.parametrize("case", over_these_leaves("consistency"))
def test_we_make_the_same_consistency_proofs(case: dict[str, Any]) -> None:
    assert root_of(LEAVES[: case["size1"]]) == digest(case["root1"])
    assert root_of(LEAVES[: case["size2"]]) == digest(case["root2"])
    assert consistency_path(case["size1"], case["size2"], node) == path_of(case)


def test_the_empty_tree_has_the_root_of_the_standard() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
