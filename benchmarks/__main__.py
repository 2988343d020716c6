"""`python -m benchmarks`: measure, print a table, write `build/bench.json`; `--full` for the large sizes."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks.audits import AUDITS
from benchmarks.benchmark import Bench, Benchmark, Growth
from benchmarks.embedded import EMBEDDED
from benchmarks.generator import Shape
from benchmarks.growth import GROWTH
from benchmarks.pairing import RUNS, Measured, measured
from benchmarks.replay import REPLAYS
from benchmarks.report import Result, line, told, written
from benchmarks.stream import STREAMS
from benchmarks.views import VIEWS
from tests.kafka_broker import running_broker
from tests.kafka_files import KafkaUnavailableError

BUILD: Final = Path(__file__).parent.parent / "build"
PAGE: Final = BUILD.parent / "docs" / "reference" / "performance.md"
QUICK: Final = Shape(events=10_000, committees=100)
FULL: Final = Shape(events=100_000, committees=1_000)
BENCHMARKS: Final[Sequence[Benchmark]] = (*REPLAYS, *STREAMS, *EMBEDDED, *VIEWS, *AUDITS)


@click.command()
@click.option("--full", is_flag=True, help="Measure the large sizes, which takes half an hour.")
@click.option("--only", multiple=True, metavar="NAME", help="Measure only this one (may be given several times).")
@click.option("--page", is_flag=True, help="Write the table into docs/reference/performance.md.")
@click.option("--kafka", metavar="HOST:PORT", help="Use this broker instead of starting one.")
def main(full: bool, only: tuple[str, ...], page: bool, kafka: str | None) -> None:  # noqa: FBT001 - click hands it over
    """Measure the program against bare loops over the same libraries."""
    results: list[Result] = []
    for result in _measured(full=full, only=only, kafka=kafka):
        click.echo(line(result))
        results.append(result)
    BUILD.mkdir(exist_ok=True)
    (BUILD / "bench.json").write_text(json.dumps([told(result) for result in results], indent=1) + "\n", "utf-8")
    if page:
        sizes = "large sizes" if full else "quick set"
        PAGE.write_text(written(PAGE.read_text("utf-8"), results, sizes=sizes), "utf-8")


def _measured(*, full: bool, only: Sequence[str], kafka: str | None) -> Iterator[Result]:
    chosen = [one for one in BENCHMARKS if not only or one.figure.name in only]
    with contextlib.ExitStack() as stack:
        bootstrap, why = _broker(stack, kafka) if any(one.needs_kafka for one in chosen) else (None, "")
        bench = Bench(shape=FULL if full else QUICK, bootstrap=bootstrap, full=full)
        for one in chosen:
            if one.needs_kafka and bootstrap is None:
                yield Result(figure=one.figure, measured=None, why=why)
            else:
                runs = [tuple(one.pairs(bench)) for _ in range(RUNS)]
                yield Result(figure=one.figure, measured=measured(runs, one.figure.direction))
    if any(not only or figure.name in only for figure in GROWTH.figures):
        yield from _grown(GROWTH, full=full)


def _grown(growth: Growth, *, full: bool) -> Iterator[Result]:
    if not full:
        yield from (Result(figure=figure, measured=None, why="only with the large sizes") for figure in growth.figures)
        return
    for figure, value in zip(growth.figures, growth.measure(), strict=True):
        yield Result(figure=figure, measured=Measured(value=value, spread=0.0, count=1))


def _broker(stack: contextlib.ExitStack, given: str | None) -> tuple[str | None, str]:
    if given:
        return given, ""
    try:
        return stack.enter_context(running_broker()).bootstrap, ""
    except KafkaUnavailableError as error:
        return None, f"no Kafka to measure with: {error}"


if __name__ == "__main__":
    main()
