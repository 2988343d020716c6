"""Charts of figures as SVG or PNG, the same bytes for the same figures with the same version of the library.

The library comes with the extra `charts` and is loaded when a chart is drawn, never before. Its own font, DejaVu Sans, has
the letters of every language of the program.
"""

from __future__ import annotations

import importlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cli.errors import ChartSupportMissingError
from projections.figures import Figures, Part, PilotFigures

CHART_FORMS: Final = (".svg", ".png")
MOST_REGIONS: Final = 20
"""More bars than these cannot be told apart on a page; the regions with most who are silent come first."""
_SETTINGS: Final = {
    "font.family": "DejaVu Sans",
    "svg.hashsalt": "ortoo",
    "svg.fonttype": "path",
    # A name that has dollars in it is a name, not a formula.
    "text.parse_math": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_UNITS_MS: Final = (("days", 86_400_000), ("hours", 3_600_000), ("seconds", 1_000))
_COLOURS: Final = {"acknowledged": "#2a6f97", "undecided": "#c9ced6", "silent": "#c8553d"}
_INCHES: Final = (11, 5.5)
_DOTS_PER_INCH: Final = 120


@dataclass(frozen=True, kw_only=True, slots=True)
class ChartWords:
    """The words of a chart in the language of whoever looks at it; `units` are those of time by code."""

    title: str
    curve: str
    regions: str
    share: str
    units: Mapping[str, str]
    median: str
    ninetieth: str
    none: str
    rest: str
    acknowledged: str
    undecided: str
    silent: str


def draw_pilot(found: PilotFigures, words: ChartWords, form: str) -> bytes:
    """Return a chart: how the share acknowledged grew since dispatch, and how each region stands.

    Raises `ChartSupportMissingError` without the extra `charts`.
    """
    matplotlib, figure = _library()
    with matplotlib.rc_context(_SETTINGS):
        page = figure.Figure(figsize=_INCHES, dpi=_DOTS_PER_INCH, layout="constrained")
        page.suptitle(words.title)
        curve, bars = page.subplots(1, 2)
        _draw_curve(curve, found, words)
        _draw_regions(bars, found.regions, words)
        drawn = io.BytesIO()
        page.savefig(drawn, format=form.removeprefix("."), metadata={"Date": None} if form == ".svg" else {"Software": None})
    return drawn.getvalue()


def _draw_curve(axes: Any, found: PilotFigures, words: ChartWords) -> None:
    longest = found.percentiles_ms[-1] if found.percentiles_ms else 0
    unit, unit_ms = next(((name, ms) for name, ms in _UNITS_MS if longest >= 2 * ms), _UNITS_MS[-1])
    # Each percentile of those who acknowledged is that part of everybody who was asked.
    whole = found.action.asked or 1
    times = [0.0, *(value / unit_ms for value in found.percentiles_ms)]
    shares = [percent * found.action.acknowledged / whole for percent in range(len(times))]
    axes.step(times, shares, where="post", color=_COLOURS["acknowledged"])
    marked = ((found.action.median_ms, words.median, ":"), (found.action.ninetieth_ms, words.ninetieth, "--"))
    for at, name, style in marked:
        if at is not None:
            axes.axvline(
                at / unit_ms,
                color="#555555",
                linestyle=style,
                linewidth=1,
                label=f"{name}: {at / unit_ms:.1f} {words.units[unit]}",
            )
    if found.percentiles_ms:
        axes.legend(framealpha=1, edgecolor="none")
    axes.set_title(words.curve, fontsize="medium")
    axes.set_xlabel(words.units[unit])
    axes.set_ylabel(words.share)
    axes.set_ylim(0, 102)
    axes.set_xlim(left=0)


def _draw_regions(axes: Any, regions: Sequence[Part], words: ChartWords) -> None:
    rows = _bars(regions, words)
    places = range(len(rows))
    left = [0] * len(rows)
    for index, (key, name) in enumerate(
        (("acknowledged", words.acknowledged), ("undecided", words.undecided), ("silent", words.silent))
    ):
        widths = [counts[index] for _, counts in rows]
        axes.barh(places, widths, left=left, color=_COLOURS[key], label=name)
        left = [before + width for before, width in zip(left, widths, strict=True)]
    axes.set_yticks(places, [name for name, _ in rows])
    axes.invert_yaxis()
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_title(words.regions, fontsize="medium")
    if rows:
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=3, frameon=False)


def _bars(regions: Sequence[Part], words: ChartWords) -> list[tuple[str, tuple[int, int, int]]]:
    """Return for each bar its name and how many acknowledged, refused or are not late, and are silent."""
    ordered = sorted(regions, key=lambda part: (-part.figures.silent, part.part))
    shown, rest = ordered[:MOST_REGIONS], ordered[MOST_REGIONS:]
    bars = [(part.part or words.none, _counts(part.figures)) for part in shown]
    if rest:
        several = [_counts(part.figures) for part in rest]
        bars.append(
            (words.rest, (sum(one[0] for one in several), sum(one[1] for one in several), sum(one[2] for one in several)))
        )
    return bars


def _counts(figures: Figures) -> tuple[int, int, int]:
    return figures.acknowledged, figures.asked - figures.acknowledged - figures.silent, figures.silent


def _library() -> tuple[Any, Any]:
    try:
        return importlib.import_module("matplotlib"), importlib.import_module("matplotlib.figure")
    except ImportError as error:
        raise ChartSupportMissingError(f"the library matplotlib is missing ({error})") from error
