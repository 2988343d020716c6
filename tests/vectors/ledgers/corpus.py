"""Writes the corpus for other implementations: `python -m tests.vectors.ledgers.corpus`.

A second program conforms when it reads each `records.jsonl` and comes to its `expected.jsonl` (README.md).
"""

from __future__ import annotations

import base64
import contextlib
import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from adapters.follower import Follower
from adapters.ledger import READ_LIMIT_SLOTS, Slot
from adapters.ledger_memory import MemoryLedger
from adapters.store.entries import Entry
from adapters.store.ledger_store import LedgerStore
from adapters.verifying import Verifier
from tests.court import Court
from tests.fixed_exchange import shared_codec
from tests.vectors.ledgers.corpus_cases import LEDGERS, Plan
from tests.vectors.ledgers.corpus_evidence import NAME, Bundles, bundles, evidence_files, letter_texts, placed
from tests.vectors.ledgers.corpus_evidence_3 import NAME_3, bundles_3, placed_3, texts_3

FOLDER: Final = Path(__file__).parent
RECORDS: Final = "records.jsonl"
EXPECTED: Final = "expected.jsonl"
FAR_AHEAD_MS: Final = 4_000_000_000_000
"""By this clock no record comes from the future."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """How a ledger of evidence is told, which documents and bundles it has, and whether it is expected for whom all was said."""

    place: Callable[[Court], dict[str, int]]
    texts: Callable[[Court], Iterable[str]]
    bundles: Bundles
    told: bool


EVIDENCE: Final = {
    NAME: Evidence(place=placed, texts=letter_texts, bundles=bundles, told=False),
    NAME_3: Evidence(place=placed_3, texts=texts_3, bundles=bundles_3, told=True),
}
"""The ledgers that have a trust file, checkpoints and bundles."""


class Chamber(Court):
    """A court that shows nothing to anybody: verdicts are all that is asked for."""

    def follow(self) -> None:
        """Let the station follow to the end."""
        self.station.catch_up()


def told(plan: Plan) -> list[Slot]:
    """Return the ledger of a plan, made from the beginning."""
    with tempfile.TemporaryDirectory() as folder, contextlib.closing(Chamber.founded(Path(folder), rules=plan.rules)) as court:
        plan.tell(court)
        return list(_slots(court))


def evidence(name: str) -> dict[str, bytes]:
    """Return the trust file, the checkpoints and the bundles of a ledger of evidence, and what is expected of them."""
    with contextlib.ExitStack() as stack:
        folder, how = Path(stack.enter_context(tempfile.TemporaryDirectory())), EVIDENCE[name]
        court = stack.enter_context(contextlib.closing(Chamber.founded(folder, rules=LEDGERS[name].rules)))
        places = how.place(court)
        return evidence_files(court, places, FOLDER / name, bundles_of=how.bundles, texts=how.texts(court), told=how.told)


def _slots(court: Court) -> Iterator[Slot]:
    position = 0
    while position < court.ledger.end():
        page = court.ledger.read(position, READ_LIMIT_SLOTS)
        yield from page
        position = page[-1].position + 1


def records_text(slots: Iterable[Slot]) -> str:
    """Return one line for each position: the time that the ledger stored in milliseconds, and the record in base64."""
    return "".join(
        _line(
            position=slot.position,
            stored_at=slot.stored_at_ms,
            record=None if slot.record is None else base64.b64encode(slot.record).decode("ascii"),
        )
        for slot in slots
    )


def slots_of(text: str) -> list[Slot]:
    """Return the ledger that a text holds."""
    lines = (json.loads(line) for line in text.splitlines())
    return [
        Slot(
            position=line["position"],
            record=None if line["record"] is None else base64.b64decode(line["record"]),
            stored_at_ms=line["stored_at"],
        )
        for line in lines
    ]


def expected_text(slots: Sequence[Slot], *, batch: int = 500) -> str:
    """Return one line for each position: what a reader in batches of a size concludes, and both roots from there on."""
    with contextlib.closing(LedgerStore("sqlite://")) as store:
        follow_into(store, slots, batch=batch)
        return concluded_text(store)


def follow_into(store: LedgerStore, slots: Sequence[Slot], *, batch: int) -> None:
    """Let a reader follow a ledger into a store, in batches of a size."""
    ledger = MemoryLedger()
    ledger._slots.extend(slots)
    with contextlib.closing(Verifier(1)) as verifier:
        follower = Follower(
            ledger=ledger,
            store=store,
            codec=shared_codec(),
            verifier=verifier,
            identity=None,
            now_ms=lambda: FAR_AHEAD_MS,
        )
        while store.next_position() < ledger.end():
            follower.catch_up(until=store.next_position() + batch)


def concluded_text(store: LedgerStore) -> str:
    """Return one line for each position of a store: the verdict on it, and both roots from there on."""
    return "".join(_line(**_conclusion(store, entry)) for entry in store.each_entry())


def _conclusion(store: LedgerStore, entry: Entry) -> dict[str, Any]:
    verdict = entry.verdict
    number = verdict.number
    record_root, verdict_root = store.roots_at(verdict.position + 1)
    return {
        "position": verdict.position,
        "ledger_time": verdict.at,
        "reason": verdict.reason.name,
        "reason_code": int(verdict.reason),
        "identity": verdict.identity.hex() if verdict.is_authentic else None,
        "original": verdict.original,
        "number": None
        if number is None
        else {
            "organisation": number.organisation,
            "register": number.register.name.lower(),
            "year": number.year,
            "serial": number.serial,
        },
        "record_root": record_root.hex(),
        "verdict_root": verdict_root.hex(),
    }


def _line(**fields: Any) -> str:
    return json.dumps(fields, separators=(",", ":")) + "\n"


def main() -> None:
    """Write the folder of each ledger beside this file."""
    for name, plan in LEDGERS.items():
        slots = told(plan)
        folder = FOLDER / name
        folder.mkdir(exist_ok=True)
        (folder / RECORDS).write_text(records_text(slots), "ascii")
        (folder / EXPECTED).write_text(expected_text(slots), "ascii")
        print(f"wrote {name}: {len(slots)} records")
    for name in EVIDENCE:
        for file, content in evidence(name).items():
            (FOLDER / name / file).write_bytes(content)


if __name__ == "__main__":
    main()
