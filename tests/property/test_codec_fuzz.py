"""Changed records, notes, proofs, trust files and bundles by the thousand, in `make hunt` by the million.

None crashes, hangs, swells or is taken wrongly.
"""

from __future__ import annotations

import multiprocessing
import os
from collections import Counter
from collections.abc import Callable
from typing import Final

import pytest

from domain.codec import KeyRequest
from domain.ids import OfficerId, sha256
from domain.reasons import Reason, step_of
from tests.fixed_exchange import shared_codec
from tests.hunt.mutations import Mutator
from tests.hunt.strict_avro import NotCanonicalError, require_canonical
from tests.hunt.targets import hunt

LONGER: Final = int(os.environ.get("HUNT", "1"))
"""How many times as many are tried: `make hunt` has time."""
PROCESSES: Final = 2
INPUTS: Final = {
    "codec": 12_000 * LONGER,
    "judge": 8_000 * LONGER,
    "proofs": 10_000 * LONGER,
    "trust": 2_000 * LONGER,
    "bundles": 400 * LONGER,
}
SLOWEST_S: Final = 0.5
"""Of processor time, for one input: a hundred times what the longest honest record takes, on a machine that does other things."""
MOST_GROWN_KIB: Final = 64 * 1024
"""What all inputs together may add to a process at its peak; one record at its longest, decoded, has a few megabytes."""
HANGS_AFTER_S: Final = 180 + sum(INPUTS.values()) / 100
MOST_OUTCOMES: Final = {"codec": 9, "judge": 25, "proofs": 16, "trust": 4, "bundles": 6}
"""Inputs that all fail in the same way prove nothing: so many different outcomes are seen at least."""


@pytest.mark.slow
@pytest.mark.parametrize("target", INPUTS)
def test_no_input_crashes_hangs_swells_or_is_taken_wrongly(target: str, record_property: Callable[[str, object], None]) -> None:
    shares = [(target, seed, INPUTS[target] // PROCESSES) for seed in range(1, PROCESSES + 1)]
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        tallies = pool.starmap_async(hunt, shares, chunksize=1).get(timeout=HANGS_AFTER_S)
    outcomes = sum((tally.outcomes for tally in tallies), Counter[str]())
    assert outcomes.total() == INPUTS[target]
    assert len(outcomes) >= MOST_OUTCOMES[target]
    assert max(tally.slowest_s for tally in tallies) < SLOWEST_S
    assert max(tally.grown_kib for tally in tallies) < MOST_GROWN_KIB
    told = ", ".join(f"{name} {count:,}" for name, count in outcomes.most_common(6))
    record_property(
        f"inputs to the {target}",
        f"{outcomes.total():,} in {max(tally.seconds for tally in tallies):.0f} s; {len(outcomes)} outcomes ({told}, …); "
        f"slowest {1_000 * max(tally.slowest_s for tally in tallies):.0f} ms; "
        f"memory +{max(tally.grown_kib for tally in tallies) / 1024:.0f} MiB",
    )


def test_the_judge_is_reached_at_every_step_by_what_is_changed() -> None:
    reasons = {name: step_of(reason) for name, reason in Reason.__members__.items()}
    assert {reasons[name] for name in hunt("judge", 3, 2_000).outcomes} >= {1, 2, 3, 4, 5, 6, 7, 8, 9, 0}


def test_the_same_seed_makes_the_same_inputs() -> None:
    first, second = Mutator(7), Mutator(7)
    assert [first.changed(bytes(50), [b"x"]) for _ in range(50)] == [second.changed(bytes(50), [b"x"]) for _ in range(50)]
    assert Mutator(8).random.randbytes(8) != Mutator(7).random.randbytes(8)


def test_what_is_wrongly_taken_would_be_noticed() -> None:
    request = KeyRequest(ledger=sha256(b"ledger"), officer=OfficerId("deputy"), public_key=b"key", made_at=1)
    raw = shared_codec().encode_key_request(request)
    require_canonical("key.request.v1", raw)
    officer = b"\x0cdeputy"
    over_long, negative = raw.replace(officer, b"\x8c\x00deputy"), raw.replace(officer, b"\x0bdeputy")
    for wrong in (
        raw + b"\x00",
        raw[:-1],
        over_long,
        negative,
        raw.replace(b"deputy", b"dep\xffty"),
        raw.replace(b"deputy", b"de\x00uty"),
    ):
        with pytest.raises(NotCanonicalError):
            require_canonical("key.request.v1", wrong)
