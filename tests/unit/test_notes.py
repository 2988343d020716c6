"""Signed notes, checkpoints, cosignatures and log proofs: published examples, and every way of being almost one."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from domain.checkpoint_signatures import seen_of, signed_at_s, verify_ed25519, verify_operator, verify_pair
from domain.checkpoints import (
    MAX_PAIR_BYTES,
    Checkpoint,
    CheckpointPair,
    checkpoint_text,
    encode_pair,
    parse_checkpoint,
    parse_pair,
    record_origin,
    verdict_origin,
)
from domain.cosignatures import (
    Cosignature,
    QuorumMissingError,
    WitnessKey,
    cosignatures,
    parse_witness_key,
    require_pair_quorum,
    require_quorum,
)
from domain.ids import Digest, sha256
from domain.log_proofs import LogProof, encode_proof, parse_proof
from domain.notes import (
    MAX_NOTE_BYTES,
    MAX_SIGNATURES,
    Note,
    NoteInvalidError,
    SignatureLine,
    SignatureType,
    key_id,
    parse_note,
    parse_signature_lines,
    parse_verifier_key,
    verifier_key,
)
from tests.checkpoint_keys import AT_S, SeededOperator, SeededWitness, signed_note, signed_pair

# The example of C2SP signed-note, and that of golang.org/x/mod/sumdb/note.
SPEC_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
SPEC_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n— PeterNeumann "
    "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
# A checkpoint of a public log, as its log and four public witnesses signed it; the key of one witness.
PUBLIC_NOTE = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501 - verbatim
PUBLIC_WITNESS = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"

NAME = "Örtöö training"
IDENTITY = sha256(b"identity")
ROOTS = (sha256(b"records"), sha256(b"verdicts"))
OPERATOR, STRANGER = SeededOperator(1), SeededOperator(2)
WITNESSES = tuple(SeededWitness(seed) for seed in (11, 12, 13))
KEYS = tuple(witness.key for witness in WITNESSES)
HEAD = Checkpoint(origin=record_origin(NAME, IDENTITY), size=57, root=ROOTS[0])


def pair(**changes: object) -> CheckpointPair:
    given: dict[str, object] = {"name": NAME, "identity": IDENTITY, "size": 57, "roots": ROOTS, "operator": OPERATOR}
    return signed_pair(**{**given, **changes})  # type: ignore[arg-type] # a table of arguments


def without(note: Note, index: int) -> Note:
    return Note(text=note.text, lines=(*note.lines[:index], *note.lines[index + 1 :]))


def swapped(line: SignatureLine, **changes: bytes) -> SignatureLine:
    return SignatureLine(
        name=line.name,
        key_id=changes.get("key_id", line.key_id),
        signature=changes.get("signature", line.signature),
    )


@pytest.mark.parametrize(("key", "text"), [(SPEC_KEY, SPEC_NOTE), (GO_KEY, GO_NOTE)])
def test_published_notes_verify_with_their_published_keys(key: str, text: str) -> None:
    name, public = parse_verifier_key(key, SignatureType.ED25519, 32)
    note = parse_note(text.encode())
    line = note.line_of(name, key_id(name, SignatureType.ED25519, public))
    assert line is not None
    verify_ed25519(note.text, public, line.signature)
    assert note.encoded() == text.encode()
    with pytest.raises(NoteInvalidError, match="does not verify"):
        verify_ed25519(note.text.replace("e", "E", 1), public, line.signature)


def test_a_public_witness_cosigned_a_public_log() -> None:
    note = parse_note(PUBLIC_NOTE.encode())
    witness = parse_witness_key(PUBLIC_WITNESS)
    assert witness.encoded() == PUBLIC_WITNESS
    assert cosignatures(note, [witness]) == (Cosignature(name="remora.n621.de", at_s=0x6A122120),)
    assert parse_checkpoint(note.text).size == 1_432_088_532
    assert note.encoded() == PUBLIC_NOTE.encode()
    clobbered = Note(text=note.text.replace("1432088532", "42"), lines=note.lines)
    with pytest.raises(NoteInvalidError, match=r"cosignature of remora\.n621\.de does not verify"):
        cosignatures(clobbered, [witness])


LINE = "— a.example AAAAAQI=\n"
BAD_NOTES = {
    "nothing": b"",
    "no signature": b"text\n\n",
    "no text": b"\n\n" + LINE.encode(),
    "no empty line": b"text\n" + LINE.encode(),
    "no line feed at the end": ("text\n\n" + LINE).encode()[:-1],
    "not UTF-8": b"te\xffxt\n\n" + LINE.encode(),
    "a carriage return": ("text\r\n\n" + LINE).encode(),
    "a zero byte": ("te\x00xt\n\n" + LINE).encode(),
    "an empty key name": "text\n\n—  AAAAAQI=\n".encode(),
    "a key name with plus": "text\n\n— a+b AAAAAQI=\n".encode(),
    "a key name with a no-break space": "text\n\n— a\u00a0b AAAAAQI=\n".encode(),
    "a hyphen for the dash": b"text\n\n- a.example AAAAAQI=\n",
    "two spaces": "text\n\n— a.example  AAAAAQI=\n".encode(),
    "a space at the end": "text\n\n— a.example AAAAAQI= \n".encode(),
    "base64 without padding": "text\n\n— a.example AAAAAQI\n".encode(),
    "base64 with bits left over": "text\n\n— a.example AAAAAQJ=\n".encode(),
    "base64 of the other alphabet": "text\n\n— a.example AAAA-_I=\n".encode(),
    "a key id and no signature": "text\n\n— a.example AAAAAQ==\n".encode(),
    "the same key twice": ("text\n\n" + LINE + LINE).encode(),
    "too many signatures": ("text\n\n" + "".join(f"— a{n} AAAAAQI=\n" for n in range(MAX_SIGNATURES + 1))).encode(),
    "too long": b"x" * MAX_NOTE_BYTES + b"\n\n" + LINE.encode(),
    "a line after the signatures": ("text\n\n" + LINE + "more\n").encode(),
}


@pytest.mark.parametrize("case", BAD_NOTES)
def test_what_is_almost_a_note_is_refused(case: str) -> None:
    with pytest.raises(NoteInvalidError):
        parse_note(BAD_NOTES[case])


def test_a_text_may_hold_empty_lines_and_other_alphabets() -> None:
    raw = f"хат\n\nикки\n\n{LINE}".encode()
    assert parse_note(raw).text == "хат\n\nикки\n"
    assert parse_note(raw).encoded() == raw


def test_lines_alone_are_read_as_a_witness_sends_them() -> None:
    assert parse_signature_lines(LINE.encode()) == parse_note(b"text\n\n" + LINE.encode()).lines
    for bad in (b"", b"\n", LINE.encode()[:-1], b"x" + LINE.encode()):
        with pytest.raises(NoteInvalidError):
            parse_signature_lines(bad)


@pytest.mark.parametrize("position", range(len(PUBLIC_WITNESS)))
def test_a_verifier_key_with_any_letter_changed_is_refused(position: int) -> None:
    changed = PUBLIC_WITNESS[:position] + ("A" if PUBLIC_WITNESS[position] != "A" else "B") + PUBLIC_WITNESS[position + 1 :]
    with pytest.raises(NoteInvalidError):
        parse_witness_key(changed)


def test_a_verifier_key_of_another_type_is_no_witness() -> None:
    with pytest.raises(NoteInvalidError):
        parse_witness_key(SPEC_KEY)
    assert verifier_key("example.com/foo", SignatureType.ED25519, parse_verifier_key(SPEC_KEY, SignatureType.ED25519, 32)[1])


def test_the_origin_of_a_ledger_can_be_the_name_of_a_key() -> None:
    assert record_origin("Örtöö training\u00a0+ 1", IDENTITY) == f"Örtöö-training---1/{IDENTITY.hex()}"
    assert verdict_origin("a", IDENTITY) == f"a/{IDENTITY.hex()}/verdicts"


ROOT_LINE = base64.b64encode(bytes(32)).decode()
BAD_CHECKPOINTS = {
    "an extension line": f"o\n1\n{ROOT_LINE}\nmore\n",
    "a line short": "o\n1\n",
    "no origin": f"\n1\n{ROOT_LINE}\n",
    "a leading zero": f"o\n01\n{ROOT_LINE}\n",
    "a sign": f"o\n+1\n{ROOT_LINE}\n",
    "a negative size": f"o\n-1\n{ROOT_LINE}\n",
    "other digits": f"o\n٣\n{ROOT_LINE}\n",
    "a size beyond 63 bits": f"o\n{2**63}\n{ROOT_LINE}\n",
    "a short root": f"o\n1\n{base64.b64encode(bytes(31)).decode()}\n",
    "an empty line": f"o\n\n1\n{ROOT_LINE}\n",
    "no line feed at the end": f"o\n1\n{ROOT_LINE}",
}


@pytest.mark.parametrize("case", BAD_CHECKPOINTS)
def test_what_is_almost_a_checkpoint_is_refused(case: str) -> None:
    with pytest.raises(NoteInvalidError):
        parse_checkpoint(BAD_CHECKPOINTS[case])


def test_checkpoints_come_out_as_they_went_in() -> None:
    for size in (0, 1, 57, 2**63 - 1):
        head = Checkpoint(origin="o", size=size, root=ROOTS[0])
        assert parse_checkpoint(checkpoint_text(head)) == head


def test_a_checkpoint_needs_both_lines_of_the_operator() -> None:
    note = signed_note(HEAD, OPERATOR)
    assert verify_operator(parse_note(note.encoded()), OPERATOR.public) == HEAD
    for index in (0, 1):
        with pytest.raises(NoteInvalidError, match="both of his are needed"):
            verify_operator(without(note, index), OPERATOR.public)
    with pytest.raises(NoteInvalidError):
        verify_operator(note, STRANGER.public)


def test_an_elliptic_curve_forger_who_repeats_an_old_lattice_line_is_refused() -> None:
    old = signed_note(HEAD, OPERATOR)
    forged_text = checkpoint_text(Checkpoint(origin=HEAD.origin, size=58, root=ROOTS[1]))
    elliptic = swapped(old.lines[0], signature=OPERATOR.sign_ed25519(forged_text.encode()))
    with pytest.raises(NoteInvalidError, match=r"ML-DSA-44 signature .* does not verify"):
        verify_operator(Note(text=forged_text, lines=(elliptic, old.lines[1])), OPERATOR.public)


@pytest.mark.parametrize("index", [0, 1])
@pytest.mark.parametrize("place", [0, 8, -1])
def test_an_operators_line_with_any_byte_changed_is_refused(index: int, place: int) -> None:
    note = signed_note(HEAD, OPERATOR)
    changed = bytearray(note.lines[index].signature)
    changed[place] ^= 1
    lines = list(note.lines)
    lines[index] = swapped(lines[index], signature=bytes(changed))
    with pytest.raises(NoteInvalidError, match=r"does not verify|holds no time"):
        verify_operator(Note(text=note.text, lines=tuple(lines)), OPERATOR.public)


def test_the_lattice_line_signs_what_the_specification_writes_down() -> None:
    """An independent layout of `cosigned_message` (C2SP, tlog-cosignature), byte for byte."""
    line = signed_note(HEAD, OPERATOR).lines[1]
    origin = HEAD.origin.encode()
    named = bytes([len(origin)]) + origin
    message = b"subtree/v1\n\0" + named + AT_S.to_bytes(8) + named + bytes(8) + (57).to_bytes(8) + ROOTS[0]
    MLDSA44PublicKey.from_public_bytes(OPERATOR.public.ml_dsa_44).verify(line.signature[8:], message)
    assert line.signature[:8] == AT_S.to_bytes(8)
    assert line.key_id == hashlib.sha256(origin + b"\n\x06" + OPERATOR.public.ml_dsa_44).digest()[:4]


def test_a_pair_travels_as_bytes() -> None:
    made = pair(witnesses=WITNESSES)
    assert parse_pair(encode_pair(made)) == made
    assert made.size == 57
    assert made.roots == ROOTS
    assert len(encode_pair(made)) < MAX_PAIR_BYTES


BAD_PAIRS: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda raw: raw[:-1],
    "extended": lambda raw: raw + b"\n",
    "nothing": lambda _: b"",
    "one note": lambda raw: raw[: 4 + int.from_bytes(raw[:4])],
    "two notes of records": lambda raw: raw[: 4 + int.from_bytes(raw[:4])] * 2,
    "a length beyond the end": lambda raw: b"\xff\xff\xff\xff" + raw[4:],
    "other sizes": lambda raw: raw[:4] + raw[4:].replace(b"\n57\n", b"\n58\n", 1),
}


@pytest.mark.parametrize("case", BAD_PAIRS)
def test_what_is_almost_a_pair_is_refused(case: str) -> None:
    with pytest.raises(NoteInvalidError):
        parse_pair(BAD_PAIRS[case](encode_pair(pair())))


def test_a_pair_is_verified_for_its_ledger_and_by_a_key_in_force() -> None:
    verified = verify_pair(pair(), NAME, IDENTITY, (STRANGER.public, OPERATOR.public))
    assert verified.key == OPERATOR.public
    assert signed_at_s(verified) == AT_S
    seen = seen_of(verified)
    assert (seen.size, seen.root, seen.verdict_root) == (57, *ROOTS)
    assert seen.key == sha256(OPERATOR.public.ed25519)
    verify_ed25519(verified.pair.records.text, OPERATOR.public.ed25519, seen.signature)
    verify_ed25519(verified.pair.verdicts.text, OPERATOR.public.ed25519, seen.verdict_signature)


BAD_CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "another name": ({"name": "another"}, "not one of"),
    "a ledger of the same name": ({"identity": sha256(b"another")}, "not one of"),
    "an empty ledger": ({"size": 0}, "not one of"),
    "a stranger's key": ({"operator": STRANGER}, "no key in force"),
}


@pytest.mark.parametrize("case", BAD_CLAIMS)
def test_a_pair_of_something_else_is_refused(case: str) -> None:
    changes, why = BAD_CLAIMS[case]
    with pytest.raises(NoteInvalidError, match=why):
        verify_pair(pair(**changes), NAME, IDENTITY, (OPERATOR.public,))


def test_a_pair_half_of_which_another_key_signed_is_refused() -> None:
    mixed = CheckpointPair(records=pair().records, verdicts=pair(operator=STRANGER).verdicts)
    with pytest.raises(NoteInvalidError, match="both of his are needed"):
        verify_pair(mixed, NAME, IDENTITY, (OPERATOR.public, STRANGER.public))


def test_the_time_of_a_quorum_is_that_of_its_kth_cosignature() -> None:
    note = signed_note(HEAD, OPERATOR)
    for witness, at_s in zip(WITNESSES, (AT_S + 30, AT_S + 10, AT_S + 20), strict=True):
        note = witness.cosigned(note, at_s)
    note = SeededWitness(99).cosigned(note)
    assert [require_quorum(note, KEYS, k) for k in (1, 2, 3)] == [AT_S + 10, AT_S + 20, AT_S + 30]
    for k in (4, 0, -1):
        with pytest.raises(QuorumMissingError):
            require_quorum(note, KEYS, k)


def test_a_pair_has_a_quorum_when_both_of_its_notes_have() -> None:
    whole, half = pair(witnesses=WITNESSES[:2]), pair(witnesses=WITNESSES[:1])
    assert require_pair_quorum(whole, KEYS, 2) == AT_S
    with pytest.raises(QuorumMissingError):
        require_pair_quorum(CheckpointPair(records=whole.records, verdicts=half.verdicts), KEYS, 2)


def test_a_witness_counts_once_however_often_its_key_is_named() -> None:
    note = signed_note(HEAD, OPERATOR)
    twins = [SeededWitness(11, name=f"twin.example/{number}") for number in (1, 2)]
    for twin in twins:
        note = twin.cosigned(note)
    with pytest.raises(QuorumMissingError, match="1 of 2"):
        require_quorum(note, [twin.key for twin in twins], 2)


def test_a_cosignature_moved_to_another_note_or_time_is_refused() -> None:
    signed = WITNESSES[0].cosigned(signed_note(HEAD, OPERATOR)).lines[-1]
    other = signed_note(Checkpoint(origin=HEAD.origin, size=58, root=ROOTS[1]), OPERATOR)
    later = swapped(signed, signature=(AT_S + 1).to_bytes(8) + signed.signature[8:])
    timeless = swapped(signed, signature=bytes(8) + signed.signature[8:])
    for note in (
        Note(text=other.text, lines=(*other.lines, signed)),
        Note(text=signed_note(HEAD, OPERATOR).text, lines=(later,)),
        Note(text=signed_note(HEAD, OPERATOR).text, lines=(timeless,)),
    ):
        with pytest.raises(NoteInvalidError):
            cosignatures(note, KEYS)


def test_a_line_under_a_known_name_with_another_id_is_a_stranger() -> None:
    signed = WITNESSES[0].cosigned(signed_note(HEAD, OPERATOR)).lines[-1]
    note = Note(text=signed_note(HEAD, OPERATOR).text, lines=(swapped(signed, key_id=bytes(4)),))
    assert cosignatures(note, KEYS) == ()
    assert cosignatures(note, [WitnessKey(name=KEYS[0].name, ed25519=KEYS[1].ed25519)]) == ()


PROOF = LogProof(index=56, path=(ROOTS[1], ROOTS[0]), note=pair().records)


def test_a_proof_travels_as_bytes() -> None:
    assert parse_proof(encode_proof(PROOF)) == PROOF
    alone = LogProof(index=0, path=(), note=PROOF.note)
    assert parse_proof(encode_proof(alone)) == alone
    assert encode_proof(alone).startswith(b"c2sp.org/tlog-proof@v1\nindex 0\n\n" + NAME.replace(" ", "-").encode())


BAD_PROOFS: dict[str, Callable[[bytes], bytes]] = {
    "another first line": lambda raw: raw.replace(b"@v1", b"@v2", 1),
    "extra data": lambda raw: raw.replace(b"index", b"extra AAAA\nindex", 1),
    "no index": lambda raw: raw.replace(b"index 56\n", b"", 1),
    "an index with a zero before it": lambda raw: raw.replace(b"index 56", b"index 056", 1),
    "a short hash": lambda raw: raw.replace(base64.b64encode(ROOTS[1]), base64.b64encode(bytes(31)), 1),
    "too many hashes": lambda raw: raw.replace(b"index 56\n", b"index 56\n" + (base64.b64encode(bytes(32)) + b"\n") * 64, 1),
    "no note": lambda raw: raw.partition(b"\n\n")[0] + b"\n\n",
    "too long": lambda raw: raw + b"x" * 2 * MAX_NOTE_BYTES,
    "other letters in its head": lambda raw: raw.replace(b"index", "índex".encode(), 1),
}


@pytest.mark.parametrize("case", BAD_PROOFS)
def test_what_is_almost_a_proof_is_refused(case: str) -> None:
    with pytest.raises(NoteInvalidError):
        parse_proof(BAD_PROOFS[case](encode_proof(PROOF)))


def test_a_signature_of_the_wrong_size_is_refused() -> None:
    note = signed_note(HEAD, OPERATOR)
    for index, line in enumerate(note.lines):
        for signature in (line.signature[:-1], line.signature + b"\0", b"\0"):
            lines = [swapped(line, signature=signature) if at == index else other for at, other in enumerate(note.lines)]
            with pytest.raises(NoteInvalidError):
                verify_operator(Note(text=note.text, lines=tuple(lines)), OPERATOR.public)


def test_a_key_of_the_wrong_size_verifies_nothing() -> None:
    note = signed_note(HEAD, OPERATOR)
    with pytest.raises(NoteInvalidError):
        verify_ed25519(note.text, Digest(bytes(31)), note.lines[0].signature)
