"""The harness computes what it says, and its generator makes one ledger of one seed, which every reader accepts."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections import Counter
from pathlib import Path

import pytest

from benchmarks.audits import Auditor
from benchmarks.benchmark import Bench, Figure, station_at
from benchmarks.generator import Correspondence, Shape, Stamped
from benchmarks.ledgers import kept, records_of
from benchmarks.pairing import LEAST_PAIRS, Direction, Measured, Pair, Slice, alternated, exponent, measured, repeated
from benchmarks.replay import verifications
from benchmarks.report import BEGIN, END, Result, line, table, told, written
from domain.events import KeyEnrolled, LetterDispatched, ReceiptAcknowledged

SMALL = Shape(events=400, committees=10)


def pair(ours: float, bare: float) -> Pair:
    return Pair(ours=Slice(work=ours, seconds=2.0), bare=Slice(work=bare, seconds=1.0))


def generated(shape: Shape) -> list[Stamped]:
    return list(Correspondence(shape).records(shape.events))


def test_a_ratio_is_of_rates_where_more_is_better_and_of_costs_where_less_is() -> None:
    one = Pair(ours=Slice(work=100, seconds=0.05), bare=Slice(work=300, seconds=0.03))
    assert one.ratio(Direction.HIGHER) == pytest.approx(0.2)
    assert one.ratio(Direction.LOWER) == pytest.approx(5.0)


def test_a_figure_is_the_median_of_the_medians_of_its_runs() -> None:
    runs = [[pair(2 * ratio, 1)] * LEAST_PAIRS + [pair(2_000, 1)] for ratio in (0.4, 0.1, 0.3)]
    found = measured(runs, Direction.HIGHER)
    assert found.value == pytest.approx(0.3)
    assert found.spread == pytest.approx(0.3)
    assert found.count == 3 * (LEAST_PAIRS + 1)


def test_a_run_with_too_few_pairs_is_no_measurement() -> None:
    with pytest.raises(ValueError, match="16 are needed"):
        measured([[pair(1, 1)] * (LEAST_PAIRS - 1)], Direction.HIGHER)


def test_slices_alternate_and_each_side_comes_first_every_other_time() -> None:
    order: list[str] = []

    def slice_of(name: str) -> Slice:
        order.append(name)
        return Slice(work=1 if name == "ours" else 2, seconds=1)

    pairs = list(alternated(lambda: slice_of("ours"), lambda: slice_of("bare"), 3))
    assert order == ["ours", "bare", "bare", "ours", "ours", "bare"]
    assert [(one.ours.work, one.bare.work) for one in pairs] == [(1, 2)] * 3


def test_work_is_repeated_until_the_slice_is_full() -> None:
    ticks = itertools.count()
    found = repeated(lambda: 3, lambda: next(ticks) / 100, seconds=0.05)
    assert (found.work, found.seconds) == (12, 0.05)


def test_an_exponent_is_the_slope_of_the_logarithms() -> None:
    assert exponent([(size, 5 * size**1.25) for size in (1e4, 1e5, 1e6)]) == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("direction", "value", "word"),
    [
        (Direction.HIGHER, 0.9, "stretch met"),
        (Direction.HIGHER, 0.8, "goal met"),
        (Direction.HIGHER, 0.7, "goal not met"),
        (Direction.LOWER, 0.7, "stretch met"),
        (Direction.LOWER, 0.85, "goal not met"),
    ],
)
def test_a_result_says_how_it_stands_to_its_goal(direction: Direction, value: float, word: str) -> None:
    goal, stretch = (0.75, 0.9) if direction is Direction.HIGHER else (0.8, 0.7)
    figure = Figure(name="one", what="this by that", goal=goal, stretch=stretch, direction=direction)
    result = Result(figure=figure, measured=Measured(value=value, spread=0.1, count=48))
    assert line(result).endswith(word)
    assert f"| {value:.3f} | 0.100 |" in table([result])


def test_the_page_keeps_what_people_wrote_around_its_table() -> None:
    figure = Figure(name="one", what="this by that", goal=1, stretch=2, direction=Direction.HIGHER)
    results = [Result(figure=figure, measured=Measured(value=1.5, spread=0.1, count=48))]
    page = written(f"before {BEGIN} old table {END} after", results, sizes="quick set")
    assert page.startswith("before ")
    assert page.endswith(" after")
    assert "old table" not in page
    assert "| `one` | this by that | 1.500 |" in page
    assert written(page, results, sizes="quick set") == page


def test_what_could_not_be_measured_is_shown_with_the_reason() -> None:
    figure = Figure(name="one", what="this by that", goal=1, stretch=2, direction=Direction.HIGHER)
    assert line(Result(figure=figure, measured=None, why="no broker")).endswith("not measured: no broker")


def test_one_seed_is_one_ledger_and_another_seed_another() -> None:
    once, again = generated(SMALL), generated(SMALL)
    assert [(one.record, one.stored_at_ms) for one in once] == [(one.record, one.stored_at_ms) for one in again]
    other = generated(Shape(events=400, committees=10, seed=2))
    assert not {one.record for one in once} & {one.record for one in other}


def test_a_shorter_ledger_is_the_beginning_of_a_longer_one() -> None:
    shorter = generated(Shape(events=200, committees=10))
    assert [one.record for one in shorter] == [one.record for one in generated(SMALL)[:200]]


def test_every_reader_accepts_a_generated_ledger(tmp_path: Path) -> None:
    path = kept(tmp_path / "ledger.sqlite", iter(generated(SMALL)))
    with station_at(tmp_path, f"sqlite:{path}") as station:
        station.catch_up()
        entries = list(station.parts.store.each_entry())
    assert len(entries) == SMALL.events
    assert Counter(entry.verdict.reason.name for entry in entries) == {"ACCEPTED": SMALL.events}


def test_the_bare_loop_verifies_every_signature_of_the_ledger(tmp_path: Path) -> None:
    said = generated(SMALL)
    ready = verifications(records_of(kept(tmp_path / "ledger.sqlite", iter(said))))
    assert [len(one) for one in ready] == [len(one.signers) for one in said]


def test_a_few_organisations_are_hot_and_most_are_cold() -> None:
    shape = Shape(events=6_000, committees=60)
    said = [one.body for one in generated(shape)]
    assert sum(isinstance(one, KeyEnrolled) for one in said) == 7 + 2 * shape.committees
    by_recipient = Counter(one.recipient for one in said if isinstance(one, ReceiptAcknowledged))
    ranked = [count for _, count in by_recipient.most_common()]
    assert ranked[1] > 4 * ranked[len(ranked) // 2]
    languages = {one.language for one in said if isinstance(one, LetterDispatched)}
    assert languages == {"uz-Latn", "uz-Cyrl", "mn", "ru"}


def test_an_interrupted_generation_leaves_nothing_that_looks_finished(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"

    def broken() -> list[Stamped]:
        raise KeyboardInterrupt

    with contextlib.suppress(KeyboardInterrupt):
        kept(path, (one for _ in range(1) for one in broken()))
    assert not path.exists()
    assert len(records_of(kept(path, iter(generated(SMALL)[:5])))) == 5


def test_a_benchmark_without_a_broker_says_that_it_needs_one() -> None:
    with pytest.raises(ValueError, match="needs a broker"):
        _ = Bench(shape=SMALL, bootstrap=None, full=False).broker


def test_results_are_written_as_the_issue_names_them() -> None:
    figure = Figure(name="one", what="this by that", goal=1, stretch=2, direction=Direction.HIGHER)
    result = told(Result(figure=figure, measured=Measured(value=1.5, spread=0.1, count=48)))
    assert json.loads(json.dumps(result)) == {
        "name": "one",
        "value": 1.5,
        "goal": 1,
        "stretch": 2,
        "unit": "ratio",
        "direction": "higher",
        "n": 48,
        "spread": 0.1,
    }


def test_both_kinds_of_audit_come_to_the_end_of_a_ledger_and_find_nothing(tmp_path: Path) -> None:
    ledger = kept(tmp_path / "ledger.sqlite", iter(generated(SMALL)))
    auditor = Auditor(ledger, tmp_path)
    with contextlib.closing(auditor.ledger):
        assert auditor.full() == auditor.hashes() == SMALL.events
