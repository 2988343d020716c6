"""`ortoo key`: made, imported and enrolled here; `cli.key_stops`, `cli.keys_shown` and `cli.contests` have more."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Final

import click

from adapters.authority_files import authority_paths, load_authority, read_certificate_file
from adapters.certificate_authority import CERTIFICATE_DAYS, TEMPORARY_DAYS, issue_certificate, new_serial
from adapters.errors import RequestFileError
from adapters.key_requests import REQUEST_FILE_LIMIT_BYTES, SignedRequest, read_request, require_words
from adapters.registration import enrolled
from adapters.station import Station
from adapters.token_uris import parse_token_uri
from cli.acting import acting_station, for_option, home_of_officer
from cli.confirm import Preview
from cli.contests import contested, reaffirm, repudiate
from cli.errors import ConfirmationNeededError, UsageError
from cli.founding import AUTHORITY_FOLDER
from cli.key_making import MadeKey, ask_again, import_key, joined_ledger, make_key, make_key_on_token, newest_key_file
from cli.key_stops import resume, revoke, suspend
from cli.keys_shown import list_keys
from cli.labels import code_label, label
from cli.options import acting_options, command_options
from cli.passphrases import new_passphrase
from cli.render import pair_lines, show_time
from cli.session import Session
from cli.voices import root_option, say_one, voice_of
from cli.wiring import passphrase_source, pin_source, secrets_of
from domain.certificates import parse_certificate
from domain.enrolment import ASSURANCES, TEMPORARY
from domain.ids import OfficerId, officer_id, sha256
from domain.signatures import ECDSA_P256, ED25519

ALGORITHMS: Final = {"p256": ECDSA_P256, "ed25519": ED25519}
FROM_OUTSIDE: Final = "file"


@click.group("key")
def key() -> None:
    """Keys: make, enrol, suspend, revoke."""


for command in (suspend, resume, revoke, list_keys, contested, reaffirm, repudiate):
    key.add_command(command)


@key.command("create")
@click.argument("officer")
@click.option("--algorithm", type=click.Choice(list(ALGORITHMS)), default="p256", show_default=True)
@click.option("--token", metavar="URI", help="Make it on this token (pkcs11:token=LABEL?module-path=DRIVER), never to leave it.")
@click.option("--another", is_flag=True, help="Beside a key that is there already.")
@click.option("--again", is_flag=True, help="Make no key: write the request for the one that is there again.")
@command_options
def create(session: Session, /, *, officer: str, algorithm: str, token: str | None, another: bool, again: bool) -> None:
    """Make a key for an officer or a station in this home, and the request file that asks to enrol it.

    The passphrase is asked for twice; in scripts it comes from passphrase_file or ORTOO_PASSPHRASE. With --token the key is made
    on a token and its PIN is asked for; in scripts it comes from pin_file or ORTOO_PIN. The request goes to the registrar; the
    six words are told to him by another way, so that nobody can put a key of his own in its place.

    Example:
      ortoo key create mfy-001.secretary
    """
    who, now_ms = officer_id(officer), session.now_ms()
    if again:
        file = newest_key_file(session.home, who)
        ask = secrets_of(session).of(file, who)
        made = ask_again(session.home, joined_ledger(session.home), file, who, ask, now_ms=now_ms)
    elif token is not None:
        if ALGORITHMS[algorithm] != ECDSA_P256:
            raise UsageError(f"No key was made for {who}: keys on a token are P-256. Leave --algorithm out.")
        made = make_key_on_token(
            session.home, who, parse_token_uri(token), _asked_once(session, who), now_ms=now_ms, another=another
        )
    else:
        joined_ledger(session.home)
        passphrase = new_passphrase(session, who)
        made = make_key(session.home, who, ALGORITHMS[algorithm], passphrase, now_ms=now_ms, another=another)
    _tell_made(session, made)


@key.command("import")
@click.argument("officer")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--file-passphrase", type=click.Path(path_type=Path), help="A file whose first line is FILE's passphrase.")
@command_options
def import_(session: Session, officer: str, file: Path, file_passphrase: Path | None) -> None:
    """Take an officer's key from a PKCS #12 file (.p12, .pfx), and write the request that asks to enrol it.

    A certificate that lies with it is written beside the request; `ortoo key enrol --certificate` takes it.

    Example:
      ortoo key import mfy-001.secretary card.p12
    """
    who = officer_id(officer)
    joined_ledger(session.home)
    secret = _file_passphrase(session, file, file_passphrase)
    passphrase = new_passphrase(session, who)
    _tell_made(session, import_key(session.home, who, file, secret, passphrase, now_ms=session.now_ms()))


@key.command("enrol")
@click.argument("request_file", metavar="REQUEST", type=click.Path(path_type=Path))
@click.option("--words", metavar="WORDS", help="The six words that the officer told (asked for if not given).")
@click.option("--certificate", type=click.Path(path_type=Path), help="A certificate of an outside CA that is a trust anchor.")
@click.option("--assurance", type=click.Choice(sorted(ASSURANCES)), help="Default: temporary, with an outside CA file.")
@click.option("--days", type=click.IntRange(1, 3650), help="How long a certificate of the exchange's CA is valid.")
@root_option
@for_option
@acting_options
@command_options
def enrol(  # noqa: PLR0913 - what the command line says
    session: Session,
    /,
    *,
    request_file: Path,
    words: str | None,
    certificate: Path | None,
    assurance: str | None,
    days: int | None,
    roots: tuple[str, ...],
    for_: str | None,
    yes: bool,
    dry_run: bool,
) -> None:
    """Enrol a key: compare the six words, issue a certificate (or take one of an outside CA), put it on the ledger.

    The exchange's own CA issues for 90 days with assurance temporary, for a person not yet identified face to face; give
    --assurance file (or token) once he was, for two years. For registrars of the first organisation the root keys sign.

    Example:
      ortoo key enrol mfy-001.secretary.request.json --words "manom vabim bizoz rohaf posal bovot" --assurance file
    """
    station = acting_station(session)
    request = read_request(station.parts.codec, _read_request_file(request_file))
    require_words(request, words if words is not None else _asked_words(session))
    voice = voice_of(session, station, roots=roots, organisation=for_)
    assured = assurance or (TEMPORARY if certificate is None else FROM_OUTSIDE)
    der = _issued(session, station, request, assured, days) if certificate is None else read_certificate_file(certificate)
    said = enrolled(station, voice.signers, voice.organisation, request=request, certificate=der, assurance=assured)
    found, language, who = parse_certificate(der), session.language, request.request.officer
    until = show_time(found.not_after_ms, station.exchange.utc_offset_minutes)
    says = (
        (label("heading.officer", language), who),
        (label("heading.key", language), sha256(found.spki).hex()[:16]),
        (label("heading.words", language), request.words),
        (label("heading.assurance", language), code_label("assurance", assured, language)),
        (label("heading.valid_until", language), until),
    )
    data = {"officer": who, "key": sha256(found.spki), "assurance": assured, "valid_until": found.not_after_ms}
    preview = Preview(act=said.body.TYPE, says=(*voice.says(language), *says), data=data)
    say_one(session, station, (f"{who}  {sha256(found.spki).hex()[:16]}", said), preview, yes=yes, dry_run=dry_run)


def _issued(session: Session, station: Station, request: SignedRequest, assurance: str, days: int | None) -> bytes:
    who = request.request.officer
    home = home_of_officer(station, who)
    folder = session.home / AUTHORITY_FOLDER
    if not authority_paths(folder)[0].exists():
        raise UsageError(
            f"No certificate was issued for {who}: the exchange's CA is not in this home (looked in {folder}). Enrol where it "
            "is, or give the certificate of an outside CA with --certificate FILE."
        )
    authority = load_authority(folder, lambda: passphrase_source(session)(OfficerId(AUTHORITY_FOLDER)))
    return issue_certificate(
        authority,
        spki=request.request.public_key,
        officer=who,
        organisation=home,
        at_ms=station.rehearsal_time,
        days=days or (TEMPORARY_DAYS if assurance == TEMPORARY else CERTIFICATE_DAYS),
        serial=new_serial(),
    )


def _tell_made(session: Session, made: MadeKey) -> None:
    language, request = session.language, made.request
    data = {
        "officer": request.request.officer,
        "key": made.key,
        "file": made.key_file,
        "token": None if made.token is None else str(made.token),
        "request": made.request_file,
        "words": request.words,
        "certificate": made.certificate_file,
    }
    pairs = [
        (label("heading.officer", language), request.request.officer),
        (label("heading.key", language), made.key.hex()[:16]),
        (label("heading.file", language), made.request_file),
        (label("heading.words", language), request.words),
    ]
    session.note(label("note.request_written", language))
    session.show(data, pair_lines(pairs))
    if made.certificate_file is not None:
        session.note(label("note.certificate_beside", language, file=made.certificate_file))


def _asked_once(session: Session, who: OfficerId) -> Callable[[], bytes]:
    """Return who is asked for the PIN when the key is made, and remembers it for the key's first signature."""
    return functools.cache(lambda: pin_source(session)(who))


def _read_request_file(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            return stream.read(REQUEST_FILE_LIMIT_BYTES + 1)
    except OSError as error:
        raise RequestFileError(f"The request {file} cannot be read ({error.strerror}). Check the path.") from error


def _asked_words(session: Session) -> str:
    if not session.asks:
        raise ConfirmationNeededError("Nothing was enrolled: give the six words that the officer told with --words.")
    return str(click.prompt(label("prompt.words", session.language), err=True))


def _file_passphrase(session: Session, file: Path, given: Path | None) -> bytes:
    if given is not None:
        try:
            return given.expanduser().read_bytes().split(b"\n", 1)[0].rstrip(b"\r")
        except OSError as error:
            raise UsageError(f"The passphrase file {given} cannot be read ({error.strerror}). Check the path.") from error
    if not session.asks:
        raise ConfirmationNeededError("Nothing was imported: give the file of its passphrase with --file-passphrase.")
    question = label("prompt.p12_passphrase", session.language, file=file.name)
    return str(click.prompt(question, hide_input=True, err=True)).encode()
