"""A person with openssl, sha256sum and a shell checks a bundle by exactly the commands that stand in its VERIFY.txt."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from adapters.evidence_report import VerdictCode
from adapters.store.tiles import Log
from domain.log_proofs import LogProof, encode_proof
from tests.bundled_evidence import Evidence, bundle_of, changed, evidence_exchange, files_in

SHELL: Final = shutil.which("dash") or "sh"
"""The plainest shell there is: what runs in it runs in the others."""


@pytest.fixture(scope="module", autouse=True)
def openssl_is_there() -> None:
    if shutil.which("openssl") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("no openssl on this machine: install the distribution's package")


@pytest.fixture(scope="module")
def evidence(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    with evidence_exchange(tmp_path_factory.mktemp("evidence")) as made:
        yield made


def typed(evidence: Evidence, bundle: bytes, folder: Path) -> subprocess.CompletedProcess[str]:
    """Unpack a bundle beside a trust file, and type the commands of its text one after the other until one fails."""
    unpacked = folder / "unpacked"
    for name, content in files_in(bundle).items():
        (unpacked / name).parent.mkdir(parents=True, exist_ok=True)
        (unpacked / name).write_bytes(content)
    shutil.copy(evidence.audited.trust, folder / "trust.json")
    lines = (unpacked / "VERIFY.txt").read_text("utf-8").splitlines()
    script = "\n".join(line.removeprefix("    ") for line in lines if line.startswith("    "))
    environment = {"PATH": "/usr/bin:/bin"}
    return subprocess.run(
        [SHELL, "-e", "-c", script], cwd=unpacked, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


def require_passed(done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stdout + done.stderr
    assert "DIFFERENT" not in done.stdout


def test_a_letter_with_its_timeline_and_documents_is_checked_by_its_own_text(evidence: Evidence, tmp_path: Path) -> None:
    done = typed(evidence, evidence.letter("replaced", "mfy-003"), tmp_path)
    require_passed(done)
    assert done.stdout.count("Verified OK") == 2
    assert len(re.findall(r"^documents/[0-9a-f]{64}: OK$", done.stdout, re.MULTILINE)) == 2


def test_a_receipt_signed_with_ed25519_is_checked_by_its_own_text(evidence: Evidence, tmp_path: Path) -> None:
    done = typed(evidence, evidence.event("signed with ed25519"), tmp_path)
    require_passed(done)
    assert "Signature Verified Successfully" in done.stdout
    assert done.stdout.count("signer.pem: OK") == 2


def test_the_genesis_is_checked_by_its_own_text(evidence: Evidence, tmp_path: Path) -> None:
    require_passed(typed(evidence, evidence.event("0"), tmp_path))


def test_a_rejected_letter_does_not_pass(evidence: Evidence, tmp_path: Path) -> None:
    done = typed(evidence, evidence.event("clerk sends"), tmp_path)
    assert done.returncode != 0
    assert "DIFFERENT: . was accepted" in done.stdout


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("record.bin", "DIFFERENT: ./record.bin is in the log"),
        ("enrolment/9/signer.der", "DIFFERENT: enrolment/9/signer.der is what was enrolled"),
        ("documents/", "FAILED"),
    ],
)
def test_a_tampered_copy_does_not_pass(evidence: Evidence, tmp_path: Path, name: str, told: str) -> None:
    bundle = evidence.event("answered")
    whole = next(one for one in files_in(bundle) if one.startswith(name))
    done = typed(evidence, changed(bundle, whole, lambda content: content[:-1] + bytes([content[-1] ^ 1])), tmp_path)
    assert done.returncode != 0
    assert told in done.stdout


def test_a_tampered_checkpoint_does_not_pass(evidence: Evidence, tmp_path: Path) -> None:
    size = str(evidence.audited.end).encode()
    bundle = changed(
        evidence.event("acknowledged"), "record.proof", lambda proof: proof.replace(b"\n%s\n" % size, b"\n1%s\n" % size)
    )
    done = typed(evidence, bundle, tmp_path)
    assert done.returncode != 0
    assert "is not signed by an operator of the trust file" in done.stdout


def test_a_record_that_looks_like_a_verdict_is_none_of_the_log_of_verdicts(evidence: Evidence, tmp_path: Path) -> None:
    # Whoever may append can append these bytes: they are refused as a record, and are a leaf of the log of records for ever.
    station, files = evidence.audited.eventful.station, files_in(evidence.event("clerk sends"))
    accepted = files["verdict.bin"][:81] + bytes(2) + files["verdict.bin"][83:]
    position = station.parts.ledger.append(accepted)
    station.catch_up()
    pair = evidence.audited.pair(position + 1)
    path = station.parts.store.inclusion(Log.RECORDS, position, position + 1)
    proof = encode_proof(LogProof(index=position, path=path, note=pair.records))
    honest = files_in(evidence.event("clerk sends", pair=pair))
    forged = bundle_of({**honest, "verdict.bin": accepted, "verdict.proof": proof})
    assert evidence.verify(forged).verdict.code is VerdictCode.INVALID
    done = typed(evidence, forged, tmp_path)
    assert done.returncode != 0
    assert "DIFFERENT: ./verdict.proof is of this ledger's log" in done.stdout
