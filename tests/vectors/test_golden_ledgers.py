"""Yesterday verifies today: the golden ledger is read as it always was, in any batches, and made again to the byte."""

from __future__ import annotations

import pytest

from domain.events import LedgerOpened
from domain.reasons import Reason, step_of
from domain.rulebook import RULES_1
from tests.fixed_exchange import shared_codec
from tests.vectors.ledgers.generate import DUMPS, FOLDER, LEDGER, VERDICTS, conclusions, ledger_text, slots_of
from tests.vectors.ledgers.story import golden_ledger


def stored(name: str) -> str:
    """Return a file of the golden ledger."""
    return (FOLDER / name).read_text("utf-8")


@pytest.mark.parametrize("batch", [1, 7, 500])
def test_the_golden_ledger_is_read_as_it_always_was(batch: int) -> None:
    verdicts, dumps = conclusions(slots_of(stored(LEDGER)), batch=batch)
    assert verdicts == stored(VERDICTS)
    assert dumps == stored(DUMPS), "if tables were changed on purpose: python -m tests.vectors.ledgers.generate"


def test_making_the_golden_ledger_again_changes_no_byte() -> None:
    assert ledger_text(golden_ledger()) == stored(LEDGER)


def test_every_type_of_event_is_accepted_in_it_and_every_kind_of_step_rejects() -> None:
    reasons = [line.split(" ")[0] for line in stored(VERDICTS).splitlines()[:-1]]
    accepted, steps = set(), set()
    for slot, name in zip(slots_of(stored(LEDGER)), reasons, strict=True):
        reason = Reason[name]
        steps.add(step_of(reason))
        if reason is Reason.ACCEPTED and slot.record is not None:
            event = shared_codec().envelope(slot.record)
            accepted.add(type(shared_codec().body(event.payload_type, event.payload)))
    assert accepted == {LedgerOpened, *RULES_1}
    assert steps == set(range(10))
