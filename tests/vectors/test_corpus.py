"""The corpus for other implementations: read as it says, in any batches, and made again to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.evidence_facts import RECIPIENT_OUTSIDE, SENDER_OUTSIDE
from adapters.evidence_letters import ENTERED, NAMED, NOT_SHOWN, PASSED_ON
from adapters.evidence_report import VerdictCode
from adapters.trust_files import parse_trust
from domain.ids import Digest
from domain.reasons import Reason, reason_of
from domain.rulebook import RULEBOOKS, RULES_1, RULES_3
from tests.fixed_exchange import shared_codec
from tests.vectors.ledgers.corpus import (
    EVIDENCE,
    EXPECTED,
    FOLDER,
    RECORDS,
    evidence,
    expected_text,
    records_text,
    slots_of,
    told,
)
from tests.vectors.ledgers.corpus_cases import LEDGERS
from tests.vectors.ledgers.corpus_evidence import (
    BUNDLES,
    CHECKPOINTS,
    NAME,
    TRUST,
    bundle_verdict,
    checkpoint_verdict,
    pair_in,
)
from tests.vectors.ledgers.corpus_evidence_3 import NAME_3

ABSENT = {Reason.TOO_MANY_RECIPIENTS}
"""Needs 20,001 organisations: no small ledger."""


def stored(name: str, file: str) -> str:
    return (FOLDER / name / file).read_text("ascii")


def expected(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stored(name, EXPECTED).splitlines()]


@pytest.mark.parametrize("batch", [3, 500])
@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_is_read_as_it_says(name: str, batch: int) -> None:
    assert expected_text(slots_of(stored(name, RECORDS)), batch=batch) == stored(name, EXPECTED)


@pytest.mark.parametrize("name", LEDGERS)
def test_making_a_ledger_again_changes_no_byte(name: str) -> None:
    assert records_text(told(LEDGERS[name])) == stored(name, RECORDS)


def test_every_folder_is_a_ledger_of_the_corpus() -> None:
    assert {path.name for path in FOLDER.iterdir() if (path / RECORDS).exists()} == set(LEDGERS)


def test_every_reason_of_the_rules_is_held() -> None:
    lines = [line for name in LEDGERS for line in expected(name)]
    reasons = {reason_of(line["reason_code"]) for line in lines}
    assert reasons | ABSENT == set(Reason)
    assert all(reason_of(line["reason_code"]).name == line["reason"] for line in lines)
    assert {plan.rules for plan in LEDGERS.values()} == set(RULEBOOKS)


def test_everything_that_later_rules_add_is_accepted_somewhere() -> None:
    accepted = set()
    for name in LEDGERS:
        for slot, line in zip(slots_of(stored(name, RECORDS)), expected(name), strict=True):
            if line["reason_code"] == 0 and slot.record is not None:
                event = shared_codec().envelope(slot.record)
                accepted.add(type(shared_codec().body(event.payload_type, event.payload)))
    assert set(RULES_3) - set(RULES_1) <= accepted


@pytest.mark.parametrize("name", EVIDENCE)
def test_making_the_evidence_again_changes_no_byte(name: str) -> None:
    for file, content in evidence(name).items():
        assert (FOLDER / name / file).read_bytes() == content, f"{file}: python -m tests.vectors.ledgers.corpus"


@pytest.mark.parametrize("name", EVIDENCE)
def test_checkpoints_are_judged_as_it_says(name: str) -> None:
    trust = parse_trust((FOLDER / name / TRUST).read_bytes())
    conclusions = expected(name)

    def roots_at(size: int) -> tuple[Digest, Digest]:
        line = conclusions[size - 1]
        return Digest(bytes.fromhex(line["record_root"])), Digest(bytes.fromhex(line["verdict_root"]))

    lines = [json.loads(line) for line in stored(name, CHECKPOINTS).splitlines()]
    for line in lines:
        assert checkpoint_verdict(pair_in(line), trust, roots_at) == line["verdict"], line["checkpoint"]
    assert {line["verdict"] for line in lines} == {"valid", "quorum_missing", "other_history", "invalid"}


def bundles_judged_as_it_says(name: str) -> list[dict[str, Any]]:
    """Return the lines about the bundles of a ledger, each of which is judged as it says."""
    trust = (FOLDER / name / TRUST).read_bytes()
    lines = [json.loads(line) for line in stored(name, BUNDLES).splitlines()]
    for line in lines:
        bundle = (FOLDER / name / line["bundle"]).read_bytes()
        concluded = bundle_verdict(bundle, trust, line["now_ms"], told="told" in line)
        assert concluded == {field: line[field] for field in concluded}, line["bundle"]
    return lines


def test_bundles_are_judged_as_it_says() -> None:
    lines = bundles_judged_as_it_says(NAME)
    # That a key was compromised later, only a ledger at hand can tell.
    assert {line["verdict"] for line in lines} == {code.value for code in VerdictCode} - {VerdictCode.CONTESTED.value}


def test_bundles_under_rules_3_tell_for_whom_and_whose_signature_is_missing() -> None:
    lines = bundles_judged_as_it_says(NAME_3)
    assert {line["verdict"] for line in lines} == {"valid", "valid_expired", "unverifiable", "rejected", "invalid"}
    told = [one for line in lines for one in line["told"].values()]
    assert {one["acting_for"] for one in told} == {None, "head"}
    assert {one["for_officer"] for one in told} == {None, "chair", "head"}
    assert {one["addressed"] for one in told} == {None, NAMED, PASSED_ON, ENTERED, NOT_SHOWN}
    assert {mark for one in told for mark in one["marks"]} == {SENDER_OUTSIDE, RECIPIENT_OUTSIDE}
