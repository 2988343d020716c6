"""Hostile bytes where a certificate, a key or a signature belongs: refused by name, never a crash, never two readings."""

from __future__ import annotations

import contextlib
import warnings
from dataclasses import replace

from cryptography import x509
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.certificates import CertificateRefusedError, admit_certificate, parse_anchor, parse_certificate
from domain.der import DerError, Element, read_der
from domain.ids import sha256
from domain.signatures import ECDSA_P256, ED25519, SignatureInvalidError, algorithm_of_key, verify_signature
from tests import certificate_forge as forge
from tests.certificate_forge import ANCHOR, ANCHOR_DRAFT, GOOD, NOW_MS, Draft, tlv

TAGS = st.sampled_from([0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0C, 0x13, 0x17, 0x18, 0x30, 0x31, 0x81, 0xA0, 0xA3, 0x24, 0x1F])
VALUES = st.recursive(
    st.builds(tlv, TAGS, st.binary(max_size=12)),
    lambda inner: st.builds(lambda tag, parts: tlv(tag, *parts), TAGS, st.lists(inner, max_size=5)),
    max_leaves=25,
)
PARTS = ["version", "serial", "algorithm", "inner_algorithm", "issuer", "validity", "subject", "spki", "tail", "signature"]


@st.composite
def edited(draw: st.DrawFn, whole: bytes) -> bytes:
    """Return bytes with a few changed, taken out or put in."""
    changed = bytearray(whole)
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(changed) - 1))
        edit = draw(st.sampled_from(["flip", "set", "remove", "insert"]))
        if edit == "flip":
            changed[at] ^= 1 << draw(st.integers(0, 7))
        elif edit == "set":
            changed[at] = draw(st.integers(0, 255))
        elif edit == "remove":
            del changed[at : at + draw(st.integers(1, 8))]
        else:
            changed[at:at] = draw(st.binary(min_size=1, max_size=8))
        changed = changed or bytearray(b"\x00")
    return bytes(changed)


def is_admitted(der: bytes, anchors: tuple[bytes, ...] = (ANCHOR,)) -> bool:
    try:
        admitted = admit_certificate(der, anchors=anchors, at_ms=NOW_MS)
    except CertificateRefusedError:
        return False
    assert admitted.digest == sha256(der)
    return True


def test_any_flipped_bit_of_a_certificate_refuses_it() -> None:
    for bit in range(8 * len(GOOD)):
        changed = bytearray(GOOD)
        changed[bit // 8] ^= 1 << bit % 8
        assert not is_admitted(bytes(changed))


def test_any_flipped_bit_of_an_anchor_is_survived() -> None:
    for bit in range(8 * len(ANCHOR)):
        changed = bytearray(ANCHOR)
        changed[bit // 8] ^= 1 << bit % 8
        is_admitted(GOOD, (bytes(changed),))


@settings(max_examples=300)
@given(edited(GOOD))
def test_an_edited_certificate_is_refused(der: bytes) -> None:
    assert is_admitted(der) == (der == GOOD)


@settings(max_examples=300)
@given(st.sampled_from(PARTS), VALUES)
def test_a_certificate_with_anything_in_a_place_is_read_or_refused(part: str, value: bytes) -> None:
    """Here the anchor signed whatever it holds, so that nothing but its reading can refuse it."""
    der = replace(Draft(), **{part: value}).issued()
    is_admitted(der)
    with contextlib.suppress(CertificateRefusedError):
        parse_certificate(der)
    with contextlib.suppress(CertificateRefusedError):
        parse_anchor(replace(ANCHOR_DRAFT, **{part: value}).issued())


@settings(max_examples=300)
@given(st.binary(max_size=60) | VALUES | edited(GOOD))
def test_bytes_have_one_reading_as_der_or_none(raw: bytes) -> None:
    try:
        element = read_der(raw)
    except DerError:
        return
    assert written(element) == raw


def written(element: Element) -> bytes:
    """Return an element as DER, from its members."""
    if element.members:
        return tlv(element.tag, *(written(member) for member in element.members))
    return tlv(element.tag, element.content)


@settings(max_examples=200)
@given(edited(GOOD))
def test_what_is_read_here_is_read_alike_by_another_parser(der: bytes) -> None:
    """The other parser may refuse more or less; where both read, the key and the names are the same bytes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = parse_certificate(der)
            other = x509.load_der_x509_certificate(der)
        except (CertificateRefusedError, ValueError):
            return
    assert int(other.not_valid_before_utc.timestamp()) * 1000 == found.not_before_ms
    assert int(other.not_valid_after_utc.timestamp()) * 1000 == found.not_after_ms


@settings(max_examples=200)
@given(edited(forge.spki_of(forge.OFFICER_KEY)) | st.binary(max_size=100))
def test_an_edited_key_is_another_key_or_none(spki: bytes) -> None:
    with contextlib.suppress(SignatureInvalidError):
        assert algorithm_of_key(spki) in {ECDSA_P256, ED25519}


SIGNATURE = forge.sign(forge.OFFICER_KEY, b"message")


@settings(max_examples=300)
@given(edited(SIGNATURE))
def test_an_edited_signature_is_invalid(signature: bytes) -> None:
    try:
        spki = forge.spki_of(forge.OFFICER_KEY)
        verify_signature(algorithm=ECDSA_P256, spki=spki, signature=signature, message=b"message")
    except SignatureInvalidError:
        return
    assert signature == SIGNATURE
