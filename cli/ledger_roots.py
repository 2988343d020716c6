"""`ortoo ledger make-root`, `change-roots`, `add-anchor`, `withdraw-anchor`: what the root keys say of the ledger itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from adapters.authority_files import read_certificate_file
from adapters.key_files import create_key
from adapters.keyring import OfficerSigner
from adapters.public_key_files import read_public_key_file, write_public_key_file
from adapters.registration import anchor_added, anchor_withdrawn, roots_changed
from adapters.signers import signer_of
from cli.acting import acting_station
from cli.confirm import Preview
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.options import acting_options, command_options
from cli.passphrases import new_passphrase
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.voices import Voice, root_option, root_signers, say_one
from domain.certificates import parse_anchor
from domain.exchange import MAX_ROOTS, WITHDRAWAL_REASONS
from domain.ids import Digest, sha256
from domain.signatures import ECDSA_P256

SHORTEST_PREFIX: Final = 6


@click.command("make-root")
@click.argument("file", type=click.Path(path_type=Path))
@command_options
def make_root(session: Session, file: Path) -> None:
    """Make a new root key in a file of its own, and beside it FILE.pub, which `change-roots` takes; then take it offline.

    Example:
      ortoo ledger make-root /media/stick/root-4.pem
    """
    path = file.expanduser().absolute()
    public = path.with_name(f"{path.name}.pub")
    if public.exists():
        raise UsageError(f"No key was made: {public} is there already and stays as it is. Name another file.")
    passphrase = new_passphrase(session, file.name)
    key = create_key(path, ECDSA_P256, passphrase.secret, passphrase.stretching)
    write_public_key_file(public, key)
    digest = sha256(signer_of(key).spki)
    pairs = (("heading.file", path), ("heading.public_key", public), ("heading.key", digest.hex()))
    lines = pair_lines((label(name, session.language), value) for name, value in pairs)
    session.show({"file": path, "public_key": public, "key": digest}, lines)
    session.note(label("prompt.take_roots_offline", session.language))


@click.command("change-roots")
@click.option(
    "--key", "keys", type=click.Path(path_type=Path), multiple=True, help="Public key file of a new root; once for each."
)
@click.option("--keep", metavar="HEX", multiple=True, help="A root in force that stays: how its digest begins; once for each.")
@click.option("--threshold", type=click.IntRange(1, MAX_ROOTS), required=True, help="How many of the new ones must sign.")
@root_option
@acting_options
@command_options
def change_roots(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    keys: tuple[Path, ...],
    keep: tuple[str, ...],
    threshold: int,
    roots: tuple[str, ...],
    yes: bool,
    dry_run: bool,
) -> None:
    """Name the root keys that follow the ones in force: new ones by their .pub files, those that stay by their digests.

    The roots in force sign. Whoever is not named is a root no more.

    Example:
      ortoo ledger change-roots --keep 4753f413 --key root-4.pem.pub --threshold 2 --root root-1.pem --root root-2.pem
    """
    station = acting_station(session)
    signers = root_signers(session, station, roots)
    in_force = {one.digest: one.spki for one in station.exchange.roots}
    kept = (in_force[_named(prefix, tuple(in_force), label("heading.roots", session.language))] for prefix in keep)
    spkis = (*kept, *(read_public_key_file(file) for file in keys))
    said = roots_changed(station, signers, keys=spkis, threshold=threshold)
    named = [sha256(spki) for spki in spkis]
    says = (("heading.new_roots", "\n".join(digest.hex() for digest in named)), ("heading.threshold", threshold))
    preview = _preview(session, said.body.TYPE, signers, says, {"roots": named, "threshold": threshold})
    say_one(session, station, (label("heading.new_roots", session.language), said), preview, yes=yes, dry_run=dry_run)


@click.command("add-anchor")
@click.argument("certificate", type=click.Path(path_type=Path))
@root_option
@acting_options
@command_options
def add_anchor(session: Session, certificate: Path, roots: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Trust one more certification authority: keys whose certificates it issued directly may be enrolled.

    Example:
      ortoo ledger add-anchor national-ca.pem --root root-1.pem --root root-2.pem
    """
    station = acting_station(session)
    signers = root_signers(session, station, roots)
    der = read_certificate_file(certificate)
    anchor = parse_anchor(der)
    said = anchor_added(station, signers, certificate=der)
    until = show_time(anchor.not_after_ms, station.exchange.utc_offset_minutes)
    says = (("heading.anchor", anchor.digest.hex()), ("heading.valid_until", until))
    preview = _preview(session, said.body.TYPE, signers, says, {"anchor": anchor.digest, "valid_until": anchor.not_after_ms})
    say_one(session, station, (anchor.digest.hex()[:16], said), preview, yes=yes, dry_run=dry_run)


@click.command("withdraw-anchor")
@click.argument("anchor")
@click.option("--reason", type=click.Choice(sorted(WITHDRAWAL_REASONS)), required=True)
@root_option
@acting_options
@command_options
def withdraw_anchor(session: Session, /, *, anchor: str, reason: str, roots: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Trust a certification authority no longer for new enrolments; ANCHOR is how its digest begins (`ortoo ledger show`).

    What was enrolled stays enrolled: revoke the keys that should not be.

    Example:
      ortoo ledger withdraw-anchor 5f3c90ab --reason REPLACED --root root-1.pem --root root-2.pem
    """
    station = acting_station(session)
    signers = root_signers(session, station, roots)
    known = tuple(one.digest for one in station.exchange.anchors)
    digest = _named(anchor, known, label("heading.anchors", session.language))
    said = anchor_withdrawn(station, signers, anchor=digest, reason=reason)
    why = code_label("withdrawal_reason", reason, session.language)
    says = (("heading.anchor", digest.hex()), ("heading.reason", why))
    preview = _preview(session, said.body.TYPE, signers, says, {"anchor": digest, "reason": reason})
    say_one(session, station, (digest.hex()[:16], said), preview, yes=yes, dry_run=dry_run)


def _named(prefix: str, known: Sequence[Digest], what: str) -> Digest:
    """Return the one digest that begins so; raise `UsageError` with those there are if it is not known which."""
    found = [one for one in known if one.hex().startswith(prefix.lower())]
    if len(prefix) < SHORTEST_PREFIX or len(found) != 1:
        listed = "".join(f"\n  {one.hex()}" for one in known)
        raise UsageError(f"It is not known which {prefix!r} means: give {SHORTEST_PREFIX} or more digits. {what}:{listed}")
    return found[0]


def _preview(
    session: Session,
    act: str,
    signers: tuple[OfficerSigner, ...],
    says: tuple[tuple[str, object], ...],
    data: dict[str, object],
) -> Preview:
    voice = Voice(signers=signers, organisation="")
    named = tuple((label(key, session.language), value) for key, value in says)
    return Preview(act=act, says=(*voice.says(session.language), *named), data=data)
