"""`ortoo checkpoint`: the operator signs what the ledger's head is, so that it can be held against every later one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from adapters.checkpoint_errors import CheckpointSigningError
from adapters.checkpoint_keys import digest_of, draw_checkpoint_key, write_checkpoint_key
from adapters.checkpoint_signing import SignedPair, sign_checkpoints
from adapters.errors import KeyFileError, KeyringError
from adapters.inboxes import commit_inboxes
from adapters.key_files import ANYBODY_READS, write_new_file
from adapters.station import Station
from adapters.token_errors import TokenError
from cli.acting import acting_station
from cli.checkpoint_timestamp import timestamp_command
from cli.errors import UsageError
from cli.labels import label
from cli.options import command_options
from cli.passphrases import new_passphrase
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.wiring import CHECKPOINT_KEY, checkpoint_keys_folder, checkpoint_signer, open_signing_lease
from domain.checkpoint_signatures import VerifiedPair, signed_at_s
from domain.checkpoints import CheckpointPair, encode_pair
from domain.cosignatures import Cosignature, cosignatures
from domain.ids import officer_id
from domain.ledger_time import MS_PER_S
from domain.notes import NoteInvalidError


@click.group("checkpoint")
def checkpoint() -> None:
    """Sign the ledger's head, and show and keep what was signed: whoever holds a checkpoint notices every later change."""


checkpoint.add_command(timestamp_command)


@checkpoint.command("make-key")
@command_options
def make_key_command(session: Session) -> None:
    """Make a key that signs checkpoints, and beside it a .pub file, with which the roots name it on the ledger.

    It is two keys, Ed25519 and ML-DSA-44, and both always sign. It lies in this home, whose station signs when it runs.

    Example:
      ortoo checkpoint make-key
    """
    passphrase = new_passphrase(session, CHECKPOINT_KEY)
    key = draw_checkpoint_key()
    files = write_checkpoint_key(checkpoint_keys_folder(session.home), key, passphrase.secret, passphrase.stretching)
    digest = digest_of(key.public)
    pairs = (("heading.checkpoint_key", digest.hex()), ("heading.public_key", files.public))
    lines = pair_lines((label(name, session.language), value) for name, value in pairs)
    session.show({"checkpoint_key": digest, "public_key": files.public}, lines)
    session.note(label("note.roots_name_key", session.language))
    session.note(f"  ortoo ledger add-checkpoint-key {files.public} --root FILE …")


@checkpoint.command("sign")
@command_options
def sign_command(session: Session) -> None:
    """Sign the ledger's head now, have it cosigned by the witnesses of the settings, and publish it beside the ledger.

    The records since the last checkpoint are read back first; a head that does not continue it is not signed. `ortoo station
    run` does the same every few minutes.

    Example:
      ortoo checkpoint sign
    """
    station = acting_station(session)
    key = checkpoint_signer(session, station.exchange)
    if key is None:
        raise CheckpointSigningError(
            "No checkpoint was signed: no key that the ledger names for it lies in this home. Make one with `ortoo checkpoint "
            "make-key`, or sign where the key is."
        )
    _commit_inboxes(session, station)
    witnesses = (session.settings.witnesses or "").split()
    signed = sign_checkpoints(station, key, witnesses, session.keep(open_signing_lease))
    _tell_signed(session, station, signed)


@checkpoint.command("show")
@command_options
def show_command(session: Session) -> None:
    """Show the newest checkpoint that this home has verified, who cosigned it, and how far the ledger is witnessed.

    Example:
      ortoo checkpoint show
    """
    station = acting_station(session)
    checkpoints = station.parts.checkpoints
    newest = checkpoints.newest(station.exchange)
    data = {
        "checkpoint": None if newest is None else _pair_data(station, newest),
        **_witnessed_data(station),
        "checkpoint_keys": [digest_of(key) for key in station.exchange.checkpoint_keys],
        "forks": list(checkpoints.forks()),
    }
    session.show(data, lambda: _show_lines(session, station, newest))
    if checkpoints.problem is not None:
        session.note(str(checkpoints.problem))


@checkpoint.command("export")
@click.option("-o", "--output", "output", type=click.Path(path_type=Path), required=True, help="The new file.")
@command_options
def export_command(session: Session, *, output: Path) -> None:
    """Write the newest checkpoint that this home has verified into a file, for an auditor or a witness to keep.

    Whoever holds it notices if anything below it is ever changed: `ortoo audit ledger --checkpoint FILE`.

    Example:
      ortoo checkpoint export -o 2026-11-25.checkpoint
    """
    station = acting_station(session)
    newest = station.parts.checkpoints.newest(station.exchange)
    if newest is None:
        raise UsageError(
            "Nothing was written: this home knows no checkpoint of its ledger. `ortoo checkpoint show` says what is in the way."
        )
    path = output.expanduser().absolute()
    write_new_file(path, encode_pair(newest.pair), mode=ANYBODY_READS)
    data = {"checkpoint": _pair_data(station, newest), "file": path}
    pairs = (("heading.file", path), ("heading.checkpoint", newest.pair.size))
    session.show(data, lambda: pair_lines((label(name, session.language), value) for name, value in pairs))


def _commit_inboxes(session: Session, station: Station) -> None:
    """Let the station of this home say first what was addressed to everybody, if it is one that does; it need not be able to."""
    if session.settings.station is None:
        return
    try:
        commit_inboxes(station, officer_id(session.settings.station), size=station.parts.store.next_position())
    except (KeyringError, KeyFileError, TokenError) as error:
        session.note(str(error))


def _tell_signed(session: Session, station: Station, signed: SignedPair) -> None:
    missing = [{"witness": url, "why": str(error)} for url, error in signed.problems.items()]
    data = {"checkpoint": _pair_data(station, signed.verified), **_witnessed_data(station), "missing_witnesses": missing}
    session.show(data, lambda: _show_lines(session, station, signed.verified))
    for error in signed.problems.values():
        session.note(str(error))


def _pair_data(station: Station, verified: VerifiedPair) -> dict[str, Any]:
    root, verdict_root = verified.pair.roots
    return {
        "size": verified.pair.size,
        "record_root": root,
        "verdict_root": verdict_root,
        "signed_at": signed_at_s(verified) * MS_PER_S,
        "checkpoint_key": digest_of(verified.key),
        "cosignatures": [{"witness": one.name, "cosigned_at": one.at_s * MS_PER_S} for one in _cosigned(station, verified.pair)],
        "behind": station.parts.store.next_position() - verified.pair.size,
    }


def _witnessed_data(station: Station) -> dict[str, Any]:
    return {"witnessed_size": station.witnessed_size(), "quorum": station.parts.checkpoints.policy.quorum}


def _cosigned(station: Station, pair: CheckpointPair) -> tuple[Cosignature, ...]:
    """Return the cosignatures on the records' note by witnesses that have cosigned the verdicts' too."""
    witnesses = station.parts.checkpoints.policy.witnesses
    try:
        both = {one.name for one in cosignatures(pair.verdicts, witnesses)}
        return tuple(one for one in cosignatures(pair.records, witnesses) if one.name in both)
    except NoteInvalidError:
        return ()


def _show_lines(session: Session, station: Station, newest: VerifiedPair | None) -> list[str]:
    language, offset = session.language, station.exchange.utc_offset_minutes
    if newest is None:
        return [label("note.no_checkpoint", language)]
    cosigned = (f"{one.name}, {show_time(one.at_s * MS_PER_S, offset)}" for one in _cosigned(station, newest.pair))
    root, verdict_root = newest.pair.roots
    witnessed = station.witnessed_size()
    beyond = "" if witnessed == newest.pair.size else f" ({label('note.not_witnessed', language)})"
    pairs = (
        ("heading.checkpoint", newest.pair.size),
        ("heading.record_root", root.hex()),
        ("heading.verdict_root", verdict_root.hex()),
        ("heading.signed_at", show_time(signed_at_s(newest) * MS_PER_S, offset)),
        ("heading.checkpoint_key", digest_of(newest.key).hex()),
        ("heading.witnesses", "\n".join(cosigned) or "-"),
        ("heading.witnessed_size", f"{witnessed}{beyond}"),
    )
    return pair_lines((label(name, language), value) for name, value in pairs)
