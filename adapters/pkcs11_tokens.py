"""Keys on tokens (smart cards, USB tokens, security modules) through PKCS #11: made there, never taken out, asked to sign.

The library python-pkcs11 comes with the extra `pkcs11` and is loaded when a token is needed, never before. A token is logged
in to once in a process and stays so: in PKCS #11 a login is the process's, and to log out one session logs out all.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from adapters.token_errors import (
    PinLockedError,
    PinRefusedError,
    TokenAmbiguousError,
    TokenDriverError,
    TokenError,
    TokenKeyDiffersError,
    TokenKeyExistsError,
    TokenKeyMissingError,
    TokenRemovedError,
    TokenSupportMissingError,
)
from adapters.token_uris import TokenUri
from domain.ids import sha256
from domain.signatures import ECDSA_P256, SignatureInvalidError, verify_signature

KEY_ID_SIZE_BYTES: Final = 8
"""Drawn at random: enough that no two keys of a token share one, and short enough for tokens that store few bytes."""
_COORDINATE_SIZE_BYTES: Final = 32
_P256_PARAMETERS: Final = bytes.fromhex("06082a8648ce3d030107")
"""CKA_EC_PARAMS of P-256: the DER of its object identifier."""
_POINT_SIZE_BYTES: Final = 1 + 2 * _COORDINATE_SIZE_BYTES
_PIN_REFUSED: Final = {"PinIncorrect", "PinInvalid", "PinLenRange", "PinExpired", "UserPinNotInitialized"}
_REMOVED: Final = {
    *("TokenNotPresent", "TokenNotRecognised", "DeviceRemoved", "DeviceError", "SlotIDInvalid"),
    # What handles of a session become when its token is pulled out, even if another is there by then.
    *("SessionHandleInvalid", "SessionClosed", "ObjectHandleInvalid", "KeyHandleInvalid", "UserNotLoggedIn"),
}

Pin = Callable[[], bytes]
"""Asks for the PIN: by prompt, from a file, from the environment; a text in UTF-8."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Opened:
    """A private key on a token that is logged in to, and its public half (SubjectPublicKeyInfo, DER)."""

    private: Any
    spki: bytes


class TokenSigner:
    """A signer whose private key is on a token; the token is asked, and the PIN asked for, when the key is first needed.

    A token that was pulled out is looked for again at the next signature; a refused PIN is not tried a second time.
    """

    algorithm = ECDSA_P256
    certificate = None

    def __init__(self, uri: TokenUri, pin: Pin) -> None:
        """Name the key and who is asked for the PIN."""
        self._uri = uri
        self._pin = pin
        self._opened: _Opened | None = None
        self._refused: TokenError | None = None

    @property
    def spki(self) -> bytes:
        """Its public key: SubjectPublicKeyInfo, DER; raises `TokenError` if the token cannot be used."""
        return self._key().spki

    def sign(self, message: bytes) -> bytes:
        """Return the signature over a message in strict DER, verified; raise `TokenError` if the token does not give it."""
        try:
            raw = self._ask(message)
        except TokenRemovedError:
            # It may be back by now, and only its session gone.
            raw = self._ask(message)
        signature = _strict_der(raw)
        try:
            verify_signature(algorithm=ECDSA_P256, spki=self.spki, signature=signature, message=message)
        except SignatureInvalidError as error:
            raise TokenKeyDiffersError(self._uri.token_name, self._uri.key_name, f"its signature is wrong: {error}") from error
        return signature

    def _ask(self, message: bytes) -> bytes:
        """Return r and s, one after the other."""
        key = self._key()
        try:
            with _translating(self._uri):
                # Every token with P-256 has this mechanism; one that makes the digest itself is rarer.
                raw: bytes = key.private.sign(sha256(message), mechanism=_library().Mechanism.ECDSA)
        except TokenError:
            self._opened = None
            raise
        return raw

    def _key(self) -> _Opened:
        if self._opened is None:
            if self._refused is not None:
                raise self._refused
            try:
                self._opened = _open(self._uri, self._pin)
            except (PinRefusedError, PinLockedError) as error:
                # A station tries again and again, and three tries are what a token allows.
                self._refused = error
                raise
            # What is there now has to be there when the token comes back.
            self._uri = replace(self._uri, key=sha256(self._opened.spki))
        return self._opened


def make_token_key(uri: TokenUri, label: str, pin: Pin) -> TokenUri:
    """Make a P-256 key on a token, under the URI's name or this label, and return the URI that names exactly it.

    The private half never leaves the token: it is made there as sensitive and not extractable, and the token has to say so.
    Raises `TokenError`; then no key was made, or it was destroyed.
    """
    token = _token(uri)
    wanted = replace(uri, object=uri.object or label, id=os.urandom(KEY_ID_SIZE_BYTES))
    with _translating(uri), closing(_session(uri, token, pin, writes=True)) as session:
        if list(_objects(session, replace(wanted, id=None), "PRIVATE_KEY")):
            raise TokenKeyExistsError(uri.token_name, str(wanted.object))
        public, private = _generate(session, wanted)
        try:
            spki = _spki(wanted, public)
            _require_kept_inside(wanted, private)
        except TokenError:
            private.destroy()
            public.destroy()
            raise
    return replace(wanted, token={**uri.token, "serial": token.serial.decode("utf-8", "replace").rstrip()}, key=sha256(spki))


def _generate(session: Any, wanted: TokenUri) -> tuple[Any, Any]:
    attribute, flag = _library().Attribute, _library().MechanismFlag
    curve = session.create_domain_parameters(_library().KeyType.EC, {attribute.EC_PARAMS: _P256_PARAMETERS}, local=True)
    inside = {attribute.PRIVATE: True, attribute.SENSITIVE: True, attribute.EXTRACTABLE: False}
    pair: tuple[Any, Any] = curve.generate_keypair(
        id=wanted.id, label=wanted.object, store=True, capabilities=flag.SIGN | flag.VERIFY, private_template=inside
    )
    return pair


def _require_kept_inside(uri: TokenUri, private: Any) -> None:
    attribute = _library().Attribute
    if private[attribute.EXTRACTABLE] or not private[attribute.SENSITIVE]:
        raise TokenKeyDiffersError(uri.token_name, uri.key_name, "the token lets its private half be taken out")


def _open(uri: TokenUri, pin: Pin) -> _Opened:
    token = _token(uri)
    with _translating(uri):
        session = _session(uri, token, pin)
        private = _only(uri, list(_objects(session, uri, "PRIVATE_KEY")))
        same = replace(uri, object=private.label, id=private.id or None)
        spki = _spki(uri, _only(uri, list(_objects(session, same, "PUBLIC_KEY"))))
    if uri.key not in {None, sha256(spki)}:
        raise TokenKeyDiffersError(uri.token_name, uri.key_name, f"its public key is {sha256(spki).hex()[:16]}…")
    return _Opened(private=private, spki=spki)


def _session(uri: TokenUri, token: Any, pin: Pin, *, writes: bool = False) -> Any:
    """Return a session that is logged in."""
    secret = pin().decode("utf-8")
    with _translating(uri):
        try:
            return token.open(rw=writes, user_pin=secret)
        except _library().UserAlreadyLoggedIn:
            return token.open(rw=writes)


def _token(uri: TokenUri) -> Any:
    """Return the one token that a URI names; raise `TokenRemovedError` if it is not there."""
    driver, library = _driver(uri), _library()
    try:
        found = _tokens(driver, uri)
    except library.PKCS11Error:
        found = []
    try:
        if not found:
            # A driver may see only what was plugged in when it began, and stumble over what was pulled out since.
            driver.reinitialize()
            found = _tokens(driver, uri)
    except library.PKCS11Error as error:
        raise TokenRemovedError(uri.token_name, _said(error)) from error
    if not found:
        raise TokenRemovedError(uri.token_name, "no reader holds it")
    if len(found) > 1:
        raise TokenAmbiguousError(uri.token_name, ";serial=NUMBER")
    return found[0]


def _tokens(driver: Any, uri: TokenUri) -> list[Any]:
    return [token for token in driver.get_tokens() if _says_of_itself(token, uri)]


def _says_of_itself(token: Any, uri: TokenUri) -> bool:
    says = {
        "token": token.label,
        "manufacturer": token.manufacturer_id,
        "model": token.model,
        "serial": token.serial.decode("utf-8", "replace").rstrip(),
    }
    return all(says[name] == value for name, value in uri.token.items())


def _driver(uri: TokenUri) -> Any:
    try:
        return _library().lib(str(uri.module))
    except _library().PKCS11Error as error:
        raise TokenDriverError(str(uri.module), _said(error)) from error


def _objects(session: Any, uri: TokenUri, kind: str) -> Iterator[Any]:
    library = _library()
    wanted = {library.Attribute.CLASS: library.ObjectClass[kind]}
    if uri.object is not None:
        wanted[library.Attribute.LABEL] = uri.object
    if uri.id is not None:
        wanted[library.Attribute.ID] = uri.id
    yield from session.get_objects(wanted)


def _only(uri: TokenUri, found: list[Any]) -> Any:
    if not found:
        raise TokenKeyMissingError(uri.token_name, uri.key_name)
    if len(found) > 1:
        raise TokenAmbiguousError(f"The key {uri.key_name} of {uri.token_name}", ";id=%XX")
    return found[0]


def _spki(uri: TokenUri, public: Any) -> bytes:
    """Return the SubjectPublicKeyInfo of a public key on a token; raise `TokenKeyDiffersError` unless it is one of P-256."""
    attribute = _library().Attribute
    try:
        if public[attribute.EC_PARAMS] == _P256_PARAMETERS:
            # The point stands in an OCTET STRING, of which tokens of old leave out the head (PKCS #11 2.40, section 2.3.3).
            point = public[attribute.EC_POINT][-_POINT_SIZE_BYTES:]
            key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
            return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, _library().AttributeTypeInvalid) as error:
        raise TokenKeyDiffersError(uri.token_name, uri.key_name, "it is no P-256 key") from error
    raise TokenKeyDiffersError(uri.token_name, uri.key_name, "it is no P-256 key")


def _strict_der(raw: bytes) -> bytes:
    """Return r and s, which a token gives one after the other, as the DER that events hold."""
    r, s = raw[:_COORDINATE_SIZE_BYTES], raw[_COORDINATE_SIZE_BYTES:]
    return encode_dss_signature(int.from_bytes(r, "big"), int.from_bytes(s, "big"))


@contextmanager
def _translating(uri: TokenUri) -> Iterator[None]:
    try:
        yield
    except _library().PKCS11Error as error:
        raise _translated(uri, error) from error


def _translated(uri: TokenUri, error: Exception) -> TokenError:
    name = type(error).__name__
    if name == "PinLocked":
        return PinLockedError(uri.token_name)
    if name in _PIN_REFUSED:
        return PinRefusedError(uri.token_name)
    if name in _REMOVED:
        return TokenRemovedError(uri.token_name, name)
    return TokenDriverError(str(uri.module), _said(error))


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__


def _library() -> Any:
    """Return python-pkcs11, which only those have who need it."""
    try:
        return importlib.import_module("pkcs11")
    except ImportError as error:
        raise TokenSupportMissingError(f"the library python-pkcs11 is missing ({error})") from error
