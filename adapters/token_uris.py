"""URIs of keys on tokens (RFC 7512), as far as they are needed to find one token, one key on it, and its driver.

A PIN never stands in one: a URI is typed as an argument and lies in files, and both are seen by others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, unquote_to_bytes

from adapters.token_errors import TokenUriError
from domain.errors import IdError
from domain.ids import Digest, digest_from_hex

SCHEME: Final = "pkcs11:"
URI_LIMIT_CHARACTERS: Final = 2048
"""Its parts are names of at most 64 bytes, an identifier and a path."""
KEY_ATTRIBUTE: Final = "ortoo-key"
"""What RFC 7512 (section 2.4) leaves to vendors: SHA-256 of the public key that is expected there."""
_TOKEN: Final[tuple[str, ...]] = ("token", "manufacturer", "model", "serial")
_KEY: Final[tuple[str, ...]] = ("object", "id", "type")
_PIN: Final = ("pin-value", "pin-source")


@dataclass(frozen=True, kw_only=True, slots=True)
class TokenUri:
    """Where a key lies: the driver's file, what its token must say of itself, and the key's name and identifier on it.

    `key` is the SHA-256 of the public key that has to be found there, None if any will do.
    """

    module: Path
    token: Mapping[str, str]
    object: str | None = None
    id: bytes | None = None
    key: Digest | None = None

    def __str__(self) -> str:
        """Return the URI."""
        path = [f"{name}={quote(value, safe='')}" for name, value in self.token.items()]
        if self.object is not None:
            path.append(f"object={quote(self.object, safe='')}")
        if self.id is not None:
            path.append("id=" + "".join(f"%{byte:02x}" for byte in self.id))
        query = [f"module-path={quote(str(self.module))}"]
        if self.key is not None:
            query.append(f"{KEY_ATTRIBUTE}={self.key.hex()}")
        return f"{SCHEME}{';'.join(path)}?{'&'.join(query)}"

    @property
    def name(self) -> str:
        """What people call the token: its label, else whatever the URI says of it."""
        return self.token.get("token") or ", ".join(self.token.values())

    @property
    def token_name(self) -> str:
        """What a message that begins with the token calls it."""
        return f"The token {self.name}"

    @property
    def key_name(self) -> str:
        """What people call the key: its label, else its identifier."""
        if self.object is not None:
            return self.object
        return self.id.hex() if self.id is not None else "at all"


def parse_token_uri(text: str) -> TokenUri:
    """Return what a URI says; raise `TokenUriError` for what is none, or names too much or too little."""
    if len(text) > URI_LIMIT_CHARACTERS or not text.startswith(SCHEME):
        raise TokenUriError(f"it does not begin with {SCHEME}, or is longer than {URI_LIMIT_CHARACTERS} characters")
    path, _, query = text.removeprefix(SCHEME).partition("?")
    named = _attributes(path, ";", (*_TOKEN, *_KEY))
    asked = _attributes(query, "&", ("module-path", KEY_ATTRIBUTE))
    if named.pop("type", b"private") != b"private":
        raise TokenUriError("its type is not private, and only a private key signs")
    token = {name: _text(name, named[name]) for name in _TOKEN if name in named}
    module = _text("module-path", asked.get("module-path", b""))
    if not token:
        raise TokenUriError("it names no token")
    if not module.startswith("/"):
        raise TokenUriError("it names no driver: module-path must be the whole path of a file")
    return TokenUri(
        module=Path(module),
        token=token,
        object=_read(named, "object", lambda raw: _text("object", raw)),
        id=_read(named, "id", bytes),
        key=_read(asked, KEY_ATTRIBUTE, _digest),
    )


def _attributes(part: str, separator: str, known: tuple[str, ...]) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for pair in filter(None, part.split(separator)):
        name, equals, value = pair.partition("=")
        if name in _PIN:
            raise TokenUriError(
                "a PIN does not belong in it, because others can read it there; if it was typed just now, change it. Give the "
                "PIN when you are asked for it, in pin_file or in ORTOO_PIN"
            )
        if name not in known or not equals or name in found:
            raise TokenUriError(f"each part is NAME=VALUE, once, and NAME one of {', '.join(known)}")
        found[name] = unquote_to_bytes(value)
    return found


def _read(found: Mapping[str, bytes], name: str, read: Callable[[bytes], Any]) -> Any:
    return read(found[name]) if found.get(name) else None


def _text(name: str, raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TokenUriError(f"its {name} is no text in UTF-8") from error


def _digest(raw: bytes) -> Digest:
    try:
        return digest_from_hex(raw.decode("ascii"))
    except (UnicodeDecodeError, IdError) as error:
        raise TokenUriError(f"its {KEY_ATTRIBUTE} is no SHA-256 in 64 hexadecimal digits") from error
