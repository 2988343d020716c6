"""What a station that runs by itself asks of the views: whom it serves, which terms have passed, which letters wait."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, select

from adapters.fetching import ReceivedLetter, WaitingRecipient
from adapters.missed_terms import PassedStage, PassedTerm
from domain.consignments import ConsignmentState
from domain.directory import Role
from domain.ids import Digest, LetterId, OfficerId, OrgId
from projections.approvals import REQUESTS, STAGES
from projections.directory_tables import APPOINTMENTS, ORGANISATIONS
from projections.filters import acted_for
from projections.inbox import CONSIGNMENTS
from projections.letters import LETTERS
from projections.moved_terms import moved_at_most
from projections.outbox_pages import a_silent_one_has_time, somebody_is_silent
from projections.projector import Projector


class StationWork:
    """The views of a station, as `adapters.station_duties` asks of them."""

    def __init__(self, projector: Projector) -> None:
        """Ask the views that this projector brings up."""
        self._projector = projector

    def project(self, proceed: Callable[[], bool]) -> int:
        """Bring the views up to the store's end while `proceed()`, and return the next position."""
        return self._projector.catch_up(proceed=proceed)

    def passed_terms(self, station: OfficerId, *, after: int, before: int, limit: int) -> tuple[PassedTerm, ...]:
        """Return terms after one time and before another that passed without anybody having recorded it, the earliest first.

        What outages have moved may be over later than another term that was signed later: so much earlier ones are looked at too.
        """
        column = LETTERS.c
        with self._projector.database.reading() as connection:
            speakers = {sender: speaker for speaker in served(connection, station) for sender in acted_for(connection, speaker)}
            earliest = after - moved_at_most(connection)
            passed = (column.acknowledge_by > earliest) & (column.acknowledge_by < before) & column.missed_position.is_(None)
            chosen = (
                select(column.letter, column.sender, column.acknowledge_by)
                .where(passed & column.sender.in_(speakers) & somebody_is_silent() & ~a_silent_one_has_time(before))
                .order_by(column.acknowledge_by, column.position)
                .limit(limit)
            )
            return tuple(
                PassedTerm(letter=LetterId(row.letter), speaker=speakers[OrgId(row.sender)], acknowledge_by=row.acknowledge_by)
                for row in connection.execute(chosen)
            )

    def passed_stages(self, station: OfficerId, *, before: int, limit: int) -> tuple[PassedStage, ...]:
        """Return stages whose turn it is and whose time passed without anybody having recorded it, the earliest first."""
        request, stage = REQUESTS.c, STAGES.c
        with self._projector.database.reading() as connection:
            speakers = {asked: speaker for speaker in served(connection, station) for asked in acted_for(connection, speaker)}
            is_current = (stage.request == request.request) & (stage.stage == request.current_stage)
            chosen = (
                select(stage.request, stage.stage, request.organisation)
                .join(REQUESTS, is_current)
                .where((stage.due_at < before) & stage.missed_position.is_(None) & request.organisation.in_(speakers))
                .order_by(stage.due_at, stage.request)
                .limit(limit)
            )
            return tuple(
                PassedStage(request=Digest(bytes(row.request)), stage=row.stage, speaker=speakers[OrgId(row.organisation)])
                for row in connection.execute(chosen)
            )

    def letters_received(self, station: OfficerId, *, after: int, limit: int) -> tuple[ReceivedLetter, ...]:
        """Return letters behind a position that wait for those whom the station serves, in the order of the ledger."""
        column = CONSIGNMENTS.c
        with self._projector.database.reading() as connection:
            recipients = [one for organisation in served(connection, station) for one in acted_for(connection, organisation)]
            waiting = column.recipient.in_(recipients) & (column.state == ConsignmentState.OPEN.value) & (column.position > after)
            chosen = select(column.letter, column.position).where(waiting).distinct().order_by(column.position).limit(limit)
            return tuple(ReceivedLetter(letter=LetterId(row.letter), position=row.position) for row in connection.execute(chosen))

    def waiting_recipients(self, station: OfficerId, letter: LetterId) -> tuple[WaitingRecipient, ...]:
        """Return those whom the station serves and for whom a letter waits, by their ids."""
        column = CONSIGNMENTS.c
        with self._projector.database.reading() as connection:
            speakers = {one: speaker for speaker in served(connection, station) for one in acted_for(connection, speaker)}
            waiting = (column.letter == bytes(letter)) & (column.state == ConsignmentState.OPEN.value)
            chosen = select(column.recipient).where(waiting & column.recipient.in_(speakers)).order_by(column.recipient)
            found = map(OrgId, connection.execute(chosen).scalars())
            return tuple(WaitingRecipient(recipient=one, speaker=speakers[one]) for one in found)


def served(connection: Connection, station: OfficerId) -> Sequence[OrgId]:
    """Return the open organisations in which a station is appointed as such."""
    appointment, organisation = APPOINTMENTS.c, ORGANISATIONS.c
    chosen = (
        select(appointment.organisation, appointment.roles)
        .join(ORGANISATIONS, organisation.organisation == appointment.organisation)
        .where((appointment.officer == station) & organisation.closed_position.is_(None))
        .order_by(appointment.organisation)
    )
    found = connection.execute(chosen)
    return [OrgId(row.organisation) for row in found if Role.STATION.value in row.roles.split()]
