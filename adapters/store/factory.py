"""The door through which the library `eventsourcing` finds the store: `PERSISTENCE_MODULE=adapters.store`, `STORE_URL=…`."""

from __future__ import annotations

from typing import Any, Final, TypeVar, cast

from eventsourcing.persistence import (
    AggregateRecorder,
    ApplicationRecorder,
    InfrastructureFactory,
    InfrastructureFactoryError,
    Mapper,
    ProcessRecorder,
    Transcoder,
)
from eventsourcing.utils import Environment, EnvType, resolve_topic
from sqlalchemy import Table

from adapters.store.database import Database
from adapters.store.library_mapper import StoreMapper
from adapters.store.recorders import (
    StoreAggregateRecorder,
    StoreApplicationRecorder,
    StoreProcessRecorder,
    StoreTrackingRecorder,
)
from adapters.store.tables import CHANGES, SNAPSHOTS

_TABLES: Final[dict[str, Table]] = {"events": CHANGES, "snapshots": SNAPSHOTS}
_R = TypeVar("_R")


class Factory(InfrastructureFactory[StoreTrackingRecorder]):
    """Makes recorders over one open database, and the mapper of the closed registry unless MAPPER_TOPIC names another."""

    STORE_URL = "STORE_URL"

    def __init__(self, env: Environment | EnvType | None) -> None:
        """Open the database that STORE_URL (a SQLAlchemy URL) names; raise `InfrastructureFactoryError` without one."""
        super().__init__(env)
        url = self.env.get(self.STORE_URL)
        if not url:
            names = ", ".join(self.env.create_keys(self.STORE_URL))
            raise InfrastructureFactoryError(f"No store was named: set one of {names} to a SQLAlchemy URL, as sqlite:///FILE")
        self._database = Database(url)

    def mapper(self, transcoder: Transcoder | None = None, mapper_class: type[Mapper[Any]] | None = None) -> Mapper[Any]:
        """Return a mapper: of `mapper_class`, of MAPPER_TOPIC, or of the store's closed registry."""
        if mapper_class is None and not self.env.get(self.MAPPER_TOPIC):
            mapper_class = StoreMapper
        return super().mapper(transcoder=transcoder, mapper_class=mapper_class)

    def aggregate_recorder(self, purpose: str = "events") -> AggregateRecorder:
        """Return a recorder of `events` or of `snapshots`."""
        return StoreAggregateRecorder(self._database, _TABLES[purpose])

    def application_recorder(self) -> ApplicationRecorder:
        """Return a recorder of events with notifications."""
        return self._class(self.APPLICATION_RECORDER_TOPIC, StoreApplicationRecorder)(self._database)

    def tracking_recorder(self, tracking_recorder_class: type[StoreTrackingRecorder] | None = None) -> StoreTrackingRecorder:
        """Return a recorder of how far others were read."""
        return (tracking_recorder_class or self._class(self.TRACKING_RECORDER_TOPIC, StoreTrackingRecorder))(self._database)

    def process_recorder(self) -> ProcessRecorder:
        """Return a recorder of both in one transaction."""
        return self._class(self.PROCESS_RECORDER_TOPIC, StoreProcessRecorder)(self._database)

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    def _class(self, setting: str, usual: type[_R]) -> type[_R]:
        """Return the class that the operator's environment names under `setting`, or the usual one."""
        topic = self.env.get(setting)
        chosen = resolve_topic(topic) if topic else usual
        if not issubclass(chosen, usual):
            raise InfrastructureFactoryError(f"{setting} names {topic}, which is no {usual.__name__}")
        return cast("type[_R]", chosen)
