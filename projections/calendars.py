"""The projection `calendars`: every version of a working calendar, every outage, and the due times that outages moved.

A due time that no outage touches has no row: it is the signed one. All is kept here that is needed to move one, in the order
of the ledger, so that this view is the same however far the others have come.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, String, Table, select

from adapters.store.dialect import insert_rows
from domain.events import LedgerOpened, LetterDispatched, OrganisationChanged, OrganisationEntry, OrganisationRegistered
from domain.events_office import CalendarAdopted, ConsignmentTransferred, OutageDeclared
from domain.ids import LetterId, OrgId
from domain.outages import Outage, moved
from projections.columns import BIG, METADATA, NAME, row_of
from projections.happenings import Batch, Happening

CALENDARS: Final = Table(
    "calendar_versions",
    METADATA,
    Column("country", NAME, primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("version", BIG, primary_key=True, autoincrement=False),
    Column("position", BIG, nullable=False),
    Column("at", BIG, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("rest_weekdays", String, nullable=False),
    Column("holidays", String, nullable=False),
    Column("working_days", String, nullable=False),
    comment="every version of a country's working calendar of a year; weekdays (1 Monday) and days since 1970-01-01, spaced",
)

OUTAGES: Final = Table(
    "calendar_outages",
    METADATA,
    Column("position", BIG, primary_key=True, autoincrement=False),
    Column("at", BIG, nullable=False),
    Column("officer", NAME, nullable=False),
    Column("from_at", BIG, nullable=False),
    Column("until_at", BIG, nullable=False),
    Column("organisations", String, nullable=False),
    Column("regions", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("cover", LargeBinary, nullable=True),
    comment="every declared outage, and whom it touches (spaced ids and codes; both empty: everybody)",
)

MOVED: Final = Table(
    "calendar_moved_terms",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("recipient", NAME, primary_key=True),
    Column("acknowledge_due", BIG, nullable=True),
    Column("reply_due", BIG, nullable=True),
    comment="due times that outages moved, for each recipient whom they touch; the signed instants stand with the letter",
)

TERMS: Final = Table(
    "calendar_terms",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("at", BIG, nullable=False),
    Column("acknowledge_by", BIG, nullable=True),
    Column("reply_by", BIG, nullable=True),
    Column("latest", BIG, nullable=False),
    Index("calendar_terms_latest", "latest"),
    comment="every letter that sets a time, and the latest instant to which outages can have moved it for anybody",
)

PLACES: Final = Table(
    "calendar_regions",
    METADATA,
    Column("organisation", NAME, primary_key=True),
    Column("region", NAME, primary_key=True),
    Index("calendar_regions_region", "region"),
    comment="in which regions organisations lie, for outages of a region",
)

PASSED_ON: Final = Table(
    "calendar_passed_on",
    METADATA,
    Column("letter", LargeBinary, primary_key=True),
    Column("recipient", NAME, primary_key=True),
    comment="to whom letters that set a time were passed on: outages that touch these move it for them too",
)

_M: Final = MOVED.c
_T: Final = TERMS.c
_TERM_FIELDS: Final = (_T.letter, _T.at, _T.acknowledge_by, _T.reply_by)


class CalendarsProjection:
    """Keeps calendars, outages, and what outages moved."""

    name = "calendars"
    version = 1
    tables = (CALENDARS, OUTAGES, MOVED, TERMS, PLACES, PASSED_ON)

    def apply(self, connection: Connection, batch: Batch) -> None:
        """Write what a batch says of calendars, outages and terms, in the order of the ledger."""
        writing = _Writing(connection, batch)
        for one in batch.happenings:
            match one.accepted:
                case LetterDispatched() as body if body.acknowledge_by is not None or body.reply_by is not None:
                    writing.dispatch(one, body)
                case LedgerOpened() as body:
                    writing.place(body.organisation)
                case OrganisationRegistered() | OrganisationChanged() as body:
                    writing.place(body.entry)
                case ConsignmentTransferred() as body:
                    writing.pass_on(body)
                case OutageDeclared() as body:
                    writing.declare(one, body)
                case CalendarAdopted() as body:
                    insert_rows(connection, CALENDARS, [_calendar_row(one, body)])
                case _:
                    pass
        writing.flush()


class _Writing:
    """What a batch writes: terms are held back until something asks for them."""

    def __init__(self, connection: Connection, batch: Batch) -> None:
        self._connection = connection
        self._batch = batch
        self._outages = [_outage_of(row) for row in connection.execute(select(OUTAGES).order_by(OUTAGES.c.position))]
        self._rows: list[tuple[Any, ...]] = []

    def flush(self) -> None:
        """Write the terms that were held back."""
        insert_rows(self._connection, TERMS, self._rows)
        self._rows = []

    def dispatch(self, one: Happening, body: LetterDispatched) -> None:
        """Enter a letter that sets a time; outages that were declared before its dispatch can move it already."""
        letter_id = LetterId(one.verdict.identity)
        signed = max(due for due in (body.acknowledge_by, body.reply_by) if due is not None)
        latest = moved(signed, one.at, self._outages)
        self._rows.append((letter_id, one.at, body.acknowledge_by, body.reply_by, latest))
        if latest != signed:
            self._move([(letter_id, one.at, body.acknowledge_by, body.reply_by)])

    def pass_on(self, body: ConsignmentTransferred) -> None:
        """Note to whom a letter was passed on: its times are his, counted from the dispatch."""
        self.flush()
        term = self._connection.execute(select(*_TERM_FIELDS).where(_T.letter == body.letter)).first()
        if term is not None:
            insert_rows(self._connection, PASSED_ON, [(body.letter, body.to)])
            self._move([tuple(term)], body.to)

    def place(self, entry: OrganisationEntry) -> None:
        """Note where an organisation lies; outages of regions touch it from now on as it lies now."""
        here = PLACES.c.organisation == entry.organisation
        before = set(self._connection.execute(select(PLACES.c.region).where(here)).scalars())
        after = set(entry.regions)
        if before == after:
            return
        self._connection.execute(PLACES.delete().where(here))
        insert_rows(self._connection, PLACES, [(entry.organisation, region) for region in sorted(after)])
        changed = [one for one in self._outages if not (before ^ after).isdisjoint(one.regions)]
        for outage in changed:
            self._move(self._touched(outage), entry.organisation)

    def declare(self, one: Happening, body: OutageDeclared) -> None:
        """Enter an outage and move what it touches."""
        self._connection.execute(OUTAGES.insert().values(**_outage_row(one, body)))
        outage = Outage(
            from_at=body.from_at,
            until_at=body.until_at,
            organisations=body.organisations,
            regions=body.regions,
            position=one.position,
        )
        self._outages.append(outage)
        touched = self._touched(outage)
        for letter_id, at, *signed in touched:
            latest = moved(max(due for due in signed if due is not None), at, self._outages)
            self._connection.execute(TERMS.update().where(_T.letter == letter_id).values(latest=latest))
        self._move(touched)

    def _touched(self, outage: Outage) -> list[tuple[Any, ...]]:
        """Return the letters of whose time an outage takes something."""
        self.flush()
        during = (_T.at < outage.until_at) & (_T.latest > outage.from_at)
        return [tuple(row) for row in self._connection.execute(select(*_TERM_FIELDS).where(during).order_by(_T.letter))]

    def _move(self, terms: Sequence[tuple[Any, ...]], only: OrgId | None = None) -> None:
        """Write anew what is moved of letters, for all of their recipients or for one."""
        places = self._places()
        for letter_id, at, acknowledge_by, reply_by in terms:
            here = _M.letter == letter_id if only is None else (_M.letter == letter_id) & (_M.recipient == only)
            self._connection.execute(MOVED.delete().where(here))
            rows = []
            for whom in self._recipients(letter_id):
                touching = [one for one in self._outages if one.touches(whom, places.get(whom, ()))]
                dues = [None if due is None else moved(due, at, touching) for due in (acknowledge_by, reply_by)]
                if only in {None, whom} and dues != [acknowledge_by, reply_by]:
                    rows.append((letter_id, whom, *dues))
            insert_rows(self._connection, MOVED, rows)

    def _recipients(self, letter_id: LetterId) -> Iterator[OrgId]:
        yield from (recipient.organisation for recipient in self._batch.recipients(letter_id))
        passed_on = select(PASSED_ON.c.recipient).where(PASSED_ON.c.letter == letter_id).order_by(PASSED_ON.c.recipient)
        yield from map(OrgId, self._connection.execute(passed_on).scalars())

    def _places(self) -> dict[OrgId, set[str]]:
        """Return the regions, among those that any outage names, of the organisations that lie in one."""
        named = sorted({region for outage in self._outages for region in outage.regions})
        found: dict[OrgId, set[str]] = {}
        for row in self._connection.execute(select(PLACES).where(PLACES.c.region.in_(named))) if named else ():
            found.setdefault(OrgId(row.organisation), set()).add(row.region)
        return found


def _calendar_row(one: Happening, body: CalendarAdopted) -> tuple[Any, ...]:
    return row_of(
        CALENDARS,
        country=body.country,
        year=body.year,
        version=body.version,
        position=one.position,
        at=one.at,
        officer=body.header.officer,
        rest_weekdays=_spaced(body.rest_weekdays),
        holidays=_spaced(body.holidays),
        working_days=_spaced(body.working_days),
    )


def _outage_row(one: Happening, body: OutageDeclared) -> dict[str, Any]:
    return {
        "position": one.position,
        "at": one.at,
        "officer": body.header.officer,
        "from_at": body.from_at,
        "until_at": body.until_at,
        "organisations": _spaced(body.organisations),
        "regions": _spaced(body.regions),
        "reason": body.reason,
        "cover": body.cover.sha256 if body.cover else None,
    }


def _outage_of(row: Any) -> Outage:
    return Outage(
        from_at=row.from_at,
        until_at=row.until_at,
        organisations=tuple(OrgId(one) for one in row.organisations.split()),
        regions=tuple(row.regions.split()),
        position=row.position,
    )


def _spaced(values: Iterable[object]) -> str:
    return " ".join(map(str, values))
