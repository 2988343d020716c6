"""The mapper of the library `eventsourcing` over the store's closed registry: changes and snapshots, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Cipher, Compressor, Mapper, StoredEvent, Transcoder

from adapters.store.topics import change_mapper
from domain.changes import Change, State
from domain.errors import UnknownChangeError


@dataclass(frozen=True, kw_only=True, slots=True)
class StateSnapshot:
    """A state as the library's repository takes it up: an event that makes it whole. `timestamp` is ledger time."""

    originator_id: str
    originator_version: int
    timestamp: datetime
    state: State

    def mutate(self, aggregate: Any) -> State:  # noqa: ARG002 - nothing stands before a snapshot
        """Return the state."""
        return self.state


class StoreMapper(Mapper[str]):
    """Maps what `adapters.store.topics` lists. The library's own mapper would import whatever a stored row names."""

    def __init__(
        self, transcoder: Transcoder | None = None, compressor: Compressor | None = None, cipher: Cipher | None = None
    ) -> None:
        """Accept what the library's factory passes; the transcoder is not used, bytes are Avro."""
        super().__init__(transcoder=transcoder, compressor=compressor, cipher=cipher)  # type: ignore[arg-type]
        self._changes = change_mapper()

    def to_stored_event(self, domain_event: DomainEventProtocol[str]) -> StoredEvent:
        """Return a change or a snapshot as the store keeps it; raise `UnknownChangeError` for anything else."""
        topic, state = self._encode(domain_event)
        if self.compressor is not None:
            state = self.compressor.compress(state)
        if self.cipher is not None:
            state = self.cipher.encrypt(state)
        return StoredEvent(domain_event.originator_id, domain_event.originator_version, topic, state)

    def to_domain_event(self, stored_event: StoredEvent) -> DomainEventProtocol[str]:
        """Return what the store keeps as a change or a snapshot; raise `UnknownChangeError` for an unknown name."""
        state = stored_event.state
        if self.cipher is not None:
            state = self.cipher.decrypt(state)
        if self.compressor is not None:
            state = self.compressor.decompress(state)
        topic, aggregate_id, version = stored_event.topic, str(stored_event.originator_id), stored_event.originator_version
        event: Any
        if self._changes.is_state(topic):
            event = StateSnapshot(
                originator_id=aggregate_id,
                originator_version=version,
                timestamp=self._changes.decode_time(state),
                state=self._changes.decode_state(topic, aggregate_id, version, state),
            )
        else:
            event = self._changes.decode_change(topic, aggregate_id, version, state)
        mapped: DomainEventProtocol[str] = event
        return mapped

    def _encode(self, event: Any) -> tuple[str, bytes]:
        if isinstance(event, StateSnapshot):
            return self._changes.encode_state(event.state, event.timestamp)
        if isinstance(event, Change):
            return event.TOPIC, self._changes.encode_change(event)
        msg = f"{type(event).__name__} is neither a change nor a snapshot of this exchange; the store keeps nothing else"
        raise UnknownChangeError(msg)
