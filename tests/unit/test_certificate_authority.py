"""The exchange's small authority issues what admission accepts, and nothing else."""

from __future__ import annotations

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, x25519
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from adapters.certificate_authority import (
    CERTIFICATE_DAYS,
    TEMPORARY_DAYS,
    Authority,
    CertificateIssueError,
    create_authority,
    issue_certificate,
    new_serial,
    open_authority,
)
from adapters.signers import KeySigner, signer_of
from domain.certificates import CertificateRefusedError, admit_certificate, parse_anchor, parse_certificate
from domain.enrolment import TEMPORARY_LIMIT_MS
from domain.ids import officer_id, organisation_id
from domain.reasons import Reason
from tests.certificate_forge import GOOD

AT_MS = 1_764_000_000_123
DAY_MS = 24 * 3600 * 1000
CA_KEY = ec.derive_private_key(42, ec.SECP256R1())
AUTHORITY = create_authority(CA_KEY, name="Ministry of Posts, Ўзбекистон", at_ms=AT_MS, serial=1)
P256 = signer_of(ec.derive_private_key(43, ec.SECP256R1()))
EDWARDS = signer_of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
OFFICER, ORGANISATION = officer_id("clerk-" + "x" * 34), organisation_id("mfy-" + "0" * 20)


def issued(spki: bytes, *, at_ms: int = AT_MS, days: int = CERTIFICATE_DAYS, authority: Authority = AUTHORITY) -> bytes:
    return issue_certificate(authority, spki=spki, officer=OFFICER, organisation=ORGANISATION, at_ms=at_ms, days=days, serial=7)


@pytest.mark.parametrize("signer", [P256, EDWARDS], ids=lambda signer: signer.algorithm)
def test_what_it_issues_is_admitted_at_once(signer: KeySigner) -> None:
    admitted = admit_certificate(issued(signer.spki), anchors=(AUTHORITY.certificate,), at_ms=AT_MS)
    assert (admitted.spki, admitted.algorithm) == (signer.spki, signer.algorithm)


def test_an_authority_with_an_ed25519_key_issues_too() -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    authority = create_authority(key, name="CA", at_ms=AT_MS, serial=1)
    certificate = issued(P256.spki, authority=authority)
    assert admit_certificate(certificate, anchors=(authority.certificate,), at_ms=AT_MS).spki == P256.spki


def test_a_ledger_whose_clock_is_a_little_behind_admits_it() -> None:
    admit_certificate(issued(P256.spki), anchors=(AUTHORITY.certificate,), at_ms=AT_MS - 9 * 60 * 1000)


def test_a_certificate_names_whom_it_is_for_and_may_sign_documents_only() -> None:
    found = x509.load_der_x509_certificate(issued(P256.spki))
    names = {name.oid: name.value for name in found.subject}
    assert names == {NameOID.COMMON_NAME: OFFICER, NameOID.ORGANIZATION_NAME: ORGANISATION}
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert not usage.key_cert_sign
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    uses = found.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert [use.dotted_string for use in uses] == ["1.3.6.1.5.5.7.3.36"]


def test_the_same_arguments_give_the_same_certificate_from_a_deterministic_key() -> None:
    authority = create_authority(Ed25519PrivateKey.from_private_bytes(bytes(32)), name="CA", at_ms=AT_MS, serial=1)
    assert issued(P256.spki, authority=authority) == issued(P256.spki, authority=authority)


def test_a_temporary_certificate_is_as_long_as_the_rules_allow() -> None:
    found = parse_certificate(issued(P256.spki, days=TEMPORARY_DAYS))
    assert found.not_after_ms - found.not_before_ms == TEMPORARY_DAYS * DAY_MS <= TEMPORARY_LIMIT_MS


def test_a_certificate_ends_with_its_authority_at_the_latest() -> None:
    anchor = parse_anchor(AUTHORITY.certificate)
    found = parse_certificate(issued(P256.spki, days=100 * 365))
    assert found.not_after_ms == anchor.not_after_ms


@pytest.mark.parametrize(("later_days", "days"), [(3650, 10), (4000, 10), (0, 0), (0, -5)])
def test_no_certificate_is_issued_that_would_never_be_valid(later_days: int, days: int) -> None:
    with pytest.raises(CertificateIssueError, match="would have ended"):
        issued(P256.spki, at_ms=AT_MS + later_days * DAY_MS, days=days)


def other_keys() -> dict[str, bytes]:
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "P-384": ec.derive_private_key(5, ec.SECP384R1()).public_key().public_bytes(*form),
        "X25519": x25519.X25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes(*form),
        "garbage": b"garbage",
        "Ed25519 of small order": bytes.fromhex("302a300506032b6570032100") + b"\x01" + bytes(31),
    }


@pytest.mark.parametrize("name", other_keys())
def test_no_certificate_is_issued_for_a_key_that_admission_would_refuse(name: str) -> None:
    with pytest.raises(CertificateIssueError, match="No certificate was issued"):
        issued(other_keys()[name])


def test_a_long_name_is_cut_to_what_a_certificate_holds() -> None:
    authority = create_authority(CA_KEY, name="Я" * 100, at_ms=AT_MS, serial=1)
    admitted = admit_certificate(issued(P256.spki, authority=authority), anchors=(authority.certificate,), at_ms=AT_MS)
    assert admitted.spki == P256.spki


def test_an_authority_opens_with_its_own_certificate_only() -> None:
    assert open_authority(CA_KEY, AUTHORITY.certificate) == AUTHORITY
    other = create_authority(ec.derive_private_key(44, ec.SECP256R1()), name="CA", at_ms=AT_MS, serial=1)
    with pytest.raises(CertificateIssueError, match="another key"):
        open_authority(CA_KEY, other.certificate)
    with pytest.raises(CertificateRefusedError) as caught:
        open_authority(CA_KEY, GOOD)
    assert caught.value.reason is Reason.ANCHOR_UNFIT


def test_the_authoritys_own_certificate_signs_no_letters() -> None:
    with pytest.raises(CertificateRefusedError) as caught:
        admit_certificate(AUTHORITY.certificate, anchors=(AUTHORITY.certificate,), at_ms=AT_MS)
    assert caught.value.reason is Reason.CERTIFICATE_IS_CA


def test_serial_numbers_are_positive_short_and_never_the_same() -> None:
    drawn = {new_serial() for _ in range(200)}
    assert len(drawn) == 200
    assert all(0 < serial < 1 << 127 for serial in drawn)
