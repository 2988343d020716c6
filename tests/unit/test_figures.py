"""The figures of a pilot, against what a person counts by hand on a small exchange."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from adapters.correspondence import acknowledged, recalled, refused, superseded
from adapters.registration import group_defined, registered
from adapters.station import Station
from adapters.store.ledger_store import LedgerStore
from adapters.view import StoreView
from cli.errors import ChartSupportMissingError
from cli.figures_chart import ChartWords, draw_pilot
from cli.figures_csv import figures_csv
from cli.wiring import passing_projector
from domain.ids import LetterId, OrgId
from projections.figures import DEFINITIONS, Figures, Part, PilotFigures, percentile, pilot_figures
from projections.filters import Filters
from projections.inbox import CONSIGNMENTS
from projections.projector import Projector
from tests.eventful_exchange import Clock
from tests.exchanges import MINISTRY, REGISTRAR, TestExchange, entry_of, tell
from tests.fixed_exchange import shared_codec
from tests.homes import Home, home_of
from tests.vectors.ledgers.corpus import FOLDER, RECORDS, follow_into, slots_of

GROUP = OrgId("pilot")
ALL = tuple(OrgId(f"mfy-{number:03}") for number in range(1, 7))
REGIONS = ("and", "and", "far", "far", "far", "")
OFFSET = 300
TERM_S = 600
WORDS = ChartWords(
    title="Тошкент: ўқ, ғоя, ҳуқуқ, өргөө, үг; Farg‘ona",
    curve="curve",
    regions="regions",
    share="share",
    units={"days": "days", "hours": "hours", "seconds": "seconds"},
    median="median",
    ninetieth="90 %",
    none="none",
    rest="rest",
    acknowledged="acknowledged",
    undecided="refused or not due",
    silent="silent",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pilot:
    """The exchange, its ministry's station and home, and positions by what happened last."""

    exchange: TestExchange
    station: Station
    home: Home
    ends: dict[str, int]
    letters: dict[str, LetterId]


@pytest.fixture(scope="module")
def pilot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pilot]:
    folder, clock = tmp_path_factory.mktemp("pilot"), Clock()
    exchange = TestExchange(folder, f"sqlite:{folder / 'ledger.sqlite'}", now_ms=clock)
    station = exchange.station("ministry")
    registrar = exchange.signer(REGISTRAR)
    tell(
        station,
        [registered(station, registrar, MINISTRY, entry_of(one, region=of)) for one, of in zip(ALL, REGIONS, strict=True)],
    )
    exchange.add_officer(station, "deputy", MINISTRY, "clerk", "signatory")
    for one in ALL[:4]:
        exchange.add_officer(station, f"clerk-{one}", one, "clerk")
    tell(station, group_defined(station, exchange.signer("deputy"), MINISTRY, group=GROUP, version=1, members=ALL[:5]))
    ends, letters = {"nothing sent": station.parts.store.next_position()}, {}
    letters["circular"] = exchange.send(station, "deputy", "mfy-006", groups=(GROUP,), copy=(), acknowledge_by=f"+{TERM_S}s")
    ends["all silent"] = station.parts.store.next_position()
    clock.advance(10)
    exchange.acknowledge(station, "clerk-mfy-001", letters["circular"], ALL[0])
    clerks = {one: exchange.signer(f"clerk-{one}") for one in ALL[:4]}
    synced = acknowledged(station, clerks[ALL[1]], ALL[1], letters["circular"], ALL[1])
    clock.advance(TERM_S)
    tell(station, [synced])
    exchange.acknowledge(station, "clerk-mfy-003", letters["circular"], ALL[2])
    said = refused(station, clerks[ALL[3]], ALL[3], letters["circular"], ALL[3], reason="MALWARE", cover=None)
    tell(station, [said])
    letters["copied"] = exchange.send(station, "deputy", "mfy-001", copy=("mfy-002", "mfy-003"))
    clock.advance(5)
    exchange.acknowledge(station, "clerk-mfy-002", letters["copied"], ALL[1])
    letters["recalled"] = exchange.send(station, "deputy", "mfy-001", "mfy-002")
    exchange.acknowledge(station, "clerk-mfy-002", letters["recalled"], ALL[1])
    tell(station, [recalled(station, exchange.signer("deputy"), MINISTRY, letters["recalled"], reason="SENT_IN_ERROR")])
    letters["old"] = exchange.send(station, "deputy", "mfy-003")
    letters["new"] = exchange.send(station, "deputy", "mfy-003", replaces=(letters["old"].hex(),), acknowledge_by="+1d")
    tell(station, [superseded(station, exchange.signer("deputy"), MINISTRY, letters["old"], by=letters["new"])])
    ends["all"] = station.parts.store.next_position()
    yield Pilot(exchange=exchange, station=station, home=home_of(exchange, "ministry"), ends=ends, letters=letters)
    exchange.close()


def figures_of(station: Station, projector: Projector, letter: LetterId | None = None, **filters: object) -> PilotFigures:
    with projector.database.reading() as reading:
        verdict = station.parts.store.verdict(projector.status()[0].next_position - 1)
        assert verdict is not None
        chosen = Filters(**filters)  # type: ignore[arg-type] # what a test names
        return pilot_figures(reading, chosen, now=verdict.at, offset_minutes=OFFSET, letter=letter)


def as_of(pilot: Pilot, end: str, letter: str | None = None) -> PilotFigures:
    projector = passing_projector(pilot.station)
    projector.catch_up(until=pilot.ends[end])
    try:
        return figures_of(pilot.station, projector, None if letter is None else pilot.letters[letter])
    finally:
        projector.close()


def only(found: Figures, **counts: object) -> bool:
    """Tell whether these figures are so, and every other count is nought."""
    named = {name: getattr(found, name) for name in Figures.__slots__}
    return all(value == counts.get(name, value if name in _DERIVED else 0) for name, value in named.items())


_DERIVED = {"share_per_mille", "median_ms", "ninetieth_ms", "silent_organisations"}


def test_every_figure_is_defined_in_one_sentence() -> None:
    assert list(DEFINITIONS) == list(Figures.__slots__)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in DEFINITIONS.values())


def test_a_circular_is_counted_as_a_person_counts_it(pilot: Pilot) -> None:
    found = as_of(pilot, "all", "circular").action
    assert only(found, asked=6, acknowledged=3, in_time=1, late=1, late_synced=1, refused=1, silent=2)
    assert (found.share_per_mille, found.median_ms, found.ninetieth_ms) == (500, 610_000, 610_000)
    assert found.silent_organisations == ALL[4:]


def test_the_whole_ledger_counts_copies_recalled_and_superseded_letters_apart(pilot: Pilot) -> None:
    found = as_of(pilot, "all")
    assert found.letters == 5
    # What was acknowledged before its recall stays acknowledged.
    assert only(
        found.action,
        asked=9,
        acknowledged=4,
        in_time=2,
        late=1,
        late_synced=1,
        refused=1,
        silent=2,
        waiting=1,
        without_term=1,
        recalled=1,
        superseded=1,
    )
    assert found.action.share_per_mille == 444
    assert only(found.information, asked=2, acknowledged=1, in_time=1, without_term=1)
    assert (found.information.share_per_mille, found.information.median_ms) == (500, 5_000)


def test_parts_tell_who_is_silent_where(pilot: Pilot) -> None:
    found = as_of(pilot, "all", "circular")

    def told(parts: tuple[Part, ...]) -> dict[str, tuple[int, int, tuple[OrgId, ...]]]:
        return {one.part: (one.figures.asked, one.figures.acknowledged, one.figures.silent_organisations) for one in parts}

    assert told(found.regions) == {"": (1, 0, (ALL[5],)), "and": (2, 2, ()), "far": (3, 1, (ALL[4],))}
    assert told(found.groups) == {"": (1, 0, (ALL[5],)), "ministry/pilot/1": (5, 3, (ALL[4],))}
    assert told(found.months) == {"2025-11": (6, 3, ALL[4:])}
    assert [(one.organisation, one.letters, one.regions) for one in found.silent] == [(ALL[4], 1, ("far",)), (ALL[5], 1, ())]


def test_as_of_a_position_nothing_later_shines_through(pilot: Pilot) -> None:
    empty = as_of(pilot, "nothing sent")
    assert (empty.letters, empty.percentiles_ms, empty.regions, empty.silent) == (0, (), (), ())
    assert only(empty.action)
    assert (empty.action.share_per_mille, empty.action.median_ms) == (None, None)
    begun = as_of(pilot, "all silent").action
    assert only(begun, asked=6, waiting=6)
    assert begun.share_per_mille == 0


def test_everybody_is_silent_when_the_term_has_passed_and_nobody_said_a_word(pilot: Pilot) -> None:
    projector = passing_projector(pilot.station)
    projector.catch_up(until=pilot.ends["all silent"])
    with projector.database.reading() as reading:
        sent = pilot_figures(reading, Filters(), now=2**52, offset_minutes=OFFSET)
    projector.close()
    assert only(sent.action, asked=6, silent=6)
    assert sent.action.silent_organisations == ALL
    assert sent.percentiles_ms == ()


def test_two_stations_and_any_batches_tell_the_same_figures(pilot: Pilot) -> None:
    other = pilot.exchange.station("other")
    whole = as_of(pilot, "all")
    for batch in (1, 7, 500):
        projector = passing_projector(other)
        for until in range(0, pilot.ends["all"] + batch, batch):
            projector.catch_up(until=until, covers=0)
        assert figures_of(other, projector) == whole
        projector.rebuild("inbox")
        projector.rebuild("letters")
        assert figures_of(other, projector) == whole
        projector.close()


def test_what_is_passed_on_counts_where_it_went_and_a_receipt_withdrawn_counts_no_more() -> None:
    """On the corpus: one letter passed on after its receipt was withdrawn, one after its receipt, two acknowledged."""
    slots = slots_of((FOLDER / "office" / RECORDS).read_text("ascii"))
    with contextlib.closing(LedgerStore("sqlite://")) as store:
        follow_into(store, slots, batch=500)
        with contextlib.closing(Projector("sqlite://", store, shared_codec(), StoreView(store))) as projector:
            projector.catch_up()
            with projector.database.reading() as reading:
                letters = (
                    reading.execute(select(CONSIGNMENTS.c.letter).where(CONSIGNMENTS.c.state == "transferred")).scalars().all()
                )
                told = [pilot_figures(reading, Filters(), now=0, offset_minutes=0, letter=LetterId(one)) for one in letters]
    assert [(one.action.transferred, one.action.acknowledged, one.action.without_term) for one in told] == [(1, 0, 1), (0, 1, 1)]


def test_letters_are_chosen_by_sender_and_time(pilot: Pilot) -> None:
    projector = passing_projector(pilot.station)
    projector.catch_up()
    assert figures_of(pilot.station, projector, sender=OrgId("mfy-001")).letters == 0
    assert figures_of(pilot.station, projector, sender=MINISTRY).letters == 5
    assert figures_of(pilot.station, projector, until=0).letters == 0
    projector.close()


@pytest.mark.parametrize(
    ("ascending", "percent", "wanted"),
    [
        ((), 50, None),
        ((7,), 1, 7),
        ((7,), 90, 7),
        ((1, 2), 50, 1),
        ((1, 2, 3), 50, 2),
        ((1, 2, 3, 4), 50, 2),
        ((5, 5, 5, 9), 50, 5),
        ((5, 5, 5, 9), 90, 9),
        (tuple(range(1, 11)), 90, 9),
        (tuple(range(1, 12)), 90, 10),
        ((2**60, 2**60 + 1), 50, 2**60),
    ],
)
def test_a_percentile_is_a_value_that_was_there(ascending: tuple[int, ...], percent: int, wanted: int | None) -> None:
    assert percentile(ascending, percent) == wanted


def test_the_csv_has_every_part_and_no_formula(pilot: Pilot) -> None:
    found = as_of(pilot, "all")
    rows = list(csv.DictReader(io.StringIO(figures_csv(found))))
    assert [(row["part"], row["key"]) for row in rows[:3]] == [("action", ""), ("information", ""), ("region", "")]
    assert rows[0]["silent_organisations"] == "mfy-005 mfy-006"
    assert (rows[0]["acknowledged"], rows[1]["ninetieth_ms"]) == ("4", "5000")
    hostile = PilotFigures(
        letters=0,
        action=found.action,
        information=found.information,
        percentiles_ms=(),
        regions=(Part(part="=1+1", figures=found.action),),
        groups=(),
        months=(),
        silent=(),
    )
    assert "region,'=1+1," in figures_csv(hostile)


def test_a_chart_has_the_same_bytes_again_and_every_letter(pilot: Pilot, recwarn: pytest.WarningsRecorder) -> None:
    found = as_of(pilot, "all")
    svg = draw_pilot(found, WORDS, ".svg")
    assert svg == draw_pilot(found, WORDS, ".svg")
    assert svg.startswith(b"<?xml")
    assert draw_pilot(found, WORDS, ".png").startswith(b"\x89PNG")
    assert draw_pilot(as_of(pilot, "nothing sent"), WORDS, ".svg").startswith(b"<?xml")
    assert [one.message for one in recwarn] == []


def test_without_the_extra_it_is_said_what_to_install(pilot: Pilot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ChartSupportMissingError, match="extra `charts`"):
        draw_pilot(as_of(pilot, "nothing sent"), WORDS, ".svg")


def test_the_command_tells_people_and_programs(pilot: Pilot, tmp_path: Path) -> None:
    table, chart = tmp_path / "pilot.csv", tmp_path / "pilot.svg"
    answer = pilot.home.done("figures", "pilot", "--csv", str(table), "--chart", str(chart), "--json")
    found = answer.data["figures"]
    assert (found["letters"], found["action"]["asked"], found["action"]["share_per_mille"]) == (5, 9, 444)
    assert table.read_text("utf-8").count("\n") == 9
    assert chart.read_bytes().startswith(b"<?xml")
    shown = pilot.home.done("figures", "pilot", "--lang", "mn").out
    assert "44.4 %" in shown
    assert "mfy-005" in shown
    first = pilot.home.done("figures", "pilot", "--as-of", str(pilot.ends["all silent"] - 1), "--json").data["figures"]
    assert (first["action"]["acknowledged"], first["action"]["waiting"]) == (0, 6)
    assert pilot.home.run("figures", "pilot", "--csv", str(table)).code == 2
    assert pilot.home.run("figures", "pilot", "--chart", str(tmp_path / "pilot.gif")).code == 2
