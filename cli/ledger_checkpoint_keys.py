"""`ortoo ledger add-checkpoint-key`, `retire-checkpoint-key`: whose signatures under checkpoints count."""

from __future__ import annotations

from pathlib import Path

import click

from adapters.checkpoint_keys import digest_of, read_checkpoint_key
from adapters.registration import checkpoint_key_added, checkpoint_key_retired
from cli.acting import acting_station
from cli.labels import code_label, label
from cli.ledger_roots import named_by_prefix, roots_preview
from cli.options import acting_options, command_options
from cli.session import Session
from cli.voices import root_option, root_signers, say_one
from domain.exchange import WITHDRAWAL_REASONS


@click.command("add-checkpoint-key")
@click.argument("file", type=click.Path(path_type=Path))
@root_option
@acting_options
@command_options
def add_checkpoint_key(session: Session, *, file: Path, roots: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Let one more key sign the ledger's checkpoints; FILE is the .pub file that `ortoo checkpoint make-key` wrote.

    Example:
      ortoo ledger add-checkpoint-key 5f3c90ab12de7788.pub --root root-1.pem --root root-2.pem
    """
    station = acting_station(session)
    signers = root_signers(session, station, roots)
    key = read_checkpoint_key(file)
    digest = digest_of(key)
    said = checkpoint_key_added(station, signers, key=key)
    says = (("heading.checkpoint_key", digest.hex()),)
    preview = roots_preview(session, said.body.TYPE, signers, says, {"checkpoint_key": digest})
    say_one(session, station, (digest.hex()[:16], said), preview, yes=yes, dry_run=dry_run)


@click.command("retire-checkpoint-key")
@click.argument("key")
@click.option("--reason", type=click.Choice(sorted(WITHDRAWAL_REASONS)), required=True)
@root_option
@acting_options
@command_options
def retire_checkpoint_key(
    session: Session, /, *, key: str, reason: str, roots: tuple[str, ...], yes: bool, dry_run: bool
) -> None:
    """Let a key sign no more checkpoints; KEY is how its digest begins (`ortoo checkpoint show`).

    What it signed stays signed, and stays evidence; stations take nothing that is new from it. Add its successor first.

    Example:
      ortoo ledger retire-checkpoint-key 5f3c90ab --reason REPLACED --root root-1.pem --root root-2.pem
    """
    station = acting_station(session)
    signers = root_signers(session, station, roots)
    known = tuple(digest_of(one) for one in station.exchange.checkpoint_keys)
    digest = named_by_prefix(key, known, label("heading.checkpoint_keys", session.language))
    said = checkpoint_key_retired(station, signers, key=digest, reason=reason)
    why = code_label("withdrawal_reason", reason, session.language)
    says = (("heading.checkpoint_key", digest.hex()), ("heading.reason", why))
    preview = roots_preview(session, said.body.TYPE, signers, says, {"checkpoint_key": digest, "reason": reason})
    say_one(session, station, (digest.hex()[:16], said), preview, yes=yes, dry_run=dry_run)
