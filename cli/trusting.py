"""The trust file at the command line: read, verified and remembered before anything is verified with it, and shown."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from adapters.trust_files import Trust, read_trust, verify_trust
from adapters.trust_seen import SEEN_FILE, SeenVersions, TrustSeenError, encode_seen, read_seen, seen_after
from cli.errors import HomeError, UsageError
from cli.labels import label
from cli.languages import Language
from cli.options import Command
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.settings import write_atomically
from domain.checkpoints import MAX_PAIR_BYTES, CheckpointPair, parse_pair
from domain.ids import sha256
from domain.notes import NoteInvalidError

UTC_MINUTES = 0
"""Times of a trust file are UTC: it is read where no ledger is at hand that has an offset."""


def trust_options(command: Command) -> Command:
    """Give a command `--trust FILE` and `--state FOLDER`; the function gets `trust_file` and `state` (see `trusted`)."""
    for decorate in (
        click.option(
            "--state",
            metavar="FOLDER",
            type=click.Path(path_type=Path, file_okay=False),
            help=f"Where {SEEN_FILE} remembers which trust file was relied upon last (default: the home).",
        ),
        click.option(
            "--trust",
            "trust_file",
            metavar="FILE",
            required=True,
            type=click.Path(path_type=Path),
            help="The trust file that the roots signed, which came to you another way.",
        ),
    ):
        command = decorate(command)
    return command


def trusted(session: Session, trust_file: Path, state: Path | None) -> Trust:
    """Return a trust file after verifying it, and remember its version (formats.md, "Verification of a bundle", step 1).

    Raises `TrustFileError` and what is more particular: too few signatures, expired, older than one relied upon before.
    """
    trust = read_trust(trust_file.expanduser())
    verify_trust(trust, session.now_ms())
    folder = session.home if state is None else state.expanduser()
    before = read_seen(folder)
    after = seen_after(before, trust)
    if after != before:
        _remember(folder, after)
    return trust


def _remember(folder: Path, seen: SeenVersions) -> None:
    try:
        write_atomically(folder / SEEN_FILE, encode_seen(seen))
    except HomeError as error:
        raise TrustSeenError(
            f"Nothing was verified: it cannot be remembered in {folder} which trust file was relied upon ({error}) "
            "Name another folder with --state."
        ) from error


def trust_data(trust: Trust) -> dict[str, Any]:
    """Return what a trust file says, for programs."""
    return {
        "version": trust.version,
        "ledger": trust.identity,
        "name": trust.name,
        "valid_until": trust.valid_until_ms,
        "threshold": trust.threshold,
        "roots": [one.digest for one in trust.roots],
        "signed_by": [one.root for one in trust.signatures],
        "quorum": trust.quorum,
        "witnesses": [one.encoded() for one in trust.witnesses],
        "checkpoint_keys": [sha256(one.ed25519) for one in trust.checkpoint_keys],
        "anchors": [{"anchor": one.anchor.digest, "withdrawn_at": one.withdrawn_at_ms} for one in trust.anchors],
    }


def trust_lines(trust: Trust, language: Language) -> Callable[[], list[str]]:
    """Return what makes the lines that show a trust file."""
    signed = {one.root for one in trust.signatures}
    mark = label("note.root_signed", language)
    anchors = [
        one.anchor.digest.hex() + (f"  {label('note.withdrawn', language)}" if one.withdrawn_at_ms is not None else "")
        for one in trust.anchors
    ]
    pairs = (
        ("heading.ledger", trust.name),
        ("heading.identity", trust.identity.hex()),
        ("heading.version", trust.version),
        ("heading.valid_until", show_time(trust.valid_until_ms, UTC_MINUTES)),
        ("heading.roots", "\n".join(f"{one.digest.hex()}  {mark if one.digest in signed else ''}" for one in trust.roots)),
        ("heading.threshold", trust.threshold),
        ("heading.checkpoint_keys", "\n".join(sha256(one.ed25519).hex() for one in trust.checkpoint_keys)),
        ("heading.witnesses", "\n".join(one.encoded() for one in trust.witnesses)),
        ("heading.quorum", trust.quorum),
        ("heading.anchors", "\n".join(anchors)),
    )
    return lambda: pair_lines((label(key, language), value) for key, value in pairs)


def held_pair(file: Path) -> CheckpointPair:
    """Return the pair of checkpoints in a file that somebody kept (`ortoo checkpoint export`), signatures unchecked.

    Raises `UsageError` if it cannot be read, `NoteInvalidError` if it is no pair.
    """
    try:
        with file.expanduser().open("rb") as stream:
            return parse_pair(stream.read(MAX_PAIR_BYTES + 1))
    except OSError as error:
        raise UsageError(f"The checkpoint {file} cannot be read ({error.strerror}). Check the path.") from error
    except NoteInvalidError as error:
        raise NoteInvalidError(f"{file} is no checkpoint that was exported: {error}. Ask for the file again.") from error
