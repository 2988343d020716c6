"""What the root keys alone may do, and keys that come from elsewhere: an outside authority, a PKCS #12 file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_der_x509_certificate

from adapters.authority_files import write_certificate_file
from adapters.certificate_authority import Authority, create_authority, issue_certificate, new_serial
from adapters.clock import system_clock_ms
from adapters.signers import signer_of
from domain.ids import OfficerId, OrgId
from tests.founded_homes import Desk, Founded, found

CARD_PASSPHRASE = "of the card"


@pytest.fixture
def exchange(tmp_path: Path) -> Founded:
    return found(tmp_path)


@pytest.fixture
def outside() -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    return create_authority(key, name="National CA", at_ms=system_clock_ms(), serial=new_serial())


def card_of(authority: Authority, officer: str, file: Path) -> None:
    """Write a PKCS #12 file with a key and its certificate, as an outside authority hands it out."""
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = issue_certificate(
        authority,
        spki=signer_of(key).spki,
        officer=OfficerId(officer),
        organisation=OrgId("min"),
        at_ms=system_clock_ms(),
        days=100,
        serial=new_serial(),
    )
    locked = BestAvailableEncryption(CARD_PASSPHRASE.encode())
    file.write_bytes(serialize_key_and_certificates(b"card", key, load_der_x509_certificate(certificate), None, locked))
    file.chmod(0o600)


def imported(exchange: Founded, desk: Desk, authority: Authority, officer: str) -> tuple[str, ...]:
    """Appoint an officer whose key lies in a PKCS #12 file, import it, and return the words of his enrolment."""
    given = ("--org", "min", "--role", "clerk", "--name", f"uz={officer}", "--post", "uz=Xodim", "--yes")
    exchange.registrar.done("officer", "appoint", officer, *given)
    card, secret = exchange.folder / f"{os.urandom(4).hex()}.p12", exchange.folder / "card-passphrase"
    card_of(authority, officer, card)
    secret.write_text(CARD_PASSPHRASE)
    made = desk.done("key", "import", officer, str(card), "--file-passphrase", str(secret))
    return ("key", "enrol", made["request"], "--words", made["words"], "--certificate", made["certificate"], "--yes")


def test_a_key_from_an_outside_authority_is_enrolled_once_the_roots_trust_that(exchange: Founded, outside: Authority) -> None:
    registrar, desk = exchange.registrar, exchange.desk("clerk")
    enrol = imported(exchange, desk, outside, "clerk")
    assert registrar.error(*enrol) == (5, "CERTIFICATE_NOT_FROM_ANCHOR")
    anchor = exchange.folder / "national-ca.pem"
    write_certificate_file(anchor, outside.certificate)
    assert registrar.error("ledger", "add-anchor", str(anchor), "--yes") == (2, "USAGE")
    registrar.done("ledger", "add-anchor", str(anchor), "--yes", *registrar.roots)
    assert registrar.error("ledger", "add-anchor", str(anchor), "--yes", *registrar.roots) == (5, "ANCHOR_ALREADY_IN_FORCE")
    registrar.done(*enrol)
    desk.done("identity", "use", "clerk")
    desk.done("group", "define", "all", "--where", "kind=ministry", "--yes")
    (key,) = registrar.done("key", "list", "--officer", "clerk")["keys"]
    assert key["certificates"][0]["assurance"] == "file"


def test_an_anchor_that_is_withdrawn_enrols_nobody_more_and_forgets_nobody(exchange: Founded, outside: Authority) -> None:
    registrar, desk = exchange.registrar, exchange.desk("clerk")
    anchor = exchange.folder / "national-ca.pem"
    write_certificate_file(anchor, outside.certificate)
    registrar.done("ledger", "add-anchor", str(anchor), "--yes", *registrar.roots)
    registrar.done(*imported(exchange, desk, outside, "first"))
    digests = [one["anchor"] for one in registrar.done("ledger", "show")["anchors"]]
    withdraw = ("--reason", "CEASED", "--yes", *registrar.roots)
    assert registrar.error("ledger", "withdraw-anchor", digests[1][:5], *withdraw) == (2, "USAGE")
    end = registrar.done("ledger", "withdraw-anchor", digests[1][:8], *withdraw)["position"]
    counts = [len(registrar.done("ledger", "show", "--as-of", str(at))["anchors"]) for at in (0, 1, end - 1, end)]
    assert counts == [1, 2, 2, 1]
    assert registrar.error(*imported(exchange, desk, outside, "second")) == (5, "CERTIFICATE_NOT_FROM_ANCHOR")
    desk.done("identity", "use", "first")
    desk.done("group", "define", "all", "--where", "kind=ministry", "--yes")


def test_an_outside_anchor_may_be_named_from_the_beginning(tmp_path: Path, outside: Authority) -> None:
    anchor = tmp_path / "national-ca.pem"
    write_certificate_file(anchor, outside.certificate)
    exchange = found(tmp_path, None, "--anchor", str(anchor))
    desk = exchange.desk("clerk")
    exchange.registrar.done(*imported(exchange, desk, outside, "clerk"))
    assert len(exchange.registrar.done("ledger", "show")["anchors"]) == 2


def test_what_is_no_certificate_is_no_anchor(exchange: Founded) -> None:
    file = exchange.folder / "note.txt"
    file.write_text("not a certificate")
    words = ("ledger", "add-anchor", str(file), "--yes", *exchange.registrar.roots)
    assert exchange.registrar.error(*words) == (1, "CERTIFICATE_FILE")


def test_new_roots_take_over_from_the_old_ones(exchange: Founded) -> None:
    registrar = exchange.registrar
    made = [registrar.done("ledger", "make-root", str(exchange.folder / f"new-{number}.pem")) for number in (1, 2)]
    named = [word for one in made for word in ("--key", one["public_key"])]
    change = ("ledger", "change-roots", *named, "--threshold", "1", "--yes")
    assert registrar.error(*change, "--root", made[0]["file"]) == (2, "USAGE")
    registrar.done(*change, *registrar.roots)
    shown = registrar.done("ledger", "show")
    assert (shown["roots"], shown["threshold"]) == ([one["key"] for one in made], 1)
    suspend = ("key", "suspend", "registrar", "--reason", "LOST", "--yes")
    assert registrar.error(*suspend, *registrar.roots) == (2, "USAGE")
    registrar.done(*suspend, "--root", made[1]["file"])


def test_one_root_is_replaced_and_the_others_stay(exchange: Founded) -> None:
    registrar = exchange.registrar
    before = registrar.done("ledger", "show")["roots"]
    made = registrar.done("ledger", "make-root", str(exchange.folder / "new.pem"))
    keep = ("--keep", before[0][:8], "--keep", before[2][:8])
    change = ("ledger", "change-roots", *keep, "--key", made["public_key"], "--threshold", "2", "--yes", *registrar.roots)
    registrar.done(*change)
    assert registrar.done("ledger", "show")["roots"] == [before[0], before[2], made["key"]]
    assert registrar.done("ledger", "show", "--as-of", "0")["roots"] == before
    assert registrar.done("ledger", "show", "--as-of", "1")["roots"] == [before[0], before[2], made["key"]]
    assert registrar.error("ledger", "change-roots", "--keep", before[1][:8], "--threshold", "1", "--yes") == (2, "USAGE")


def test_a_root_key_that_is_there_stays_as_it_is(exchange: Founded) -> None:
    file = exchange.registrar.folder / "roots" / "root-1.pem"
    before = file.read_bytes()
    assert exchange.registrar.error("ledger", "make-root", str(file)) == (1, "KEY_FILE")
    assert file.read_bytes() == before
