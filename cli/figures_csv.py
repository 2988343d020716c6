"""Figures as CSV: one line for each whole and each part, the figures as columns under the names of their definitions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cli.exports import csv_text
from projections.figures import Figures, PilotFigures

HEADINGS: Final = ("part", "key", *Figures.__slots__)


def figures_csv(found: PilotFigures) -> str:
    """Return all figures as CSV, headings in the first line; ids of silent organisations stand between blanks."""

    def row(part: str, key: str, figures: Figures) -> tuple[object, ...]:
        counts = [getattr(figures, name) for name in Figures.__slots__[:-1]]
        return (part, key, *counts, " ".join(figures.silent_organisations))

    return csv_text([HEADINGS, *(row(*one) for one in _rows(found))])


def _rows(found: PilotFigures) -> Iterator[tuple[str, str, Figures]]:
    yield "action", "", found.action
    yield "information", "", found.information
    for name, parts in (("region", found.regions), ("group", found.groups), ("month", found.months)):
        for part in parts:
            yield name, part.part, part.figures
