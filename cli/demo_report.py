"""How the demo ends: the ministry's outbox, the fate of one consignment, figures, and full tables in files."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, func, select

from adapters.due_times import show
from cli.demo_scenes import COMMITTEES_STATION, FIRST, MINISTRY, DemoStory
from cli.demo_screen import DemoScreen
from cli.demo_station import DemoFailedError, DemoStation
from cli.main import ortoo
from cli.render import cut_text
from cli.session import Session
from cli.wiring import projector_of
from domain.consignments import ConsignmentState
from domain.ids import LetterId
from projections.archive import EVENTS
from projections.figures import pilot_figures
from projections.filters import Filters, PageWanted
from projections.inbox import CONSIGNMENTS
from projections.letters import LETTERS
from projections.outbox_pages import SentLine, sent_by, sent_page

REPORT_FOLDER: Final = "report"
REPORT_COLUMNS: Final = 200
LETTERS_LIMIT: Final = 10
"""More than the demo sends."""
_ROW: Final = "{letter:<35}{to:>4}{acknowledged:>14}{refused:>9}{silent:>8}{answered:>10}  {due}"
_HEADINGS: Final = ("to", "acknowledged", "refused", "silent", "answered", "due")
_FATE: Final = "{what:<30}{at:<15}{position:>8}  {who}"


def print_outbox(story: DemoStory, connection: Connection, offset_minutes: int) -> None:
    """Print the ministry's letters with their counts, the newest last."""
    story.screen.say(_ROW.format(letter="MINISTRY'S OUTBOX", **{heading: heading for heading in _HEADINGS}))
    now = story.ministry.station.last_time
    page = sent_page(connection, sent_by((MINISTRY,)), Filters(), PageWanted(limit=LETTERS_LIMIT), now=now)
    for line in reversed(page.lines):
        story.screen.say(_outbox_line(line, offset_minutes))


def print_fate(screen: DemoScreen, connection: Connection, letter: LetterId, offset_minutes: int) -> None:
    """Print what happened to the pilot's letter at the first committee, with ledger times and positions."""
    joined = CONSIGNMENTS.join(LETTERS, LETTERS.c.letter == CONSIGNMENTS.c.letter)
    chosen = select(CONSIGNMENTS, LETTERS.c.printed.label("our"), LETTERS.c.officer).select_from(joined)
    row = connection.execute(chosen.where((CONSIGNMENTS.c.letter == letter) & (CONSIGNMENTS.c.recipient == FIRST))).one()
    number = int(FIRST.removeprefix("mfy-"))
    title = f"№ {row.our} → MFY {number:03}"
    screen.say(_FATE.format(what=title, at="ledger time", position="position", who="signed by"))
    steps = (
        (f"dispatched, our № {row.our}", row.at, row.position, row.officer),
        ("opened", row.opened_at, row.opened_position, f"{COMMITTEES_STATION}, for {row.opened_by}"),
        (f"acknowledged, their № {row.printed}", row.received_at, row.received_position, row.received_by),
        ("answered", row.answered_at, row.answered_position, f"{FIRST}.chair"),
    )
    for what, at, position, who in steps:
        if at is not None:
            screen.say(_FATE.format(what=what, at=_clock(at, offset_minutes), position=position, who=who))


def print_figures(story: DemoStory, connection: Connection) -> None:
    """Print the pilot's figures, the ledger's, and whether both stations agree; raise `DemoFailedError` if they do not."""
    station = story.ministry.station
    pilot = pilot_figures(
        connection,
        Filters(),
        now=station.last_time,
        offset_minutes=station.exchange.utc_offset_minutes,
        letter=story.letters["L01"],
    ).action
    silent = ", ".join(f"MFY {one.removeprefix('mfy-')}" for one in pilot.silent_organisations)
    story.screen.say(
        f"PILOT   {pilot.in_time} of {pilot.asked} acknowledged in time, {pilot.late + pilot.late_synced} late, "
        f"median {(pilot.median_ms or 0) / 1000:.1f} s (the demo's own), silent: {silent}"
    )
    counted = select(func.count(), func.sum((EVENTS.c.reason == 0).cast(EVENTS.c.reason.type)))
    records, accepted_ones = connection.execute(counted).one()
    require_agreement(story.ministry, story.committees)
    story.screen.say(
        f"LEDGER  {records} records, {accepted_ones} accepted, {records - accepted_ones} rejected as they should be; "
        "both stations agree on both roots"
    )


def require_agreement(first: DemoStation, second: DemoStation) -> None:
    """Raise `DemoFailedError` unless two stations have read as far and reached the same roots of both logs."""
    stores = [one.station.parts.store for one in (first, second)]
    sizes = [store.next_position() for store in stores]
    if sizes[0] != sizes[1] or stores[0].roots_at(sizes[0]) != stores[1].roots_at(sizes[1]):
        raise DemoFailedError(f"The demo stopped: the two stations do not agree (sizes {sizes}). Report this as a defect.")


def views_of(there: DemoStation) -> contextlib.AbstractContextManager[Connection]:
    """Return a connection to a station's views, brought up to date."""
    there.station.catch_up()
    projector = there.session.keep(lambda session: projector_of(session, there.station))
    projector.catch_up()
    return projector.database.reading()


def write_reports(folder: Path, commands: Mapping[str, Sequence[str]]) -> None:
    """Run reading commands and keep what they print in files of the report folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with _columns(REPORT_COLUMNS):
        for name, words in commands.items():
            text = io.StringIO()
            with contextlib.redirect_stdout(text), contextlib.closing(Session({})) as session:
                ortoo.main(list(words), prog_name="ortoo", standalone_mode=False, obj=session)
            (folder / name).write_text(text.getvalue(), encoding="utf-8")


@contextlib.contextmanager
def _columns(count: int) -> Iterator[None]:
    """Let tables be as wide as a file may be, not as the terminal is."""
    before = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = str(count)
    try:
        yield
    finally:
        if before is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = before


def _outbox_line(line: SentLine, offset_minutes: int) -> str:
    due = _clock(line.acknowledge_by, offset_minutes) if line.acknowledge_by else ""
    if "recalled" in line.marks or "superseded" in line.marks:
        due = next(mark for mark in line.marks if mark in {"recalled", "superseded"})
    elif "missed" in line.marks:
        due = f"passed {due}"
    return _ROW.format(
        letter=cut_text(f"№ {line.number}  {line.subject or ''}", 34),
        to=line.recipients,
        acknowledged=f"{line.acknowledged} ({100 * line.acknowledged // line.recipients} %)" if line.acknowledged else "0",
        refused=line.by_state[ConsignmentState.REFUSED.value],
        silent=line.silent,
        answered=line.answered,
        due=due,
    )


def _clock(at_ms: int, offset_minutes: int) -> str:
    """Return the time of day of a moment with tenths of a second."""
    clock = show(at_ms - at_ms % 60_000, offset_minutes).split(" ")[1]
    return f"{clock}:{at_ms % 60_000 / 1000:04.1f}"
