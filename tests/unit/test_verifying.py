"""Verifying ahead gives what verifying one by one gives."""

from __future__ import annotations

import contextlib
import sys
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.signers import signer_of
from adapters.verifying import CHUNK_SIZE, Verifications, Verifier
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


def answers(verifier: Verifier, expected: list[Check], asked: list[Check]) -> list[bool]:
    """Return for each check that is asked whether its signature verifies."""
    said: list[bool] = []
    with verifier.ahead() as verifications:
        for check in expected:
            verifications.expect(check)
        for check in asked:
            try:
                verifications.verify(check)
            except SignatureInvalidError:
                said.append(False)
            else:
                said.append(True)
    return said


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("count", [0, 1, CHUNK_SIZE, CHUNK_SIZE + 1, 2 * CHUNK_SIZE + 7])
def test_each_check_gets_its_own_answer(threads: int, count: int) -> None:
    wrong = {number for number in (0, 3, CHUNK_SIZE, 2 * CHUNK_SIZE + 6) if number < count}
    made = checks(count, wrong)
    with contextlib.closing(Verifier(threads)) as verifier:
        said = answers(verifier, made, made)
    assert {number for number, right in enumerate(said) if not right} == wrong
    assert len(said) == count


@pytest.mark.parametrize("threads", [1, 2])
def test_what_was_not_expected_is_verified_all_the_same(threads: int) -> None:
    made = checks(CHUNK_SIZE + 4, {1, CHUNK_SIZE + 2})
    with contextlib.closing(Verifier(threads)) as verifier:
        said = answers(verifier, made[:CHUNK_SIZE], made[::-1])
    assert [number for number, right in enumerate(reversed(said)) if not right] == [1, CHUNK_SIZE + 2]


@pytest.mark.parametrize("threads", [1, 2])
def test_one_check_may_be_expected_and_asked_for_again_and_again(threads: int) -> None:
    made = checks(CHUNK_SIZE, {5})
    with contextlib.closing(Verifier(threads)) as verifier:
        said = answers(verifier, made * 3, made * 2)
    assert [number for number, right in enumerate(said) if not right] == [5, CHUNK_SIZE + 5]


@pytest.mark.parametrize("copies", [2, 3, 40])
@pytest.mark.parametrize("busy", [False, True], ids=["a thread verifies", "the one that asks verifies"])
def test_copies_within_a_chunk_shift_nobodys_answer(copies: int, busy: bool) -> None:
    """A hostile copy of a record must not lend the answer of one signature to another."""
    first, *others = checks(8, {1, 7})
    done = threading.Event()
    with contextlib.closing(Verifier(2)) as verifier, contextlib.ExitStack() as stack, verifier.ahead() as verifications:
        if busy and verifier._pool is not None:
            verifier._pool.submit(done.wait)
            stack.callback(done.set)
        for check in [first] * copies + others:
            verifications.expect(check)
        verifications.begin()
        wrong = [number for number, check in enumerate([first, *others]) if not verifies(verifications, check)]
    assert wrong == [1, 7]


def verifies(verifications: Verifications, check: Check) -> bool:
    """Tell whether a signature verifies."""
    try:
        verifications.verify(check)
    except SignatureInvalidError:
        return False
    return True


def test_garbage_among_the_checks_harms_nobody_else() -> None:
    garbage = Check(algorithm="", spki=b"", signature=b"", message=b"")
    made = [garbage, *checks(CHUNK_SIZE * 2, set()), garbage]
    with contextlib.closing(Verifier(2)) as verifier:
        said = answers(verifier, made, made)
    assert [number for number, right in enumerate(said) if not right] == [0, CHUNK_SIZE * 2 + 1]


@pytest.mark.parametrize("raises", [False, True])
def test_the_interpreter_is_left_as_it_was(raises: bool) -> None:
    before = sys.getswitchinterval()
    with contextlib.closing(Verifier(2)) as verifier, contextlib.suppress(ZeroDivisionError), verifier.ahead() as verifications:
        for check in checks(CHUNK_SIZE * 2, set()):
            verifications.expect(check)
        if raises:
            raise ZeroDivisionError
    assert sys.getswitchinterval() == before
