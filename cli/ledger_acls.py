"""`ortoo ledger create --acls`: the commands with which an operator of Kafka lets one station in; nothing is made."""

from __future__ import annotations

from adapters.kafka_acls import access_commands
from adapters.ledger_locations import KafkaLocation, parse_location
from cli.errors import UsageError
from cli.labels import label
from cli.session import Session
from domain.ids import officer_id


def show_access_commands(
    session: Session, location: str | None, station: str | None, principal: str | None, *, checkpoints: bool
) -> None:
    """Print what lets a station in, to publish `checkpoints` as well; raise `UsageError` if it is not known which, or where."""
    place = parse_location(location or session.settings.location or "memory:")
    if station is None or not isinstance(place, KafkaLocation):
        raise UsageError(
            "No commands were printed: access is ruled on Kafka, station by station. Give --station ID, and --at "
            "kafka://HOST:PORT/TOPIC unless this home has joined the ledger there."
        )
    named = officer_id(station)
    who = principal or f"User:{named}"
    commands = access_commands(place.bootstrap, place.topic, named, who, signs_checkpoints=checkpoints)
    session.show({"station": named, "principal": who, "commands": commands}, commands)
    session.note(label("note.operator_runs", session.language))
