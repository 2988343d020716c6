"""What rules 3 brought is no event under rules 2: a neighbour with a newer program changes nothing on an older ledger."""

from __future__ import annotations

from collections import Counter

from domain.catalogue import payload_type_of
from domain.reasons import Reason
from domain.rulebook import RULEBOOKS
from tests.battle import HostileKind, fought
from tests.fixed_exchange import Clock, FixedExchange
from tests.hostile_records import KINDS
from tests.ledger_readers import Written, in_memory

LATER: frozenset[str] = frozenset(payload_type_of(event) for event in RULEBOOKS[3].keys() - RULEBOOKS[2].keys())
OFFICE: tuple[HostileKind, ...] = tuple(kind for kind in KINDS if kind.strike.__module__ == "tests.hostile_office")


def test_no_event_of_rules_3_is_judged_under_rules_2() -> None:
    exchange = FixedExchange(Clock(), name="older", rules=2)
    entries = [entry for told in fought(exchange, OFFICE) for entry in told]
    judged: Counter[str] = Counter()
    with in_memory([Written(record=entry.record, stored_at_ms=entry.at_ms) for entry in entries]) as reader:
        for entry, verdict in zip(entries, reader.read([500]).verdicts, strict=True):
            assert entry.record is not None
            said = exchange.codec.envelope(entry.record).payload_type
            if said in LATER:
                assert verdict.reason is Reason.TYPE_UNKNOWN, said
                judged[said] += 1
    assert set(judged) == LATER
