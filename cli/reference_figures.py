"""The page of the reference about figures: what each of them is, in one sentence."""

from __future__ import annotations

from typing import Final

from cli.labels import label
from cli.languages import Language
from cli.reference_commands import markdown_table
from projections.figures import DEFINITIONS

_ABOUT: Final = (
    "What `ortoo figures pilot` tells, from the ledger alone. What is counted are consignments: one letter with one of its "
    "recipients, for action unless the line says for information. The present is the ledger time of the last position that is "
    "shown, so the figures as of a position are the same at every station and at any later day. Arithmetic is exact; times are "
    "whole milliseconds of ledger time."
)
_ABOUT_PARTS: Final = (
    "The same figures are told by region (the recipient's, as the directory has them at that position; one who lies in several "
    "counts in each), by group (`owner/group/version` that the letter addresses; who was addressed by name counts under none) "
    "and by month of the dispatch, in the ledger's offset from UTC."
)


def figures_page() -> str:
    """Return the page."""
    rows = [(label(f"figures.{name}", Language.ENGLISH), f"`{name}`", sentence) for name, sentence in DEFINITIONS.items()]
    names = ("Figure", "Field", "What it is")
    return "\n\n".join(("# Figures", _ABOUT, markdown_table(names, rows), "## By region, group and month", _ABOUT_PARTS))
