"""Signed notes: a text, and lines in which keys sign it (C2SP, signed-note).

A note says nothing by itself: whoever reads one takes the text only after a signature of a key that he trusts has verified
(domain.checkpoint_signatures, domain.cosignatures). Here it is parsed and written, strictly: what is accepted is written
again with the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from domain.errors import DomainError
from domain.ids import DIGEST_SIZE_BYTES, Digest, sha256

MAX_NOTE_BYTES: Final = 131_072
"""Room for a text, 32 lines of a quantum-safe signature (3.3 kB each) and more: a longer note is not read at all."""
MAX_SIGNATURES: Final = 32
"""Signed-note asks verifiers to take 16 at least; more than twice that is not a checkpoint of an exchange."""
MAX_SIZE: Final = 2**63 - 1
"""The largest size or index that is read; larger ones do not fit the signed integers of other programs."""
KEY_ID_SIZE_BYTES: Final = 4
MARK: Final = "\u2014 "
"""An em dash and a space begin a signature line (signed-note, "Format")."""

UNICODE_SPACES: Final = re.compile("[\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]")
"""All of Unicode's White_Space, written out: a key name holds none, whatever Unicode a Python knows."""
_CONTROLS = re.compile("[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


class NoteInvalidError(DomainError):
    """These bytes are no note, checkpoint or proof of a log, or a signature that is needed is missing or wrong."""


class SignatureType(IntEnum):
    """Which signature a line holds; the byte enters the key's id (signed-note, "Signature types")."""

    ED25519 = 0x01
    COSIGNATURE = 0x04
    ML_DSA_44_COSIGNATURE = 0x06


@dataclass(frozen=True, kw_only=True, slots=True)
class SignatureLine:
    """One signature of a note: the key's name, the first four bytes of its hash, and what the key signed."""

    name: str
    key_id: bytes
    signature: bytes

    def encoded(self) -> str:
        """Return the line as it stands in a note, with its line feed."""
        return f"{MARK}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """A text that ends in a line feed, and the lines that sign it. Nothing in it is trusted yet."""

    text: str
    lines: tuple[SignatureLine, ...]

    def encoded(self) -> bytes:
        """Return the note's bytes."""
        return (self.text + "\n" + "".join(line.encoded() for line in self.lines)).encode()

    def line_of(self, name: str, key_id: bytes) -> SignatureLine | None:
        """Return the line of the key with this name and id; None if it did not sign. There is never more than one."""
        return next((line for line in self.lines if (line.name, line.key_id) == (name, key_id)), None)


def key_id(name: str, kind: SignatureType, public: bytes) -> bytes:
    """Return a key's id: the first four bytes of SHA-256(name ‖ line feed ‖ type ‖ public key)."""
    return sha256(name.encode() + b"\n" + bytes([kind]) + public)[:KEY_ID_SIZE_BYTES]


def verifier_key(name: str, kind: SignatureType, public: bytes) -> str:
    """Return a public key as notes' programs write it: `name+id+base64(type ‖ public key)`."""
    return f"{name}+{key_id(name, kind, public).hex()}+{base64.b64encode(bytes([kind]) + public).decode()}"


def parse_verifier_key(text: str, kind: SignatureType, size_bytes: int) -> tuple[str, bytes]:
    """Return name and public key of a verifier key of one type; raise `NoteInvalidError` if it is not exactly that."""
    parts = text.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - the three parts of the docstring of `verifier_key`
        msg = f"{text!r} is not a verifier key: name+id+key is needed"
        raise NoteInvalidError(msg)
    raw = parse_base64(parts[2], 1 + size_bytes)
    require_key_name(parts[0])
    if raw[0] != kind or verifier_key(parts[0], kind, raw[1:]) != text:
        msg = f"{text!r} is not a verifier key of type {kind:#04x}: its type, or the id in its middle, differs"
        raise NoteInvalidError(msg)
    return parts[0], raw[1:]


def parse_note(raw: bytes) -> Note:
    """Return the note that these bytes are; raise `NoteInvalidError` otherwise. No signature is verified.

    Strict UTF-8 without control characters but line feed; the last empty line parts the text from one to 32 signature
    lines; base64 in its one canonical form; one line for each key at most.
    """
    text, separator, lines = _decoded(raw).rpartition("\n\n")
    if not separator or not text:
        msg = "a note has a text, an empty line and signature lines"
        raise NoteInvalidError(msg)
    return Note(text=text + "\n", lines=_parse_lines(lines))


def parse_signature_lines(raw: bytes) -> tuple[SignatureLine, ...]:
    """Return signature lines that came without their note, as from a witness; raise `NoteInvalidError` otherwise."""
    return _parse_lines(_decoded(raw))


def parse_decimal(text: str) -> int:
    """Return the number of an ASCII decimal without leading zeros, at most `MAX_SIZE`; raise `NoteInvalidError` otherwise."""
    if not _DECIMAL.fullmatch(text) or int(text) > MAX_SIZE:
        msg = f"{text[:40]!r} is not a size or index: decimal digits without a leading zero, at most {MAX_SIZE}"
        raise NoteInvalidError(msg)
    return int(text)


def parse_base64(text: str, size_bytes: int | None = None) -> bytes:
    """Return the bytes that standard base64 (RFC 4648, section 4) writes, in its one form; raise `NoteInvalidError` otherwise."""
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        msg = f"{text[:60]!r} is not base64"
        raise NoteInvalidError(msg) from error
    if base64.b64encode(raw).decode() != text:
        msg = f"{text[:60]!r} is base64 in another form than the canonical one"
        raise NoteInvalidError(msg)
    if size_bytes is not None and len(raw) != size_bytes:
        msg = f"{text[:60]!r} holds {len(raw)} bytes, not {size_bytes}"
        raise NoteInvalidError(msg)
    return raw


def parse_hash(text: str) -> Digest:
    """Return the hash of 32 bytes that base64 writes; raise `NoteInvalidError` otherwise."""
    return Digest(parse_base64(text, DIGEST_SIZE_BYTES))


def require_key_name(name: str) -> None:
    """Raise `NoteInvalidError` unless this can be a key's name: not empty, no Unicode space, no plus."""
    if not name or "+" in name or UNICODE_SPACES.search(name):
        msg = f"{name[:60]!r} is not the name of a key: it is empty or holds a space or '+'"
        raise NoteInvalidError(msg)


def _decoded(raw: bytes) -> str:
    if len(raw) > MAX_NOTE_BYTES:
        msg = f"a note has at most {MAX_NOTE_BYTES} bytes, not {len(raw)}"
        raise NoteInvalidError(msg)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        msg = "a note is UTF-8"
        raise NoteInvalidError(msg) from error
    if _CONTROLS.search(text):
        msg = "a note holds no control character but line feed"
        raise NoteInvalidError(msg)
    return text


def _parse_lines(text: str) -> tuple[SignatureLine, ...]:
    *lines, end = text.split("\n")
    if end or not lines or len(lines) > MAX_SIGNATURES:
        msg = f"1 to {MAX_SIGNATURES} signature lines are needed, each with its line feed"
        raise NoteInvalidError(msg)
    parsed = tuple(_parse_line(line) for line in lines)
    if len({(line.name, line.key_id) for line in parsed}) != len(parsed):
        msg = "a key signs a note once, and here one has two lines"
        raise NoteInvalidError(msg)
    return parsed


def _parse_line(line: str) -> SignatureLine:
    name, _, encoded = line.removeprefix(MARK).partition(" ")
    if not line.startswith(MARK):
        msg = f"{line[:60]!r} is not a signature line: an em dash and a space begin one"
        raise NoteInvalidError(msg)
    require_key_name(name)
    raw = parse_base64(encoded)
    if len(raw) <= KEY_ID_SIZE_BYTES:
        msg = f"the signature of {name} is empty"
        raise NoteInvalidError(msg)
    return SignatureLine(name=name, key_id=raw[:KEY_ID_SIZE_BYTES], signature=raw[KEY_ID_SIZE_BYTES:])
