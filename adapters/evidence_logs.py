"""That the records of a bundle are in both logs, under a pair of checkpoints that counts (step 4)."""

from __future__ import annotations

from adapters.evidence_bundle import Bundle, Proven
from adapters.evidence_report import CheckpointFacts, Findings, Step
from adapters.trust_files import Trust
from domain.checkpoint_signatures import verify_pair
from domain.checkpoints import Checkpoint, CheckpointPair, record_origin
from domain.cosignatures import cosignatures, require_quorum
from domain.events import CheckpointKey
from domain.ids import sha256
from domain.log_proofs import LogProof
from domain.notes import Note, SignatureType, key_id
from domain.proofs import verify_inclusion
from domain.tree import leaf_hash


def pair_of(bundle: Bundle, findings: Findings) -> CheckpointPair | None:
    """Return the one pair of checkpoints on which all proofs of a bundle rest; None if there is none (step 4)."""
    proven = (*bundle.events, *bundle.enrolments)
    if not proven:
        return None
    records, verdicts = proven[0].record_proof.note, proven[0].verdict_proof.note
    for one in proven[1:]:
        if (one.record_proof.note, one.verdict_proof.note) != (records, verdicts):
            findings.about(one.position).wrong(Step.LOGS, one.folder, "its proofs rest on another pair of checkpoints")
    with findings.checking(Step.LOGS, ""):
        return CheckpointPair(records=records, verdicts=verdicts)
    return None


def verify_checkpoint(pair: CheckpointPair, trust: Trust, findings: Findings) -> CheckpointFacts:
    """Verify the operator's and the witnesses' signatures under a pair, and return what it says (step 4)."""
    origin = record_origin(trust.name, trust.identity)
    keys = tuple(key for key in trust.checkpoint_keys if _has_signed(pair.records, origin, key))
    if pair.heads[0].origin != origin:
        findings.wrong(Step.LOGS, "", f"its checkpoint is of {pair.heads[0].origin!r}, and not of this ledger")
    elif not keys:
        findings.missing(Step.LOGS, "", "a checkpoint signed with a checkpoint key of the trust file")
    else:
        with findings.checking(Step.LOGS, ""):
            verify_pair(pair, trust.name, trust.identity, keys)
    names: tuple[str, ...] = ()
    witnessed_at_s = None
    with findings.checking(Step.LOGS, ""):
        both = [{one.name for one in cosignatures(note, trust.witnesses)} for note in (pair.records, pair.verdicts)]
        names = tuple(sorted(both[0] & both[1]))
        if trust.quorum:
            # The earlier of the two: nobody may take a bundle for newer than it is.
            witnessed_at_s = min(require_quorum(note, trust.witnesses, trust.quorum) for note in (pair.records, pair.verdicts))
    return CheckpointFacts(
        size=pair.size,
        root=pair.roots[0],
        verdict_root=pair.roots[1],
        quorum=trust.quorum,
        witnesses=names,
        witnessed_at_s=witnessed_at_s,
    )


def verify_logged(one: Proven, pair: CheckpointPair, findings: Findings) -> None:
    """Verify that a record and its verdict are leaves of both logs, at one position, and belong together (step 4)."""
    leaf, where = one.leaf, one.folder
    named = where.rstrip("/").rpartition("/")[2]
    positions = {one.record_proof.index, one.verdict_proof.index, leaf.position, int(named or one.position)}
    if len(positions) > 1:
        findings.wrong(Step.LOGS, where, f"its files speak of different positions: {sorted(positions)}")
    if leaf.record_hash != sha256(one.record):
        findings.wrong(Step.LOGS, where, "the verdict is on another record")
    if leaf.identity != one.opened.identity:
        findings.wrong(Step.LOGS, where, "the verdict is on another event, or on one that is not authentic")
    records, verdicts = pair.heads
    with findings.checking(Step.LOGS, where):
        _verify_leaf(one.record, one.record_proof, records)
    with findings.checking(Step.LOGS, where):
        _verify_leaf(one.verdict, one.verdict_proof, verdicts)


def _has_signed(note: Note, origin: str, key: CheckpointKey) -> bool:
    kinds = ((SignatureType.ED25519, key.ed25519), (SignatureType.ML_DSA_44_COSIGNATURE, key.ml_dsa_44))
    return any(note.line_of(origin, key_id(origin, kind, public)) is not None for kind, public in kinds)


def _verify_leaf(raw: bytes, proof: LogProof, head: Checkpoint) -> None:
    verify_inclusion(leaf=leaf_hash(raw), index=proof.index, size=head.size, path=proof.path, root=head.root)
