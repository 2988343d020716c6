"""`ortoo verify`: a bundle of evidence checked in eight steps, with a trust file and nothing else, or with what one holds."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from adapters.due_times import UNIT_MS
from adapters.evidence_facts import Terms
from adapters.evidence_report import EvidenceReport, VerdictCode
from adapters.evidence_verification import verify_bundle
from adapters.station import Station
from adapters.trust_files import Trust
from cli.acting import require_genesis
from cli.errors import ExitCode, UsageError
from cli.options import command_options
from cli.progress import ProgressLine
from cli.session import Session
from cli.trusting import held_pair, trust_options, trusted
from cli.verify_shown import report_data, report_lines
from cli.wiring import StationPlan, build_station, kafka_security, open_reading_station
from domain.changes import View
from domain.ids import Digest, organisation_id
from schemas.codec import LedgerCodec

_DURATION: Final = re.compile(r"([1-9][0-9]{0,6})([smhd])")
EXIT_CODES: Final = {
    VerdictCode.VALID: ExitCode.DONE,
    VerdictCode.VALID_EXPIRED: ExitCode.DONE,
    VerdictCode.VALID_SUPERSEDED: ExitCode.DONE,
    VerdictCode.CONTESTED: ExitCode.VERIFICATION_FAILED,
    VerdictCode.UNVERIFIABLE: ExitCode.COULD_NOT_VERIFY,
    VerdictCode.REJECTED: ExitCode.VERIFICATION_FAILED,
    VerdictCode.INVALID: ExitCode.VERIFICATION_FAILED,
}
"""How the command ends for each verdict."""


@click.command("verify")
@click.argument("file", type=click.Path(path_type=Path))
@trust_options
@click.option("--recipient", metavar="ORG", help="An organisation that the bundle must show to be addressed.")
@click.option("--max-age", metavar="DURATION", help="How old its checkpoint may be: 36h, 7d. Older could not be verified.")
@click.option("--checkpoint", "held", metavar="FILE", type=click.Path(path_type=Path), help="An older checkpoint that you hold.")
@click.option("--ledger", "location", metavar="LOCATION", help="A ledger to replay: it tells what happened since.")
@command_options
def verify(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    file: Path,
    trust_file: Path,
    state: Path | None,
    recipient: str | None,
    max_age: str | None,
    held: Path | None,
    location: str | None,
) -> None:
    """Verify a bundle of evidence with a trust file that came to you another way; nothing in the bundle is believed.

    What happened since is looked up where a ledger is at hand: the one that this home follows if it is the bundle's, or the one
    at --ledger, which is replayed from nothing. Without one it is named as not checked. Ends with 0 for a verdict that begins
    with *valid*, 3 for one that is wrong, rejected or contested, 4 if it could not be verified.

    Example:
      ortoo verify L165.ortoo.zip --trust trust.json
      ortoo verify L165.ortoo.zip --trust trust.json --recipient mfy-001
      ortoo verify L165.ortoo.zip --trust trust.json --max-age 7d --checkpoint kept.checkpoint
    """
    max_age_ms = None if max_age is None else _duration(max_age)
    pair = None if held is None else held_pair(held)
    addressed = None if recipient is None else organisation_id(recipient)
    trust = trusted(session, trust_file, state)  # step 1
    with contextlib.ExitStack() as stack:
        later = stack.enter_context(_later(session, trust, location))
        terms = Terms(now_ms=session.now_ms(), max_age_ms=max_age_ms, recipient=addressed, held=pair, later=later)
        report = _verified(file.expanduser(), trust, terms)
    session.show(report_data(file, trust, report), lambda: report_lines(file, trust, report, session.language))
    code = EXIT_CODES[report.verdict.code]
    if code is not ExitCode.DONE:
        session.end_with(code)


@dataclass(frozen=True, kw_only=True, slots=True)
class StationHistory:
    """A `LaterHistory` of a station that has followed the ledger."""

    station: Station

    @property
    def size(self) -> int:
        """How many records were read."""
        return self.station.parts.store.next_position()

    @property
    def view(self) -> View:
        """Everything that is known after these."""
        return self.station.view

    def roots_at(self, size: int) -> tuple[Digest, Digest]:
        """Return both roots at a size that was read."""
        return self.station.parts.store.roots_at(size)


def _verified(file: Path, trust: Trust, terms: Terms) -> EvidenceReport:
    try:
        with file.open("rb") as source:
            return verify_bundle(source, trust, terms, LedgerCodec())
    except OSError as error:
        raise UsageError(f"The bundle {file} cannot be read ({error.strerror}). Check the path.") from error


@contextlib.contextmanager
def _later(session: Session, trust: Trust, location: str | None) -> Iterator[StationHistory | None]:
    """Give the ledger that is at hand, read to its end; None if none is."""
    if location is not None:
        with tempfile.TemporaryDirectory(prefix="ortoo-verify-") as folder:
            station = _replayed(session, trust, location, Path(folder))
            with contextlib.closing(station):
                yield StationHistory(station=station)
    elif session.settings.ledger == trust.identity.hex():
        station = session.keep(open_reading_station)
        station.catch_up(budget_s=session.settings.catch_up_s)
        require_genesis(session, station)
        yield StationHistory(station=station)
    else:
        yield None


def _replayed(session: Session, trust: Trust, location: str, folder: Path) -> Station:
    def nobody(_: object) -> bytes:
        raise UsageError("A verifier has no key.")

    station = build_station(
        StationPlan(
            home=folder,
            location=location,
            identity=trust.identity,
            station=None,
            store_url=f"sqlite:///{folder / 'store.sqlite'}",
            passphrase=nobody,
            verify_threads=session.settings.verify_threads,
            security=kafka_security(session),
            now_ms=session.now_ms,
        )
    )
    with ProgressLine("replaying the ledger") as progress:
        freshness = station.catch_up(progress=progress)
    if freshness.error is not None:
        raise freshness.error
    return station


def _duration(text: str) -> int:
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise UsageError(f"--max-age {text!r} is no duration. Write 30m, 36h or 7d.")
    return int(found[1]) * UNIT_MS[found[2]]
