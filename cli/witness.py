"""`ortoo witness`: cosign the checkpoints of ledgers, apart from whoever runs them; `run` is in `cli.witness_running`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from adapters.errors import LocationError
from adapters.key_files import ANYBODY_READS, write_key, write_new_file
from adapters.witness_logs import WitnessLogs, key_line, log_lines, read_witness_logs
from adapters.witness_memory import Head, WitnessMemory, create_memory
from cli.confirm import ask
from cli.errors import UsageError
from cli.labels import label
from cli.languages import Language
from cli.options import acting_options, command_options
from cli.passphrases import new_passphrase
from cli.render import Column, pair_lines, show_time, table_lines
from cli.session import Session
from cli.views import open_views
from cli.witness_place import evidence_of, open_memory, place_of, witness_key
from cli.witness_running import run_command
from domain.checkpoint_signatures import verify_operator
from domain.checkpoints import MAX_PAIR_BYTES, parse_pair, record_origin, verdict_origin
from domain.ledger_time import MS_PER_S
from domain.notes import Note, NoteInvalidError, require_key_name
from domain.tree import EMPTY_ROOT


@click.group("witness")
def witness() -> None:
    """Cosign the checkpoints of ledgers that somebody else runs, so that nobody can show two histories."""


witness.add_command(run_command)


@witness.command("make-key")
@click.argument("name")
@command_options
def make_key_command(session: Session, name: str) -> None:
    """Make the key of a witness, the memory that goes with it, and the file in which it is told which logs to watch.

    NAME is how others know the witness, such as witness.example/uz: no spaces, no plus. What is printed goes to those who rely
    on it, and to the operators of ledgers (the setting witness_keys), by a way that nobody can change.

    Example:
      ortoo witness make-key witness.example/uz
    """
    place = place_of(session)
    _require_name(name)
    if place.logs.exists():
        raise UsageError(f"No key was made: {place.logs} is there, so this home has a witness already. Take another home.")
    passphrase = new_passphrase(session, name)
    session.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    private = Ed25519PrivateKey.generate()
    write_key(place.key, private, passphrase.secret, passphrase.stretching)
    create_memory(place.memory, place.mark)
    public = witness_key(name, private)
    write_new_file(place.logs, key_line(public).encode(), mode=ANYBODY_READS)
    key = public.encoded()
    pairs = (("heading.file", place.key), ("heading.verifier_key", key))
    session.show(
        {"file": place.key, "verifier_key": key}, pair_lines((label(one, session.language), value) for one, value in pairs)
    )
    session.note(label("note.witness_made", session.language, file=place.logs))


@witness.command("show")
@command_options
def show_command(session: Session) -> None:
    """Show the name and the key of the witness of this home, each log with the newest head that it cosigned, and forks.

    A fork is a file of evidence that an operator signed two histories; `ortoo audit fork FILE` verifies it.

    Example:
      ortoo witness show
    """
    logs, memory = read_witness_logs(place_of(session).logs), session.keep(open_memory)
    heads = {head.origin: head for head in memory.heads()}
    origins = [*logs.watched, *(origin for origin in heads if origin not in logs.watched)]
    forks = evidence_of(session).found()
    data = {
        "name": logs.key.name,
        "verifier_key": logs.key.encoded(),
        "complete": memory.is_complete,
        "logs": [_head_data(origin, heads.get(origin), is_watched=origin in logs.watched) for origin in origins],
        "forks": list(forks),
    }
    language = session.language
    pairs = [
        ("heading.name", logs.key.name),
        ("heading.verifier_key", logs.key.encoded()),
        ("heading.forks", "\n".join(map(str, forks)) or "0"),
    ]
    lines = [*pair_lines((label(name, language), value) for name, value in pairs), "", *_head_lines(origins, heads, language)]
    session.show(data, lines)
    if not memory.is_complete:
        session.note(label("note.witness_lost", language))


@witness.command("log-entry")
@command_options
def log_entry_command(session: Session) -> None:
    """Print what stands in the file of a witness (witness.toml) for the ledger of this home: both its logs, with their keys.

    The operator of the ledger runs it and gives the lines to whoever runs a witness; that one compares the keys with what the
    ledger's own history says in a home of his own.

    Example:
      ortoo witness log-entry > ministry.toml
    """
    exchange = open_views(session).station.exchange
    if not exchange.checkpoint_keys:
        raise UsageError(
            "The ledger has no checkpoint key, so nobody can be its witness. The roots add one: `ortoo ledger --help`."
        )
    origins = [origin(exchange.name, exchange.identity) for origin in (record_origin, verdict_origin)]
    keys = exchange.checkpoint_keys
    data = {
        "logs": [
            {"origin": origin, "keys": [{"ed25519": one.ed25519, "ml_dsa_44": one.ml_dsa_44} for one in keys]}
            for origin in origins
        ]
    }
    session.show(data, [line for origin in origins for line in ("", *log_lines(origin, keys))])


@witness.command("trust")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--new", "new", metavar="ORIGIN", multiple=True, help="A log that this witness never cosigned; once for each.")
@acting_options
@command_options
def trust_command(session: Session, *, file: Path | None, new: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Tell a witness that has lost its memory where a ledger stands: by a pair of checkpoints, or that a log is new.

    FILE is the newest pair that anybody who does not run the ledger has kept (`ortoo checkpoint export`). What is told cannot
    be taken back: from there on only what continues it is cosigned.

    Example:
      ortoo witness trust auditor/newest.checkpoints
      ortoo witness trust --new letters/5f0c…
    """
    logs, memory = read_witness_logs(place_of(session).logs), session.keep(open_memory)
    heads = (*_heads_in(file, logs), *(_nothing_of(origin, logs) for origin in new))
    if not heads:
        raise UsageError("Nothing was told. Name the file of a pair of checkpoints, or a log that is new with --new.")
    told = {"told": [_head_data(head.origin, head, is_watched=True) for head in heads], "dry_run": dry_run}
    lines = _head_lines([head.origin for head in heads], {head.origin: head for head in heads}, session.language)
    if not dry_run:
        if not yes:
            for line in lines:
                session.note(line)
            ask(session, label("prompt.trust_heads", session.language))
        _remember(memory, heads)
    session.show(told, lines)


@witness.command("start-over")
@acting_options
@command_options
def start_over_command(session: Session, *, yes: bool, dry_run: bool) -> None:
    """Give a witness that has lost its memory an empty one. It cosigns nothing of any log until `trust` tells it of it.

    A memory that is there, such as one put back from an old copy, is kept beside it under another name.

    Example:
      ortoo witness start-over
    """
    place = place_of(session)
    read_witness_logs(place.logs)
    aside = place.memory.with_name(f"{place.memory.name}.{session.now_ms()}") if place.memory.exists() else None
    if not dry_run:
        if not yes:
            ask(session, label("prompt.start_over", session.language))
        if aside is not None:
            for suffix in ("", "-wal", "-shm"):
                part = place.memory.with_name(place.memory.name + suffix)
                if part.exists():
                    part.rename(aside.with_name(aside.name + suffix))
        create_memory(place.memory, place.mark, complete=False)
    data = {"file": place.memory, "set_aside": aside, "dry_run": dry_run}
    session.show(data, pair_lines([(label("heading.file", session.language), place.memory)]))
    session.note(label("note.witness_lost", session.language))


def _require_name(name: str) -> None:
    try:
        require_key_name(name)
    except NoteInvalidError as error:
        raise UsageError(f"No key was made: {error}. Give a name such as witness.example/uz.") from error


def _heads_in(file: Path | None, logs: WitnessLogs) -> tuple[Head, ...]:
    """Return the heads of a pair of checkpoints, each signed by the operator of a log that is watched."""
    if file is None:
        return ()
    try:
        with file.open("rb") as stream:
            pair = parse_pair(stream.read(MAX_PAIR_BYTES + 1))
    except OSError as error:
        raise LocationError(f"{file} cannot be read ({error.strerror}), so nothing was told. Check the path.") from error
    except NoteInvalidError as error:
        raise NoteInvalidError(f"{file} is no checkpoint that was exported: {error}. Nothing was told.") from error
    return tuple(_head_of(note, logs) for note in (pair.records, pair.verdicts))


def _head_of(note: Note, logs: WitnessLogs) -> Head:
    origin = note.text.partition("\n")[0]
    for key in logs.watched.get(origin, ()):
        try:
            checkpoint = verify_operator(note, key)
        except NoteInvalidError:
            continue
        return Head(origin=origin, size=checkpoint.size, root=checkpoint.root, note=note.encoded(), at_s=0)
    raise NoteInvalidError(f"Nothing was told: no operator whom this witness knows has signed the checkpoint of {origin!r}")


def _nothing_of(origin: str, logs: WitnessLogs) -> Head:
    if origin not in logs.watched:
        raise UsageError(f"Nothing was told: this witness does not watch {origin!r}. `ortoo witness show` lists what it watches.")
    return Head(origin=origin, size=0, root=EMPTY_ROOT, note=b"", at_s=0)


def _remember(memory: WitnessMemory, heads: Sequence[Head]) -> None:
    held = {head.origin: head for head in memory.heads()}
    for head in heads:
        known = held.get(head.origin, head)
        if (known.size, known.root) != (head.size, head.root):
            raise UsageError(
                f"Nothing was told: this witness remembers {head.origin} at size {known.size}, and cosigns only what continues "
                "that."
            )
    for head in heads:
        if head.origin not in held:
            memory.remember(head, after=None)


def _head_data(origin: str, head: Head | None, *, is_watched: bool) -> dict[str, object]:
    return {
        "origin": origin,
        "tree_size": None if head is None else head.size,
        "tree_root": None if head is None else head.root,
        "cosigned_at": None if head is None or not head.at_s else head.at_s * MS_PER_S,
        "watched": is_watched,
    }


def _head_lines(origins: Sequence[str], heads: dict[str, Head], language: Language) -> list[str]:
    columns = [Column(heading=label(f"heading.{name}", language), cut=False) for name in ("origin", "tree_size", "cosigned_at")]
    rows = []
    for origin in origins:
        head = heads.get(origin)
        rows.append((origin, "" if head is None else head.size, show_time(head.at_s * MS_PER_S, 0) if head and head.at_s else ""))
    return table_lines(columns, rows) if rows else [label("note.nothing", language)]
