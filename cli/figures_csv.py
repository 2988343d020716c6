"""Figures as CSV: one line for each whole and each part, the figures as columns under the names of their definitions."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Final

from projections.figures import Figures, PilotFigures

HEADINGS: Final = ("part", "key", *Figures.__slots__)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def figures_csv(found: PilotFigures) -> str:
    """Return all figures as CSV (UTF-8, commas, headings in the first line); ids of silent organisations stand between blanks.

    No key is taken for a formula by a spreadsheet.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADINGS)
    for part, key, figures in _rows(found):
        harmless = f"'{key}" if key.startswith(_FORMULA) else key
        counts = [getattr(figures, name) for name in Figures.__slots__[:-1]]
        writer.writerow([part, harmless, *counts, " ".join(figures.silent_organisations)])
    return text.getvalue()


def _rows(found: PilotFigures) -> Iterator[tuple[str, str, Figures]]:
    yield "action", "", found.action
    yield "information", "", found.information
    for name, parts in (("region", found.regions), ("group", found.groups), ("month", found.months)):
        for part in parts:
            yield name, part.part, part.figures
