"""Verifying side by side gives what verifying one by one gives."""

from __future__ import annotations

import sys

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.signers import signer_of
from adapters.verifying import CHUNK_SIZE, Verifier
from domain.signatures import Check, SignatureInvalidError

SIGNERS = (
    signer_of(ec.derive_private_key(11, ec.SECP256R1())),
    signer_of(Ed25519PrivateKey.from_private_bytes(bytes(range(32)))),
)


def checks(count: int, wrong: set[int]) -> list[Check]:
    made = []
    for number in range(count):
        signer, message = SIGNERS[number % 2], b"message %d" % number
        said = b"another" if number in wrong else message
        made.append(Check(algorithm=signer.algorithm, spki=signer.spki, signature=signer.sign(message), message=said))
    return made


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE + 7])
def test_each_check_gets_its_own_answer_in_order(threads: int, count: int) -> None:
    wrong = {number for number in (0, 3, CHUNK_SIZE, 2 * CHUNK_SIZE + 6) if number < count}
    verifier = Verifier(threads)
    try:
        results = verifier.verify_many(checks(count, wrong))
    finally:
        verifier.close()
    assert len(results) == count
    assert {number for number, result in enumerate(results) if result is not None} == wrong
    assert all(isinstance(results[number], SignatureInvalidError) for number in wrong)


def test_garbage_among_the_checks_harms_nobody_else() -> None:
    garbage = Check(algorithm="", spki=b"", signature=b"", message=b"")
    verifier = Verifier(2)
    try:
        results = verifier.verify_many([garbage, *checks(CHUNK_SIZE * 2, set()), garbage])
    finally:
        verifier.close()
    assert [number for number, result in enumerate(results) if result is not None] == [0, CHUNK_SIZE * 2 + 1]


def test_the_interpreter_is_left_as_it_was() -> None:
    before = sys.getswitchinterval()
    verifier = Verifier(2)
    verifier.verify_many(checks(CHUNK_SIZE * 2, set()))
    verifier.close()
    assert sys.getswitchinterval() == before
