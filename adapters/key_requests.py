"""Requests for enrolment: what an officer's new key says of itself, in a small file that goes to the registrar.

The registrar compares six words, which the officer tells him by another way, before he enrols the key.
"""

from __future__ import annotations

import base64
import functools
import json
import re
from dataclasses import dataclass
from importlib import resources
from typing import Final, NoReturn, Protocol

from adapters.errors import RequestFileError
from domain.codec import KEY_REQUEST_PAYLOAD_TYPE, KeyRequest
from domain.errors import RejectedError
from domain.ids import Digest, OfficerId, sha256
from domain.signatures import SignatureInvalidError, pae, verify_signature
from schemas.codec import LedgerCodec

REQUEST_FILE_LIMIT_BYTES: Final = 4096
FILE_FORMAT: Final = "ortoo key request 1"
WORDS: Final = 6
_BITS_PER_WORD: Final = 11
"""Six words are 66 bits: to make a second request with the same words takes some 10²⁰ tries."""
_FIELDS: Final = ("format", "officer", "request", "algorithm", "signature")


class WordsDifferError(RequestFileError):
    """The officer told other words than those of the request: it is not the request that he made."""


class RequestSigner(Protocol):
    """A new key that signs its request."""

    @property
    def algorithm(self) -> str:
        """The name of its signature algorithm."""

    @property
    def spki(self) -> bytes:
        """Its public key: SubjectPublicKeyInfo, DER."""

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message."""


@dataclass(frozen=True, kw_only=True, slots=True)
class SignedRequest:
    """A request as bytes, what it says, and the new key's signature over its pre-authentication encoding."""

    raw: bytes
    request: KeyRequest
    algorithm: str
    signature: bytes

    @property
    def words(self) -> str:
        """The request's fingerprint in six words."""
        return fingerprint_words(self.raw)


def make_request(codec: LedgerCodec, signer: RequestSigner, *, ledger: Digest, officer: OfficerId, made_at: int) -> SignedRequest:
    """Return an officer's request to enrol a new key on a ledger, signed by that key."""
    request = KeyRequest(ledger=ledger, officer=officer, public_key=signer.spki, made_at=made_at)
    raw = codec.encode_key_request(request)
    signature = signer.sign(pae(KEY_REQUEST_PAYLOAD_TYPE, raw))
    return SignedRequest(raw=raw, request=request, algorithm=signer.algorithm, signature=signature)


def write_request(signed: SignedRequest) -> bytes:
    """Return the content of a request file."""
    content = {
        "format": FILE_FORMAT,
        "officer": signed.request.officer,
        "request": base64.b64encode(signed.raw).decode(),
        "algorithm": signed.algorithm,
        "signature": base64.b64encode(signed.signature).decode(),
    }
    return (json.dumps(content, indent=1) + "\n").encode()


def read_request(codec: LedgerCodec, content: bytes) -> SignedRequest:
    """Return the request in a file, its signature verified; raise `RequestFileError` if it is not one.

    It does not check who made it: that is what the six words are for.
    """
    if len(content) > REQUEST_FILE_LIMIT_BYTES:
        _refuse("it is too large")
    try:
        fields = _fields(content)
        raw = base64.b64decode(fields["request"], validate=True)
        signature = base64.b64decode(fields["signature"], validate=True)
        request = codec.key_request(raw)
        verify_signature(
            algorithm=fields["algorithm"],
            spki=request.public_key,
            signature=signature,
            message=pae(KEY_REQUEST_PAYLOAD_TYPE, raw),
        )
    except (ValueError, RecursionError, RejectedError) as error:
        _refuse(str(error), error)
    except SignatureInvalidError as error:
        _refuse(f"the new key did not sign it: {error}", error)
    if fields["officer"] != request.officer:
        _refuse("it names two officers")
    return SignedRequest(raw=raw, request=request, algorithm=fields["algorithm"], signature=signature)


def _fields(content: bytes) -> dict[str, str]:
    """Return what stands in a request file: exactly its five texts; raise `ValueError` otherwise."""
    pairs = json.loads(content.decode("utf-8"), object_pairs_hook=list)
    if not isinstance(pairs, list) or not all(isinstance(pair, tuple) for pair in pairs):
        msg = "it is no JSON object"
        raise ValueError(msg)
    if sorted(name for name, _ in pairs) != sorted(_FIELDS) or not all(isinstance(text, str) for _, text in pairs):
        msg = f"it does not hold exactly the texts {', '.join(_FIELDS)}"
        raise ValueError(msg)
    fields = dict(pairs)
    if fields["format"] != FILE_FORMAT:
        msg = f"its format is not {FILE_FORMAT!r}"
        raise ValueError(msg)
    return fields


def fingerprint_words(request: bytes) -> str:
    """Return the fingerprint of a request in six words: the first 66 bits of its SHA-256."""
    number = int.from_bytes(sha256(request), "big") >> (256 - WORDS * _BITS_PER_WORD)
    words = word_list()
    places = range((WORDS - 1) * _BITS_PER_WORD, -1, -_BITS_PER_WORD)
    return " ".join(words[number >> place & (len(words) - 1)] for place in places)


def require_words(signed: SignedRequest, told: str) -> None:
    """Raise `WordsDifferError` unless these are the request's six words, however they are spaced, joined or capitalised."""
    if re.sub(r"[\s,;.\-]+", " ", told).strip().lower() != signed.words:
        msg = (
            f"Nothing was enrolled: the words told do not belong to this request of {signed.request.officer}. Ask the officer to "
            "read them again from where he made the key; if they stay different, somebody has put another key in its place."
        )
        raise WordsDifferError(msg)


@functools.cache
def word_list() -> tuple[str, ...]:
    """Return the 2,048 words of fingerprints, in order."""
    return tuple(resources.files("adapters").joinpath("words.txt").read_text("ascii").split())


def _refuse(why: str, cause: Exception | None = None) -> NoReturn:
    msg = f"The file is no request for enrolment ({why}). Ask the officer to send the file that `ortoo key create` wrote."
    raise RequestFileError(msg) from cause
