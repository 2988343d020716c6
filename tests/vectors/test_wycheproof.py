"""Every case of Wycheproof for our two algorithms has a listed verdict, and gets it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from domain.signatures import ECDSA_P256, ED25519, SignatureInvalidError, algorithm_of_key, verify_signature

FOLDER = Path(__file__).parent / "wycheproof"
ALGORITHMS = {"ecdsa_secp256r1_sha256_test.json": ECDSA_P256, "ed25519_test.json": ED25519}


def cases(name: str) -> Iterator[tuple[bytes, dict[str, Any]]]:
    for group in json.loads((FOLDER / name).read_text("utf-8"))["testGroups"]:
        for case in group["tests"]:
            yield bytes.fromhex(group["publicKeyDer"]), case


def listed(name: str) -> dict[int, str]:
    lines = (line.split() for line in (FOLDER / "verdicts-1.txt").read_text("ascii").splitlines())
    return {int(number): verdict for file, number, verdict in lines if file == name}


def verdict(algorithm: str, spki: bytes, case: dict[str, Any]) -> str:
    try:
        verify_signature(
            algorithm=algorithm,
            spki=spki,
            signature=bytes.fromhex(case["sig"]),
            message=bytes.fromhex(case["msg"]),
        )
    except SignatureInvalidError:
        return "invalid"
    return "valid"


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_case_gets_the_verdict_that_is_listed(name: str) -> None:
    given = {case["tcId"]: verdict(ALGORITHMS[name], spki, case) for spki, case in cases(name)}
    assert given == listed(name)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_listed_verdict_is_that_of_wycheproof(name: str) -> None:
    assert {case["tcId"]: case["result"] for _, case in cases(name)} == listed(name)


@pytest.mark.parametrize(
    ("name", "count", "invalid"),
    [("ecdsa_secp256r1_sha256_test.json", 484, 310), ("ed25519_test.json", 151, 63)],
)
def test_no_case_was_lost(name: str, count: int, invalid: int) -> None:
    verdicts = list(listed(name).values())
    assert (len(verdicts), verdicts.count("invalid")) == (count, invalid)


@pytest.mark.parametrize("name", ALGORITHMS)
def test_every_public_key_fits_its_algorithm(name: str) -> None:
    assert {algorithm_of_key(spki) for spki, _ in cases(name)} == {ALGORITHMS[name]}
