"""Keys on a token (SoftHSM 2, by its real driver): made there, never taken out, and told plainly when they cannot sign."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from adapters.errors import KeyFileError
from adapters.keyring import read_token_file
from adapters.pkcs11_tokens import TokenSigner, _require_kept_inside, make_token_key
from adapters.token_errors import PinLockedError, PinRefusedError, TokenAmbiguousError, TokenKeyDiffersError
from adapters.token_uris import TokenUri, parse_token_uri
from domain.signatures import ECDSA_P256, verify_signature
from tests.founded_homes import Desk, Founded, found
from tests.softhsm import PIN, SoftHsm, SoftHsmUnavailableError, library

WRONG = "141421"


def right() -> bytes:
    return PIN.encode()


class Asked:
    """Somebody who always gives the same PIN, and how often he was asked."""

    def __init__(self, pin: str) -> None:
        self.pin = pin
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return self.pin.encode()


@pytest.fixture
def uri(softhsm: SoftHsm) -> TokenUri:
    """A key of the deputy's on a token of the ministry's."""
    return make_token_key(parse_token_uri(softhsm.new_token("Ministry")), "deputy", right)


@contextmanager
def objects_on(uri: TokenUri) -> Iterator[list[Any]]:
    """Look at what a token holds, as somebody who knows the PIN, in a process of his own."""
    driver = library().lib(str(uri.module))
    driver.reinitialize()
    with driver.get_token(token_label=uri.token["token"]).open(user_pin=PIN, rw=True) as session:
        yield list(session.get_objects())


class TestAKeyOnAToken:
    """What a token makes and what it signs."""

    def test_it_is_made_there_and_never_leaves(self, uri: TokenUri) -> None:
        attribute = library().Attribute
        with objects_on(uri) as found:
            (private,) = (one for one in found if isinstance(one, library().PrivateKey))
            assert [private[attribute.EXTRACTABLE], private[attribute.NEVER_EXTRACTABLE]] == [False, True]
            assert [private[attribute.SENSITIVE], private[attribute.ALWAYS_SENSITIVE]] == [True, True]
            assert [private[attribute.LOCAL], private[attribute.PRIVATE], private[attribute.SIGN]] == [True, True, True]
            assert [private[attribute.DECRYPT], private[attribute.UNWRAP], private[attribute.DERIVE]] == [False, False, False]
            with pytest.raises(library().AttributeSensitive):
                _ = private[attribute.VALUE]

    def test_its_signatures_are_strict_der_whatever_r_and_s_are(self, uri: TokenUri) -> None:
        signer = TokenSigner(uri, right)
        messages = [b"message %d" % number for number in range(300)]
        signatures = [signer.sign(message) for message in messages]
        for message, signature in zip(messages, signatures, strict=True):
            verify_signature(algorithm=ECDSA_P256, spki=signer.spki, signature=signature, message=message)
        # A number that begins with a set bit gets a byte more, one that begins with a zero byte has one less.
        assert {70, 71, 72} <= {len(signature) for signature in signatures}

    @pytest.mark.parametrize(("extractable", "sensitive"), [(True, True), (False, False)])
    def test_a_token_that_lets_its_keys_out_is_not_trusted_with_one(
        self, uri: TokenUri, extractable: bool, sensitive: bool
    ) -> None:
        attribute = library().Attribute
        with pytest.raises(TokenKeyDiffersError, match="taken out"):
            _require_kept_inside(uri, {attribute.EXTRACTABLE: extractable, attribute.SENSITIVE: sensitive})

    def test_a_key_on_another_curve_does_not_sign(self, uri: TokenUri) -> None:
        p384 = bytes.fromhex("06052b81040022")
        with objects_on(uri) as found:
            kind, curve = library().KeyType.EC, {library().Attribute.EC_PARAMS: p384}
            parameters = found[0].session.create_domain_parameters(kind, curve, local=True)
            parameters.generate_keypair(label="other curve", id=b"\x01", store=True)
        with pytest.raises(TokenKeyDiffersError, match="no P-256 key"):
            TokenSigner(replace(uri, object="other curve", id=None, key=None), right).sign(b"one")

    def test_two_officers_may_share_a_token(self, uri: TokenUri) -> None:
        other = make_token_key(replace(uri, object=None, id=None, key=None), "clerk", right)
        deputy, clerk = TokenSigner(uri, right), TokenSigner(other, right)
        assert deputy.sign(b"one") != clerk.sign(b"one")
        assert deputy.spki != clerk.spki

    def test_a_uri_that_several_keys_fit_signs_nothing(self, uri: TokenUri) -> None:
        make_token_key(replace(uri, object=None, id=None, key=None), "clerk", right)
        with pytest.raises(TokenAmbiguousError, match="add ;id="):
            TokenSigner(replace(uri, object=None, id=None, key=None), right).sign(b"one")

    def test_a_uri_that_several_tokens_fit_signs_nothing(self, softhsm: SoftHsm, uri: TokenUri) -> None:
        softhsm.new_token("Ministry")
        with pytest.raises(TokenAmbiguousError, match="add ;serial="):
            TokenSigner(replace(uri, token={"token": "Ministry"}), right).sign(b"one")
        assert TokenSigner(uri, right).sign(b"one")

    def test_a_token_that_is_plugged_in_again_signs_again(self, softhsm: SoftHsm, uri: TokenUri) -> None:
        signer = TokenSigner(uri, right)
        signer.sign(b"one")
        softhsm.pull_out()
        softhsm.plug_in()
        assert signer.sign(b"two")


class TestAPin:
    """One that the token does not take."""

    def test_a_refused_one_is_not_tried_again(self, uri: TokenUri) -> None:
        asked = Asked(WRONG)
        signer = TokenSigner(uri, asked)
        for _ in range(5):
            with pytest.raises(PinRefusedError):
                signer.sign(b"one")
        assert asked.times == 1

    def test_a_token_that_locked_itself_says_so_to_the_right_one_too(self, softhsm: SoftHsm) -> None:
        try:
            softhsm.lock_after_three()
        except SoftHsmUnavailableError as error:
            (pytest.fail if os.environ.get("CI") else pytest.skip)(f"no token that locks to test with: {error}")
        uri = make_token_key(parse_token_uri(softhsm.new_token("Ministry")), "deputy", right)
        for _ in range(3):
            with pytest.raises(PinRefusedError):
                TokenSigner(uri, Asked(WRONG)).sign(b"one")
        with pytest.raises(PinLockedError, match="PUK"):
            TokenSigner(uri, right).sign(b"one")

    @pytest.mark.parametrize("pin", ["1", "9" * 300])
    def test_one_that_no_token_takes_is_refused(self, uri: TokenUri, pin: str) -> None:
        with pytest.raises(PinRefusedError):
            TokenSigner(uri, Asked(pin)).sign(b"one")


@pytest.fixture
def exchange(tmp_path: Path) -> Founded:
    return found(tmp_path)


def enrolled_on_token(exchange: Founded, desk: Desk, officer: str, organisation: str, roles: tuple[str, ...], token: str) -> None:
    """Appoint an officer and enrol a key of his that is made on a token."""
    given = [word for role in roles for word in ("--role", role)]
    name = ("--name", f"uz={officer}", "--post", "uz=Xodim")
    exchange.registrar.done("officer", "appoint", officer, "--org", organisation, *given, *name, "--yes")
    desk.done("identity", "use", officer)
    made = desk.home.done("--json", "key", "create", officer, "--token", token, ORTOO_PIN=PIN).data
    exchange.registrar.done("key", "enrol", made["request"], "--words", made["words"], "--assurance", "token", "--yes")


@pytest.fixture
def ministry(exchange: Founded, softhsm: SoftHsm) -> Desk:
    """The desk of the deputy, whose key is on a token."""
    desk = exchange.desk("ministry")
    enrolled_on_token(exchange, desk, "deputy", "min", ("signatory",), softhsm.new_token("Ministry"))
    exchange.registrar.done("org", "register", "mfy-001", "--kind", "committee", "--name", "uz=1-MFY", "--yes")
    (exchange.folder / "letter.txt").write_text("Hurmatli hamkasblar!\n")
    # A login lasts as long as the process, and all commands of a test run in one.
    softhsm.restart()
    return desk


def send(exchange: Founded, desk: Desk, **environment: str) -> tuple[int, str, str]:
    """Let the deputy send a letter; return the exit code, the code of the error, and all that was printed."""
    letter = ("letter", "send", str(exchange.folder / "letter.txt"), "--subject", "Xat", "--to", "mfy-001", "--yes")
    answer = desk.run("--json", *letter, **environment)
    code = answer.data["error"]["code"] if answer.code else ""
    return answer.code, code, answer.out + answer.err


def test_a_letter_and_its_receipt_are_signed_by_tokens(exchange: Founded, softhsm: SoftHsm, ministry: Desk) -> None:
    committee = exchange.desk("committee")
    enrolled_on_token(exchange, committee, "chair", "mfy-001", ("clerk",), softhsm.new_token("Mahalla-1"))
    (exchange.folder / "pin").write_text(f"{PIN}\n")
    code, _, printed = send(exchange, ministry, ORTOO_PIN_FILE=str(exchange.folder / "pin"))
    assert code == 0, printed
    received = committee.done("inbox")["lines"][0]["letter"]
    answer = committee.run("--json", "letter", "acknowledge", received[:8], "--yes", ORTOO_PIN=PIN)
    assert answer.code == 0, answer.err
    shown = exchange.registrar.done("history", "--positions", "0..99")["lines"]
    said = [(one["type"], one["reason"]) for one in shown if one["letter"] == received]
    assert said == [("letter.dispatched", "ACCEPTED"), ("receipt.acknowledged", "ACCEPTED")]
    assert {one["assurance"] for key in committee.done("key", "list")["keys"] for one in key["certificates"]} == {"file", "token"}
    written = b"".join(file.read_bytes() for file in exchange.folder.rglob("*") if file.is_file() and file.name != "pin")
    assert PIN.encode() not in written


def test_who_acts_here_is_listed_with_his_token(ministry: Desk) -> None:
    (listed,) = ministry.done("identity", "list")["identities"]
    (kept,) = listed["kept"]
    assert parse_token_uri(kept["token"]).token["token"] == "Ministry"
    assert str(read_token_file(Path(kept["file"]))) == kept["token"]
    assert "token Ministry" in ministry.run("identity", "list").out


def remove_the_key(uri: TokenUri) -> None:
    with objects_on(uri) as found:
        for one in found:
            one.destroy()


def put_another_in_its_place(uri: TokenUri) -> None:
    """Leave the names of a key, and change the key."""
    remove_the_key(uri)
    made = make_token_key(replace(uri, id=None, key=None), "deputy", right)
    with objects_on(made) as found:
        for one in found:
            one[library().Attribute.ID] = uri.id


TOKENS_THAT_DO_NOT_SIGN: dict[str, tuple[Callable[[SoftHsm, TokenUri], object], str]] = {
    "pulled out": (lambda softhsm, _: softhsm.pull_out(), "TOKEN_REMOVED"),
    "without the key": (lambda _, uri: remove_the_key(uri), "TOKEN_KEY_MISSING"),
    "with another key": (lambda _, uri: put_another_in_its_place(uri), "TOKEN_KEY_DIFFERS"),
}


@pytest.mark.parametrize("case", TOKENS_THAT_DO_NOT_SIGN)
def test_a_token_that_cannot_sign_has_an_error_of_its_own(case: str, exchange: Founded, softhsm: SoftHsm, ministry: Desk) -> None:
    happens, expected = TOKENS_THAT_DO_NOT_SIGN[case]
    happens(softhsm, read_token_file(ministry.folder / "keys" / "deputy.uri"))
    softhsm.restart()
    code, told, printed = send(exchange, ministry, ORTOO_PIN=PIN)
    assert (code, told) == (1, expected)
    assert "nothing was signed" in printed
    assert PIN not in printed
    assert ministry.done("queue", "list")["waiting"] == []


PINS_THAT_DO_NOT_OPEN = {
    "another": ({"ORTOO_PIN": WRONG}, "PIN_REFUSED"),
    "an empty one": ({"ORTOO_PIN": ""}, "PIN_NEEDED"),
    "nobody to ask": ({}, "PIN_NEEDED"),
    "a file that is not there": ({"ORTOO_PIN_FILE": "/none"}, "PIN_NEEDED"),
    "one that is no text": ({"ORTOO_PIN": "\udcff"}, "PIN_NEEDED"),
}


@pytest.mark.parametrize("case", PINS_THAT_DO_NOT_OPEN)
def test_a_pin_that_does_not_open_has_an_error_of_its_own(case: str, exchange: Founded, ministry: Desk) -> None:
    environment, expected = PINS_THAT_DO_NOT_OPEN[case]
    code, told, printed = send(exchange, ministry, ORTOO_DEBUG="1", **environment)
    assert (code, told) == (1, expected)
    assert "Traceback" in printed
    assert not any(pin in printed for pin in environment.values() if pin.isdigit())


def test_a_passphrase_is_never_tried_as_a_pin(exchange: Founded, ministry: Desk) -> None:
    assert send(exchange, ministry, ORTOO_PASSPHRASE=PIN)[:2] == (1, "PIN_NEEDED")


def test_a_driver_that_is_none_is_told(softhsm: SoftHsm, exchange: Founded) -> None:
    uri = softhsm.new_token("Ministry").replace(str(softhsm.driver), "/none.so")
    answer = exchange.registrar.run("--json", "key", "create", "deputy", "--token", uri, ORTOO_PIN=PIN)
    assert answer.data["error"]["code"] == "TOKEN_DRIVER"
    assert "/none.so" in answer.err


def test_without_the_extra_no_token_is_asked(exchange: Founded, ministry: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pkcs11", None)
        _, told, printed = send(exchange, ministry, ORTOO_PIN=PIN)
    assert told == "TOKEN_SUPPORT_MISSING"
    assert "extra `pkcs11`" in printed


class TestMaking:
    """`ortoo key create --token`."""

    def test_what_is_there_is_left_as_it_is(self, softhsm: SoftHsm, ministry: Desk) -> None:
        token = softhsm.new_token("Other")
        before = (ministry.folder / "keys" / "deputy.uri").read_bytes()
        for options in (("--token", token), ()):
            answer = ministry.run("--json", "key", "create", "deputy", *options, ORTOO_PIN=PIN)
            assert answer.data["error"]["code"] == "KEY_FILE"
            assert "--another" in answer.err
        assert (ministry.folder / "keys" / "deputy.uri").read_bytes() == before

    def test_a_name_on_the_token_is_used_once(self, softhsm: SoftHsm, exchange: Founded) -> None:
        token = softhsm.new_token("Shared")
        first, second = exchange.desk("first"), exchange.desk("second")
        first.home.done("key", "create", "deputy", "--token", token, ORTOO_PIN=PIN)
        answer = second.run("--json", "key", "create", "deputy", "--token", token, ORTOO_PIN=PIN)
        assert answer.data["error"]["code"] == "TOKEN_KEY_EXISTS"
        named = token.replace("?", ";object=deputy%20of%20the%20south?")
        made = second.home.done("--json", "key", "create", "deputy", "--token", named, ORTOO_PIN=PIN).data
        assert parse_token_uri(made["token"]).object == "deputy of the south"

    def test_another_key_and_another_request_are_made_as_for_files(self, softhsm: SoftHsm, ministry: Desk) -> None:
        token = softhsm.new_token("Second")
        further = ("key", "create", "deputy", "--another", "--token", token)
        made = ministry.home.done("--json", *further, ORTOO_PIN=PIN).data
        assert Path(made["file"]).name == "deputy~2.uri"
        again = ministry.home.done("--json", "key", "create", "deputy", "--again", ORTOO_PIN=PIN).data
        assert (again["key"], again["token"]) == (made["key"], made["token"])

    def test_only_p256_keys_are_made_on_a_token(self, softhsm: SoftHsm, exchange: Founded) -> None:
        token = softhsm.new_token("Ministry")
        options = ("key", "create", "deputy", "--algorithm", "ed25519", "--token", token)
        assert exchange.registrar.error(*options) == (2, "USAGE")

    def test_a_pin_in_the_uri_is_not_repeated(self, softhsm: SoftHsm, exchange: Founded) -> None:
        token = f"{softhsm.new_token('Ministry')}&pin-value={PIN}"
        answer = exchange.registrar.run("--json", "key", "create", "deputy", "--token", token)
        assert (answer.code, answer.data["error"]["code"]) == (2, "TOKEN_URI")
        assert PIN not in answer.out + answer.err

    def test_a_file_that_names_no_token_is_told_by_name(self, ministry: Desk) -> None:
        file = ministry.folder / "keys" / "deputy.uri"
        file.write_text("file:/etc/passwd\n")
        with pytest.raises(KeyFileError, match=r"deputy\.uri names no key on a token"):
            read_token_file(file)
