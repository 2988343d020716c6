"""`ortoo evidence`: bundles that prove a letter, a receipt, or that something was deposited, to somebody who trusts nobody."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import click

from adapters.correspondence import learn_documents
from adapters.evidence_bundle import SUFFIX
from adapters.evidence_export import EvidenceError, Exported, Sources, write_bundle
from adapters.station import Station
from cli.errors import UsageError
from cli.evidence_selection import letter_positions, sources_of
from cli.labels import label
from cli.naming import named_letter
from cli.options import command_options
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.trusting import held_pair
from cli.views import Views, open_views
from domain.checkpoints import CheckpointPair
from domain.ids import Digest, LetterId, OrgId, organisation_id

_POSITION: Final = re.compile(r"at:(0|[1-9][0-9]{0,14})")
_IDENTITY: Final = re.compile(r"[0-9a-fA-F]{64}")


@click.group("evidence")
def evidence() -> None:
    """Bundles that anybody can check who has a trust file."""


@evidence.command("export")
@click.argument("what", metavar="LETTER|EVENT")
@click.option("-o", "--output", required=True, metavar="FILE", type=click.Path(path_type=Path), help="A new file.")
@click.option("--recipient", metavar="ORG", help="With what happened to the letter at this recipient, and between both.")
@click.option("--all", "everybody", is_flag=True, help="With what happened to the letter at everybody.")
@click.option(
    "--checkpoint",
    "held",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="A checkpoint that whoever will verify it holds: with proof that the ledger only grew since.",
)
@command_options
def export(
    session: Session,
    /,
    *,
    what: str,
    output: Path,
    recipient: str | None,
    everybody: bool,
    held: Path | None,
) -> None:
    """Write a bundle of evidence, to be verified with a trust file and nothing else.

    LETTER as everywhere; EVENT is its whole identity (64 digits), or `at:812` for the record at a position: of a receipt, or of
    whatever you deposited. A letter alone is the proof that it was deposited and accepted; with --recipient or --all comes what
    became of it: receipts, recalls, answers, and the group that shows who was addressed. Of a letter from outside, the clerk's
    entry is proven, and nothing of who wrote it: his signature is not in the system.

    Example:
      ortoo evidence export out:165 --recipient mfy-001 -o L165.ortoo.zip
      ortoo evidence export in:57 --all -o from-outside.ortoo.zip
      ortoo evidence export at:812 -o receipt.ortoo.zip
    """
    if recipient is not None and everybody:
        raise UsageError("--recipient and --all exclude each other: one recipient's timeline, or everybody's.")
    views = open_views(session)
    with_timeline = everybody or recipient is not None
    whose = None if recipient is None else organisation_id(recipient)
    positions = _letter(session, views, what, whose) if with_timeline else (_position(session, views, what),)
    sources = _sources(views, positions)
    older = None if held is None else held_pair(held).size
    exported = _write(output.expanduser(), sources, positions, single=not with_timeline, older_size=older)
    _show(session, views, output, sources.pair, exported)


def _letter(session: Session, views: Views, what: str, recipient: OrgId | None) -> tuple[int, ...]:
    letter = named_letter(session, views, what).letter
    with views.reading() as connection:
        positions = letter_positions(views.station, connection, letter, recipient)
    learn_documents(views.station, letter)
    return positions


def _position(session: Session, views: Views, what: str) -> int:
    """Return where the one event stands that was named: by position, by its whole identity, or as a letter."""
    if found := _POSITION.fullmatch(what):
        return int(found[1])
    if _IDENTITY.fullmatch(what):
        position = views.station.parts.store.position_of(Digest(bytes.fromhex(what)))
        if position is None:
            raise EvidenceError(f"No event {what} is known here. `ortoo station status` says how far this station has read.")
        return position
    letter = named_letter(session, views, what).letter
    learn_documents(views.station, letter)
    return _position_of(views.station, letter)


def _position_of(station: Station, letter: LetterId) -> int:
    position = station.parts.store.position_of(Digest(letter))
    if position is None:
        raise EvidenceError(f"The letter {letter.hex()[:16]}… is not on the ledger yet, so there is nothing to prove.")
    return position


def _sources(views: Views, positions: Iterable[int]) -> Sources:
    """Return what the bundle is made of, to rest on the newest checkpoint with witnesses that covers these positions."""
    station, last = views.station, max(positions)
    newest = station.parts.checkpoints.newest(station.exchange)
    pairs = (station.parts.checkpoints.witnessed(station.exchange), newest.pair if newest else None)
    pair = next((one for one in pairs if one is not None and last < one.size), None)
    if pair is None:
        raise EvidenceError(
            f"No bundle was written: position {last} is not covered by a checkpoint yet. Wait for the next one, or have the "
            "operator sign it with `ortoo checkpoint sign`."
        )
    with views.reading() as connection:
        return sources_of(station, connection, pair)


def _write(path: Path, sources: Sources, positions: tuple[int, ...], *, single: bool, older_size: int | None) -> Exported:
    """Write a bundle whole or not at all; a file that is there is not overwritten."""
    if path.exists():
        raise UsageError(f"{path} exists already and was left as it is. Name a new file, such as letter{SUFFIX}.")
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("w+b") as target:
            exported = write_bundle(target, sources, positions, single=single, older_size=older_size)
        part.replace(path)
    except OSError as error:
        raise UsageError(f"{path} was not written ({error.strerror}). Check the folder and the disk.") from error
    finally:
        part.unlink(missing_ok=True)
    return exported


def _show(session: Session, views: Views, output: Path, pair: CheckpointPair, exported: Exported) -> None:
    language, checkpoints = session.language, views.station.parts.checkpoints
    witnesses = checkpoints.policy.counted(pair)
    data = {
        "file": output,
        "positions": exported.positions,
        "checkpoint_size": pair.size,
        "witnesses": witnesses,
        "missing_documents": exported.missing,
    }
    pairs = (
        ("heading.file", output),
        ("heading.events", len(exported.positions)),
        ("heading.checkpoint", pair.size),
        ("heading.witnesses", witnesses),
        ("heading.ledger_time", show_time(views.at, views.offset_minutes)),
    )
    session.show(data, lambda: pair_lines((label(key, language), value) for key, value in pairs))
    for digest in exported.missing:
        session.note(label("note.document_left_out", language, document=digest.hex()))
