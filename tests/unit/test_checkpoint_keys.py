"""The operator's key files: made, locked, opened, and carried to the roots."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.checkpoint_keys import (
    CheckpointKeyFiles,
    digest_of,
    draw_checkpoint_key,
    files_of,
    held_key,
    open_checkpoint_key,
    read_checkpoint_key,
    write_checkpoint_key,
)
from adapters.errors import KeyFileError
from adapters.key_encryption import Stretching
from adapters.key_files import KeyExposedError, NotAKeyError, WrongPassphraseError
from domain.checkpoint_signatures import operator_lines, verify_operator
from domain.checkpoints import Checkpoint, checkpoint_text
from domain.events import CheckpointKey
from domain.ids import sha256
from domain.notes import Note

PASSPHRASE = b"0123456789abcdef0123456789abcdef"


def made(folder: Path) -> tuple[CheckpointKey, CheckpointKeyFiles]:
    key = draw_checkpoint_key()
    return key.public, write_checkpoint_key(folder, key, PASSPHRASE, Stretching.MACHINE)


def test_a_key_that_was_written_opens_and_signs(tmp_path: Path) -> None:
    public, files = made(tmp_path)
    opened = open_checkpoint_key(tmp_path, public, lambda: PASSPHRASE)
    text = checkpoint_text(Checkpoint(origin="o", size=1, root=sha256(b"root")))
    assert verify_operator(Note(text=text, lines=operator_lines(text, "o", opened, 1)), public).size == 1
    assert read_checkpoint_key(files.public) == public
    assert files.public.name == f"{digest_of(public).hex()[:16]}.pub"
    for file in (files.ed25519, files.ml_dsa_44):
        assert file.stat().st_mode & 0o777 == 0o600
        assert b"ENCRYPTED" in file.read_bytes()


def test_the_passphrase_is_asked_for_once(tmp_path: Path) -> None:
    public, _ = made(tmp_path)
    asked = []

    def ask() -> bytes:
        asked.append(1)
        return PASSPHRASE

    open_checkpoint_key(tmp_path, public, ask)
    assert asked == [1]


def test_the_newest_key_that_is_here_is_the_one_that_signs(tmp_path: Path) -> None:
    first, _ = made(tmp_path)
    second, _ = made(tmp_path)
    elsewhere = draw_checkpoint_key().public
    assert held_key(tmp_path, (first, second, elsewhere)) == second
    assert held_key(tmp_path, (elsewhere,)) is None


def test_halves_of_two_keys_sign_nothing(tmp_path: Path) -> None:
    first, files = made(tmp_path)
    _, others = made(tmp_path)
    files.ml_dsa_44.write_bytes(others.ml_dsa_44.read_bytes())
    with pytest.raises(NotAKeyError, match="do not belong together"):
        open_checkpoint_key(tmp_path, first, lambda: PASSPHRASE)
    files.ml_dsa_44.write_bytes(files.ed25519.read_bytes())
    with pytest.raises(NotAKeyError, match="sign no checkpoint"):
        open_checkpoint_key(tmp_path, first, lambda: PASSPHRASE)


def test_a_wrong_passphrase_or_open_permissions_open_nothing(tmp_path: Path) -> None:
    public, files = made(tmp_path)
    with pytest.raises(WrongPassphraseError):
        open_checkpoint_key(tmp_path, public, lambda: b"another")
    files.ml_dsa_44.chmod(0o644)
    with pytest.raises(KeyExposedError):
        open_checkpoint_key(tmp_path, public, lambda: PASSPHRASE)


def test_a_key_is_never_written_over_another(tmp_path: Path) -> None:
    key = draw_checkpoint_key()
    write_checkpoint_key(tmp_path, key, PASSPHRASE, Stretching.MACHINE)
    before = files_of(tmp_path, key.public).ed25519.read_bytes()
    with pytest.raises(KeyFileError, match="exists already"):
        write_checkpoint_key(tmp_path, key, PASSPHRASE, Stretching.MACHINE)
    assert files_of(tmp_path, key.public).ed25519.read_bytes() == before


BAD_PUBLIC = {
    "nothing": b"",
    "a private key": None,
    "one half": b"first",
    "both in the other order": b"swapped",
    "noise": bytes(range(64)),
}


@pytest.mark.parametrize("case", BAD_PUBLIC)
def test_a_file_that_holds_no_checkpoint_key_is_refused(tmp_path: Path, case: str) -> None:
    _, files = made(tmp_path)
    end = b"-----END PUBLIC KEY-----\n"
    first, second = (part + end for part in files.public.read_bytes().split(end)[:2])
    content = {"a private key": files.ed25519.read_bytes(), "one half": first, "both in the other order": second + first}
    files.public.write_bytes(content.get(case, BAD_PUBLIC[case] or b""))
    with pytest.raises(NotAKeyError):
        read_checkpoint_key(files.public)


def test_a_public_file_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be read"):
        read_checkpoint_key(tmp_path / "none.pub")
