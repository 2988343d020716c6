"""`ortoo trust`: the trust file is made at a station, signed by the roots one after the other, and shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from adapters.checkpoints import WitnessPolicy
from adapters.key_files import ANYBODY_READS, write_new_file
from adapters.signers import Signer, open_signer
from adapters.trust_files import Trust, TrustFileError, encode_trust, parse_trust, read_trust, sign_trust, verify_trust
from cli.confirm import ask
from cli.errors import UsageError
from cli.evidence_selection import anchors_named
from cli.labels import label
from cli.options import command_options
from cli.session import Session
from cli.settings import write_atomically
from cli.trusting import trust_data, trust_lines
from cli.views import open_views
from cli.wiring import passphrase_source, witness_policy
from domain.cosignatures import WitnessKey, parse_witness_key
from domain.ids import OfficerId
from domain.ledger_time import MS_PER_S

VALID_DAYS: Final = 365
DAY_MS: Final = 24 * 3600 * 1000


@click.group("trust")
def trust() -> None:
    """The trust file: what somebody needs who verifies without an exchange at hand."""


@trust.command("export")
@click.option("-o", "--output", required=True, metavar="FILE", type=click.Path(path_type=Path), help="A new file.")
@click.option("--witness", "witnesses", metavar="KEY", multiple=True, help="Verifier key of a witness; once for each.")
@click.option("--quorum", type=click.IntRange(0), help="How many must have cosigned (default: all, or as the settings say).")
@click.option("--valid-days", type=click.IntRange(1, 3650), default=VALID_DAYS, show_default=True, help="From now.")
@click.option("--after", metavar="FILE", type=click.Path(path_type=Path), help="The trust file that this one follows.")
@command_options
def export(
    session: Session,
    /,
    *,
    output: Path,
    witnesses: tuple[str, ...],
    quorum: int | None,
    valid_days: int,
    after: Path | None,
) -> None:
    """Write a trust file of this home's ledger, for the roots to sign.

    It names the ledger, its roots, its checkpoint keys, every authority that the ledger ever named, and the witnesses of your
    choice (without --witness: those of the file before, or of this home's settings). It says nothing until as many roots as
    must have signed it: `ortoo trust sign`.

    Example:
      ortoo trust export -o trust.json --witness "w1.example+0a1b2c3d+BF..." --quorum 1
      ortoo trust export -o trust-2.json --after trust.json
    """
    views = open_views(session)
    exchange = views.exchange
    before = None if after is None else read_trust(after.expanduser())
    if before is not None and before.identity != exchange.identity:
        raise UsageError(f"Nothing was written: {after} is of another ledger, {before.name}.")
    given = tuple(parse_witness_key(one) for one in witnesses)
    policy = _policy(session, given, quorum, before)
    with views.reading() as connection:
        anchors = anchors_named(views.station, connection)
    made = Trust(
        version=1 if before is None else before.version + 1,
        identity=exchange.identity,
        name=exchange.name,
        valid_until_ms=session.now_ms() // MS_PER_S * MS_PER_S + valid_days * DAY_MS,
        roots=exchange.roots,
        threshold=exchange.threshold,
        checkpoint_keys=exchange.checkpoint_keys,
        witnesses=policy.witnesses,
        quorum=policy.quorum,
        anchors=anchors,
    )
    write_new_file(output.expanduser(), _readable(made), mode=ANYBODY_READS)
    session.show({"file": output, **trust_data(made)}, trust_lines(made, session.language))
    if made.quorum == 0:
        session.note(label("note.no_quorum", session.language))
    session.note(label("note.trust_unsigned", session.language, missing=made.missing_signatures, file=output))


@trust.command("sign")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--root", "roots", metavar="FILE", type=click.Path(), multiple=True, required=True, help="A root key that signs.")
@click.option("--yes", is_flag=True, help="Do not ask (for scripts).")
@command_options
def sign(session: Session, file: Path, roots: tuple[str, ...], *, yes: bool) -> None:
    """Sign a trust file with root keys that lie on this machine; the file then travels to the next one.

    No home is needed, and no network: only the file and the key. Compare what is shown with what you know before you sign.

    Example:
      ortoo trust sign trust.json --root /media/stick/root-1.pem
    """
    path = file.expanduser()
    signed = read_trust(path)
    for line in trust_lines(signed, session.language)():
        session.note(line)
    if not yes:
        ask(session, label("prompt.sign_trust", session.language))
    for root in dict.fromkeys(roots):
        signed = sign_trust(signed, _root_signer(session, Path(root)))
    write_atomically(path, encode_trust(signed).decode("utf-8"))
    path.chmod(ANYBODY_READS)
    missing = signed.missing_signatures
    data = {"file": file, "signed_by": [one.root for one in signed.signatures], "missing": missing}
    done = label("note.trust_signed", session.language)
    session.show(data, [label("note.trust_unsigned", session.language, missing=missing, file=file) if missing else done])


@trust.command("show")
@click.argument("file", type=click.Path(path_type=Path))
@command_options
def show(session: Session, file: Path) -> None:
    """Show what a trust file says, and whether it may be relied upon.

    Ends with 4 if too few roots have signed it or its time has passed, with 3 if a signature is wrong.

    Example:
      ortoo trust show trust.json
    """
    found = read_trust(file.expanduser())
    session.show({"file": file, **trust_data(found)}, trust_lines(found, session.language))
    verify_trust(found, session.now_ms())
    session.note(label("note.trust_signed", session.language))


def _readable(made: Trust) -> bytes:
    """Return the bytes of a trust file, unless nobody could read them: then the roots would sign for nothing."""
    raw = encode_trust(made)
    try:
        parse_trust(raw)
    except TrustFileError as error:
        raise UsageError(f"Nothing was written, because nobody could read it. {error} Look at --witness and --quorum.") from error
    return raw


def _policy(session: Session, given: tuple[WitnessKey, ...], quorum: int | None, before: Trust | None) -> WitnessPolicy:
    """Return the witnesses that were named, else those of the trust file before, else those that this home believes."""
    if given:
        policy = WitnessPolicy(witnesses=given, quorum=len(given))
    elif before is not None:
        policy = WitnessPolicy(witnesses=before.witnesses, quorum=before.quorum)
    else:
        policy = witness_policy(session)
    chosen = policy if quorum is None else replace(policy, quorum=quorum)
    if chosen.quorum > len(chosen.witnesses):
        raise UsageError(
            f"Nothing was written: --quorum {chosen.quorum} is more than the {len(chosen.witnesses)} witnesses that are named. "
            "Name more with --witness."
        )
    return chosen


def _root_signer(session: Session, path: Path) -> Signer:
    ask_for = passphrase_source(session)
    return open_signer(path.expanduser().absolute().as_uri(), lambda: ask_for(OfficerId(path.name)))
