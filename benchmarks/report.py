"""Results as people read them: a line of a table as soon as it is measured, and the table of the documentation."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.backends.openssl import backend

from benchmarks.benchmark import Figure
from benchmarks.pairing import Direction, Measured

BEGIN: Final = "<!-- Written by `make bench-full`. -->"
END: Final = "<!-- Written by hand from here on. -->"


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """A figure and what was measured of it (None: `why` not)."""

    figure: Figure
    measured: Measured | None
    why: str = ""

    @property
    def word(self) -> str:
        """How it stands to its goal."""
        if self.measured is None:
            return "not measured"
        figure, value = self.figure, self.measured.value
        sign = 1 if figure.direction is Direction.HIGHER else -1
        if sign * value >= sign * figure.stretch:
            return "stretch met"
        return "goal met" if sign * value >= sign * figure.goal else "goal not met"


def line(result: Result) -> str:
    """Return a result as a line: name, value, spread over the runs, goal, and how it stands to it."""
    figure, found = result.figure, result.measured
    sign = "≥" if figure.direction is Direction.HIGHER else "≤"
    aim = f"{sign} {figure.goal:g} ({figure.stretch:g})"
    if found is None:
        return f"{figure.name:<18}{'-':>9}{'':>11}  {aim:<14}{result.word}: {result.why}"
    return f"{figure.name:<18}{found.value:>9.3f}{f'±{found.spread / 2:.3f}':>11}  {aim:<14}{result.word}"


def table(results: Sequence[Result]) -> str:
    """Return results as a table in Markdown."""
    rows = ["| Figure | What | Value | Spread | Goal | Stretch | |", "| --- | --- | --- | --- | --- | --- | --- |"]
    for result in results:
        figure, found = result.figure, result.measured
        value, spread = (f"{found.value:.3f}", f"{found.spread:.3f}") if found else ("–", "–")
        sign = "≥" if figure.direction is Direction.HIGHER else "≤"
        goals = f"{sign} {figure.goal:g} | {sign} {figure.stretch:g}"
        rows.append(f"| `{figure.name}` | {figure.what} | {value} | {spread} | {goals} | {result.word} |")
    return "\n".join(rows)


def written(page: str, results: Sequence[Result], *, sizes: str) -> str:
    """Return a page with its table and what it was measured on put in the place of those that it had."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    libraries = f"{backend.openssl_version_text()}, SQLite {sqlite3.sqlite_version}"
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {libraries}"
    return f"{before}{BEGIN}\n\nMeasured with the {sizes}: {machine}.\n\n{table(results)}\n\n{END}{after}"


def told(result: Result) -> dict[str, Any]:
    """Return a result as `bench.json` tells it."""
    figure, found = result.figure, result.measured
    said = {
        "name": figure.name,
        "value": round(found.value, 4) if found else None,
        "goal": figure.goal,
        "stretch": figure.stretch,
        "unit": figure.unit,
        "direction": figure.direction.value,
        "n": found.count if found else 0,
        "spread": round(found.spread, 4) if found else None,
    }
    return said if found else {**said, "why": result.why}
