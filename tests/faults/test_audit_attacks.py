"""Attacks on a ledger, on those who sign for it, and on what people are shown of it: an audit finds each."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from adapters.audit import Evidence, FullAudit
from adapters.audit_findings import Findings, Gravity
from adapters.audit_replay import Replay
from adapters.ledger import Slot
from adapters.ledger_memory import MemoryLedger
from adapters.trust_files import read_trust
from domain.checkpoints import encode_pair
from tests.audited_exchange import Audited, audited_exchange
from tests.hunt.changed_ledgers import Changer, Watch

LONGER: Final = min(5, int(os.environ.get("ORTOO_HUNT", "1")))
"""How many times as many changes are tried: `make hunt` has time."""
CHANGES: Final = 20_000 * LONGER
AUDITED: Final = 3 * LONGER
"""So many of each kind are also audited as a whole, each a ledger of its own."""
SEED: Final = 5


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Audited]:
    with audited_exchange(tmp_path_factory.mktemp("audited")) as made:
        yield made


def findings_of(audited: Audited, slots: Sequence[Slot], held: bytes, folder: Path) -> Findings:
    """Return what a whole audit finds in a changed ledger, by an auditor who holds a checkpoint."""
    ledger, findings, clock = MemoryLedger(), Findings(), audited.eventful.clock
    ledger._slots = [replace(slot, position=position) for position, slot in enumerate(slots)]
    evidence = Evidence(trust=read_trust(audited.trust), held={"kept": held}, published=())
    replay = Replay(ledger, folder, identity=evidence.trust.identity, threads=1, now_ms=clock)
    with contextlib.closing(replay):
        FullAudit(ledger, replay, evidence, findings.report).run(None, clock())
    return findings


@pytest.mark.slow
def test_no_change_of_a_ledger_below_a_checkpoint_stays_hidden(
    audited: Audited, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    slots, size = audited.slots(), audited.end - 5
    verdicts = [entry.verdict for entry in audited.eventful.station.parts.store.each_entry()]
    watch, changer = Watch(slots, verdicts, size), Changer(slots, size, SEED)
    assert (watch.head.records, watch.head.verdicts) == audited.roots_at(size)
    held = encode_pair(audited.pair(size))
    found: Counter[str] = Counter()
    audits, harmless, tried = 0, 0, set[int]()
    for kind in itertools.cycle(changer.kinds):
        changed = changer.changed(kind)
        if (key := hash(changed.slots)) in tried:
            continue
        tried.add(key)
        if watch.contradiction(changed) is None:
            # A time that was stored and that nobody reads: the ledger's time, and so everything, is as it was.
            assert kind == "re-time"
            assert watch.keeps_every_time(changed)
            harmless += 1
            continue
        found[kind] += 1
        if found[kind] <= AUDITED:
            audits += 1
            whole = findings_of(audited, changed.slots, held, tmp_path / str(audits))
            assert whole.gravity is Gravity.WRONG, (kind, changed.first, whole.listed)
        if found.total() == CHANGES:
            break
    assert set(found) == set(changer.kinds)
    told = ", ".join(f"{kind} {count:,}" for kind, count in found.items())
    record_property(
        "changes of a ledger below a checkpoint",
        f"{found.total():,} different ones detected ({told}), {audits} of them audited as a whole; "
        f"{harmless:,} changed stored times that nobody reads",
    )
