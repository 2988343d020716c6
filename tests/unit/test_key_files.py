"""Key files: made once, locked, for nobody else to read, and opened by what they hold."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from adapters import key_files
from adapters.errors import KeyFileError
from adapters.key_encryption import Stretching
from adapters.key_files import (
    KEY_FILE_LIMIT_BYTES,
    KeyExistsError,
    KeyExposedError,
    NotAKeyError,
    WrongPassphraseError,
    create_key,
    import_pkcs12,
    load_key,
    write_key,
    write_new_file,
)
from adapters.signers import open_signer, signer_of
from domain.signatures import ECDSA_P256, ED25519, algorithm_of_key, verify_signature

PASSPHRASE = b"0123456789abcdef0123456789abcdef"
KEY = ec.derive_private_key(99, ec.SECP256R1())


def ask() -> bytes:
    return PASSPHRASE


def never() -> bytes:
    message = "nobody should have been asked for a passphrase"
    raise AssertionError(message)


def made(folder: Path, algorithm: str = ECDSA_P256) -> Path:
    path = folder / "clerk.pem"
    create_key(path, algorithm, PASSPHRASE, Stretching.MACHINE)
    return path


def private(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    path.chmod(0o600)
    return path


@pytest.mark.parametrize("algorithm", [ECDSA_P256, ED25519])
def test_a_key_that_was_made_opens_and_signs(tmp_path: Path, algorithm: str) -> None:
    path = made(tmp_path, algorithm)
    signer = open_signer(path.as_uri(), ask)
    assert signer.algorithm == algorithm == algorithm_of_key(signer.spki)
    assert signer.certificate is None
    verify_signature(algorithm=algorithm, spki=signer.spki, signature=signer.sign(b"bytes"), message=b"bytes")


def test_a_key_locked_for_a_person_opens_too_and_costs_a_guess_its_memory(tmp_path: Path) -> None:
    key = create_key(tmp_path / "clerk.pem", ECDSA_P256, "парол 8+".encode())
    loaded, _ = load_key(tmp_path / "clerk.pem", "парол 8+".encode)
    assert loaded.public_key() == key.public_key()
    cost = Stretching.PERSON.value
    assert 128 * cost.n * cost.r >= 16 * 1024 * 1024
    assert cost.p >= 5


def test_the_file_is_the_owners_alone_and_locked(tmp_path: Path) -> None:
    path = made(tmp_path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    content = path.read_bytes()
    assert content.startswith(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    assert content.endswith(b"-----END ENCRYPTED PRIVATE KEY-----\n")
    with pytest.raises(TypeError):
        load_pem_private_key(content, None)
    assert [one.name for one in tmp_path.iterdir()] == ["clerk.pem"]


def test_two_keys_under_one_passphrase_share_no_byte_of_salt(tmp_path: Path) -> None:
    for name in ("a.pem", "b.pem"):
        write_key(tmp_path / name, KEY, PASSPHRASE, Stretching.MACHINE)
    first, second = ((tmp_path / name).read_bytes().splitlines()[2] for name in ("a.pem", "b.pem"))
    assert first != second


def test_a_key_never_replaces_a_file(tmp_path: Path) -> None:
    path = private(tmp_path / "clerk.pem", b"what was here before")
    with pytest.raises(KeyExistsError, match="left as it is"):
        create_key(path, ECDSA_P256, PASSPHRASE)
    assert path.read_bytes() == b"what was here before"
    assert [one.name for one in tmp_path.iterdir()] == ["clerk.pem"]


def test_a_key_never_follows_a_link_that_points_nowhere(tmp_path: Path) -> None:
    (tmp_path / "clerk.pem").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(KeyExistsError):
        create_key(tmp_path / "clerk.pem", ECDSA_P256, PASSPHRASE)
    assert not (tmp_path / "elsewhere").exists()


def test_a_disk_without_second_names_gets_its_key_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    path = made(tmp_path)
    assert load_key(path, ask)[1] is None
    with pytest.raises(KeyExistsError):
        create_key(path, ECDSA_P256, PASSPHRASE)
    assert [one.name for one in tmp_path.iterdir()] == ["clerk.pem"]


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    private(tmp_path / "file", b"")
    with pytest.raises(KeyFileError, match="was not written"):
        write_new_file(tmp_path / "file" / "inside", b"", mode=0o600)


@pytest.mark.parametrize("stretching", Stretching)
def test_a_short_passphrase_locks_nothing(tmp_path: Path, stretching: Stretching) -> None:
    short = b"x" * (key_files.PASSPHRASE_LEAST_BYTES[stretching] - 1)
    with pytest.raises(WrongPassphraseError, match="shorter"):
        create_key(tmp_path / "clerk.pem", ECDSA_P256, short, stretching)
    assert list(tmp_path.iterdir()) == []


def test_another_algorithm_makes_no_key(tmp_path: Path) -> None:
    with pytest.raises(NotAKeyError):
        create_key(tmp_path / "clerk.pem", "rsa", PASSPHRASE)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_passphrase_is_told_and_never_printed(tmp_path: Path) -> None:
    path = made(tmp_path)
    with pytest.raises(WrongPassphraseError) as caught:
        load_key(path, lambda: b"SECRETSECRET")
    assert "SECRETSECRET" not in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_key_that_others_may_touch_is_not_opened(tmp_path: Path, mode: int) -> None:
    path = made(tmp_path)
    path.chmod(mode)
    with pytest.raises(KeyExposedError, match="chmod 600"):
        load_key(path, never)


def test_a_missing_key_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        load_key(tmp_path / "none.pem", never)


def pem(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, form: PrivateFormat, passphrase: bytes | None) -> bytes:
    return key.private_bytes(Encoding.PEM, form, BestAvailableEncryption(passphrase) if passphrase else NoEncryption())


NO_KEYS: dict[str, tuple[Callable[[], bytes], type[KeyFileError]]] = {
    "empty": (lambda: b"", NotAKeyError),
    "text": (lambda: b"not a key at all", NotAKeyError),
    "huge": (lambda: b"-" * (KEY_FILE_LIMIT_BYTES + 1), NotAKeyError),
    "unlocked": (lambda: pem(KEY, PrivateFormat.PKCS8, None), KeyExposedError),
    "unlocked, old": (lambda: pem(KEY, PrivateFormat.TraditionalOpenSSL, None), KeyExposedError),
    "locked, old": (lambda: pem(KEY, PrivateFormat.TraditionalOpenSSL, PASSPHRASE), KeyExposedError),
    "P-384": (lambda: pem(ec.derive_private_key(5, ec.SECP384R1()), PrivateFormat.PKCS8, PASSPHRASE), NotAKeyError),
    "RSA": (lambda: pem(rsa.generate_private_key(65537, 2048), PrivateFormat.PKCS8, PASSPHRASE), NotAKeyError),
    "locked garbage": (
        lambda: b"-----BEGIN ENCRYPTED PRIVATE KEY-----\nMAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
        WrongPassphraseError,
    ),
    "garbage like PKCS #12": (lambda: b"\x30\x82\x00\x00", WrongPassphraseError),
}


@pytest.mark.parametrize("name", NO_KEYS)
def test_what_is_no_key_for_us_is_refused(tmp_path: Path, name: str) -> None:
    content, error = NO_KEYS[name]
    with pytest.raises(error):
        load_key(private(tmp_path / "key.pem", content()), ask)


def test_a_folder_is_no_key(tmp_path: Path) -> None:
    (tmp_path / "key.pem").mkdir(mode=0o700)
    with pytest.raises(NotAKeyError):
        load_key(tmp_path / "key.pem", never)


def test_a_key_locked_by_another_program_opens(tmp_path: Path) -> None:
    """PBES2 with PBKDF2, as most programs write it, and with remarks before it."""
    content = b"Bag Attributes: clerk\n" + pem(KEY, PrivateFormat.PKCS8, PASSPHRASE)
    assert load_key(private(tmp_path / "key.pem", content), ask)[0].public_key() == KEY.public_key()


def test_a_pkcs12_file_of_another_kind_of_key_is_not_imported(tmp_path: Path) -> None:
    bundle = serialize_key_and_certificates(None, ec.derive_private_key(5, ec.SECP384R1()), None, None, NoEncryption())
    source = private(tmp_path / "key.p12", bundle)
    with pytest.raises(KeyFileError):
        import_pkcs12(source, tmp_path / "key.pem", b"", PASSPHRASE)
    assert not (tmp_path / "key.pem").exists()


def test_what_is_no_pkcs12_is_not_imported(tmp_path: Path) -> None:
    with pytest.raises(NotAKeyError):
        import_pkcs12(made(tmp_path), tmp_path / "key.pem", PASSPHRASE, PASSPHRASE)


@pytest.mark.parametrize("uri", ["clerk.pem", "file:", "file://elsewhere/clerk.pem", "https://x/y", ""])
def test_a_uri_of_another_kind_opens_nothing(uri: str) -> None:
    with pytest.raises(KeyFileError, match="file:/path"):
        open_signer(uri, never)


def test_a_path_with_spaces_and_letters_of_any_script_is_a_uri_like_any_other(tmp_path: Path) -> None:
    folder = tmp_path / "калит 100%"
    folder.mkdir()
    assert open_signer(made(folder).as_uri(), ask).algorithm == ECDSA_P256


def test_a_signer_never_shows_its_secret() -> None:
    signer = signer_of(Ed25519PrivateKey.from_private_bytes(b"\x2a" * 32))
    assert "2a2a" not in repr(signer).lower()
    assert "****" not in repr(signer)
