"""The corpus for other implementations: read as it says, in any batches, and made again to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from adapters.evidence_report import VerdictCode
from adapters.trust_files import parse_trust
from domain.ids import Digest
from domain.reasons import Reason, reason_of
from domain.rulebook import RULEBOOKS, RULES_1, RULES_3
from tests.fixed_exchange import shared_codec
from tests.vectors.ledgers.corpus import EXPECTED, FOLDER, RECORDS, evidence, expected_text, records_text, slots_of, told
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


def test_making_the_evidence_again_changes_no_byte() -> None:
    for file, content in evidence().items():
        assert (FOLDER / NAME / file).read_bytes() == content, f"{file}: python -m tests.vectors.ledgers.corpus"


def test_checkpoints_are_judged_as_it_says() -> None:
    trust = parse_trust((FOLDER / NAME / TRUST).read_bytes())
    conclusions = expected(NAME)

    def roots_at(size: int) -> tuple[Digest, Digest]:
        line = conclusions[size - 1]
        return Digest(bytes.fromhex(line["record_root"])), Digest(bytes.fromhex(line["verdict_root"]))

    lines = [json.loads(line) for line in stored(NAME, CHECKPOINTS).splitlines()]
    for line in lines:
        assert checkpoint_verdict(pair_in(line), trust, roots_at) == line["verdict"], line["checkpoint"]
    assert {line["verdict"] for line in lines} == {"valid", "quorum_missing", "other_history", "invalid"}


def test_bundles_are_judged_as_it_says() -> None:
    trust = (FOLDER / NAME / TRUST).read_bytes()
    lines = [json.loads(line) for line in stored(NAME, BUNDLES).splitlines()]
    for line in lines:
        bundle = (FOLDER / NAME / line["bundle"]).read_bytes()
        concluded = bundle_verdict(bundle, trust, line["now_ms"])
        assert concluded == {"verdict": line["verdict"], "events": line["events"]}, line["bundle"]
    # That a key was compromised later, only a ledger at hand can tell.
    assert {line["verdict"] for line in lines} == {code.value for code in VerdictCode} - {VerdictCode.CONTESTED.value}
