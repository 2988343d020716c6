"""`ortoo checkpoint timestamp`: let authorities outside the exchange say when the newest checkpoint existed."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.posting import PostingAddressError
from adapters.station import Utterance
from adapters.timestamp_errors import TimestampError
from adapters.timestamp_tokens import ask_for_timestamp, read_timestamp_roots
from adapters.timestamping import message_at, timestamp_recorded
from cli.acting import acting_station, speaker_of, submit
from cli.errors import UsageError
from cli.fates import Fate, conclude
from cli.options import command_options
from cli.session import Session
from domain.directory import Role
from domain.events_proof import TimestampRecorded


@click.command("timestamp")
@click.option("--authority", "authorities", metavar="URL", multiple=True, help="Whom to ask (timestamp_authorities); several.")
@command_options
def timestamp_command(session: Session, authorities: tuple[str, ...]) -> None:
    """Ask time-stamping authorities (RFC 3161) to stamp the newest checkpoint, and record their tokens on the ledger.

    A station of the first organisation records them. A token is taken only if a certificate of timestamp_roots_file vouches
    for it; it is a document, which everybody can verify, also with `openssl ts`. One authority that fails keeps no other from it.

    Example:
      ortoo checkpoint timestamp
      ortoo checkpoint timestamp --as ministry.station --authority https://tsa.example/
    """
    urls = authorities or tuple((session.settings.timestamp_authorities or "").split())
    if not urls:
        raise UsageError("Nobody was asked: name authorities with --authority, or in the setting timestamp_authorities.")
    file = session.settings.timestamp_roots_file
    roots = read_timestamp_roots(None if file is None else Path(file).expanduser())
    station = acting_station(session)
    newest = station.parts.checkpoints.newest(station.exchange)
    if newest is None:
        raise UsageError("There is no checkpoint to be stamped. Sign one first: `ortoo checkpoint sign`.")
    signer = speaker_of(session, station, Role.STATION, station.exchange.first_organisation).signer
    said: list[tuple[str, Utterance]] = []
    failed: list[Fate] = []
    for url in urls:
        try:
            stamped = ask_for_timestamp(url, message_at(station, newest.pair.size), roots)
        except (TimestampError, PostingAddressError) as error:
            failed.append(Fate(about=url, act=TimestampRecorded.TYPE, outcome=error))
            continue
        said.append((url, timestamp_recorded(station, signer, newest.pair.size, stamped)))
    conclude(session, station, [*submit(session, station, said), *failed])
