"""Reading what recorders write, for ever: at once what this process writes, by asking again what others write."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from eventsourcing.persistence import ApplicationRecorder, Notification, Subscription

from adapters.store.database import Database

POLL_INTERVAL_S: Final = 0.5
"""How long an event of another process may stay unseen; asking costs one look at the end of an index."""
NOTIFICATIONS_AT_ONCE: Final = 500


class StoreSubscription(Subscription[ApplicationRecorder]):
    """An endless iterator over notifications. `stop` may be called from any thread and ends it."""

    def __init__(
        self,
        recorder: ApplicationRecorder,
        database: Database,
        gt: int | None = None,
        topics: Sequence[str] = (),
    ) -> None:
        """Begin after notification `gt` (None: with the first), with the given topics only (none given: all)."""
        super().__init__(recorder=recorder, gt=gt, topics=topics)
        self._database = database
        self._waiting: deque[Notification] = deque()

    def stop(self) -> None:
        """End the iteration, at once also where it waits."""
        super().stop()
        self._database.wake()

    def __next__(self) -> Notification:
        """Return the next notification, waiting for it; raise `StopIteration` once stopped."""
        while not self._has_been_stopped:
            # Counted before asking, so that nothing written in between is slept through.
            seen = self._database.writes
            if not self._waiting:
                self._pull()
            if self._waiting:
                return self._waiting.popleft()
            self._database.wait_for_write(seen, POLL_INTERVAL_S)
        raise StopIteration

    def _pull(self) -> None:
        found = self._recorder.select_notifications(
            start=self._last_notification_id or 0,
            limit=NOTIFICATIONS_AT_ONCE,
            topics=self._topics,
            inclusive_of_start=False,
        )
        if found:
            self._waiting.extend(found)
            self._last_notification_id = found[-1].id
