"""`ortoo ledger make-root`, `change-roots`, `add-anchor`, `adopt-rules`, …: what the root keys say of the ledger itself."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import click

from adapters.authority_files import read_certificate_file
from adapters.due_times import parse_due
from adapters.follower import held_schema_digests
from adapters.key_files import create_key
from adapters.keyring import OfficerSigner
from adapters.public_key_files import read_public_key_file, write_public_key_file
from adapters.registration import anchor_added, anchor_withdrawn, roots_changed, rules_adopted
from adapters.signers import signer_of
from adapters.station import Station
from cli.acting import acting_station
from cli.confirm import Preview
from cli.errors import UsageError
from cli.labels import code_label, label
from cli.options import acting_options, command_options
from cli.passphrases import new_passphrase
from cli.references import SHORTEST_PREFIX
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.voices import Voice, root_option, root_signers, say_one
from domain.certificates import parse_anchor
from domain.exchange import MAX_ROOTS, RULES_NOTICE_MS, TRAINING, WITHDRAWAL_REASONS
from domain.ids import Digest, sha256
from domain.rulebook import NEWEST_RULES, rules_for_new
from domain.signatures import ECDSA_P256

GRACE_MS: Final = 24 * 3600 * 1000
TRAINING_GRACE_MS: Final = 60 * 1000
"""So long the signed event may be under way, or the ledger would say that the rules come too soon."""


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
    kept = (in_force[named_by_prefix(prefix, tuple(in_force), label("heading.roots", session.language))] for prefix in keep)
    spkis = (*kept, *(read_public_key_file(file) for file in keys))
    said = roots_changed(station, signers, keys=spkis, threshold=threshold)
    named = [sha256(spki) for spki in spkis]
    says = (("heading.new_roots", "\n".join(digest.hex() for digest in named)), ("heading.threshold", threshold))
    preview = roots_preview(session, said.body.TYPE, signers, says, {"roots": named, "threshold": threshold})
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
    preview = roots_preview(session, said.body.TYPE, signers, says, {"anchor": anchor.digest, "valid_until": anchor.not_after_ms})
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
    digest = named_by_prefix(anchor, known, label("heading.anchors", session.language))
    said = anchor_withdrawn(station, signers, anchor=digest, reason=reason)
    why = code_label("withdrawal_reason", reason, session.language)
    says = (("heading.anchor", digest.hex()), ("heading.reason", why))
    preview = roots_preview(session, said.body.TYPE, signers, says, {"anchor": digest, "reason": reason})
    say_one(session, station, (digest.hex()[:16], said), preview, yes=yes, dry_run=dry_run)


@click.command("adopt-rules")
@click.option(
    "--from",
    "effective",
    metavar="TIME",
    help="When they come into force (2027-01-31, +14d); default: as soon as may be, and a day of grace for the signatures.",
)
@root_option
@acting_options
@command_options
def adopt_rules(session: Session, effective: str | None, roots: tuple[str, ...], yes: bool, dry_run: bool) -> None:
    """Adopt the next rules, for a ledger that was opened under older ones; every record is judged by the rules of its own time.

    Stations whose program does not hold them judge nothing from then on: upgrade all of them before. New rules are announced
    seven days ahead; on a training ledger they may come into force within the minute.

    Example:
      ortoo ledger adopt-rules --from 2027-01-31 --root root-1.pem --root root-2.pem
    """
    station = acting_station(session)
    version = station.exchange.rules[-1].version + 1
    if version > rules_for_new(station.exchange.purpose):
        draft = " but a draft, which is for training ledgers only" if version <= NEWEST_RULES else ""
        raise UsageError(
            f"This ledger has adopted rules {version - 1}, and this program holds no newer ones{draft}. "
            "Install a version that does, if there is one."
        )
    held = held_schema_digests()[version]
    signers = root_signers(session, station, roots)
    effective_at = _in_force_from(station, effective)
    said = rules_adopted(station, signers, version=version, schema_digest=held, effective_at=effective_at)
    offset = station.exchange.utc_offset_minutes
    says = (("heading.rules", version), ("heading.effective_at", show_time(effective_at, offset)))
    data = {"version": version, "schema_digest": held, "effective_at": effective_at}
    preview = roots_preview(session, said.body.TYPE, signers, says, data)
    say_one(session, station, (f"{label('heading.rules', session.language)} {version}", said), preview, yes=yes, dry_run=dry_run)


def _in_force_from(station: Station, text: str | None) -> int:
    now_ms = station.rehearsal_time
    if text is not None:
        return parse_due(text, now_ms=now_ms, utc_offset_minutes=station.exchange.utc_offset_minutes)
    if station.exchange.purpose == TRAINING:
        return now_ms + TRAINING_GRACE_MS
    return now_ms + RULES_NOTICE_MS + GRACE_MS


def named_by_prefix(prefix: str, known: Sequence[Digest], what: str) -> Digest:
    """Return the one digest that begins so; raise `UsageError` with those there are if it is not known which."""
    found = [one for one in known if one.hex().startswith(prefix.lower())]
    if len(prefix) < SHORTEST_PREFIX or len(found) != 1:
        listed = "".join(f"\n  {one.hex()}" for one in known)
        raise UsageError(f"It is not known which {prefix!r} means: give {SHORTEST_PREFIX} or more digits. {what}:{listed}")
    return found[0]


def roots_preview(
    session: Session,
    act: str,
    signers: tuple[OfficerSigner, ...],
    says: tuple[tuple[str, object], ...],
    data: dict[str, object],
) -> Preview:
    """Return what is shown before the root keys sign: `says` are names of labels with their values."""
    voice = Voice(signers=signers, organisation="")
    named = tuple((label(key, session.language), value) for key, value in says)
    return Preview(act=act, says=(*voice.says(session.language), *named), data=data)
