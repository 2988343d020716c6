"""The corpus for other implementations: read as it says, in any batches, and made again to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest

from domain.reasons import Reason, reason_of
from domain.rulebook import RULEBOOKS
from tests.vectors.ledgers.corpus import EXPECTED, FOLDER, RECORDS, expected_text, records_text, slots_of, told
from tests.vectors.ledgers.corpus_cases import LEDGERS

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


def test_every_reason_of_the_rules_is_held_and_every_new_event_accepted() -> None:
    lines = [line for name in LEDGERS for line in expected(name)]
    reasons = {reason_of(line["reason_code"]) for line in lines}
    assert reasons | ABSENT == set(Reason)
    assert all(reason_of(line["reason_code"]).name == line["reason"] for line in lines)
    assert {plan.rules for plan in LEDGERS.values()} == set(RULEBOOKS)
