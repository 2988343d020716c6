"""The trust file: one layout, signed by its roots, refused when it is changed, unsigned, too old, or older than one seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from adapters.certificate_authority import create_authority
from adapters.trust_files import (
    RootSignature,
    Trust,
    TrustedAnchor,
    TrustExpiredError,
    TrustFileError,
    TrustUnreadableError,
    TrustUnsignedError,
    encode_trust,
    parse_trust,
    read_trust,
    sign_trust,
    verify_trust,
)
from adapters.trust_seen import SEEN_FILE, TrustRolledBackError, TrustSeenError, encode_seen, read_seen, seen_after
from domain.cosignatures import WitnessKey
from domain.exchange import anchors_of, root_keys
from domain.ids import sha256
from domain.signatures import P256_ORDER
from tests.checkpoint_keys import SeededOperator, SeededWitness
from tests.fixed_exchange import START_MS, edwards_key, fixed_signer, p256_key

ROOTS: Final = tuple(fixed_signer(make(name)) for make, name in ((p256_key, "one"), (edwards_key, "two"), (p256_key, "three")))
WITNESSES: Final = tuple(SeededWitness(seed).key for seed in (2, 3, 4))
ANCHORS: Final = tuple(
    create_authority(edwards_key(name), name=name, at_ms=START_MS, serial=serial).certificate
    for serial, name in enumerate(("old authority", "authority"), 1)
)
UNSIGNED: Final = Trust(
    version=3,
    identity=sha256(b"genesis"),
    name="Вазирлик — mahalla",
    valid_until_ms=START_MS + 1_000_000,
    roots=root_keys(tuple(root.spki for root in ROOTS)),
    threshold=2,
    checkpoint_keys=(SeededOperator(1).public,),
    witnesses=WITNESSES,
    quorum=2,
    anchors=tuple(
        TrustedAnchor(anchor=anchor, withdrawn_at_ms=withdrawn)
        for anchor, withdrawn in zip(anchors_of(ANCHORS), (START_MS, None), strict=True)
    ),
)
OPERATOR_AS_WITNESS: Final = WitnessKey(name="operator.example", ed25519=SeededOperator(1).public.ed25519)
TRUST: Final = sign_trust(sign_trust(UNSIGNED, ROOTS[1]), ROOTS[0])


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    """Return the file with its JSON changed, laid out as any."""
    value = json.loads(encode_trust(TRUST))
    change(value)
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def test_a_trust_file_comes_out_as_it_went_in() -> None:
    assert parse_trust(encode_trust(TRUST)) == TRUST
    assert parse_trust(encode_trust(UNSIGNED)) == UNSIGNED


def test_a_ledger_whose_name_has_spaces_and_joiners_of_its_script_has_a_trust_file() -> None:
    named = replace(UNSIGNED, name="ᠮᠣᠩᠭᠣᠯ\u202fᠤᠨ\u00a0\u200d")
    assert parse_trust(encode_trust(named)) == named


def test_people_can_read_it() -> None:
    text = encode_trust(TRUST).decode()
    assert '"name": "Вазирлик — mahalla"' in text
    assert f'"ledger": "{TRUST.identity.hex()}"' in text
    assert '"valid_until": "2026-11-24T12:16:40Z"' in text


def test_enough_roots_make_it_good_whatever_the_order_in_which_they_sign() -> None:
    verify_trust(TRUST, START_MS)
    assert sign_trust(sign_trust(UNSIGNED, ROOTS[0]), ROOTS[1]) == TRUST
    verify_trust(sign_trust(TRUST, ROOTS[2]), START_MS)


def test_signing_again_changes_nothing() -> None:
    assert sign_trust(TRUST, ROOTS[0]) == TRUST


def test_one_root_of_two_is_not_enough() -> None:
    with pytest.raises(TrustUnsignedError, match="1 of 3 roots"):
        verify_trust(sign_trust(UNSIGNED, ROOTS[2]), START_MS)


def test_a_stranger_cannot_sign() -> None:
    with pytest.raises(TrustFileError, match="none of the roots"):
        sign_trust(UNSIGNED, fixed_signer(p256_key("stranger")))


def test_a_wrong_signature_spoils_it_even_beside_enough_right_ones() -> None:
    wrong = RootSignature(root=TRUST.roots[2].digest, algorithm=ROOTS[2].algorithm, signature=ROOTS[2].sign(b"other"))
    with pytest.raises(TrustFileError, match="is wrong"):
        verify_trust(replace(TRUST, signatures=(*TRUST.signatures, wrong)), START_MS)


def test_a_malleated_signature_of_a_root_says_the_same() -> None:
    first, second = TRUST.signatures
    r, s = decode_dss_signature(first.signature)
    malleated = replace(TRUST, signatures=(replace(first, signature=encode_dss_signature(r, P256_ORDER - s)), second))
    verify_trust(parse_trust(encode_trust(malleated)), START_MS)
    assert replace(malleated, signatures=()) == UNSIGNED


def test_it_is_good_up_to_its_last_moment() -> None:
    verify_trust(TRUST, TRUST.valid_until_ms)
    with pytest.raises(TrustExpiredError, match="2026-11-24T12:16:40Z"):
        verify_trust(TRUST, TRUST.valid_until_ms + 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(version=4),
        lambda value: value.update(quorum=1),
        lambda value: value.update(threshold=1),
        lambda value: value.update(name="another"),
        lambda value: value.update(ledger="00" * 32),
        lambda value: value.update(valid_until="2036-11-24T12:16:40Z"),
        lambda value: value["witnesses"].pop(),
        lambda value: value["anchors"].pop(),
        lambda value: value["anchors"][0].update(withdrawn_at=None),
    ],
    ids=["version", "quorum", "threshold", "name", "ledger", "time", "witness", "anchor", "withdrawal"],
)
def test_whatever_is_changed_in_it_its_signatures_are_wrong_then(change: Callable[[dict[str, Any]], object]) -> None:
    found = parse_trust(changed(change))
    with pytest.raises(TrustFileError, match="is wrong"):
        verify_trust(found, START_MS)


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value.update(extra=1),
        lambda value: value.pop("name"),
        lambda value: value.update(format="ortoo-trust-2"),
        lambda value: value.update(version=0),
        lambda value: value.update(version=True),
        lambda value: value.update(version="3"),
        lambda value: value.update(version=3.0),
        lambda value: value.update(quorum=4),
        lambda value: value.update(threshold=4),
        lambda value: value.update(roots=[]),
        lambda value: value.update(roots=value["roots"] * 3),
        lambda value: value["roots"].append(value["roots"][0]),
        lambda value: value["roots"][0].update(sha256="00" * 32),
        lambda value: value["roots"][0].update(key="AAAA"),
        lambda value: value["witnesses"].append(value["witnesses"][0]),
        lambda value: value["witnesses"].append(SeededWitness(2, "another.example").key.encoded()),
        lambda value: value["witnesses"].append(OPERATOR_AS_WITNESS.encoded()),
        lambda value: value["checkpoint_keys"][0].update(ml_dsa_44="AAAA"),
        lambda value: value["checkpoint_keys"][0].update(ed25519="A" + value["checkpoint_keys"][0]["ed25519"][1:]),
        lambda value: value["anchors"][0].update(certificate="AAAA"),
        lambda value: value["signatures"].reverse(),
        lambda value: value["signatures"].append(value["signatures"][0]),
        lambda value: value["signatures"][0].update(root="00" * 32),
        lambda value: value["signatures"][0].update(algorithm=7),
        lambda value: value.update(valid_until="2026-11-24 12:16:40"),
        lambda value: value.update(name="line\nbreak"),
        lambda value: value.update(ledger="AB" * 32),
    ],
)
def test_nothing_but_a_trust_file_is_read_as_one(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(TrustFileError):
        parse_trust(changed(change))


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff",
        b"[" * 200_000,
        b"9" * 5_000,
        encode_trust(TRUST)[:-1],
        encode_trust(TRUST) + b"\n",
        encode_trust(TRUST).replace(b'"version": 3', b'"version": 2,\n  "version": 3'),
        encode_trust(TRUST).replace(b'"version": 3', b'"version":  3'),
        encode_trust(TRUST).replace(b'"name"', b'"n\\u0061me"'),
        b" " * 2_000_000,
    ],
)
def test_bytes_that_are_laid_out_otherwise_are_refused(raw: bytes) -> None:
    with pytest.raises(TrustFileError):
        parse_trust(raw)


def test_whoever_names_a_file_that_is_no_trust_file_is_told_which(tmp_path: Path) -> None:
    file = tmp_path / "letter.ortoo.zip"
    file.write_bytes(b"PK")
    with pytest.raises(TrustFileError, match=f"{re.escape(str(file))} was relied upon"):
        read_trust(file)


def test_every_byte_of_a_trust_file_counts() -> None:
    raw = encode_trust(TRUST)
    told_apart = 0
    for place in range(0, len(raw), 7):
        changed_raw = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        try:
            verify_trust(parse_trust(changed_raw), START_MS)
        except TrustFileError:
            told_apart += 1
        else:
            assert parse_trust(changed_raw) == TRUST
    assert told_apart > 300


def test_a_file_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(TrustUnreadableError, match="no-such"):
        read_trust(tmp_path / "no-such.json")


def test_an_older_version_than_last_seen_is_refused() -> None:
    seen = seen_after({}, TRUST)
    assert seen_after(seen, TRUST) == seen
    newer = replace(TRUST, version=4)
    with pytest.raises(TrustRolledBackError, match="version 3, and version 4"):
        seen_after(seen_after(seen, newer), TRUST)


def test_two_files_of_one_version_are_not_both_the_roots() -> None:
    with pytest.raises(TrustRolledBackError, match="another trust file of version 3"):
        seen_after(seen_after({}, TRUST), replace(TRUST, quorum=1))


def test_more_signatures_do_not_make_it_another_file() -> None:
    assert seen_after(seen_after({}, TRUST), sign_trust(TRUST, ROOTS[2])) == seen_after({}, TRUST)


def test_what_was_seen_is_kept_for_each_ledger(tmp_path: Path) -> None:
    other = replace(TRUST, identity=sha256(b"other"), version=1)
    seen = seen_after(seen_after(read_seen(tmp_path), TRUST), other)
    (tmp_path / SEEN_FILE).write_text(encode_seen(seen))
    assert read_seen(tmp_path) == seen
    assert {one.version for one in seen.values()} == {1, 3}


@pytest.mark.parametrize("text", ["", "[]", '{"00": {}}', "{" * 9_000, '{"%s": {"version": "1", "sha256": ""}}' % ("00" * 32)])
def test_a_damaged_memory_lets_nothing_be_verified(tmp_path: Path, text: str) -> None:
    (tmp_path / SEEN_FILE).write_text(text)
    with pytest.raises(TrustSeenError):
        read_seen(tmp_path)
