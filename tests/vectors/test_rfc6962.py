"""The trees that others made of the same leaves have the same hashes."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from domain.ids import Digest
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
EVERY_RUN = {root_of(LEAVES[start:end]) for start in range(8) for end in range(start + 1, 9)}


def good(kind: str) -> list[Any]:
    """Return the cases of a kind that a verifier must accept, over these leaves."""
    found = []
    for path in sorted((FOLDER / kind).rglob("*.json")):
        case = json.loads(path.read_text("utf-8"))
        if not case["wantErr"] and path.name == "happy-path.json":
            found.append(pytest.param(case, id=path.parent.name))
    return found


def hashes(texts: list[str] | None) -> list[Digest]:
    return [Digest(base64.b64decode(text)) for text in texts or []]


def test_there_are_cases_of_both_kinds() -> None:
    assert len(good("inclusion")) >= 4
    assert len(good("consistency")) >= 4


@pytest.mark.parametrize("case", good("inclusion"))
def test_roots_and_leaves_of_good_inclusion_proofs_are_ours(case: dict[str, Any]) -> None:
    root, leaf = hashes([case["root"], case["leafHash"]])
    assert root_of(LEAVES[: case["treeSize"]]) == root
    assert leaf_hash(LEAVES[case["leafIdx"]]) == leaf
    assert set(hashes(case["proof"])) <= EVERY_RUN


@pytest.mark.parametrize("case", good("consistency"))
def test_roots_of_good_consistency_proofs_are_ours(case: dict[str, Any]) -> None:
    earlier, later = hashes([case["root1"], case["root2"]])
    assert root_of(LEAVES[: case["size1"]]) == earlier
    assert root_of(LEAVES[: case["size2"]]) == later
    assert set(hashes(case["proof"])) <= EVERY_RUN


def test_the_empty_tree_has_the_root_of_the_standard() -> None:
    assert EMPTY_ROOT.hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
