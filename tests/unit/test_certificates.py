"""The admission of certificates: each refusal provoked by a certificate that is right in everything else."""

from __future__ import annotations

import functools
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, SHA512, HashAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from domain.certificates import CertificateRefusedError, admit_certificate, parse_anchor, parse_certificate
from domain.ids import sha256
from domain.reasons import Reason
from domain.signatures import ECDSA_P256, ED25519
from tests import certificate_forge as forge
from tests.certificate_forge import ANCHOR, ANCHOR_DRAFT, GOOD, NOW_MS, Draft, PrivateKey, extension, extensions, tlv

ED25519_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
RSA_KEY = rsa.generate_private_key(65537, 2048)
P384_KEY = ec.derive_private_key(3003, ec.SECP384R1())


def refusal(der: bytes, *, anchors: tuple[bytes, ...] = (ANCHOR,), at_ms: int = NOW_MS) -> Reason:
    with pytest.raises(CertificateRefusedError) as caught:
        admit_certificate(der, anchors=anchors, at_ms=at_ms)
    assert caught.value.reason.sentence in str(caught.value)
    return caught.value.reason


def moment(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp()) * 1000  # type: ignore[misc,arg-type]


def test_a_right_certificate_is_admitted() -> None:
    admitted = admit_certificate(GOOD, anchors=(ANCHOR,), at_ms=NOW_MS)
    assert admitted == parse_certificate(GOOD)
    assert admitted.digest == sha256(GOOD)
    assert admitted.spki == forge.spki_of(forge.OFFICER_KEY)
    assert admitted.algorithm == ECDSA_P256
    assert (admitted.not_before_ms, admitted.not_after_ms) == (moment(2026, 1, 1), moment(2027, 12, 31, 23, 59, 59))


def test_an_ed25519_key_is_admitted() -> None:
    der = Draft(spki=forge.spki_of(ED25519_KEY)).issued()
    assert admit_certificate(der, anchors=(ANCHOR,), at_ms=NOW_MS).algorithm == ED25519


@pytest.mark.parametrize(
    ("key", "algorithm", "hashed"),
    [
        (forge.CA_KEY, forge.ECDSA_SHA256, SHA256()),
        (forge.CA_KEY, forge.ECDSA_SHA384, SHA384()),
        (P384_KEY, forge.ECDSA_SHA384, SHA384()),
        (P384_KEY, forge.ECDSA_SHA256, SHA256()),
        (ED25519_KEY, forge.ED25519, None),
        (RSA_KEY, forge.RSA_SHA256, SHA256()),
    ],
    ids=["P-256 SHA-256", "P-256 SHA-384", "P-384 SHA-384", "P-384 SHA-256", "Ed25519", "RSA SHA-256"],
)
def test_anchors_of_every_allowed_kind_issue(key: PrivateKey, algorithm: bytes, hashed: HashAlgorithm) -> None:
    der = Draft(algorithm=algorithm).issued(key, hashed)
    assert admit_certificate(der, anchors=(ANCHOR, forge.anchor_of(key)), at_ms=NOW_MS).digest == sha256(der)


MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "garbage": b"garbage that is no certificate",
    "a byte after it": GOOD + b"\x00",
    "cut short": GOOD[:-1],
    "an outer length longer than needed": b"\x30\x83\x00" + GOOD[2:],
    "an indefinite outer length": b"\x30\x80" + GOOD[4:] + b"\x00\x00",
    "version 1": Draft(version=b"", tail=b"").issued(),
    "version 2": Draft(version=bytes.fromhex("a003020101"), tail=b"").issued(),
    "version 4": Draft(version=bytes.fromhex("a003020103")).issued(),
    "the version padded": Draft(version=bytes.fromhex("a00402020002")).issued(),
    "the serial number padded": Draft(serial=bytes.fromhex("0203000b0b")).issued(),
    "no serial number": Draft(serial=bytes.fromhex("0200")).issued(),
    "another algorithm inside": Draft(inner_algorithm=forge.ECDSA_SHA384).issued(),
    "an algorithm without a name": Draft(algorithm=bytes.fromhex("3000")).issued(),
    "an issuer that is no name": Draft(issuer=bytes.fromhex("300433020500")).issued(),
    "a name with an empty part": Draft(subject=bytes.fromhex("30023100")).issued(),
    "a name out of order": Draft(
        subject=tlv(0x30, tlv(0x31, *(tlv(0x30, bytes.fromhex("0603550403"), tlv(0x0C, text)) for text in (b"b", b"a"))))
    ).issued(),
    "one time only": Draft(validity=tlv(0x30, tlv(0x17, b"260101000000Z"))).issued(),
    "a time without seconds": Draft(validity=forge.validity("2601010000Z".ljust(13, "Z"), "271231235959Z")).issued(),
    "a time with an offset": Draft(validity=tlv(0x30, tlv(0x17, b"260101000000+0500"), tlv(0x17, b"271231235959Z"))).issued(),
    "a time with fractions": Draft(validity=tlv(0x30, tlv(0x17, b"260101000000Z"), tlv(0x18, b"20271231235959.5Z"))).issued(),
    "a day that does not exist": Draft(validity=forge.validity("260101000000Z", "270230000000Z")).issued(),
    "a leap second": Draft(validity=forge.validity("260101000000Z", "271231235960Z")).issued(),
    "the year 0": Draft(validity=forge.validity("00000101000000Z", "271231235959Z")).issued(),
    "a text where a time belongs": Draft(validity=tlv(0x30, tlv(0x0C, b"260101000000Z"), tlv(0x17, b"271231235959Z"))).issued(),
    "a key that is no key": Draft(spki=bytes.fromhex("3000")).issued(),
    "a key whose bits are bytes": Draft(spki=tlv(0x30, bytes.fromhex("300506032b6570"), tlv(0x04, bytes(32)))).issued(),
    "the extensions twice": Draft(tail=2 * extensions(forge.SIGNS_DOCUMENTS)).issued(),
    "unique ids after the extensions": Draft(tail=extensions(forge.SIGNS_DOCUMENTS) + bytes.fromhex("81020000")).issued(),
    "an unknown last part": Draft(tail=extensions(forge.SIGNS_DOCUMENTS) + bytes.fromhex("a4020500")).issued(),
    "an empty list of extensions": Draft(tail=extensions()).issued(),
    "two lists of extensions": Draft(tail=tlv(0xA3, *2 * [tlv(0x30, forge.SIGNS_DOCUMENTS)])).issued(),
    "an extension twice": Draft(tail=extensions(forge.SIGNS_DOCUMENTS, forge.SIGNS_DOCUMENTS)).issued(),
    "not critical, written out": Draft(tail=extensions(extension("2a03", b"", b"\x01\x01\x00"), forge.SIGNS_DOCUMENTS)).issued(),
    "critical as BER writes it": Draft(tail=extensions(extension("2a03", b"", b"\x01\x01\x01"), forge.SIGNS_DOCUMENTS)).issued(),
    "an extension without a value": Draft(tail=extensions(tlv(0x30, bytes.fromhex("06022a03")))).issued(),
    "no authority, written out": Draft(
        tail=extensions(extension(forge.BASIC_CONSTRAINTS, bytes.fromhex("3003010100")), forge.SIGNS_DOCUMENTS)
    ).issued(),
    "basicConstraints is a number": Draft(
        tail=extensions(extension(forge.BASIC_CONSTRAINTS, bytes.fromhex("020100")), forge.SIGNS_DOCUMENTS)
    ).issued(),
    "basicConstraints holds more": Draft(
        tail=extensions(extension(forge.BASIC_CONSTRAINTS, bytes.fromhex("30030c0161")), forge.SIGNS_DOCUMENTS)
    ).issued(),
    "keyUsage is no bits": Draft(tail=extensions(extension(forge.KEY_USAGE, b"\x04\x00"), forge.SIGNS_DOCUMENTS)).issued(),
    "keyUsage with spare bits set": Draft(
        tail=extensions(extension(forge.KEY_USAGE, bytes.fromhex("030207ff")), forge.SIGNS_DOCUMENTS)
    ).issued(),
    "extKeyUsage is empty": Draft(tail=extensions(extension(forge.EXTENDED_KEY_USAGE, bytes.fromhex("3000")))).issued(),
    "extKeyUsage with bytes after it": Draft(
        tail=extensions(extension(forge.EXTENDED_KEY_USAGE, tlv(0x30, forge.DOCUMENT_SIGNING) + b"\x00"))
    ).issued(),
    "a signature of spare bits": Draft(signature=bytes.fromhex("03020780")).issued(),
    "an empty signature": Draft(signature=bytes.fromhex("0300")).issued(),
    "nested without end": b"\x30\x80" * 40,
    "nested too deep": functools.reduce(lambda inner, _: tlv(0x30, inner), range(60), b""),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_not_strict_der_of_a_version_3_certificate_is_malformed(name: str) -> None:
    assert refusal(MALFORMED[name]) is Reason.CERTIFICATE_MALFORMED
    with pytest.raises(CertificateRefusedError) as caught:
        parse_certificate(MALFORMED[name])
    assert caught.value.reason is Reason.CERTIFICATE_MALFORMED


def test_a_certificate_of_another_issuer_is_refused() -> None:
    der = Draft(issuer=forge.name("Another CA")).issued()
    assert refusal(der) is Reason.CERTIFICATE_NOT_FROM_ANCHOR
    assert refusal(GOOD, anchors=()) is Reason.CERTIFICATE_NOT_FROM_ANCHOR


def test_an_issuer_that_differs_in_encoding_only_is_another_issuer() -> None:
    printable = forge.CA_NAME.replace(b"\x0c\x0bExchange CA", b"\x13\x0bExchange CA")
    assert printable != forge.CA_NAME
    assert refusal(Draft(issuer=printable).issued()) is Reason.CERTIFICATE_NOT_FROM_ANCHOR


def test_a_certificate_of_an_intermediate_authority_is_refused_unless_that_is_an_anchor() -> None:
    key = ec.derive_private_key(4004, ec.SECP256R1())
    middle = replace(ANCHOR_DRAFT, subject=forge.name("Middle"), spki=forge.spki_of(key)).issued()
    der = Draft(issuer=forge.name("Middle")).issued(key)
    assert refusal(der) is Reason.CERTIFICATE_NOT_FROM_ANCHOR
    assert admit_certificate(der, anchors=(ANCHOR, middle), at_ms=NOW_MS).digest == sha256(der)


def test_an_anchor_that_cannot_be_one_counts_as_none() -> None:
    assert refusal(GOOD, anchors=(b"garbage", replace(ANCHOR_DRAFT, tail=b"").issued())) is Reason.CERTIFICATE_NOT_FROM_ANCHOR


def bad_signatures() -> dict[str, bytes]:
    """Return certificates whose signature is not the anchor's, or not in a form or by an algorithm that is allowed."""
    draft = Draft()
    r, s = decode_dss_signature(forge.sign(forge.CA_KEY, draft.signed()))
    loose = tlv(0x30, tlv(0x02, b"\x00\x00" + r.to_bytes(32, "big")), tlv(0x02, b"\x00\x00" + s.to_bytes(32, "big")))
    with_sha512 = Draft(algorithm=forge.ECDSA_SHA512)
    parameters = Draft(algorithm=bytes.fromhex("300c06082a8648ce3d0403020500"))
    return {
        "of another key": draft.issued(forge.OFFICER_KEY),
        "over another certificate": replace(draft, signature=tlv(0x03, b"\x00", forge.sign(forge.CA_KEY, b"x"))).issued(),
        "not strict DER": replace(draft, signature=tlv(0x03, b"\x00", loose)).issued(),
        "empty": replace(draft, signature=bytes.fromhex("030100")).issued(),
        "by SHA-512": with_sha512.issued(forge.CA_KEY, SHA512()),
        "by SHA-384 under the name of SHA-256": draft.issued(forge.CA_KEY, SHA384()),
        "with parameters that do not belong there": parameters.issued(),
        "named Ed25519": Draft(algorithm=forge.ED25519).issued(),
        "named RSA": Draft(algorithm=forge.RSA_SHA256).issued(),
    }


@pytest.mark.parametrize("name", bad_signatures())
def test_a_signature_that_is_not_the_anchors_is_refused(name: str) -> None:
    assert refusal(bad_signatures()[name]) is Reason.CERTIFICATE_SIGNATURE_WRONG


def test_rsa_anchors_sign_by_sha_256_and_the_plain_padding_only() -> None:
    anchors = (forge.anchor_of(RSA_KEY),)
    pss = bytes.fromhex("300b06092a864886f70d01010a")
    draft = Draft(algorithm=pss)
    padded = RSA_KEY.sign(draft.signed(), PSS(MGF1(SHA256()), 32), SHA256())
    assert refusal(replace(draft, signature=tlv(0x03, b"\x00", padded)).issued(), anchors=anchors) is (
        Reason.CERTIFICATE_SIGNATURE_WRONG
    )
    for algorithm, hashed in ((forge.RSA_SHA1, SHA256()), (bytes.fromhex("300d06092a864886f70d01010c0500"), SHA384())):
        der = Draft(algorithm=algorithm).issued(RSA_KEY, hashed)
        assert refusal(der, anchors=anchors) is Reason.CERTIFICATE_SIGNATURE_WRONG


def test_the_validity_counts_with_both_its_bounds() -> None:
    der = Draft(validity=forge.validity("261124120000Z", "261124120100Z")).issued()
    for at_ms in (NOW_MS, NOW_MS + 60_000):
        assert admit_certificate(der, anchors=(ANCHOR,), at_ms=at_ms).digest == sha256(der)
    for at_ms in (NOW_MS - 1, NOW_MS + 60_001):
        assert refusal(der, at_ms=at_ms) is Reason.CERTIFICATE_NOT_VALID_NOW


@pytest.mark.parametrize(
    ("first", "last", "first_ms", "last_ms"),
    [
        ("500101000000Z", "491231235959Z", moment(1950, 1, 1), moment(2049, 12, 31, 23, 59, 59)),
        ("20260101000000Z", "99991231235959Z", moment(2026, 1, 1), moment(9999, 12, 31, 23, 59, 59)),
        ("00010101000000Z", "20500101000000Z", moment(1, 1, 1), moment(2050, 1, 1)),
    ],
)
def test_both_kinds_of_time_are_read(first: str, last: str, first_ms: int, last_ms: int) -> None:
    found = parse_certificate(Draft(validity=forge.validity(first, last)).issued())
    assert (found.not_before_ms, found.not_after_ms) == (first_ms, last_ms)


def test_a_validity_is_told_in_the_same_words_by_every_system() -> None:
    der = Draft(validity=forge.validity("00010101000000Z", "251231235959Z")).issued()
    with pytest.raises(CertificateRefusedError, match="valid from 0001-01-01 00:00:00 to 2025-12-31 23:59:59 UTC"):
        admit_certificate(der, anchors=(ANCHOR,), at_ms=NOW_MS)


def test_the_anchor_must_be_valid_too() -> None:
    expired = replace(ANCHOR_DRAFT, validity=forge.validity("200101000000Z", "251231235959Z")).issued()
    future = replace(ANCHOR_DRAFT, validity=forge.validity("280101000000Z", "291231235959Z")).issued()
    assert refusal(GOOD, anchors=(expired,)) is Reason.ANCHOR_NOT_VALID_NOW
    assert refusal(GOOD, anchors=(expired, future)) is Reason.ANCHOR_NOT_VALID_NOW


def test_an_authority_that_renewed_its_certificate_goes_on_issuing() -> None:
    expired = replace(ANCHOR_DRAFT, validity=forge.validity("200101000000Z", "251231235959Z")).issued()
    for anchors in ((expired, ANCHOR), (ANCHOR, expired)):
        assert admit_certificate(GOOD, anchors=anchors, at_ms=NOW_MS).digest == sha256(GOOD)


def test_an_authority_with_a_new_key_and_the_old_name_goes_on_issuing() -> None:
    other = forge.anchor_of(ec.derive_private_key(5005, ec.SECP256R1()))
    for anchors in ((other, ANCHOR), (ANCHOR, other)):
        assert admit_certificate(GOOD, anchors=anchors, at_ms=NOW_MS).digest == sha256(GOOD)
    assert refusal(GOOD, anchors=(other,)) is Reason.CERTIFICATE_SIGNATURE_WRONG


def test_the_certificate_of_an_authority_is_refused() -> None:
    der = Draft(tail=extensions(forge.IS_CA, forge.SIGNS_DOCUMENTS)).issued()
    assert refusal(der) is Reason.CERTIFICATE_IS_CA
    limited = extension(forge.BASIC_CONSTRAINTS, bytes.fromhex("30060101ff020100"))
    assert refusal(Draft(tail=extensions(limited, forge.SIGNS_DOCUMENTS)).issued()) is Reason.CERTIFICATE_IS_CA
    assert refusal(ANCHOR) is Reason.CERTIFICATE_IS_CA


@pytest.mark.parametrize("uses", [None, forge.ANY_USE, forge.CODE_SIGNING], ids=["none", "any", "another"])
def test_a_certificate_that_is_not_for_signing_documents_is_refused(uses: bytes | None) -> None:
    given = () if uses is None else (extension(forge.EXTENDED_KEY_USAGE, tlv(0x30, uses)),)
    assert refusal(Draft(tail=extensions(forge.NOT_CA, *given)).issued()) is Reason.CERTIFICATE_USE_MISSING


def test_a_certificate_without_extensions_is_refused_for_its_use() -> None:
    assert refusal(Draft(tail=b"").issued()) is Reason.CERTIFICATE_USE_MISSING


def test_further_uses_do_no_harm() -> None:
    uses = extension(forge.EXTENDED_KEY_USAGE, tlv(0x30, forge.CODE_SIGNING, forge.DOCUMENT_SIGNING), forge.CRITICAL)
    der = Draft(tail=bytes.fromhex("8102000182020001") + extensions(uses)).issued()
    assert admit_certificate(der, anchors=(ANCHOR,), at_ms=NOW_MS).digest == sha256(der)


@pytest.mark.parametrize("identifier", [forge.NAME_CONSTRAINTS, forge.SUBJECT_ALTERNATIVE_NAME, "2b06010401823701"])
def test_a_critical_extension_that_nobody_here_judges_is_refused(identifier: str) -> None:
    for critical, reason in ((forge.CRITICAL, Reason.CERTIFICATE_CRITICAL_EXTENSION), (b"", None)):
        # What such an extension holds is never looked into: here nothing that anybody could read.
        der = Draft(tail=extensions(forge.SIGNS_DOCUMENTS, extension(identifier, b"\xff\xff", critical))).issued()
        if reason:
            assert refusal(der) is reason
        else:
            assert admit_certificate(der, anchors=(ANCHOR,), at_ms=NOW_MS).digest == sha256(der)


def point(key: ec.EllipticCurvePrivateKey, form: PublicFormat) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, form)


P256_NAMED = bytes.fromhex("301306072a8648ce3d020106082a8648ce3d030107")
KEYS: dict[str, bytes] = {
    "RSA": forge.spki_of(RSA_KEY),
    "P-384": forge.spki_of(P384_KEY),
    "compressed": tlv(0x30, P256_NAMED, tlv(0x03, b"\x00", point(forge.OFFICER_KEY, PublicFormat.CompressedPoint))),
    "not on the curve": tlv(0x30, P256_NAMED, tlv(0x03, b"\x00\x04", bytes(64))),
    "explicit parameters": tlv(
        0x30,
        tlv(0x30, bytes.fromhex("06072a8648ce3d0201"), tlv(0x30, bytes.fromhex("020101"))),
        tlv(0x03, b"\x00", point(forge.OFFICER_KEY, PublicFormat.UncompressedPoint)),
    ),
    "Ed25519 of small order": tlv(0x30, forge.ED25519, tlv(0x03, b"\x00\x01", bytes(31))),
    "Ed25519 with parameters": tlv(0x30, bytes.fromhex("300706032b65700500"), tlv(0x03, b"\x00", bytes(range(32)))),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_that_this_exchange_does_not_support_is_refused(name: str) -> None:
    assert refusal(Draft(spki=KEYS[name]).issued()) is Reason.CERTIFICATE_KEY_UNSUPPORTED


def test_the_right_key_hidden_in_an_extension_does_not_help_a_wrong_one() -> None:
    hidden = extension("2a03", forge.spki_of(forge.OFFICER_KEY))
    der = Draft(spki=KEYS["compressed"], tail=extensions(forge.SIGNS_DOCUMENTS, hidden)).issued()
    assert refusal(der) is Reason.CERTIFICATE_KEY_UNSUPPORTED


def test_reasons_are_given_in_the_order_of_their_numbers() -> None:
    """Each step mends the first thing that is wrong; the reason moves on to the next."""
    wrong_tail = extensions(forge.IS_CA, extension("2a03", b"", forge.CRITICAL))
    expired = forge.validity("200101000000Z", "211231235959Z")
    draft = Draft(issuer=forge.name("X"), validity=expired, spki=KEYS["RSA"], tail=wrong_tail)
    old_anchor = (replace(ANCHOR_DRAFT, validity=expired).issued(),)
    other = forge.OFFICER_KEY
    found = [refusal(draft.issued(other) + b"\x00", anchors=old_anchor), refusal(draft.issued(other), anchors=old_anchor)]
    draft = replace(draft, issuer=forge.CA_NAME)
    found += [refusal(draft.issued(other), anchors=old_anchor), refusal(draft.issued(), anchors=old_anchor)]
    draft = replace(draft, validity=forge.ALWAYS)
    found += [refusal(draft.issued(), anchors=old_anchor), refusal(draft.issued())]
    critical = extension("2a03", b"", forge.CRITICAL)
    tails = (extensions(critical), extensions(critical, forge.SIGNS_DOCUMENTS), extensions(forge.SIGNS_DOCUMENTS))
    found += [refusal(replace(draft, tail=tail).issued()) for tail in tails]
    assert found == [reason for reason in Reason if 910 <= reason <= 918]


ANCHORS_UNFIT: dict[str, bytes] = {
    "garbage": b"garbage",
    "a byte after it": ANCHOR + b"\x00",
    "no authority": GOOD,
    "no extensions": replace(ANCHOR_DRAFT, tail=b"").issued(),
    "version 1": replace(ANCHOR_DRAFT, version=b"", tail=b"").issued(),
    "P-521": forge.anchor_of(ec.derive_private_key(7, ec.SECP521R1())),
    "P-256, compressed": replace(ANCHOR_DRAFT, spki=KEYS["compressed"]).issued(),
    "P-256, not on the curve": replace(ANCHOR_DRAFT, spki=KEYS["not on the curve"]).issued(),
    "Ed25519 of small order": replace(ANCHOR_DRAFT, spki=KEYS["Ed25519 of small order"]).issued(),
}


def rsa_anchor(*numbers: bytes) -> bytes:
    key = tlv(0x30, *(tlv(0x02, number) for number in numbers))
    return replace(
        ANCHOR_DRAFT, spki=tlv(0x30, bytes.fromhex("300d06092a864886f70d0101010500"), tlv(0x03, b"\x00", key))
    ).issued()


MODULUS = b"\x00" + (RSA_KEY.public_key().public_numbers().n).to_bytes(256, "big")
ANCHORS_UNFIT |= {
    "RSA of 1024 bits": rsa_anchor(b"\x00" + (1 << 1023 | 1).to_bytes(128, "big"), b"\x01\x00\x01"),
    "RSA of 16384 bits": rsa_anchor(b"\x00" + (1 << 16383 | 1).to_bytes(2048, "big"), b"\x01\x00\x01"),
    "RSA with an even modulus": rsa_anchor(MODULUS[:-1] + b"\x02", b"\x01\x00\x01"),
    "RSA with a negative modulus": rsa_anchor(b"\x80" + MODULUS[1:], b"\x01\x00\x01"),
    "RSA with the exponent 1": rsa_anchor(MODULUS, b"\x01"),
    "RSA with an even exponent": rsa_anchor(MODULUS, b"\x04"),
    "RSA with a huge exponent": rsa_anchor(MODULUS, b"\x01" + bytes(31) + b"\x01"),
    "RSA with one number": rsa_anchor(MODULUS),
    "RSA with three numbers": rsa_anchor(MODULUS, b"\x03", b"\x03"),
}


@pytest.mark.parametrize("name", ANCHORS_UNFIT)
def test_what_cannot_be_an_anchor_is_refused(name: str) -> None:
    with pytest.raises(CertificateRefusedError) as caught:
        parse_anchor(ANCHORS_UNFIT[name])
    assert caught.value.reason is Reason.ANCHOR_UNFIT


def test_an_anchor_says_its_name_key_and_validity() -> None:
    anchor = parse_anchor(ANCHOR)
    assert (anchor.subject, anchor.spki, anchor.digest) == (forge.CA_NAME, forge.spki_of(forge.CA_KEY), sha256(ANCHOR))
