"""Signatures: what is signed, and every way of being almost a signature."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x448, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.signers import KeySigner, signer_of
from domain.signatures import (
    ECDSA_P256,
    ED25519,
    P256_ORDER,
    Check,
    SignatureInvalidError,
    algorithm_of_key,
    event_identity,
    pae,
    verify_check,
    verify_signature,
)
from tests.edwards import BASE, L, P, Point, add, challenge, encode, secret_number, times, torsion, with_y

MESSAGE = pae("application/vnd.ortoo.letter.dispatched.v1+avro", b"the letter")
P256 = signer_of(ec.derive_private_key(1234567, ec.SECP256R1()))
SEED = bytes(range(32))
EDWARDS = signer_of(Ed25519PrivateKey.from_private_bytes(SEED))
ED25519_PREFIX = bytes.fromhex("302a300506032b6570032100")


def verify(signer: KeySigner, signature: bytes, message: bytes = MESSAGE) -> None:
    verify_signature(algorithm=signer.algorithm, spki=signer.spki, signature=signature, message=message)


def der_integer(content: bytes) -> bytes:
    return b"\x02" + bytes([len(content)]) + content


def der_pair(r: bytes, s: bytes, head: bytes | None = None) -> bytes:
    body = der_integer(r) + der_integer(s)
    return (head or b"\x30" + bytes([len(body)])) + body


def integer(number: int) -> bytes:
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def test_the_encoding_is_that_of_dsse() -> None:
    # The example of the protocol's own text (secure-systems-lab/dsse, protocol.md).
    assert pae("http://example.com/HelloWorld", b"hello world") == b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"


def test_lengths_count_bytes_not_characters() -> None:
    assert pae("хат", "ў".encode()) == b"DSSEv1 6 " + "хат".encode() + b" 2 " + "ў".encode()


def test_nothing_can_move_between_type_and_payload() -> None:
    assert pae("a", b"b 1 c") != pae("a b", b"1 c")
    assert event_identity("a", b"b") == hashlib.sha256(b"DSSEv1 1 a 1 b").digest()


@pytest.mark.parametrize("signer", [P256, EDWARDS], ids=lambda signer: signer.algorithm)
def test_what_a_key_signed_verifies_and_nothing_else(signer: KeySigner) -> None:
    signature = signer.sign(MESSAGE)
    verify(signer, signature)
    verify_check(Check(algorithm=signer.algorithm, spki=signer.spki, signature=signature, message=MESSAGE))
    with pytest.raises(SignatureInvalidError):
        verify(signer, signature, MESSAGE + b" ")
    for other in (P256, EDWARDS):
        if other is not signer:
            with pytest.raises(SignatureInvalidError):
                verify(other, signature)
            with pytest.raises(SignatureInvalidError, match="does not fit"):
                verify_signature(algorithm=other.algorithm, spki=signer.spki, signature=signature, message=MESSAGE)


@pytest.mark.parametrize("algorithm", ["", "ED25519", "ecdsa-p256-sha512", "none"])
def test_an_unknown_algorithm_is_refused(algorithm: str) -> None:
    with pytest.raises(SignatureInvalidError):
        verify_signature(algorithm=algorithm, spki=P256.spki, signature=P256.sign(MESSAGE), message=MESSAGE)


@pytest.mark.parametrize("signer", [P256, EDWARDS], ids=lambda signer: signer.algorithm)
def test_any_flipped_bit_makes_a_signature_invalid(signer: KeySigner) -> None:
    signature = signer.sign(MESSAGE)
    for bit in range(8 * len(signature)):
        changed = bytearray(signature)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SignatureInvalidError):
            verify(signer, bytes(changed))


def test_a_high_s_is_accepted_and_is_another_signature_of_the_same_event() -> None:
    signature = P256.sign(MESSAGE)
    r, s = decode_dss_signature(signature)
    other = encode_dss_signature(r, P256_ORDER - s)
    assert other != signature
    verify(P256, other)


ECDSA_FORGERIES: dict[str, Callable[[int, int], bytes]] = {
    "an extra zero before r": lambda r, s: der_pair(b"\x00" + integer(r), integer(s)),
    "an extra zero before s": lambda r, s: der_pair(integer(r), b"\x00" + integer(s)),
    "a missing zero, so that r is negative": lambda r, s: der_pair(r.to_bytes(32, "big"), integer(s)),
    "a long form of a short length": lambda r, s: der_pair(integer(r), integer(s), b"\x30\x81" + bytes([der_pair_size(r, s)])),
    "an indefinite length": lambda r, s: der_pair(integer(r), integer(s), b"\x30\x80") + b"\x00\x00",
    "bytes after it": lambda r, s: der_pair(integer(r), integer(s)) + b"\x00",
    "bytes inside after s": lambda r, s: (
        der_pair(integer(r), integer(s), b"\x30" + bytes([der_pair_size(r, s) + 2])) + b"\x05\x00"
    ),
    "another tag": lambda r, s: b"\x31" + der_pair(integer(r), integer(s))[1:],
    "cut short": lambda r, s: der_pair(integer(r), integer(s))[:-1],
    "r and s as 64 bytes": lambda r, s: r.to_bytes(32, "big") + s.to_bytes(32, "big"),
    "r larger by the order": lambda r, s: der_pair(integer(r + P256_ORDER), integer(s)),
    "s larger by the order": lambda r, s: der_pair(integer(r), integer(s + P256_ORDER)),
    "s smaller by the order": lambda r, s: der_pair(integer(r), (s - P256_ORDER).to_bytes(33, "big", signed=True)),
    "r is zero": lambda _, s: der_pair(b"\x00", integer(s)),
    "s is zero": lambda r, _: der_pair(integer(r), b"\x00"),
    "both are zero": lambda _, __: der_pair(b"\x00", b"\x00"),
    "both are the order": lambda _, __: der_pair(integer(P256_ORDER), integer(P256_ORDER)),
    "nothing": lambda _, __: b"",
}


def der_pair_size(r: int, s: int) -> int:
    return len(der_integer(integer(r)) + der_integer(integer(s)))


@pytest.mark.parametrize("name", ECDSA_FORGERIES)
def test_an_ecdsa_signature_in_another_form_is_refused(name: str) -> None:
    # A signature whose r has its highest bit set, so that a zero before it is needed.
    signature = next(one for one in iter(lambda: P256.sign(MESSAGE), None) if decode_dss_signature(one)[0] >> 255)
    r, s = decode_dss_signature(signature)
    assert der_pair(integer(r), integer(s)) == signature
    with pytest.raises(SignatureInvalidError):
        verify(P256, ECDSA_FORGERIES[name](r, s))


def test_an_s_of_ed25519_that_is_not_reduced_is_refused() -> None:
    signature = EDWARDS.sign(MESSAGE)
    s = int.from_bytes(signature[32:], "little")
    with pytest.raises(SignatureInvalidError, match="out of range"):
        verify(EDWARDS, signature[:32] + (s + L).to_bytes(32, "little"))


@pytest.mark.parametrize("size_bytes", [0, 63, 65, 128])
def test_an_ed25519_signature_of_another_size_is_refused(size_bytes: int) -> None:
    with pytest.raises(SignatureInvalidError):
        verify(EDWARDS, (EDWARDS.sign(MESSAGE) * 2)[:size_bytes])


def test_a_commitment_of_small_order_is_refused_though_the_equation_holds() -> None:
    key = EDWARDS.spki[-32:]
    commitment = encode((0, 1))
    s = challenge(commitment, key, MESSAGE) * secret_number(SEED) % L
    signature = commitment + s.to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(key).verify(signature, MESSAGE)
    with pytest.raises(SignatureInvalidError, match="small order"):
        verify(EDWARDS, signature)


@pytest.mark.parametrize("point", torsion(), ids=lambda point: encode(point).hex()[:8])
def test_a_key_of_small_order_under_which_anything_verifies_is_refused(point: Point) -> None:
    spki = ED25519_PREFIX + encode(point)
    signature = encode((0, 1)) + bytes(32)
    with pytest.raises(SignatureInvalidError, match="small order"):
        verify_signature(algorithm=ED25519, spki=spki, signature=signature, message=MESSAGE)
    with pytest.raises(SignatureInvalidError, match="small order"):
        algorithm_of_key(spki)


def test_the_signature_that_one_library_accepts_for_any_message_under_the_zero_key() -> None:
    Ed25519PublicKey.from_public_bytes(encode((0, 1))).verify(encode((0, 1)) + bytes(32), b"anything at all")


@pytest.mark.parametrize("sign_bit", [0, 1])
@pytest.mark.parametrize("y", [*range(19), -1 % P])
def test_a_key_that_is_not_canonical_or_of_small_order_is_refused(y: int, sign_bit: int) -> None:
    # 2**255 - 19 + y still fits into 255 bits for y < 19: a second encoding of the same point.
    second = y + P if y < 19 else y
    with pytest.raises(SignatureInvalidError, match=r"not canonical|small order"):
        algorithm_of_key(ED25519_PREFIX + (second | sign_bit << 255).to_bytes(32, "little"))


def test_half_of_all_numbers_are_no_points_and_no_keys() -> None:
    for y in range(2, 60):
        spki = ED25519_PREFIX + y.to_bytes(32, "little")
        if with_y(y) is None:
            with pytest.raises(SignatureInvalidError, match="no point"):
                algorithm_of_key(spki)
        else:
            assert algorithm_of_key(spki) == ED25519


def test_the_equation_has_no_cofactor() -> None:
    """A key with a part of small order verifies only where that part vanishes: all readers agree on which."""
    secret, nonce = secret_number(SEED), 987654321
    key = encode(add(times(secret, BASE), torsion()[1]))
    commitment = encode(times(nonce, BASE))
    outcomes = set()
    for number in range(40):
        message = b"%d" % number
        h = challenge(commitment, key, message)
        signature = commitment + ((nonce + h * secret) % L).to_bytes(32, "little")
        check = Check(algorithm=ED25519, spki=ED25519_PREFIX + key, signature=signature, message=message)
        try:
            verify_check(check)
            verifies = True
        except SignatureInvalidError:
            verifies = False
        assert verifies == (h % 8 == 0)
        outcomes.add(verifies)
    assert outcomes == {True, False}


def spki_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | x25519.X25519PrivateKey | x448.X448PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def compressed() -> bytes:
    point = ec.derive_private_key(7, ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return bytes.fromhex("3039301306072a8648ce3d020106082a8648ce3d030107032200") + point


OTHER_KEYS: dict[str, Callable[[], bytes]] = {
    "P-384": lambda: spki_of(ec.derive_private_key(7, ec.SECP384R1())),
    "secp256k1": lambda: spki_of(ec.derive_private_key(7, ec.SECP256K1())),
    "RSA": lambda: spki_of(rsa.generate_private_key(65537, 2048)),
    "X25519": lambda: spki_of(x25519.X25519PrivateKey.from_private_bytes(SEED)),
    "X448": lambda: spki_of(x448.X448PrivateKey.generate()),
    "P-256, compressed": compressed,
    "P-256, a byte after it": lambda: P256.spki + b"\x00",
    "P-256, a byte missing": lambda: P256.spki[:-1],
    "P-256, hybrid": lambda: P256.spki[:26] + b"\x06" + P256.spki[27:],
    "P-256, not on the curve": lambda: P256.spki[:-1] + bytes([P256.spki[-1] ^ 1]),
    "P-256, the point at infinity": lambda: bytes.fromhex("301a301306072a8648ce3d020106082a8648ce3d03010703030000"),
    "P-256, a long form of a length": lambda: b"\x30\x81\x59" + P256.spki[2:],
    "Ed25519, with parameters": lambda: bytes.fromhex("302c300706032b65700500032100") + EDWARDS.spki[-32:],
    "Ed25519, a byte after it": lambda: EDWARDS.spki + b"\x00",
    "Ed25519, the bare point": lambda: EDWARDS.spki[-32:],
    "nothing": lambda: b"",
    "PEM": lambda: b"-----BEGIN PUBLIC KEY-----",
}


@pytest.mark.parametrize("name", OTHER_KEYS)
def test_a_key_of_another_kind_or_form_is_refused(name: str) -> None:
    with pytest.raises(SignatureInvalidError):
        algorithm_of_key(OTHER_KEYS[name]())


def test_keys_of_both_kinds_are_told_apart() -> None:
    assert (algorithm_of_key(P256.spki), algorithm_of_key(EDWARDS.spki)) == (ECDSA_P256, ED25519)
