"""Every reason of the rules, provoked through a ledger that a station follows: it is told, nothing is shown, life goes on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from domain.errors import RejectedError
from domain.reasons import Reason, step_of
from tests.court import STEP_MS, Court
from tests.faults import (
    provoked_approvals,
    provoked_authority,
    provoked_calendars,
    provoked_consignments,
    provoked_directory,
    provoked_keys,
    provoked_letters,
    provoked_mandates,
    provoked_outside,
    provoked_proof,
    provoked_records,
)
from tests.faults.provocation import Provocation
from tests.fixed_exchange import Said

REHEARSED_AFTER: Final = 6
"""A rehearsal knows no signatures, and takes what has been said once for new only under a new event id."""
MODULES: Final = (
    provoked_records,
    provoked_authority,
    provoked_keys,
    provoked_directory,
    provoked_letters,
    provoked_proof,
    provoked_approvals,
    provoked_mandates,
    provoked_calendars,
    provoked_consignments,
    provoked_outside,
)
PROVOCATIONS: Final = tuple(found for module in MODULES for found in vars(module).values() if isinstance(found, Provocation))
ELSEWHERE: Final = {
    Reason.ACCEPTED: "every test here ends with it",
    Reason.TOO_MANY_RECIPIENTS: "needs 20,001 organisations: tests/faults/test_long_replay.py",
}


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Court:
    """A court that nobody has used; it takes long to found, and little to copy."""
    court = Court.founded(tmp_path_factory.mktemp("court"))
    court.close()
    return court


@pytest.fixture
def court(founded: Court, tmp_path: Path) -> Iterator[Court]:
    made = founded.copied(tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("case", PROVOCATIONS, ids=lambda case: case.id)
def test_it_is_rejected_with_its_reason_shown_nowhere_and_the_station_goes_on(court: Court, case: Provocation) -> None:
    provoked = case.provoke(court)
    record = court.exchange.record(provoked) if isinstance(provoked, Said) else provoked
    shown = court.shown()
    if isinstance(provoked, Said) and step_of(case.reason) > REHEARSED_AFTER and court.clock() >= court.station.last_time:
        assert rehearsed(court, provoked) is case.reason
    verdict = court.judge(record)
    assert verdict.reason is case.reason
    assert verdict.is_authentic == (step_of(case.reason) > 5)
    assert court.shown() == shown
    entry = court.station.parts.store.entry(verdict.position)
    assert entry is not None
    assert entry.record == (record if verdict.is_authentic else None), "only what is authentic is kept verbatim"
    assert verdict.number is None
    # Everybody's clock is right again, and an honest letter goes its way.
    court.clock.at_ms = max(court.clock.at_ms, verdict.at)
    court.employ("successor", "ministry", "signatory")
    court.sent("mfy-003", by="successor")
    assert court.shown() != shown


def rehearsed(court: Court, said: Said) -> Reason:
    """Return what the station would say before anybody signs: the same code proposes and judges (design.md, idea 3)."""
    court.clock.at_ms += STEP_MS
    with pytest.raises(RejectedError) as rejected:
        court.station.rehearse(said.body)
    court.clock.at_ms -= STEP_MS
    return rejected.value.reason


def test_every_reason_has_a_case() -> None:
    provoked = {case.reason for case in PROVOCATIONS}
    assert provoked | set(ELSEWHERE) == set(Reason)
    assert not provoked & set(ELSEWHERE)
    assert len({case.id for case in PROVOCATIONS}) == len(PROVOCATIONS)
