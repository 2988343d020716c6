"""The auditor's own tool agrees with us: the real `openssl` verifies, reads and makes what we make, read and verify."""

from __future__ import annotations

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from adapters.certificate_authority import CERTIFICATE_DAYS, create_authority, issue_certificate, new_serial
from adapters.clock import system_clock_ms
from adapters.key_encryption import Stretching
from adapters.key_files import create_key, import_pkcs12, load_key
from adapters.signers import open_signer, signer_of
from domain.certificates import CertificateRefusedError, admit_certificate, parse_anchor, parse_certificate
from domain.checkpoints import Checkpoint
from domain.ids import officer_id, organisation_id, sha256
from domain.reasons import Reason
from domain.signatures import ECDSA_P256, ED25519, ed25519_spki, pae, verify_signature
from tests.checkpoint_keys import SeededOperator, signed_note

PASSPHRASE = b"0123456789abcdef0123456789abcdef"
MESSAGE = pae("application/vnd.ortoo.letter.dispatched.v1+avro", "хат".encode())
KINDS = {ECDSA_P256: ("EC", "-pkeyopt", "ec_paramgen_curve:P-256"), ED25519: ("ED25519",)}
OFFICER_EXTENSIONS = """
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = 1.3.6.1.5.5.7.3.36
"""
TIMEOUT_S = 30


@pytest.fixture(scope="module", autouse=True)
def openssl_is_there() -> None:
    if shutil.which("openssl") is None:
        report = pytest.fail if os.environ.get("CI") else pytest.skip
        report("no openssl on this machine: install the distribution's package `openssl`")


def openssl(folder: Path, *arguments: str | Path) -> str:
    """Run openssl in a folder and return what it printed; a failure shows what it said."""
    command = ["openssl", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def its_key(folder: Path, name: str, *kind: str) -> str:
    """Let openssl make a key; return the name of its file."""
    openssl(folder, "genpkey", "-algorithm", *kind, "-out", f"{name}.key")
    (folder / f"{name}.key").chmod(0o600)
    return f"{name}.key"


def its_authority(folder: Path, *kind: str, digest: str = "-sha256") -> bytes:
    """Let openssl make an authority; return its certificate."""
    its_key(folder, "ca", *kind)
    subject = ("-subj", "/C=UZ/O=Outside/CN=Outside CA", "-days", "365")
    openssl(folder, "req", "-x509", "-key", "ca.key", "-out", "ca.der", "-outform", "DER", digest, *subject)
    return (folder / "ca.der").read_bytes()


def its_certificate(folder: Path, key: str, extensions: str = OFFICER_EXTENSIONS, digest: str = "-sha256") -> bytes:
    """Let openssl's authority issue a certificate for a key; return it."""
    (folder / "extensions.cnf").write_text(extensions, "ascii")
    openssl(folder, "req", "-new", "-key", key, "-subj", "/O=Committee/CN=Clerk", "-out", "request.pem")
    made_by = ("-CA", "ca.der", "-CAform", "DER", "-CAkey", "ca.key", "-set_serial", "17", digest)
    given = ("-in", "request.pem", "-extfile", "extensions.cnf", "-days", "30", "-out", "leaf.der", "-outform", "DER")
    openssl(folder, "x509", "-req", *given, *made_by)
    return (folder / "leaf.der").read_bytes()


@pytest.mark.parametrize("algorithm", KINDS)
def test_openssl_verifies_what_we_sign(tmp_path: Path, algorithm: str) -> None:
    signer = signer_of(create_key(tmp_path / "key.pem", algorithm, PASSPHRASE, Stretching.MACHINE))
    (tmp_path / "spki.der").write_bytes(signer.spki)
    (tmp_path / "event.pae").write_bytes(MESSAGE)
    (tmp_path / "event.sig").write_bytes(signer.sign(MESSAGE))
    how = ("-rawin", "-digest", "sha256") if algorithm == ECDSA_P256 else ("-rawin",)
    given = ("-in", "event.pae", "-sigfile", "event.sig", "-pubin", "-keyform", "DER", "-inkey", "spki.der")
    assert "Verified Successfully" in openssl(tmp_path, "pkeyutl", "-verify", *given, *how)


@pytest.mark.parametrize("algorithm", KINDS)
def test_we_verify_what_openssl_signs(tmp_path: Path, algorithm: str) -> None:
    key = its_key(tmp_path, "key", *KINDS[algorithm])
    openssl(tmp_path, "pkey", "-in", key, "-pubout", "-outform", "DER", "-out", "spki.der")
    (tmp_path / "event.pae").write_bytes(MESSAGE)
    how = ("-rawin", "-digest", "sha256") if algorithm == ECDSA_P256 else ("-rawin",)
    openssl(tmp_path, "pkeyutl", "-sign", "-in", "event.pae", "-inkey", key, "-out", "event.sig", *how)
    spki, signature = ((tmp_path / name).read_bytes() for name in ("spki.der", "event.sig"))
    verify_signature(algorithm=algorithm, spki=spki, signature=signature, message=MESSAGE)


def test_openssl_verifies_the_elliptic_line_of_a_checkpoint(tmp_path: Path) -> None:
    operator = SeededOperator(1)
    note = signed_note(Checkpoint(origin="o", size=57, root=sha256(b"root")), operator)
    (tmp_path / "key.der").write_bytes(ed25519_spki(operator.public.ed25519))
    # As a person takes them out of the note: the text up to the empty line, the signature behind the key's id.
    text, _, lines = note.encoded().decode().rpartition("\n\n")
    (tmp_path / "text").write_bytes(f"{text}\n".encode())
    (tmp_path / "line.sig").write_bytes(base64.b64decode(lines.split()[2])[4:])
    given = ("-in", "text", "-sigfile", "line.sig", "-pubin", "-keyform", "DER", "-inkey", "key.der", "-rawin")
    assert "Verified Successfully" in openssl(tmp_path, "pkeyutl", "-verify", *given)


@pytest.mark.parametrize("stretching", Stretching)
@pytest.mark.parametrize("algorithm", KINDS)
def test_openssl_opens_our_key_files_with_their_passphrase(tmp_path: Path, algorithm: str, stretching: Stretching) -> None:
    create_key(tmp_path / "key.pem", algorithm, PASSPHRASE, stretching)
    openssl(tmp_path, "pkey", "-in", "key.pem", "-passin", f"pass:{PASSPHRASE.decode()}", "-check", "-noout")
    with pytest.raises(AssertionError):
        openssl(tmp_path, "pkey", "-in", "key.pem", "-passin", "pass:another", "-noout")


def test_we_open_a_key_that_openssl_locked(tmp_path: Path) -> None:
    key = its_key(tmp_path, "plain", *KINDS[ECDSA_P256])
    openssl(tmp_path, "pkcs8", "-topk8", "-scrypt", "-in", key, "-out", "key.pem", "-passout", "pass:passphrase")
    (tmp_path / "key.pem").chmod(0o600)
    assert load_key(tmp_path / "key.pem", lambda: b"passphrase")[1] is None


@pytest.mark.parametrize("algorithm", KINDS)
def test_openssl_reads_and_verifies_our_certificates(tmp_path: Path, algorithm: str) -> None:
    now_ms = system_clock_ms()
    authority = create_authority(
        create_key(tmp_path / "ca.pem", algorithm, PASSPHRASE, Stretching.MACHINE),
        name="Exchange CA",
        at_ms=now_ms,
        serial=new_serial(),
    )
    leaf = issue_certificate(
        authority,
        spki=signer_of(create_key(tmp_path / "key.pem", algorithm, PASSPHRASE, Stretching.MACHINE)).spki,
        officer=officer_id("clerk"),
        organisation=organisation_id("mfy-001"),
        at_ms=now_ms,
        days=CERTIFICATE_DAYS,
        serial=new_serial(),
    )
    for name, der in (("ca", authority.certificate), ("leaf", leaf)):
        (tmp_path / f"{name}.crt").write_bytes(x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM))
    assert "leaf.crt: OK" in openssl(tmp_path, "verify", "-x509_strict", "-CAfile", "ca.crt", "leaf.crt")
    text = openssl(tmp_path, "x509", "-in", "leaf.crt", "-noout", "-text", "-nameopt", "utf8,sep_comma_plus_space")
    assert "O=mfy-001, CN=clerk" in text
    assert "1.3.6.1.5.5.7.3.36" in text
    assert "CA:FALSE" in text


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_certificate_of_an_outside_authority_is_admitted(tmp_path: Path, algorithm: str) -> None:
    anchor = its_authority(tmp_path, *KINDS[ECDSA_P256])
    leaf = its_certificate(tmp_path, its_key(tmp_path, "leaf", *KINDS[algorithm]))
    admitted = admit_certificate(leaf, anchors=(anchor,), at_ms=system_clock_ms())
    assert admitted.algorithm == algorithm


@pytest.mark.parametrize(
    ("kind", "digest"),
    [
        (("RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "-sha256"),
        (("RSA", "-pkeyopt", "rsa_keygen_bits:3072"), "-sha256"),
        (("EC", "-pkeyopt", "ec_paramgen_curve:P-384"), "-sha384"),
        (("EC", "-pkeyopt", "ec_paramgen_curve:P-256"), "-sha384"),
        (("ED25519",), "-sha256"),
    ],
    ids=["RSA 2048", "RSA 3072", "P-384", "P-256 SHA-384", "Ed25519"],
)
def test_outside_authorities_of_every_allowed_kind_issue(tmp_path: Path, kind: tuple[str, ...], digest: str) -> None:
    anchor = its_authority(tmp_path, *kind, digest=digest)
    leaf = its_certificate(tmp_path, its_key(tmp_path, "leaf", *KINDS[ECDSA_P256]), digest=digest)
    assert parse_anchor(anchor).subject
    assert admit_certificate(leaf, anchors=(anchor,), at_ms=system_clock_ms()) == parse_certificate(leaf)


@pytest.mark.parametrize(
    ("extensions", "kind", "digest", "reason"),
    [
        ("keyUsage = digitalSignature", KINDS[ECDSA_P256], "-sha256", Reason.CERTIFICATE_USE_MISSING),
        ("extendedKeyUsage = codeSigning", KINDS[ECDSA_P256], "-sha256", Reason.CERTIFICATE_USE_MISSING),
        ("basicConstraints = CA:TRUE", KINDS[ECDSA_P256], "-sha256", Reason.CERTIFICATE_IS_CA),
        (OFFICER_EXTENSIONS, ("EC", "-pkeyopt", "ec_paramgen_curve:P-384"), "-sha256", Reason.CERTIFICATE_KEY_UNSUPPORTED),
        (OFFICER_EXTENSIONS, KINDS[ECDSA_P256], "-sha512", Reason.CERTIFICATE_SIGNATURE_WRONG),
        (
            OFFICER_EXTENSIONS + "nameConstraints = critical, permitted;email:.uz",
            *(KINDS[ECDSA_P256], "-sha256", Reason.CERTIFICATE_CRITICAL_EXTENSION),
        ),
    ],
    ids=lambda value: value.name if isinstance(value, Reason) else None,
)
def test_an_outside_certificate_that_does_not_fit_is_refused(
    tmp_path: Path, extensions: str, kind: tuple[str, ...], digest: str, reason: Reason
) -> None:
    anchor = its_authority(tmp_path, *KINDS[ECDSA_P256])
    leaf = its_certificate(tmp_path, its_key(tmp_path, "leaf", *kind), extensions, digest)
    with pytest.raises(CertificateRefusedError) as caught:
        admit_certificate(leaf, anchors=(anchor,), at_ms=system_clock_ms())
    assert caught.value.reason is reason


@pytest.mark.parametrize("algorithm", KINDS)
def test_a_pkcs12_file_of_openssl_is_opened_and_imported_with_its_certificate(tmp_path: Path, algorithm: str) -> None:
    its_authority(tmp_path, *KINDS[ECDSA_P256])
    key = its_key(tmp_path, "leaf", *KINDS[algorithm])
    leaf = its_certificate(tmp_path, key)
    openssl(tmp_path, "x509", "-in", "leaf.der", "-inform", "DER", "-out", "leaf.pem")
    openssl(tmp_path, "x509", "-in", "ca.der", "-inform", "DER", "-out", "ca.pem")
    given = ("-inkey", key, "-in", "leaf.pem", "-certfile", "ca.pem", "-passout", "pass:outside")
    openssl(tmp_path, "pkcs12", "-export", "-out", "bundle.p12", *given)
    (tmp_path / "bundle.p12").chmod(0o600)
    signer = open_signer((tmp_path / "bundle.p12").as_uri(), lambda: b"outside")
    assert signer.certificate == leaf
    imported = tmp_path / "ours.pem"
    assert import_pkcs12(tmp_path / "bundle.p12", imported, b"outside", PASSPHRASE, Stretching.MACHINE) == leaf
    assert open_signer(imported.as_uri(), lambda: PASSPHRASE).spki == signer.spki == parse_certificate(leaf).spki
