"""Requests for enrolment: signed by the new key, read strictly, compared by six words."""

from __future__ import annotations

import base64
import json
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from adapters.errors import RequestFileError
from adapters.key_requests import (
    REQUEST_FILE_LIMIT_BYTES,
    WordsDifferError,
    fingerprint_words,
    make_request,
    read_request,
    require_words,
    word_list,
    write_request,
)
from adapters.signers import KeySigner, signer_of
from domain.codec import KEY_REQUEST_PAYLOAD_TYPE
from domain.ids import officer_id, sha256
from domain.signatures import pae, verify_signature
from schemas.codec import LedgerCodec
from tests.vectors.words import generate

CODEC = LedgerCodec()
LEDGER = sha256(b"a ledger")
OFFICER = officer_id("clerk.mfy-001")
P256 = signer_of(ec.derive_private_key(11, ec.SECP256R1()))
EDWARDS = signer_of(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
REQUEST = make_request(CODEC, P256, ledger=LEDGER, officer=OFFICER, made_at=1_764_000_000_000)
FILE = write_request(REQUEST)


@pytest.mark.parametrize("signer", [P256, EDWARDS], ids=lambda signer: signer.algorithm)
def test_a_request_comes_back_as_it_was_made(signer: KeySigner) -> None:
    made = make_request(CODEC, signer, ledger=LEDGER, officer=OFFICER, made_at=5)
    found = read_request(CODEC, write_request(made))
    assert found == made
    assert (found.request.ledger, found.request.officer, found.request.public_key) == (LEDGER, OFFICER, signer.spki)
    assert found.words == made.words


def test_the_new_key_signs_what_the_ledger_will_verify() -> None:
    message = pae(KEY_REQUEST_PAYLOAD_TYPE, REQUEST.raw)
    verify_signature(algorithm=REQUEST.algorithm, spki=P256.spki, signature=REQUEST.signature, message=message)


def changed(**fields: object) -> bytes:
    return json.dumps({**json.loads(FILE), **fields}).encode()


def encoded(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


OTHER = make_request(CODEC, EDWARDS, ledger=LEDGER, officer=OFFICER, made_at=5)
WRONG: dict[str, bytes] = {
    "empty": b"",
    "no JSON": b"{",
    "not UTF-8": b"\xff\xfe",
    "no object": b"[]",
    "a list of lists": b'[["format", "ortoo key request 1"]]',
    "an empty object": b"{}",
    "a number": b"7",
    "nested to exhaust the stack": b"[" * 4000,
    "objects nested to exhaust the stack": b'{"a":' * 700,
    "too large": FILE + b" " * REQUEST_FILE_LIMIT_BYTES,
    "another format": changed(format="ortoo key request 2"),
    "another officer": changed(officer="director"),
    "a field more": changed(note="hello"),
    "a field less": json.dumps({k: v for k, v in json.loads(FILE).items() if k != "algorithm"}).encode(),
    "a field twice": FILE.replace(b"{", b'{"algorithm": "ed25519",', 1),
    "a field that is no text": changed(algorithm=5),
    "a request that is no base64": changed(request="!!!"),
    "a request in letters that are not ASCII": changed(request="ў" * 8),
    "a request that is no Avro": changed(request=encoded(b"garbage")),
    "a request with a byte more": changed(request=encoded(REQUEST.raw + b"\x00")),
    "another request": changed(request=encoded(OTHER.raw)),
    "another signature": changed(signature=encoded(OTHER.signature)),
    "a signature over something else": changed(signature=encoded(P256.sign(REQUEST.raw))),
    "another algorithm": changed(algorithm="ed25519"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_file_that_is_no_request_is_refused(name: str) -> None:
    with pytest.raises(RequestFileError, match="no request for enrolment"):
        read_request(CODEC, WRONG[name])


def test_a_request_fits_its_file_by_far() -> None:
    longest = make_request(CODEC, P256, ledger=LEDGER, officer=officer_id("a" * 40), made_at=4_102_444_799_999)
    assert len(write_request(longest)) < REQUEST_FILE_LIMIT_BYTES // 4


@given(st.integers(0, len(FILE) - 1), st.integers(0, 255))
def test_a_changed_byte_is_noticed_or_changes_nothing(at: int, value: int) -> None:
    content = FILE[:at] + bytes([value]) + FILE[at + 1 :]
    try:
        found = read_request(CODEC, content)
    except RequestFileError:
        return
    assert found == REQUEST


def test_the_words_are_told_in_any_way_people_write_them() -> None:
    words = REQUEST.words
    assert len(words.split()) == 6
    for told in (words, words.upper(), words.title(), f"  {words}\n", words.replace(" ", "-"), words.replace(" ", ", ")):
        require_words(REQUEST, told)


@pytest.mark.parametrize("told", ["", "babar", OTHER.words, REQUEST.words.replace(" ", ""), REQUEST.words + " babar"])
def test_other_words_stop_the_enrolment(told: str) -> None:
    with pytest.raises(WordsDifferError, match="Nothing was enrolled"):
        require_words(REQUEST, told)


def test_words_in_another_order_are_other_words() -> None:
    with pytest.raises(WordsDifferError):
        require_words(REQUEST, " ".join(reversed(REQUEST.words.split())))


def test_the_words_are_the_first_66_bits_of_the_digest() -> None:
    listed = word_list()
    number = 0
    for word in fingerprint_words(b"request").split():
        number = number << 11 | listed.index(word)
    assert number == int.from_bytes(sha256(b"request"), "big") >> 190


def test_the_words_never_change() -> None:
    assert sha256("\n".join(word_list()).encode()).hex() == "0e329acabca21afc79cc28cc2d061bcddeeb27368d60cf39eb934bf32822b63b"
    assert "".join(f"{word}\n" for word in word_list()) == generate.content()


def test_a_letter_misheard_never_makes_another_word() -> None:
    listed = word_list()
    assert len(set(listed)) == len(listed) == 2048
    assert {len(word) for word in listed} == {5}
    places = [{word[:at] + "?" + word[at + 1 :] for word in listed} for at in range(5)]
    assert all(len(masked) == len(listed) for masked in places)
    assert all(sum(a != b for a, b in zip(one, other, strict=True)) >= 2 for one, other in combinations(listed[:200], 2))
